"""How many requests are in flight: halved when the service says it is too much, then climbing again."""

from __future__ import annotations

import threading
import time
from typing import NewType

Burst = NewType("Burst", int)
"""Which limit a request was let in under; what a refusal says of an older one is known already."""


class Limiter:
    """Places for requests, shared by every thread."""

    def __init__(self, most: int, *, stopping: threading.Event) -> None:
        """
        Args:
            most: places at the start, and at most.
            stopping: once set (and `wake` is called), nobody is let in.
        """
        self.limit = self._most = max(most, 1)
        self.admitted = 0
        """Places given so far, and not given back unused."""
        self._busy = 0
        self._good = 0
        self._burst = Burst(0)
        self._open_at = 0.0
        self._stopping = stopping
        self._changed = threading.Condition(threading.Lock())

    def enter(self) -> Burst | None:
        """Wait for a place and take it; None once it is being stopped."""
        with self._changed:
            while not self._stopping.is_set():
                closed_s = self._open_at - time.monotonic() if self._open_at else 0.0
                if closed_s <= 0 and self._busy < self.limit:
                    self._busy += 1
                    self.admitted += 1
                    return self._burst
                self._changed.wait(closed_s if closed_s > 0 else None)
            return None

    def leave(self, *, unused: bool = False) -> bool:
        """Give a place back; whether nobody holds one now."""
        with self._changed:
            self._busy -= 1
            self.admitted -= unused
            self._changed.notify()
            return not self._busy

    def succeeded(self, burst: Burst | None) -> None:
        """After a whole window of good answers there is one place more."""
        with self._changed:
            if self.limit < self._most and burst == self._burst:
                self._good += 1
                if self._good >= self.limit:
                    self._good = 0
                    self.limit += 1
                    self._changed.notify()

    def refused(self, burst: Burst | None) -> None:
        """The service says it is too much: half the places, once for all requests let in under one limit."""
        with self._changed:
            if burst == self._burst:
                self._burst = Burst(self._burst + 1)
                self._good = 0
                self.limit = max(self.limit // 2, 1)

    def hold(self, seconds: float) -> None:
        """Let nobody in for so long."""
        with self._changed:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wake(self) -> None:
        """Have everyone who waits look again."""
        with self._changed:
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Whether nobody holds a place."""
        with self._changed:
            return not self._busy
