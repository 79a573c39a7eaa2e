"""The command line as a user meets it: a process, its exit code, what it prints where, what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.commands import hears_ctrl_c
from tests.studio import write_project

CAST = "narrator: espeak/en-gb\nMara: espeak/en-gb+f2\n"


def narrator(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "narrator", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def result(*arguments: str | Path) -> dict[str, Any]:
    """What a command that succeeds prints with `--json`."""
    done = narrator(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two chapters, a quotation that is nobody's, and the embedded voice."""
    return write_project(
        tmp_path / "book",
        "# One\n\n“Who is there?” she said.\n\nMARA (whispering): Only me.\n",
        "# Two\n\nNobody spoke.\n",
        cast=CAST,
        book="credits: false\n",
    )


def test_a_new_project_renders_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "my novel"

    made = narrator("new", folder)
    book = result("book", folder)

    assert made.returncode == 0, made.stderr
    assert book["recorded"] > 0
    assert book["errors"] == []
    for chapter in book["chapters"]:
        info = soundfile.info(chapter["mp3"])
        assert info.frames == pytest.approx(
            chapter["duration_ms"] * info.samplerate / 1000, abs=info.samplerate / 500
        )
        assert Path(chapter["cue"]).read_text(encoding="utf-8").count("TRACK") > 0


def test_check_counts_and_spends_nothing(project: Path) -> None:
    checked = result("check", project)

    assert checked["coverage"]["complete"] is True
    assert checked["coverage"]["missing"] == []
    assert [chapter["title"] for chapter in checked["chapters"]] == ["One", "Two"]
    assert checked["utterances"] == 5
    assert checked["to_record"] == 5
    assert checked["unattributed"] == 1
    assert checked["estimate"]["amount"] == 0
    assert not (project / "takes").exists()
    assert not (project / "build").exists()


def test_a_second_book_does_nothing_and_says_so(project: Path) -> None:
    first = result("book", project)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}

    again = narrator("book", project, "--json")
    second = json.loads(again.stdout)

    assert (first["recorded"], first["reused"]) == (5, 0)
    assert (second["recorded"], second["reused"], second["requests"]) == (0, 5, 0)
    assert all(chapter["unchanged"] for chapter in second["chapters"])
    assert second["seconds"] == first["seconds"]
    assert "nothing to do" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()} == before


def test_json_is_the_only_thing_on_stdout_and_bare_runs_print_none(project: Path) -> None:
    with_json = narrator("book", project, "--json")
    without = narrator("chapter", project, "1")

    json.loads(with_json.stdout)
    assert without.stdout == ""
    assert "up to date" in without.stderr


def test_one_chapter_again_after_an_edit(project: Path) -> None:
    result("book", project)
    other = project / "build" / "chapters" / "01-one.mp3"
    before = other.stat().st_mtime_ns
    (project / "manuscript" / "02.md").write_text("# Two\n\nNobody spoke. Then someone did.\n")

    made = result("chapter", project, "2")

    assert (made["recorded"], made["reused"]) == (1, 2)
    assert [chapter["number"] for chapter in made["chapters"]] == [2]
    assert other.stat().st_mtime_ns == before


def test_a_renamed_chapter_leaves_nothing_behind(project: Path) -> None:
    result("book", project)
    (project / "manuscript" / "02.md").write_text("# The Second\n\nNobody spoke.\n")

    result("book", project)

    stems = {path.stem for path in (project / "build" / "chapters").iterdir()}
    assert stems == {"01-one", "02-the-second"}


def test_a_deleted_take_is_recorded_again(project: Path) -> None:
    result("book", project)
    take = next((project / "takes").rglob("*.flac"))
    take.unlink()

    again = result("book", project)

    assert again["recorded"] == 1
    assert take.exists(), "the same request gives the same take"


def test_two_runs_from_nothing_are_byte_identical(project: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(project, tmp_path / "copy")
    result("book", project)
    result("book", copy)

    def outputs(folder: Path) -> dict[str, bytes]:
        built = folder / "build"
        files = [*(built / "chapters").iterdir(), built / "report.json", built / "report.html"]
        return {path.name: path.read_bytes() for path in files}

    assert outputs(project) == outputs(copy)


def test_rehearsal_gives_every_role_a_voice_of_its_own(tmp_path: Path) -> None:
    folder = write_project(
        tmp_path, "# One\n\nMARA: Yes.\n\nJON: No.\n", cast="narrator: parrot/x\nMara: hume/y\nJon: hume/z\n"
    )

    refused = narrator("book", folder)
    made = result("book", folder, "--rehearse")

    assert refused.returncode == 3
    assert "--rehearse" in refused.stderr
    timeline = json.loads(Path(made["chapters"][0]["mp3"]).with_suffix(".json").read_text())
    voices = {utterance["role"]: utterance["voice"] for utterance in timeline["utterances"]}
    assert len(voices) == len(set(voices.values())) == 3


def test_an_error_in_the_project_names_file_and_line_and_exits_3(project: Path) -> None:
    (project / "manuscript" / "02.md").write_text("# Two\n\nLine.\n\nMARRA: Hm.\n")

    refused = narrator("book", project, "--json")

    assert refused.returncode == 3
    assert "manuscript/02.md:5: role 'MARRA'" in refused.stderr
    assert "did you mean 'Mara'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert json.loads(refused.stdout)["errors"]


def test_usage_errors_exit_2(project: Path, tmp_path: Path) -> None:
    for arguments in (["bok", project], ["book"], ["chapter", project, "9"], ["book", tmp_path / "nowhere"]):
        refused = narrator(*arguments)
        assert refused.returncode == 2, arguments
        assert refused.stderr.strip()
        assert refused.stdout == ""


def test_voices_lists_and_searches() -> None:
    every = narrator("voices", "espeak")
    spanish = result("voices", "espeak", "--search", "spanish")

    assert "espeak/" in every.stdout
    assert 0 < len(spanish["voices"]) < len(every.stdout.splitlines())
    assert any("es" in voice["languages"] for voice in spanish["voices"])


def test_unknown_provider_names_the_known_ones() -> None:
    refused = narrator("voices", "espeek")

    assert refused.returncode == 3
    assert "espeak" in refused.stderr


def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    """Interrupted in the middle of recording: exit 130, and the next run records only the rest."""
    text = "# One\n\n" + " ".join(f"This is line number {number} of a long chapter." for number in range(250))
    folder = write_project(tmp_path, text, cast=CAST, book="credits: false\nloudness: none\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "narrator", "book", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hears_ctrl_c,
    )
    deadline = time.monotonic() + 60
    while len(list((folder / "takes").rglob("*.json"))) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)

    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    kept = len(list((folder / "takes").rglob("*.json")))
    rest = result("book", folder)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert 10 <= kept < 251
    assert rest["recorded"] == 251 - kept
    assert rest["reused"] == kept


def test_two_narrators_on_one_project(project: Path) -> None:
    """What costs nothing both may record; it is one take all the same."""
    command = [sys.executable, "-m", "narrator", "book", str(project), "--json"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert len(list((project / "takes").glob("*/*/*.flac"))) == 5
    assert narrator("book", project).stderr.startswith("nothing to do")


def test_debug_shows_where_an_error_came_from(project: Path) -> None:
    (project / "cast.yaml").write_text("narrator: {voise: espeak/en}\n")

    plain, debug = narrator("check", project), narrator("check", project, "--debug")

    assert "cast.yaml:1: unknown key 'voise'; did you mean 'voice'?" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr


def test_version() -> None:
    assert narrator("--version").stdout.startswith("narrator 0.")
