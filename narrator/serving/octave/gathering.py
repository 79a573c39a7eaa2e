"""Text that comes in pieces of any length, and how much of it can be spoken already."""

from __future__ import annotations

import re
from itertools import pairwise

from narrator.parsing.sentences import split_sentences

MOST = 2000
"""Characters that are spoken at a time; a sentence never has more than half as many."""

_SPACES = re.compile(r"\s+")
_ENDS = re.compile(r"[^\W\d_]{2}[.!?…][\"'”’)\]]*\Z")


class Gathering:
    """What a client has sent and nobody has spoken. It never holds much more than one message."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> None:
        """What follows, to the letter: a word may be divided between two pieces.

        Only where one ends like a sentence and the next begins like one is a space put between them.
        """
        joint = " " if _ENDS.search(self._held) and text[:1].isupper() else ""
        self._held = _SPACES.sub(" ", f"{self._held}{joint}{text}")

    def sentences(self, language: str) -> list[str]:
        """Take every sentence after which another one has begun."""
        bounds = [0, *split_sentences(self._held, 0, len(self._held), language=language)]
        whole, self._held = [self._held[a:b] for a, b in pairwise(bounds)], self._held[bounds[-1] :]
        return _batches(whole)

    def everything(self, language: str) -> list[str]:
        """Take all that is there."""
        taken = self.sentences(language)
        rest, self._held = self._held.strip(), ""
        return _batches([*taken, rest])


def _batches(sentences: list[str]) -> list[str]:
    """Sentences put together as long as they may be spoken at a time."""
    found: list[str] = []
    for sentence in sentences:
        if found and len(found[-1]) + len(sentence) < MOST:
            found[-1] = f"{found[-1].strip()} {sentence.strip()}"
        else:
            found.append(sentence.strip())
    return [each for each in found if each.strip()]
