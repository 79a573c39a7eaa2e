"""The report: what was made, checked and spent, as report.json and as a page to listen and read along.

Both are functions of the book and its takes: no clock, and nothing about the run that happened to make
them, so the same manuscript and takes give the same bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, InstanceOf

from narrator.book import Book
from narrator.files import write_text
from narrator.manuscript import NARRATOR, Notice
from narrator.rendering import render_report
from narrator.results import Spent
from narrator.timeline import Heard, Outline, milliseconds
from narrator.typesetting import DoubtedLine, set_text

VERSION = 1
"""Of report.json: raised when a key changes its meaning or goes; new keys may come without."""
HUES = 12
"""Role colours the page has; later roles begin again."""
WAVE_BARS = 240

_WORD = re.compile(r"[^\W_]\S*")
"""As narrator counts words: one for each run without white space that holds a letter or a digit."""

Decibels = Annotated[
    float | None,
    BeforeValidator(lambda value: None if value is None or not math.isfinite(value) else value),
]
"""None where it was not measured or there was no sound at all."""


class Loudness(BaseModel, frozen=True, extra="forbid"):
    """What was measured on the decoded MP3."""

    profile: str
    """Name of the profile it was held to, or `none`."""
    rms_db: Decibels = None
    peak_db: Decibels = None
    floor_db: Decibels = None


class ChapterReport(BaseModel, frozen=True, extra="forbid"):
    """One chapter that was made."""

    timeline: InstanceOf[Outline]
    files: tuple[tuple[str, str], ...]
    """Format and path relative to the report's folder, with `/`: `("mp3", "chapters/01-the-lamp.mp3")`."""
    loudness: Loudness
    peaks: tuple[int, ...] = ()
    """The waveform from beginning to end: the largest sample of each stretch, full scale being 255."""
    spent: tuple[Spent, ...] = ()
    """What its takes cost when they were recorded, by currency."""
    unattributed: int = 0
    """Quotations in prose that no speaker was found for; the narrator reads them."""
    checks: tuple[str, ...] = ()
    """What was proved about the finished file, a short phrase each."""
    doubts: tuple[DoubtedLine, ...] = ()
    """In order."""


class Unmade(BaseModel, frozen=True, extra="forbid"):
    """A chapter of the manuscript that has no audio yet."""

    number: int
    title: str
    reason: str


class StandIn(BaseModel, frozen=True, extra="forbid"):
    """A role that speaks with its stand-in."""

    role: str
    voice: str
    """The stand-in, `provider/voice`."""
    instead_of: str
    """The voice that it is cast with; empty where that is yet to be made from a description."""
    service: str
    """What is known of the service that it would come from, in a few words."""
    ends: str | None = None
    """The day from which that service does not answer (ISO 8601); None where no end is known."""


class CoverageFigures(BaseModel, frozen=True, extra="forbid"):
    """What became of every character of the manuscript."""

    characters: int
    spoken: int
    markup: int
    skipped: tuple[tuple[str, int], ...] = ()
    """Characters by reason."""
    complete: bool
    """True where spoken, markup and skips put every source file back together."""


