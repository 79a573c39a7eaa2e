"""The walk, held against one that tries everything."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.aligning.features import unit
from narrator.aligning.places import Places
from narrator.aligning.warping import Prices, walk


@given(st.integers(3, 12), st.integers(3, 14), st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_no_walk_is_cheaper(frames: int, places: int, seed: int) -> None:
    """Against plain recursion over every step that is allowed."""
    random = np.random.default_rng(seed)
    take, told = unit(random.normal(size=(frames, 4))), unit(random.normal(size=(places, 4)))
    prices = Prices.of(random.random(places) < 0.3)
    unlike = 1 - take @ told.T
    if places > 3 * (frames - 1) + 2:
        return

    @cache
    def cheapest(frame: int, place: int) -> float:
        if place < 0:
            return float("inf")
        if frame == 0:
            return float(unlike[0, place]) if place < 2 else float("inf")
        ways = [
            cheapest(frame - 1, place) + float(prices.stay[place]),
            cheapest(frame - 1, place - 1),
            cheapest(frame - 1, place - 2) + float(prices.two[place]),
            cheapest(frame - 1, place - 3) + float(prices.three[place]),
        ]
        return min(ways) + float(unlike[frame, place])

    at = walk(take, told, prices, np.zeros(frames, np.intp), places)
    assert at[0] < 2
    assert at[-1] == places - 1
    step_prices = (prices.stay, np.zeros(places), prices.two, prices.three)
    cost = float(unlike[np.arange(frames), at].sum())
    cost += sum(float(step_prices[step][place]) for step, place in zip(np.diff(at), at[1:], strict=True))
    assert abs(cost - cheapest(frames - 1, places - 1)) < 1e-3


def test_a_narrow_band_that_moves_finds_the_same_way() -> None:
    """As long as the way lies in it."""
    random = np.random.default_rng(4)
    told = unit(random.normal(size=(300, 6)))
    take = told[np.sort(random.choice(300, 260, replace=False))]
    take[-1] = told[-1]
    prices = Prices.of(np.zeros(300, bool))
    wide = walk(take, told, prices, np.zeros(260, np.intp), 300)
    lows = np.clip(np.linspace(0, 300, 260).astype(np.intp) - 40, 0, 220)
    assert (walk(take, told, prices, lows, 80) == wide).all()


def test_a_pause_may_be_made_before_every_word_and_silence_is_left_out() -> None:
    """Frames 0 to 9; words at 2 to 4 and 6 to 9; 5, 6 and 9 are silent, and 6 lies in a word."""
    silent = np.isin(np.arange(10), [5, 6, 9])
    places = Places.of(np.array([[2, 4], [6, 9]], np.float64), silent)
    told = [(0, 0), (1, 0), (2, 1), (2, 0), (3, 0), (4, 0), (6, 1), (6, 0), (7, 0), (8, 0), (9, 1)]
    assert list(zip(places.frames.tolist(), places.pauses.tolist(), strict=True)) == told
    assert places.starts.tolist() == [3, 7]
    assert places.ends.tolist() == [5, 10]
