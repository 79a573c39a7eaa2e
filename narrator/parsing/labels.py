"""Script lines: `MARA (whispering): Don't move.`"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from narrator.parsing.attributes import Reader

# The name; a direction in parentheses; a colon that ends the label: white space, a quotation or
# nothing follows it, so that 10:30 and http://... are none. The wide colon needs nothing after it.
_LABEL = re.compile(
    r"(?P<name>\w[^:：()]{0,59}?) ?(?:\((?P<direction>[^()]{0,500})\))? ?"
    r"(?:(?P<colon>:)(?=\s|$|[\"“”«»„‘'‚—–…\[(¡¿])|(?P<wide>：))\s?"
)
_CAPITALS_LIMIT = 40
_CAPITALS_WORDS = 4


class Line(NamedTuple):
    """A line of a paragraph; a label does not go over its end."""

    start: int
    """Offset in the paragraph's words."""
    end: int
    number: int
    """Of the line in its file, from 1."""


class Label(NamedTuple):
    """A speaker's name at the beginning of a line."""

    start: int
    end: int
    """Where the words begin."""
    role: str | None
    """None where the name is not cast (which has been noted as an error)."""
    direction: str | None


def is_capitals(name: str) -> bool:
    """True for a name a script would write in capitals: at most four words of capitals and digits."""
    return (
        len(name) <= _CAPITALS_LIMIT
        and len(name.split()) <= _CAPITALS_WORDS
        and sum(char.isalpha() for char in name) >= 2
        and all(char.isupper() or char.isdigit() or char in " .'’-" for char in name)
    )


def find_labels(
    text: str, lines: Sequence[Line], *, escaped: set[int], reader: Reader, file: str
) -> Iterator[Label]:
    """The labels of a paragraph: only one that begins with a label has any.

    A name counts as a label where the cast knows it, or where it is written in capitals.

    Args:
        escaped: offsets of characters that were written with a backslash; a colon among them ends no label.
    """
    for line in lines:
        label = _find_label(text, line, escaped, reader, file)
        if label:
            yield label
        elif line is lines[0]:
            return


def _find_label(text: str, line: Line, escaped: set[int], reader: Reader, file: str) -> Label | None:
    found = _LABEL.match(text, line.start, line.end)
    if found is None or {found.start("colon"), found.start("wide")} & escaped:
        return None
    name = found["name"].strip()
    role = reader.knows(name)
    if role is None:
        if not is_capitals(name):
            return None
        role = reader.role(name, file=file, line=line.number)
    direction = (found["direction"] or "").strip() or None
    return Label(line.start, found.end(), role, direction)