class Report(BaseModel, frozen=True, extra="forbid"):
    """A whole book."""

    book: Book
    chapters: tuple[ChapterReport, ...]
    """In order."""
    coverage: CoverageFigures
    unmade: tuple[Unmade, ...] = ()
    notices: tuple[Notice, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    """In the order of the cast."""
    cover: str | None = None
    """Path of the cover picture relative to the report's folder, with `/`."""


class Part(NamedTuple):
    """What a role has in a chapter or a book."""

    role: str
    voices: tuple[str, ...]
    utterances: int
    words: int
    duration_ms: int


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` and `report.html` into *folder*.

    Raises:
        OutputError: one of them cannot be written.
    """
    figures = [_figures(chapter) for chapter in report.chapters]
    facts = _facts(report, figures)
    write_text(folder / "report.html", render_report(_page(report, facts, figures)))
    write_text(folder / "report.json", json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def report_facts(report: Report) -> dict[str, Any]:
    """What report.json holds: plain values, amounts of money rounded to a millionth."""
    return _facts(report, [_figures(chapter) for chapter in report.chapters])


def _facts(report: Report, figures: Sequence[_Figures]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "book": _book_facts(report.book),
        "chapters": [
            _chapter_facts(chapter, its) for chapter, its in zip(report.chapters, figures, strict=True)
        ],
        "coverage": {
            **report.coverage.model_dump(exclude={"skipped"}),
            "skipped": dict(report.coverage.skipped),
        },
        "notices": [notice.model_dump() for notice in report.notices],
        "stand_ins": [stand_in.model_dump() for stand_in in report.stand_ins],
        "totals": _totals(report, figures),
        "unmade": [chapter.model_dump() for chapter in report.unmade],
    }


def _book_facts(book: Book) -> dict[str, object]:
    return book.model_dump(
        include={"title", "subtitle", "author", "narrator", "language", "publisher", "year", "isbn", "series"}
    )


def _chapter_facts(chapter: ChapterReport, figures: _Figures) -> dict[str, Any]:
    timeline = chapter.timeline
    return {
        "number": timeline.number,
        "title": timeline.title,
        "files": dict(chapter.files),
        "duration_ms": timeline.duration_ms,
        "loudness": chapter.loudness.model_dump(),
        "checks": list(chapter.checks),
        "unattributed": chapter.unattributed,
        "doubts": [doubt._asdict() for doubt in chapter.doubts],
        **_counts([chapter], [figures]),
    }


def _totals(report: Report, figures: Sequence[_Figures]) -> dict[str, object]:
    return {
        "chapters": len(report.chapters),
        "duration_ms": sum(chapter.timeline.duration_ms for chapter in report.chapters),
        "unattributed": sum(chapter.unattributed for chapter in report.chapters),
        **_counts(report.chapters, figures),
    }


def _counts(chapters: Sequence[ChapterReport], figures: Sequence[_Figures]) -> dict[str, object]:
    roles = _parts(chapters, figures)
    return {
        "scenes": sum(len(chapter.timeline.scenes) for chapter in chapters),
        "utterances": sum(len(chapter.timeline.placements) for chapter in chapters),
        "words": sum(part.words for part in roles),
        "takes": len(frozenset().union(*(each.takes for each in figures))),
        "word_sources": dict(sum((each.word_sources for each in figures), Counter())),
        "roles": [part._asdict() for part in roles],
        "spent": [spent.model_dump() for spent in total_spent(chapters)],
    }


class _Share(NamedTuple):
    """What a role has in a chapter, to be added up."""

    voices: dict[str, None]
    """Those it speaks with, in order."""
    utterances: int
    words: int
    samples: int


class _Figures(NamedTuple):
    """What is counted in a chapter, to be added up: all of a book's lines are looked at once."""

    roles: dict[str, _Share]
    """In order of first appearance."""
    takes: frozenset[str]
    word_sources: Counter[str]


def _figures(chapter: ChapterReport) -> _Figures:
    placements = chapter.timeline.placements
    by_role: dict[str, list[Heard]] = {}
    for heard in placements:
        by_role.setdefault(heard.role, []).append(heard)
    roles = {
        role: _Share(
            dict.fromkeys(heard.voice for heard in said),
            len(said),
            len(_WORD.findall(" ".join([heard.text for heard in said]))),
            sum(heard.end_sample - heard.start_sample for heard in said),
        )
        for role, said in by_role.items()
    }
    return _Figures(
        roles,
        frozenset([heard.take_id for heard in placements]),
        Counter([heard.word_source for heard in placements]),
    )


def _parts(chapters: Sequence[ChapterReport], figures: Sequence[_Figures]) -> list[Part]:
    """What each role has in some chapters, in order of first appearance."""
    by_role: dict[str, list[tuple[_Share, int]]] = {}
    for chapter, of_chapter in zip(chapters, figures, strict=True):
        for role, share in of_chapter.roles.items():
            by_role.setdefault(role, []).append((share, chapter.timeline.rate))
    return [
        Part(
            role=role,
            voices=tuple(dict.fromkeys(voice for share, _ in had for voice in share.voices)),
            utterances=sum(share.utterances for share, _ in had),
            words=sum(share.words for share, _ in had),
            duration_ms=_spoken_ms(had),
        )
        for role, had in by_role.items()
    ]


def total_spent(chapters: Iterable[ChapterReport]) -> list[Spent]:
    """What the chapters' takes cost, one amount a currency, in the currencies' order."""
    by_currency: dict[str, list[float]] = {}
    for chapter in chapters:
        for spent in chapter.spent:
            by_currency.setdefault(spent.currency, []).append(spent.amount)
    return [
        Spent(amount=round(math.fsum(amounts), 6), currency=currency)
        for currency, amounts in sorted(by_currency.items())
    ]


def _spoken_ms(had: Iterable[tuple[_Share, int]]) -> int:
    """Samples are added up before they are rounded; masters of different rates are added in ms."""
    by_rate: dict[int, int] = {}
    for share, rate in had:
        by_rate[rate] = by_rate.get(rate, 0) + share.samples
    return sum(milliseconds(samples, rate) for rate, samples in by_rate.items())


def _page(report: Report, facts: dict[str, Any], figures: Sequence[_Figures]) -> dict[str, object]:
    """What the page's template is given: the facts of report.json, and what is only for the eye and ear."""
    colours = _colours(figures)
    roles = facts["totals"]["roles"]
    spoken_ms = sum(part["duration_ms"] for part in roles) or 1
    stand_ins = {stand_in.role: stand_in for stand_in in report.stand_ins}
    return {
        **facts,
        "cover": None if report.cover is None else quote(report.cover),
        "wave_bars": WAVE_BARS,
        "cast": [
            {
                **part,
                "colour": colours[part["role"]],
                "share": part["duration_ms"] * 100 / spoken_ms,
                "stand_in": stand_ins.get(part["role"]),
            }
            for part in roles
        ],
        "notices": _told(report),
        "doubted": len({doubt.utterance_id for chapter in report.chapters for doubt in chapter.doubts}),
        "chapters": [
            {**chapter_facts, **_chapter_page(chapter, colours)}
            for chapter, chapter_facts in zip(report.chapters, facts["chapters"], strict=True)
        ],
    }


def _told(report: Report) -> list[tuple[str, str | None]]:
    """The notices, each with the id of its line where that is on the page."""
    wanted = {notice.utterance for notice in report.notices if notice.utterance}
    there = {
        heard.utterance_id
        for chapter in (report.chapters if wanted else ())
        for heard in chapter.timeline.placements
        if heard.utterance_id in wanted
    }
    return [
        (str(notice), notice.utterance if notice.utterance in there else None) for notice in report.notices
    ]


def _chapter_page(chapter: ChapterReport, colours: dict[str, str]) -> dict[str, object]:
    timeline = chapter.timeline
    files = {name: quote(path) for name, path in chapter.files}
    return {
        "mp3": files.pop("mp3", None),
        "files": files,
        "wave": _wave(chapter.peaks),
        "scene_marks": "".join(
            f"M{scene.start_sample * WAVE_BARS // max(timeline.samples, 1)} 0v256"
            for scene in timeline.scenes[1:]
        ),
        "text": set_text(timeline, colours=colours, doubts=chapter.doubts),
    }


def _colours(figures: Iterable[_Figures]) -> dict[str, str]:
    """A style class for each role: `r0` for the narrator, then `r1` and on, by first appearance."""
    roles = dict.fromkeys(role for chapter in figures for role in chapter.roles)
    others = [role for role in roles if role != NARRATOR]
    return {NARRATOR: "r0"} | {role: f"r{number % HUES + 1}" for number, role in enumerate(others)}


def _wave(peaks: Sequence[int]) -> str:
    """The waveform as an SVG path in a box of `WAVE_BARS` by 256: upright bars, each of an equal stretch."""
    if not peaks:
        return ""
    bars = []
    for bar in range(WAVE_BARS):
        first, after = (edge * len(peaks) // WAVE_BARS for edge in (bar, bar + 1))
        height = max(min(max(peaks[first : max(after, first + 1)]), 255), 2)
        bars.append(f"M{bar + 0.5} {128 - height // 2}v{height}")
    return "".join(bars)
