"""Texts as Octave reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.serving.octave.reading import LONG, LONG_PAUSE_MS, PAUSE_MS, read


def english(text: str, *, split: bool = True) -> list[tuple[str, str]]:
    reading = read(text, language="en-US", split=split)
    return list(zip(reading.texts, reading.transcripts, strict=True))


@pytest.mark.parametrize(
    ("text", "said", "pauses"),
    [
        ("Wait. [pause] Go.", "Wait. Go.", [(5, PAUSE_MS)]),
        ("Wait [long pause] now", "Wait now", [(4, LONG_PAUSE_MS)]),
        ("[pause] Now", "Now", [(0, PAUSE_MS)]),
        ("Now [LONG PAUSE]", "Now", [(3, LONG_PAUSE_MS)]),
        ("one[pause]two", "one two", [(3, PAUSE_MS)]),
        ("well [pause], then", "well, then", [(4, PAUSE_MS)]),
        ("a [pause] [long pause][pause] b", "a b", [(1, LONG_PAUSE_MS + 2 * PAUSE_MS)]),
        ("a [pauses] b [Pause ] c", "a [pauses] b [Pause ] c", []),
    ],
)
def test_marks(text: str, said: str, pauses: list[tuple[int, int]]) -> None:
    """They are taken out, and leave a pause where they stood."""
    spoken = read(text, language="en", split=True).spoken

    assert spoken.text == said
    assert [(mark.start, int(mark.value)) for mark in spoken.marks] == pauses


def test_a_mark_belongs_to_what_comes_before_it() -> None:
    assert english("Wait. [pause] Go [pause] on.") == [
        ("Wait. [pause]", "Wait."),
        ("Go [pause] on.", "Go on."),
    ]


def test_sentences() -> None:
    assert english("Mr. Hart came. He saw! “Well?” he said. ... Then he left.") == [
        (text, text) for text in ("Mr. Hart came.", "He saw!", "“Well?” he said.", "... Then he left.")
    ]
    assert len(english("One. Two.", split=False)) == 1


def test_long_sentences_are_divided_at_clauses() -> None:
    """At a semicolon, a colon or a dash, else at a comma; what has none stays whole."""
    clause = "and the sea went on, as it does, without a word to anybody who might have asked about it"
    parts = english(f"It was late; {clause}; {clause} — {clause}.")
    whole = english("and " * 100)

    assert len(parts) > 1
    assert all(len(text) <= LONG for text, _ in parts)
    assert all(text[-1] in ";—." for text, _ in parts)
    assert len(whole) == 1


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from(["word", "Mr.", "end.", "—", ",", ";", "[pause]", "[long pause]", "...", "“Oh?”"])
    )
)
def test_nothing_is_lost(tokens: list[str]) -> None:
    """Snippets put together are the text; what is said is the text without marks; each has a word."""
    text = " ".join(tokens)
    reading = read(text, language="en", split=True)

    assert "".join(" ".join(reading.texts).split()) == "".join(text.split())
    unmarked = text.replace("[pause]", "").replace("[long pause]", "")
    assert "".join(reading.spoken.text.split()) == "".join(unmarked.split())
    assert "".join(" ".join(reading.transcripts).split()) == "".join(unmarked.split())
    assert list(reading.firsts) == sorted(set(reading.firsts))
    assert [reading.spoken.text[word.start : word.end] for word in reading.spoken.words] == [
        token for token in reading.spoken.text.split() if any(map(str.isalnum, token))
    ]
