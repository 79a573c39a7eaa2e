"""No two runs buy the same: claims are granted up to the number of places, takes on hand included."""

from __future__ import annotations

from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import Claim, Ledger
from tests.ledger.shelf import ledger, rows

A, B, C = Claim("a", 1), Claim("b", 2), Claim("c", 1)


def nothing(_name: str) -> int:
    return 0


def test_what_one_run_claims_no_other_gets(tmp_path: Path) -> None:
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        assert one.claim([A, B], nothing) == 2
        assert other.claim([A], nothing) == 0
        assert other.claim([B, B], nothing) == 1
        assert one.claim([B], nothing) == 0
        assert one.claim([A], nothing) == 0


def test_claims_are_granted_from_the_front(tmp_path: Path) -> None:
    """Up to the first that is not free; what comes after it is not claimed."""
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        assert one.claim([C], nothing) == 1
        assert other.claim([A, C, B], nothing) == 1
        assert one.claim([A], nothing) == 0
        assert one.claim([B, B], nothing) == 2


def test_takes_on_hand_fill_places(tmp_path: Path) -> None:
    with ledger(tmp_path) as book:
        assert book.claim([A], lambda _: 1) == 0
        assert book.claim([B, B], lambda _: 1) == 1
        assert book.claim([], nothing) == 0


def test_the_store_is_asked_once_for_a_name_and_while_claims_hold_still(tmp_path: Path) -> None:
    """Another run cannot store and let go between the two looks: it waits to be let in."""
    asked = []
    with ledger(tmp_path) as book:

        def on_hand(name: str) -> int:
            asked.append((name, book._database._connection.in_transaction))
            return 0

        assert book.claim([B, A, B], on_hand) == 3
    assert asked == [("b", True), ("a", True)]


def test_if_the_store_cannot_be_asked_nothing_is_claimed(tmp_path: Path) -> None:
    def on_hand(name: str) -> int:
        if name == "b":
            raise OutputError("cannot read it")
        return 0

    with ledger(tmp_path) as book:
        with pytest.raises(OutputError, match="cannot read it"):
            book.claim([A, B], on_hand)
        assert rows(tmp_path, "SELECT * FROM claims") == []
        assert book.claim([A, B], nothing) == 2


def test_letting_go_frees_one_place_for_each_time_a_name_is_given(tmp_path: Path) -> None:
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        assert one.claim([B, B, A], nothing) == 3
        one.release(["b"])
        assert other.claim([B, B], nothing) == 1
        one.release(["b", "a", "never claimed"])
        assert other.claim([B, A], nothing) == 2
        one.release(["b"])
        assert rows(tmp_path, "SELECT name, count FROM claims ORDER BY name") == [("a", 1), ("b", 2)]


def test_the_end_of_a_run_frees_its_claims(tmp_path: Path) -> None:
    with ledger(tmp_path) as one:
        with ledger(tmp_path) as other:
            assert other.claim([A, B], nothing) == 2
            assert one.claim([A], nothing) == 0
        assert one.claim([A, B], nothing) == 2


def test_who_else_claims(tmp_path: Path) -> None:
    """Told apart by run, so that two in one process see each other too; one's own are not told."""
    (pid,) = {pid for _, pid in pids(tmp_path)}
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        one.claim([A, B], nothing)
        other.claim([C], nothing)
        assert other.claimants(["a", "b", "c", "d"]) == {"a": pid, "b": pid}
        assert one.claimants(["a", "c"]) == {"c": pid}
        assert one.claimants([]) == {}


def pids(takes: Path) -> list[tuple[str, int]]:
    with ledger(takes):
        return [(run, pid) for run, pid in rows(takes, "SELECT id, pid FROM runs")]


def test_a_run_whose_lock_is_gone_claims_nothing(tmp_path: Path) -> None:
    """Others take it for dead and buy what it had claimed."""
    with ledger(tmp_path) as book:
        for path in (tmp_path / ".runs").iterdir():
            path.unlink()
        with pytest.raises(
            OutputError, match="was removed while narrator runs, so that others take this run for dead"
        ):
            book.claim([A], nothing)


def test_thousands_of_claims_at_once(tmp_path: Path) -> None:
    """More than SQLite takes as parameters of one statement."""
    wanted = [Claim(f"{number:064x}", 1) for number in range(33_000)]

    def claimed(book: Ledger) -> int:
        return book.claim(wanted, nothing)

    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        assert claimed(one) == 33_000
        assert claimed(other) == 0
        assert len(other.claimants(want.name for want in wanted)) == 33_000
        one.release(want.name for want in wanted[:3])
        assert claimed(other) == 3
