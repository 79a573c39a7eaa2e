"""What a request asks for, once it is known to be possible: rules by engine and endpoint (contract 5.2, 8).

Where pages of several years differ, the last one counts, and what the last official client sends is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from narrator.serving.likeness import number, within
from narrator.serving.playht import voices
from narrator.serving.playht.cutting import Turn, cut, turns
from narrator.serving.playht.refusing import refusal
from narrator.serving.playht.wire import (
    Emotion,
    PlayHTJobRequest,
    PlayHTStreamRequest,
    Speech,
    StreamEngine,
    StreamFormat,
)
from narrator.serving.speaking import Speaker

RATE = 24_000
TEMPERATURE = 0.6
"""Of engines, where none is asked for."""
MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

_ALL: tuple[StreamFormat, ...] = ("mp3", "wav", "ogg", "flac", "mulaw", "raw")


class Ability(NamedTuple):
    """What an engine can do."""

    text_limit: int = 2_000
    """Characters."""
    languages: frozenset[str] = frozenset({"english"})
    acts: bool = False
    """Whether it takes `emotion`, `voice_guidance` and `style_guidance`."""
    text_guidance: bool = True
    formats: tuple[StreamFormat, ...] = _ALL
    """Of a stream."""
    dialogue: bool = False
    plain: bool = False
    """Whether it takes neither quality, seed, temperature nor sample rate."""


_EVERY = frozenset(voices.FILES)
ABILITIES: Mapping[StreamEngine, Ability] = {
    "PlayHT1.0": Ability(text_guidance=False, formats=("mp3", "mulaw")),
    "PlayHT2.0": Ability(acts=True),
    "PlayHT2.0-turbo": Ability(acts=True),
    "Play3.0-mini": Ability(20_000, _EVERY, formats=(*_ALL, "pcm", "wav_mulaw")),
    "PlayDialog": Ability(languages=_EVERY, text_guidance=False, dialogue=True),
    "PlayDialog-turbo": Ability(
        languages=frozenset({"english", "arabic"}),
        text_guidance=False,
        formats=("wav", "mp3", "ogg", "mulaw", "flac"),
        plain=True,
    ),
}

_FEELINGS: Mapping[str, tuple[str, ...]] = {
    "happy": ("happy",),
    "sad": ("sad",),
    "angry": ("angry",),
    "fearful": ("afraid",),
    "disgust": ("low", "slow", "flat"),
    "surprised": ("high", "excited"),
}
"""Emotions in the words that the embedded voice knows."""
_LITTLE, _MUCH = 10, 20
"""Style guidance below which an emotion is slight, and from which on it is strong."""


class Plan(NamedTuple):
    """A request, ready to be spoken."""

    engine: StreamEngine
    voice: str
    turns: tuple[Turn, ...]
    """Who says what, in order: parts that are spoken one by one."""
    direction: str | None
    speed: float
    format: StreamFormat
    rate: int
    characters: int


def plan_job(body: PlayHTJobRequest, *, most: int) -> Plan:
    """
    Make a job ready.

    Args:
        most: characters, whatever the engine takes.

    Raises:
        Refused: it cannot be met.
    """
    engine = body.voice_engine or "PlayHT2.0"
    able, language = _checked(body, engine, most)
    speaker = _speaker(body, body.voice, engine, language)
    said = tuple(Turn(speaker, part) for part in cut(body.text))
    return _plan(body, engine, able, said, body.output_format or "mp3")


def plan_stream(body: PlayHTStreamRequest, *, most: int) -> Plan:
    """
    Make a stream ready.

    Args:
        most: characters, whatever the engine takes.

    Raises:
        Refused: it cannot be met.
    """
    engine = body.voice_engine or "PlayHT2.0"
    able, language = _checked(body, engine, most)
    format_ = body.output_format or "mp3"
    if format_ not in able.formats:
        raise refusal(f"output_format: {engine} streams {', '.join(able.formats)}, not {format_}")
    extra = [name for name in ("quality", "seed", "temperature", "sample_rate") if _says(body, name)]
    if able.plain and extra:
        raise refusal(f"{extra[0]}: not supported by {engine}")
    dialogue = [name for name in ("voice_2", "turn_prefix", "turn_prefix_2") if _says(body, name)]
    if dialogue and not able.dialogue:
        raise refusal(f"{dialogue[0]}: not supported by {engine}")
    first = _speaker(body, body.voice, engine, language)
    second = _speaker(body, body.voice_2, engine, language) if body.voice_2 is not None else first
    if body.turn_prefix is None and body.turn_prefix_2 is None:
        said = tuple(Turn(first, part) for part in cut(body.text))
    else:
        said = turns(body.text, (body.turn_prefix, first), (body.turn_prefix_2, second))
    return _plan(body, engine, able, said, format_)


def _plan(
    body: Speech, engine: StreamEngine, able: Ability, said: tuple[Turn, ...], format_: StreamFormat
) -> Plan:
    if not said:
        raise refusal("text: nothing in it is to be spoken")
    wanted = body.sample_rate or RATE
    rate = wanted if format_ != "mp3" else next(rate for rate in MPEG_RATES if rate >= wanted)
    return Plan(
        engine=engine,
        voice=body.voice,
        turns=said,
        direction=_direction(body.emotion, body.style_guidance) if able.acts else None,
        speed=1.0 if body.speed is None else body.speed,
        format=format_,
        rate=rate,
        characters=len(body.text),
    )


def _checked(body: Speech, engine: StreamEngine, most: int) -> tuple[Ability, str]:
    """What the engine can do and the language; raises where the request goes beyond that."""
    able = ABILITIES[engine]
    limit = min(able.text_limit, most)
    if not body.text.strip():
        raise refusal("text: must not be empty")
    if len(body.text) > limit:
        raise refusal(f"text: has {len(body.text)} characters; {engine} takes {limit} at most")
    for name in ("emotion", "voice_guidance", "style_guidance"):
        if _says(body, name) and not able.acts:
            raise refusal(f"{name}: not supported by {engine}")
    if body.text_guidance is not None and not able.text_guidance:
        raise refusal(f"text_guidance: not supported by {engine}")
    language = body.language or "english"
    if language not in able.languages:
        raise refusal(f"language: {language[:40]!r} is not spoken by {engine}")
    return able, language


def _says(body: Speech, name: str) -> bool:
    return getattr(body, name) is not None


def _speaker(body: Speech, voice: str, engine: StreamEngine, language: str) -> Speaker:
    """Who speaks, a little otherwise for every seed."""
    speaker = voices.find(voice, engine=engine, language=language)
    if body.seed is None:
        return speaker
    spread = (TEMPERATURE if body.temperature is None else body.temperature) / TEMPERATURE
    settings = dict(speaker.settings)
    for key, most in (("pitch", 4), ("range", 10), ("rate", 10)):
        step = number(f"seed {key}", str(body.seed)) % (2 * most + 1) - most
        settings[key] = within(key, settings[key] + step * spread)
    return speaker._replace(settings=tuple(sorted(settings.items())))


def _direction(emotion: Emotion | None, guidance: float | None) -> str | None:
    if emotion is None:
        return None
    degree = ""
    if guidance is not None:
        degree = "slightly " if guidance < _LITTLE else "very " if guidance >= _MUCH else ""
    feelings = _FEELINGS[emotion.rpartition("_")[2]]
    return ", ".join(degree + word for word in feelings)
