"""Sound cut into grains and put down again: another pitch, other resonances, every moment in its place.

Where there is a pitch, a grain is two periods long; grains closer together are a higher pitch (TD-PSOLA,
Moulines and Charpentier 1990), and grains played faster have higher resonances (Lent 1989). Where there is
none they lie where they lay, and what comes out is what went in.
"""

from __future__ import annotations

import numpy as np

from narrator.audio.blocks import Samples
from narrator.audio.pitch import FRAMES_PER_S, Floats

_STEP_S = 0.005
"""Between grains where there is no pitch."""
_REACH = (0.75, 1.3)
"""In which part of a period after a mark the next one is looked for."""
_HALF = 0.6
"""Of a period, on either side of a mark, that must be alike at the next one."""
_EVEN = 0.1
"""How much a period of another length than expected must be more alike."""


def move(sound: Samples, rate: int, *, melody: Floats, wanted: Floats, scaled: float) -> Floats:
    """
    *sound* at another pitch, as long as it was.

    Args:
        melody: its pitch in hertz for each hundredth of a second, 0 where there is none.
        wanted: the pitch that it is to have, where it has one.
        scaled: the factor for its resonances.
    """
    marks, pitched = _marks(sound, rate, melody)
    middles = (marks[1:] + marks[:-1]) / 2
    gaps = np.diff(marks, prepend=marks[0] - 1, append=marks[-1] + 1).astype(np.float64)
    out = np.zeros(len(sound))
    last, place = len(marks) - 1, 0.0
    while (at := int(np.searchsorted(middles, place))) < last:
        mark, left, right = int(marks[at]), gaps[at], gaps[at + 1]
        if pitched[at]:
            frame = _frame(mark, rate, melody)
            step = rate / wanted[frame]
            gain = np.sqrt(step * melody[frame] / rate)  # keeps the energy of grains that lie otherwise
            _put(out, sound, (mark, place), (left / scaled, right / scaled), scaled, gain)
            place += step
        else:
            _put(out, sound, (mark, float(mark)), (left, right), 1.0, 1.0)
            place = float(marks[at + 1])
    _put(out, sound, (len(sound), float(len(sound))), (gaps[last], 1.0), 1.0, 1.0)
    return out


def _put(
    out: Floats,
    sound: Samples,
    centres: tuple[float, float],
    halves: tuple[float, float],
    faster: float,
    gain: float,
) -> None:
    """
    Add one grain.

    Args:
        centres: of the grain, in *sound* and in *out*.
        halves: how far it reaches in *out*, to the left and to the right.
        faster: than it was.
    """
    centre, place = centres
    first = max(int(np.ceil(place - halves[0])), 0)
    end = min(int(np.floor(place + halves[1])), len(out) - 1) + 1
    if first >= end:
        return
    away = np.arange(first, end) - place
    window = 0.5 + 0.5 * np.cos(np.pi * away / np.where(away < 0, halves[0], halves[1]))
    read = np.clip(centre + faster * away, 0, len(sound) - 1)
    before = read.astype(np.intp)
    after = np.minimum(before + 1, len(sound) - 1)
    out[first:end] += gain * window * (sound[before] + (read - before) * (sound[after] - sound[before]))


def _marks(sound: Samples, rate: int, melody: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Samples one period (or one step) apart up to the end, and at which of them there is a pitch."""
    step = max(1, round(_STEP_S * rate))
    marks, pitched = [0], [False]
    while True:
        mark = marks[-1]
        hertz = melody[_frame(mark, rate, melody)]
        if not hertz:
            following = mark + step
        elif pitched[-1]:
            following = _next_period(sound, mark, rate / hertz)
        else:
            following = _first_period(sound, mark, rate / hertz)
        if following >= len(sound):
            break
        marks.append(following)
        pitched.append(bool(melody[_frame(following, rate, melody)]))
    return np.array([*marks, len(sound)]), np.array([*pitched, False])


def _first_period(sound: Samples, mark: int, period: float) -> int:
    """The peak of a period that begins here."""
    within = sound[mark + 2 : mark + 2 + int(_REACH[1] * period)]
    return mark + 2 + int(np.abs(within).argmax()) if len(within) else len(sound)


def _next_period(sound: Samples, mark: int, period: float) -> int:
    """Where the sound is most like what it is around *mark*, about a period later."""
    half = int(_HALF * period)
    first, last = mark + int(_REACH[0] * period), mark + int(_REACH[1] * period)
    if mark < half or last + half >= len(sound):
        return mark + round(period)
    here = sound[mark - half : mark + half + 1]
    there = sound[first - half : last + half + 1]
    sums = np.concatenate(([0.0], np.cumsum(np.square(there, dtype=np.float64))))
    energies = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) * float(here @ here)
    alike = np.correlate(there, here, "valid") / np.sqrt(np.maximum(energies, 1e-12))
    uneven = np.abs(np.arange(first, last + 1) - mark - period) / period
    return first + int((alike - _EVEN * uneven).argmax())


def _frame(sample: float, rate: int, melody: Floats) -> int:
    return min(round(sample * FRAMES_PER_S / rate), len(melody) - 1)
