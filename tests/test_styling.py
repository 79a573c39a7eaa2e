"""Directions and the names that a service has for ways of speaking."""

from __future__ import annotations

import pytest

from narrator.styling import style_names, style_of

OWN = (("whispering", "soft"), ("very angry", "rage"), ("angry", "cross"))
COMMON = (("sad", "sad"), ("sadly", "sad"), ("glad", "happy"))


@pytest.mark.parametrize(
    ("direction", "style"),
    [
        ("whispering", "soft"),
        ("Whispering, out of breath", "soft"),
        ("angry", "cross"),
        ("very  ANGRY", "rage"),
        ("rage", "rage"),
        ("sadly", "sad"),
        ("happy", "happy"),
        ("angry, sad", "cross"),
        ("sad, then angry", "cross"),
        ("unangry", None),
        ("gladly", None),
        ("", None),
    ],
)
def test_a_direction_finds_its_style(direction: str, style: str | None) -> None:
    """Whole words, any case, the longest first; the role's own before the service's."""
    assert style_of(direction, OWN, COMMON) == style


def test_the_first_named_counts_among_words_of_one_length() -> None:
    styles = (("loud", "shout"), ("soft", "calm"))
    assert style_of("soft, not loud", styles) == "calm"
    assert style_of("loud, not soft", styles) == "shout"


def test_every_style_is_named_once() -> None:
    assert list(style_names(OWN, COMMON)) == ["soft", "rage", "cross", "sad", "happy"]
