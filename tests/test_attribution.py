from __future__ import annotations

from narrator.attribution import Attribution, Passage, Quotation, Unattributed
from narrator.casting import Cast, Role

CAST = Cast(roles=(Role(name="narrator"), Role(name="Mara")))


def passage(*quotations: Quotation) -> Passage:
    return Passage("“One,” she said. “Two.”", "a.md", 1, 0, (), quotations)


def test_nobody_is_guessed() -> None:
    """One answer for each quotation the author left open, and it names no role."""
    passages = [
        passage(Quotation(0, 6, None), Quotation(17, 23, "Mara")),
        passage(),
        passage(Quotation(17, 23, None, closed=False)),
    ]

    assert Unattributed().attribute(passages, CAST) == [Attribution(None, 0.0)] * 2


def test_nothing_to_answer() -> None:
    assert Unattributed().attribute([], CAST) == []
