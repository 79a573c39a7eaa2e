"""Odd places to run in: paths, locales, closed or full streams, few resources. The book is made anyway."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import CAST, QUICK, command, ended, left, outputs, told, words
from tests.studio import write_project

TEXT = "# Ünï One\n\nHello “there”, café.\n\nMARA: Hi.\n"
OLD_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished book in a folder that nobody else writes to."""
    folder = write_project(tmp_path_factory.mktemp("finished") / "bücher", TEXT, cast=CAST, book=QUICK)
    ended(told("book", folder), 0)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A book that is not made yet."""
    return write_project(tmp_path / "bücher", TEXT, cast=CAST, book=QUICK)


NAMES = {
    "spaces and quotes": " a 'b' \"c\" $d `e`; ",
    "line ends": "a\nb\r\nc",
    "a terminal command": "a\x1b[31mb\x07",
    "emoji": "\U0001f600 книга",
    "not UTF-8": os.fsdecode(b"caf\xe9"),
    "what URLs mind": "a:b#c?d%20e&f<g>",
    "options": "--json",
    "very long": "/".join(["x" * 150] * 2),
}


def test_a_path_that_is_too_long_for_the_ledger(finished: Path, tmp_path: Path) -> None:
    """Is told so, with what to do, before anything is recorded."""
    folder = tmp_path.joinpath(*["x" * 200] * 3)
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("takes", "build"))

    ended(told("book", folder), 6, "ledger.sqlite: File name too long; shorten the name")


@pytest.mark.parametrize("what", NAMES)
def test_any_path(finished: Path, tmp_path: Path, what: str) -> None:
    """Made from nothing there, told of in JSON, and found up to date at the second run."""
    folder = tmp_path / "there" / NAMES[what]
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("takes", "build"))

    first, second = told("book", "--json", folder), told("book", "--json", folder)

    ended(first, 0)
    mp3 = Path(first.result["chapters"][0]["mp3"])
    assert mp3 == folder / "build" / "chapters" / "01-uni-one.mp3"
    assert mp3.exists()
    assert first.result["recorded"] == 3
    assert second.result["recorded"] == 0
    assert second.result["chapters"][0]["mp3"] == str(mp3)
    assert outputs(folder) == outputs(finished)
    for line in (first.err + second.err).split("\n"):
        assert line.isprintable() or "\udce9" in line, line


def test_a_book_that_was_moved(finished: Path, tmp_path: Path) -> None:
    """With its takes and its build, as CI caches do: nothing to do, and the paths told are the new ones."""
    moved = shutil.copytree(finished, tmp_path / "moved")

    answer = told("book", moved, "--json")

    ended(answer, 0, "nothing to do", str(moved))
    assert Path(answer.result["chapters"][0]["mp3"]).is_relative_to(moved)
    assert Path(answer.result["chapters"][0]["cue"]).is_relative_to(moved)


def test_relative_paths_and_links(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the folder, from one inside it, and through a link: the same project."""
    copy = shutil.copytree(finished, tmp_path / "copy")
    (tmp_path / "link").symlink_to(copy)
    found = []
    for here, there in ((copy, "."), (copy / "manuscript", ".."), (tmp_path, "copy/"), (tmp_path, "link")):
        monkeypatch.chdir(here)
        answer = told("book", there, "--json")
        ended(answer, 0, "nothing to do")
        found.append(answer.result["chapters"][0]["mp3"])

    assert set(found) == {str(copy / "build" / "chapters" / "01-uni-one.mp3")}


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()

    answer = command("book", ".", folder=gone, first=gone.rmdir)

    ended(answer, 3, "is no project, for it holds no book.yaml")


def test_names_that_are_not_utf_8_beside_the_book(project: Path) -> None:
    """A photo, a template, a former manuscript: not read, and not tripped over."""
    (project / "templates").mkdir()
    for folder in (project, project / "templates", project / "takes", project / "build"):
        folder.mkdir(exist_ok=True)
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")).write_bytes(b"x")

    ended(told("book", project), 0)
    ended(told("book", project), 0, "nothing to do")
    Path(os.fsdecode(os.fsencode(project) + b"/manuscript/caf\xe9.md")).write_bytes(b"# Two\n\nHi.\n")
    ended(told("book", project), 3, r"manuscript/caf\udce9.md: rename this file; its name cannot be printed")


def test_an_old_locale(project: Path) -> None:
    """ASCII streams and file names: the same book, JSON in escapes, nothing for people lost."""
    made = command("book", project, "--json", environment=OLD_LOCALE)
    checked = command("check", project, environment={"PYTHONIOENCODING": "ascii"})

    ended(made, 0, "made: ")
    assert made.out.isascii()
    assert made.result["chapters"][0]["title"] == "Ünï One"
    assert os.fsencode(made.result["chapters"][0]["mp3"]).endswith(
        "bücher/build/chapters/01-uni-one.mp3".encode()
    )
    ended(checked, 0, "coverage complete")
    assert r"\xdcn\xef One" in checked.out
    before = left(project)
    ended(told("book", project), 0, "nothing to do")
    assert left(project) == before


def test_hardly_any_environment(project: Path) -> None:
    """No HOME, no PATH, no locale, no folder for temporary files."""
    nothing: dict[str, str | None] = dict.fromkeys(os.environ)
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}

    ended(command("book", project, environment={**nothing, **kept, "TMPDIR": "/nonexistent"}), 0, "made: ")


def shell(line: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a line in which `"$@"` is narrator with *arguments*."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *words(*arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("where", [">&-", "> /dev/full"])
def test_a_result_that_cannot_be_printed(finished: Path, where: str) -> None:
    """An error, since somebody waits for it; but not a traceback, and the book is there."""
    done = shell(f'"$@" {where}', "book", finished, "--json")

    assert done.returncode == 6
    assert "error: the result cannot be printed: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_nobody_listens(project: Path) -> None:
    """All three streams closed: no file of the book takes their place and gets what libraries print."""
    done = shell('"$@" <&- >&- 2>&-', "book", project)

    assert done.returncode == 0
    ended(told("book", project), 0, "nothing to do")


@pytest.mark.parametrize("where", ["2> /dev/full", "2> >(true)"])
def test_words_for_people_that_go_nowhere(project: Path, where: str) -> None:
    """A full disk behind the log, or a reader who left: no reason to stop; the result is printed."""
    done = shell(f'"$@" {where}', "book", project, "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["recorded"] == 3


def test_a_reader_who_leaves(finished: Path) -> None:
    """`| head -c 1` of more than a pipe holds."""
    done = shell('"$@" | head -c 1; echo "${PIPESTATUS[0]}"', "voices", "--json")

    assert done.stdout in ("{1\n", "{0\n")
    assert done.stderr == ""
    assert "nothing to do" in told("book", finished).err


def test_few_open_files(project: Path) -> None:
    """That the engine cannot be started is said, with what to do."""
    answer = command("book", project, first=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10)))

    ended(answer, 4, "the engine's process cannot be started: Too many open files; free some")
