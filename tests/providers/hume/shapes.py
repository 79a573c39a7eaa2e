"""What the service might say, in each of the shapes that the contract leaves open, from one known speech."""

from __future__ import annotations

import base64
import io
import itertools
import wave
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from narrator.providers.hume.answers import Wanted
from narrator.takes import Pcm
from tests.providers.hume.asking import request

RATE = 48_000
Object = dict[str, Any]
Clock = Literal["snippet", "utterance", "generation"]


class Timing(NamedTuple):
    """A word or phoneme, from the start of its snippet."""

    text: str
    begin_ms: int
    end_ms: int
    kind: str = "word"


class Part(NamedTuple):
    """What one snippet says."""

    text: str
    length_ms: int
    timings: tuple[Timing, ...] = ()
    utterance: int = 0


class Speech(NamedTuple):
    """One generation."""

    parts: tuple[Part, ...]
    id: str = "generation-1"

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts)

    def sound(self, index: int, rate: int = RATE) -> Pcm:
        """What a part sounds like: noise of its own."""
        seed = int.from_bytes(f"{self.id} {index}".encode()) % 2**32
        samples = self.parts[index].length_ms * rate // 1000
        return np.random.default_rng(seed).integers(-9000, 9000, samples, dtype=np.int16)

    def pcm(self, rate: int = RATE) -> Pcm:
        return np.concatenate([self.sound(index, rate) for index in range(len(self.parts))])


def part(
    text: str, *, ms_per_letter: int = 50, lead_ms: int = 20, tail_ms: int = 30, utterance: int = 0
) -> Part:
    """A snippet whose words last as long as their letters, each with one phoneme."""
    timings: list[Timing] = []
    at = lead_ms
    for word in text.split():
        end = at + ms_per_letter * len(word)
        timings += [Timing(word, at, end), Timing("ə", at, at + ms_per_letter, "phoneme")]
        at = end + 10
    return Part(text, at + tail_ms, tuple(timings), utterance)


ONE = Speech((part("Don't move, she said."),))
TWO = Speech((part("Don't move, she said."), part("He stood quite still for a while.")))


def wanted(text: str, **changes: Any) -> Wanted:
    """What was asked for, where the text is sent as it is."""
    asked = request(text)
    words = tuple((word.spoken_start, word.spoken_end) for word in asked.spoken.words)
    whole = Wanted(asked, text, words, generations=1, audio_format="wav", times=True)
    return whole._replace(**changes)


def file(pcm: Pcm, rate: int = RATE) -> bytes:
    """A WAV file."""
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm.tobytes())
    return held.getvalue()


