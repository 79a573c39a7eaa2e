"""The cheapest way with leaps, held against a plain search."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.aligning.leaps import STAY, THREE, TWO, cheapest, find

LEAPS: tuple[Literal["forward", "back"] | None, ...] = (None, "forward", "back")
STEPS = {0: STAY, 1: 0.0, 2: TWO, 3: THREE}


def plain(
    unlike: np.typing.NDArray[np.float32], starts: list[int], ends: list[int], leap: str | None, price: float
) -> float:
    """Row by row, pair by pair."""
    rows, columns = unlike.shape
    words = range(len(starts))
    begins = {0: 0.0} | (dict.fromkeys(starts[1:], price) if leap == "forward" else {})
    totals = {at: cost + float(unlike[0, at]) for at, cost in begins.items()}
    for row in range(1, rows):
        following: dict[int, float] = {}
        moves = [(at + step, cost + extra) for at, cost in totals.items() for step, extra in STEPS.items()]
        for left in words:
            for entered in words:
                over = leap == "forward" and entered > left + 1
                if (over or (leap == "back" and entered <= left)) and ends[left] in totals:
                    moves.append((starts[entered], totals[ends[left]] + price))
        for at, cost in moves:
            if at < columns:
                following[at] = min(following.get(at, np.inf), cost + float(unlike[row, at]))
        totals = following
    last = [totals.get(columns - 1, np.inf)]
    if leap == "forward":
        last += [totals[end] + price for end in ends[:-1] if end in totals]
    return min(last)


@pytest.mark.parametrize("leap", LEAPS)
@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(6, 14),
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
)
def test_no_way_is_cheaper(
    leap: Literal["forward", "back"] | None, seed: int, rows: int, lengths: list[int]
) -> None:
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    ends = starts + np.array(lengths) - 1
    unlike = np.random.default_rng(seed).random((rows, sum(lengths))).astype(np.float32)
    way = find(unlike, starts, ends, leap=leap, price=0.7)
    assert way.cost == pytest.approx(plain(unlike, starts.tolist(), ends.tolist(), leap, 0.7), abs=1e-3)
    assert len(way.frames) == rows
    for found in way.leaps:
        assert found.entered > found.left + 1 if leap == "forward" else found.entered <= found.left


def test_each_order_costs_what_it_would_alone() -> None:
    unlike = np.random.default_rng(2).random((20, 12)).astype(np.float32)
    orders = [np.arange(12), np.arange(12)[::-1], np.roll(np.arange(12), 5)]
    word = np.zeros(1, np.intp)
    alone = [find(np.ascontiguousarray(unlike[:, order]), word, word).cost / 20 for order in orders]
    assert cheapest(unlike, orders) == pytest.approx(alone, abs=1e-4)


def test_a_word_that_is_not_there_is_passed_over() -> None:
    unlike = np.ones((8, 12), np.float32)
    for row, column in enumerate([0, 1, 2, 3, 8, 9, 10, 11]):
        unlike[row, column] = 0
    starts, ends = np.array([0, 4, 8]), np.array([3, 7, 11])
    way = find(unlike, starts, ends, leap="forward", price=1.0)
    assert way.leaps == ((4, 0, 2),)
    assert way.frames.tolist() == [0, 1, 2, 3, 8, 9, 10, 11]


def test_a_word_that_is_there_twice_is_walked_twice() -> None:
    unlike = np.ones((12, 8), np.float32)
    for row, column in enumerate([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]):
        unlike[row, column] = 0
    way = find(unlike, np.array([0, 4]), np.array([3, 7]), leap="back", price=1.0)
    assert way.leaps == ((4, 0, 0),)
    assert way.frames.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]
