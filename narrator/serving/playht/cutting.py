"""A text cut into parts that are spoken one by one, so that a long one can be seen to go on, and by turns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from narrator.serving.speaking import Speaker

PART = 600
"""Characters of a part, unless a sentence is longer."""

_END = re.compile(r"(?:[.!?…]['\"”’)\]]*\s+|[。！？]\s*|\s*\n\s*)")


class Turn(NamedTuple):
    """A part of a text and who says it."""

    speaker: Speaker
    text: str


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the white space between them."""
    found, start = [], 0
    for match in _END.finditer(text):
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [each for each in (*found, text[start:].strip()) if each]


def cut(text: str) -> tuple[str, ...]:
    """A text as parts of whole sentences."""
    return tuple(_gathered(text))


def turns(text: str, *sides: tuple[str | None, Speaker]) -> tuple[Turn, ...]:
    """
    A dialogue as parts: whoever has a prefix speaks what follows it, and the first what comes before any.

    Args:
        sides: what the turns of each begin with, and who it is.
    """
    marks = {prefix: speaker for prefix, speaker in reversed(sides) if prefix is not None}
    speaker, found = sides[0][1], []
    for piece in re.split(f"({'|'.join(map(re.escape, sorted(marks, key=len, reverse=True)))})", text):
        if piece in marks:
            speaker = marks[piece]
        else:
            found += [Turn(speaker, part) for part in cut(piece)]
    return tuple(found)


def _gathered(text: str) -> Iterator[str]:
    held = ""
    for sentence in sentences(text):
        if held and len(held) + len(sentence) > PART:
            yield held
            held = ""
        held = f"{held} {sentence}" if held else sentence
    if held:
        yield held
