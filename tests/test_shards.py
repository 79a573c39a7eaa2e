"""A book recorded in shares: merged by copying, they are what one run makes, byte for byte."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brief_octave import Brief
from tests.commands import QUICK, ended, left, outputs, told
from tests.killing import compared, prove_clean, rows, spent
from tests.octave_books import stored, write_book
from tests.runs import Runs
from tests.scenes import Scenes
from tests.studio import write_project

SHARDS = 4
SCENES, FEWER = Scenes(chapters=6, scenes=2, lines=2), Scenes(chapters=2, scenes=2, lines=3)


@pytest.fixture
def octave(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brief]:
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    with Brief() as server:
        monkeypatch.setenv("HUME_BASE_URL", server.url)
        yield server


def merge(stores: list[Path], into: Path) -> None:
    """As `cp -r` does it: what has the same name is written over."""
    for store in stores:
        shutil.copytree(store, into, dirs_exist_ok=True)


def test_four_shards_are_one_book(tmp_path: Path, octave: Brief) -> None:
    """Each on a machine of its own; what was spent is known when they are put together."""
    alone = SCENES.write(tmp_path / "alone")
    ended(told("book", alone), 0)
    octave.seen.clear()
    octave.made.clear()
    copies = [shutil.copytree(alone, tmp_path / f"shard{n}", ignore=_not_made) for n in range(1, SHARDS + 1)]

    answers = [
        told("book", copy, "--shard", f"{number}/{SHARDS}", "--json")
        for number, copy in enumerate(copies, start=1)
    ]

    for answer in answers:
        ended(answer, 0)
        assert SCENES.book / SHARDS * 0.6 < answer.result["recorded"] < SCENES.book / SHARDS * 1.4
    SCENES.prove_bought(octave)
    spent_by_each = list(map(spent, copies))
    merge([copy / "takes" for copy in copies[1:]], copies[0] / "takes")
    foretold = told("check", copies[0], "--json").result
    made = told("book", copies[0], "--json")
    ended(made, 0)
    assert foretold["to_record"] == foretold["estimate"]["requests"] == 0
    assert (made.result["recorded"], made.result["requests"], len(octave.seen)) == (0, 0, SCENES.book)
    assert made.result["warnings"] == []
    assert compared(copies[0]) == compared(alone)
    assert spent(copies[0]) == spent(alone) == sum(spent_by_each)
    assert Counter(row.outcome for row in rows(copies[0])) == {"kept": SCENES.book}
    prove_clean(copies[0])


def _not_made(folder: str, names: list[str]) -> set[str]:
    return {"takes", "build"} & set(names)


def test_four_shards_of_the_embedded_voice_are_the_same_takes(tmp_path: Path) -> None:
    """Under the same names, with the same sound; and every file of the book is the same."""
    alone = write_project(tmp_path / "alone", *FEWER.texts, cast="narrator: espeak/en-gb\n", book=QUICK)
    copies = [shutil.copytree(alone, tmp_path / f"shard{n}") for n in range(1, SHARDS + 1)]
    recorded = [
        told("book", copy, "--shard", f"{number}/{SHARDS}", "--json").result["recorded"]
        for number, copy in enumerate(copies, start=1)
    ]
    merge([copy / "takes" for copy in copies[1:]], copies[0] / "takes")
    made = told("book", copies[0], "--json")

    once = told("book", alone, "--json")
    ended(made, 0)
    assert sum(recorded) == once.result["recorded"] == len(stored(alone)) == len(FEWER.said)
    assert made.result["recorded"] == 0
    assert _sounds(copies[0]) == _sounds(alone)
    assert _chapters(copies[0]) == _chapters(alone)


def _sounds(project: Path) -> dict[str, bytes]:
    return {name: data for name, data in left(project, "takes").items() if name.endswith(".flac")}


def _chapters(project: Path) -> dict[str, bytes]:
    return {name: data for name, data in outputs(project).items() if "/report." not in name}


def test_shards_beside_each_other_in_one_folder(tmp_path: Path, octave: Brief, runs: Runs) -> None:
    project = SCENES.write(tmp_path / "project")
    environment = {"HUME_BASE_URL": octave.url}
    begun = [
        runs.begin("book", project, "--shard", f"{number}/{SHARDS}", environment=environment)
        for number in range(1, SHARDS + 1)
    ]
    for run in begun:
        ended(run.wait(), 0)

    SCENES.prove_bought(octave)
    made = told("book", project, "--json")
    ended(made, 0)
    SCENES.prove_bought(octave)
    assert (made.result["recorded"], made.result["reused"]) == (0, SCENES.book)
    assert len(made.result["chapters"]) == 6
    prove_clean(project)


def test_a_store_is_merged_whose_run_was_killed(tmp_path: Path, octave: Brief, runs: Runs) -> None:
    """Its ledger lies there with a log that belongs to no other; nothing is lost or bought again."""
    one, other = SCENES.write(tmp_path / "one"), SCENES.write(tmp_path / "other")
    ended(told("book", one, "--shard", "1/2"), 0)
    for seen in (SCENES.book * 5 // 8, SCENES.book * 6 // 8):
        run = runs.begin("book", other, "--shard", "2/2", environment={"HUME_BASE_URL": octave.url})
        octave.wait_for(seen, within_s=30)
        run.send(signal.SIGKILL)
        run.wait()
    assert (other / "takes" / "ledger.sqlite-wal").stat().st_size > 0
    having = Counter(take.request.spoken.text for take in (*stored(one), *stored(other)))
    before = octave.spoken()

    for_both = shutil.copytree(one, tmp_path / "both")
    merge([other / "takes", one / "takes"], for_both / "takes")
    made = told("book", for_both, "--json")

    ended(made, 0)
    bought = octave.spoken() - before
    assert bought == SCENES.said - having
    assert made.result["recorded"] == bought.total()
    outcomes = Counter(row.outcome for row in rows(for_both))
    assert outcomes["kept"] == SCENES.book
    prove_clean(for_both)


def test_shards_do_not_make_a_voice_each(tmp_path: Path, octave: Brief) -> None:
    """A role has one voice: where it is made from a description, one machine makes it before the others."""
    cast = "narrator: {voice: hume, description: an old sailor}\n"
    project = write_book(tmp_path / "project", *FEWER.texts, cast=cast, settings="version: auto")

    ended(told("book", project, "--shard", "1/2"), 2, "narrator chapter PROJECT 1")
    assert octave.seen == []

    ended(told("chapter", project, "1"), 0)
    ended(told("book", project, "--shard", "2/2"), 0)
    ended(told("book", project), 0)
    assert len({dict(take.ids)["voice"] for take in stored(project)}) == 1
    FEWER.prove_bought(octave)
