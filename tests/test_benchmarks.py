"""The benchmarks run, at sizes that mean nothing, and print what they promise; no figure is judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import Spread, figure, verdict
from benchmarks.writing import Author, write_project

ROOT = Path(__file__).parent.parent

PROMISED = {
    "reading": (
        ["--size", "500", "--rounds", "1"],
        ["narrator check", "markdown-it-py alone", "words/s", "narrator / markdown-it-py:", "bytes a word"],
    ),
    "mastering": (
        ["--size", "1", "--loudness", "acx"],
        [
            "loudness: acx; 2 chapters",
            "narrator / encoder",
            "goal <= 1.6: ",
            "goal <= 0.55: ",
            "goal <= 250 MB: ",
            "pydub",
        ],
    ),
    "rerun": (
        ["--size", "25", "--rounds", "1"],
        ["nothing to do", "python -c pass", "import narrator", "goal <= 3: "],
    ),
    "store": (
        ["--size", "60", "--rounds", "1"],
        [
            " takes in the store",
            "reading the manuscript alone",
            "open project, store and ledger / reading: ",
            "plan with every take on hand / reading: ",
            "narrator book after one line was edited / reading: ",
            " old takes / reading it: ",
            "goal <= 1.5: ",
        ],
    ),
    "chains": (
        ["--size", "1", "--rounds", "1"],
        [
            "40 scenes of 1 lines",
            "goal <= 1.05: ",
            "in the official SDK",
            "narrator / official SDK: ",
            "goal <= 1: ",
        ],
    ),
    "ledgering": (
        ["--size", "1", "--rounds", "1"],
        [
            "40 requests, 200 ms each, 10 at once",
            "clock with the ledger / without: ",
            "ms a request",
            "request and writes / request: ",
            "goal <= 1.02: ",
        ],
    ),
    "aligning": (
        ["--size", "1"],
        [
            "en  espeak en-gb+f3",
            "aligned ",
            "median: goal <= 12: ",
            "by characters ",
            "durations scaled ",
            "goal <= 90: ",
            "goal >= 150 x: ",
        ],
    ),
    "hour": (
        ["--size", "1", "--loudness", "acx", "--rounds", "1"],
        ["loudness: acx; ", "x real time", "engine alone", "encoder alone", "goal <= 1.5: "],
    ),
}

QUICK = {"reading"}
"""Text to numbers; the others start many processes, or speak."""
CASES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.soak) for name in PROMISED]


def benchmarks(*words: str) -> str:
    """What `python -m benchmarks` prints."""
    command = [sys.executable, "-m", "benchmarks", *words]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_a_benchmark_measures_and_says_what_it_promises(name: str, tmp_path: Path) -> None:
    """Each also checks its own work: the same samples were encoded, nothing was left to do."""
    options, promised = PROMISED[name]
    said = benchmarks(name, *options, "--work", str(tmp_path))
    assert said.startswith(f"== {name}\nmachine: ")
    assert "versions: narrator " in said
    assert [words for words in promised if words not in said] == []


def test_help_names_every_benchmark() -> None:
    """`python -m benchmarks --help` says which there are, and what question each answers."""
    said = benchmarks("--help")
    assert [name for name in PROMISED if f"\n{name}: " not in said] == []


def test_an_author_repeats_itself_only_when_asked_to() -> None:
    """The same seed gives the same text; `distinct` bounds how many sentences a voice has."""
    assert list(Author(7).chapter("One", 300)) == list(Author(7).chapter("One", 300))
    author = Author(7, distinct=5)
    assert len({author.sentence("mara") for _ in range(100)}) == 5
    free = Author(7)
    assert len({free.sentence("mara") for _ in range(100)}) > 90


def test_a_project_is_about_as_long_as_it_was_ordered(tmp_path: Path) -> None:
    """So many words in so many files; what an earlier order left is gone."""
    write_project(tmp_path, words=500, files=5)
    written = write_project(tmp_path, words=3000, files=3)
    files = sorted((tmp_path / "manuscript").iterdir())
    assert len(files) == 3
    assert sum(len(file.read_text(encoding="utf-8").split()) for file in files) == written
    assert 3000 <= written <= 3600


def test_figures_are_short_and_verdicts_plain() -> None:
    """Three figures, the median before the range, and whether a goal is met."""
    assert [figure(value) for value in (0, 0.01234, 1.2345, 123.4, 12345.6)] == [
        "0",
        "0.0123",
        "1.23",
        "123",
        "12,346",
    ]
    assert str(Spread.of([3, 1, 2])) == "2.00 (1.00 to 3.00)"
    assert (verdict(1.15, 1.15), verdict(1.16, 1.15)) == ("goal <= 1.15: met", "goal <= 1.15: MISSED")
