"""The bytes of a streamed answer as JSON objects (contract 4.3).

The service calls its stream `text/event-stream` and is known to send one JSON object a line instead. Both
are read here, mixed too: a line ends with a line feed and nothing else, however long it is and wherever the
pieces are cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator

from narrator.transport import BrokenAnswer

_BOM = b"\xef\xbb\xbf"
_DONE = "[DONE]"
_IGNORED = (b"event", b"id", b"retry")
"""Fields of an event stream that mean nothing here."""
_WHITE_SPACE = re.compile(r"[ \t\r\n]*")


def objects(pieces: Iterable[bytes]) -> Iterator[dict[str, object]]:
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
        if (yield from _decoded(b"\n".join(event))):
            return
        event.clear()
    yield from _decoded(b"\n".join(event))


def whole(body: bytes) -> dict[str, object]:
    """The one JSON object that *body* is.

    Raises:
        BrokenAnswer: it is none, or empty.
    """
    found = list(_decoded(body.removeprefix(_BOM)))
    if len(found) != 1:
        raise BrokenAnswer(f"{len(found)} JSON objects in place of one" if found else "empty")
    return found[0]


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


def _decoded(data: bytes) -> Generator[dict[str, object], None, bool]:
    """Each of the JSON objects in *data*; whether the stream ends with them."""
    try:
        text = data.decode()
        at = _beyond_space(text, 0)
        while at < len(text):
            if text.startswith(_DONE, at):
                return True
            found, at = _DECODER.raw_decode(text, at)
            if not isinstance(found, dict):
                raise BrokenAnswer(f"JSON that is no object but {type(found).__name__}")
            yield found
            at = _beyond_space(text, at)
    except (ValueError, RecursionError) as exc:
        raise BrokenAnswer(f"no JSON: {type(exc).__name__}") from exc
    return False


def _beyond_space(text: str, at: int) -> int:
    space = _WHITE_SPACE.match(text, at)
    return space.end() if space else at


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
