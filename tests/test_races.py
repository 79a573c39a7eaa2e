"""Several processes on one project: no line is bought twice, whoever begins, edits or is killed meanwhile."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.brief_octave import Brief
from tests.commands import Told, ended, told
from tests.killing import compared, prove_clean, rows
from tests.octave_books import stored
from tests.outside import Answer, Seen
from tests.runs import Run, Runs
from tests.scenes import Scenes

CONCURRENCY = 3
IN_FLIGHT = 2 * CONCURRENCY
ANSWER_S = 0.015
SCENES = Scenes(chapters=3, scenes=2, lines=4)


class Unhurried(Brief):
    """Takes its time, so that there is some to do something else in."""

    def answer(self, seen: Seen) -> Answer:
        return replace(super().answer(seen), wait=ANSWER_S)


@pytest.fixture
def octave() -> Iterator[Unhurried]:
    with Unhurried() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return SCENES.write(tmp_path / "project", settings=f"version: 2, concurrency: {CONCURRENCY}")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The book as one process makes it."""
    project = SCENES.write(tmp_path_factory.mktemp("alone") / "project")
    with Brief() as octave, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HUME_BASE_URL", octave.url)
        ended(told("book", project), 0)
    return compared(project)


def begin(runs: Runs, octave: Brief, *arguments: str | Path) -> Run:
    return runs.begin(*arguments, "--json", environment={"HUME_BASE_URL": octave.url})


def prove_made(project: Path, runs: Runs, octave: Brief, alone: dict[str, bytes]) -> None:
    """The book is the one that a single process makes, and nothing is left to do."""
    assert compared(project) == alone
    assert len(stored(project)) == SCENES.book
    asked = len(octave.seen)
    last = begin(runs, octave, "book", project).wait()
    ended(last, 0)
    assert (last.result["recorded"], last.result["reused"]) == (0, SCENES.book)
    assert len(octave.seen) == asked
    prove_clean(project)


