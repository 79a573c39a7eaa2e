"""The command line as a user meets it: a process, its exit code, what it prints where, what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.commands import CAST, QUICK, Told, command, ended
from tests.runs import Runs
from tests.studio import write_project


class Narrator:
    """The command, in processes of their own."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def __call__(self, *arguments: str | Path) -> Told:
        """Run it to its end."""
        return self._runs.begin(*arguments).wait()

    def result(self, *arguments: str | Path) -> dict[str, Any]:
        """What it prints with `--json` where it succeeds."""
        done = self(*arguments, "--json")
        assert done.code == 0, done.err
        return done.result


@pytest.fixture
def narrator(runs: Runs) -> Narrator:
    return Narrator(runs)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two chapters, a quotation that is nobody's, and the embedded voice."""
    return write_project(
        tmp_path / "book",
        "# One\n\n“Who is there?” she said.\n\nMARA (whispering): Only me.\n",
        "# Two\n\nNobody spoke.\n",
        cast=CAST,
        book=QUICK,
    )


def test_a_new_project_renders_at_once(tmp_path: Path) -> None:
    """As a shell begins it, with nothing imported yet."""
    folder = tmp_path / "my novel"

    made = command("new", folder)
    done = command("book", folder, "--json")

    ended(made, 0)
    ended(done, 0)
    book = done.result
    assert book["recorded"] > 0
    assert book["errors"] == []
    for chapter in book["chapters"]:
        info = soundfile.info(chapter["mp3"])
        assert info.frames == pytest.approx(
            chapter["duration_ms"] * info.samplerate / 1000, abs=info.samplerate / 500
        )
        assert Path(chapter["cue"]).read_text(encoding="utf-8").count("TRACK") > 0


def test_check_counts_and_spends_nothing(project: Path, narrator: Narrator) -> None:
    checked = narrator.result("check", project)

    assert checked["coverage"]["complete"] is True
    assert checked["coverage"]["missing"] == []
    assert [chapter["title"] for chapter in checked["chapters"]] == ["One", "Two"]
    assert checked["utterances"] == 5
    assert checked["to_record"] == 5
    assert checked["unattributed"] == 1
    assert checked["estimate"]["amount"] == 0
    assert not (project / "takes").exists()
    assert not (project / "build").exists()


def test_a_second_book_does_nothing_and_says_so(project: Path, narrator: Narrator) -> None:
    first = narrator.result("book", project)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}

    again = narrator("book", project, "--json")
    second = again.result

    assert (first["recorded"], first["reused"]) == (5, 0)
    assert (second["recorded"], second["reused"], second["requests"]) == (0, 5, 0)
    assert all(chapter["unchanged"] for chapter in second["chapters"])
    assert second["seconds"] == first["seconds"]
    assert "nothing to do" in again.err
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()} == before


def test_json_is_the_only_thing_on_stdout_and_bare_runs_print_none(project: Path, narrator: Narrator) -> None:
    with_json = narrator("book", project, "--json")
    without = narrator("chapter", project, "1")

    assert with_json.result
    assert without.out == ""
    assert "up to date" in without.err


def test_one_chapter_again_after_an_edit(project: Path, narrator: Narrator) -> None:
    narrator.result("book", project)
    other = project / "build" / "chapters" / "01-one.mp3"
    before = other.stat().st_mtime_ns
    (project / "manuscript" / "02.md").write_text("# Two\n\nNobody spoke. Then someone did.\n")

    made = narrator.result("chapter", project, "2")

    assert (made["recorded"], made["reused"]) == (1, 2)
    assert [chapter["number"] for chapter in made["chapters"]] == [2]
    assert other.stat().st_mtime_ns == before


def test_a_renamed_chapter_leaves_nothing_behind(project: Path, narrator: Narrator) -> None:
    narrator.result("book", project)
    (project / "manuscript" / "02.md").write_text("# The Second\n\nNobody spoke.\n")

    narrator.result("book", project)

    stems = {path.stem for path in (project / "build" / "chapters").iterdir()}
    assert stems == {"01-one", "02-the-second"}


def test_a_deleted_take_is_recorded_again(project: Path, narrator: Narrator) -> None:
    narrator.result("book", project)
    take = next((project / "takes").rglob("*.flac"))
    take.unlink()

    again = narrator.result("book", project)

    assert again["recorded"] == 1
    assert take.exists(), "the same request gives the same take"


def test_two_runs_from_nothing_are_byte_identical(project: Path, tmp_path: Path, narrator: Narrator) -> None:
    """Levelled, as a book is that says nothing of it."""
    (project / "book.yaml").write_text("title: A Book\nauthor: An Author\ncredits: false\n")
    copy = shutil.copytree(project, tmp_path / "copy")
    narrator.result("book", project)
    narrator.result("book", copy)

    def outputs(folder: Path) -> dict[str, bytes]:
        built = folder / "build"
        files = [*(built / "chapters").iterdir(), built / "report.json", built / "report.html"]
        return {path.name: path.read_bytes() for path in files}

    assert outputs(project) == outputs(copy)


