"""A ledger is made where there is none, from the sidecars; one that is in use is let alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import Claim, read_tally
from narrator.store import TakeStore
from tests.ledger.dying import ROOT
from tests.ledger.shelf import PRICE, aside, errand, ledger, outcomes, put, record, rows, statement


def test_a_new_project_has_an_empty_ledger(tmp_path: Path) -> None:
    with ledger(tmp_path / "project" / "takes") as book:
        assert (book.notices, book.spent) == ([], {})


def test_a_missing_ledger_is_made_from_the_sidecars(recorded: Path) -> None:
    """What brought no take is forgotten; that is said."""
    (recorded / "ledger.sqlite").unlink()
    with ledger(recorded) as book:
        assert [str(notice) for notice in book.notices] == [
            "takes/ledger.sqlite: there was no ledger; one was made from 3 takes (0.012 USD); what requests"
            " that brought none have cost is not known"
        ]
        assert book.spent == {"USD": 12_000}
    tally = read_tally(recorded)
    takes = sorted(TakeStore(recorded).every(), key=lambda take: take.key)
    assert [(kept.key, kept.take_id, kept.amount) for kept in tally.kept] == [
        (take.key, take.id, 4000) for take in takes
    ]
    assert rows(
        recorded,
        "SELECT DISTINCT run, chapter, title, role, provider, model, voice, sent_at, ended_at FROM requests",
    ) == [(None, None, "", "", "hume", "2", "Ada", "2026-11-20T09:59:58.500Z", "2026-11-20T10:00:00Z")]
    assert rows(recorded, "SELECT DISTINCT characters, took_ms FROM requests") == [(40, 1500)]
    with ledger(recorded) as book:
        assert book.notices == []


def test_what_counts_is_the_sidecar(recorded: Path, tmp_path: Path) -> None:
    """A take was paid for, whatever became of its audio; what is no sidecar, or lies elsewhere, is none."""
    store = TakeStore(recorded)
    one, two, _ = store.every()
    store.path(one.key, one.id).unlink()
    store.path(two.key, two.id).with_suffix(".json").write_text("{}")
    elsewhere = TakeStore(tmp_path / "elsewhere")
    take = put(elsewhere, "Line 9.")
    (recorded / take.key[:2]).mkdir(exist_ok=True)
    (recorded / take.key[:2] / take.key).symlink_to(elsewhere.folder / take.key[:2] / take.key)
    (recorded / "ledger.sqlite").unlink()
    with ledger(recorded) as book:
        assert "made from 2 takes (0.008 USD)" in str(book.notices)
    assert one.id in [kept.take_id for kept in read_tally(recorded).kept]


def test_an_empty_file_counts_as_missing(recorded: Path) -> None:
    (recorded / "ledger.sqlite").write_bytes(b"")
    with ledger(recorded) as book:
        assert "one was made from 3 takes" in str(book.notices)


def test_a_file_without_tables_counts_as_missing(recorded: Path) -> None:
    """A run was killed while it made the ledger: nothing was in it yet."""
    (recorded / "ledger.sqlite").unlink()
    statement(recorded, "PRAGMA journal_mode = WAL")
    assert (recorded / "ledger.sqlite").stat().st_size
    with ledger(recorded) as book:
        assert "one was made from 3 takes" in str(book.notices)
        assert book.spent == {"USD": 12_000}


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_nobody_mends_a_ledger_that_others_use(recorded: Path, how: str) -> None:
    """They would go on with the old one, claims and all, and both would buy the same."""
    with ledger(recorded) as book:
        book.account(errand("Line 4.")).send(PRICE).ended("refused")
        before = {path.name for path in recorded.iterdir()}
        if how == "missing":
            (recorded / "ledger.sqlite").rename(recorded.parent / "away")
        else:
            statement(recorded, "UPDATE totals SET wasted = 7")
        with pytest.raises(OutputError, match=r"process \d+ is at work on this project; wait until"):
            ledger(recorded).__enter__()
        if how == "missing":
            (recorded.parent / "away").rename(recorded / "ledger.sqlite")
        assert {path.name for path in recorded.iterdir()} == before
        book.account(errand("Line 4.")).send(PRICE).ended("refused")


def test_a_ledger_that_is_taken_away_stops_the_run(recorded: Path) -> None:
    """What it writes would be seen by nobody."""
    with ledger(recorded) as book:
        account = book.account(errand("Line 4."))
        attempt = account.send(PRICE)
        (recorded / "ledger.sqlite").rename(recorded / "elsewhere")
        with pytest.raises(OutputError, match="was moved or removed while narrator works with it"):
            account.send(PRICE)
        with pytest.raises(OutputError, match="was moved or removed"):
            book.claim([Claim("a", 1)], lambda _: 0)
        attempt.ended("answered")
        account.kept([put(TakeStore(recorded), "Line 4.")])
        (recorded / "elsewhere").rename(recorded / "ledger.sqlite")
    assert book.notices == []
    assert outcomes(recorded)[-1] == "kept"


def test_a_ledger_is_not_opened_twice_in_a_row_at_once(tmp_path: Path) -> None:
    """Two that come to a damaged ledger at once: one makes it anew, the other finds it so."""
    takes = record(tmp_path / "takes")
    (takes / "ledger.sqlite").write_bytes(b"garbage" * 99)
    script = (
        "import sys; from pathlib import Path; from tests.ledger.shelf import ledger\n"
        "with ledger(Path(sys.argv[1])) as book: print(len(book.notices))"
    )
    command = [sys.executable, "-c", script, str(takes)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert told == ["0", "1"]
    assert len(aside(takes)) == 1


def test_a_ledger_that_is_being_written_is_not_damaged(recorded: Path) -> None:
    """It is looked through as it is at one moment."""
    done = threading.Event()
    with ledger(recorded) as book:

        def work() -> None:
            while not done.is_set():
                book.account(errand("Line 4.")).send(PRICE).ended("broken")

        writing = threading.Thread(target=work)
        writing.start()
        try:
            for _ in range(4):
                with ledger(recorded) as other:
                    assert other.notices == []
                assert read_tally(recorded).notices == ()
        finally:
            done.set()
            writing.join()
