"""A small book, spoken by Sarvam through `narrator serve`, from the first command to the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrator.splitting import parts_of
from narrator.store import TakeStore
from narrator.takes import Pcm
from tests.commands import ended, outputs, told
from tests.serving.running import Running, running
from tests.studio import write_project

CAST = """
narrator: sarvam/shubh
Mara: {voice: sarvam/ishita_en_stories, speed: 1.1}
Jon: {voice: sarvam/karun, settings: {pitch: -0.2}}
"""
CHAPTERS = (
    "# The Lamp\n\nThe lamp was lit before Siobhan came in.{pause=0.4} It cost 10,000 crowns.\n\n"
    "MARA: Don't move, Siobhan!\n\nJON: Siobhan's boat is lost.\n\n***\n\nNobody spoke of Reading.\n",
    "# The Boat\n\nSiobhan was reading.\n\nMARA: Mac Cumhaill is here.\n",
)
LEXICON = "Siobhan: shi-VAWN\nReading: redding\nMac Cumhaill: mac COOL\n"
BOOK = "loudness: none\ncredits: false\nformats: [cue, json]\nbudget: {amount: 50, currency: INR}\n"
SPEECH = ("/text-to-speech", "/text-to-speech/stream")


@dataclass(frozen=True)
class Server:
    """`narrator serve`, and what it was asked in one test."""

    running: Running
    before: int

    def log(self) -> list[dict[str, Any]]:
        """Every request of the test."""
        return self.running.log()[self.before :]


@pytest.fixture(scope="module")
def started() -> Iterator[Running]:
    with running(logged=True) as server:
        server.client.get("/text-to-speech/pronunciation-dictionary")  # so that there is a log
        yield server


@pytest.fixture
def server(started: Running, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Where every book finds it."""
    monkeypatch.setenv("SARVAM_BASE_URL", started.base_url)
    return Server(started, len(started.log()))


def write_book(folder: Path, *, settings: str = "", cast: str = CAST) -> Path:
    providers = f"providers: {{sarvam: {{{settings}}}}}\n" if settings else ""
    project = write_project(folder, *CHAPTERS, cast=cast, book=BOOK + providers)
    (project / "lexicon.yaml").write_text(LEXICON, encoding="utf-8")
    return project


def speech(server: Server) -> list[dict[str, Any]]:
    """Requests that cost something."""
    return [line for line in server.log() if line["path"] in SPEECH]


def test_a_book_is_made_and_nothing_is_bought_twice(server: Server, tmp_path: Path) -> None:
    project = write_book(tmp_path / "book")
    checked = told("check", project, "--json").result
    assert speech(server) == []
    made = told("book", project, "--json")

    ended(made, 0)
    result, asked = made.result, speech(server)
    assert result["errors"] == []
    assert checked["coverage"]["complete"]
    assert result["recorded"] == checked["to_record"] == len(asked) == 9
    assert {line["model"] for line in asked} == {"bulbul:v3", "bulbul:v4-flash", "bulbul:v2"}
    assert {line["language"] for line in asked} == {"en-IN"}
    assert result["spent"]["costs"] == checked["estimate"]["costs"]
    assert result["spent"]["currency"] == "INR"
    assert 0 < result["spent"]["amount"] < 2
    kept = [line for line in server.log() if line.get("dictionary")]
    assert sum(line["path"] in SPEECH for line in kept) == 3
    chapter = json.loads(next((project / "build" / "chapters").glob("01-*.json")).read_text(encoding="utf-8"))
    assert [said["text"] for said in chapter["utterances"]][1] == "The lamp was lit before Siobhan came in."

    before = outputs(project)
    again = told("book", project, "--json").result
    assert (again["recorded"], again["requests"], again["spent"]["amount"]) == (0, 0, 0)
    assert outputs(project) == before


def test_a_word_of_the_lexicon_that_is_changed_records_the_lines_that_hold_it(
    server: Server, tmp_path: Path
) -> None:
    project = write_book(tmp_path / "book")
    ended(told("book", project, "--json"), 0)
    (project / "lexicon.yaml").write_text(LEXICON.replace("shi-VAWN", "SHIV-awn"), encoding="utf-8")
    made = told("book", project, "--json")

    ended(made, 0)
    assert made.result["recorded"] == 4
    assert made.result["reused"] == 5


def test_another_route_another_rate(server: Server, tmp_path: Path) -> None:
    cast = "narrator: sarvam/shubh\nMara: sarvam/ishita_en_stories\nJon: sarvam/ritu\n"
    project = write_book(tmp_path / "book", settings="sample_rate: 48000, dictionary: false", cast=cast)
    made = told("book", project, "--json")

    ended(made, 0)
    assert {line["path"] for line in server.log()} == {"/text-to-speech"}
    assert {take.rate for take in TakeStore(project / "takes").every()} == {48_000}
    assert all(dict(take.ids)["request"] for take in TakeStore(project / "takes").every())


def test_a_pause_inside_a_line_is_as_long_as_it_is_written(server: Server, tmp_path: Path) -> None:
    cast = "narrator: sarvam/shubh\n"
    project = write_project(
        tmp_path / "book",
        "# One\n\nHe waited{pause=1.5} and waited{pause=0.5} and left.\n",
        cast=cast,
        book=BOOK,
    )
    made = told("book", project, "--json")

    ended(made, 0)
    assert len(speech(server)) == 4  # the heading, and the line in three parts
    store = TakeStore(project / "takes")
    (line,) = [take for take in store.every() if parts_of(take)]
    found = [length * 1000 / line.rate for length in stillness(store.pcm(line.key, line.id))]
    long, short, *_ = sorted(found, reverse=True)
    assert long == pytest.approx(1500, abs=70)
    assert short == pytest.approx(500, abs=70)


def stillness(pcm: Pcm) -> list[int]:
    """How many samples long each stretch is in which there is nothing."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], pcm != 0, [1]]).astype(np.int8)))
    return [int(end - start) for start, end in edges.reshape(-1, 2)]


def test_a_book_in_a_language_that_the_service_does_not_speak(server: Server, tmp_path: Path) -> None:
    project = write_book(tmp_path / "book")
    book = project / "book.yaml"
    book.write_text(book.read_text(encoding="utf-8") + "language: fr\n", encoding="utf-8")
    checked = told("check", project)

    ended(checked, 3)
    assert "cast.yaml:2: sarvam does not speak 'fr'" in checked.err


def test_a_budget_holds(server: Server, tmp_path: Path) -> None:
    project = write_book(tmp_path / "book")
    book = project / "book.yaml"
    book.write_text(book.read_text(encoding="utf-8").replace("amount: 50", "amount: 0.1"), encoding="utf-8")

    ended(told("book", project), 5)
    assert speech(server) == []


def test_listening_before_casting(server: Server, tmp_path: Path) -> None:
    lamp = tmp_path / "lamp.mp3"
    listed = told("voices", "sarvam", "--json")
    ended(told("say", "The lamp was lit.", "--voice", "sarvam/ritu", "-o", lamp), 0)

    ended(listed, 0)
    assert "shubh_en_audiobook" in listed.out
    assert lamp.stat().st_size > 1000
    ended(told("say", "The lamp was lit.", "--voice", "sarvam/rita", "-o", lamp), 3)
