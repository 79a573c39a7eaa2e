"""Amounts in messages."""

from __future__ import annotations

from collections.abc import Mapping

from narrator.spending import amount


def money(amounts: Mapping[str, int]) -> str:
    """Millionths by currency, for people: `12.50 USD and 0.0042 EUR`; `nothing` where there are none."""
    said = [
        f"{_figure(millionths)} {currency}" for currency, millionths in sorted(amounts.items()) if millionths
    ]
    return " and ".join(said) or "nothing"


def _figure(millionths: int) -> str:
    """Two decimals, more where they say something."""
    whole, _, decimals = f"{amount(millionths):.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"
