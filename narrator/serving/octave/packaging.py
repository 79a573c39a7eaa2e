"""Snippets as Octave answers them: encoded, divided into pieces, in JSON.

The pieces of a generation are those of a stream, or the snippets of a JSON answer; what `strip_headers` means
for them is the same everywhere and told in `encoding`. The sound of a whole generation is always one file.

In a stream each time stands right before the piece of sound that it begins in. The generations of a request
take turns, piece by piece.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from narrator.serving.octave.encoding import Buffer, Wrapper
from narrator.serving.octave.synthesis import RATE, Snippet, Stamp, Voiced
from narrator.serving.octave.wire import FormatType
from narrator.serving.options import Clock
from narrator.timeline import milliseconds

INSTANT_S = 1.0
PATIENT_S = 5.0
"""Length of a stream's pieces in instant mode and without."""
_BASE64_BYTES = 3 * 2**18
"""Encoded at a time; without a remainder, so that the texts can be joined."""
_PART_BYTES = 2**20
"""Sent at a time."""


class Packing(NamedTuple):
    """How a request wants its sound."""

    request_id: str
    format: FormatType
    strip_headers: bool
    clock: Clock
    instant: bool = False


def stream_objects(
    voiced: Iterable[Voiced], packing: Packing, *, utterances: int
) -> Iterator[list[dict[str, Any]]]:
    """
    The objects of a stream, an utterance's at a time: `TtsOutput` as dictionaries.

    Args:
        voiced: spoken as it is taken.
        utterances: how many there will be.
    """
    for generations in _pieces(voiced, packing, utterances=utterances):
        turns = zip_longest(*generations)
        yield [each for turn in turns for piece in turn if piece for each in _objects(piece, packing)]


def stream_lines(voiced: Iterable[Voiced], packing: Packing, *, utterances: int) -> Iterator[bytes]:
    """The same as lines of JSON."""
    for objects in stream_objects(voiced, packing, utterances=utterances):
        yield b"".join(map(json_line, objects))


def stream_file(voiced: Iterable[Voiced], packing: Packing, *, utterances: int) -> Iterator[bytes]:
    """The sound of the first generation, an utterance's at a time."""
    for generations in _pieces(voiced, packing, utterances=utterances):
        yield b"".join(piece.audio for piece in generations[0])


def json_line(value: dict[str, Any]) -> bytes:
    """One line of a stream. Only ASCII: many a client takes U+2028 for the end of a line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def whole_file(voiced: Iterable[Voiced], packing: Packing) -> bytes:
    """The first generation as one file."""
    return b"".join(_whole([snippet for generations in voiced for snippet in generations[0]], packing))


def pack(voiced: Sequence[Voiced], packing: Packing) -> list[Packed]:
    """Every generation of a JSON answer, encoded."""
    return [_pack(utterances, packing) for utterances in zip(*voiced, strict=True)]


def answer(packed: Sequence[Packed], packing: Packing) -> Iterator[bytes]:
    """The text of an `OctaveResponse`, in parts: its sound is there twice, and three bytes take four."""
    return _gathered(_answer(packed, packing))


class _Piece(NamedTuple):
    """What is sent of a snippet at a time."""

    snippet: Snippet
    number: int
    last: bool
    stamps: Sequence[Stamp]
    audio: bytes


def _pieces(voiced: Iterable[Voiced], packing: Packing, *, utterances: int) -> Iterator[list[list[_Piece]]]:
    """The pieces of each generation, an utterance's at a time."""
    wrappers: list[Wrapper] = []
    for number, generations in enumerate(voiced, 1):
        if not wrappers:
            lengths = [sum(len(each.pcm) for each in snippets) for snippets in generations]
            wrappers = [_wrapper(packing, length if utterances == 1 else None) for length in lengths]
        yield [
            list(_divided(snippets, wrapper, packing, ends=number == utterances))
            for snippets, wrapper in zip(generations, wrappers, strict=True)
        ]


def _divided(
    snippets: Sequence[Snippet], wrapper: Wrapper, packing: Packing, *, ends: bool
) -> Iterator[_Piece]:
    """The pieces of one utterance; *ends* where its generation ends with it."""
    length_s = INSTANT_S if packing.instant else PATIENT_S
    for snippet in snippets:
        pieces = np.array_split(snippet.pcm, max(1, round(len(snippet.pcm) / (length_s * RATE))))
        stamps, end = list(snippet.stamps), snippet.starts_ms
        for number, pcm in enumerate(pieces):
            last = number == len(pieces) - 1
            end += milliseconds(len(pcm), RATE)
            within = [stamp for stamp in stamps if last or stamp.begin_ms < end]
            stamps = stamps[len(within) :]
            audio = wrapper.wrap(pcm, last=ends and last and snippet is snippets[-1])
            yield _Piece(snippet, number, last, within, audio)


