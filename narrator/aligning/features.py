"""Sound as rows of features that two voices have in common: the shape of the spectrum and how it changes,
not its level and not its pitch."""

from __future__ import annotations

from functools import lru_cache
from math import log2
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from narrator.takes import Pcm

Floats: TypeAlias = npt.NDArray[np.float32]

HOP_MS = 5
WINDOW_MS = 24
BANDS = 32
LOWEST_HZ, HIGHEST_HZ = 90.0, 7200.0
CEPSTRA = 8
"""More of them would tell the harmonics of a high voice from those of a low one."""
SLAB = 30
"""Frames that are looked at together: few enough for a product that BLAS does not divide among threads,
which would wait for each other while other takes are aligned."""
REACH = 3
"""Frames to either side, twice, over which a change is measured."""
CHANGE = 2.0
"""How much a change weighs."""
TILT = 1.2
"""Power of the frequency that a band is weighed with."""
FLOOR_DB = 45.0
SPOKEN_DB = 30.0
"""Below the loud parts: what is quieter is no feature of a voice; what is louder is surely speech."""
ENDING, ENDING_POWER = 0.42, 1.5
"""How fast sound may end, by how fast the steepest of another take does, in dB a frame: 11 for the usual 9,
which hardly touches it, 1.7 for the 2.5 of an echoing room."""
USUAL_FALL_DB, FEWEST_FALLS, ABOVE_NOISE_DB = 9.0, 20, 6.0
"""The steepest fall where too few frames can tell; how many it takes, and how far above the noise."""
DYING_FRAMES = (1, 2, 4, 8, 16)
"""Steps that together reach over 31 frames: from each its sound lasts on for so long at most."""
SILENT_DB = -110.0
"""Of full scale: nothing at all."""


def top_hz(*rates: int) -> float:
    """The highest frequency that sound at each of these rates holds."""
    return min(HIGHEST_HZ, 0.48 * min(rates))


def spectra(pcm: Pcm, rate: int, *, top: float, hop_ms: float = HOP_MS) -> Floats:
    """Power in each band of the mel scale up to *top* Hz, a row every *hop_ms*, the first around sample 0."""
    size = 1 << max(round(log2(rate * WINDOW_MS / 1000)), 4)
    width = min(size, max(rate * WINDOW_MS // 1000, 16))
    weights, window = _bands(size, rate, top), np.hanning(width + 2)[1:-1]
    hop = rate * hop_ms / 1000
    middles = (np.arange(int(len(pcm) / hop) + 1) * hop + 0.5).astype(np.intp)
    power = np.empty((len(middles), BANDS), np.float32)
    for first in range(0, len(middles), SLAB):
        taken = _frames(pcm, middles[first : first + SLAB], width)
        spectrum = np.fft.rfft(taken * window, size).astype(np.complex64)
        power[first : first + SLAB] = (spectrum.real**2 + spectrum.imag**2) @ weights
    return power / np.float32((32768 * window.sum()) ** 2)


def _frames(pcm: Pcm, middles: npt.NDArray[np.intp], width: int) -> npt.NDArray[np.float64]:
    """How the samples around each middle differ from the ones before them; beyond the ends are zeros."""
    begin = int(middles[0]) - width // 2 - 1
    end = int(middles[-1]) - width // 2 + width
    near = np.zeros(end - begin)
    near[max(-begin, 0) : len(pcm) - begin] = pcm[max(begin, 0) : max(end, 0)]
    return np.asarray(np.lib.stride_tricks.sliding_window_view(np.diff(near), width)[middles - middles[0]])


@lru_cache(maxsize=16)
def _bands(size: int, rate: int, top: float) -> Floats:
    """Triangles on the mel scale, heavier towards the top as speech is lighter there: (bins, bands)."""
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(top), BANDS + 2))
    bins = np.fft.rfftfreq(size, 1 / rate)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0, None)
    # A narrow band may lie between two bins.
    nearest = np.abs(bins - edges[1:-1]).argmin(axis=0)
    weights[nearest, np.arange(BANDS)] += 1e-3
    weights /= weights.sum(axis=0)
    # Differences already weigh by the square of the frequency.
    slope = 1 / (2 * np.sin(np.pi * edges[1:-1] / rate)) ** 2 * (edges[1:-1] / 1000) ** TILT
    return (weights * slope).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(1127 * np.log1p(hertz / 700))


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(700 * np.expm1(mel / 1127))


