"""Where the requests for one line are written down."""

from __future__ import annotations

from collections.abc import Sequence

from narrator.ledger.register import Entry, Register
from narrator.ledger.rows import read_ids
from narrator.spending import Bill, Errand, Ids, Outcome, Unfinished
from narrator.takes import Take


class LineAccount:
    """The requests for one line: a `spending.Account`."""

    def __init__(self, register: Register, errand: Errand, entries: list[Entry] | None = None) -> None:
        """
        Args:
            entries: of the account that it is a part of.
        """
        self._register, self._errand = register, errand
        self._entries: list[Entry] = [] if entries is None else entries
        self._given: set[int] = set()
        """Numbers of the unfinished requests that it was given."""

    def send(self, bill: Bill) -> WrittenAttempt:
        """See `spending.Account.send`."""
        entry = self._register.send(self._errand, len(self._entries) + 1, bill)
        self._entries.append(entry)
        return WrittenAttempt(self._register, entry)

    def unfinished(self) -> Unfinished | None:
        """See `spending.Account.unfinished`."""
        entry = self._register.take_over(self._errand.key, but=self._given)
        if entry is None:
            return None
        self._entries.append(entry)
        if entry.number is not None:
            self._given.add(entry.number)
        return Unfinished(
            WrittenAttempt(self._register, entry),
            read_ids(entry.row.ids),
            entry.row.sent_at,
            Bill(entry.row.characters, entry.row.amount, entry.row.currency, not entry.row.unpriced),
        )

    def of_voice(self) -> LineAccount:
        """See `spending.Account.of_voice`. What becomes of the line becomes of its requests, too."""
        return LineAccount(self._register, self._errand._replace(key=self._errand.voice), self._entries)

    def voice_ids(self) -> Ids | None:
        """See `spending.Account.voice_ids`."""
        return self._register.voice_ids(self._errand.voice)

    def kept(self, takes: Sequence[Take]) -> None:
        """Its answered requests brought *takes*, which are in the store now."""
        self._register.end(self._answered(), "kept", takes=takes)

    def lost(self, reason: str) -> None:
        """Its answered requests brought nothing that could be stored."""
        self._register.end(self._answered(), "lost", reason=reason)

    def _answered(self) -> list[Entry]:
        return [entry for entry in self._entries if entry.end.outcome == "answered"]


class WrittenAttempt:
    """One request: a `spending.Attempt`."""

    def __init__(self, register: Register, entry: Entry) -> None:
        self._register, self._entry = register, entry

    def identified(self, ids: Ids) -> None:
        """See `spending.Attempt.identified`."""
        self._register.identified(self._entry, ids)

    def ended(self, outcome: Outcome, *, reason: str = "", bill: Bill | None = None) -> None:
        """See `spending.Attempt.ended`. What cannot be written is tried again later, and never raised."""
        self._register.end([self._entry], outcome, reason=reason, bill=bill)
