"""Server-sent events, as the HTML standard has them (9.2.6): bytes as they come to events.

Lines end in CRLF, LF or CR, and any of that may be split between two pieces. What follows the last empty line
is no event: it may have been cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST_LINE = 1 << 20
"""Bytes; the service's own have some hundred."""
_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event."""

    name: str
    """`message` where the stream gives it none."""
    data: str
    """Its lines, joined by line feeds."""


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """
    The events of a stream, each as soon as its end has come.

    Raises:
        ValueError: a line without end.
    """
    name, data = "", list[str]()
    for line in _lines(pieces):
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        # Comments have no field; `id` and `retry` are for clients that connect again.


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; not the last one, where it has none."""
    rest, after_return, first = b"", False, True
    for piece in pieces:
        if after_return and piece:
            piece, after_return = piece.removeprefix(b"\n"), False
        rest += piece
        at = 0
        while match := _END.search(rest, at):
            line, at = rest[at : match.start()], match.end()
            if match.group() == b"\r":
                after_return = at == len(rest)
                at += rest.startswith(b"\n", at)
            yield line.removeprefix(_BOM) if first else line
            first = False
        rest = rest[at:]
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line without end")