def levels(power: Floats) -> Floats:
    """Of each frame, in dB."""
    return np.asarray(10 * np.log10(power.sum(axis=1) + 1e-12), np.float32)


def loudness(level: Floats) -> float:
    """What most of the speech is no louder than, in dB; however much silence there is beside it."""
    return float(np.percentile(level[level > level.max() - SPOKEN_DB], 90))


def sounding_ms(pcm: Pcm, rate: int) -> int:
    """How long it speaks, pauses left out."""
    window = max(rate // 100, 1)
    whole = pcm[: len(pcm) // window * window].reshape(-1, window).astype(np.float32)
    level = 10 * np.log10(np.square(whole).mean(axis=1) / 32768**2 + 1e-12)
    if not len(level) or level.max() < SILENT_DB:
        return 0
    return 10 * int((level > loudness(level) - SPOKEN_DB).sum())


def noise(power: Floats) -> Floats:
    """Power in each band of what sounds all the time."""
    level = levels(power)
    heard = level > SILENT_DB
    if not heard.any():
        return np.zeros(power.shape[1], np.float32)
    quiet = heard & (level <= np.percentile(level[heard], 10))
    return np.asarray(power[quiet].mean(axis=0))


def amid(power: Floats, other: Floats) -> Floats:
    """*power* as it would be in the noise and with the colour of the *other* sound."""
    spoken, heard = (part[level >= loudness(level) - 20] for part, level in _levelled(power, other))
    colour = heard.mean(axis=0) / np.maximum(spoken.mean(axis=0), 1e-12)
    return np.asarray(power * colour + noise(other), np.float32)


def dying_away(power: Floats, other: Floats) -> Floats:
    """*power* as if its sound died away no faster than the *other* does: in a room, or in a voice."""
    dying = power.copy()
    kept = np.float32(10 ** (-ENDING * _steepest_db(other) ** ENDING_POWER / 10))
    for frames in DYING_FRAMES:
        np.maximum(dying[frames:], dying[:-frames] * kept**frames, out=dying[frames:])
    return dying


def _steepest_db(power: Floats) -> float:
    """How much the level falls in a frame where it falls fastest, silence and noise left out."""
    level = levels(power)
    loud, floor = loudness(level), float(levels(noise(power)[None])[0])
    heard = (level[:-1] < loud - 5) & (level[:-1] > max(loud - 25, floor + ABOVE_NOISE_DB))
    falls = (level[:-1] - level[1:])[heard]
    return max(float(np.percentile(falls, 98)), 0.0) if len(falls) >= FEWEST_FALLS else USUAL_FALL_DB


def _levelled(*powers: Floats) -> list[tuple[Floats, Floats]]:
    return [(power, levels(power)) for power in powers]


def shapes(power: Floats) -> Floats:
    """Cepstra of each frame, brought to the same mean and spread over what is spoken."""
    level = levels(power)
    loud = loudness(level)
    logs = np.log(power + np.float32(max(10 ** ((loud - FLOOR_DB) / 10) / BANDS, 1e-12)))
    rows = np.einsum("ij,jk->ik", logs, _cosines())  # in this thread, as above
    spoken = rows[level >= loud - SPOKEN_DB]
    return np.asarray((rows - spoken.mean(axis=0)) / (spoken.std(axis=0) + 1e-3), np.float32)


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    angles = np.outer(np.arange(BANDS) + 0.5, np.arange(CEPSTRA)) * (np.pi / BANDS)
    return np.cos(angles).astype(np.float32)


def directed(shape: Floats) -> Floats:
    """Unit rows of shapes and their changes: the product of two rows is 1 where they are alike."""
    count, reach = len(shape), REACH
    near = np.pad(shape, ((2 * reach, 2 * reach), (0, 0)), mode="edge")
    wide = near[4 * reach : 4 * reach + count] - near[:count]
    change = (2 * wide + near[3 * reach : 3 * reach + count] - near[reach : reach + count]) / 10
    return unit(np.hstack((shape, np.float32(CHANGE) * change)))


def unit(rows: npt.NDArray[np.floating]) -> Floats:
    """Each row divided by its length."""
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6), np.float32)


def cepstra(power: Floats) -> Floats:
    """Unit rows of a sound's own shapes."""
    return directed(shapes(power))
