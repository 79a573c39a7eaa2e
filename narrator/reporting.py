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
from itertools import groupby
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


class Unmade(BaseModel, frozen=True, extra="forbid"):
    """A chapter of the manuscript that has no audio yet."""

    number: int
    title: str
    reason: str


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
    facts = report_facts(report)
    write_text(folder / "report.html", render_report(_page(report, facts)))
    write_text(folder / "report.json", json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def report_facts(report: Report) -> dict[str, Any]:
    """What report.json holds: plain values, amounts of money rounded to a millionth."""
    shares = [_shares(chapter) for chapter in report.chapters]
    return {
        "version": VERSION,
        "book": _book_facts(report.book),
        "chapters": [
            _chapter_facts(chapter, had) for chapter, had in zip(report.chapters, shares, strict=True)
        ],
        "coverage": {
            **report.coverage.model_dump(exclude={"skipped"}),
            "skipped": dict(report.coverage.skipped),
        },
        "notices": [notice.model_dump() for notice in report.notices],
        "totals": _totals(report, shares),
        "unmade": [chapter.model_dump() for chapter in report.unmade],
    }


def _book_facts(book: Book) -> dict[str, object]:
    return book.model_dump(
        include={"title", "subtitle", "author", "narrator", "language", "publisher", "year", "isbn", "series"}
    )


def _chapter_facts(chapter: ChapterReport, shares: _Shares) -> dict[str, Any]:
    timeline = chapter.timeline
    return {
        "number": timeline.number,
        "title": timeline.title,
        "files": dict(chapter.files),
        "duration_ms": timeline.duration_ms,
        "loudness": chapter.loudness.model_dump(),
        "checks": list(chapter.checks),
        "unattributed": chapter.unattributed,
        **_counts([chapter], [shares]),
    }


def _totals(report: Report, shares: Sequence[_Shares]) -> dict[str, object]:
    return {
        "chapters": len(report.chapters),
        "duration_ms": sum(chapter.timeline.duration_ms for chapter in report.chapters),
        "unattributed": sum(chapter.unattributed for chapter in report.chapters),
        **_counts(report.chapters, shares),
    }


def _counts(chapters: Sequence[ChapterReport], shares: Sequence[_Shares]) -> dict[str, object]:
    placements = [placement for chapter in chapters for placement in chapter.timeline.placements]
    roles = _parts(chapters, shares)
    return {
        "scenes": sum(len(chapter.timeline.scenes) for chapter in chapters),
        "utterances": len(placements),
        "words": sum(part.words for part in roles),
        "takes": len({placement.take_id for placement in placements}),
        "word_sources": dict(Counter(placement.word_source for placement in placements)),
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


_Shares = dict[str, _Share]
"""By role, in order of first appearance."""


def _shares(chapter: ChapterReport) -> _Shares:
    by_role: dict[str, list[Heard]] = {}
    for heard in chapter.timeline.placements:
        by_role.setdefault(heard.role, []).append(heard)
    return {
        role: _Share(
            dict.fromkeys(heard.voice for heard in said),
            len(said),
            sum(len(_WORD.findall(heard.text)) for heard in said),
            sum(heard.end_sample - heard.start_sample for heard in said),
        )
        for role, said in by_role.items()
    }


def _parts(chapters: Sequence[ChapterReport], shares: Sequence[_Shares]) -> list[Part]:
    """What each role has in some chapters, in order of first appearance."""
    by_role: dict[str, list[tuple[_Share, int]]] = {}
    for chapter, of_chapter in zip(chapters, shares, strict=True):
        for role, share in of_chapter.items():
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


def _page(report: Report, facts: dict[str, Any]) -> dict[str, object]:
    """What the page's template is given: the facts of report.json, and what is only for the eye and ear."""
    colours = _colours(report.chapters)
    roles = facts["totals"]["roles"]
    spoken_ms = sum(part["duration_ms"] for part in roles) or 1
    return {
        **facts,
        "cover": None if report.cover is None else quote(report.cover),
        "wave_bars": WAVE_BARS,
        "cast": [
            {**part, "colour": colours[part["role"]], "share": part["duration_ms"] * 100 / spoken_ms}
            for part in roles
        ],
        "notices": [str(notice) for notice in report.notices],
        "chapters": [
            {**chapter_facts, **_chapter_page(chapter, colours)}
            for chapter, chapter_facts in zip(report.chapters, facts["chapters"], strict=True)
        ],
    }


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
        "text": [
            {
                "title": timeline.scenes[number].title if number < len(timeline.scenes) else "",
                "paragraphs": [
                    _paragraph(list(paragraph), timeline.rate, colours)
                    for _, paragraph in groupby(scene, key=lambda placement: placement.paragraph)
                ],
            }
            for number, scene in groupby(timeline.placements, key=lambda placement: placement.scene)
        ],
    }


def _paragraph(placements: list[Heard], rate: int, colours: dict[str, str]) -> dict[str, object]:
    """A paragraph in turns; a role other than the narrator is named where it begins to speak."""
    turns = []
    named = NARRATOR
    for role, turn in groupby(placements, key=lambda placement: placement.role):
        turns.append(
            {
                "name": role if role not in (NARRATOR, named) else "",
                "colour": colours[role],
                "utterances": [
                    (each.utterance_id, milliseconds(each.start_sample, rate), each.text) for each in turn
                ],
            }
        )
        named = named if role == NARRATOR else role
    return {"heading": placements[0].heading, "turns": turns}


def _colours(chapters: Sequence[ChapterReport]) -> dict[str, str]:
    """A style class for each role: `r0` for the narrator, then `r1` and on, by first appearance."""
    roles = dict.fromkeys(placement.role for chapter in chapters for placement in chapter.timeline.placements)
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
