"""Sounds whose properties are known, for whoever tests what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from narrator.audio.blocks import Samples

RATE = 44_100
_REACH = 80


def pulse(rate: int = RATE) -> Samples:
    """A symmetric click of about a millisecond, half of full scale at its middle sample."""
    t = (np.arange(2 * _REACH + 1) - _REACH) / rate
    return np.asarray(0.5 * np.exp(-((t * 2200) ** 2)) * np.cos(2 * np.pi * 2500 * t), np.float32)


def clicks(positions: Sequence[int], samples: int, rate: int = RATE) -> Samples:
    """Silence with a click at each position."""
    sound = np.zeros(samples, np.float32)
    for position in positions:
        sound[position - _REACH : position + _REACH + 1] += pulse(rate)
    return sound


def offsets(sound: npt.NDArray[np.floating], positions: Sequence[int], rate: int = RATE) -> list[float]:
    """How many samples later than expected each click is found, to a fraction of a sample."""
    found = []
    for position in positions:
        start = position - 2000 - _REACH
        match = np.correlate(sound[start : position + 2001 + _REACH], pulse(rate), "valid")
        best = int(np.argmax(match))
        left, middle, right = match[best - 1 : best + 2]
        assert middle > 2, f"no click near {position}"
        found.append(best - 2000 + 0.5 * (left - right) / (left - 2 * middle + right))
    return found


def voice(seconds: float, *, level: float = 0.1, rate: int = RATE, pause: float = 0.8) -> Samples:
    """Something like speech: syllables of a buzzing voice, with *pause* seconds of silence at the end."""
    t = np.arange(round((seconds - pause) * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 130 * k * t + k * k) / k for k in range(1, 24))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t) + 0.4 * np.sin(2 * np.pi * 0.9 * t), 0, None)
    return np.asarray(np.concatenate((level * buzz * syllables, np.zeros(round(pause * rate)))), np.float32)


def noise(samples: int, *, rms_db: float, seed: int = 1) -> Samples:
    """White noise of that level."""
    generator = np.random.default_rng(seed)
    return np.asarray(generator.standard_normal(samples) * 10 ** (rms_db / 20), np.float32)


def cut(sound: Samples, *sizes: int) -> Iterator[Samples]:
    """The sound in blocks, each time as long as the next of *sizes*."""
    start = 0
    while start < len(sound):
        for size in sizes:
            yield sound[start : start + size]
            start += size


def rms_db(sound: npt.NDArray[np.floating]) -> float:
    """Level of the whole."""
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64))))
