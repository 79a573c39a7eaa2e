"""Open a project's ledger: made if it is not there, brought up to date, made anew if it is damaged."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from narrator.errors import OutputError
from narrator.files import refusing, sync_folder
from narrator.ledger import rows, runs
from narrator.ledger.clock import now
from narrator.ledger.database import (
    BESIDE,
    ERRORS,
    Database,
    closing_on_error,
    damaged,
    explained,
    refuse_odd,
    said,
)
from narrator.ledger.money import money
from narrator.ledger.schema import MIGRATIONS, migrate, strange, version_of
from narrator.manuscript import Notice
from narrator.spending import FREE, WASTED
from narrator.store import TakeStore

NAME = "ledger.sqlite"
RUNS = ".runs"
OPENING = "opening"
"""In `RUNS`: the lock that one run holds while it opens the ledger."""


_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


class Opened(NamedTuple):
    """A ledger, fit to be written."""

    database: Database
    notices: tuple[Notice, ...]


def open_ledger(takes: Path, store: TakeStore) -> Opened:
    """Open the ledger in the folder *takes*. The caller holds the lock `OPENING`.

    Raises:
        OutputError: it cannot be written, a newer narrator made it, or it needs mending while others use it.
    """
    path = takes / NAME
    if _is_missing(path):
        _refuse_company(path, "is not there")
        _set_aside(path)
    elif no_log := _log_reason(path):
        return _mend(path, store, no_log)
    try:
        database = Database(path)
    except ERRORS as error:
        return _mend(path, store, _reason(path, error))
    with closing_on_error(database):
        reason = _examine(database)
        if reason is None:
            return _filled(database, store, "there was no ledger; one was made")
    database.close()
    return _mend(path, store, reason)


def wrong(connection: sqlite3.Connection) -> str:
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
    return strange(connection) or _miscounted(connection)


def too_new(path: Path, version: int) -> OutputError | None:
    """What to say about a ledger that a newer narrator made; None where it is not one."""
    if version <= len(MIGRATIONS):
        return None
    return OutputError(
        f"{path} was made by a newer narrator (ledger version {version}; this one knows {len(MIGRATIONS)});"
        " update narrator, or move the file away: it is made anew from the takes then"
    )


def _examine(database: Database) -> str | None:
    """Why a ledger cannot be used, None where it can (or is empty); an older one is brought up to date."""
    path = database.path
    try:
        with database.examining() as connection:
            # Whether it can be written shows now, and not after something was sent.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            connection.execute("BEGIN")  # so that all is looked at as it is at one moment
            try:
                version = version_of(connection)
                if error := too_new(path, version):
                    raise error
                if reason := wrong(connection):
                    return reason
            finally:
                if connection.in_transaction:  # an error of the disk ends it
                    connection.execute("ROLLBACK")
            if 0 < version < len(MIGRATIONS):
                _refuse_company(path, "must be brought up to date")
                migrate(connection)
    except ERRORS as error:
        return _reason(path, error)
    return None


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


def _reason(path: Path, error: Exception) -> str:
    """
    What is wrong with the file.

    Raises:
        OutputError: nothing is, it cannot be reached.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A damaged header may say that the file must not be written.
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if damaged(error) or (code == sqlite3.SQLITE_READONLY and writable):
        return said(error)
    raise explained(path, error) from error


def _log_reason(path: Path) -> str:
    """What is wrong with the log beside the file, which SQLite would remove without a word; `""` if nothing.

    Its header is in https://www.sqlite.org/fileformat2.html#walformat; zeros are what a power cut may leave.
    """
    log = path.with_name(path.name + "-wal")
    refuse_odd(log)
    try:
        with log.open("rb") as file:
            magic = file.read(4)
    except OSError:  # it is not there, or SQLite will say what is the matter
        return ""
    return "its log is none" if magic.strip(b"\0") and magic not in _LOGS else ""


def _is_missing(path: Path) -> bool:
    try:
        return path.lstat().st_size == 0
    except OSError:
        return True


def _refuse_company(path: Path, what: str) -> None:
    """
    Raises:
        OutputError: another run is at work, and would go on with the old file.
    """
    for pid in runs.others(path.parent / RUNS).values():
        process = f"process {pid}" if pid else "another process"
        raise OutputError(
            f"{path} {what}, and {process} is at work on this project; wait until it has ended, and run again"
        )


def _mend(path: Path, store: TakeStore, reason: str) -> Opened:
    _refuse_company(path, f"is damaged ({reason})")
    aside = _set_aside(path)
    try:
        database = Database(path)
    except ERRORS as error:
        raise explained(path, error) from error
    with closing_on_error(database):
        return _filled(
            database,
            store,
            f"the ledger was damaged ({reason}), is kept as {aside}, and was made anew",
            told=True,
        )


def _filled(database: Database, store: TakeStore, why: str, *, told: bool = False) -> Opened:
    """An empty ledger is made from the sidecars, in one transaction: whole, or as if never begun."""
    with database.reading() as connection:
        if version_of(connection):
            return Opened(database, ())
    with database.changing(durable=True) as connection:
        migrate(connection)
        adopted = rows.adopt(connection, store.every())
        spent = totals(connection)
    with database.reading() as connection:  # out of the log, and into the file
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    said = (
        f"{why} from {adopted} takes ({money(spent)}); what requests that brought none have cost is not known"
    )
    return Opened(database, (Notice(message=said, file=f"takes/{NAME}"),) if adopted or told else ())


def totals(connection: sqlite3.Connection) -> dict[str, int]:
    """Millionths by currency that count against the budget."""
    return dict(connection.execute("SELECT currency, spent FROM totals WHERE spent <> 0 ORDER BY currency"))


def _set_aside(path: Path) -> str:
    """Move what there is of a ledger out of the way; under which name. Nothing is written over."""
    stamp = now()[:19].replace("-", "").replace(":", "") + "Z"
    names = [path.name + suffix for suffix in (*BESIDE, "")]
    with refusing(path):
        there = [name for name in names if os.path.lexists(path.with_name(name))]
        again = 1
        while any(os.path.lexists(path.with_name(_aside(name, stamp, again))) for name in names):
            again += 1
        # The file itself last: while it is there, what belongs to it is not taken for another one's.
        for name in there:
            path.with_name(name).rename(path.with_name(_aside(name, stamp, again)))
        if there:
            sync_folder(path.parent)
    return _aside(path.name, stamp, again)


def _aside(name: str, stamp: str, again: int) -> str:
    suffix = next((suffix for suffix in BESIDE if name.endswith(suffix)), "")
    return f"{NAME}.damaged-{stamp}{'' if again == 1 else f'-{again}'}{suffix}"
