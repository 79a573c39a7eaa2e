"""How long does `narrator book` take when there is nothing to do, beside starting Python at all?

Whole processes, in turn: an empty Python, `import narrator`, and `narrator book` on a book that is
finished. The goal is about the last two: finding out that nothing changed must stay near to what it
costs to start.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.measuring import Spread, machine, verdict
from benchmarks.options import parser
from benchmarks.writing import write_project

FULL = 5_000
GOAL = 3.0
UTTERANCES_A_CHAPTER = 250
WORDS_AN_UTTERANCE = 13
"""Of the manuscripts that `writing` writes, more or less; on the safe side."""


class Run(NamedTuple):
    """A whole process."""

    wall_ms: float
    cpu_ms: float


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    folder = options.work / f"rerun-{options.size}"
    chapters = max(1, round(options.size / UTTERANCES_A_CHAPTER))
    write_project(folder, words=options.size * WORDS_AN_UTTERANCE, files=chapters)
    book = [sys.executable, "-m", "narrator", "book", str(folder), "--json"]
    first = _make(book)
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import narrator": [sys.executable, "-c", "import narrator"],
        "narrator book": book,
    }
    print(machine("pydantic", "numpy", "typer", "rich"))
    print(
        f"{first['recorded'] + first['reused']:,} utterances in {chapters} chapters, nothing to do;"
        f" whole processes, {options.rounds} rounds in turn; median (range)"
    )
    for command in commands.values():
        _run(command)  # everything is in the disk's cache from here on
    rounds = [{name: _run(command) for name, command in commands.items()} for _ in range(options.rounds)]
    for name in commands:
        wall, cpu = (Spread.of(each[name][i] for each in rounds) for i in range(2))
        print(f"  {name:16} {wall} ms, CPU {cpu} ms")
    ratio = Spread.of(each["narrator book"].wall_ms / each["import narrator"].wall_ms for each in rounds)
    print(f"  narrator book / import narrator: {ratio}; {verdict(ratio.median, GOAL)}")


def _make(book: list[str]) -> dict[str, int]:
    """Finish the book, and see that a second run finds nothing to do."""
    first, second = (
        json.loads(subprocess.run(book, check=True, capture_output=True).stdout) for _ in range(2)
    )
    assert second["recorded"] == 0
    assert all(chapter["unchanged"] for chapter in second["chapters"])
    return {name: first[name] for name in ("recorded", "reused")}


def _run(command: list[str]) -> Run:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Run(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, name="rerun", size=500, full=FULL, unit="utterances, more or less", rounds=15)
    return made.parse_args(words)


if __name__ == "__main__":
    main()
