"""One voice's recording in another voice: every moment stays where it is, its pitch and resonances move.

Signal processing, and no more than that. The melody is shifted and stretched so that its median and its
quartiles become the target's; resonances are multiplied by one factor (`grains` does both); what the
average spectrum then still lacks of the target's is added by a gentle filter; and the loudness of the
recording is kept moment by moment. Sounds without pitch keep their pitchless selves, and how somebody
speaks (accent, pace, emphasis) stays as it was: that is what a recording is converted for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from narrator.audio import grains
from narrator.audio.blocks import Samples
from narrator.audio.character import SCALE_HZ, Character, Study, difference, scale
from narrator.audio.limiter import limit
from narrator.audio.pitch import FRAMES_PER_S, HIGHEST_HZ, LOWEST_HZ, Floats

CEILING_DB = -1.0
"""Peaks of what comes out, those between samples too."""

_STRETCH_S = (6, 12)
"""What is converted at a time: up to the quietest moment without pitch between these."""
_MARGIN = FRAMES_PER_S // 10  # frames worked on beyond both ends of it, and thrown away
_FADE_S = 0.01

_MOST_RANGE = 2.0  # how much livelier, or flatter, a melody is made
_OUT_HZ = (0.8 * LOWEST_HZ, 1.3 * HIGHEST_HZ)
_MOST_DB = 9.0  # of the filter
_TAPS_S = 0.01
_LOUDNESS_S = 0.01
_LOUDNESS_TAPS = np.array((0.1, 0.25, 0.3, 0.25, 0.1))
_MOST_GAIN = 4.0


class _Plan(NamedTuple):
    melody: Floats
    """Pitch for each hundredth of a second, as it is."""
    wanted: Floats
    """The same, as it is to be."""
    scaled: float
    taps: Floats


class _Stretch(NamedTuple):
    sound: Samples
    """With its margins."""
    frame: int
    """Hundredth of a second of the recording at which `sound` begins."""
    first: int
    """Sample of `sound` from which it counts."""
    end: int


def convert(blocks: Iterable[Samples], rate: int, *, source: Study, target: Character) -> Iterator[Samples]:
    """
    The recording in another voice, exactly as long as it was, in blocks.

    Args:
        blocks: the recording, mono; some 12 s of it are held at a time.
        rate: samples a second, a multiple of 100.
        source: what `study` found in the same recording.
        target: what `study` found in some seconds of the other voice.
    """
    plan = _plan(source, target, rate)
    return limit(
        _joined(_stretches(blocks, _cuts(source), rate), plan, rate), rate=rate, ceiling_db=CEILING_DB
    )


def _plan(source: Study, target: Character, rate: int) -> _Plan:
    own = source.character
    scaled = scale(own, target)
    lacking = np.clip(difference(own, target, scaled), -_MOST_DB, _MOST_DB)
    melody = source.melody if len(source.melody) else np.zeros(1)
    wanted = melody
    if own.median_hz and target.median_hz:
        livelier = np.clip(target.spread / max(own.spread, 1e-3), 1 / _MOST_RANGE, _MOST_RANGE)
        from_median = np.where(melody > 0, melody, own.median_hz) / own.median_hz
        wanted = np.clip(target.median_hz * from_median**livelier, *_OUT_HZ)
    return _Plan(melody, wanted, scaled, _filter(lacking, rate))


def _filter(lacking: Floats, rate: int) -> Floats:
    """Taps, symmetrical and of an odd number, so that nothing is shifted in time."""
    half = round(_TAPS_S * rate / 2)
    size = 1 << (8 * half).bit_length()
    gains = 10 ** (np.interp(np.fft.rfftfreq(size, 1 / rate), SCALE_HZ, lacking) / 20)
    taps = np.roll(np.fft.irfft(gains, size), half)[: 2 * half + 1]
    return np.asarray(taps * np.hanning(2 * half + 3)[1:-1])


def _cuts(source: Study) -> list[int]:
    """The frames at which a recording is divided."""
    least, most = (seconds * FRAMES_PER_S for seconds in _STRETCH_S)
    cuts: list[int] = []
    done = 0
    while len(source.melody) - done > most + _MARGIN:
        pitched = source.melody[done + least : done + most] > 0
        done += least + int(np.argmin(source.levels[done + least : done + most] + 10 * pitched))
        cuts.append(done)
    return cuts


def _stretches(blocks: Iterable[Samples], cuts: list[int], rate: int) -> Iterator[_Stretch]:
    samples = rate // FRAMES_PER_S  # of a frame
    held, frame, first = [np.zeros(0, np.float32)], 0, 0
    length = 0
    for block in blocks:
        held.append(block)
        length += len(block)
        while cuts and length >= (cuts[0] + _MARGIN - frame) * samples:
            cut = cuts.pop(0)
            sound = np.concatenate(held)
            end = (cut - frame) * samples
            yield _Stretch(sound[: end + _MARGIN * samples], frame, first, end)
            held, first = [sound[end - _MARGIN * samples :]], _MARGIN * samples
            frame, length = cut - _MARGIN, len(held[0])
    yield _Stretch(np.concatenate(held), frame, first, length)


def _joined(stretches: Iterable[_Stretch], plan: _Plan, rate: int) -> Iterator[Samples]:
    """Faded into each other where they meet, which is not heard where both are as they were."""
    fade = round(_FADE_S * rate)
    before = np.zeros(0, np.float32)
    for stretch in stretches:
        sound = _converted(stretch, plan, rate)
        rising = np.linspace(0, 1, len(before), dtype=np.float32)
        meeting = sound[stretch.first : stretch.first + len(before)]
        meeting += (before - meeting) * (1 - rising)
        before = sound[stretch.end : stretch.end + fade].copy()
        yield sound[stretch.first : stretch.end]


def _converted(stretch: _Stretch, plan: _Plan, rate: int) -> Samples:
    sound = stretch.sound
    if not len(sound):
        return np.zeros(0, np.float32)
    moved = grains.move(
        sound,
        rate,
        melody=plan.melody[stretch.frame :],
        wanted=plan.wanted[stretch.frame :],
        scaled=plan.scaled,
    )
    moved = _filtered(moved, plan.taps)
    return np.asarray(moved * _gains(sound, moved, rate), np.float32)


def _filtered(sound: Floats, taps: Floats) -> Floats:
    size = 1 << (len(sound) + len(taps)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(taps, size)
    return np.fft.irfft(spectrum, size)[len(taps) // 2 :][: len(sound)]


def _gains(before: Samples, after: Floats, rate: int) -> Floats:
    """What makes *after* as loud as *before* was, moment by moment; 0 where that was silent."""
    hop = round(_LOUDNESS_S * rate)
    was, is_ = _energies(before.astype(np.float64), hop), _energies(after, hop)
    gains = np.minimum(np.sqrt(was / np.maximum(is_, 1e-12)), _MOST_GAIN)
    return np.interp(np.arange(len(after)), (np.arange(len(gains)) + 0.5) * hop, gains)


def _energies(sound: Floats, hop: int) -> Floats:
    energies = np.add.reduceat(sound**2, np.arange(0, len(sound), hop))
    return np.convolve(np.pad(energies, len(_LOUDNESS_TAPS) // 2, mode="edge"), _LOUDNESS_TAPS, "valid")
