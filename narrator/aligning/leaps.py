"""A way through a rendition beside a take that may leap: over words, or back to words it has passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from narrator.aligning.features import Floats

Frames: TypeAlias = npt.NDArray[np.intp]

STAY, TWO, THREE = 0.3, 0.3, 0.8
"""What it costs to stay on a frame, to pass over one, and to pass over two; 1 is an unlike pair of frames."""
FAR = np.float32(1e9)
_LEAP = 4
"""Among the steps of a way; those below pass on by that many frames."""


class Leap(NamedTuple):
    """Where a way leaves the words in their order."""

    row: int
    """The frame of the take after it; as many as there are, where it leaves before the last words."""
    left: int
    """Index of the word it left at the end of; -1 where it does not begin with the first."""
    entered: int
    """Of the one it goes on with; as many as there are, where it leaves before the last."""


class Way(NamedTuple):
    """The cheapest way."""

    cost: float
    frames: Frames
    """For each frame of the take, the one of the rendition beside it."""
    leaps: tuple[Leap, ...]


def find(
    unlike: Floats,
    starts: Frames,
    ends: Frames,
    *,
    leap: Literal["forward", "back"] | None = None,
    price: float = 0.0,
) -> Way:
    """
    Find the cheapest way from the first words to the last.

    Args:
        unlike: what each pair of frames costs: (take, rendition).
        starts: first frame of each word in the rendition.
        ends: last frame of each word.
        leap: whether it may leave words out, or say some again.
        price: what a leap costs.
    """
    rows, columns = unlike.shape
    steps = np.zeros((rows, columns), np.int8)
    leaving = np.full((rows + 1, len(starts)), FAR, np.float32)
    totals = np.full(columns + 3, FAR, np.float32)
    totals[3] = unlike[0, 0]
    if leap == "forward" and len(starts) > 1:
        totals[3 + starts[1:]] = unlike[0, starts[1:]] + price
        steps[0, starts[1:]] = _LEAP
    best, other = np.empty(columns, np.float32), np.empty(columns, np.float32)
    cheaper = np.empty(columns, bool)
    for row in range(1, rows):
        step = steps[row]
        np.add(totals[3:], np.float32(STAY), out=best)
        for passed, cost in ((1, 0.0), (2, TWO), (3, THREE)):
            np.add(totals[3 - passed : 3 - passed + columns], np.float32(cost), out=other)
            np.less(other, best, out=cheaper)
            step[cheaper] = passed
            np.minimum(other, best, out=best)
        if leap:
            leaving[row] = totals[3 + ends]
            offered = _offers(leaving[row], leap) + np.float32(price)
            taken = offered < best[starts]
            if taken.any():
                best[starts[taken]] = offered[taken]
                step[starts[taken]] = _LEAP
        np.add(best, unlike[row], out=totals[3:])
    return _back(totals[3:], steps, leaving, starts, ends, leap, price)


def _offers(leaving: Floats, leap: Literal["forward", "back"]) -> Floats:
    """For each word, the least cost at the end of a word that it can be leapt to from."""
    if leap == "back":
        return np.asarray(np.minimum.accumulate(leaving[::-1])[::-1])
    offers = np.full_like(leaving, FAR)
    offers[2:] = np.minimum.accumulate(leaving)[:-2]
    return offers


def _back(
    totals: Floats,
    steps: npt.NDArray[np.int8],
    leaving: Floats,
    starts: Frames,
    ends: Frames,
    leap: Literal["forward", "back"] | None,
    price: float,
) -> Way:
    rows, columns = steps.shape
    cost, at = float(totals[-1]), columns - 1
    leaps: list[Leap] = []
    if leap == "forward" and len(starts) > 1:
        last = int(totals[ends[:-1]].argmin())
        if float(totals[ends[last]]) + price < cost:
            cost, at = float(totals[ends[last]]) + price, int(ends[last])
            leaps.append(Leap(rows, last, len(starts)))
    frames = np.empty(rows, np.intp)
    for row in range(rows - 1, -1, -1):
        frames[row] = at
        step = int(steps[row, at])
        if step < _LEAP:
            at -= step
            continue
        # Several words may begin at one frame: of those left out the last, of those said again the first.
        words = np.flatnonzero(starts == at)
        entered = int(words[-1] if leap == "forward" else words[0])
        left = -1
        if row and leap == "forward":
            left = int(leaving[row, : entered - 1].argmin())
        elif row:
            left = entered + int(leaving[row, entered:].argmin())
        leaps.append(Leap(row, left, entered))
        at = int(ends[left]) if row else at
    return Way(cost, frames, tuple(leaps[::-1]))


def cheapest(unlike: Floats, orders: Sequence[Frames]) -> npt.NDArray[np.float64]:
    """Mean cost of the cheapest way, without leaps, through the frames of a rendition in each of some orders.

    Args:
        unlike: what each pair of frames costs: (take, rendition).
        orders: all of one length.
    """
    columns = np.stack(orders)
    rows, (count, length) = len(unlike), columns.shape
    totals = np.full((count, length + 3), FAR, np.float32)
    totals[:, 3] = unlike[0][columns[:, 0]]
    best, other = np.empty((count, length), np.float32), np.empty((count, length), np.float32)
    for row in range(1, rows):
        np.add(totals[:, 3:], np.float32(STAY), out=best)
        for passed, cost in ((1, 0.0), (2, TWO), (3, THREE)):
            np.add(totals[:, 3 - passed : 3 - passed + length], np.float32(cost), out=other)
            np.minimum(other, best, out=best)
        np.add(best, unlike[row][columns], out=totals[:, 3:])
    return np.asarray(totals[:, -1] / rows, np.float64)
