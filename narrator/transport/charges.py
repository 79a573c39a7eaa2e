"""What a request costs, and how it is written down: before it is sent, and once at its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from narrator.errors import OutputError
from narrator.spending import Account, Bill, Ids, Outcome


class Charge(NamedTuple):
    """What an answer to a call costs, and where each attempt at it is written down."""

    account: Account
    bill: Bill
    measured: Callable[[Any], Bill] | None = None
    """What it really cost, told from what was made of the answer; None where *bill* is that."""
    ids: Callable[[Any], Ids] | None = None
    """What the service calls it, likewise, where that is of use even if no take comes of it."""


class Entry:
    """One attempt in its account. Ended once: what is said of it later changes nothing."""

    def __init__(self, charge: Charge) -> None:
        """
        Write it down.

        Raises:
            BudgetExceeded, OutputError: it must not be sent.
        """
        self._attempt = charge.account.send(charge.bill)
        self._ended = False

    def identified(self, ids: Ids) -> None:
        """Write down what the service calls it."""
        with suppress(OutputError):
            self._attempt.identified(ids)

    def end(self, outcome: Outcome, *, reason: str = "", bill: Bill | None = None) -> None:
        """Write down what became of it, and what it cost where that is not what was thought."""
        if not self._ended:
            self._ended = True
            # An answer that is paid for is worth more than a note of it. The next `send` will fail, too, and
            # what this one leaves open is settled from the store by the next run.
            with suppress(OutputError):
                self._attempt.ended(outcome, reason=reason, bill=bill)
