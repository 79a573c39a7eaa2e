"""What a killed run left: its claims are free, its requests are settled, and their price is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from narrator.ledger import Claim, read_spent, read_tally
from narrator.store import TakeStore
from tests.ledger.dying import STEPS, die
from tests.ledger.shelf import PRICE, errand, ledger, outcomes, put, rows


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger for each step at which its run was killed."""
    folder = tmp_path_factory.mktemp("dead")
    die(folder, STEPS)
    return folder


def after(dead: Path, step: str, tmp_path: Path) -> Path:
    """What that killed run left, for one test."""
    takes = tmp_path / "takes"
    shutil.copytree(dead / step, takes)
    return takes


def test_a_request_in_flight_is_lost_and_told_once(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "sent", tmp_path)
    assert outcomes(takes) == ["sent"]
    with ledger(takes) as book:
        assert [str(notice) for notice in book.notices] == [
            "takes/ledger.sqlite: 1 request was in flight when narrator was killed (c01-u004) and brought no"
            " take; together they may have cost 0.004 USD"
        ]
        assert book.spent == {"USD": 4000}
        assert book.run_spent == book.run_wasted == {}
    assert outcomes(takes) == ["lost"]
    with ledger(takes) as book:
        assert book.notices == []
    (wasted,) = read_tally(takes).wasted
    assert (wasted.outcome, wasted.reason) == ("lost", "its process ended while it was in flight")


def test_an_answer_that_was_not_stored_is_lost(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "answered", tmp_path)
    with ledger(takes) as book:
        assert len(book.notices) == 1
    (wasted,) = read_tally(takes).wasted
    assert wasted.reason == "answered, but its process ended before the take was stored"


def test_a_request_whose_take_is_in_the_store_is_kept(dead: Path, tmp_path: Path) -> None:
    """It was killed between storing the take and writing that down: nothing is lost, and nothing told."""
    takes = after(dead, "stored", tmp_path)
    with ledger(takes) as book:
        assert book.notices == []
        assert book.spent == {"USD": 4000}
        assert book.adopt(TakeStore(takes).every()) == 0
    assert outcomes(takes) == ["refused", "kept"]
    (kept,) = read_tally(takes).kept
    (take,) = TakeStore(takes).every()
    assert (kept.key, kept.take_id, kept.amount, kept.utterance_id) == (take.key, take.id, 4000, "c01-u004")


def test_the_answered_request_is_the_one_that_brought_the_takes(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "several", tmp_path)
    with ledger(takes) as book:
        assert len(book.notices) == 1
    assert outcomes(takes) == ["lost", "kept"]
    assert [kept.amount for kept in read_tally(takes).kept] == [2000, 2000]


def test_takes_of_other_requests_settle_nothing(dead: Path, tmp_path: Path) -> None:
    """Neither one from before it was sent, nor one that another request brought."""
    takes = after(dead, "stale", tmp_path)
    with ledger(takes) as book:
        assert len(book.notices) == 1
    assert outcomes(takes) == ["kept", "lost"]


def test_of_many_lines_the_first_few_are_named(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "many", tmp_path)
    with ledger(takes) as book:
        (notice,) = book.notices
    assert notice.message == (
        "8 requests were in flight when narrator was killed (c01-u000, c01-u001, c01-u002, c01-u003,"
        " c01-u004, ...) and brought no take; together they may have cost 0.032 USD"
    )


def test_what_costs_nothing_is_lost_without_a_word(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "free", tmp_path)
    with ledger(takes) as book:
        assert book.notices == []
    assert outcomes(takes) == ["lost", "refused"]


def test_the_claims_of_a_killed_run_are_free(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "claimed", tmp_path)
    assert rows(takes, "SELECT name, count FROM claims") == [("a", 1), ("b", 2)]
    with ledger(takes) as book:
        assert book.claimants(["a", "b"]) == {}
        assert book.claim([Claim("a", 1), Claim("b", 2)], lambda _: 0) == 2


def test_a_run_that_is_killed_meanwhile_is_settled_with_the_next_claim(tmp_path: Path) -> None:
    """Its requests, too: they may be for what is claimed."""
    takes = tmp_path / "sent"
    with ledger(takes) as book:
        book.account(errand("Bye.")).send(PRICE)
        die(tmp_path, ["sent"])
        assert outcomes(takes) == ["sent", "sent"]
        assert book.claim([Claim("a", 1)], lambda _: 0) == 1
        assert outcomes(takes) == ["sent", "lost"]
        assert len(book.notices) == 1


def test_the_requests_of_a_live_run_are_its_own(tmp_path: Path) -> None:
    with ledger(tmp_path) as one:
        account = one.account(errand("Hello."))
        attempt = account.send(PRICE)
        with ledger(tmp_path) as other:
            assert other.claim([Claim("a", 1)], lambda _: 0) == 1
            assert other.notices == []
        assert outcomes(tmp_path) == ["sent"]
        attempt.ended("answered")
        account.kept([put(TakeStore(tmp_path), "Hello.")])
    assert outcomes(tmp_path) == ["kept"]


def test_files_of_dead_runs_are_swept(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "begun", tmp_path)
    assert len(list((takes / ".runs").iterdir())) == 2
    with ledger(takes):
        pass
    assert [path.name for path in (takes / ".runs").iterdir()] == ["opening"]
    assert rows(takes, "SELECT count(*) FROM runs WHERE ended_at IS NULL") == [(0,)]


def test_the_budget_counts_what_a_killed_run_may_have_spent(dead: Path, tmp_path: Path) -> None:
    takes = after(dead, "many", tmp_path)
    assert read_spent(takes) == {"USD": 32_000}
    with ledger(takes) as book:
        assert book.spent == {"USD": 32_000}
