"""Every character of a file into exactly one piece: what is placed stays, what lies between is named.

Between what the outline and the wordings placed lie white space and the marks of containers and
headings. Anything else found there is named `unread`: text that Markdown nested too deep to be
read. The proof of coverage reports it as lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from narrator.manuscript import Piece
from narrator.parsing.source import BOM, Page
from narrator.parsing.wording import Placed

_BETWEEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<quote>(?:>[ \t]*)+)"
    r"|(?P<bullet>[-+*](?=\s|\Z))"
    r"|(?P<number>\d{1,9}[.)](?=\s|\Z))"
    r"|(?P<heading>#{1,}(?=\s|\Z))"
    r"|(?P<underline>=+(?=\s|\Z))"
    r"|(?P<unread>\S+(?:\s+\S+)*)"
)
_DETAILS = {
    "space": "white space",
    "quote": "quote mark",
    "bullet": "list bullet",
    "number": "list number",
    "heading": "heading mark",
    "underline": "heading underline",
    "unread": "unread",
}
_JOINED = frozenset({"white space", "emphasis", "strong", "no words", "silent"})
"""Details of which neighbours are one piece; spoken neighbours of one utterance are, too."""


def tile(page: Page, placed: Iterable[Placed]) -> tuple[Piece, ...]:
    """The pieces of a file, in order, without gaps.

    Args:
        placed: in any order, without overlaps.
    """
    pieces = []
    original, text, base = page.original, page.source.text, page.original(0)
    if base:
        pieces.append(Piece(0, base, "markup", "byte order mark", BOM))
    for start, end, kind, detail in _merged(_filled(page, sorted(placed))):
        first, after = original(start), original(end)
        pieces.append(Piece(first, after, kind, detail, text[first:after]))
    return tuple(pieces)


def _filled(page: Page, placed: list[Placed]) -> Iterator[Placed]:
    at, before = 0, None
    for place in placed:
        if place.start > at:
            gap = page.text[at : place.start]
            if before and before[2:] == place[2:] and place.kind == "spoken" and gap.isspace():
                yield Placed(at, place.start, place.kind, place.detail)
            else:
                yield from _named(page, at, place.start)
        yield place
        at, before = place.end, place
    if at < len(page.text):
        yield from _named(page, at, len(page.text))


def _named(page: Page, start: int, end: int) -> Iterator[Placed]:
    for found in _BETWEEN.finditer(page.text, start, end):
        yield Placed(found.start(), found.end(), "markup", _DETAILS[found.lastgroup or "unread"])


def _merged(filled: Iterator[Placed]) -> Iterator[Placed]:
    last: Placed | None = None
    for place in filled:
        if last is None:
            last = place
        elif last[2:] == place[2:] and (place.kind == "spoken" or place.detail in _JOINED):
            last = last._replace(end=place.end)
        else:
            yield last
            last = place
    if last is not None:
        yield last
