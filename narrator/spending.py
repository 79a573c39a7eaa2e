"""What is asked of a service for money, and what became of it: the words of the ledger.

Amounts are whole millionths of a currency's unit, so that sums are exact.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

MILLION = 1_000_000

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
    pickup: bool = False
    """Whether somebody asked for another take of a line that has one."""


class Bill(NamedTuple):
    """What one request costs if it is answered."""

    characters: int
    amount: int
    """Millionths of `currency`."""
    currency: str


class Attempt(Protocol):
    """One request that is written down, from before it is sent to its end."""

    def ended(self, outcome: Outcome, *, reason: str = "") -> None:
        """
        Write down what became of it.

        Args:
            reason: what went wrong, without secrets; `""` for an answer.
        """
        ...


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


def bill(characters: int, *, price_per_1000: float, currency: str) -> Bill:
    """What *characters* cost at a price for 1000, rounded to the nearest millionth."""
    return Bill(characters, round(characters * price_per_1000 * MILLION / 1000), currency)


def amount(millionths: int) -> float:
    """Millionths as the currency's unit."""
    return millionths / MILLION
