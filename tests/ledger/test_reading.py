"""The ledger is read beside runs at work, after they were killed, and on a disk that cannot be written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import Tally, read_spent, read_tally
from tests.ledger.dying import ROOT, die
from tests.ledger.shelf import PRICE, errand, ledger

SEEN = {"USD": 4000}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    """A ledger that nobody has open."""
    with ledger(tmp_path / "takes") as book:
        book.account(errand("Hello.")).send(PRICE).ended("broken")
    return tmp_path / "takes"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file, but for the index of the log, which is memory that processes share."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_without_a_ledger_there_is_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert read_tally(folder) == Tally()
        assert read_spent(folder) == {}
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    assert read_tally(tmp_path) == Tally()
    assert list(tmp_path.iterdir()) == [tmp_path / "ledger.sqlite"]


def test_reading_writes_nothing(takes: Path) -> None:
    before = contents(takes), names(takes)
    assert read_spent(takes) == SEEN
    assert [spend.wasted for spend in read_tally(takes).totals] == [4000]
    assert (contents(takes), names(takes)) == before


def test_a_run_at_work_is_read_as_it_is(takes: Path) -> None:
    with ledger(takes) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE)
        before = contents(takes)
        assert read_spent(takes) == book.spent == {"USD": 8000}
        (spend,) = read_tally(takes).totals
        assert (spend.open, spend.in_flight, spend.wasted) == (1, 4000, 4000)
        assert contents(takes) == before
        account.send(PRICE)  # nobody's locks were dropped by reading
        assert read_spent(takes) == {"USD": 12_000}


@pytest.mark.parametrize("index", [True, False])
def test_what_a_killed_run_wrote_last_is_read(tmp_path: Path, index: bool) -> None:
    """It is in the log still, with or without the index, as after a copy; neither is changed."""
    die(tmp_path, ["many"])
    takes = tmp_path / "many"
    assert (takes / "ledger.sqlite-wal").stat().st_size
    if not index:
        (takes / "ledger.sqlite-shm").unlink()
    before = contents(takes), names(takes)
    assert read_spent(takes) == {"USD": 32_000}
    assert [spend.in_flight for spend in read_tally(takes).totals] == [32_000]
    assert (contents(takes), names(takes)) == before


HOT = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = DELETE")
connection.execute("PRAGMA cache_spill = 1")
connection.execute("PRAGMA cache_size = 2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE totals SET spent = 99")
connection.execute("CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < 3000) SELECT i, hex(randomblob(200)) AS x FROM n")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_half_a_change_is_not_read(takes: Path) -> None:
    """Of a run that was killed where there is no log: the file has half a change, the journal the rest."""
    dead = subprocess.run(
        [sys.executable, "-c", HOT, str(takes / "ledger.sqlite")], cwd=ROOT, timeout=60, check=False
    )
    assert dead.returncode == -signal.SIGKILL
    assert (takes / "ledger.sqlite-journal").stat().st_size
    before = contents(takes)
    assert read_spent(takes) == SEEN
    assert read_tally(takes).notices == ()
    assert contents(takes) == before
    with ledger(takes) as book:
        assert (book.spent, book.notices) == (SEEN, [])


def test_a_ledger_on_a_read_only_disk_is_read(takes: Path) -> None:
    for path in (takes, *takes.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert read_spent(takes) == SEEN
    assert read_tally(takes).wasted[0].amount == 4000
    takes.chmod(0o755)


@pytest.mark.parametrize("at", [0, 4096])
def test_a_damaged_ledger_says_so(takes: Path, at: int) -> None:
    with (takes / "ledger.sqlite").open("r+b") as file:
        file.seek(at)
        file.write(bytes(4096))
    before = contents(takes)
    tally = read_tally(takes)
    assert tally._replace(notices=()) == Tally()
    assert str(tally.notices[0]).startswith("takes/ledger.sqlite: the ledger is damaged (")
    assert str(tally.notices[0]).endswith(
        ") and was not read; the next `narrator book` sets it aside and makes it anew from the takes"
    )
    assert contents(takes) == before
    assert at or read_spent(takes) == {}


def test_a_ledger_that_cannot_be_read_is_an_error(takes: Path) -> None:
    (takes / "ledger.sqlite").unlink()
    os.mkfifo(takes / "ledger.sqlite")
    with pytest.raises(OutputError, match="not a regular file"):
        read_tally(takes)


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "100% odd?#name"
    yield folder
    shutil.rmtree(folder)


def test_names_of_folders_are_no_addresses(odd: Path) -> None:
    """`?`, `#` and `%` mean something in the addresses SQLite takes."""
    with ledger(odd / "takes") as book:
        book.account(errand("Hello.")).send(PRICE).ended("broken")
        assert read_spent(odd / "takes") == SEEN
    assert read_spent(odd / "takes") == SEEN
    assert names(odd) == ["takes"]
