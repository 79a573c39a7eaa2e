"""SubRip, read back line by line; and how captions are cut to be read."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from narrator.exports import export
from narrator.timeline import Timeline
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines


class Shown(NamedTuple):
    start_ms: int
    end_ms: int
    lines: list[str]


def read(srt: str) -> list[Shown]:
    """Number, times, one or two lines, an empty line; again."""
    lines = iter(srt.splitlines() if srt else [])
    shown: list[Shown] = []
    for number in lines:
        assert number == str(len(shown) + 1)
        times = re.fullmatch(r"(\S+) --> (\S+)", next(lines))
        assert times
        start_ms, end_ms = map(clock, times.groups())
        assert start_ms < end_ms
        assert not shown or shown[-1].end_ms <= start_ms
        text: list[str] = []
        while line := next(lines, ""):
            assert not re.search(r"[<>{}]|-->", line), "players would take this for formatting"
            text.append(line)
        assert 1 <= len(text) <= 2
        shown.append(Shown(start_ms, end_ms, text))
    return shown


def clock(text: str) -> int:
    found = re.fullmatch(r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})", text)
    assert found, text
    hours, minutes, seconds, ms = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def shown_of(timeline: Timeline) -> list[Shown]:
    return read(export("srt", timeline, BOOK, mp3_name="01.mp3"))


def bare(text: str) -> str:
    kept = "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cc")
    return kept.translate(str.maketrans("<>{}", "‹›()"))


def test_captions_as_they_are_written() -> None:
    timeline = chapter([Said("The lamp went out."), Said("Don't move.", role="Mara")])

    assert export("srt", timeline, BOOK, mp3_name="01.mp3") == (
        "1\n00:00:00,500 --> 00:00:01,500\nThe lamp went out.\n\n"
        "2\n00:00:01,750 --> 00:00:02,750\nMara: Don't move.\n"
    )


def test_a_role_is_named_once_an_utterance() -> None:
    timeline = chapter([Said("I told your father so, and I told his father. " * 4, role="Old Tom")])

    texts = [" ".join(shown.lines) for shown in shown_of(timeline)]

    assert [text.startswith("Old Tom: ") for text in texts] == [True, False, False]


def test_the_narrator_is_not_named() -> None:
    assert shown_of(chapter([Said("Nobody spoke.")]))[0].lines == ["Nobody spoke."]


@pytest.mark.parametrize("role", ["narrator", "Old Tom"])
def test_lines_are_short_and_of_like_length(role: str) -> None:
    text = (
        "Far below, the sea drew one long breath and let it go again against the rocks, and the whole"
        " tower seemed to lean a little toward the sound; nobody spoke for a while, and then everybody"
        " did, at once, in the small voices that people keep for churches and for storms."
    )

    shown = shown_of(chapter([Said(text, role=role, samples=RATE * 18)]))

    assert all(len(line) <= 42 for each in shown for line in each.lines)
    assert min(sum(map(len, each.lines)) for each in shown) > 40
    assert all(abs(len(each.lines[0]) - len(each.lines[1])) <= 20 for each in shown if len(each.lines) == 2)
    assert sum(each.lines[-1].endswith((",", ";", ".")) for each in shown) >= len(shown) - 1


def test_wide_characters_count_twice() -> None:
    shown = shown_of(chapter([Said("灯台守は毎晩その灯をともした。" * 8, samples=RATE * 20)]))

    assert max(len(line) for each in shown for line in each.lines) == 21


def test_a_word_longer_than_a_line_is_cut_and_whole() -> None:
    shown = shown_of(chapter([Said("a" * 500)]))

    assert "".join(line for each in shown for line in each.lines) == "a" * 500
    assert max(len(line) for each in shown for line in each.lines) == 42


def test_nothing_spoken_is_an_empty_file() -> None:
    assert export("srt", chapter([]), BOOK, mp3_name="01.mp3") == ""


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_comes_back(text: str) -> None:
    shown = shown_of(chapter([Said("Before."), Said(text), Said("After.")]))

    assert bare("".join(line for each in shown for line in each.lines)) == bare(f"Before.{text}After.")


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_any_chapter_keeps_every_character(timeline: Timeline) -> None:
    shown = shown_of(timeline)

    expected = "".join(
        ("" if placement.role == "narrator" else f"{placement.role}:") + placement.text
        for placement in timeline.placements
        if bare(placement.text)
    )
    assert "".join(bare(line) for each in shown for line in each.lines) == bare(expected)
