"""`narrator say` and `narrator voices` with the embedded voice, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from narrator.cli import main
from tests.providers.hume.octave import Octave
from tests.providers.supertone.sona import MS_PER_LETTER, Sona
from tests.studio import write_project

TEXT = "The lamp was lit before the boats came in."


@pytest.mark.parametrize("suffix", ["mp3", "wav", "MP3"])
def test_a_text_is_said_into_a_file(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"lamp.{suffix}"

    assert main(["say", TEXT, "-o", str(out)]) == 0

    info = soundfile.info(out)
    assert info.format == suffix.upper()
    assert 1.5 < info.duration < 6


def test_a_text_is_said_to_standard_output(tmp_path: Path) -> None:
    """Nothing but the audio is there, so that it can be piped into a player."""
    ended = subprocess.run(
        [sys.executable, "-m", "narrator", "say", TEXT, "-o", "-"], capture_output=True, check=True
    )
    (tmp_path / "said.mp3").write_bytes(ended.stdout)

    assert 1.5 < soundfile.info(tmp_path / "said.mp3").duration < 6


def test_speed_direction_and_lexicon_are_heard(tmp_path: Path) -> None:
    project = write_project(tmp_path / "book", "# One\n\nText.\n", cast="narrator: espeak/en\n")
    (project / "lexicon.yaml").write_text("lamp: {say: lamentable magnificent lantern}\n", encoding="utf-8")
    lengths = {}
    for name, more in {
        "plain": [],
        "fast": ["--speed", "2"],
        "slow": ["--direction", "very slowly"],
        "lexicon": ["--project", str(project)],
    }.items():
        out = tmp_path / f"{name}.wav"
        assert main(["say", TEXT, "-o", str(out), *more]) == 0
        lengths[name] = soundfile.info(out).duration

    assert lengths["fast"] < 0.7 * lengths["plain"]
    assert lengths["slow"] > 1.1 * lengths["plain"]
    assert lengths["lexicon"] > 1.2 * lengths["plain"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["say", "  "], 2, "nothing to say"),
        (["say", TEXT, "-o", "lamp.ogg"], 2, "must end in .mp3 or .wav"),
        (["say", TEXT, "--voice", "espeek/en"], 2, "unknown provider 'espeek'; did you mean 'espeak'?"),
        (["say", TEXT, "--voice", "espeak/enx"], 3, "error: unknown voice 'espeak/enx'"),
        (["say", TEXT, "--voice", "espeak"], 2, "'espeak' names no voice; write espeak/..."),
        (["say", TEXT, "-o", "-", "--json"], 2, "both want standard output"),
        (["say", TEXT, "--project", "nowhere"], 2, "nowhere"),
        (["voices", "nobody"], 2, "unknown provider 'nobody'; narrator records through: espeak, hume"),
        (["voices", "--save", "g1", "--name", "Old"], 2, "narrator voices PROVIDER --save"),
        (["voices", "espeak", "--save", "g1"], 2, "narrator voices PROVIDER --save"),
        (["voices", "espeak", "--delete", "Old"], 2, "espeak keeps no voices"),
    ],
)
def test_what_cannot_be_said_is_told(
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(words) == code

    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_json_says_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lamp.mp3"

    assert main(["say", TEXT, "-o", str(out), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told == {
        "file": str(out),
        "bytes": out.stat().st_size,
        "characters": 0,
        "spent": {"amount": 0.0, "currency": "USD"},
        "warnings": [],
        "errors": [],
    }


def test_what_it_costs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No ledger does."""
    with Octave() as octave:
        monkeypatch.setenv("HUME_BASE_URL", octave.url)
        assert main(["say", "The lamp.", "--voice", "hume/Ava Song", "-o", str(tmp_path / "lamp.mp3")]) == 0
    assert "9 characters cost 0.0007 USD, which no ledger counts" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_what_one_request_cannot_say_is_said_in_parts(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, text = tmp_path / f"lamp.{suffix}", " ".join([TEXT] * 12)
    with Sona() as sona:
        monkeypatch.setenv("SUPERTONE_BASE_URL", sona.url)
        assert main(["say", text, "--voice", "supertone/Aiden", "-o", str(out), "--json"]) == 0
        said = [body["text"] for body in sona.asked]
    assert len(said) == 2
    assert " ".join(said) == text
    seconds = soundfile.info(out).duration
    assert seconds == pytest.approx(sum(len(part) for part in said) * MS_PER_LETTER / 1000, rel=0.25)
    told = json.loads(capsys.readouterr().out)
    assert (told["characters"], told["spent"]) == (len(text) - 1, None)


def test_voices_of_one_provider_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "espeak", "--search", "scotland"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "espeak/gmw/en-GB-scotland  en-GB-scotland, en  English (Scotland)"
    ]
