"""A chapter's text as HTML for the report page: every line a link that plays it, and doubts where they are.

A book has a hundred thousand lines, and a template takes ten times as long for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

from narrator.manuscript import NARRATOR
from narrator.timeline import Heard, Outline, milliseconds

SILENCE = '<p class="silence">Nothing is spoken here.</p>\n'
RUN_UP_MS = 500
"""Played before a place that is in doubt, as far as its line reaches."""

_scene, _paragraph, _role = attrgetter("scene"), attrgetter("paragraph"), attrgetter("role")


class DoubtedLine(NamedTuple):
    """A place where a line's take does not seem to hold its text."""

    utterance_id: str
    take_id: str
    kind: Literal["missing", "repeated", "otherwise", "all"]
    """`all`: the whole take is something else."""
    what: str
    """The same in plain words, as what its words seem to be."""
    words: str
    """As written; all of the line's where it is all of the take."""
    start_ms: int
    """On the chapter's clock."""
    end_ms: int


def set_text(outline: Outline, *, colours: Mapping[str, str], doubts: Iterable[DoubtedLine] = ()) -> str:
    """
    The paragraphs of a chapter, each on a line of its own.

    Args:
        colours: the class of each role.
    """
    marks: dict[str, list[DoubtedLine]] = {}
    for doubt in doubts:
        marks.setdefault(doubt.utterance_id, []).append(doubt)
    return "".join(_scenes(outline, colours, marks)) or SILENCE


def _scenes(
    outline: Outline, colours: Mapping[str, str], marks: Mapping[str, Sequence[DoubtedLine]]
) -> Iterator[str]:
    scenes = outline.scenes
    for place, (number, scene) in enumerate(groupby(outline.placements, key=_scene)):
        title = scenes[number].title if number < len(scenes) else ""
        if place or title:
            yield f'<p class="scene" dir="auto">{_escaped(title) or "⁂"}</p>\n'
        for _, paragraph in groupby(scene, key=_paragraph):
            yield _set_paragraph(list(paragraph), outline.rate, colours, marks)


def _set_paragraph(
    placements: Sequence[Heard],
    rate: int,
    colours: Mapping[str, str],
    marks: Mapping[str, Sequence[DoubtedLine]],
) -> str:
    """A paragraph in turns; a role other than the narrator is named where it begins to speak."""
    named = NARRATOR
    turns = []
    for role, turn in groupby(placements, key=_role):
        name = f"<b>{_escaped(role)}</b> " if role not in (NARRATOR, named) else ""
        said = "".join([_set_line(heard, rate, marks) for heard in turn])
        turns.append(f'<span class="{colours[role]}">{name}{said}</span>')
        named = named if role == NARRATOR else role
    heading = ' class="heading"' if placements[0].heading else ""
    return f'<p{heading} dir="auto">{"".join(turns)}</p>\n'


def _set_line(heard: Heard, rate: int, marks: Mapping[str, Sequence[DoubtedLine]]) -> str:
    # Only the words are escaped: ids are narrator's own, and times are numbers.
    name, ms = heard.utterance_id, milliseconds(heard.start_sample, rate)
    if name not in marks:
        return f'<a id="{name}" href="#{name}" data-t="{ms}">{_escaped(heard.text)}</a> '
    line = f'<a id="{name}" class="doubted" href="#{name}" data-t="{ms}">{_escaped(heard.text)}</a> '
    return line + "".join(_mark(doubt, ms) for doubt in marks[name])


def _mark(doubt: DoubtedLine, line_ms: int) -> str:
    """A doubt, told beside its line; it plays from a little before the place."""
    begins_ms = max(doubt.start_ms - RUN_UP_MS, line_ms)
    where = f"{_clock(doubt.start_ms)} into the chapter"
    if doubt.kind == "all":
        told = f"{doubt.what}? {where}"
    else:
        into_s = max(doubt.start_ms - line_ms, 0) / 1000
        words = f"<q><bdi>{_escaped(doubt.words)}</bdi></q>"
        told = f"{words} {doubt.what}? {into_s:.1f}&nbsp;s into the line, {where}"
    return (
        f'<small class="doubt" lang="en"><a href="#{doubt.utterance_id}" data-t="{begins_ms}">'
        f"<code>{doubt.utterance_id}</code>: {told}</a></small> "
    )


def _clock(ms: int) -> str:
    """`1:02:03.4`, `2:03.4`."""
    tenths = (ms + 50) // 100
    minutes, rest = tenths // 600, tenths % 600
    long = f"{minutes // 60}:{minutes % 60:02d}" if minutes >= 60 else str(minutes)
    return f"{long}:{rest // 10:02d}.{rest % 10}"


def _escaped(text: str) -> str:
    safe = escape(text)
    return safe.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") if "&" in safe else safe
