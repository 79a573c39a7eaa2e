"""A text as Octave reads it: marks for pauses taken out, and where it may be divided into snippets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from narrator.manuscript import Mark
from narrator.parsing.sentences import split_sentences
from narrator.takes import Spoken, Word

PAUSE_MS = 500
LONG_PAUSE_MS = 1500
"""What `[pause]` and `[long pause]` come to."""

LONG = 250
"""Characters of a sentence from which it is divided into clauses."""
_SHORTEST = 40
"""Characters of a clause at least."""

_MARKS = re.compile(r"\s*(?:\[(?:long )?pause\]\s*)+", re.IGNORECASE)
_LONG_MARK = re.compile(r"\[long", re.IGNORECASE)
_RUN = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W_]")
_CLAUSE_ENDS = (re.compile(r"[;:；：]\s|\s?[—–]\s?"), re.compile(r"[,，、]\s"))


class Reading(NamedTuple):
    """A text, ready to be spoken."""

    spoken: Spoken
    """Without marks; white space is single spaces."""
    firsts: tuple[int, ...]
    """Which word each snippet begins with; the first with 0."""
    texts: tuple[str, ...]
    """What each snippet speaks, as it was asked: with its marks."""
    transcripts: tuple[str, ...]
    """The same without."""


def read(text: str, *, language: str, split: bool) -> Reading:
    """
    Make a text ready.

    Args:
        language: BCP 47, of the voice.
        split: whether to divide it into sentences and clauses; otherwise it is one snippet.
    """
    written = " ".join(text.split())
    said, marks, anchors = _without_marks(written)
    words = tuple(
        Word(*run.span(), *run.span()) for run in _RUN.finditer(said) if _LETTER.search(run.group())
    )
    firsts, cuts = [0], [0]
    for cut in _cuts(said, language) if split else ():
        first = bisect_right([word.start for word in words], cut - 1)
        if firsts[-1] < first < len(words):
            firsts.append(first)
            cuts.append(cut)
    places = [0, *(_place(anchors, cut) for cut in cuts[1:]), len(written)]
    return Reading(
        Spoken(text=said, marks=tuple(marks), words=words),
        tuple(firsts),
        tuple(written[start:end].strip() for start, end in pairwise(places)),
        tuple(said[start:end].strip() for start, end in pairwise([*cuts, len(said)])),
    )


def _without_marks(written: str) -> tuple[str, list[Mark], list[tuple[int, int]]]:
    """What is said, the pauses in it, and (offset in what is said, in what is written) of each stretch."""
    said, marks, anchors = "", [], [(0, 0)]
    position = 0
    for found in _MARKS.finditer(written):
        said += written[position : found.start()]
        position = found.end()
        long = len(_LONG_MARK.findall(found.group()))
        count = found.group().count("[")
        milliseconds = long * LONG_PAUSE_MS + (count - long) * PAUSE_MS
        marks.append(Mark(kind="pause", start=len(said), end=len(said), value=str(milliseconds)))
        following = written[position : position + 1]
        if said and following and (following.isalnum() or found.group().endswith(" ")):
            said += " "
        anchors.append((len(said), position))
    return said + written[position:], marks, anchors


def _place(anchors: list[tuple[int, int]], offset: int) -> int:
    """Where in what is written a place of what is said stands."""
    said, written = anchors[bisect_right(anchors, (offset, 2**62)) - 1]
    return written + offset - said


def _cuts(said: str, language: str) -> Iterator[int]:
    bounds = [0, *split_sentences(said, 0, len(said), language=language), len(said)]
    for start, end in pairwise(bounds):
        if start:
            yield start
        yield from _clauses(said, start, end)


def _clauses(said: str, start: int, end: int) -> Iterator[int]:
    while end - start > LONG:
        for ends in _CLAUSE_ENDS:
            found = [match.end() for match in ends.finditer(said, start + _SHORTEST, start + LONG)]
            if found and end - found[-1] >= _SHORTEST:
                start = found[-1]
                yield start
                break
        else:
            return
