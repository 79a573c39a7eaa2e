"""A look-ahead limiter: the gain is down before a peak comes and up again after it, and never overshoots.

The gain that each group of samples needs is held over a window (a running minimum) and then smoothed
twice within that window. A mean of values none of which is above what a sample needs is not above it
either; and where nothing is hot, nothing is touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from narrator.audio.blocks import Samples, even_blocks
from narrator.audio.loudness import amplitude

_GROUP = 32  # samples that share one look at their peak
_ROW = 36 * _GROUP  # samples that are passed over at one look where none is hot
HOLD_S = 0.0325
"""How long the gain stays down before and after a peak; less lets a short text be louder, and less clean."""
# Peaks between samples are looked for from this share of the ceiling up: 3 dB is what they add to a
# tone at a quarter of the sample rate.
_HOT = 0.7
_TAPS = 16
_PHASES = (0.25, 0.5, 0.75)  # of the way to the next sample
_MARGIN = 1e-6  # rounding to 32-bit floats on the way may not lift a peak over the ceiling

_Gains = npt.NDArray[np.float64]
_T = TypeVar("_T")


class _Measured(NamedTuple):
    block: Samples
    needs: _Gains | None
    """The gain each group needs, 1 where it needs none; None where no group does."""


def limit(
    blocks: Iterable[Samples],
    *,
    rate: int,
    ceiling_db: float,
    gain_db: float = 0.0,
    hold_s: float = HOLD_S,
) -> Iterator[Samples]:
    """The stream raised by *gain_db*, its peaks held at *ceiling_db*, those between samples too.

    What comes out does not depend on how the stream was cut, is as long as what went in, and comes in
    fresh blocks of `BLOCK_SAMPLES`, three of which are held at a time.
    """
    ceiling = amplitude(ceiling_db) * (1 - _MARGIN)
    hold = math.ceil(hold_s * rate / _GROUP)
    even = even_blocks(blocks, gain=amplitude(gain_db))
    for before, (block, needs), after in _neighbours(_measured(even, ceiling)):
        around = (before.needs if before else None, needs, after.needs if after else None)
        if any(gains is not None for gains in around):
            _apply(block, _smoothed(*around, groups=-(-len(block) // _GROUP), hold=hold))
        yield block


def _measured(blocks: Iterable[Samples], ceiling: float) -> Iterator[_Measured]:
    nothing = np.zeros(0, np.float32)
    for before, block, after in _neighbours(blocks):
        edges = (nothing if before is None else before, nothing if after is None else after)
        yield _Measured(block, _needs(block, edges, ceiling))


def _needs(block: Samples, edges: tuple[Samples, Samples], ceiling: float) -> _Gains | None:
    """The gain each group needs so that its peaks, and those before the next group, keep the ceiling."""
    rows = np.pad(block, (0, -len(block) % _ROW)) if len(block) % _ROW else block
    rows = rows.reshape(-1, _ROW)
    warm = np.flatnonzero(np.maximum(rows.max(axis=1), -rows.min(axis=1)) > _HOT * ceiling)
    if not len(warm):
        return None
    peaks = np.abs(rows[warm]).reshape(len(warm), -1, _GROUP).max(axis=2)
    row, group = np.nonzero(peaks > _HOT * ceiling)
    hot = warm[row] * (_ROW // _GROUP) + group
    needs = np.ones(rows.size // _GROUP)
    needs[hot] = np.minimum(1.0, ceiling / _true_peaks(rows.ravel(), hot, edges))
    return needs if needs.min() < 1 else None


def _true_peaks(sound: Samples, groups: npt.NDArray[np.intp], edges: tuple[Samples, Samples]) -> _Gains:
    """The largest absolute value of each of these groups, 4 times oversampled."""
    reach = _TAPS // 2
    before, after = edges[0][-reach:], edges[1][:reach]
    wide = np.concatenate(
        (np.zeros(reach - len(before), np.float32), before, sound, after, np.zeros(reach, np.float32))
    )
    # One column a group, so that each tap is one multiplication over whole memory.
    first = groups * _GROUP + 1
    windows = wide[first + np.arange(_GROUP + _TAPS - 1)[:, None]]
    peaks = np.abs(windows[reach - 1 : reach - 1 + _GROUP]).max(axis=0)
    product = np.empty((_GROUP, len(groups)), np.float32)
    for taps in _INTERPOLATORS:
        between = windows[:_GROUP] * taps[0]
        for tap in range(1, _TAPS):
            between += np.multiply(windows[tap : tap + _GROUP], taps[tap], out=product)
        np.maximum(peaks, np.abs(between, out=between).max(axis=0), out=peaks)
    return np.asarray(peaks, np.float64)


def _interpolator(phase: float) -> Samples:
    """Windowed-sinc taps for the value between sample 7 and sample 8 of 16."""
    distance = np.arange(_TAPS) - (_TAPS // 2 - 1) - phase
    taps = np.sinc(distance) * np.i0(6.0 * np.sqrt(1 - (distance / (_TAPS // 2)) ** 2))
    return np.asarray(taps / taps.sum(), np.float32)


_INTERPOLATORS = tuple(_interpolator(phase) for phase in _PHASES)


def _smoothed(
    before: _Gains | None, needs: _Gains | None, after: _Gains | None, *, groups: int, hold: int
) -> _Gains:
    """The gain at each border of the block's groups, its own two ends included."""
    reach = 2 * hold
    around = np.ones(reach + groups + reach)
    if before is not None:
        around[:reach] = before[-reach:]
    if needs is not None:
        around[reach : reach + groups] = needs[:groups]
    if after is not None:
        around[reach + groups :][: len(after)] = after[:reach]
    held = _running_minimum(around, reach)[1:-1]
    return _means(_means(held, hold), hold)


def _running_minimum(values: _Gains, width: int) -> _Gains:
    """The minimum of each *width* neighbours, by doubling."""
    reached = 1
    while 2 * reached <= width:
        values = np.minimum(values[:-reached], values[reached:])
        reached *= 2
    rest = width - reached
    return np.minimum(values[: len(values) - rest], values[rest:])


def _means(values: _Gains, width: int) -> _Gains:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return (sums[width:] - sums[:-width]) / width


def _apply(block: Samples, borders: _Gains) -> None:
    """Multiply each group by the gain between its two borders, in place, where there is one."""
    active = np.minimum(borders[:-1], borders[1:]) < 1 - _MARGIN / 2
    ends = np.flatnonzero(np.diff(active, prepend=False, append=False))
    ramp = np.arange(_GROUP, dtype=np.float32) / np.float32(_GROUP)
    for start, end in ends.reshape(-1, 2):
        first = borders[start:end].astype(np.float32)
        step = np.diff(borders[start : end + 1]).astype(np.float32)
        part = block[start * _GROUP : end * _GROUP]
        part *= (first[:, None] + step[:, None] * ramp).ravel()[: len(part)]


def _neighbours(values: Iterable[_T]) -> Iterator[tuple[_T | None, _T, _T | None]]:
    """Each value with the one before it and the one after it."""
    before: _T | None = None
    current: _T | None = None
    for value in values:
        if current is not None:
            yield before, current, value
            before = current
        current = value
    if current is not None:
        yield before, current, None
