"""The promises of every provider, kept by PlayHT with `narrator serve` in the service's place; and a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrator.providers.playht import PlayHT
from narrator.store import TakeStore
from tests.commands import ended, outputs, told
from tests.providers import contract
from tests.providers.accounts import Notebook
from tests.providers.playht.asking import HASTY, request
from tests.serving.running import Running, running
from tests.studio import write_project

JOBS = "/api/v2/tts"
PLAIN: Mapping[str, Mapping[str, Any]] = {
    "events": {"price_per_1000": 0.1},
    "polling": {"follow": "polling", "price_per_1000": 0.1},
    "mini": {"engine": "Play3.0-mini", "price_per_1000": 0.2},
}
CAST = """
narrator: playht/Briggs
Mara: {voice: playht/Jennifer, speed: 1.1}
Jon: {voice: playht/larry, settings: {format: mp3}}
"""
CHAPTERS = (
    "# The Lamp\n\nThe lamp was lit before the boats came in.{pause=0.4}\n\nMARA (angrily): Don't move!\n\n"
    "MARA: Don't move!\n\nJON: The boat is lost.\n",
    "# The Boat\n\nNobody spoke.\n\nMARA (sad): He is gone.\n",
)
BOOK = "loudness: none\ncredits: false\nformats: [cue, json]\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(logged=True) as started:
        started.client.get("/api/v2/voices")  # so that there is a log
        yield started


def jobs(server: Running) -> list[dict[str, Any]]:
    """Requests that would have cost something."""
    return [line for line in server.log() if (line["method"], line["path"]) == ("POST", JOBS)]


def at(server: Running, **settings: Any) -> PlayHT:
    """PlayHT, to be found there."""
    return PlayHT({"base_url": server.base_url, "poll_seconds": 0.05, **settings}, patience=HASTY)


@pytest.mark.parametrize("settings", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("promise", contract.PROMISES, ids=contract.name)
def test_keeps_the_promise(promise: contract.Promise, settings: Mapping[str, Any], server: Running) -> None:
    promise(
        contract.Subject(
            open=lambda: at(server, **settings),
            voice="Jennifer",
            settings={"temperature": 0.5, "sample_rate": 22_050},
            billed=lambda: len(jobs(server)),
        )
    )


def test_every_way_to_an_answer_brings_the_same(server: Running) -> None:
    """Followed or asked for again, as samples or packed."""
    heard = []
    for settings in ({}, {"follow": "polling"}, {"format": "flac"}):
        with closing(at(server, **settings)) as playht:
            heard.append(playht.generate(request("The lamp was lit.", direction="sad"))[0])
    assert {made.rate for made in heard} == {24_000}
    assert all(np.array_equal(made.pcm, heard[0].pcm) for made in heard)


def test_what_was_paid_for_is_fetched_from_another_server(tmp_path: Path) -> None:
    """The job of a run that died, from a server that was started again since."""
    asked = request("The lamp was lit.")
    with running(state=tmp_path) as first, closing(at(first)) as playht:
        (plain,) = playht.generate(asked)
    with running(state=tmp_path, logged=True) as second, closing(at(second)) as playht:
        account = Notebook(left=[plain.ids])
        (fetched,) = playht.generate(asked, account=account)
        assert jobs(second) == []
        (again,) = playht.generate(asked, account=account)
        assert len(jobs(second)) == 1

    assert fetched.ids == plain.ids != again.ids
    assert np.array_equal(fetched.pcm, plain.pcm)
    assert [each.outcome for each in account.found] == ["answered"]


def test_a_book_is_made_and_nothing_is_bought_twice(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYHT_BASE_URL", server.base_url)
    before = len(jobs(server))
    project = write_project(tmp_path / "book", *CHAPTERS, cast=CAST, book=BOOK)
    made = told("book", project, "--json")

    ended(made, 0)
    asked = jobs(server)[before:]
    takes = list(TakeStore(project / "takes").every())
    assert made.result["errors"] == []
    assert made.result["recorded"] == len(asked) == len(takes) == 8
    assert {line["engine"] for line in asked} == {"PlayHT2.0", "PlayHT1.0"}
    assert {line["codec"] for line in asked} == {"wav", "mp3"}
    assert {dict(take.ids)["job"] for take in takes} == {line["job"] for line in asked}
    said = {(take.request.spoken.text, take.request.direction) for take in takes}
    assert {("Don't move!", "angry"), ("Don't move!", None), ("He is gone.", "sad")} <= said

    kept = outputs(project)
    again = told("book", project, "--json").result
    assert (again["recorded"], again["requests"]) == (0, 0)
    assert outputs(project) == kept
