"""Where quotations stand in a paragraph, by their marks alone.

| marks | rule |
|---|---|
| “ ” and « » and „ “ and „ ” and 「 」 and 『 』 | always |
| " " | in pairs; opens at the beginning of a word |
| » « and » » and ‹ › and › ‹ | the first one, at the beginning of a word, opens |
| ” ” | where the first stands at the beginning of a word (Swedish, Finnish) |
| ‘ ’ and ' ' and ‚ ‘ | the first must open a word, and the second must clearly close: it follows |
| | punctuation, or punctuation or the end of the paragraph follows it; an apostrophe is none |

A quotation inside a quotation is part of it. One that is never closed (speech that goes on in
the next paragraph) ends with the paragraph; a single mark that is never closed is an apostrophe.
Speech that is set with dashes has no marks and is left to attribution.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

_CLOSERS = {
    "“": "”",
    "”": "”",
    '"': '"',
    "＂": "＂",
    "„": "“”",
    "«": "»",
    "»": "«»",
    "‹": "›",
    "›": "‹›",
    "「": "」",
    "『": "』",
}
_ALWAYS_OPEN = "“„«「『"
_SINGLE = "‘‚'"
_OPENER = re.compile("[“”\"＂„«»‹›「『‘‚']")
_CLOSER = {mark: re.compile(f"[{closers}]") for mark, closers in _CLOSERS.items()}
_CLEAR_CLOSE = re.compile(r"(?<=[.,!?…—–;:-])[’'‘](?!\w)|(?<=[\w)])[’'‘](?=[.,;:!?…)\]—–]|$)")
_ELISION = re.compile(r"'(?:(?i:tis|twas|twere|twould|twill|til|till|em|cause|bout|round|n|s|t)\b|\d)")
_BEFORE_A_WORD = re.compile(r"[\s(\[{—–\-/“„«‘\"'¿¡]")


class Quote(NamedTuple):
    """A quotation, its marks counted in."""

    start: int
    end: int
    closed: bool
    """False where the paragraph ends first."""


def find_quotations(text: str, start: int, end: int) -> Iterator[Quote]:
    """The outermost quotations between *start* and *end*, in order."""
    clear: list[int] | None = None
    at = start
    while opener := _OPENER.search(text, at, end):
        mark, first = opener.group(), opener.start()
        at = first + 1
        if at >= end or (mark not in _ALWAYS_OPEN and not _opens_a_word(text, first, start)):
            continue
        if mark in _SINGLE:
            if _ELISION.match(text, first):
                continue
            if clear is None:
                clear = [found.start() for found in _CLEAR_CLOSE.finditer(text, start, end)]
            closing = bisect_left(clear, at + 1)
            if closing == len(clear):
                continue
            at = clear[closing] + 1
            yield Quote(first, at, closed=True)
        else:
            closer = _CLOSER[mark].search(text, at, end)
            at = closer.end() if closer else end
            yield Quote(first, at, closed=closer is not None)


def _opens_a_word(text: str, at: int, start: int) -> bool:
    begins = at == start or _BEFORE_A_WORD.match(text[at - 1]) is not None
    return begins and not text[at + 1].isspace()
