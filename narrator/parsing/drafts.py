"""Chapters in the making: what a file holds before its quotations have speakers and its words ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from narrator.parsing.source import Page
from narrator.parsing.styles import Speech
from narrator.parsing.wording import WORD, Placed, Wording

_ORDER = re.compile(r"^[\W_]*(?:\d+[\W_]+)*(?=[^\W_])")


@dataclass(slots=True)
class Paragraph:
    """The words of a paragraph or heading, and who speaks them."""

    wording: Wording
    line: int
    speeches: list[Speech]
    labels: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of the script-line labels in the wording."""
    pauses: list[tuple[int, int]] = field(default_factory=list)
    """Offset and length in ms."""
    heading: bool = False
    title: bool = False
    """True for the heading that opens the chapter."""


class Break(NamedTuple):
    """A new scene begins."""

    title: str | None = None


class Pause(NamedTuple):
    """A pause that stands between paragraphs."""

    ms: int
    line: int


@dataclass(slots=True)
class Draft:
    """A chapter in the making."""

    title: str
    line: int
    direction: str | None = None
    speed: float | None = None
    entries: list[Paragraph | Break | Pause] = field(default_factory=list)
    headed: bool = True
    """False for the text of a file before its first `#`."""

    @property
    def has_words(self) -> bool:
        """True if there is a word in it."""
        return any(isinstance(entry, Paragraph) and WORD.search(entry.wording.text) for entry in self.entries)


@dataclass(slots=True)
class Drafted:
    """What one file holds."""

    page: Page
    chapters: list[Draft]
    placed: list[Placed]
    """Everything that is not spoken."""


def title_of(path: str) -> str:
    """A title made of a file's name: `manuscript/02-the-lamp.md` is "The lamp"."""
    name = path.rpartition("/")[2]
    name = name.rpartition(".")[0] or name
    words = _ORDER.sub("", name).replace("-", " ").replace("_", " ")
    title = " ".join(words.split()) or name
    return title[:1].upper() + title[1:]
