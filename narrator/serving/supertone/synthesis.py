"""A request spoken: as long as it is to last, as high as it is to be, and its phonemes. It blocks.

The engine's own pitch has not half the 48 semitones that can be asked for, so a shift is made in the sound
(`audio.grains`), where it leaves times and resonances alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from narrator.audio import grains
from narrator.audio.character import study
from narrator.audio.limiter import limit
from narrator.serving.encoding import clipped
from narrator.serving.saying import say, sound
from narrator.serving.speaking import Speaking
from narrator.serving.supertone.asking import Plan
from narrator.takes import Generation, Pcm, PhonemeTime

RATE = 44_100
"""Samples a second. Supertone's are not known; its times are those of such a rate."""

_CEILING_DB = -1.0
_TRIES = 3
"""At another speed, to come as near to a duration as the engine can."""


class Told(NamedTuple):
    """When a phoneme sounds."""

    symbol: str
    """IPA; empty for a silence."""
    start_s: float
    length_s: float


class Sound(NamedTuple):
    """What was spoken."""

    pcm: Pcm
    """At `RATE`."""
    phonemes: tuple[Told, ...] | None
    """From the first sample to the last, silences too; None where nobody asks or the model has none."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / RATE


def speak(plan: Plan, speaking: Speaking) -> Sound:
    """
    Raises:
        Unsayable: the engine did not.
    """
    made = _lasting(plan, speaking) if plan.duration_s else _say(plan, speaking, plan.speed)
    pcm = sound(made, RATE)
    if plan.semitones:
        pcm = _shifted(pcm, plan.semitones)
    missing = round(plan.duration_s * RATE) - len(pcm)
    if missing > 0:
        pcm = np.pad(pcm, (0, missing))
    phonemes = tuple(_told(made.phonemes, made.rate, len(pcm) / RATE)) if plan.phonemes else None
    return Sound(pcm, phonemes)


def _say(plan: Plan, speaking: Speaking, speed: float) -> Generation:
    return say(speaking, plan.speaker, plan.said, speed=speed, direction=plan.direction, ipa=plan.phonemes)


def _lasting(plan: Plan, speaking: Speaking) -> Generation:
    """At the speed at which it lasts as long as it is to, or the nearest that the engine has."""
    speed = 1.0
    made = _say(plan, speaking, speed)
    nearest = made
    for _ in range(_TRIES):
        speed *= len(made.pcm) / made.rate / plan.duration_s
        made = _say(plan, speaking, speed)
        nearest = min(nearest, made, key=lambda each: abs(len(each.pcm) / each.rate - plan.duration_s))
    return nearest


def _shifted(pcm: Pcm, semitones: float) -> Pcm:
    wide = np.asarray(pcm / 32768, np.float32)
    melody = study([wide], RATE).melody
    moved = grains.move(wide, RATE, melody=melody, wanted=melody * 2 ** (semitones / 12), scaled=1.0)
    limited = limit([np.asarray(moved, np.float32)], rate=RATE, ceiling_db=_CEILING_DB)
    return clipped(np.concatenate([*limited]) * 32767)


def _told(phonemes: Iterable[PhonemeTime], rate: int, end_s: float) -> Iterable[Told]:
    """Phonemes in seconds, and what lies between them as silence."""
    at = 0.0
    for symbol, start, end in phonemes:
        start_s = max(start / rate, at)
        if start_s > at:
            yield Told("", at, start_s - at)
        at = max(end / rate, start_s)
        yield Told(symbol, start_s, at - start_s)
    if end_s > at:
        yield Told("", at, end_s - at)
