"""A service that is gone: roles with a stand-in speak with it, the others wait for the service."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.commands import QUICK, ended, told
from tests.outside import Answer, Outside, closed_port
from tests.serving.running import running
from tests.studio import write_project

TEXT = "# One\n\nThe lamp was lit.\n\nMARA: Who goes there?\n\n# Two\n\nNobody answered.\n"
MARA = "Mara: {voice: supertone/Bela, stand_in: espeak/en+f2}\n"


def utterances(folder: Path) -> list[dict[str, Any]]:
    """Every line, as the chapters' JSON has it."""
    timelines = (json.loads(file.read_text()) for file in (folder / "build" / "chapters").glob("*.json"))
    return [line for chapter in timelines for line in chapter["utterances"]]


def voices(folder: Path) -> dict[str, str]:
    """The voice of each line, by its text."""
    return {line["text"]: line["voice"] for line in utterances(folder)}


def test_stand_ins_speak_for_a_service_that_is_gone_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one clear line in the answer and in the report; and the next run tries the service again."""
    folder = write_project(tmp_path / "book", TEXT, cast=f"narrator: espeak/en\n{MARA}")
    monkeypatch.setenv("SUPERTONE_BASE_URL", f"http://127.0.0.1:{closed_port()}")

    answer = told("book", folder, "--json")

    ended(answer, 0)
    gone = answer.result
    assert gone["errors"] == []
    assert len(gone["chapters"]) == 2
    assert gone["spent"] == {"amount": 0.0, "currency": "USD", "costs": []}
    (line,) = [line for line in gone["warnings"] if "no service" in line]
    assert "supertone" in line
    assert "2026-08-31" in line
    assert "its roles speak with their stand-ins" in line
    assert f"warning: {line}" in answer.err.splitlines()
    assert voices(folder)["Who goes there?"] == "espeak/gmw/en+f2"
    report = json.loads((folder / "build" / "report.json").read_text())
    (told_of,) = [notice["message"] for notice in report["notices"] if "stand-in" in notice["message"]]
    assert told_of == "role 'Mara' speaks with its stand-in espeak/gmw/en+f2"

    with running() as server:
        monkeypatch.setenv("SUPERTONE_BASE_URL", server.base_url)
        back = told("book", folder, "--json")

    ended(back, 0)
    assert back.result["recorded"] == 1
    assert voices(folder)["Who goes there?"] == "supertone/Bela"


def test_only_a_service_whose_lines_are_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that are gone, the one whose roles speak with stand-ins is a warning."""
    text = f"{TEXT.replace('Nobody', 'JON: Nobody')}\nMARA: Nobody at all.\n"
    cast = f"narrator: espeak/en\n{MARA}Jon: sarvam/shubh\n"
    folder = write_project(tmp_path / "book", text, cast=cast, book=QUICK)
    with Outside(then=Answer(b"closed for good", status=410)) as server:
        for name in ("SUPERTONE", "SARVAM"):
            monkeypatch.setenv(f"{name}_BASE_URL", server.url)
        gone = told("book", folder, "--json")

    ended(gone, 4)
    reasons = gone.result["errors"]
    assert [reason.split(":")[0] for reason in reasons] == ["sarvam", "chapter 'Two' is not assembled"]
    (stands,) = [line for line in gone.result["warnings"] if "no service" in line]
    assert stands.startswith("supertone: ")
    assert "its roles speak with their stand-ins" in stands


@pytest.mark.soak
def test_a_role_without_a_stand_in_waits_for_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chapters are not made, and the reason stands first; a chapter that can be made is."""
    text = TEXT.replace("Nobody answered.", "JON: Nobody answered.")
    cast = f"narrator: espeak/en\n{MARA}Jon: supertone/Corin\n"
    folder = write_project(tmp_path / "book", text, cast=cast)
    monkeypatch.setenv("SUPERTONE_BASE_URL", f"http://127.0.0.1:{closed_port()}")

    gone = told("book", folder, "--json")

    ended(gone, 4)
    reasons = gone.result["errors"]
    assert reasons[0].startswith("supertone: no service at")
    assert [reason for reason in reasons if "not assembled" in reason] == reasons[1:]
    assert [chapter["title"] for chapter in gone.result["chapters"]] == ["One"]
    assert "its roles that have stand-ins speak with them" in gone.err
    assert not any("no service" in line for line in gone.result["warnings"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that was made while a service was gone."""
    folder = write_project(
        tmp_path_factory.mktemp("gone") / "book",
        TEXT,
        cast=f"narrator: espeak/en\n{MARA}",
        book=f"{QUICK}formats: [json, cue]\n",
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SUPERTONE_BASE_URL", f"http://127.0.0.1:{closed_port()}")
        ended(told("book", folder), 0)
    return folder


@pytest.fixture
def gone(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it; the service is gone still."""
    monkeypatch.setenv("SUPERTONE_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    return Path(shutil.copytree(made, tmp_path / "book"))


def test_takes_of_stand_ins_are_in_use(gone: Path) -> None:
    """They are what is heard, although the roles' own voices would have other takes."""
    ended(told("prune", gone, "--yes"), 0, "nothing to remove")


def test_a_recording_of_ones_own_speaks_for_a_role_whose_service_is_gone(gone: Path, tmp_path: Path) -> None:
    recording = tmp_path / "mine.wav"
    ended(told("say", "Who goes there?", "--voice", "espeak/en-us+m3", "-o", recording), 0)
    (line,) = [each["id"] for each in utterances(gone) if each["text"] == "Who goes there?"]
    ended(told("takes", gone, line, "--add", recording), 0)

    again = told("book", gone)

    ended(again, 0)
    assert "stand-in" not in again.err
    assert voices(gone)["Who goes there?"] == "recording/own"


def test_a_recording_of_ones_own_stays_where_a_stand_in_speaks_the_other_lines(
    gone: Path, tmp_path: Path
) -> None:
    chapter = gone / "manuscript" / "01.md"
    chapter.write_text(chapter.read_text() + "\nMARA: It is me.\n")
    recording = tmp_path / "mine.wav"
    ended(told("say", "Who goes there?", "--voice", "espeak/en-us+m3", "-o", recording), 0)
    (line,) = [each["id"] for each in utterances(gone) if each["text"] == "Who goes there?"]
    ended(told("takes", gone, line, "--add", recording), 0)

    ended(told("book", gone), 0, "stand-in")

    spoken = voices(gone)
    assert (spoken["Who goes there?"], spoken["It is me."]) == ("recording/own", "espeak/gmw/en+f2")


def test_stand_ins_that_would_pass_the_budget_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTONE_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    prices = "providers: {supertone: {price_per_minute: 0}, playht: {price_per_1000: 10}}\n"
    with running(logged=True) as server:
        monkeypatch.setenv("PLAYHT_BASE_URL", server.base_url)
        folder = write_project(
            tmp_path / "book",
            TEXT,
            cast="narrator: espeak/en\nMara: {voice: supertone/Bela, stand_in: playht/Jennifer}\n",
            book=f"{QUICK}formats: [cue]\nbudget: {{amount: 0.1}}\n{prices}",
        )
        answer = told("book", folder)
        ended(answer, 5, "would cost about 0.15 USD")
        assert server.log() == []
