"""The bytes of a streamed answer as JSON objects (contract 4.3).

The service calls its stream `text/event-stream` and is known to send one JSON object a line instead. Both
are read here, mixed too: a line ends with a line feed and nothing else, however long it is and wherever the
pieces are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from narrator.providers.fields import Found
from narrator.providers.reading import decoded

_BOM = b"\xef\xbb\xbf"
_DONE = "[DONE]"
_IGNORED = (b"event", b"id", b"retry")
"""Fields of an event stream that mean nothing here."""


def objects(pieces: Iterable[bytes]) -> Iterator[Found]:
    """Every JSON object of a stream, as soon as it is complete.

    The stream ends with its bytes, or with `[DONE]`: what may come after that is not asked for.

    Raises:
        BrokenAnswer: something is no JSON, or no object.
    """
    event: list[bytes] = []  # the lines of data of an event that goes on
    for line in _lines(pieces):
        field, colon, _ = line[:6].partition(b":")
        if field == b"data" and (colon or line == field):
            event.append(line[5:].removeprefix(b" "))
            if event[-1].strip() != _DONE.encode():
                continue
        elif line.startswith(b":") or field in _IGNORED:
            continue
        else:
            event.append(line)  # a blank line ends the event, one that is an object by itself follows it
        if (yield from decoded(b"\n".join(event), end=_DONE)):
            return
        event.clear()
    yield from decoded(b"\n".join(event), end=_DONE)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, without their ends; the last one need not have an end."""
    parts: list[bytes] = []  # of a line that goes on
    skipped = _BOM
    for piece in pieces:
        first, *others = piece.split(b"\n")
        parts.append(first)
        for following in others:
            yield b"".join(parts).removeprefix(skipped).removesuffix(b"\r")
            parts, skipped = [following], b""
    yield b"".join(parts).removeprefix(skipped).removesuffix(b"\r")
