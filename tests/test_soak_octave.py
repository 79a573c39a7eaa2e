"""Books of full size through Octave: the whole demo, and a thousand lines where a fifth goes wrong."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from narrator.providers.hume import Hume
from tests.commands import told
from tests.octave_books import (
    built,
    planned,
    prove_chained,
    prove_the_demo,
    prove_versions,
    served,
    speech,
    stored,
    undirected,
    write_book,
    write_demo,
)
from tests.octave_ordeal import (
    HASTY,
    SILENT,
    SPOILT,
    STATUSES,
    chapters,
    prove_paid_once,
    prove_secret,
    prove_sounds,
    write_faults,
)
from tests.studio import run

pytestmark = pytest.mark.soak

KEY = "wistful-0123456789-otter"
LINES = 1000


def test_the_demo_is_spoken_through_octave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, levelled and encoded, every directed line spoken plainly and timed to the millisecond."""
    with served(tmp_path / "state", monkeypatch) as server:
        prove_the_demo(write_demo(tmp_path / "demo", version="2", quick=False), server)


@pytest.mark.parametrize("version", ["auto", "1"])
def test_the_demo_is_acted(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its directions, all of which version 1 is given."""
    project = write_demo(tmp_path / "demo", version=version)
    with served(tmp_path / "state", monkeypatch) as server:
        made = told("book", project, "--json").result
        asked = speech(server)

    assert (made["errors"], made["recorded"]) == ([], len(asked))
    said = built(project)
    prove_chained(planned(project), said, asked)
    assert {line["version"] for line in asked} == {"1"}
    assert {each.source for each in said.values()} == {"estimated"}
    assert all(each.take.request.direction for each in said.values())


def test_the_demo_with_few_directions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = write_demo(tmp_path / "demo", version="auto")
    undirected(project)
    with served(tmp_path / "state", monkeypatch) as server:
        prove_versions(project, server)


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_thousand_lines_where_a_fifth_goes_wrong(
    stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run of a client with the patience for it makes all of the book, and pays for nothing twice."""
    project = write_book(tmp_path / "project", *chapters(LINES, scene=20, scenes=5))
    faults = write_faults(tmp_path / "faults.yaml", STATUSES, SPOILT, SILENT, seed=11)
    with served(tmp_path / "state", monkeypatch, faults=faults) as server:
        monkeypatch.setenv("HUME_API_KEY", KEY)
        with closing(Hume({"version": "2", "stream": stream == "true"}, patience=HASTY)) as hume:
            prepared, outcome = run(project, hume)
        struck = prove_paid_once(project, server)
        prove_chained(planned(project), built(project), speech(server))
        asked = len(server.log())

    assert outcome.errors == ()
    assert len(outcome.recorded) == len(list(prepared.plan.lines)) == LINES
    assert outcome.requests == asked
    assert 0.18 * asked < sum(struck.values()) < 0.25 * asked
    assert len(struck) == 24
    prove_sounds(project)
    prove_secret(KEY, tmp_path)


FINAL = """
  - {kind: status, status: 400, requests: [150], name: no credit, body:
      {status_code: 400, message: Exhausted credit balance., details: {code: E0300, slug: zero_credits}}}
  - {kind: error_line, requests: [400], name: no credit in a stream}
  - {kind: empty, name: no credit at all, requests: [600, 601, 602, 603, 604, 605, 606, 607, 608]}
  - {kind: status, status: 401, requests: [800], name: a key that is refused, body: {message: Invalid key.}}
"""
"""What ends a run, by design."""


def test_a_thousand_lines_in_as_many_runs_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The command as it is, where faults end runs as well: each goes on from the last, and says why."""
    project = write_book(tmp_path / "project", *chapters(LINES, scene=20, scenes=5))
    faults = write_faults(tmp_path / "faults.yaml", FINAL, STATUSES, SPOILT, seed=11)
    caplog.set_level(logging.DEBUG)
    recorded, said = 0, ""
    with served(tmp_path / "state", monkeypatch, faults=faults) as server:
        monkeypatch.setenv("HUME_API_KEY", KEY)
        for _ in range(12):
            before = len(server.log())
            made = told("book", project, "--json", "--debug")
            said += made.out + made.err
            recorded += made.result["recorded"]
            assert made.result["recorded"] + made.result["reused"] == len(stored(project)) == recorded
            assert made.result["requests"] == len(server.log()) - before
            assert made.code == (4 if made.result["errors"] else 0)
            if made.code == 0:
                break
        prove_paid_once(project, server)

    assert (made.code, recorded, len(made.result["chapters"])) == (0, LINES, 10)
    for reason in (
        "out of credit (Exhausted credit balance",
        "most likely: an answer of status 200",
        "Invalid key",
    ):
        assert reason in said
    assert "Traceback" not in said
    prove_sounds(project)
    prove_secret(KEY, tmp_path, told=said + caplog.text)
