"""Sums of money: exact to the millionth, and of their day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.spending import MILLION, Bill, Price, amount, bill, current, money, shares


@given(st.integers(0, 10**9), st.integers(0, 10**12), st.integers(1, 50))
@settings(deadline=None, max_examples=50)
def test_shares_are_the_bill_and_nearly_alike(characters: int, millionths: int, among: int) -> None:
    whole = Bill(characters, millionths, "EUR")
    parts = shares(whole, among)

    assert len(parts) == among
    assert sum(part.characters for part in parts) == characters
    assert sum(part.amount for part in parts) == millionths
    assert {part.currency for part in parts} == {"EUR"}
    assert max(part.amount for part in parts) - min(part.amount for part in parts) <= 1
    assert parts[0].amount == max(part.amount for part in parts)


@given(st.integers(0, 10**14))
@settings(deadline=None, max_examples=50)
def test_an_amount_is_read_back_to_the_millionth(millionths: int) -> None:
    """As far as a hundred million of any currency."""
    assert round(amount(millionths) * MILLION) == millionths


@pytest.mark.parametrize(
    ("characters", "price", "millionths"),
    [(1000, 0.15, 150_000), (1, 0.075, 75), (22, 0.0333, 733), (7, 0.0, 0), (500_000, 0.15, 75_000_000)],
)
def test_a_bill_is_rounded_to_the_nearest_millionth(characters: int, price: float, millionths: int) -> None:
    assert bill(characters, price_per_1000=price, currency="USD") == Bill(characters, millionths, "USD")


def price(model: str, since: str, per_1000: float) -> Price:
    """A price from a list of ours."""
    return Price(model, since, per_1000, "USD", "made up")


LIST = (
    price("a", "2026-09-01", 3.0),
    price("a", "2026-01-01", 1.0),
    price("b", "2026-02-01", 7.0),
    price("a", "2026-04-02", 2.0),
)


@pytest.mark.parametrize(
    ("today", "per_1000"),
    [
        ("2026-01-01", 1.0),
        ("2026-04-01", 1.0),
        ("2026-04-02", 2.0),
        ("2026-08-31", 2.0),
        ("2026-09-01", 3.0),
        ("2099-01-01", 3.0),
        ("2025-12-31", 1.0),
    ],
)
def test_the_newest_price_that_has_begun_counts(today: str, per_1000: float) -> None:
    """However the list is ordered; on a day before all of them, the first that is known."""
    assert current(LIST, "a", today=today).per_1000 == per_1000


def test_each_model_has_its_own_price() -> None:
    assert current(LIST, "b", today="2026-05-01").per_1000 == 7.0


@pytest.mark.parametrize(
    ("millionths", "said"),
    [
        (0, "0.00 EUR"),
        (12_345_678, "12.35 EUR"),
        (-1_500_000, "-1.50 EUR"),
        (1_234_500_000_000, "1,234,500.00 EUR"),
        (20_000, "0.02 EUR"),
        (15_200, "0.0152 EUR"),
        (75, "0.000075 EUR"),
    ],
)
def test_people_are_told_sums_with_as_many_decimals_as_say_something(millionths: int, said: str) -> None:
    assert money(millionths, "EUR") == said
