"""The ledger opened for reading alone: nothing is written, not even beside it.

SQLite would make files beside a file that has a write-ahead log, even to read it. So a ledger that nobody has
open is read as a file that does not change, and looked at again afterwards; one that somebody has open is
read beside them; and where that cannot be (a read-only disk, a log without its index), a copy is read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from narrator.errors import OutputError
from narrator.ledger.database import BESIDE, ERRORS, NAME, connect, damaged, explained, refuse_odd, said
from narrator.ledger.examining import too_new, wrong
from narrator.ledger.schema import MIGRATIONS, Migrations, migrate, version_of

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

_TRIES = 5
"""How often a ledger is read again that changed meanwhile."""
_WAIT_S = 10
"""For a process that is changing a ledger without a log."""


class Damaged(NamedTuple):
    """Why a ledger cannot be believed."""

    reason: str


def read(
    takes: Path, query: Query[T], *, examined: bool, migrations: Migrations = MIGRATIONS
) -> T | Damaged | None:
    """
    What *query* finds in the ledger of the folder *takes*; None where there is none.

    Args:
        examined: look for damage all through first, not only where the query goes.
        migrations: what makes a ledger what it is today; of an older one, a copy is brought up to date.

    Raises:
        OutputError: it is there and cannot be read, or a newer narrator made it.
    """
    path = takes / NAME
    refuse_odd(path)

    def ask(connection: sqlite3.Connection) -> T | Damaged | None:
        version = version_of(connection)
        if error := too_new(path, version, migrations):
            raise error
        if examined and (reason := wrong(connection, migrations)):
            return Damaged(reason)
        return query(connection) if version else None

    try:
        if path.lstat().st_size == 0:
            return None
    except FileNotFoundError:
        return None
    try:
        return _read(path, ask, migrations)
    except ERRORS as error:
        if damaged(error):
            return Damaged(said(error))
        raise explained(path, error) from error
    except OSError as exc:
        raise OutputError(
            f"cannot read {path}: {exc.strerror or exc}; make it readable and run again"
        ) from exc


def _read(path: Path, ask: Query[T], migrations: Migrations) -> T:
    for _ in range(_TRIES):
        before = _state(path)
        try:
            if before["-journal"] or (before["-wal"] and before["-shm"]):
                return _beside(path, ask, migrations)  # SQLite sees to it that nothing changes meanwhile
            answer = _copied(path, ask, migrations) if before["-wal"] else _still(path, ask, migrations)
        except _NotThisWay:
            answer = _copied(path, ask, migrations)
        except ERRORS:
            if _state(path) == before:
                raise
            continue
        if _state(path) == before:
            return answer
    raise OutputError(f"cannot read {path}: it changes all the time; run again later")


class _NotThisWay(Exception):
    """It has to be copied to be read."""


def _still(path: Path, ask: Query[T], migrations: Migrations) -> T:
    """As a file that nobody changes."""
    return _asked(f"file:{quote(str(path))}?mode=ro&immutable=1", ask, migrations)


def _beside(path: Path, ask: Query[T], migrations: Migrations) -> T:
    """Together with those who have it open, and write the files beside it."""
    try:
        return _asked(f"file:{quote(str(path))}?mode=ro", ask, migrations)
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise _NotThisWay from error
        raise


def _copied(path: Path, ask: Query[T], migrations: Migrations) -> T:
    with tempfile.TemporaryDirectory(prefix="narrator-") as folder:
        copy = Path(folder) / path.name
        for suffix in ("", "-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        return _asked(f"file:{quote(str(copy))}", ask, migrations, ours=True)


def _asked(address: str, ask: Query[T], migrations: Migrations, *, ours: bool = False) -> T:
    connection = connect(address, wait_s=_WAIT_S, uri=True)
    try:
        if 0 < version_of(connection) < len(migrations):
            if not ours:
                raise _NotThisWay
            migrate(connection, migrations)
        connection.execute("BEGIN")
        return ask(connection)
    finally:
        connection.close()


def _state(path: Path) -> dict[str, tuple[int, ...]]:
    """What tells whether the file, or one beside it, has changed; empty for those that are not there."""
    found: dict[str, tuple[int, ...]] = {}
    for suffix in ("", *BESIDE):
        try:
            there = os.stat(f"{path}{suffix}", follow_symlinks=False)  # noqa: PTH116 - names, not paths
        except FileNotFoundError:
            found[suffix] = ()
        else:
            # The index of the log is memory that readers write to as well.
            changing = () if suffix == "-shm" else (there.st_size, there.st_mtime_ns)
            found[suffix] = (there.st_ino, *changing)
    return found
