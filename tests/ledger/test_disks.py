"""Disks that are full, read-only, or bear no log."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import Claim, read_spent
from narrator.spending import Bill
from tests.ledger.dying import ROOT
from tests.ledger.shelf import aside, errand, ledger, outcomes, record, rows


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anything, so let go of that for a moment."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A ledger in a folder that anybody may reach, other than pytest's."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield record(Path(folder, "takes"))


def test_where_nothing_can_be_written_a_run_does_not_begin(open_to_all: Path) -> None:
    for path in (open_to_all, *open_to_all.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with unprivileged(), pytest.raises(OutputError, match=r"cannot write .*allow writing there"):
        ledger(open_to_all).__enter__()
    assert aside(open_to_all) == []
    open_to_all.chmod(0o755)


def test_where_the_log_cannot_be_shared_there_is_none(open_to_all: Path) -> None:
    """As on some network disks; here because the file it would be shared through is somebody else's."""
    takes = open_to_all
    shared = takes / "ledger.sqlite-shm"
    shared.write_bytes(b"")
    for path in (takes, *takes.rglob("*")):
        path.chmod(0o777)
    shared.chmod(0)
    with unprivileged(), ledger(takes) as book, ledger(takes) as other:
        assert book.claim([Claim("a", 1)], lambda _: 0) == 1
        assert other.claim([Claim("a", 1)], lambda _: 0) == 0
        other.account(errand("Line 4.")).send(Bill(1, 1, "USD")).ended("refused")
        assert rows(takes, "PRAGMA journal_mode") == [("delete",)]
        assert read_spent(takes) == book.spent == {"USD": 16_000}
    assert outcomes(takes) == ["kept", "kept", "kept", "broken", "refused", "refused"]


FULL = """
import resource, sys
from pathlib import Path
from narrator.errors import OutputError
from narrator.store import TakeStore
from tests.ledger.dying import AFTER
from tests.ledger.shelf import PRICE, errand, ledger, put

takes = Path(sys.argv[1])
with ledger(takes) as book:
    open_ = []
    limit = (takes / "ledger.sqlite-wal").stat().st_size + 30_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        while True:
            account = book.account(errand("Line 4.", "c01-u004"))
            attempt = account.send(PRICE)
            open_.append((account, attempt))
    except OutputError as stopped:
        print(stopped)
    for account, attempt in open_:
        attempt.ended("answered")
        account.kept([put(TakeStore(takes), "Line 4.", at=AFTER)])
    book.release(["a"])
    print(book.run_spent)
print(book.notices[-1])
"""


def test_on_a_full_disk_nothing_more_is_sent_and_nothing_raised_at_what_came(recorded: Path) -> None:
    """Files may not grow there, which is as good as full; the next run settles what was sent."""
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(recorded)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    stopped, spent, notice = told.stdout.splitlines()
    assert stopped.startswith(
        f"cannot use {recorded}/ledger.sqlite: disk I/O error; the disk reports a fault"
    )
    assert "put that right and run again" in stopped
    assert notice.startswith("takes/ledger.sqlite: not all was written down, the next run will: cannot use ")
    sent = outcomes(recorded).count("sent") + outcomes(recorded).count("answered")
    assert sent > 1
    assert spent == str({"USD": sent * 4000})
    with ledger(recorded) as book:
        assert book.spent == {"USD": 16_000 + sent * 4000}
    assert outcomes(recorded).count("kept") == 4
