"""What a voice is like, whatever it says: how high, how lively, and where its resonances lie.

Resonances are read from the long-term average spectrum of the sounds that have a pitch, on a scale of
logarithmic frequency: there a longer or shorter vocal tract is a shift, and two voices can be laid over
each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from narrator.audio import pitch
from narrator.audio.blocks import Samples
from narrator.audio.pitch import Floats

STEPS_PER_OCTAVE = 24
SCALE_HZ = 2 ** np.arange(np.log2(200), np.log2(5600), 1 / STEPS_PER_OCTAVE)
"""Where an envelope is given."""
_LEAST_OCTAVES = 3 * STEPS_PER_OCTAVE  # below that, laying over each other means nothing

_SMOOTHING = STEPS_PER_OCTAVE // 2 + 1  # steps: half an octave, so that single resonances stay
_FURTHEST = 10  # steps a voice is shifted: a factor of 1.33
_CLEARLY_ALIKE, _BARELY_ALIKE = 0.5, 0.3  # correlations between which a shift is trusted more or less

_PERIODIC = 0.6  # strength from which a frame shows the resonances of a voice
_CLASS_DB, _CLASSES = 3, 40  # frames are sorted by level, since how loud the voice is shows only at the end
_QUIETEST_DB = 26  # below the loud frames
_LEAST_FRAMES, _LEAST_SHARE = 20, 0.25  # with pitch, and of those that are not silent, to call it a voice


class Character(NamedTuple):
    """What was measured on a voice."""

    median_hz: float
    """Of its pitch; 0 where it has none."""
    spread: float
    """Octaves between the quartiles of its pitch."""
    envelope: Floats | None
    """dB at `SCALE_HZ`; None where nothing could be measured."""
    reach_hz: float
    """Up to where the envelope means something."""


class Study(NamedTuple):
    """A whole recording of a voice."""

    character: Character
    melody: Floats
    """Pitch in hertz for each hundredth of a second, 0 where there is none."""
    levels: Floats
    """RMS of the same, full scale being 1."""


def study(blocks: Iterable[Samples], rate: int) -> Study:
    """Listen to a recording, once through; some bytes are held for each hundredth of a second of it."""
    resampler = soxr.ResampleStream(rate, pitch.RATE, 1)
    ears = _Ears()
    for block in blocks:
        ears.hear(resampler.resample_chunk(np.ascontiguousarray(block, np.float32)))
    ears.hear(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return ears.study(reach_hz=min(0.45 * rate, SCALE_HZ[-1]))


def scale(source: Character, target: Character) -> float:
    """The factor by which frequencies of *source* are to be multiplied to lie as those of *target* do.

    Nearer to 1 the less the two are alike wherever they are laid; 1 where nothing is known.
    """
    pair = _comparable(source, target)
    if pair is None:
        return 1.0
    shifts = range(-_FURTHEST, _FURTHEST + 1)
    alike = np.array([_alike(*_laid_over(*pair, shift)) for shift in shifts])
    best = int(alike.argmax())
    inner = min(max(best, 1), len(alike) - 2)
    bend = alike[inner - 1] - 2 * alike[inner] + alike[inner + 1]
    beside = (alike[inner - 1] - alike[inner + 1]) / bend / 2 if best == inner and bend < 0 else 0.0
    trust = np.clip((alike[best] - _BARELY_ALIKE) / (_CLEARLY_ALIKE - _BARELY_ALIKE), 0, 1)
    return float(2 ** (trust * (shifts[best] + beside) / STEPS_PER_OCTAVE))


def difference(source: Character, target: Character, scaled: float) -> Floats:
    """What *source* lacks of *target*, its frequencies once multiplied: dB at `SCALE_HZ`, 0 on average."""
    if source.envelope is None or target.envelope is None:
        return np.zeros(len(SCALE_HZ))
    moved = np.interp(np.log(SCALE_HZ / scaled), np.log(SCALE_HZ), source.envelope)
    known = int(np.searchsorted(SCALE_HZ, min(source.reach_hz * min(scaled, 1), target.reach_hz)))
    lacking = (target.envelope - moved)[:known]
    wide = np.pad(lacking, _SMOOTHING // 2, mode="edge")
    lacking = np.convolve(wide, np.full(_SMOOTHING, 1 / _SMOOTHING), "valid")
    return np.pad(lacking - lacking.mean(), (0, len(SCALE_HZ) - known), mode="edge")


class _Ears:
    def __init__(self) -> None:
        self._framer = pitch.Framer()
        self._hertz: list[npt.NDArray[np.float32]] = []
        self._strengths: list[npt.NDArray[np.float32]] = []
        self._levels: list[npt.NDArray[np.float32]] = []
        self._power = np.zeros((_CLASSES, pitch.SPECTRUM // 2 + 1))

    def hear(self, sound: Samples) -> None:
        for start in range(0, len(sound), 8 * pitch.RATE):
            self._look(self._framer.frames(sound[start : start + 8 * pitch.RATE]))

    def _look(self, frames: Samples) -> None:
        if not len(frames):
            return
        found = pitch.look(frames)
        self._hertz.append(found.hertz)
        self._strengths.append(found.strengths)
        self._levels.append(found.levels)
        periodic = (found.strengths.max(axis=1) > _PERIODIC) & (found.levels > 0)
        spectra = found.spectra[periodic]
        spectra = spectra / spectra.sum(axis=1, keepdims=True)
        np.add.at(self._power, _level_class(found.levels[periodic]), spectra)

    def study(self, *, reach_hz: float) -> Study:
        self._look(self._framer.last())
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0, np.float32)
        melody = np.zeros(0)
        if len(levels):
            melody = pitch.follow(np.concatenate(self._hertz), np.concatenate(self._strengths), levels)
        loud = max(float(np.percentile(levels, 97)), 1e-9) if len(levels) else 1.0
        voiced = melody[melody > 0]
        if len(voiced) < max(_LEAST_FRAMES, _LEAST_SHARE * np.count_nonzero(levels > loud / 20)):
            return Study(Character(0.0, 0.0, None, reach_hz), melody, levels.astype(np.float64))
        low, middle, high = (float(hertz) for hertz in np.percentile(voiced, (25, 50, 75)))
        last = int(_level_class(np.array([loud * 10 ** (-_QUIETEST_DB / 20)]))[0])
        power = self._power[: last + 1].sum(axis=0)
        envelope = _envelope(power, middle) if power.any() else None
        character = Character(middle, math.log2(high / low), envelope, reach_hz)
        return Study(character, melody, levels.astype(np.float64))


def _level_class(levels: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    below_db = -20 * np.log10(np.maximum(levels, 1e-9))
    return np.asarray(np.clip(below_db / _CLASS_DB, 0, _CLASSES - 1), np.intp)


def _envelope(power: Floats, median_hz: float) -> Floats:
    """Averaged over so wide a band that single harmonics do not show."""
    hertz = np.arange(len(power) + 1) - 0.5
    edges = hertz * pitch.RATE / pitch.SPECTRUM
    sums = np.concatenate(([0.0], np.cumsum(power / power.sum())))
    width = np.maximum(1.5 * median_hz, SCALE_HZ / 5)
    within = np.interp(SCALE_HZ + width / 2, edges, sums) - np.interp(SCALE_HZ - width / 2, edges, sums)
    return np.asarray(10 * np.log10(within / width + 1e-12))


def _comparable(source: Character, target: Character) -> tuple[Floats, Floats] | None:
    if source.envelope is None or target.envelope is None:
        return None
    known = int(np.searchsorted(SCALE_HZ, min(source.reach_hz, target.reach_hz)))
    if known < _LEAST_OCTAVES:
        return None
    return source.envelope[:known], target.envelope[:known]


def _laid_over(source: Floats, target: Floats, shift: int) -> tuple[Floats, Floats]:
    if shift < 0:
        return source[-shift:], target[:shift]
    return source[: len(source) - shift], target[shift:]


def _alike(one: Floats, other: Floats) -> float:
    """Correlation of two envelopes, their tilts taken away."""
    first, second = _level(one), _level(other)
    sizes = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / max(sizes, 1e-9)


def _level(envelope: Floats) -> Floats:
    at = np.arange(len(envelope)) - (len(envelope) - 1) / 2
    return np.asarray(envelope - envelope.mean() - at * (at @ envelope) / (at @ at))
