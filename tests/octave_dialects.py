"""An Octave that answers every line of a book in one of the ways that the real one may: nobody knows."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.outside import Answer, Outside, Seen, said
from tests.providers.hume import shapes
from tests.providers.hume.octave import Body
from tests.providers.hume.shapes import Object, Speech

OPTIONAL = ("audio_format", "request_id", "transcribed_text", "utterance_index")
"""Fields that the published page requires and that old answers and other readings lack (contract 8.1)."""


class Dialect(NamedTuple):
    """One way to answer."""

    framed: Callable[[Sequence[Object]], bytes | list[bytes]]
    shape: dict[str, Any] = {}  # noqa: RUF012 - never changed
    """See `shapes.stream` and `shapes.whole`."""
    snippets: int = 1
    change: Callable[[Object], Object] = lambda each: each
    """What becomes of each object of a stream."""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    settings: str = ""
    """What book.yaml says beside the version."""


class Native(Outside):
    """The server. `made` holds what it said, by generation id; `asked` the bodies of requests."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(then=self.answer)
        self.dialect = dialect
        self.asked: list[Body] = []
        self.made: dict[str, Speech] = {}

    def answer(self, seen: Seen) -> Answer:
        body = seen.json()
        self.asked.append(body)
        dialect, kind = self.dialect, body["format"]["type"]
        spoken = speech(body["utterances"][0]["text"], snippets=dialect.snippets)
        self.made[spoken.id] = spoken
        if not seen.path.endswith("/stream/json"):
            whole = shapes.whole(spoken, audio_format=kind, **dialect.shape)
            return said(dialect.change(whole), headers=dialect.headers)
        objects = shapes.stream(spoken, audio_format=kind, **dialect.shape)
        sent = dialect.framed([dialect.change(each) for each in objects])
        return Answer(sent, headers={"Content-Type": "text/event-stream", **dialect.headers})


def speech(text: str, *, snippets: int) -> Speech:
    """A text as said, in so many snippets of about as many words."""
    words = np.array_split(np.array(text.split()), snippets)
    return Speech(tuple(shapes.part(" ".join(each)) for each in words), id=str(uuid.uuid4()))


def true_words_ms(spoken: Speech) -> list[tuple[int, int]]:
    """When each word sounds, from the beginning of the generation."""
    found, begun = [], 0
    for part in spoken.parts:
        found += [
            (begun + word.begin_ms, begun + word.end_ms)
            for word in part.timings
            if word.kind == "word" and any(map(str.isalnum, word.text))
        ]
        begun += part.length_ms
    return found


# Framings


def lines(found: Sequence[Object]) -> list[bytes]:
    """A line each, sent by itself: what all official SDKs expect."""
    return [json.dumps(each).encode() + b"\n" for each in found]


def raw_lines(found: Sequence[Object]) -> bytes:
    """CRLF, a byte order mark, blank lines, no line end at the end, nothing escaped that need not be."""
    return "\ufeff".encode() + b"\r\n\r\n".join(
        json.dumps(each, ensure_ascii=False).encode() for each in found
    )


def one_line(found: Sequence[Object]) -> bytes:
    return b" ".join(lines(found)).replace(b"\n", b"")


def events(found: Sequence[Object]) -> list[bytes]:
    """What the published page says: server-sent events; some in two lines, with comments and an end."""
    sent = [b": welcome\n\nretry: 3000\n\n"]
    for number, each in enumerate(found):
        text = json.dumps(each)
        at = text.index(",") + 1
        data = f"data: {text[:at]}\ndata:{text[at:]}" if number % 2 else f"data: {text}"
        sent.append(f"event: {each['type']}\nid: {number}\n{data}\n\n: still here\n\n".encode())
    return [*sent, b"data: [DONE]\n\n"]


def crumbs(found: Sequence[Object]) -> list[bytes]:
    """Cut without regard to lines or characters."""
    whole = raw_lines(found)
    return [whole[start : start + 4099] for start in range(0, len(whole), 4099)]


# Changes


def sparing(found: Object) -> Object:
    """Nothing that a client can do without."""
    return {name: value for name, value in found.items() if name not in OPTIONAL}


def null(found: Object) -> Object:
    """`null` for what may be left out."""
    return found | {name: None for name in OPTIONAL if name in found}


def generous(found: Object) -> Object:
    """Fields that nobody knows."""
    return {"tags": ["new"], "billing": {"characters": 3, "error": None}, **found, "model": "octave-3"}


def resized(size: int) -> Callable[[Object], Object]:
    """Sizes in RIFF headers that are not those of the sound, and something before the sound."""

    def change(found: Object) -> Object:
        audio = base64.b64decode(found.get("audio", ""))
        if not audio.startswith(b"RIFF"):
            return found
        said = size.to_bytes(4, "little")
        other = b"LIST" + (6).to_bytes(4, "little") + b"INFO\x01\x02"
        at = audio.index(b"data")
        audio = b"RIFF" + said + audio[8:at] + other + b"data" + said + audio[at + 8 :]
        return found | {"audio": base64.b64encode(audio).decode()}

    return change


def spoken_form(found: Object) -> Object:
    """Words as they are heard: without capitals and marks, some entries being marks alone."""
    if found.get("type") != "timestamp" or found["timestamp"]["type"] != "word":
        return found
    word = re.sub(r"\W", "", found["timestamp"]["text"]).lower()
    return found | {"timestamp": found["timestamp"] | {"text": word}}


def stripped(found: Object) -> Object:
    """An answer in one piece from before there were timestamps and request ids."""
    del found["request_id"]
    for generation in found["generations"]:
        del generation["file_size"]
        for group in generation["snippets"]:
            for snippet in group:
                for name in ("timestamps", "transcribed_text", "utterance_index"):
                    del snippet[name]
    return found