def prove_shared(octave: Brief, *answers: Told) -> None:
    """Each process tells of what it has bought itself, and all of them of everything."""
    for answer in answers:
        ended(answer, 0)
        assert answer.result["errors"] == []
        assert answer.result["recorded"] == answer.result["requests"]
    assert sum(answer.result["requests"] for answer in answers) == len(octave.seen)


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 20))]
)
def test_two_processes_buy_each_line_once(
    seed: int, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """Begun at once, or one a little after the other."""
    first = begin(runs, octave, "book", project)
    time.sleep(random.Random(seed).choice((0.0, 0.0, 0.05, 0.2)))
    second = begin(runs, octave, "book", project)
    answers = first.wait(), second.wait()

    SCENES.prove_bought(octave)
    prove_shared(octave, *answers)
    assert Counter(row.outcome for row in rows(project)) == {"kept": SCENES.book}
    prove_made(project, runs, octave, alone)


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_one_of_two_is_ended_and_the_other_makes_the_book(
    how: signal.Signals, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """It takes over the lines that the first had claimed; what was in flight is written down as lost."""
    first, second = (begin(runs, octave, "book", project) for _ in range(2))
    octave.wait_for(SCENES.book // 3, within_s=30)
    assert first.send(how)
    first.wait()
    answer = second.wait()

    ended(answer, 0)
    outcomes = Counter(row.outcome for row in rows(project))
    assert outcomes["kept"] == SCENES.book
    assert outcomes.keys() <= {"kept", "lost"}
    SCENES.prove_bought(octave, besides=outcomes["lost"])
    assert outcomes["lost"] <= (IN_FLIGHT if how is signal.SIGKILL else 0)
    prove_made(project, runs, octave, alone)


def test_what_a_stopped_process_has_claimed_is_waited_for(
    project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """As long as it lives, though it does nothing; and no longer. Ctrl-C ends the wait."""
    first = begin(runs, octave, "book", project)
    octave.wait_for(CONCURRENCY, within_s=30)
    stop_between_writes(first, project)
    second = begin_to_wait(runs, octave, project)
    asked = len(octave.seen)
    third = begin_to_wait(runs, octave, project)
    for run in (second, third):
        assert "another narrator is recording" in run.told.err
        assert f"(process {first.pid})" in run.told.err
    third.send(signal.SIGINT)
    ended(third.wait(), 130, "interrupted")
    time.sleep(0.3)  # as long as it takes to look again
    assert len(octave.seen) == asked
    first.send(signal.SIGKILL)
    answer = second.wait()

    ended(answer, 0)
    SCENES.prove_bought(octave, besides=Counter(row.outcome for row in rows(project))["lost"])
    prove_made(project, runs, octave, alone)


def stop_between_writes(run: Run, project: Path) -> None:
    """Stop a process that does not write the ledger just then: nobody else could, for as long."""
    while True:
        assert run.send(signal.SIGSTOP)
        with closing(sqlite3.connect(project / "takes" / "ledger.sqlite", timeout=0)) as ledger:
            try:
                ledger.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                run.send(signal.SIGCONT)
            else:
                return


def begin_to_wait(runs: Runs, octave: Brief, project: Path) -> Run:
    """Begin a run that has bought what is free and waits for the rest."""
    run = begin(runs, octave, "book", project)
    deadline = time.monotonic() + 30
    while "; waiting for" not in run.told.err:
        assert time.monotonic() < deadline, run.told
        time.sleep(0.01)
    return run


def test_chapters_beside_each_other(
    project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """Lines that are said in several chapters are shared out among them like any other."""
    begun = [begin(runs, octave, "chapter", project, str(number)) for number in (1, 2, 3, 1)]
    answers = [run.wait() for run in begun]

    SCENES.prove_bought(octave)
    prove_shared(octave, *answers)
    ended(begin(runs, octave, "book", project).wait(), 0)
    prove_made(project, runs, octave, alone)


def test_a_voice_is_made_once(project: Path, octave: Brief, runs: Runs) -> None:
    """By whichever process comes first; the other one's lines are spoken in it as well."""
    book, cast = (project / "book.yaml").read_text(), (project / "cast.yaml").read_text()
    (project / "book.yaml").write_text(book.replace("version: 2", "version: auto"))
    (project / "cast.yaml").write_text(
        cast.replace("hume/Imani Carter", "{voice: hume, description: an old sailor}")
    )
    answers = [run.wait() for run in [begin(runs, octave, "book", project) for _ in range(2)]]

    for answer in answers:
        ended(answer, 0)
    made = [body for body in octave.asked if "voice" not in body["utterances"][0]]
    assert len(made) == 1
    assert len(octave.kept) == 1
    (voice,) = octave.kept.values()
    others = [body["utterances"][0]["voice"] for body in octave.asked if body is not made[0]]
    assert {each["id"] for each in others} == {voice}
    SCENES.prove_bought(octave)
    assert len(stored(project)) == SCENES.book


def test_an_edit_between_two_processes(
    project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """One has read the text before, one after: both buy what they read, and share what is the same."""
    text = (project / "manuscript" / "03.md").read_text()
    first = begin(runs, octave, "book", project)
    octave.wait_for(2, within_s=30)
    (project / "manuscript" / "03.md").write_text(text.replace("Line 2 of scene 1", "Line two of scene 1"))
    answers = first.wait(), begin(runs, octave, "book", project).wait()

    for answer in answers:
        ended(answer, 0)
    assert octave.spoken().pop("Line two of scene 1 in 3.") == 1
    assert octave.spoken().total() == SCENES.book + 1
    (project / "manuscript" / "03.md").write_text(text)
    ended(begin(runs, octave, "book", project).wait(), 0)
    assert octave.spoken().total() == SCENES.book + 1
    assert compared(project) == alone


def test_a_budget_is_kept_by_all_together(
    project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """Each chapter would fit by itself; what is bought fits together, and all of it is kept."""
    book = (project / "book.yaml").read_text()
    estimated = told("check", project, "--json").result["estimate"]["amount"]
    budget = round(estimated * 0.6, 4)
    (project / "book.yaml").write_text(f"{book}budget: {{amount: {budget}}}\n")
    begun = [begin(runs, octave, "chapter", project, str(number)) for number in (1, 2, 3)]
    answers = [run.wait() for run in begun]

    assert {answer.code for answer in answers} <= {0, 5}
    assert 5 in {answer.code for answer in answers}
    ledger = rows(project)
    assert {row.outcome for row in ledger} == {"kept"}
    assert len(ledger) == len(octave.seen) == len(stored(project))
    dearest = max(row.amount for row in ledger)
    assert (
        budget * 1_000_000 - CONCURRENCY * dearest < sum(row.amount for row in ledger) <= budget * 1_000_000
    )

    (project / "book.yaml").write_text(book)
    ended(begin(runs, octave, "book", project).wait(), 0)
    SCENES.prove_bought(octave)
    prove_made(project, runs, octave, alone)


def test_pickups_beside_each_other(project: Path, octave: Brief, runs: Runs) -> None:
    """Each records its line, and none forgets what another has chosen."""
    ended(begin(runs, octave, "book", project).wait(), 0)
    begun = [begin(runs, octave, "pickup", project, f"c01-u00{line}") for line in range(2, 6)]
    for run in begun:
        ended(run.wait(), 0)

    assert len(octave.seen) == len(stored(project)) == SCENES.book + 4
    written = (project / "choices.yaml").read_text()
    assert [f"c01-u00{line}" in written for line in range(2, 6)] == [True] * 4
    ended(begin(runs, octave, "book", project).wait(), 0)
    assert len(octave.seen) == SCENES.book + 4


@pytest.mark.soak
@pytest.mark.parametrize("requests", [1, 2, 4, 8])
def test_a_voice_whose_maker_is_killed(requests: int, project: Path, octave: Brief, runs: Runs) -> None:
    """Whether it was made by then or not: all lines of the role are spoken in one voice."""
    book, cast = (project / "book.yaml").read_text(), (project / "cast.yaml").read_text()
    (project / "book.yaml").write_text(book.replace("version: 2", "version: auto"))
    (project / "cast.yaml").write_text(
        cast.replace("hume/Imani Carter", "{voice: hume, description: an old sailor}")
    )
    first, second = (begin(runs, octave, "book", project) for _ in range(2))
    octave.wait_for(requests, within_s=30)
    for run in (first, second):
        run.send(signal.SIGKILL)
        run.wait()

    ended(begin(runs, octave, "book", project).wait(), 0)
    voices = [dict(take.ids).get("voice") for take in stored(project)]
    assert len(voices) == SCENES.book
    assert len(set(voices)) == 1
    assert voices[0] is not None
    SCENES.prove_bought(octave, besides=Counter(row.outcome for row in rows(project))["lost"])
