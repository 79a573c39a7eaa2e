"""A small book, spoken by Supertone through `narrator serve`, from the first command to the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrator.store import TakeStore
from tests.commands import ended, outputs, told
from tests.serving.running import Running, running
from tests.studio import write_project

CAST = """
narrator: {voice: supertone/Aiden, styles: {gravely: calm}}
Mara: {voice: supertone/Bela, speed: 1.1, styles: {shouting: angry}}
Jon: {voice: supertone/Harlan, settings: {pitch_shift: -2, model: sona_speech_2}}
"""
LONG = (
    "Nobody in the house would say why, "
    + ", ".join(f"and boat number {number} went by without a light" for number in range(10, 20))
    + "."
)
"""One sentence, which is more than one request takes."""
CHAPTERS = (
    "# The Lamp\n\nThe lamp was lit before Siobhan came in.{pause=0.4} It cost 10,000 crowns.\n\n"
    f"MARA (shouting): Don't move!\n\nJON: The boat is lost.\n\n***\n\n{LONG}\n",
    "# The Boat\n\nNobody was there.\n\nMARA: He is here.\n",
)
SHORT = "# The Lamp\n\nMARA (shouting): Don't move!\n\nNobody moved.\n"
BOOK = (
    "loudness: none\ncredits: false\nformats: [cue, json]\nbudget: {amount: 50, currency: USD}\n"
    "providers: {supertone: {price_per_minute: 0.2, predict: true, stream: true}}\n"
)
SPEECH, PREDICTION = "/v1/text-to-speech/", "/v1/predict-duration/"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(state=tmp_path / "state", logged=True) as started:
        monkeypatch.setenv("SUPERTONE_BASE_URL", started.base_url)
        monkeypatch.delenv("SUPERTONE_API_KEY", raising=False)
        yield started


def asked(server: Running, path: str = SPEECH) -> list[dict[str, Any]]:
    """Requests for speech, or predictions, which are free."""
    return [line for line in server.log() if line["path"].startswith(path)]


def test_a_book_is_made_and_nothing_is_bought_twice(server: Running, tmp_path: Path) -> None:
    project = write_project(tmp_path / "book", *CHAPTERS, cast=CAST, book=BOOK)
    checked = told("check", project, "--json").result
    assert asked(server) == []
    assert asked(server, PREDICTION)
    made = told("book", project, "--json")

    ended(made, 0)
    result, spoken = made.result, asked(server)
    assert result["errors"] == []
    assert checked["coverage"]["complete"]
    assert {line["status"] for line in spoken} == {200}
    assert {line["model"] for line in spoken} == {"sona_speech_1", "sona_speech_2"}
    assert {(line["voice"], line["style"]) for line in spoken} >= {("Aiden", "neutral"), ("Bela", "angry")}
    assert max(line["characters"] for line in spoken) <= 300
    assert all(line["path"].endswith("/stream") == (line["model"] == "sona_speech_1") for line in spoken)
    # The long sentence is not asked about beforehand, but told from the others.
    assert result["spent"]["amount"] == pytest.approx(checked["estimate"]["amount"], rel=0.15)
    takes = TakeStore(project / "takes").every()
    assert {take.rate for take in takes} == {44_100}
    assert all(take.phonemes for take in takes)
    chapter = json.loads(next((project / "build" / "chapters").glob("01-*.json")).read_text(encoding="utf-8"))
    assert LONG in [said["text"] for said in chapter["utterances"]]
    parts = [line for line in spoken if line["characters"] > 150]
    assert sum(line["characters"] for line in parts) in (len(LONG) - 1, len(LONG))
    assert len(parts) == 2

    before = outputs(project)
    again = told("book", project, "--json").result
    assert (again["recorded"], again["spent"]["amount"]) == (0, 0)
    assert len(asked(server)) == len(spoken)
    assert outputs(project) == before


def test_what_is_foretold_is_what_is_spent(server: Running, tmp_path: Path) -> None:
    """To the millisecond of each line, since this service's predictions are true."""
    project = write_project(tmp_path / "book", CHAPTERS[1], cast=CAST, book=BOOK)
    foretold = told("check", project, "--json").result["estimate"]["amount"]
    assert (len(asked(server)), len(asked(server, PREDICTION))) == (0, 3)
    made = told("book", project, "--json")

    ended(made, 0)
    assert made.result["spent"]["amount"] == pytest.approx(foretold, abs=1e-5)


def test_a_style_that_is_changed_records_its_line_again(server: Running, tmp_path: Path) -> None:
    project = write_project(tmp_path / "book", SHORT, cast=CAST, book=BOOK)
    ended(told("book", project, "--json"), 0)
    (project / "cast.yaml").write_text(CAST.replace("angry", "happy"), encoding="utf-8")
    made = told("book", project, "--json")

    ended(made, 0)
    assert made.result["recorded"] == 1
    assert asked(server)[-1]["style"] == "happy"


def test_a_style_that_the_voice_has_not(server: Running, tmp_path: Path) -> None:
    project = write_project(tmp_path / "book", SHORT, cast=CAST.replace("angry", "furious"), book=BOOK)
    made = told("book", project)

    assert made.code != 0
    assert "no style 'furious'" in made.err
    assert not any(line["voice"] == "Bela" and line["status"] != 200 for line in asked(server))


def test_listening_before_casting(server: Running, tmp_path: Path) -> None:
    lamp = tmp_path / "lamp.mp3"
    listed = told("voices", "supertone", "--json")
    ended(told("say", "The lamp was lit.", "--voice", "supertone/Bela", "-o", lamp), 0)

    ended(listed, 0)
    assert '"Mina"' in listed.out
    assert lamp.stat().st_size > 1000
    ended(told("say", "The lamp was lit.", "--voice", "supertone/Belinda", "-o", lamp), 4)
