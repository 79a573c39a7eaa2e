"""What Hume's models cost, by the day from which each figure is known (contract 14.2).

A figure is never changed: a newer one is added, and the takes of before keep what they cost. A plan's own
characters are not counted, and book.yaml's `price_per_1000` is for those who know better.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from narrator.providers.hume.settings import OCTAVE_1, OCTAVE_2
from narrator.spending import Price, current

PRICES: tuple[Price, ...] = (
    Price(
        model=OCTAVE_1,
        since="2026-04-02",
        per_1000=0.15,
        currency="USD",
        source="characters beyond the Creator plan's, the dearest rate there is, in a third party's copy of"
        " the price list; larger plans pay 0.12 (Pro), 0.10 (Scale) and 0.05 (Business)",
    ),
    Price(
        model=OCTAVE_2,
        since="2026-04-02",
        per_1000=0.075,
        currency="USD",
        source="half of Octave 1, as the model was announced; whether a plan's count says so is not known",
    ),
)


def on(today: date) -> Mapping[str, Price]:
    """The price of each model on a day."""
    return {model: current(PRICES, model, today=today.isoformat()) for model in (OCTAVE_1, OCTAVE_2)}
