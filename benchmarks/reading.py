"""How fast, and in how much memory, is a long manuscript parsed, proved and planned?

The same files are parsed by markdown-it-py alone (CommonMark, tokens thrown away): the price of reading
Markdown at all in Python. narrator's share is a whole `narrator check`: parse, cast, prove coverage to the
character, plan and price. Each round of each runs in a process of its own; imports are not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import Cost, Spread, Timing, apart, figure, machine
from benchmarks.options import parser
from benchmarks.writing import write_project

FULL = 1_000_000
FILES = 40


class Round(NamedTuple):
    """One check of the manuscript beside its bare parsing."""

    narrator: Cost
    reference: Cost


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    folder = options.work / f"reading-{options.size}"
    written = write_project(folder, words=options.size, files=FILES)
    print(machine("markdown-it-py", "mdit-py-plugins", "pydantic"))
    print(f"{written:,} words in {FILES} files, {options.rounds} rounds in turn; median (range)")
    rounds = [Round(apart(check, folder), apart(parse, folder)) for _ in range(options.rounds)]
    for name, costs in (
        ("narrator check", [each.narrator for each in rounds]),
        ("markdown-it-py alone", [each.reference for each in rounds]),
    ):
        rate = Spread.of(written / cost.cpu_s for cost in costs)
        wall = Spread.of(cost.wall_s for cost in costs)
        peak = Spread.of(cost.peak_mib for cost in costs)
        print(f"{name:22} {rate} words/s of CPU; {wall} s; peak {peak} MiB")
    ratio = Spread.of(each.narrator.cpu_s / each.reference.cpu_s for each in rounds)
    memory = Spread.of(each.narrator.peak_mib * 2**20 for each in rounds).median / written
    print(f"narrator / markdown-it-py: {ratio} x the CPU; narrator's peak is {figure(memory)} bytes a word")


def check(folder: Path) -> Cost:
    """A whole `narrator check`."""
    from narrator.cli import main as narrator  # here, so that the other process does without it

    with Timing() as timing, contextlib.redirect_stdout(io.StringIO()):
        assert narrator(["check", str(folder), "--json"]) == 0
    return timing.cost


def parse(folder: Path) -> Cost:
    """markdown-it-py over every file, one after the other."""
    from markdown_it import MarkdownIt

    with Timing() as timing:
        markdown = MarkdownIt("commonmark")
        for file in sorted((folder / "manuscript").iterdir()):
            markdown.parse(file.read_text(encoding="utf-8"))
    return timing.cost


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    return parser(__doc__, name="reading", size=100_000, full=FULL, unit="words", rounds=3).parse_args(words)


if __name__ == "__main__":
    main()
