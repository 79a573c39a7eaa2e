"""The cheapest walk through a rendition beside a take: at every frame of the take it stands somewhere."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from narrator.aligning.features import Floats

Frames: TypeAlias = npt.NDArray[np.intp]

STAY, PASS = 0.25, 0.4
"""What it costs to stay in a place that sounds, and to pass over one; two at most are passed over at once."""
MOST = 3
"""Places that a step goes on by."""
SLAB = 32
"""Frames of the take that are compared together."""
FAR = np.float32(1e30)


class Prices(NamedTuple):
    """What the steps cost that end in each place; a step to the next place is free."""

    stay: Floats
    two: Floats
    three: Floats

    @classmethod
    def of(cls, pauses: npt.NDArray[np.bool_], *, passing: float = PASS) -> Prices:
        """To stay in a pause, or to leave it out, is free; to pass over another place costs *passing*."""
        passed = np.where(pauses, 0, passing).astype(np.float32)
        one_back = np.concatenate(([FAR], passed[:-1]))
        two_back = np.concatenate(([FAR, FAR], passed[:-2]))[: len(passed)]
        stay = np.where(pauses, 0, STAY).astype(np.float32)
        return cls(stay, one_back, np.asarray(one_back + two_back, np.float32))


def walk(take: Floats, told: Floats, prices: Prices, lows: Frames, width: int) -> Frames:
    """
    Find the cheapest way from the first place, or the one after it, to the last.

    Args:
        take: unit rows.
        told: unit rows, a place each.
        prices: for each place.
        lows: for each frame of the take, the first place it may be beside; never falling, rising by less
            than *width*.
        width: how many it may be beside.

    Returns:
        the place of each frame; never falling.
    """
    steps = np.empty((len(take), width), np.uint8)
    totals = np.full(2 * width + MOST, FAR, np.float32)
    now = totals[MOST : MOST + width]
    rows = _padded(told, 2 * width)
    stay, two, three = (_padded(price, 2 * width) for price in prices)
    best, other = np.empty(width, np.float32), np.empty(width, np.float32)
    turns = np.zeros((SLAB, MOST, width), bool)
    at = int(lows[0])
    for first in range(0, len(take), SLAB):
        these = lows[first : first + SLAB].tolist()
        base = these[0]
        unlike = 1 - take[first : first + SLAB] @ rows[base : these[-1] + width].T
        unlike[:, max(len(told) - base, 0) :] = FAR
        for row, low in enumerate(these):
            turn = turns[row]
            local = unlike[row, low - base : low - base + width]
            if not first + row:
                now[:2] = local[:2]
                continue
            place = MOST + low - at
            at = low
            np.add(totals[place : place + width], stay[low : low + width], out=best)
            step = totals[place - 1 : place - 1 + width]
            np.less(step, best, out=turn[0])
            np.minimum(step, best, out=best)
            np.add(totals[place - 2 : place - 2 + width], two[low : low + width], out=other)
            np.less(other, best, out=turn[1])
            np.minimum(other, best, out=best)
            np.add(totals[place - 3 : place - 3 + width], three[low : low + width], out=other)
            np.less(other, best, out=turn[2])
            np.minimum(other, best, out=best)
            np.add(best, local, out=now)
        taken = turns[: len(these)].view(np.uint8) * np.arange(1, MOST + 1, dtype=np.uint8)[:, None]
        np.max(taken, axis=1, out=steps[first : first + SLAB])
    return _back(steps, lows, len(told) - 1)


def _padded(rows: Floats, more: int) -> Floats:
    return np.concatenate((rows, np.zeros((more, *rows.shape[1:]), np.float32)))


def _back(steps: npt.NDArray[np.uint8], lows: Frames, at: int) -> Frames:
    """From the last place to the first, by the steps that were taken."""
    places = []
    width, known = steps.shape[1], steps.reshape(-1).data
    base = known.nbytes
    for low in reversed(lows.tolist()):
        places.append(at)
        base -= width
        # Where no way leads to the last place, one goes on from the nearest.
        at = max(at - known[base + min(max(at - low, 0), width - 1)], 0)
    return np.array(places[::-1], np.intp)
