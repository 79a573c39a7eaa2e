"""What is measured on a take when it is stored: how loud, and where its sound begins and ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from narrator.takes import Level, Pcm

_FULL_SCALE = 32768
_BELOW_PEAK = 10 ** (-50 / 20)
"""A fricative lies some 20 to 40 dB under the peak of the loudest vowel."""
_FLOOR = 10 ** (-66 / 20) * _FULL_SCALE
"""However quiet a take is, what lies below is noise: about 16 steps of 16-bit samples."""
_WINDOW_MS = 5
_WINDOWS_AT_ONCE = 2048
"""Squares take four times the room of samples; this bounds them."""


def measure(pcm: Pcm, rate: int) -> Level:
    """Measure a take.

    Sound is where the RMS of a 5 ms window is above -66 dBFS and within 50 dB of the take's peak;
    its first and last sample are found among the single samples there. A lone click is sound.
    """
    if not len(pcm):
        return Level(peak=0.0, energy=0.0, speech_start_sample=0, speech_end_sample=0)
    peak = max(int(pcm.max()), -int(pcm.min()))
    window = max(1, rate * _WINDOW_MS // 1000)
    energies = _energies(pcm, window)
    start, end = _sounding(pcm, energies, window, threshold=max(_FLOOR, peak * _BELOW_PEAK))
    # Integers, so that the sum is the same whatever the order in which a processor adds.
    outside = _energies(pcm[:start], window).sum() + _energies(pcm[end:], window).sum()
    return Level(
        peak=peak / _FULL_SCALE,
        energy=int(energies.sum() - outside) / _FULL_SCALE**2,
        speech_start_sample=start,
        speech_end_sample=end,
    )


def _sounding(pcm: Pcm, energies: npt.NDArray[np.int64], window: int, *, threshold: float) -> tuple[int, int]:
    """First sample of sound and the one after the last; 0, 0 where there is none."""
    lengths = np.minimum(window, len(pcm) - window * np.arange(len(energies)))
    (loud,) = np.nonzero(energies > threshold**2 * lengths)
    if not len(loud):
        return 0, 0
    # An onset may lie at the very end of the window before, too short there to make it loud.
    first = max(0, (int(loud[0]) - 1) * window)
    last = max(0, (int(loud[-1]) - 1) * window)
    return first + _above(pcm[first:], window, threshold)[0], last + _above(pcm[last:], window, threshold)[1]


def _above(pcm: Pcm, window: int, threshold: float) -> tuple[int, int]:
    """First sample over *threshold* and the one after the last, among the first three windows."""
    (over,) = np.nonzero(np.abs(pcm[: 3 * window].astype(np.int32)) > threshold)
    return int(over[0]), int(over[-1]) + 1


def _energies(pcm: Pcm, window: int) -> npt.NDArray[np.int64]:
    """Sum of squares of each window, the last one as long as it is."""
    step = window * _WINDOWS_AT_ONCE
    energies = np.zeros(-(-len(pcm) // window), np.int64)
    for i in range(0, len(pcm), step):
        squares = np.square(pcm[i : i + step], dtype=np.int64)
        starts = np.arange(0, len(squares), window)
        energies[i // window : i // window + len(starts)] = np.add.reduceat(squares, starts)
    return energies
