"""The melody of a voice: how high it is at each moment, and where it has no pitch.

Autocorrelation of windowed frames, made good for the window (P. Boersma, "Accurate short-term analysis of
the fundamental frequency", 1993), and the cheapest path through the candidates of all frames. A stream is
listened to in blocks; what is kept of it is a few numbers for each hundredth of a second.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from narrator.audio.blocks import Samples

FRAMES_PER_S = 100
LOWEST_HZ, HIGHEST_HZ = 60, 500

RATE = 12_000
"""At which frames are looked at, whatever the rate of the sound."""
SPECTRUM = 1024
_HOP = RATE // FRAMES_PER_S
_FRAME = 3 * RATE // LOWEST_HZ  # three periods of the lowest voice
_SHORTEST, _LONGEST = RATE // HIGHEST_HZ, RATE // LOWEST_HZ  # lags
_CANDIDATES = 4

_OCTAVE_COST = 0.01  # of a candidate, for each octave that it is lower
_JUMP_COST = 0.35  # for each octave between two frames
_CHANGE_COST = 0.14  # between a frame with pitch and one without
_VOICED = 0.45  # strength of the candidate without pitch
_SILENT = 0.03  # of the loudest frames

Floats = npt.NDArray[np.float64]


class Frames(NamedTuple):
    """What was found in some frames."""

    hertz: npt.NDArray[np.float32]
    """A row of candidates for each frame."""
    strengths: npt.NDArray[np.float32]
    """Of each, 1 for a perfect period; -1 for none."""
    levels: npt.NDArray[np.float32]
    """RMS of each frame."""
    spectra: Floats
    """Power of each frame, `SPECTRUM // 2 + 1` bins."""


class Framer:
    """Cuts a stream at `RATE` into frames, the middle of frame *n* lying at n hundredths of a second."""

    def __init__(self) -> None:
        self._held = np.zeros(_FRAME // 2, np.float32)

    def frames(self, sound: Samples) -> Samples:
        """The frames that are whole now, a row each."""
        self._held = np.concatenate((self._held, sound))
        count = (len(self._held) - _FRAME) // _HOP + 1
        if count < 1:
            return np.zeros((0, _FRAME), np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(self._held, _FRAME)[: count * _HOP : _HOP]
        self._held = self._held[count * _HOP :].copy()
        return rows

    def last(self) -> Samples:
        """The frames that reach over the end."""
        return self.frames(np.zeros(_FRAME - _FRAME // 2, np.float32))


def look(frames: Samples) -> Frames:
    """Candidates for the pitch of each frame."""
    level = frames - frames.mean(axis=1, keepdims=True)
    spectra = np.abs(np.fft.rfft(level * _WINDOW, SPECTRUM, axis=1)) ** 2
    lags = np.fft.irfft(spectra, axis=1)[:, : _LONGEST + 2]
    alike = lags / np.maximum(lags[:, :1], 1e-12) / _OF_WINDOW
    inner = alike[:, _SHORTEST : _LONGEST + 1]
    peaks = (inner > alike[:, _SHORTEST - 1 : _LONGEST]) & (inner >= alike[:, _SHORTEST + 1 : _LONGEST + 2])
    strengths = np.where(peaks, np.minimum(inner, 1) - _COSTS, -1.0)
    best = np.argpartition(-strengths, _CANDIDATES - 1, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(frames))[:, None]
    lag = best + _SHORTEST
    hertz = RATE / (lag + _summit(alike[rows, lag - 1], alike[rows, lag], alike[rows, lag + 1]))
    return Frames(
        hertz.astype(np.float32),
        strengths[rows, best].astype(np.float32),
        np.sqrt((level**2).mean(axis=1)).astype(np.float32),
        spectra,
    )


def follow(
    hertz: npt.NDArray[np.float32], strengths: npt.NDArray[np.float32], levels: npt.NDArray[np.float32]
) -> Floats:
    """
    The pitch of each frame in hertz, 0 where there is none.

    Args:
        hertz: of the candidates, a row for each frame.
        strengths: of the candidates.
        levels: of the frames.
    """
    if not len(hertz):
        return np.zeros(0)
    loud = max(float(np.percentile(levels, 97)), 1e-9)
    silence = _VOICED + np.maximum(0, 2 - levels / loud / _SILENT * (1 + _VOICED))
    height = np.log2(hertz)
    state = np.concatenate((silence[:, None], np.where(strengths < 0, -1e3, strengths)), axis=1)
    cost = np.zeros((_CANDIDATES + 1, _CANDIDATES + 1))
    cost[0, 1:] = cost[1:, 0] = _CHANGE_COST
    came = np.zeros(state.shape, np.int8)
    score = state[0]
    columns = np.arange(_CANDIDATES + 1)
    for at in range(1, len(state)):
        cost[1:, 1:] = _JUMP_COST * np.abs(height[at - 1][:, None] - height[at])
        paths = score[:, None] - cost
        came[at] = best = paths.argmax(axis=0)
        score = paths[best, columns] + state[at]
    return _walked_back(hertz, came, int(score.argmax()))


def _walked_back(hertz: npt.NDArray[np.float32], came: npt.NDArray[np.int8], chosen: int) -> Floats:
    pitch = np.zeros(len(hertz))
    for at in range(len(hertz) - 1, -1, -1):
        if chosen:
            pitch[at] = hertz[at, chosen - 1]
        chosen = int(came[at, chosen])
    return pitch


def _summit(before: Floats, peak: Floats, after: Floats) -> Floats:
    """Where a parabola through three neighbours is highest, from the middle one."""
    bend = np.minimum(before - 2 * peak + after, -1e-9)
    return np.asarray(np.clip((before - after) / bend / 2, -0.5, 0.5))


_WINDOW = np.hanning(_FRAME + 2)[1:-1].astype(np.float32)
_OF_WINDOW = np.fft.irfft(np.abs(np.fft.rfft(_WINDOW, SPECTRUM)) ** 2)[: _LONGEST + 2]
_OF_WINDOW = _OF_WINDOW / _OF_WINDOW[0]
_COSTS = _OCTAVE_COST * np.log2(np.arange(_SHORTEST, _LONGEST + 1) * LOWEST_HZ / RATE)
