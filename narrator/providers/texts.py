"""What a text says to a service: without invisible characters, and with its pauses apart from it."""

from __future__ import annotations

import re
from typing import NamedTuple

from narrator.takes import Spoken

UNSAID = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are not white space
    "\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # invisible: hyphens, marks
    "\ud800-\udfff]"  # half a character, which no JSON can carry
)
"""Characters that say nothing. Those that join letters or part them (U+200C, U+200D) are not among them."""
_LETTER = re.compile(r"[^\W_]")


class Pauses(NamedTuple):
    """The pauses of a text, by where they are."""

    inside: dict[int, int]
    """Milliseconds by offset in the text, between what is spoken."""
    lead_ms: int
    """Before it."""
    tail_ms: int
    """And after it."""


class Sent(NamedTuple):
    """An utterance's text as it is sent."""

    text: str
    lead_ms: int = 0
    """Silence to be put before the sound."""
    tail_ms: int = 0
    """And after it."""

    @property
    def letters(self) -> int:
        """How many letters and digits it has."""
        return sum(map(str.isalnum, self.text))


def plain(spoken: Spoken, text: str | None = None) -> Sent:
    """
    An utterance's text for a service that knows no marks: on one line, with silence for the pauses at its
    ends. One inside it is made where the line is joined from its parts (`splitting`).

    Args:
        text: what is sent in its place, if not itself.
    """
    around = pauses(spoken)
    said = spoken.text if text is None else text
    return Sent(" ".join(UNSAID.sub("", said).split()), around.lead_ms, around.tail_ms)


def units(text: str) -> int:
    """How many UTF-16 units it has, never fewer than characters: for services that do not say what they
    count."""
    return len(text.encode("utf-16-le")) // 2


def pauses(spoken: Spoken) -> Pauses:
    """Its pauses; those at either end need not be asked of a service, since silence can be put there."""
    heard = [match.start() for match in _LETTER.finditer(spoken.text)]
    first, last = (heard[0], heard[-1]) if heard else (0, -1)
    lead_ms = tail_ms = 0
    inside: dict[int, int] = {}
    for mark in spoken.marks:
        if mark.kind != "pause":
            continue
        if mark.start <= first:
            lead_ms += int(mark.value)
        elif mark.start > last:
            tail_ms += int(mark.value)
        else:
            inside[mark.start] = inside.get(mark.start, 0) + int(mark.value)
    return Pauses(inside, lead_ms, tail_ms)
