"""What is asked of a service for money, and what became of it: the words of the ledger.

Amounts are whole millionths of a currency's unit, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

MILLION = 1_000_000
VOICE = "voice:"
"""What the name begins with of a voice that is made from a description, before the service has named it."""

Outcome = Literal["sent", "unsent", "refused", "broken", "answered", "kept", "lost"]
"""What became of a request.

    sent        no end is known: it is in flight, or its process was killed
    unsent      it never reached the service whole: not billed
    refused     the service said no: not billed
    broken      an answer that could not be used, or none in time: perhaps billed
    answered    a good answer came and is being stored: billed
    kept        its take is in the store: billed
    lost        nobody waits for it any more and no take came of it: billed if it was answered, else perhaps
"""

FREE: frozenset[Outcome] = frozenset({"unsent", "refused"})
"""Outcomes that cost nothing. Everything else counts against the budget."""
WASTED: frozenset[Outcome] = frozenset({"broken", "lost"})
"""Outcomes that may have cost something and brought nothing."""


class Errand(NamedTuple):
    """What requests are made for: one line of the book, as it stands when they are made."""

    key: str
    """Of the take that is asked for."""
    utterance_id: str
    chapter: int
    title: str
    """Of the chapter."""
    role: str
    provider: str
    model: str
    voice: str
    """Canonical, or one that begins with `VOICE`."""
    pickup: bool = False
    """Whether somebody asked for another take of a line that has one."""


class Bill(NamedTuple):
    """What one request costs if it is answered."""

    characters: int
    amount: int
    """Millionths of `currency`."""
    currency: str
    known: bool = True
    """False where nobody has said what it costs; the amount is 0 then."""


class Price(NamedTuple):
    """What a model of a service costs from one day on."""

    model: str
    since: str
    """The day from which the figure is known (ISO 8601)."""
    per_1000: float
    """For 1000 characters, in `currency`."""
    currency: str
    source: str
    """Where the figure is from, in words."""


Ids = tuple[tuple[str, str], ...]
"""A service's own ids of something, each with what it is the id of."""


class Attempt(Protocol):
    """One request that is written down, from before it is sent to its end."""

    def identified(self, ids: Ids) -> None:
        """
        Write down, durably, what the service calls it, so that whoever comes next can fetch its answer.

        What cannot be written is tried again later, and never raised.
        """
        ...

    def ended(self, outcome: Outcome, *, reason: str = "", bill: Bill | None = None) -> None:
        """
        Write down what became of it.

        Args:
            reason: what went wrong, without secrets; `""` for an answer.
            bill: what it really cost, where that is not what was written down before.
        """
        ...


class Unfinished(NamedTuple):
    """A request of before whose answer nobody has kept, though the service may still have it."""

    attempt: Attempt
    """To be ended again: `answered` where its answer is fetched now."""
    ids: Ids
    """The service's own, as they were written down."""
    sent_at: str
    """UTC, ISO 8601."""
    bill: Bill


class Account(Protocol):
    """Where the requests for one line are written down. Safe to use from several threads."""

    def send(self, bill: Bill) -> Attempt:
        """
        Write a request down, durably; called right before each one is sent, retries included.

        Raises:
            BudgetExceeded: it would pass the budget; it must not be sent.
            OutputError: it cannot be written down; it must not be sent.
        """
        ...

    def unfinished(self) -> Unfinished | None:
        """
        A request for the same take that was identified and brought none, and that nobody waits for: the
        newest of those that were not given here before. Whoever comes to nothing with it asks for the next
        one; the others are left to other lines that say the same.

        Raises:
            OutputError: the ledger cannot be read.
        """
        ...

    def of_voice(self) -> Account:
        """
        Where requests are written down that make the line's voice from its description, and no take of the
        line. Its `unfinished` are those of all lines in that voice, however long ago they were made.
        """
        ...

    def voice_ids(self) -> Ids | None:
        """
        The service's own ids of a take in the line's voice that is made from its description, whatever has
        become of that take and its line; None where there never was one.

        Raises:
            OutputError: the ledger cannot be read.
        """
        ...


def bill(characters: int, *, price_per_1000: float, currency: str, known: bool = True) -> Bill:
    """What *characters* cost at a price for 1000, rounded to the nearest millionth."""
    return Bill(characters, round(characters * price_per_1000 * MILLION / 1000), currency, known)


def sound_bill(
    seconds: float, *, characters: int, price_per_minute: float, currency: str, known: bool = True
) -> Bill:
    """What so much sound costs at a price for a minute, rounded to the nearest millionth."""
    return Bill(characters, round(seconds * price_per_minute * MILLION / 60), currency, known)


def shares(whole: Bill, among: int) -> tuple[Bill, ...]:
    """A bill for several answers, divided among them; the sum is the bill, to the millionth."""
    characters, more = divmod(whole.characters, among)
    millionths, odd = divmod(whole.amount, among)
    return tuple(
        Bill(characters + (place < more), millionths + (place < odd), whole.currency, whole.known)
        for place in range(among)
    )


def current(prices: Sequence[Price], model: str, *, today: str) -> Price:
    """The newest price of *model* whose day is not after *today*; before the first of them, the first.

    Args:
        today: ISO 8601, as the prices have it.
    """
    known = sorted((price for price in prices if price.model == model), key=lambda price: price.since)
    begun = [price for price in known if price.since <= today]
    return begun[-1] if begun else known[0]


def amount(millionths: int) -> float:
    """Millionths as the currency's unit."""
    return millionths / MILLION


def money(millionths: int, currency: str) -> str:
    """For people: `12.35 EUR`, `0.0152 EUR`; all six decimals below a ten-thousandth."""
    size = abs(millionths)
    decimals = 2 if size >= MILLION or size % 10_000 == 0 else 4 if size >= 100 else 6
    return f"{amount(millionths):,.{decimals}f} {currency}"
