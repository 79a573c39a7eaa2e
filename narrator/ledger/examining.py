"""Whether a ledger can be believed."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from narrator.errors import OutputError
from narrator.ledger.database import damaged, explained, refuse_odd, said
from narrator.ledger.schema import MIGRATIONS, Migrations, strange, version_of
from narrator.spending import FREE, WASTED

_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


def too_new(path: Path, version: int, migrations: Migrations = MIGRATIONS) -> OutputError | None:
    """What to say about a ledger that a newer narrator made; None where it is not one."""
    if version <= len(migrations):
        return None
    return OutputError(
        f"{path} was made by a newer narrator (ledger version {version}; this one knows {len(migrations)});"
        " update narrator, or move the file away: it is made anew from the takes then"
    )


def wrong(connection: sqlite3.Connection, migrations: Migrations = MIGRATIONS) -> str:
    """What shows that a ledger of a version we know is damaged; `""` where nothing does. In a transaction.

    Raises:
        ERRORS: the same, or it cannot be read: see `database.damaged`.
    """
    found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        return found.splitlines()[-1]
    if version_of(connection) < 1:  # it was being made when its maker was killed
        empty = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        return "" if empty else "it has no version"
    return strange(connection, migrations) or _miscounted(connection)


def wrong_log(path: Path) -> str:
    """What is wrong with the log beside the file, which SQLite would remove without a word; `""` if nothing.

    Its header is in https://www.sqlite.org/fileformat2.html#walformat; zeros are what a power cut may leave.

    Raises:
        OutputError: it is no regular file.
    """
    log = path.with_name(path.name + "-wal")
    refuse_odd(log)
    try:
        with log.open("rb") as file:
            magic = file.read(4)
    except OSError:  # it is not there, or SQLite will say what is the matter
        return ""
    return "its log is none" if magic.strip(b"\0") and magic not in _LOGS else ""


def reason(path: Path, error: Exception) -> str:
    """
    What an error says is wrong with the file.

    Raises:
        OutputError: nothing is, it cannot be reached.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A damaged header may say that the file must not be written.
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if damaged(error) or (code == sqlite3.SQLITE_READONLY and writable):
        return said(error)
    raise explained(path, error) from error


def _miscounted(connection: sqlite3.Connection) -> str:
    """Whether the totals are those of the requests."""
    free, wasted = (f"({', '.join(repr(name) for name in sorted(names))})" for names in (FREE, WASTED))
    counted = connection.execute(
        f"SELECT currency, sum(amount * (outcome NOT IN {free})), sum(amount * (outcome IN {wasted}))"  # noqa: S608
        " FROM requests GROUP BY currency"
    ).fetchall()
    written = connection.execute("SELECT currency, spent, wasted FROM totals").fetchall()
    same = {row for row in counted if any(row[1:])} == {row for row in written if any(row[1:])}
    return "" if same else "its totals are not those of its requests"
