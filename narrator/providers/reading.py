"""The bytes of an answer: the JSON objects in it, and whether it is text where sound should be."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator

from narrator.providers.fields import Found, as_object
from narrator.transport import BrokenAnswer
from narrator.transport.redaction import excerpt

_BOM = b"\xef\xbb\xbf"
_TEXT = (b"{", b"[", b"<", b'"')
_WHITE_SPACE = re.compile(r"\s*")


def objects(body: bytes) -> Iterator[Found]:
    """
    The JSON objects of a body, one after another, however they are spaced.

    Raises:
        BrokenAnswer: something else is there, or the last one is cut.
    """
    yield from decoded(body.removeprefix(_BOM))


def decoded(data: bytes, *, end: str = "") -> Generator[Found, None, bool]:
    """
    The JSON objects of a piece of a stream.

    Args:
        end: what may stand in place of an object, after which nothing is read.

    Returns:
        whether it stood there.

    Raises:
        BrokenAnswer: as `objects()`.
    """
    try:
        text = data.decode()
        at = _beyond_space(text, 0)
        while at < len(text):
            if end and text.startswith(end, at):
                return True
            found, at = _DECODER.raw_decode(text, at)
            yield as_object(found, "the answer")
            at = _beyond_space(text, at)
    except (ValueError, RecursionError) as exc:
        said = f": {excerpt(data)}" if data.lstrip().startswith(b"<") else ""
        raise BrokenAnswer(f"what came is no JSON, or is cut{said}") from exc
    return False


def whole(pieces: Iterable[bytes]) -> Found:
    """
    The one JSON object that an answer is.

    Raises:
        BrokenAnswer: it is none, or empty.
    """
    found = list(objects(b"".join(pieces)))
    if len(found) != 1:
        raise BrokenAnswer(f"{len(found)} JSON objects in place of one" if found else "the answer is empty")
    return found[0]


def object_or_empty(body: bytes | str) -> Found:
    """The JSON object that a body is; an empty one where it is anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def opening(pieces: Iterator[bytes], *, least: int = 1) -> bytes:
    """The first bytes of an answer up to the piece with which *least* of them are no blanks around it; all of
    it, where there are fewer."""
    begun = b""
    for piece in pieces:
        begun += piece
        if len(begun.strip()) >= least:
            break
    return begun


def begins_as_text(body: bytes) -> bool:
    """Whether a body begins as JSON or HTML does, and as no file of sound."""
    return body.removeprefix(_BOM).lstrip().startswith(_TEXT)


def _beyond_space(text: str, at: int) -> int:
    space = _WHITE_SPACE.match(text, at)
    return space.end() if space else at


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
