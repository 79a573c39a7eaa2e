"""Lyrics, read back as a simple player reads them: tags, then one time and one text a line."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from hypothesis import given, settings

from narrator.exports import export
from narrator.timeline import Timeline, centiseconds
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines


def read(lrc: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Tags by name, and (hundredths, text) of each line; every character is accounted for."""
    tags: dict[str, str] = {}
    lines: list[tuple[int, str]] = []
    assert lrc.endswith("\n")
    for line in lrc[:-1].split("\n"):
        if tag := re.fullmatch(r"\[([a-z]+):([^\[\]]*)\]", line):
            assert not lines, "tags come first"
            tags[tag.group(1)] = tag.group(2)
            continue
        timed = re.fullmatch(r"\[(\d\d+):([0-5]\d)\.(\d\d)\]([^\[\]<>]*)", line)
        assert timed, line
        minutes, seconds, hundredths = map(int, timed.groups()[:3])
        lines.append(((minutes * 60 + seconds) * 100 + hundredths, timed.group(4)))
    at = [time for time, _ in lines]
    assert all(one < after for one, after in pairwise(at))
    return tags, lines


def bare(text: str) -> str:
    kept = "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cc")
    return kept.translate(str.maketrans("[]<>", "()‹›"))


def test_lyrics_as_they_are_written() -> None:
    timeline = chapter([Said("The lamp went out."), Said("Don't move.", role="Mara", samples=RATE // 3)])

    assert export("lrc", timeline, BOOK, mp3_name="01.mp3") == (
        "[ti:The Lamp]\n[ar:Ann Author]\n[al:The Keeper's Light]\n[length:00:02]\n"
        "[00:00.50]The lamp went out.\n"
        "[00:01.75]Mara: Don't move.\n"
        "[00:02.08]\n"
    )


def test_times_are_rounded_once_from_samples() -> None:
    """By way of milliseconds, 1.0049546 s would become 1.005 and then 1.01."""
    timeline = chapter([Said("Hi.")], head=44_319)

    assert centiseconds(44_319, RATE) == 100
    assert read(export("lrc", timeline, BOOK, mp3_name="01.mp3"))[1][0] == (100, "Hi.")


def test_awkward_titles_stay_in_their_tags() -> None:
    for title in AWKWARD:
        tags, lines = read(export("lrc", chapter([Said("Hi.")], title=title), BOOK, mp3_name="01.mp3"))
        assert sorted(tags) == ["al", "ar", "length", "ti"]
        assert bare(tags["ti"]) == bare(title)
        assert [text for _, text in lines] == ["Hi.", ""]


def test_a_tag_says_how_many_lines_begin_at_an_estimated_time() -> None:
    """An utterance's first line begins where its take does, which is known; later ones begin at a word."""
    long = "It was the best of times, it was the worst of times. " * 4
    said = [Said(long, samples=20 * RATE), Said("Hi.", measured=False)]
    known, _ = read(export("lrc", chapter(said), BOOK, mp3_name="01.mp3"))
    said.append(Said(long, samples=20 * RATE, measured=False))
    tags, lines = read(export("lrc", chapter(said), BOOK, mp3_name="01.mp3"))

    assert "times" not in known
    assert len(lines) == 3 + 1 + 3 + 1
    assert tags["times"] == "estimated for 2 of 7 lines"


def test_minutes_pass_ninety_nine() -> None:
    timeline = chapter([Said("Long.", samples=RATE * 60 * 123), Said("After.")], head=0)

    assert "\n[123:00.25]After.\n" in export("lrc", timeline, BOOK, mp3_name="01.mp3")


def test_nothing_spoken_is_tags_alone() -> None:
    assert read(export("lrc", chapter([]), BOOK, mp3_name="01.mp3"))[1] == []


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_any_chapter_keeps_every_character(timeline: Timeline) -> None:
    _, lines = read(export("lrc", timeline, BOOK, mp3_name="01.mp3"))

    expected = "".join(
        ("" if placement.role == "narrator" else f"{placement.role}:") + placement.text
        for placement in timeline.placements
        if bare(placement.text)
    )
    assert "".join(bare(text) for _, text in lines) == bare(expected)
