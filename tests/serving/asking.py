"""Requests to Octave, and what comes back, taken apart."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import soundfile
import soxr

from narrator.providers.espeak import Espeak
from narrator.serving.octave.library import library
from narrator.serving.speaking import Speaker
from narrator.takes import Generation, Pcm, Request, Spoken, Word

RATE = 48_000
AVA = {"name": "Ava Song", "provider": "HUME_AI"}
LINE = "The lamp had been burning since the morning. Nobody in the house would say why; nobody dared to ask."


def body(*texts: str, **given: Any) -> dict[str, Any]:
    """A request for version 2 and wav; *given* replaces what it has, `voice` being the first utterance's."""
    voice = given.pop("voice", AVA)
    utterances: list[dict[str, Any]] = [{"text": text} for text in texts or (LINE,)]
    if voice is not None:
        utterances[0]["voice"] = voice
    return {"version": "2", "utterances": utterances, "format": {"type": "wav"}} | given


def generations(client: httpx.Client, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What `/v0/tts` answers."""
    answer = client.post("/v0/tts", json=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["generations"]
    return found


def lines(client: httpx.Client, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What `/v0/tts/stream/json` answers."""
    answer = client.post("/v0/tts/stream/json", json=asked)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.split(b"\n") if line]


def sound(audio: str) -> bytes:
    """Base64, decoded."""
    return base64.b64decode(audio, validate=True)


def samples(file: bytes) -> Pcm:
    """The samples of a whole mono file at 48 kHz, whatever its kind."""
    found, rate = soundfile.read(io.BytesIO(file), dtype="int16")
    assert rate == RATE
    assert found.ndim == 1
    pcm: Pcm = found
    return pcm


def speaker(engine: Espeak, name: str) -> Speaker:
    """The embedded voice behind a voice of the library."""
    return next(entry.speaker for entry in library(engine.voices()) if entry.name == name)


def spoken(
    engine: Espeak, text: str, who: Speaker, *, speed: float = 1.0, direction: str | None = None
) -> Generation:
    """What the embedded engine itself says."""
    words, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        end = start + len(word)
        if any(map(str.isalnum, word)):
            words.append(Word(start, end, start, end))
        start = end
    request = Request(
        provider="espeak",
        voice=who.voice,
        spoken=Spoken(text=text, words=tuple(words)),
        direction=direction,
        speed=speed,
        settings=who.settings,
    )
    return engine.generate_in_ipa(request)


def at_48k(generation: Generation) -> Pcm:
    """Its samples, brought to 48 kHz."""
    wide = soxr.resample(generation.pcm.astype(np.float64), generation.rate, RATE)
    pcm: Pcm = np.clip(np.rint(wide), -32768, 32767).astype(np.int16)
    return pcm


def milliseconds(sample: int, rate: int) -> float:
    """Not rounded."""
    return sample * 1000 / rate
