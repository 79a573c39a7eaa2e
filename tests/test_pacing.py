"""Estimated word times: every word has one, and they fall about where a voice would say them."""

from __future__ import annotations

import re
import statistics
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.measuring import measure
from narrator.manuscript import Mark
from narrator.pacing import share_out
from narrator.providers.espeak import Espeak
from narrator.takes import Request, Spoken, Word

RATE = 1000
"""So that a sample is a millisecond."""


def spoken(text: str, *marks: Mark) -> Spoken:
    words = tuple(Word(*run.span(), *run.span()) for run in re.finditer(r"\S*\w\S*", text))
    return Spoken(text=text, marks=marks, words=words)


def pause(at: int, ms: int) -> Mark:
    return Mark(kind="pause", start=at, end=at, value=str(ms))


def times(text: str, *marks: Mark, ms: int, speed: float = 1.0) -> list[tuple[int, int]]:
    """Start and end of each word in a take whose sound begins at 0 and lasts *ms*."""
    said = spoken(text, *marks)
    found = share_out(said, said.words, start=0, end=ms, rate=RATE, speed=speed)
    return [(time.start_sample, time.end_sample) for time in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Go", [(0, 55)]),
        ("one two", [(0, 40), (40, 105)]),
        ("one, two", [(0, 65), (100, 165)]),
        ("“One,” (two)", [(0, 65), (100, 165)]),
        ("one two (three)", [(0, 40), (40, 105), (140, 225)]),
        ("one. two", [(0, 65), (120, 185)]),
        ("one—two", [(0, 175)]),
        ("one — two", [(0, 65), (120, 185)]),
        ("one-two go", [(0, 70), (70, 125)]),
        ("don't go", [(0, 50), (50, 105)]),
        ("Mr. Venn", [(0, 30), (30, 105)]),
        ("Right. No", [(0, 85), (140, 195)]),
        ("at 10:30 go", [(0, 30), (30, 340), (340, 395)]),
        ("灯。 one", [(0, 65), (120, 185)]),
        ("हिन्दी में", [(0, 40), (40, 85)]),
    ],
)
def test_shares(text: str, expected: list[tuple[int, int]]) -> None:
    """In a take of one millisecond a tenth of a letter."""
    assert times(text, ms=expected[-1][1]) == expected


def test_a_pause_in_the_manuscript_lasts_as_long_as_it_says() -> None:
    """And stands in the place of its comma's; where two meet they add up."""
    assert times("one, two", pause(4, 500), ms=1800) == [(0, 650), (1150, 1800)]
    assert times("one two", pause(3, 200), pause(4, 300), ms=1800) == [(0, 650), (1150, 1800)]


def test_a_pause_that_cannot_have_been_made_is_left_out() -> None:
    """A service that knows no pauses gave a take that has no room for this one."""
    text = "one, two"
    assert times(text, pause(4, 9000), ms=1650) == times(text, ms=1650)
    assert times(text, pause(4, 1400), ms=1650) == times(text, ms=1650)
    assert times(text, pause(4, 1400), ms=1650, speed=2.0) == [(0, 125), (1525, 1650)]


@pytest.mark.parametrize("at", [0, 1, 7, 8])
def test_a_pause_at_the_edge_is_not_within_the_sound(at: int) -> None:
    assert times("“one two", pause(at, 500), ms=1050) == [(0, 400), (400, 1050)]


def test_what_nobody_can_read_still_takes_its_time() -> None:
    """A word respelled as a sign: the voice said something."""
    (time,) = share_out(Spoken(text="…"), [Word(0, 2, 0, 1)], start=100, end=900, rate=RATE)

    assert time == (100, 900)


TEXTS = st.text("ab Zé1灯.,:!—-“”()…", max_size=40)


@given(TEXTS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3000)), max_size=3), st.integers(0, 9000))
@settings(deadline=None, max_examples=80)
def test_whatever_is_written_words_come_in_order_and_inside(
    text: str, pauses: list[tuple[int, int]], length: int
) -> None:
    said = spoken(text, *(pause(min(at, len(text)), ms) for at, ms in pauses))
    found = share_out(said, said.words, start=50, end=50 + length, rate=RATE)

    edges = [edge for time in found for edge in time]
    assert len(found) == len(said.words)
    assert edges == sorted(edges)
    assert not edges or (edges[0] == 50 and edges[-1] == 50 + length)


@given(TEXTS.filter(lambda text: bool(text.strip())), st.data())
@settings(deadline=None, max_examples=40)
def test_any_spelling_has_times_inside(text: str, data: st.DataObject) -> None:
    """Words may stand anywhere in the spoken text, since a phrase is respelled as another."""
    offsets = st.integers(0, len(text))
    words = [Word(0, 1, data.draw(offsets), data.draw(offsets)) for _ in range(3)]

    found = share_out(spoken(text), words, start=50, end=950, rate=RATE)

    assert all(50 <= edge <= 950 for time in found for edge in time)


STORY = (
    "The priest, who had come for the lamp, wanted something seasonable.",
    "There is a manner for this work, though nobody teaches it: you let them talk.",
    "In 1894 the light was lit for the first time, by hand.",
    "Half the island was there by then, not saying much, as is the way with people who wait.",
    "She got up and saw to the stove – which did not need it – and sat down again.",
    "Nobody had asked, and now it was too late to tell.",
)


def test_estimates_are_nearer_to_the_truth_than_counting_characters() -> None:
    """The embedded engine knows when it says each word."""
    estimated: list[float] = []
    counted: list[float] = []
    with closing(Espeak()) as espeak:
        for text in STORY:
            said = spoken(text)
            (answer,) = espeak.generate(Request(provider="espeak", voice="gmw/en", spoken=said))
            level = measure(answer.pcm, answer.rate)
            start, end = level.speech_start_sample, level.speech_end_sample
            found = share_out(said, said.words, start=start, end=end, rate=answer.rate)
            for word, true, time in zip(said.words, answer.words, found, strict=True):
                by_count = start + (end - start) * word.start / len(text)
                estimated.append(abs(time.start_sample - true.start_sample) / answer.rate)
                counted.append(abs(by_count - true.start_sample) / answer.rate)

    assert statistics.fmean(estimated) < 0.1
    assert statistics.fmean(estimated) < 0.7 * statistics.fmean(counted)
