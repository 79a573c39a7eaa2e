"""This run's requests, as they go into the ledger.

A request that costs something is on the disk before it is sent. Its end is written at once, without waiting
for the disk: a process that is killed loses none of that, a power cut perhaps the last moments, and then the
store tells what became of them. What costs nothing is written in batches.

What cannot be written after a request was sent stops nobody from keeping its take: it is tried again with
the next thing to write.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from narrator.book import Budget
from narrator.budgeting import millionths_of, uncovered
from narrator.errors import BudgetExceeded, OutputError
from narrator.ledger import claims, rows, runs
from narrator.ledger.clock import now
from narrator.ledger.coming import fetched_since
from narrator.ledger.database import Database
from narrator.ledger.money import money
from narrator.manuscript import Notice
from narrator.spending import FREE, WASTED, Bill, Errand, Ids, Outcome
from narrator.takes import Take

BATCH = 256
"""How many changes to what costs nothing wait before they are written."""
BATCH_S = 1.0
"""How long they wait while there is work going on."""
REASON_CHARACTERS = 500
"""What is kept of a reason."""


class Entry:
    """One request of this run, made by it or taken over."""

    __slots__ = ("amended", "began_s", "counted", "end", "number", "row", "takes")

    def __init__(self, row: rows.Row) -> None:
        self.row = row
        """As it was sent, with what became known since."""
        self.amended = False
        """Whether anything did."""
        self.counted = True
        """Whether this run pays for it; one that was taken over is paid for by the run before."""
        self.end = rows.End("sent", "", None, None)
        self.takes: tuple[Take, ...] = ()
        self.number: int | None = None
        """In the ledger; None where it has not been written yet."""
        self.began_s = time.monotonic()


class Register:
    """The requests of one run. Safe to use from several threads."""

    def __init__(
        self, database: Database, run: runs.Run, budget: Sequence[Budget], notices: list[Notice]
    ) -> None:
        """
        Args:
            notices: added to, once each, where the sums of this run do not say all that it has cost.
        """
        self.spent: Counter[str] = Counter()
        """Millionths by currency, of this run's requests that are not free."""
        self.wasted: Counter[str] = Counter()
        """Of them, those that brought nothing."""
        self.used = False
        """Whether a request was made."""
        self.failure: OutputError | None = None
        """Why the last attempt to write failed, where it did."""
        self._database, self._run, self._notices = database, run, notices
        self._budget = {each.currency: each for each in budget}
        self._closed = False
        self._unwritten: dict[Entry, None] = {}
        self._foreign: set[int] = set()
        """Numbers of requests that were taken over from other runs, which have paid for them."""
        self._released: Counter[str] = Counter()
        self._written_s = time.monotonic()

    def send(self, errand: Errand, attempt: int, bill: Bill) -> Entry:
        """Write a request down before it is sent; see `spending.Account.send`."""
        entry = Entry(_row(self._run.id, errand, attempt, bill))
        with self._database.lock:
            if self._closed:
                raise OutputError("the ledger is closed; nothing is sent that is not written down")
            self.used = True
            if bill.amount or not bill.known:
                self._write_first(entry, errand, bill)
            else:
                self._unwritten[entry] = None
            self._count(entry, 1)
            if not bill.amount:
                self._write_some()
        return entry

    def identified(self, entry: Entry, ids: Ids) -> None:
        """Write down what the service calls a request, at once and durably, whatever it costs: the price may
        not be known. Never raises because it cannot be written."""
        with self._database.lock:
            entry.row, entry.amended = entry.row._replace(ids=rows.written(ids)), True
            self._unwritten[entry] = None
            self.write(durable=True)

    def take_over(self, key: str, *, but: Collection[int]) -> Entry | None:
        """
        The newest identified request for a take that brought none and that nobody waits for any more, of
        whichever run: in flight again, and of this run from now on.

        Args:
            but: numbers of those that are not wanted.

        Raises:
            OutputError: the ledger cannot be read, or it cannot be written that it is ours.
        """
        with self._database.lock:
            with self._database.reading() as connection:
                if self._unfinished(connection, key, but) is None:
                    return None
            self._run.assert_known()
            with self._database.changing(durable=True) as connection:
                numbers = self.carry_over(connection)
                found = self._unfinished(connection, key, but)
                if found is not None:
                    rows.take_over(connection, found[0], self._run.id)
            self.carried_over(numbers)
            return None if found is None else self._taken(*found)

    def voice_ids(self, voice: str) -> Ids | None:
        """
        A service's ids of a take in a voice; of one that names the voice, if there is any.

        Raises:
            OutputError: the ledger cannot be read.
        """
        first: Ids | None = None
        with self._database.reading() as connection:
            for ids in rows.spoken_in(connection, voice):
                if any(name == "voice" for name, _ in ids):
                    return ids
                first = first or ids
        return first

    def end(
        self,
        entries: Iterable[Entry],
        outcome: Outcome,
        *,
        reason: str = "",
        takes: Sequence[Take] = (),
        bill: Bill | None = None,
    ) -> None:
        """Write down what became of requests; never raises because it cannot be written."""
        if bill is not None:
            _checked(bill)
        with self._database.lock:
            costs = False
            for entry in entries:
                self._count(entry, -1)
                if bill is not None:
                    entry.row = entry.row._replace(
                        characters=bill.characters,
                        amount=bill.amount,
                        currency=bill.currency,
                        unpriced=not bill.known,
                    )
                    entry.amended = True
                entry.end = _ended(entry, outcome, reason)
                entry.takes = tuple(takes)
                self._count(entry, 1)
                self._unwritten[entry] = None
                self._tell(entry)
                costs = costs or entry.row.amount > 0 or bool(entry.row.ids)
            if costs:
                self.write()
            else:
                self._write_some()

    def release(self, names: Iterable[str]) -> None:
        """Let go of claims, once for each time a name is given; never raises because it cannot be written."""
        with self._database.lock:
            self._released.update(names)
            if self._released:
                self.write()

    def write(self, *, durable: bool = False) -> None:
        """Write what has not been written; what cannot be is kept for the next time."""
        if self._closed:
            return
        try:
            with self._database.changing(durable=durable) as connection:
                numbers = self.carry_over(connection)
        except OutputError as error:
            self.failure = error
        else:
            self.carried_over(numbers)

    def carry_over(self, connection: sqlite3.Connection) -> dict[Entry, int]:
        """Write what has not been written, as a part of a transaction; their numbers."""
        numbers = {}
        for entry in self._unwritten:
            number = entry.number
            if number is None:
                number = rows.add(connection, entry.row._replace(**entry.end._asdict()))
            else:
                if entry.amended:
                    rows.amend(connection, number, entry.row)
                rows.end(connection, number, entry.end)
            rows.bring(connection, number, entry.takes)
            numbers[entry] = number
        claims.release(connection, self._run.id, self._released)
        return numbers

    def carried_over(self, numbers: dict[Entry, int]) -> None:
        """The transaction has ended well."""
        for entry, number in numbers.items():
            entry.number = number
        self._unwritten.clear()
        self._released.clear()
        self.failure = None
        self._written_s = time.monotonic()

    def close(self) -> None:
        """Whatever is said from now on is not written down."""
        with self._database.lock:
            self._closed = True

    def _write_first(self, entry: Entry, errand: Errand, bill: Bill) -> None:
        self._run.assert_known()
        with self._database.changing(durable=True) as connection:
            numbers = self.carry_over(connection)
            self._mind_the_budget(connection, errand, bill)
            number = rows.add(connection, entry.row)
        self.carried_over(numbers)
        entry.number = number

    def _mind_the_budget(self, connection: sqlite3.Connection, errand: Errand, bill: Bill) -> None:
        if not self._budget:
            return
        if not bill.known:
            raise BudgetExceeded(
                f"there is a budget, and what {errand.provider} costs is not known, so nothing is asked of"
                f" it; set its price under `providers: {{{errand.provider}: ...}}` in book.yaml (0 where it"
                " costs nothing)"
            )
        if bill.currency not in self._budget:
            raise BudgetExceeded(uncovered(self._budget.values(), errand.provider, bill.currency))
        limit = millionths_of(self._budget[bill.currency])
        found = connection.execute("SELECT spent, wasted FROM totals WHERE currency = ?", (bill.currency,))
        spent, wasted = found.fetchone() or (0, 0)
        if spent + bill.amount > limit:
            raise BudgetExceeded(
                f"the budget of {money({bill.currency: limit})} would be passed by the request for"
                f" {errand.utterance_id} ({money({bill.currency: bill.amount})}):"
                f" {money({bill.currency: spent})} are spent"
                + (
                    f", {money({bill.currency: wasted})} of it on requests that brought nothing"
                    if wasted
                    else ""
                )
                + "; what was recorded is kept: raise `budget` in book.yaml and run again"
            )

    def _write_some(self) -> None:
        if len(self._unwritten) >= BATCH or time.monotonic() - self._written_s >= BATCH_S:
            self.write()

    def _unfinished(
        self, connection: sqlite3.Connection, key: str, but: Collection[int]
    ) -> tuple[int, rows.Row] | None:
        left = rows.unfinished(connection, key, since=fetched_since(key))
        return next(((number, row) for number, row in left if number not in but), None)

    def _taken(self, number: int, row: rows.Row) -> Entry:
        if row.run != self._run.id:
            self._foreign.add(number)
        entry = Entry(row)
        entry.number = number
        entry.counted = number not in self._foreign
        entry.end = rows.End(row.outcome, row.reason, row.ended_at, row.took_ms)
        self._count(entry, -1)
        entry.end = rows.End("sent", "", None, None)
        self._count(entry, 1)
        self.used = True
        return entry

    def _tell(self, entry: Entry) -> None:
        """What a sum of money that is said at the end would not say, each once."""
        if not entry.counted or entry.end.outcome in FREE:
            return
        row = entry.row
        if not row.unpriced:
            return
        notice = Notice(
            message=f"what {row.provider} costs is not known, so its requests count as nothing in what was"
            f" spent; book.yaml may say it under `providers: {{{row.provider}: ...}}`",
            file="book.yaml",
        )
        if notice not in self._notices:
            self._notices.append(notice)

    def _count(self, entry: Entry, sign: int) -> None:
        if not entry.counted:
            return
        row, outcome = entry.row, entry.end.outcome
        if outcome not in FREE:
            self.spent[row.currency] += sign * row.amount
        if outcome in WASTED:
            self.wasted[row.currency] += sign * row.amount


