"""An account for tests: what was sent for money, in its order, and what became of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from narrator.errors import NarratorError
from narrator.spending import Bill, Outcome
from tests.outside import Seen


@dataclass
class Written:
    """One request that was written down."""

    bill: Bill
    at: float
    """When, by the monotonic clock."""
    ends: list[tuple[Outcome, str]] = field(default_factory=list)
    """Outcome and reason, each time it was said to have ended."""
    unwritable: NarratorError | None = None

    def ended(self, outcome: Outcome, *, reason: str = "") -> None:
        """See `Attempt`."""
        self.ends.append((outcome, reason))
        if self.unwritable is not None:
            raise self.unwritable

    @property
    def outcome(self) -> Outcome:
        """`sent`, or its one end."""
        assert len(self.ends) <= 1, f"ended {len(self.ends)} times: {self.ends}"
        return self.ends[0][0] if self.ends else "sent"

    @property
    def reason(self) -> str:
        """Of its end."""
        return self.ends[0][1]


class Notebook:
    """An account that remembers everything, and refuses all but so many requests."""

    def __init__(
        self,
        *,
        allows: int = 1000,
        refusal: NarratorError | None = None,
        unwritable: NarratorError | None = None,
    ) -> None:
        """
        Args:
            allows: requests; after them each is refused.
            refusal: what `send` raises then.
            unwritable: what `ended` raises, once it has noted the end.
        """
        self.written: list[Written] = []
        self._allows, self._refusal, self._unwritable = allows, refusal, unwritable
        self._lock = threading.Lock()

    def send(self, bill: Bill) -> Written:
        """See `Account`."""
        with self._lock:
            if len(self.written) >= self._allows:
                assert self._refusal is not None
                raise self._refusal
            self.written.append(Written(bill, time.monotonic(), unwritable=self._unwritable))
            return self.written[-1]

    @property
    def outcomes(self) -> list[Outcome]:
        """Of each request, in the order in which they were sent."""
        return [each.outcome for each in self.written]

    @property
    def reasons(self) -> list[str]:
        """Why each of them came to nothing; `""` for an answer."""
        return [each.reason for each in self.written]

    def check_foresaw(self, seen: list[Seen]) -> None:
        """Fail unless for each request that has arrived one had been written down before."""
        written = sorted(each.at for each in self.written)
        arrived = sorted(each.at for each in seen)
        assert len(arrived) <= len(written)
        assert all(before <= at for before, at in zip(written, arrived, strict=False))
