"""What Sarvam's models cost, by the day from which each figure is known (contract 12).

A figure is never changed: a newer one is added, and the takes of before keep what they cost. That of
`bulbul:v4-flash` is assumed. Credit that an account was given is not counted, and book.yaml's
`price_per_1000` is for those who know better.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from narrator.providers.sarvam.settings import CURRENCY, MODELS, V2, V3, V4_FLASH
from narrator.spending import Price, current

PRICES: tuple[Price, ...] = (
    Price(
        model=V3,
        since="2026-07-01",
        per_1000=3.0,
        currency=CURRENCY,
        source="30 INR for 10,000 characters in the service's documentation; confirmed by others, July 2026",
    ),
    Price(
        model=V2,
        since="2026-07-01",
        per_1000=1.5,
        currency=CURRENCY,
        source="15 INR for 10,000 characters in the service's documentation; confirmed by others, July 2026",
    ),
    Price(
        model=V4_FLASH,
        since="2026-10-01",
        per_1000=3.0,
        currency=CURRENCY,
        source="assumed: none is published, and bulbul:v3's stands in for it, so that a budget holds;"
        " `price_per_1000` in book.yaml says what an account really pays, 0 included",
    ),
)


def on(today: date) -> Mapping[str, Price]:
    """The price of each model on a day."""
    return {model: current(PRICES, model, today=today.isoformat()) for model in MODELS}