def test_rehearsal_gives_every_role_a_voice_of_its_own(tmp_path: Path, narrator: Narrator) -> None:
    folder = write_project(
        tmp_path, "# One\n\nMARA: Yes.\n\nJON: No.\n", cast="narrator: parrot/x\nMara: hume/y\nJon: hume/z\n"
    )

    refused = narrator("book", folder)
    made = narrator.result("book", folder, "--rehearse")

    assert refused.code == 3
    assert "--rehearse" in refused.err
    timeline = json.loads(Path(made["chapters"][0]["mp3"]).with_suffix(".json").read_text())
    voices = {utterance["role"]: utterance["voice"] for utterance in timeline["utterances"]}
    assert len(voices) == len(set(voices.values())) == 3


def test_an_error_in_the_project_names_file_and_line_and_exits_3(project: Path, narrator: Narrator) -> None:
    (project / "manuscript" / "02.md").write_text("# Two\n\nLine.\n\nMARRA: Hm.\n")

    refused = narrator("book", project, "--json")

    assert refused.code == 3
    assert "manuscript/02.md:5: role 'MARRA'" in refused.err
    assert "did you mean 'Mara'" in refused.err
    assert "Traceback" not in refused.err
    assert refused.result["errors"]


def test_usage_errors_exit_2(project: Path, tmp_path: Path, narrator: Narrator) -> None:
    for arguments in (["bok", project], ["book"], ["chapter", project, "9"], ["book", tmp_path / "nowhere"]):
        refused = narrator(*arguments)
        assert refused.code == 2, arguments
        assert refused.err.strip()
        assert refused.out == ""


def test_voices_lists_and_searches(narrator: Narrator) -> None:
    every = narrator("voices", "espeak")
    spanish = narrator.result("voices", "espeak", "--search", "spanish")

    assert "espeak/" in every.out
    assert 0 < len(spanish["voices"]) < len(every.out.splitlines())
    assert any("es" in voice["languages"] for voice in spanish["voices"])


def test_unknown_provider_names_the_known_ones(narrator: Narrator) -> None:
    refused = narrator("voices", "espeek")

    assert refused.code == 2
    assert "espeak" in refused.err


def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path, runs: Runs, narrator: Narrator) -> None:
    """Interrupted in the middle of recording: exit 130, and the next run records only the rest."""
    lines = 120
    text = "# One\n\n" + " ".join(f"This is line {number} of a long chapter." for number in range(lines - 1))
    folder = write_project(tmp_path, text, cast=CAST, book=f"{QUICK}formats: [json]\n")
    run = runs.begin("book", folder)
    deadline = time.monotonic() + 60
    while len(list((folder / "takes").rglob("*.json"))) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)

    os.killpg(run.pid, signal.SIGINT)
    done = run.wait()
    kept = len(list((folder / "takes").rglob("*.json")))
    rest = narrator.result("book", folder)

    assert done.code == 130
    assert "Traceback" not in done.err
    assert 10 <= kept < lines
    assert rest["recorded"] == lines - kept
    assert rest["reused"] == kept


def test_two_narrators_on_one_project(project: Path, runs: Runs, narrator: Narrator) -> None:
    """What costs nothing both may record; it is one take all the same."""
    both = [runs.begin("book", project, "--json") for _ in range(2)]
    said = [run.wait() for run in both]

    assert [each.code for each in said] == [0, 0], said
    assert len(list((project / "takes").glob("*/*/*.flac"))) == 5
    assert narrator("book", project).err.startswith("nothing to do")


def test_debug_shows_where_an_error_came_from(project: Path, narrator: Narrator) -> None:
    (project / "cast.yaml").write_text("narrator: {voise: espeak/en}\n")

    plain, debug = narrator("check", project), narrator("check", project, "--debug")

    assert "cast.yaml:1: unknown key 'voise'; did you mean 'voice'?" in plain.err
    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err


def test_version() -> None:
    assert command("--version").out.startswith("narrator 0.")


def test_a_book_with_nothing_to_do_repeats_the_warnings_that_hold(project: Path, narrator: Narrator) -> None:
    cast = "narrator: espeak/en-gb\nMara: {voice: polly/Joanna, stand_in: espeak/en-gb+f2}\n"
    (project / "cast.yaml").write_text(cast, encoding="utf-8")
    first = narrator("book", project)
    again = narrator("book", project)

    assert "nothing to do" in again.err
    for run in (first, again):
        assert "warning: cast.yaml: role 'Mara' speaks with its stand-in" in run.err
