"""The ledger of a project: every request before it is sent and after it ends, and who records what."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from narrator.book import Budget
from narrator.errors import OutputError
from narrator.files import locked, make_folders, refusing, sync_folder
from narrator.ledger import claims, rows, runs, settling
from narrator.ledger.accounts import LineAccount
from narrator.ledger.claims import Claim
from narrator.ledger.clock import now
from narrator.ledger.coming import Coming, coming
from narrator.ledger.database import NAME
from narrator.ledger.opening import open_ledger
from narrator.ledger.register import Register
from narrator.manuscript import Notice
from narrator.spending import Errand
from narrator.store import TakeStore
from narrator.takes import Take


class Ledger:
    """`takes/ledger.sqlite`. Safe to use from several threads and by several processes at once.

    Use as a context manager: entering it makes this process one of the project's runs and settles what dead
    ones left; leaving it ends the run. A process that was forked from this one has no part in it.
    """

    def __init__(
        self, takes: Path, *, store: TakeStore, budget: Sequence[Budget] = (), command: str = ""
    ) -> None:
        """
        Args:
            takes: the folder; made if it is not there.
            store: the takes in it.
            budget: what `send` refuses to pass.
            command: what the run is for.
        """
        self.notices: list[Notice] = []
        """That the ledger was made anew; what a killed run may have paid for; what could not be written."""
        self._takes, self._store, self._budget, self._command = takes, store, budget, command
        self._folder = takes / runs.FOLDER
        self._file = f"{takes.name}/{NAME}"
        self._known: set[tuple[str, str]] = set()
        self._spent: Mapping[str, int] | None = None

    def __enter__(self) -> Ledger:
        """
        Raises:
            OutputError: the ledger cannot be written, a newer narrator made it, or it is damaged or gone
                while others use it.
        """
        with refusing(self._folder):
            runs.refuse_link(self._folder)
            for folder in make_folders(self._folder):
                sync_folder(folder)
        with ExitStack() as undo:
            with locked(self._folder / runs.OPENING, on_wait=lambda _pid: None):
                opened = open_ledger(self._takes, self._store)
                self._database = opened.database
                undo.callback(self._database.close)
                self.notices += opened.notices
                self._run = runs.Run(self._folder)
                undo.callback(self._run.leave)
                self._begin()
                runs.sweep(self._folder, but=self._run.id)
            self._register = Register(self._database, self._run, self._budget, self.notices)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._database.lock:
            try:
                self._end()
            except OutputError as error:
                self.notices.append(
                    Notice(message=f"not all was written down, the next run will: {error}", file=self._file)
                )
            finally:
                with contextlib.suppress(OutputError):
                    self._spent = self.spent
                self._register.close()
                self._database.close()
                self._run.leave()

    @property
    def run_spent(self) -> Mapping[str, int]:
        """Millionths by currency: this run's requests that are not free, those in flight included."""
        with self._database.lock:
            return {currency: amount for currency, amount in self._register.spent.items() if amount}

    @property
    def run_wasted(self) -> Mapping[str, int]:
        """Of them, those that brought nothing."""
        with self._database.lock:
            return {currency: amount for currency, amount in self._register.wasted.items() if amount}

    @property
    def spent(self) -> Mapping[str, int]:
        """Millionths by currency: of all runs, what is in flight included. After the end, as it was then.

        Raises:
            OutputError: the ledger cannot be read.
        """
        if self._spent is not None:
            return self._spent
        with self._database.reading() as connection:
            return rows.totals(connection)

    @property
    def coming(self) -> Coming:
        """What is spent already on takes that are not in the store yet, and that this run need not buy.

        Raises:
            OutputError: the ledger cannot be read.
        """
        with self._database.reading() as connection:
            return coming(connection, self._folder, but=self._run.id)

    def account(self, errand: Errand) -> LineAccount:
        """Where the requests for one line are written down."""
        return LineAccount(self._register, errand)

    def claim(self, wanted: Sequence[Claim], on_hand: Callable[[str], int]) -> int:
        """
        Claim what no other run is buying; how many of *wanted*, from the front, are ours now.

        One is granted while there are fewer takes on hand and live claims, ours included, than places.
        What a run claims and does not `release` is free when it ends, however it ends.

        Args:
            on_hand: how many takes of a name there are, for those that are not claimed any more as well;
                called while the ledger is locked, so it must not use it.

        Raises:
            OutputError: it cannot be written down; nothing is claimed.
        """
        if not wanted:
            return 0
        with self._database.lock:
            self._run.assert_known()
            with self._database.changing() as connection:
                lost = self._settle(connection)
                numbers = self._register.carry_over(connection)
                granted = claims.claim(connection, self._run.id, wanted, on_hand)
            self._register.carried_over(numbers)
            self._tell(lost)
        return granted

    def release(self, names: Iterable[str]) -> None:
        """Let go of claims, once for each time a name is given. Never raises: what fails is tried again."""
        self._register.release(names)

    def claimants(self, names: Iterable[str]) -> dict[str, int]:
        """
        Who else is buying: the process id of a live other run for each name that one holds.

        Raises:
            OutputError: the ledger cannot be read.
        """
        self._register.release(())  # else two runs that could not let go of theirs would await each other
        with self._database.reading() as connection:
            found = claims.holders(connection, names, but=self._run.id)
        alive = {run: runs.is_alive(self._folder, run) for _, run, _ in found}
        return {name: pid for name, run, pid in found if alive[run]}

    def adopt(self, takes: Iterable[Take]) -> int:
        """
        Write down takes that no request here brought (a merged store, a shard); how many were new.

        One that a request in flight may have brought is left to that request.

        Raises:
            OutputError: they cannot be written down.
        """
        with self._database.lock:
            named = {(take.key, take.id): take for take in takes}
            strange = {name: take for name, take in named.items() if name not in self._known}
            if strange:
                with self._database.reading() as connection:
                    self._known |= rows.known(connection, {key for key, _ in strange})
            strange = {name: take for name, take in strange.items() if name not in self._known}
            if not strange:
                return 0
            with self._database.changing() as connection:
                numbers = self._register.carry_over(connection)
                left = rows.unknown(connection, strange.values())
                adopted = rows.adopt(connection, left.new)
            self._register.carried_over(numbers)
            self._known |= strange.keys() - {(take.key, take.id) for take in left.in_flight}
        return adopted

    def pruned(self, take_ids: Iterable[str]) -> None:
        """
        Write down that takes were removed on purpose, so that nobody misses them. They stay paid for.

        Raises:
            OutputError: it cannot be written down.
        """
        with self._database.lock:
            with self._database.changing() as connection:
                rows.prune(connection, take_ids)
            self._known.clear()

    def _begin(self) -> None:
        with self._database.changing() as connection:
            connection.execute(
                "INSERT INTO runs (id, started_at, pid, host, command) VALUES (?, ?, ?, ?, ?)",
                (self._run.id, now(), os.getpid(), os.uname().nodename, self._command),
            )
            lost = self._settle(connection)
        self._tell(lost)

    def _end(self) -> None:
        """Write the rest, and that it is over, unless requests without an end are left to be settled."""
        with self._database.changing() as connection:
            self._register.carry_over(connection)
            if not self._register.used:
                connection.execute("DELETE FROM runs WHERE id = ?", (self._run.id,))
            connection.execute(
                "UPDATE runs SET ended_at = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM requests"
                " WHERE run = runs.id AND outcome IN ('sent', 'answered'))",
                (now(), self._run.id),
            )
            connection.execute("DELETE FROM claims WHERE run = ?", (self._run.id,))

    def _settle(self, connection: sqlite3.Connection) -> list[settling.Left]:
        gone = settling.dead(connection, self._folder, but=self._run.id)
        return settling.settle(connection, gone, self._store) if gone else []

    def _tell(self, lost: list[settling.Left]) -> None:
        if lost:
            self.notices.append(settling.told(lost, file=self._file))
