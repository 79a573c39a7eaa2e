"""An Octave whose answers are short and cost little to make: for books of thousands of lines.

It refuses what `Octave` refuses, remembers generations and keeps voices. Its tones are just long enough to be
believed, of a low rate, and the same for the same text and voice, so that two books can be compared.
"""

from __future__ import annotations

import base64
import io
import json
import wave
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

import numpy as np

from narrator.matching import letters
from tests.outside import Answer
from tests.providers.hume.octave import Body, Octave

RATE = 8000
_MS_PER_LETTER = 12
_LEAST_MS = 90


class Brief(Octave):
    """The server."""

    def spoken(self) -> Counter[str]:
        """How often each text was spoken, which is what is paid for."""
        return Counter(made.text for made in list(self.made.values()))

    def _stream(self, body: Body) -> Answer:
        self._check(body, streams=True)
        (utterance,) = body["utterances"]
        text, voice = utterance["text"], utterance.get("voice")
        timed = bool(body.get("include_timestamp_types"))
        found = [
            json.dumps(each).encode() + b"\n"
            for number in range(body["num_generations"])
            for each in _objects(
                self._make(body["version"], text), text, crc32(f"{text} {voice} {number}".encode()), timed
            )
        ]
        return Answer(b"".join(found), headers={"Content-Type": "text/event-stream"})


def _objects(generation: str, text: str, seed: int, timed: bool) -> Iterator[Body]:
    ids = {"request_id": "request-1", "generation_id": generation, "snippet_id": f"snippet-{generation}"}
    words = [word for word in text.split() if letters(word)]
    length_ms = max(len(letters(text)) * _MS_PER_LETTER, _LEAST_MS)
    for index, word in enumerate(words if timed else ()):
        time = {"begin": index * length_ms // len(words), "end": (index + 1) * length_ms // len(words)}
        yield {"type": "timestamp", **ids, "timestamp": {"type": "word", "text": word, "time": time}}
    yield {
        "type": "audio",
        **ids,
        "audio": base64.b64encode(_tone(length_ms, seed)).decode(),
        "audio_format": "wav",
        "chunk_index": 0,
        "is_last_chunk": True,
        "utterance_index": 0,
        "text": text,
        "transcribed_text": text,
    }


def _tone(length_ms: int, seed: int) -> bytes:
    """A WAV file; the seed is its pitch and its loudness."""
    pitch, level = 100 + seed % 997, 2000 + seed // 997 % 9973
    samples = level * np.sin(np.arange(length_ms * RATE // 1000) * (2 * np.pi * pitch / RATE))
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.astype("<i2").tobytes())
    return held.getvalue()
