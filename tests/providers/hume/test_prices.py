"""What Hume's models cost, and since when."""

from __future__ import annotations

from datetime import date

import pytest

from narrator.providers.hume import Hume, prices
from narrator.providers.hume.settings import MODELS


def test_every_figure_has_its_day_and_its_source() -> None:
    for price in prices.PRICES:
        assert date.fromisoformat(price.since).isoformat() == price.since
        assert price.per_1000 > 0
        assert price.currency == "USD"
        assert price.source
    assert {price.model for price in prices.PRICES} == set(MODELS["auto"])
    assert len({(price.model, price.since) for price in prices.PRICES}) == len(prices.PRICES)


@pytest.mark.parametrize("today", [date(2020, 1, 1), date(2026, 4, 2), date(2030, 1, 1)])
def test_a_model_has_a_price_on_every_day(today: date) -> None:
    """With the day from which it is known."""
    models = Hume(today=today).models
    assert {name: able.price_per_1000 for name, able in models.items()} == {
        "octave-2": 0.075,
        "octave-1": 0.15,
    }
    assert {able.priced_on for able in models.values()} == {"2026-04-02"}
    assert {able.currency for able in models.values()} == {"USD"}


def test_a_price_of_ones_own_is_of_no_day() -> None:
    models = Hume({"price_per_1000": 0.05}, today=date(2026, 11, 1)).models
    assert {(able.price_per_1000, able.priced_on) for able in models.values()} == {(0.05, None)}
