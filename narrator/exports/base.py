"""What every text export keeps to.

To add one: write `exports/<name>.py` with a function of the shape `Export`; add one line to the
registry in `exports/__init__.py`; add `tests/exports/test_<name>.py`, which reads the output back
with a parser of its own, written from the format's specification.

An export is a pure function of a timeline: no clock, no disk, no version number, so the same timeline
gives the same text. Times are rounded once, here, from integer samples. Text ends in one line end.
"""

from __future__ import annotations

import unicodedata
from typing import Protocol

from narrator.book import Book
from narrator.timeline import Placement, Timeline


class Export(Protocol):
    """A chapter's timeline as one text file."""

    def __call__(self, timeline: Timeline, book: Book, *, mp3_name: str) -> str:
        """*mp3_name* is the file name of the chapter's MP3, which lies beside the export."""
        ...


def one_line(text: str) -> str:
    """*text* on a single line: white space collapsed, control characters and lone surrogates removed.

    Format characters stay: joined emoji and right-to-left text need them.
    """
    runs = text.split()
    if not (text.isascii() and text.isprintable()):
        runs = [run for run in map(_visible, runs) if run]
    return " ".join(runs)


def _visible(run: str) -> str:
    return "".join(character for character in run if unicodedata.category(character) not in ("Cc", "Cs"))


def estimated(placement: Placement) -> bool:
    """Whether its word times were shared out and not measured, which every export that shows them says."""
    return placement.word_source == "estimated"


def first_sound(placement: Placement) -> int:
    """The sample at which the utterance is first heard: its first word, or where the take begins."""
    return placement.words[0].start_sample if placement.words else placement.start_sample
