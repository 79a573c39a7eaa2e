"""Cue sheet (.cue): a chapter's utterances as the tracks of one MP3.

Kept to: at most 99 tracks; INDEX times as mm:ss:ff, 75 frames a second, strictly rising, minutes of
two digits or more; text in double quotes on one line, with no double quote inside.

The first track begins at 00:00:00 with `INDEX 00` and has its `INDEX 01` at its first word, so that no
player treats the chapter's opening silence as lost and the cue still says when the voice begins.

Where the word times of utterances are estimated, `REM COMMENT` says of how many; a track begins at a word.

A chapter with more than 99 utterances is told in fewer tracks: first one for each run of utterances of
one role in a paragraph; then one a paragraph; then runs of paragraphs of near equal length. Every scene
begins a track until there are more than 99 scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from narrator.book import Book
from narrator.exports.base import estimated, first_sound, one_line
from narrator.manuscript import NARRATOR
from narrator.timeline import Placement, Timeline, cue_frames

MOST_TRACKS = 99
FRAMES_A_SECOND = 75
TITLE_WORDS = 7
TITLE_CHARACTERS = 60

Run = list[Placement]
"""Consecutive utterances that share a track; never empty."""


class Track(NamedTuple):
    """One track of the sheet."""

    title: str
    performer: str
    frame: int
    """`INDEX 01`."""


def write_cue_sheet(timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """See `Export`."""
    lines = ["REM GENRE Audiobook"]
    if book.year is not None:
        lines.append(f"REM DATE {book.year}")
    lines += [
        f"REM LANGUAGE {one_line(book.language)}",
        f"REM DISCNUMBER {timeline.number}",
        *_comment(timeline.placements),
        f"PERFORMER {quoted(book.author)}",
        f"TITLE {quoted(f'{book.title}: {timeline.title}')}",
        f"FILE {quoted(mp3_name)} MP3",
    ]
    for number, track in enumerate(_tracks(timeline), start=1):
        lines += [
            f"  TRACK {number:02d} AUDIO",
            f"    TITLE {quoted(track.title)}",
            f"    PERFORMER {quoted(track.performer)}",
        ]
        if number == 1 and track.frame > 0:
            lines.append("    INDEX 00 00:00:00")
        lines.append(f"    INDEX 01 {_clock(track.frame)}")
    return "\n".join(lines) + "\n"


def _comment(placements: tuple[Placement, ...]) -> Iterator[str]:
    if guessed := sum(estimated(placement) for placement in placements):
        remark = f"word times are estimated in {guessed} of {len(placements)} utterances"
        yield f"REM COMMENT {quoted(remark)}"


def quoted(text: str) -> str:
    """*text* as a cue sheet string.

    The format has no escape, so a straight double quote becomes the typographic one that fits its place;
    and cuetools reads a backslash before the closing quote as if it escaped it, so backslashes go too.
    """
    characters: list[str] = []
    for character in one_line(text).replace("\\", "/"):
        if character == '"':
            opens = not characters or characters[-1].isspace() or characters[-1] in "([{“‘—–-"
            character = "“" if opens else "”"
        characters.append(character)
    return f'"{"".join(characters)}"'


def opening_words(placement: Placement) -> str:
    """The first words of an utterance, with an ellipsis where more follow; its id if it has none."""
    text = one_line(placement.text)
    opening = " ".join(text.split()[:TITLE_WORDS])[:TITLE_CHARACTERS].rstrip()
    return (opening if opening == text else f"{opening}…") or placement.utterance_id


def _tracks(timeline: Timeline) -> list[Track]:
    """Tracks with strictly rising frames inside the chapter; one for the chapter if nothing is spoken."""
    last_frame = max(cue_frames(timeline.samples, timeline.rate) - 1, 0)
    tracks: list[Track] = []
    for run in coarsened(timeline.placements, end_sample=timeline.samples):
        frame = cue_frames(first_sound(run[0]), timeline.rate)
        if tracks:
            frame = max(frame, tracks[-1].frame + 1)
            if frame > last_frame:  # no frame is left for it: it stays part of the track before
                continue
        performer = ", ".join(dict.fromkeys(one_line(placement.role) for placement in run))
        tracks.append(Track(opening_words(run[0]), performer, min(frame, last_frame)))
    return tracks or [Track(one_line(timeline.title) or f"Chapter {timeline.number}", NARRATOR, 0)]


def coarsened(placements: tuple[Placement, ...], *, end_sample: int) -> list[Run]:
    """The utterances, in order, in at most 99 runs."""
    ways: tuple[Callable[[Placement], object], ...] = (
        lambda placement: placement.utterance_id,
        lambda placement: (placement.scene, placement.paragraph, placement.role),
        _paragraph,
    )
    for way in ways:
        runs = [list(group) for _, group in groupby(placements, key=way)]
        if len(runs) <= MOST_TRACKS:
            return runs
    scenes = [list(group) for _, group in groupby(runs, key=lambda run: run[0].scene)]
    if len(scenes) > MOST_TRACKS:
        whole = [[placement for run in scene for placement in run] for scene in scenes]
        return _even(whole, MOST_TRACKS, end_sample=end_sample)
    return _even_within(scenes, end_sample=end_sample)


def _paragraph(placement: Placement) -> object:
    return placement.scene, placement.paragraph


def _even_within(scenes: list[list[Run]], *, end_sample: int) -> list[Run]:
    """One run a scene, and the rest of the 99 shared out among the scenes by length."""
    spare = MOST_TRACKS - len(scenes)
    first = scenes[0][0][0].start_sample
    length = max(end_sample - first, 1)
    ends = [scene[0][0].start_sample for scene in scenes[1:]] + [end_sample]
    shares = [0] + [(end - first) * spare // length for end in ends]
    return [
        run
        for scene, end, before, share in zip(scenes, ends, shares, shares[1:], strict=False)
        for run in _even(scene, 1 + share - before, end_sample=end)
    ]


def _even(runs: list[Run], most: int, *, end_sample: int) -> list[Run]:
    """Join neighbours until there are at most *most*: one for each equal stretch in which one begins."""
    first = runs[0][0].start_sample
    length = max(end_sample - first, 1)
    joined: list[Run] = []
    next_stretch = 0
    for run in runs:
        stretch = (run[0].start_sample - first) * most // length
        if joined and (stretch < next_stretch or len(joined) == most):
            joined[-1].extend(run)
        else:
            joined.append(list(run))
            next_stretch = stretch + 1
    return joined


def _clock(frame: int) -> str:
    seconds, frames = divmod(frame, FRAMES_A_SECOND)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02d}:{seconds:02d}:{frames:02d}"
