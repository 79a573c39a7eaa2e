"""How loud a stream is, measured as it passes; levels in dB against full scale."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from narrator.audio.blocks import Samples
from narrator.audio.profiles import Loudness

SILENCE_DB = -200.0
"""What stands for the level of digital silence, so that every level is a number."""

_HOPS_A_SECOND = 10
_FLOOR_HOPS = 5  # the noise floor is the quietest half second


class Meter:
    """Measures a stream of blocks of any length; memory does not grow."""

    def __init__(self, rate: int) -> None:
        self.samples = 0
        """Measured so far."""
        self._hop = rate // _HOPS_A_SECOND
        self._peak = 0.0
        self._energy = 0.0  # of the hops that are complete
        self._partial = 0.0  # of the one that is not
        self._latest: npt.NDArray[np.float64] = np.zeros(0)
        self._quietest = math.inf

    def feed(self, block: Samples) -> None:
        """Measure the next samples."""
        if not len(block):
            return
        self._peak = max(self._peak, float(block.max()), -float(block.min()))
        squares = np.square(block)
        missing = -self.samples % self._hop
        self.samples += len(block)
        self._partial += float(squares[:missing].sum())
        if len(block) < missing:
            return
        whole = missing + (len(block) - missing) // self._hop * self._hop
        hops = squares[missing:whole].reshape(-1, self._hop).sum(axis=1).astype(np.float64)
        self._close(np.concatenate(([self._partial], hops)) if missing else hops)
        self._partial = float(squares[whole:].sum())

    def result(self) -> Loudness:
        """What was measured so far."""
        mean = (self._energy + self._partial) / max(1, self.samples)
        quietest = self._quietest / (_FLOOR_HOPS * self._hop) if math.isfinite(self._quietest) else mean
        return Loudness(
            rms_db=round(decibels(math.sqrt(mean)), 2),
            peak_db=round(decibels(self._peak), 2),
            floor_db=round(decibels(math.sqrt(quietest)), 2),
        )

    def _close(self, hops: npt.NDArray[np.float64]) -> None:
        self._energy += float(hops.sum())
        hops = np.concatenate((self._latest, hops))
        self._latest = hops[-(_FLOOR_HOPS - 1) :]
        if len(hops) >= _FLOOR_HOPS:
            windows = np.lib.stride_tricks.sliding_window_view(hops, _FLOOR_HOPS)
            self._quietest = min(self._quietest, float(windows.sum(axis=1).min()))


def decibels(amplitude: float) -> float:
    """An amplitude in dB, no lower than `SILENCE_DB`."""
    return max(SILENCE_DB, 20 * math.log10(amplitude)) if amplitude > 0 else SILENCE_DB


def amplitude(decibels: float) -> float:
    """The amplitude of a level in dB."""
    return float(10 ** (decibels / 20))
