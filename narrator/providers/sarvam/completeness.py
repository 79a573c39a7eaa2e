"""Whether an answer can be all that was asked for: the service says neither how long it is nor where it ends.

A connection that breaks is noticed by the transport. What remains is an answer that ends well, too early.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Hashable
from statistics import median

from narrator.matching import letters

ENOUGH_LETTERS = 25
"""From here on a text has a pace that can be compared."""
ENOUGH_ANSWERS = 8
SHARE = 0.5
"""Of the usual time for a letter: less is cut off, or a text like no other."""
_REMEMBERED = 50


class Paces:
    """How long voices take for a letter, as this run has heard. Safe to use from several threads."""

    def __init__(self) -> None:
        self._heard: dict[Hashable, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._lock = threading.Lock()

    def ends_early(self, who: Hashable, text: str, duration_ms: float) -> bool:
        """Whether it is likely that an answer ends before its text does; if not, it is remembered.

        Args:
            who: everything that decides how fast is spoken.
        """
        spoken = len(letters(text))
        if spoken < ENOUGH_LETTERS:
            return False
        with self._lock:
            heard = self._heard[who]
            if len(heard) >= ENOUGH_ANSWERS and duration_ms / spoken < SHARE * median(heard):
                return True
            heard.append(duration_ms / spoken)
            return False
