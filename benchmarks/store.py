"""What does a store of 100,000 takes cost a book, beside reading its manuscript alone?

The reference is what `narrator check` did before anything was recorded: open the project, parse, cast,
prove coverage and make every request, with an empty store. Held against it, in CPU and each in a process of
its own: opening project, store and ledger; planning with a take on hand for every line; and a whole
`narrator book`, from the start of Python to its end, after one line was edited in a finished book. Then a
book of a twentieth of the lines is planned in a store of its own and in the large one, where the other takes
are old ones nobody asks for.

The takes are not spoken but written here: each with the word and phoneme times that its text would have, the
same short sound for all, a price, and its row in the ledger. The book has no MP3s: no encoder is in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measuring import Cost, Spread, Timing, apart, children_peak_mib, figure, machine, verdict
from benchmarks.options import parser
from benchmarks.writing import write_project
from narrator import sidecar
from narrator.audio import flac, measuring
from narrator.ledger import Ledger
from narrator.parsing import decode, read_manuscript
from narrator.preparing import prepare
from narrator.progress import Silent
from narrator.project import open_project
from narrator.providers import Providers
from narrator.session import collecting_rarely, open_session
from narrator.store import TakeStore
from narrator.takes import Level, Pcm, PhonemeTime, Request, Take, WordTime

FULL = 100_000
GOAL = 1.5
PART = 20
"""The smaller book has one line of so many."""
LINES_A_CHAPTER = 250
WORDS_A_LINE = 15.8
"""Of the manuscripts that `writing` writes."""
PHONEMES_A_LETTER = 0.85
RATE = 22_050
PRICE = 0.00015
"""Of a character."""
SETTINGS = "formats: [json, cue]\n"
EDIT = "\nNobody has said number {} before.\n"


class Books(NamedTuple):
    """A book whose store has a take for every line, and the beginning of it as a book of its own."""

    whole: Path
    part: Path


class Round(NamedTuple):
    """Everything once."""

    parsing: Cost
    reading: Cost
    opening: Cost
    planning: Cost
    editing: Cost
    reading_part: Cost
    part_alone: Cost
    part_in_whole: Cost


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    print(machine("pydantic"))
    books = Books(options.work / f"store-{options.size}", options.work / f"store-{options.size}-part")
    takes = apart(_fill, books.whole, options.size)
    old = takes - apart(_fill, books.part, options.size // PART)
    apart(_book, books.whole)
    print(
        f"{takes:,} takes in the store, one for every line of a book; {options.rounds} rounds in turn, CPU,"
        " median (range)"
    )
    rounds = [_round(books) for _ in range(options.rounds)]
    reading = Spread.of(each.reading.cpu_s for each in rounds)
    parsing = Spread.of(each.parsing.cpu_s for each in rounds)
    print(f"  reading the manuscript alone: {reading} s; of that parsing: {parsing} s")
    for name, costs in (
        ("open project, store and ledger", [each.opening for each in rounds]),
        ("plan with every take on hand", [each.planning for each in rounds]),
        ("narrator book after one line was edited", [each.editing for each in rounds]),
    ):
        ratio = Spread.of(cost.cpu_s / each.reading.cpu_s for cost, each in zip(costs, rounds, strict=True))
        bare = Spread.of(cost.cpu_s / each.parsing.cpu_s for cost, each in zip(costs, rounds, strict=True))
        wall, peak = Spread.of(cost.wall_s for cost in costs), Spread.of(cost.peak_mib for cost in costs)
        print(f"  {name} / reading: {ratio}; {verdict(ratio.median, GOAL)}")
        print(f"    / parsing: {figure(bare.median)}; clock {wall} s; peak {figure(peak.median)} MiB")
    part = Spread.of(each.part_in_whole.cpu_s / each.reading_part.cpu_s for each in rounds)
    alone = Spread.of(each.part_in_whole.cpu_s / each.part_alone.cpu_s for each in rounds)
    print(
        f"  plan a {PART}th of the book beside {old:,} old takes / reading it: {part};"
        f" {verdict(part.median, GOAL)}"
    )
    print(f"    / the same without the old takes: {alone}")


def _round(books: Books) -> Round:
    return Round(
        parsing=apart(_parse, books.whole),
        reading=apart(_read, books.whole),
        opening=apart(_open, books.whole),
        planning=apart(_plan, books.whole),
        editing=apart(_edit, books.whole),
        reading_part=apart(_read, books.part),
        part_alone=apart(_plan, books.part),
        part_in_whole=apart(_plan, books.part, takes_of=books.whole),
    )


def _parse(folder: Path) -> Cost:
    with Timing() as timing, collecting_rarely():
        project = open_project(folder)
        sources = [decode(path, data) for path, data in project.sources]
        read_manuscript(sources, cast=project.cast, language=project.book.language)
    return timing.cost


def _read(folder: Path) -> Cost:
    with Timing() as timing, collecting_rarely():
        project = open_project(folder)
        with Providers(project.book.providers) as providers:
            prepared = prepare(project, TakeStore(folder / "no takes"), providers)
    assert all(line.take is None for line in prepared.plan.lines)
    return timing.cost


def _open(folder: Path) -> Cost:
    with Timing() as timing, open_session(open_project(folder), progress=Silent()):
        pass
    return timing.cost


def _plan(folder: Path, *, takes_of: Path | None = None) -> Cost:
    """Everything up to the first request, and nothing is missing."""
    with Timing() as timing:
        project = open_project(folder)
        project = replace(project, root=takes_of.resolve()) if takes_of else project
        with open_session(project, progress=Silent()) as session:
            prepared = session.prepare()
    assert all(line.take for line in prepared.plan.lines)
    return timing.cost


def _edit(folder: Path) -> Cost:
    chapter = sorted((folder / "manuscript").iterdir())[-1]
    with chapter.open("a", encoding="utf-8") as file:
        file.write(EDIT.format(time.time_ns()))
    with Timing() as timing:
        made = _book(folder)
    assert made["recorded"] == 1
    assert sum(not chapter["unchanged"] for chapter in made["chapters"]) == 1
    return timing.cost._replace(peak_mib=children_peak_mib())


def _book(folder: Path) -> dict[str, Any]:
    """`narrator book` as a user gives it, from its start to its end; its result."""
    words = [sys.executable, "-m", "narrator", "book", str(folder), "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def _fill(folder: Path, lines: int) -> int:
    """Write a book of about so many lines, and every take that is not there; how many there are then."""
    files = max(1, round(lines / LINES_A_CHAPTER))
    # Chapters of one length, so that a shorter book is the beginning of a longer one.
    words = round(min(lines, LINES_A_CHAPTER) * WORDS_A_LINE) * files
    write_project(folder, words=words, files=files)
    with (folder / "book.yaml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    project = open_project(folder)
    store = TakeStore(project.takes)
    with collecting_rarely(), Providers() as providers:
        plan = prepare(project, store, providers).plan
    wanted = {line.request.key: line.request for line in plan.lines if line.take is None}
    takes = {line.take.key: line.take for line in plan.lines if line.take is not None}
    pcm = (np.sin(np.arange(RATE // 2) / 10) * 8000).astype(np.int16)
    write = partial(_write, store, pcm, flac.encode(pcm, RATE), measuring.measure(pcm, RATE))
    with Ledger(project.takes, store=store) as ledger:
        ledger.adopt([*takes.values(), *map(write, wanted.values())])
    return len(takes) + len(wanted)


def _write(store: TakeStore, pcm: Pcm, audio: bytes, level: Level, request: Request) -> Take:
    """A take of a request, as if a service had spoken it; much faster than `TakeStore.put`."""
    spoken = request.spoken
    step = len(pcm) // (len(spoken.text) + 1)
    letters = [at for at, letter in enumerate(spoken.text) if letter.isalpha()]
    phonemes = letters[: round(len(letters) * PHONEMES_A_LETTER)]
    text, take = sidecar.write(
        Take(
            id=hashlib.sha256(request.key.encode()).hexdigest()[:16],
            key=request.key,
            flac_bytes=len(audio),
            flac_sha256=hashlib.sha256(audio).hexdigest(),
            rate=RATE,
            samples=len(pcm),
            request=request,
            words=tuple(WordTime(word.spoken_start * step, word.spoken_end * step) for word in spoken.words),
            word_source="engine",
            phonemes=tuple(PhonemeTime(spoken.text[at], at * step, (at + 1) * step) for at in phonemes),
            characters=len(spoken.text),
            cost=len(spoken.text) * PRICE,
            level=level,
            recorded_at="2026-11-20T10:00:00Z",
            took_ms=200,
        )
    )
    path = store.path(take.key, take.id)
    path.parent.mkdir(parents=True)
    path.write_bytes(audio)
    path.with_suffix(".json").write_bytes(text)
    return take


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    return parser(
        __doc__, name="store", size=2_000, full=FULL, unit="takes, more or less", rounds=3
    ).parse_args(words)


if __name__ == "__main__":
    main()
