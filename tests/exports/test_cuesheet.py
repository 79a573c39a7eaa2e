"""Cue sheets, read back with a strict parser of their own and, where it is installed, with cuetools."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from narrator.book import Book
from narrator.exports import export
from narrator.timeline import Timeline
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines

# The grammar, a line each: what a sheet may hold, and nothing else.
DISC = [
    ("genre", r"REM GENRE (Audiobook)"),
    ("date", r"REM DATE (\d{4})"),
    ("language", r"REM LANGUAGE (\S+)"),
    ("number", r"REM DISCNUMBER (\d+)"),
    ("estimated", r'REM COMMENT "word times are estimated in (\d+ of \d+) utterances"'),
    ("performer", r'PERFORMER "([^"]*)"'),
    ("title", r'TITLE "([^"]*)"'),
    ("file", r'FILE "([^"]*)" MP3'),
]
TRACK = re.compile(
    r"  TRACK (?P<number>\d\d) AUDIO\n"
    r'    TITLE "(?P<title>[^"\n]+)"\n    PERFORMER "(?P<performer>[^"\n]+)"\n'
    r"(?:    INDEX 00 (?P<gap>\d{2,}:\d\d:\d\d)\n)?    INDEX 01 (?P<index>\d{2,}:\d\d:\d\d)\n"
)


class ReadTrack(NamedTuple):
    title: str
    performer: str
    gap: int | None
    frame: int


class Sheet(NamedTuple):
    disc: dict[str, str]
    tracks: list[ReadTrack]


def read(sheet: str) -> Sheet:
    """Parse a sheet, failing on whatever the format does not allow."""
    position = 0
    disc: dict[str, str] = {}
    for name, pattern in DISC:
        if found := re.compile(pattern + "\n").match(sheet, position):
            disc[name] = found.group(1)
            position = found.end()
        else:
            assert name in ("date", "estimated"), f"{name} is missing"
    tracks: list[ReadTrack] = []
    while position < len(sheet):
        found = TRACK.match(sheet, position)
        assert found, sheet[position : position + 200]
        assert int(found["number"]) == len(tracks) + 1
        gap = None if found["gap"] is None else frames(found["gap"])
        tracks.append(ReadTrack(found["title"], found["performer"], gap, frames(found["index"])))
        position = found.end()
    assert 1 <= len(tracks) <= 99
    assert all(track.gap is None for track in tracks[1:])
    first = tracks[0]
    assert (first.frame if first.gap is None else first.gap) == 0, "players begin at 00:00:00"
    indexes = [frame for track in tracks for frame in (track.gap, track.frame) if frame is not None]
    assert all(one < after for one, after in pairwise(indexes))
    assert all(character.isprintable() or character == "\n" or ord(character) > 127 for character in sheet)
    return Sheet(disc, tracks)


def frames(clock: str) -> int:
    minutes, seconds, frame = map(int, clock.split(":"))
    assert seconds < 60
    assert frame < 75
    return (minutes * 60 + seconds) * 75 + frame


def sheet_of(timeline: Timeline, book: Book = BOOK) -> Sheet:
    return read(export("cue", timeline, book, mp3_name="01-the-lamp.mp3"))


def test_a_sheet_as_it_is_written() -> None:
    timeline = chapter(
        [
            Said("The lamp had burned for forty years, they said."),
            Said('"Don\'t move."', role="Mara", samples=RATE // 2),
        ]
    )

    assert export("cue", timeline, BOOK, mp3_name="01-the-lamp.mp3") == (
        "REM GENRE Audiobook\n"
        "REM DATE 2026\n"
        "REM LANGUAGE en\n"
        "REM DISCNUMBER 1\n"
        'PERFORMER "Ann Author"\n'
        'TITLE "The Keeper\'s Light: The Lamp"\n'
        'FILE "01-the-lamp.mp3" MP3\n'
        "  TRACK 01 AUDIO\n"
        '    TITLE "The lamp had burned for forty years,…"\n'
        '    PERFORMER "narrator"\n'
        "    INDEX 00 00:00:00\n"
        "    INDEX 01 00:00:38\n"
        "  TRACK 02 AUDIO\n"
        '    TITLE "“Don\'t move.”"\n'
        '    PERFORMER "Mara"\n'
        "    INDEX 01 00:01:56\n"
    )


def test_a_track_begins_at_its_first_word_not_at_its_take() -> None:
    timeline = chapter([Said("One."), Said("— Two.", samples=4 * RATE), Said("Three.", word_times=False)])

    tracks = sheet_of(timeline).tracks

    late = timeline.placements[1].words[0].start_sample
    assert late > timeline.placements[1].start_sample
    assert [track.frame for track in tracks] == [
        frames_of(sample)
        for sample in (
            timeline.placements[0].words[0].start_sample,
            late,
            timeline.placements[2].start_sample,
        )
    ]


def test_a_sheet_says_how_many_utterances_have_estimated_times() -> None:
    """And is silent where every time was measured."""
    measured = [Said("One."), Said("Two.")]

    assert "estimated" not in sheet_of(chapter(measured)).disc
    assert sheet_of(chapter([*measured, Said("Three.", measured=False)])).disc["estimated"] == "1 of 3"


def test_a_chapter_that_begins_at_once_needs_no_gap() -> None:
    assert sheet_of(chapter([Said("Now.")], head=0)).tracks == [ReadTrack("Now.", "narrator", None, 0)]


def test_a_chapter_with_nothing_spoken_is_one_track() -> None:
    assert sheet_of(chapter([], title="Silence")).tracks == [ReadTrack("Silence", "narrator", None, 0)]


def test_utterances_in_one_frame_still_rise() -> None:
    """Five utterances of a millisecond each begin within one 75th of a second."""
    said = [Said(f"Word {number}.", samples=44, pause=0) for number in range(5)]

    tracks = sheet_of(chapter([*said, Said("The end.")])).tracks

    assert [track.frame - tracks[0].frame for track in tracks] == [0, 1, 2, 3, 4, 5]


def test_no_index_lies_past_the_end() -> None:
    """Utterances of no length at the very end share the last track that has a frame of its own."""
    timeline = chapter([Said("One."), *[Said(f"{number}", samples=0, pause=0) for number in range(300)]])

    assert sheet_of(timeline).tracks[-1].frame < timeline.samples * 75 / RATE


def test_minutes_pass_ninety_nine() -> None:
    timeline = chapter([Said("Long.", samples=RATE * 60 * 123), Said("After.")], head=0)

    assert export("cue", timeline, BOOK, mp3_name="a.mp3").endswith("    INDEX 01 123:00:19\n")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('He said "no" ("why?")', "He said “no” (“why?”)"),
        ("ends in a backslash \\", "ends in a backslash /"),
        ("a\nb\tc\x00d \x07 e", "a b cd e"),
        ("w" * 200, "w" * 60 + "…"),
        ("\x07", "c01-u001"),
    ],
)
def test_titles_fit_between_quotes(text: str, title: str) -> None:
    assert sheet_of(chapter([Said(text)])).tracks[0].title == title


def test_awkward_book_facts_stay_inside_their_quotes() -> None:
    for awkward in AWKWARD:
        book = BOOK.model_copy(update={"title": awkward, "author": awkward})
        assert '"' not in sheet_of(chapter([Said("Hi.")], title=awkward), book).disc["title"]


def paragraphs(count: int, *, scenes: int = 1, turns: int = 1) -> Timeline:
    return chapter(
        [
            Said(
                f"Paragraph {paragraph} turn {turn}.",
                role="Mara" if turn % 2 else "narrator",
                scene=paragraph * scenes // count,
                paragraph=paragraph,
                samples=RATE * (1 + paragraph % 5),
            )
            for paragraph in range(count)
            for turn in range(turns)
        ]
    )


def test_ninety_nine_utterances_are_ninety_nine_tracks() -> None:
    assert len(sheet_of(paragraphs(33, turns=3)).tracks) == 99


def test_too_many_utterances_are_told_by_turns() -> None:
    said = [Said(f"{n}.", paragraph=n // 4, role="Mara" if n % 4 == 3 else "narrator") for n in range(160)]

    tracks = sheet_of(chapter(said)).tracks

    assert [track.performer for track in tracks] == ["narrator", "Mara"] * 40


def test_too_many_turns_are_told_by_paragraphs() -> None:
    tracks = sheet_of(paragraphs(60, turns=3)).tracks

    assert [track.title for track in tracks] == [f"Paragraph {number} turn 0." for number in range(60)]
    assert {track.performer for track in tracks} == {"narrator, Mara"}


def test_too_many_paragraphs_are_told_in_even_runs_and_every_scene_begins_one() -> None:
    timeline = paragraphs(700, scenes=9)

    tracks = sheet_of(timeline).tracks

    starts = {frames_of(scene.start_sample) for scene in timeline.scenes[1:]}
    assert starts <= {track.frame for track in tracks}
    assert len(tracks) > 85
    lengths = [after.frame - track.frame for track, after in pairwise(tracks)]
    assert max(lengths) < 2.5 * sum(lengths) / len(lengths)


def test_too_many_scenes_are_told_in_even_runs_of_scenes() -> None:
    timeline = paragraphs(600, scenes=200)

    tracks = sheet_of(timeline).tracks

    starts = {frames_of(scene.start_sample) for scene in timeline.scenes} | {tracks[0].frame}
    assert {track.frame for track in tracks} <= starts
    assert len(tracks) > 60


def frames_of(sample: int) -> int:
    return math.floor(sample * 75 / RATE + 0.5)


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_any_chapter_is_a_valid_sheet(timeline: Timeline) -> None:
    tracks = sheet_of(timeline).tracks

    assert len(tracks) <= max(1, len(timeline.placements))
    assert timeline.samples == 0 or tracks[-1].frame <= timeline.samples * 75 / timeline.rate


@pytest.mark.skipif(shutil.which("cueprint") is None, reason="cuetools is not installed")
def test_cuetools_reads_the_same(tmp_path: Path) -> None:
    timeline = chapter([Said(text, role=f'Role "{text[:9]}"') for text in AWKWARD])
    text = export("cue", timeline, BOOK, mp3_name="01-the-lamp.mp3")
    path = tmp_path / "01.cue"
    path.write_text(text, encoding="utf-8")

    printed = subprocess.run(
        ["cueprint", "-d", "%P|%T|%N\n", "-t", "%t|%p\n", str(path)], capture_output=True, check=True
    )
    breaks = subprocess.run(["cuebreakpoints", str(path)], capture_output=True, check=True)

    sheet = read(text)
    count = len(sheet.tracks)
    lines = printed.stdout.decode().splitlines()
    assert lines[0] == f"{sheet.disc['performer']}|{sheet.disc['title']}|{count}"
    assert lines[1:] == [f"{track.title}|{track.performer}" for track in sheet.tracks]
    assert len(breaks.stdout.split()) == count - 1
