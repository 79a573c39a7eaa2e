"""Open a project's ledger: made if it is not there, brought up to date, made anew if it is damaged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from narrator.errors import OutputError
from narrator.files import refusing, sync_folder
from narrator.ledger import rows, runs
from narrator.ledger.clock import now
from narrator.ledger.database import BESIDE, ERRORS, NAME, Database, closing_on_error, explained
from narrator.ledger.examining import reason, too_new, wrong, wrong_log
from narrator.ledger.money import money
from narrator.ledger.schema import MIGRATIONS, Migrations, migrate, version_of
from narrator.manuscript import Notice
from narrator.splitting import paid_for
from narrator.store import TakeStore


class Opened(NamedTuple):
    """A ledger, fit to be written."""

    database: Database
    notices: tuple[Notice, ...]


def open_ledger(takes: Path, store: TakeStore, *, migrations: Migrations = MIGRATIONS) -> Opened:
    """Open the ledger in the folder *takes*. The caller holds the lock `runs.OPENING`.

    Args:
        store: the takes there, which a ledger is made from.
        migrations: what makes a ledger what it is today.

    Raises:
        OutputError: it cannot be written, a newer narrator made it, or it needs mending while others use it.
    """
    return _Opening(takes / NAME, store, migrations).opened()


class _Opening:
    def __init__(self, path: Path, store: TakeStore, migrations: Migrations) -> None:
        self._path, self._store, self._migrations = path, store, migrations

    def opened(self) -> Opened:
        if _is_missing(self._path):
            self._refuse_company("is not there")
            self._set_aside()  # what a file that is gone has left beside it belongs to no other
        elif no_log := wrong_log(self._path):
            return self._mended(no_log)
        try:
            database = Database(self._path)
        except ERRORS as error:
            return self._mended(reason(self._path, error))
        with closing_on_error(database):
            damage = self._examined(database)
            if not damage:
                return self._filled(database, "there was no ledger; one was made")
        database.close()
        return self._mended(damage)

    def _examined(self, database: Database) -> str:
        """Why a ledger cannot be used, `""` where it can or is empty; an older one is brought up to date."""
        try:
            with database.examining() as connection:
                # Whether it can be written shows now, and not after something was sent.
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
                connection.execute("BEGIN")  # so that all is looked at as it is at one moment
                try:
                    version = version_of(connection)
                    if error := too_new(self._path, version, self._migrations):
                        raise error
                    if damage := wrong(connection, self._migrations):
                        return damage
                finally:
                    if connection.in_transaction:  # an error of the disk ends it
                        connection.execute("ROLLBACK")
                if 0 < version < len(self._migrations):
                    self._refuse_company("must be brought up to date")
                    migrate(connection, self._migrations)
        except ERRORS as error:
            return reason(self._path, error)
        return ""

    def _mended(self, damage: str) -> Opened:
        self._refuse_company(f"is damaged ({damage})")
        aside = self._set_aside()
        try:
            database = Database(self._path)
        except ERRORS as error:
            raise explained(self._path, error) from error
        why = f"the ledger was damaged ({damage}), is kept as {aside}, and was made anew"
        with closing_on_error(database):
            return self._filled(database, why, told=True)

    def _filled(self, database: Database, why: str, *, told: bool = False) -> Opened:
        """An empty ledger is made from the sidecars, in one transaction: whole, or as if never begun."""
        with database.reading() as connection:
            if version_of(connection):
                return Opened(database, ())
        with database.changing(durable=True) as connection:
            migrate(connection, self._migrations)
            adopted = rows.adopt(connection, paid_for(self._store.every()))
            spent = rows.totals(connection)
        with database.reading() as connection:  # out of the log, and into the file
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        notice = Notice(
            message=f"{why} from {adopted} takes ({money(spent)}); what requests that brought none have cost"
            " is not known",
            file=f"{self._path.parent.name}/{NAME}",
        )
        return Opened(database, (notice,) if adopted or told else ())

    def _refuse_company(self, what: str) -> None:
        """
        Raises:
            OutputError: another run is at work, and would go on with the old file.
        """
        for pid in runs.others(self._path.parent / runs.FOLDER).values():
            process = f"process {pid}" if pid else "another process"
            raise OutputError(
                f"{self._path} {what}, and {process} is at work on this project; wait until it has ended, and"
                " run again"
            )

    def _set_aside(self) -> str:
        """Move what there is of a ledger out of the way; under which name. Nothing is written over."""
        stamp = now()[:19].replace("-", "").replace(":", "") + "Z"
        # The file itself last: while it is there, what belongs to it is not taken for another one's.
        suffixes = (*BESIDE, "")
        with refusing(self._path):
            aside, again = f"{self._path}.damaged-{stamp}", 1
            while any(os.path.lexists(aside + suffix) for suffix in suffixes):
                again += 1
                aside = f"{self._path}.damaged-{stamp}-{again}"
            there = [suffix for suffix in suffixes if os.path.lexists(f"{self._path}{suffix}")]
            for suffix in there:
                Path(f"{self._path}{suffix}").rename(aside + suffix)
            if there:
                sync_folder(self._path.parent)
        return Path(aside).name


def _is_missing(path: Path) -> bool:
    try:
        return path.lstat().st_size == 0
    except OSError:
        return True