def cut(data: bytes, count: int) -> list[bytes]:
    """In so many pieces, of odd lengths."""
    size = max(1, len(data) // count) | 1
    edges = [0, *range(size, len(data), size)][:count]
    return [data[start:end] for start, end in itertools.pairwise([*edges, len(data)])]


def offset_ms(speech: Speech, index: int, clock: Clock) -> int:
    """What a clock shows when a part begins."""
    if clock == "snippet":
        return 0
    begun = [sum(each.length_ms for each in speech.parts[:number]) for number in range(len(speech.parts))]
    if clock == "generation":
        return begun[index]
    first = next(n for n, each in enumerate(speech.parts) if each.utterance == speech.parts[index].utterance)
    return begun[index] - begun[first]


def timestamps(speech: Speech, index: int, clock: Clock) -> list[Object]:
    start = offset_ms(speech, index, clock)
    return [
        {"type": kind, "text": text, "time": {"begin": start + begin, "end": start + end}}
        for text, begin, end, kind in speech.parts[index].timings
    ]


def stream(
    speech: Speech,
    *,
    audio_format: str = "wav",
    headers: Literal["first", "every", "none"] = "first",
    pieces: int = 3,
    clock: Clock = "snippet",
    times: Literal["before", "between", "after", "snippet", "both", "none"] = "before",
) -> list[Object]:
    """The objects of `/v0/tts/stream/json`.

    Args:
        headers: which pieces of a WAV begin with one.
        times: where they stand: before, between or after the audio of their snippet; in the complete
            snippet on its last piece; both before and there.
    """
    found: list[Object] = []
    for index, said in enumerate(speech.parts):
        shared = {
            "generation_id": speech.id,
            "snippet_id": f"{speech.id}-s{index}",
            "request_id": "request-1",
        }
        told = timestamps(speech, index, clock)
        messages = [{"type": "timestamp", **shared, "timestamp": each} for each in told]
        audio = []
        for number, data in enumerate(_encoded(speech.sound(index), audio_format, headers, pieces, index)):
            audio.append(
                {
                    "type": "audio",
                    **shared,
                    "audio": base64.b64encode(data).decode(),
                    "audio_format": audio_format,
                    "chunk_index": number,
                    "is_last_chunk": False,
                    "utterance_index": said.utterance,
                    "text": said.text,
                    "transcribed_text": said.text.upper(),
                }
            )
        audio[-1]["is_last_chunk"] = True
        if times in ("snippet", "both"):
            audio[-1]["snippet"] = snippet(speech, index, clock=clock)
        match times:
            case "before" | "both":
                found += [*messages, *audio]
            case "between":
                found += [*audio[:1], *messages[:2], *audio[1:2], *messages[2:], *audio[2:]]
            case "after":
                found += [*audio, *messages]
            case _:
                found += audio
    return found


def _encoded(pcm: Pcm, audio_format: str, headers: str, pieces: int, index: int) -> list[bytes]:
    if audio_format == "pcm" or headers == "none":
        return cut(pcm.tobytes(), pieces)
    if headers == "every":
        return [file(each) for each in np.array_split(pcm, pieces)]
    return cut(file(pcm) if index == 0 else pcm.tobytes(), pieces)


def snippet(speech: Speech, index: int, *, clock: Clock = "snippet", audio: bytes | None = None) -> Object:
    """A complete snippet."""
    said = speech.parts[index]
    return {
        "id": f"{speech.id}-s{index}",
        "generation_id": speech.id,
        "utterance_index": said.utterance,
        "text": said.text,
        "transcribed_text": said.text.upper(),
        "audio": base64.b64encode(file(speech.sound(index)) if audio is None else audio).decode(),
        "timestamps": timestamps(speech, index, clock),
    }


def whole(
    *speeches: Speech, audio_format: str = "wav", clock: Clock = "snippet", header: bool = True
) -> Object:
    """The body of `/v0/tts`.

    Args:
        header: whether snippets of a WAV have one of their own.
    """
    found: list[Object] = []
    for speech in speeches:
        pcm = speech.pcm()
        audio = pcm.tobytes() if audio_format == "pcm" else file(pcm)
        own = None if header and audio_format == "wav" else b""
        groups: dict[int, list[Object]] = {}
        for index, said in enumerate(speech.parts):
            raw = own if own is None else speech.sound(index).tobytes()
            groups.setdefault(said.utterance, []).append(snippet(speech, index, clock=clock, audio=raw))
        found.append(
            {
                "generation_id": speech.id,
                "audio": base64.b64encode(audio).decode(),
                "duration": len(pcm) / RATE,
                "file_size": len(audio),
                "encoding": {"format": audio_format, "sample_rate": RATE},
                "snippets": list(groups.values()),
            }
        )
    return {"request_id": "request-1", "generations": found}


def interleaved(streams: Sequence[list[Object]], order: Sequence[int]) -> list[Object]:
    """Several streams as one; *order* says which goes on, over and over."""
    left = [list(each) for each in streams]
    found: list[Object] = []
    for turn in itertools.cycle(order or [0]):
        if not any(left):
            return found
        waiting = [each for each in left if each]
        found.append(waiting[turn % len(waiting)].pop(0))
    return found
