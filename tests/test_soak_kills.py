"""Runs are ended at random moments while a faulty server answers: the book is the one that nobody disturbed.

What was paid for, by the server's own books, is every line once, and what was in flight.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.commands import ended, litter, told
from tests.killing import (
    Witness,
    compared,
    end_at,
    finish,
    moments,
    prove_books_agree,
    prove_clean,
    rows,
)
from tests.octave_books import served, stored, write_book
from tests.octave_ordeal import STATUSES, chapters, write_faults
from tests.runs import Run, Runs
from tests.serving.running import Running

CONCURRENCY = 3
IN_FLIGHT = 2 * CONCURRENCY
"""Of each chain one line is asked for, and one is stored."""
FAULTS = """
  - {kind: status, status: 429, rate: 0.03, name: crowded, headers: {retry-after-ms: "5"}}
  - {kind: status, status: 503, rate: 0.03, name: away, headers: {retry-after-ms: "5"}}
  - {kind: cut, at: 300, rate: 0.01, name: cut in a line}
  - {kind: cut, at: 30000, rate: 0.01, name: cut in the sound}
  - {kind: garbage, form: base64, rate: 0.01, name: no base64}
  - {kind: error_line, after: 3, rate: 0.01, name: an error after some, body: {error: {message: Overloaded.}}}
  - {kind: delay, delay_ms: 60, rate: 0.04, name: slow}
  - {kind: drip, bytes: 8000, pause_ms: 2, rate: 0.04, name: drip}
"""


def write(folder: Path, lines: int) -> Path:
    """A book in every format, of scenes that are asked for beside each other."""
    said = chapters(lines, scene=8, scenes=3)
    settings = f"version: 2, concurrency: {CONCURRENCY}"
    project = write_book(folder, *said, settings=settings)
    book = (project / "book.yaml").read_text()
    (project / "book.yaml").write_text(book.replace("[cue, json]", "[mp3, cue, vtt, srt, lrc, json]"))
    return project


def undisturbed(project: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What is made of a copy, by one run and a server that does nothing wrong."""
    copy = shutil.copytree(project, state / "undisturbed")
    with served(state / "another", monkeypatch):
        ended(told("book", copy), 0)
    return compared(copy)


class Kills:
    """A project, a faulty server, and runs that are ended."""

    def __init__(self, project: Path, server: Running, runs: Runs, *, lines: int, seed: int) -> None:
        self.project, self.server, self.runs, self.lines = project, server, runs, lines
        self.random = random.Random(seed)
        self.witness = Witness(project, server)
        self.struck = 0

    def begin(self) -> Run:
        environment = {"HUME_BASE_URL": self.server.base_url}
        return self.runs.begin("book", self.project, "--json", environment=environment)

    def strike(self, count: int) -> None:
        """`kill -9` so many runs, unless the book is finished before."""
        for moment in moments(self.random, lambda: self.lines - len(stored(self.project)), count):
            run = self.begin()
            if end_at(run, moment, self.server, signal.SIGKILL):
                self.struck += 1
            elif run.wait().code == 0:
                return
            run.wait()
            self.witness.look()

    def interrupt(self, count: int) -> None:
        """End so many in ways that let them finish what is in flight."""
        left = lambda: self.lines - len(stored(self.project))  # noqa: E731
        for number, moment in enumerate(moments(self.random, left, count, early=0)):
            run = self.begin()
            struck = end_at(run, moment, self.server, (signal.SIGINT, signal.SIGTERM)[number % 2])
            answer = run.wait()
            if answer.code == 0:
                return
            self.struck += struck
            ended(answer, 130, "interrupted; ", "kept, and the next run goes on from there")
            assert Counter(row.outcome for row in rows(self.project)) == {"kept": len(stored(self.project))}
            self.witness.look()

    def prove(self) -> None:
        """The book can be finished then, and is paid for once."""
        told_ = finish(self.begin)
        assert told_.result["errors"] == []
        counted = prove_books_agree(self.project, self.server, lines=self.lines, in_flight=IN_FLIGHT)
        self.witness.prove()
        prove_clean(self.project)
        assert litter(self.project) == []
        assert counted["lost"] <= self.struck * IN_FLIGHT
        again = len(self.server.log())
        assert self.begin().wait().code == 0
        assert len(self.server.log()) == again


@pytest.mark.parametrize(
    ("lines", "kills"), [(24, 3), pytest.param(900, 100, marks=pytest.mark.soak)], ids=["3", "100"]
)
def test_killed_at_random_moments(
    lines: int, kills: int, tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = write(tmp_path / "project", lines)
    made = undisturbed(project, tmp_path, monkeypatch)
    faults = write_faults(tmp_path / "faults.yaml", FAULTS, *([STATUSES] if kills > 6 else []), seed=5)
    with served(tmp_path / "state", monkeypatch, faults=faults) as server:
        harness = Kills(project, server, runs, lines=lines, seed=7)
        harness.strike(kills)
        harness.prove()

    assert compared(project) == made
    assert harness.struck >= 0.8 * kills


SLOW = """
  - {kind: delay, delay_ms: 80, rate: 0.2, name: slow}
  - {kind: drip, bytes: 20000, pause_ms: 5, rate: 0.2, name: drip}
"""


@pytest.mark.parametrize(
    ("lines", "times"), [(18, 2), pytest.param(400, 40, marks=pytest.mark.soak)], ids=["2", "40"]
)
def test_interrupted_at_random_moments(
    lines: int, times: int, tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C and SIGTERM: what is in flight is kept, so that nothing is paid for in vain."""
    project = write(tmp_path / "project", lines)
    faults = write_faults(tmp_path / "faults.yaml", SLOW, seed=5)
    with served(tmp_path / "state", monkeypatch, faults=faults) as server:
        harness = Kills(project, server, runs, lines=lines, seed=11)
        harness.interrupt(times)
        harness.prove()

    assert harness.struck >= 0.8 * times
    assert {row.outcome for row in rows(project)} == {"kept"}