def _row(run: str, errand: Errand, attempt: int, bill: Bill) -> rows.Row:
    _checked(bill)
    return rows.Row(
        run=run,
        key=errand.key,
        utterance_id=errand.utterance_id,
        chapter=errand.chapter,
        title=errand.title,
        role=errand.role,
        provider=errand.provider,
        model=errand.model,
        voice=errand.voice,
        pickup=errand.pickup,
        attempt=attempt,
        characters=bill.characters,
        amount=bill.amount,
        currency=bill.currency,
        sent_at=now(),
        ended_at=None,
        took_ms=None,
        outcome="sent",
        reason="",
        unpriced=not bill.known,
    )


def _checked(bill: Bill) -> Bill:
    if bill.amount < 0 or bill.characters < 0:
        raise ValueError(f"not a bill: {bill}")
    return bill


def _ended(entry: Entry, outcome: Outcome, reason: str) -> rows.End:
    """What became of it; when it ended is known from the first time."""
    before = entry.end
    if before.ended_at is None:
        took_ms = round((time.monotonic() - entry.began_s) * 1000)
        return rows.End(outcome, reason[:REASON_CHARACTERS], now(), took_ms)
    return rows.End(outcome, reason[:REASON_CHARACTERS], before.ended_at, before.took_ms)
