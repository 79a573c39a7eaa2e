"""Parts of a text become one sound and the times of its words, and a file of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np
import soundfile

from narrator.serving.encoding import MEDIA as CODEC_MEDIA
from narrator.serving.encoding import Codec, encode
from narrator.serving.playht.asking import Plan
from narrator.serving.playht.cutting import Turn
from narrator.serving.playht.wire import StreamFormat
from narrator.serving.saying import say, sound, spoken
from narrator.serving.speaking import Speaking
from narrator.takes import Pcm

KBPS = 160
PAUSE_MS = 340
"""Silence between two parts: what the engine itself puts between two sentences."""

_RAW_MEDIA = {"raw": "audio/basic", "pcm": "audio/pcm", "wav_mulaw": "audio/wav"}


class Timed(NamedTuple):
    """A word and when it sounds, in milliseconds from the start."""

    text: str
    start_ms: int
    end_ms: int


class Voiced(NamedTuple):
    """A part, spoken."""

    pcm: Pcm
    words: tuple[Timed, ...]


def media_type(format_: StreamFormat) -> str:
    """What a file of it is called."""
    return _RAW_MEDIA.get(format_) or CODEC_MEDIA[cast("Codec", format_)]


def voice(turn: Turn, plan: Plan, speaking: Speaking) -> Voiced:
    """
    Have one part spoken; blocks, so from inside a turn.

    Raises:
        Unsayable: the engine did not.
    """
    said = spoken(turn.text)
    made = say(speaking, turn.speaker, said, speed=plan.speed, direction=plan.direction)
    times = zip(said.words, made.words, strict=False)  # no words where nothing is said
    words = tuple(
        Timed(
            said.text[word.spoken_start : word.spoken_end],
            round(time.start_sample * 1000 / made.rate),
            round(time.end_sample * 1000 / made.rate),
        )
        for word, time in times
    )
    return Voiced(sound(made, plan.rate), words)


def joined(parts: list[Voiced], plan: Plan) -> Voiced:
    """Parts one after another, as one."""
    pause = np.zeros(round(PAUSE_MS * plan.rate / 1000 / min(max(plan.speed, 0.5), 2.8)), np.int16)
    sounds: list[Pcm] = []
    words: list[Timed] = []
    samples = 0
    for part in parts:
        for piece in (pause, part.pcm) if sounds else (part.pcm,):
            sounds.append(piece)
            samples += len(piece)
        shift_ms = round((samples - len(part.pcm)) * 1000 / plan.rate)
        words += [Timed(word.text, word.start_ms + shift_ms, word.end_ms + shift_ms) for word in part.words]
    return Voiced(np.concatenate(sounds), tuple(words))


def file(pcm: Pcm, plan: Plan, *, sized: bool = True) -> Iterator[bytes]:
    """A sound as the pieces of a file.

    Args:
        sized: whether the header of a wav tells its length, or is that of a stream.
    """
    if plan.format == "raw":
        yield (pcm.astype("<f4") / np.float32(32768)).tobytes()
    elif plan.format == "wav_mulaw":
        out = io.BytesIO()
        soundfile.write(out, pcm, plan.rate, format="WAV", subtype="ULAW")
        yield out.getvalue()
    else:
        codec: Codec = "linear16" if plan.format == "pcm" else plan.format
        yield from encode(pcm, plan.rate, codec, kbps=KBPS, sized=sized)
