"""A service that is gone: roles with a stand-in speak with it, the others wait for the service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from narrator.cli import main
from tests.outside import closed_port
from tests.serving.running import running
from tests.studio import write_project

TEXT = "# One\n\nThe lamp was lit.\n\nMARA: Who goes there?\n\n# Two\n\nNobody answered.\n"
MARA = "Mara: {voice: hume/Ava Song, stand_in: espeak/en+f2}\n"


def made(folder: Path, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, object]:
    """`narrator book --json`."""
    assert main(["book", str(folder), "--json"]) == code
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def voices(folder: Path) -> dict[str, str]:
    """The voice of each line, by its text."""
    timelines = (json.loads(file.read_text()) for file in (folder / "build" / "chapters").glob("*.json"))
    return {line["text"]: line["voice"] for chapter in timelines for line in chapter["utterances"]}


def test_stand_ins_speak_for_a_service_that_is_gone_until_it_is_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one line about it; and the next run tries the service again."""
    folder = write_project(tmp_path / "book", TEXT, cast=f"narrator: espeak/en\n{MARA}")
    monkeypatch.setenv("HUME_BASE_URL", f"http://127.0.0.1:{closed_port()}")

    gone = made(folder, capsys)

    assert gone["errors"] == []
    assert len(gone["chapters"]) == 2  # type: ignore[arg-type]
    assert gone["spent"] == {"amount": 0.0, "currency": "USD"}
    (told,) = [line for line in gone["warnings"] if "no service" in line]  # type: ignore[attr-defined]
    assert "its roles speak with their stand-ins" in told
    assert voices(folder)["Who goes there?"] == "espeak/gmw/en+f2"

    with running() as server:
        monkeypatch.setenv("HUME_BASE_URL", server.base_url)
        back = made(folder, capsys)

    assert back["recorded"] == 1
    assert voices(folder)["Who goes there?"] == "hume/Ava Song"


@pytest.mark.soak
def test_a_role_without_a_stand_in_waits_for_the_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chapters are not made, and the reason stands first; a chapter that can be made is."""
    text = TEXT.replace("Nobody answered.", "JON: Nobody answered.")
    cast = f"narrator: espeak/en\n{MARA}Jon: hume/Terrence Bentley\n"
    folder = write_project(tmp_path / "book", text, cast=cast)
    monkeypatch.setenv("HUME_BASE_URL", f"http://127.0.0.1:{closed_port()}")

    gone = made(folder, capsys, code=4)

    reasons = gone["errors"]
    assert isinstance(reasons, list)
    assert reasons[0].startswith("hume: no service at")
    assert [reason for reason in reasons if "not assembled" in reason] == reasons[1:]
    assert [chapter["title"] for chapter in gone["chapters"]] == ["One"]  # type: ignore[attr-defined]
