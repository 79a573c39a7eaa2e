"""The one model that speaks a chain."""

from __future__ import annotations

import pytest

from narrator.chaining import Wish, agree
from tests.troupe import Troupe

MODELS = Troupe.models
OPEN = ("acting", "timing")


@pytest.mark.parametrize(
    ("wishes", "language", "agreed"),
    [
        ([Wish(OPEN, False), Wish(OPEN, False)], "en", ["timing", "timing"]),
        ([Wish(OPEN, False), Wish(OPEN, True), Wish(OPEN, False)], "en", ["acting"] * 3),
        ([Wish(OPEN, True)], "en-GB", ["acting"]),
        ([Wish(OPEN, True), Wish(OPEN, False)], "fr", ["timing", "timing"]),
        ([Wish(("timing",), True), Wish(OPEN, False)], "en", ["timing", "acting"]),
        ([Wish(("timing",), False), Wish(OPEN, False)], "en", ["timing", "timing"]),
        ([Wish(("acting",), False), Wish(OPEN, False)], "en", ["acting", "acting"]),
        ([Wish(("acting",), False), Wish(OPEN, False)], "fr", ["acting", "timing"]),
    ],
)
def test_lines_that_leave_it_open_agree_on_a_model(
    wishes: list[Wish], language: str, agreed: list[str]
) -> None:
    """A model that acts where there is a direction, else the settled one, else one that times words."""
    assert agree(wishes, MODELS, language=language) == agreed
