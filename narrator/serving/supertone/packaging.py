"""Sound and phonemes as JSON: one object, or lines of a stream in either documented shape (contract 5)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from narrator.serving.encoding import encode
from narrator.serving.options import PhonemeLines
from narrator.serving.supertone.synthesis import RATE, Sound, Told
from narrator.serving.supertone.wire import Codec


def whole(sound: Sound, codec: Codec) -> bytes:
    """All of it in one object."""
    return _object(file(sound, codec), _lists(sound.phonemes))


def file(sound: Sound, codec: Codec) -> bytes:
    """The sound as a file."""
    return b"".join(encode(sound.pcm, RATE, codec))


def pieces(sound: Sound, codec: Codec) -> Iterator[bytes]:
    """The sound as the pieces of a stream."""
    return encode(sound.pcm, RATE, codec, sized=False)


def lines(sound: Sound, codec: Codec, *, shape: PhonemeLines) -> Iterator[bytes]:
    """Lines of sound and of phonemes, as they are made. Times go on from line to line."""
    parts = pieces(sound, codec)
    if codec == "wav":
        # The header goes with the first samples.
        parts = chain([next(parts) + next(parts)], parts)
    left = list(sound.phonemes or ())
    sent = 0
    for part, last in _marked(parts):
        sent += len(part)
        reached_s = sent / _bytes_a_second(codec)
        count = len(left) if last else sum(each.start_s < reached_s for each in left)
        told, left = _lists(left[:count]), left[count:]
        if shape == "both":
            yield _object(part, told) + b"\n"
        else:
            yield _object(part, None) + b"\n"
            yield _object(None, told) + b"\n"


def _marked(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each with whether it is the last."""
    held: bytes | None = None
    for part in parts:
        if held is not None:
            yield held, False
        held = part
    if held is not None:
        yield held, True


def _bytes_a_second(codec: Codec) -> float:
    return RATE * 2 if codec == "wav" else 128_000 / 8


def _lists(phonemes: Sequence[Told] | None) -> Mapping[str, list[str] | list[float]] | None:
    if phonemes is None:
        return None
    return {
        "symbols": [each.symbol for each in phonemes],
        "start_times_seconds": [each.start_s for each in phonemes],
        "durations_seconds": [each.length_s for each in phonemes],
    }


def _object(audio: bytes | None, phonemes: Mapping[str, list[str] | list[float]] | None) -> bytes:
    encoded = None if audio is None else base64.b64encode(audio).decode()
    return json.dumps({"audio_base64": encoded, "phonemes": phonemes}, ensure_ascii=False).encode()
