"""The disk fails while money is spent: no stored take is lost, and nothing is sent that is not written down.

Disks fail as `disk_faults.c` has them fail, for `narrator` in a process of its own.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from narrator.store import TakeStore
from tests.brief_octave import Brief
from tests.commands import ended, left, litter, told
from tests.killing import compared, prove_clean, rows
from tests.octave_books import stored
from tests.power import Disk, read_log
from tests.preloaded import compile_faults, failing, logged
from tests.runs import Runs
from tests.scenes import Scenes

CONCURRENCY = 2
IN_FLIGHT = 2 * CONCURRENCY
SCENES = Scenes(chapters=2, scenes=2, lines=6)
PARTS = "*/takes/.narrator-*.part"
LEDGER = "*/takes/ledger.sqlite*"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Runs whose disks may fail, in place of the usual ones."""
    with Runs(preload=compile_faults(tmp_path_factory.mktemp("library"))) as started:
        yield started


@pytest.fixture
def octave(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brief]:
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    with Brief() as server:
        monkeypatch.setenv("HUME_BASE_URL", server.url)
        yield server


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The book as it is made on a disk that does not fail."""
    project = SCENES.write(tmp_path_factory.mktemp("alone") / "project")
    with Brief() as octave, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HUME_BASE_URL", octave.url)
        ended(told("book", project), 0)
    return compared(project)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return SCENES.write(tmp_path / "project", settings=f"version: 2, concurrency: {CONCURRENCY}")


class Case(NamedTuple):
    """A way to fail, and what is said about it."""

    calls: str
    path: str
    how: int
    after: int
    said: str
    file: str = "/takes/"
    """What the error names; where sounds and sidecars are written alike, either may fail first."""


ROOM = "make room"
CHECK = "the disk reports a fault; check it before trusting what is on it"
READ_ONLY = "the disk is read-only"
CASES = {
    "full": Case("write", PARTS, errno.ENOSPC, 21, f"No space left on device; {ROOM}"),
    "full for new files": Case("open", PARTS, errno.ENOSPC, 12, f"No space left on device; {ROOM}"),
    "full for new folders": Case(
        "mkdir", "*/takes/??/*", errno.ENOSPC, 7, f"No space left on device; {ROOM}"
    ),
    "quota": Case("write", PARTS, errno.EDQUOT, 12, "the disk quota is used up"),
    "read-only": Case("open rename mkdir", "*/takes/*", errno.EROFS, 30, READ_ONLY),
    "fault in writing": Case("write", PARTS, errno.EIO, 12, CHECK),
    "fault in syncing a take": Case("sync", PARTS, errno.EIO, 12, CHECK),
    "fault in syncing again": Case("sync", PARTS, errno.EIO, 13, CHECK),
    "fault in naming the sound": Case("rename", "*/takes/*.flac", errno.EIO, 6, CHECK, ".flac"),
    "fault in naming the sidecar": Case("rename", "*/takes/*.json", errno.EIO, 6, CHECK, ".json"),
    "fault in syncing a folder": Case("sync", "*/takes/??/*", errno.EIO, 8, CHECK),
}
IN_SUITE = {"full", "fault in syncing a take", "fault in naming the sidecar"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in IN_SUITE else pytest.mark.soak) for name in CASES]
)
def test_takes_that_cannot_be_stored(
    name: str, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """Recording stops; of what was paid for no more is lost than was in flight, and the ledger knows it."""
    case = CASES[name]
    fault = failing(case.calls, case.path, case.how, after=case.after)
    answer = runs.begin("book", project, "--json", environment={"HUME_BASE_URL": octave.url, **fault}).wait()

    ended(answer, 6, case.said, case.file)
    recorded, kept = answer.result["recorded"], len(stored(project))
    # A take whose folder could not be synced counts as lost, and is there all the same, or not.
    found = kept - recorded
    assert recorded > 0
    assert found == 0 or (case.calls == "sync" and 0 < found <= CONCURRENCY)
    assert 0 < len(octave.seen) - recorded <= IN_FLIGHT
    assert not [file for file in litter(project) if case.calls != "open rename mkdir"]
    prove_sound(project)
    before = left(project, "takes")
    prove_goes_on(project, octave, alone, found=found)
    after = left(project, "takes")
    assert all(after[file] == data for file, data in before.items() if file.endswith((".flac", ".json")))


NEW = "*/takes|*/takes/??|*/takes/??/????????????????????????????????????????????????????????????????"
NO_PLACE = {
    "full": Case("write", "*/takes/* (deleted)", errno.ENOSPC, 5, f"No space left on device; {ROOM}"),
    "read-only": Case("open", f"{NEW}|*/takes/*tmp*", errno.EROFS, 5, READ_ONLY),
}


@pytest.mark.parametrize("name", NO_PLACE)
def test_a_disk_that_fails_between_two_takes(
    name: str, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """It is met before the next line is paid for, and all that was paid for is kept."""
    case = NO_PLACE[name]
    fault = failing(case.calls, case.path, case.how, after=case.after)
    answer = runs.begin("book", project, "--json", environment={"HUME_BASE_URL": octave.url, **fault}).wait()

    ended(answer, 6, case.said, "takes/")
    assert len(octave.seen) == case.after == len(stored(project))
    prove_goes_on(project, octave, alone)
    assert Counter(row.outcome for row in rows(project)) == {"kept": SCENES.book}


LEDGER_CASES = {
    "full": Case("write", LEDGER, errno.ENOSPC, 0, "No space left on device"),
    "full at last": Case("write", LEDGER, errno.ENOSPC, 120, "No space left on device"),
    "fault": Case("sync", LEDGER, errno.EIO, 0, "the disk reports a fault"),
    "fault at last": Case("sync", LEDGER, errno.EIO, 20, "the disk reports a fault"),
    "read-only": Case("open", LEDGER, errno.EROFS, 0, ""),
    "fault in writing": Case("write", LEDGER, errno.EIO, 100, "the disk reports a fault"),
}
LEDGER_IN_SUITE = {"full at last", "fault", "fault at last"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in LEDGER_IN_SUITE else pytest.mark.soak) for name in LEDGER_CASES],
)
def test_a_ledger_that_cannot_be_written(
    name: str, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """Nothing is sent that is not written down; what was sent before is stored all the same."""
    case = LEDGER_CASES[name]
    fault = failing(case.calls, case.path, case.how, after=case.after)
    answer = runs.begin("book", project, "--json", environment={"HUME_BASE_URL": octave.url, **fault}).wait()

    ended(answer, 6, "ledger.sqlite", case.said)
    asked = len(octave.seen)
    assert (asked > 0) == (case.after > 0)
    assert len(stored(project)) == asked
    prove_sound(project)
    prove_goes_on(project, octave, alone)
    assert Counter(row.outcome for row in rows(project)) == {"kept": SCENES.book}
    assert len(octave.seen) == SCENES.book


def test_a_build_that_cannot_be_written(
    project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes]
) -> None:
    """All that was paid for is kept."""
    fault = failing("write", "*/build/*", errno.ENOSPC, after=1)
    answer = runs.begin("book", project, "--json", environment={"HUME_BASE_URL": octave.url, **fault}).wait()

    ended(answer, 6, "build/", "No space left on device; make room on the disk and run again")
    kept = len(stored(project))
    assert len(octave.seen) == kept
    prove_goes_on(project, octave, alone)
    assert len(octave.seen) == SCENES.book


def prove_goes_on(project: Path, octave: Brief, alone: dict[str, bytes], *, found: int = 0) -> None:
    """On a disk that is well again the next run buys what is missing; what was lost is in the ledger.

    Args:
        found: takes that counted as lost and were there; the ledger has them twice.
    """
    asked, kept = len(octave.seen), len(stored(project))
    made = told("book", project, "--json")

    ended(made, 0)
    assert len(octave.seen) - asked == made.result["requests"] == SCENES.book - kept
    outcomes = Counter(row.outcome for row in rows(project))
    assert outcomes["kept"] == SCENES.book
    SCENES.prove_bought(octave, besides=outcomes["lost"])
    assert octave.spoken().total() == outcomes.total() - found
    assert outcomes.keys() <= {"kept", "lost"}
    assert compared(project) == alone
    prove_clean(project)
    assert litter(project) == []


def prove_sound(project: Path) -> None:
    """Every take that is believed is what was written."""
    store = TakeStore(project / "takes")
    for take in stored(project):
        assert len(store.pcm(take.key, take.id)) == take.samples
    assert store.notices == []


@pytest.mark.parametrize("cuts", [6, pytest.param(150, marks=pytest.mark.soak)])
def test_the_power_goes(
    cuts: int, project: Path, octave: Brief, runs: Runs, alone: dict[str, bytes], tmp_path: Path
) -> None:
    """
    At any moment, and whatever the disk had not been told to keep: the next run believes no take that is not
    whole, buys again at most what was in flight, and knows of everything that had been sent.
    """
    log = tmp_path / "log"
    takes = project / "takes"
    ended(
        runs.begin("book", project, environment={"HUME_BASE_URL": octave.url, **logged(log, takes)}).wait(),
        0,
    )
    SCENES.prove_bought(octave)
    calls = read_log(log)
    random_ = random.Random(3)
    moments = sorted(random_.sample(range(len(calls)), cuts))
    disk, followed, posted = Disk(takes), 0, 0
    for number, moment in enumerate(moments):
        for call in calls[followed:moment]:
            disk.follow(call)
            posted += call.kind == "post"
        followed = moment
        copy = tmp_path / f"cut{number}"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("takes", "build"))
        disk.cut(copy / "takes", random_)
        prove_survived(copy, octave, alone, posted=posted)
        shutil.rmtree(copy)


def prove_survived(project: Path, octave: Brief, alone: dict[str, bytes], *, posted: int) -> None:
    """After so many requests the power went; the book is made with few more than the rest of them."""
    octave.seen.clear()
    made = told("book", project, "--json")

    ended(made, 0)
    prove_sound(project)
    outcomes = Counter(row.outcome for row in rows(project))
    assert outcomes["kept"] == SCENES.book
    assert all(row.run for row in rows(project)), "a take was stored whose request was called lost"
    assert posted + len(octave.seen) - SCENES.book <= IN_FLIGHT, f"{posted} were sent, {octave.seen} again"
    # A request that was written down and never sent counts as lost: nobody can know.
    assert posted + len(octave.seen) <= outcomes.total()
    assert outcomes["lost"] <= IN_FLIGHT
    assert compared(project) == alone


AMENDING = """
import sys
from pathlib import Path
import numpy as np
from narrator.store import TakeStore
from narrator.takes import Alignment, Generation, Request, Spoken, Word, WordTime
store = TakeStore(Path(sys.argv[1]))
words = (Word(0, 5, 0, 5), Word(6, 10, 6, 10))
request = Request(provider="a", voice="b", spoken=Spoken(text="Hello you.", words=words))
heard = Generation(np.arange(4000, dtype=np.int16), 8000, words=(), word_source="estimated", cost=0.5)
take = store.put(request, heard, took_ms=3, recorded_at="2026-11-20T10:00:00Z")
found = Alignment(by="rendition", version=1, holds=True, confidences=(90, 90))
store.amend(take, words=(WordTime(0, 9), WordTime(9, 99)), word_source="aligned", alignment=found)
"""


def test_the_power_goes_after_word_times_were_found(tmp_path: Path) -> None:
    """What is found out about a take takes the place of a sidecar that is paid for, and must be as safe."""
    library = compile_faults(tmp_path)
    takes = tmp_path / "project" / "takes"
    takes.mkdir(parents=True)
    environment = os.environ | logged(tmp_path / "log", takes) | {"LD_PRELOAD": str(library)}
    subprocess.run([sys.executable, "-c", AMENDING, str(takes)], env=environment, check=True)
    calls = read_log(tmp_path / "log")
    for seed in range(30):
        disk = Disk(takes)
        for call in calls:
            disk.follow(call)
        disk.cut(tmp_path / str(seed), random.Random(seed))
        (take,) = TakeStore(tmp_path / str(seed)).every()
        assert take.word_source in ("estimated", "aligned")
