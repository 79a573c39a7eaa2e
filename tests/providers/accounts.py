"""An account for tests: what was sent for money, in its order, and what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from narrator.errors import NarratorError
from narrator.spending import WASTED, Bill, Ids, Outcome, Unfinished
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
    ids: Ids = ()
    """What the service calls it, as it was written down last."""
    measured: Bill | None = None
    """What it really cost, where it was said at its end."""

    def identified(self, ids: Ids) -> None:
        """See `Attempt`."""
        assert self.outcome == "sent", "identified after its end"
        self.ids = ids

    def ended(self, outcome: Outcome, *, reason: str = "", bill: Bill | None = None) -> None:
        """See `Attempt`."""
        self.ends.append((outcome, reason))
        self.measured = bill or self.measured
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

    @property
    def paid(self) -> Bill:
        """What it cost, as far as it was told."""
        return self.measured or self.bill


class Notebook:
    """An account that remembers everything, and refuses all but so many requests."""

    def __init__(
        self,
        *,
        allows: int = 1000,
        refusal: NarratorError | None = None,
        unwritable: NarratorError | None = None,
        left: Sequence[Ids] = (),
        voices: Notebook | None = None,
    ) -> None:
        """
        Args:
            allows: requests; after them each is refused.
            refusal: what `send` raises then.
            unwritable: what `ended` raises, once it has noted the end.
            left: of requests that a dead run made for the same take, the newest first.
            voices: where requests are written down that make a voice; here by default.
        """
        self.written: list[Written] = []
        self.found: list[Written] = []
        """Those of them that were asked for."""
        self._left = list(left)
        self._given: set[int] = set()
        self._voices = voices
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

    def unfinished(self) -> Unfinished | None:
        """See `Account`: what was identified here and failed, then what a dead run left."""
        with self._lock:
            for each in reversed(self.written):
                if each.ids and each.outcome in WASTED and id(each) not in self._given:
                    self._given.add(id(each))
                    found = Written(each.bill, each.at, ids=each.ids)
                    break
            else:
                if not self._left:
                    return None
                found = Written(Bill(0, 0, "USD"), time.monotonic(), ids=self._left.pop(0))
            self.found.append(found)
            return Unfinished(found, found.ids, "2026-11-20T10:00:00.000Z", found.bill)

    def of_voice(self) -> Notebook:
        """See `Account`."""
        return self._voices or self

    def voice_ids(self) -> Ids | None:
        """See `Account`: no take was ever kept."""
        return None

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