def _objects(piece: _Piece, packing: Packing) -> Iterator[dict[str, Any]]:
    snippet = piece.snippet
    whose = {"generation_id": snippet.generation_id, "request_id": packing.request_id}
    for stamp in piece.stamps:
        timestamp = _timestamp(stamp, snippet, packing.clock)
        yield {"type": "timestamp", **whose, "snippet_id": snippet.id, "timestamp": timestamp}
    yield {
        "type": "audio",
        **whose,
        "audio": base64.b64encode(piece.audio).decode(),
        "audio_format": packing.format.value,
        "chunk_index": piece.number,
        "is_last_chunk": piece.last,
        "snippet_id": snippet.id,
        "text": snippet.text,
        "transcribed_text": None if packing.instant else snippet.transcript,
        "utterance_index": snippet.utterance_index,
    }


def _timestamp(stamp: Stamp, snippet: Snippet, clock: Clock) -> dict[str, Any]:
    shift = snippet.shift_ms(clock)
    time = {"begin": stamp.begin_ms + shift, "end": stamp.end_ms + shift}
    return {"type": stamp.kind.value, "text": stamp.text, "time": time}


class Packed(NamedTuple):
    """A generation, encoded."""

    id: str
    seconds: float
    audio: list[Buffer]
    utterances: list[list[tuple[Snippet, list[Buffer]]]]


def _pack(utterances: Sequence[Sequence[Snippet]], packing: Packing) -> Packed:
    snippets = [snippet for group in utterances for snippet in group]
    samples = sum(len(snippet.pcm) for snippet in snippets)
    wrapper = _wrapper(packing, samples)
    wrapped = [wrapper.parts(each.pcm, last=each is snippets[-1]) for each in snippets]
    joined = [part for parts in wrapped for part in parts]
    sounds = iter(wrapped)
    return Packed(
        id=snippets[0].generation_id,
        seconds=samples / RATE,
        audio=joined if packing.strip_headers else _whole(snippets, packing),
        utterances=[[(snippet, next(sounds)) for snippet in group] for group in utterances],
    )


def _whole(snippets: Sequence[Snippet], packing: Packing) -> list[Buffer]:
    """All of them as one file."""
    samples = sum(len(snippet.pcm) for snippet in snippets)
    wrapper = Wrapper(packing.format, strip_headers=True, samples=samples)
    return [part for each in snippets for part in wrapper.parts(each.pcm, last=each is snippets[-1])]


def _answer(packed: Sequence[Packed], packing: Packing) -> Iterator[bytes]:
    yield b'{"generations":'
    for opening, generation in zip(_separators(), packed, strict=False):
        encoding = {"format": packing.format.value, "sample_rate": RATE}
        facts = {
            "generation_id": generation.id,
            "duration": generation.seconds,
            "file_size": sum(map(len, generation.audio)),
            "encoding": encoding,
        }
        yield opening
        yield from _with_audio(facts, generation.audio)
        yield b',"snippets":'
        for outer, group in zip(_separators(), generation.utterances, strict=False):
            yield outer
            for inner, (snippet, audio) in zip(_separators(), group, strict=False):
                yield inner
                yield from _with_audio(_facts(snippet, packing), audio)
                yield b"}"
            yield b"]"
        yield b"]}"
    yield b'],"request_id":' + json.dumps(packing.request_id).encode() + b"}"


def _separators() -> Iterator[bytes]:
    """What stands before each item of a list."""
    yield b"["
    while True:
        yield b","


def _facts(snippet: Snippet, packing: Packing) -> dict[str, Any]:
    return {
        "id": snippet.id,
        "generation_id": snippet.generation_id,
        "utterance_index": snippet.utterance_index,
        "text": snippet.text,
        "transcribed_text": snippet.transcript,
        "timestamps": [_timestamp(stamp, snippet, packing.clock) for stamp in snippet.stamps],
    }


def _with_audio(facts: dict[str, Any], audio: Iterable[Buffer]) -> Iterator[bytes]:
    """An object with its sound in it, all but the closing bracket."""
    yield json.dumps(facts, separators=(",", ":")).encode()[:-1] + b',"audio":"'
    yield from _base64(audio)
    yield b'"'


def _base64(parts: Iterable[Buffer]) -> Iterator[bytes]:
    """The text of all parts together: what is over of one, of three bytes, begins the next."""
    over = b""
    for part in parts:
        view = memoryview(part)
        if over:
            needed = 3 - len(over)
            over += bytes(view[:needed])
            if len(over) < 3:
                continue
            yield base64.b64encode(over)
            view = view[needed:]
        end = len(view) - len(view) % 3
        for start in range(0, end, _BASE64_BYTES):
            yield base64.b64encode(view[start : min(start + _BASE64_BYTES, end)])
        over = bytes(view[end:])
    yield base64.b64encode(over)


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer parts."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= _PART_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _wrapper(packing: Packing, samples: int | None) -> Wrapper:
    return Wrapper(packing.format, strip_headers=packing.strip_headers, samples=samples)
