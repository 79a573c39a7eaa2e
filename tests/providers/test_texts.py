"""What of a text is sent to services."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.texts import UNSAID, Sent, pauses, plain, units
from narrator.splitting import inner_pauses
from narrator.takes import Spoken
from tests.providers import contract


def spoken(text: str, *pauses_at: tuple[int, int]) -> Spoken:
    marks = tuple(Mark(kind="pause", start=at, end=at, value=str(ms)) for at, ms in pauses_at)
    return speak(contract.utterance(text, marks=marks), Lexicon(), provider="x")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("One two.", "One two."),
        ("  One\n\ttwo.  ", "One two."),
        ("So\u00adft\u200b, \ufeffsaid\x07 \u202ahe\u202c.", "Soft, said he."),
        ("One \u200b two", "One two"),
        ("नमस्\u200dते", "नमस्\u200dते"),
        ("\u200b", ""),
    ],
)
def test_a_plain_text_has_nothing_for_the_eye_alone(text: str, sent: str) -> None:
    assert plain(Spoken(text=text, marks=(), words=())).text == sent


def test_pauses_at_the_ends_are_silence() -> None:
    assert plain(spoken("“One.”", (0, 200), (1, 300), (5, 400), (6, 50))) == Sent("“One.”", 500, 450)


@settings(deadline=None, max_examples=100)
@given(st.text("ab .…“”1é漢", min_size=1, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_inside_is_where_a_line_is_cut(text: str, places: list[int]) -> None:
    """What a service without pauses passes over is what is made when the line is joined (`splitting`)."""
    marks = [(min(at, len(text)), 100) for at in places]
    asked = Spoken(
        text=text,
        marks=tuple(Mark(kind="pause", start=at, end=at, value=str(ms)) for at, ms in marks),
        words=(),
    )
    found = pauses(asked)

    assert found.inside == inner_pauses(asked)
    assert found.lead_ms + found.tail_ms + sum(found.inside.values()) == 100 * len(marks)


def test_what_services_may_count() -> None:
    assert units("One 😀.") == 7
    assert Sent("I, 2 — ü!").letters == 3
    assert UNSAID.search("a\u200c\u200db") is None
