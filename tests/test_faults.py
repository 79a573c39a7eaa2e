"""The disk is full, the process is killed, somebody edits: what was made is kept, the next run goes on."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrator import produce
from narrator.manuscript import Notice
from narrator.progress import ChapterState
from tests.commands import CAST, QUICK, command, ended, left, litter, outputs, told
from tests.runs import Runs
from tests.studio import write_project

TEXT = "# One\n\n" + " ".join(f"This is line {number} of one." for number in range(5)) + "\n"
OTHER = "# Two\n\n" + " ".join(f"That was line {number} of two." for number in range(5)) + "\n"
DEADLINE_S = 60


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two chapters of six lines."""
    return write_project(tmp_path / "project", TEXT, OTHER, cast=CAST, book=QUICK)


@pytest.fixture
def unencoded(project: Path) -> Path:
    """The same, left as cue sheets and timelines only, which takes a third of the time."""
    with (project / "book.yaml").open("a") as settings:
        settings.write("formats: [cue, json]\n")
    return project


@pytest.fixture
def undisturbed(project: Path, tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """Gives what the project makes if nobody disturbs it, made from nothing in another folder."""

    def make() -> dict[str, bytes]:
        copy = tmp_path / "undisturbed"
        ignored = shutil.ignore_patterns("takes", "build")
        shutil.copytree(project, copy, ignore=ignored)
        ended(told("book", copy), 0)
        return outputs(copy)

    return make


def files_of(size: int) -> Callable[[], None]:
    """Has a process write no file longer than *size* bytes, but any number of shorter ones."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def takes(project: Path) -> int:
    """How many takes there are."""
    return len(list((project / "takes").rglob("*.json")))


def test_no_room_for_takes(unencoded: Path) -> None:
    """Where not even the ledger fits nothing is begun; what to do is said, and no half take is left."""
    answer = command("book", unencoded, "--json", first=files_of(10_000))

    ended(answer, 6, "takes/ledger.sqlite: disk I/O error; ", "may not grow this large here (`ulimit -f`)")
    assert takes(unencoded) == 0
    assert litter(unencoded) == []

    made = told("book", unencoded, "--json").result
    assert made["recorded"] == 12
    assert (len(made["chapters"]), made["errors"]) == (2, [])


def test_no_room_for_a_chapter(project: Path, undisturbed: Callable[[], dict[str, bytes]]) -> None:
    """Every take is kept, the chapter's last good files stay as they were, and so does the other chapter."""
    ended(told("book", project), 0)
    before = outputs(project)
    (project / "manuscript" / "01.md").write_text(f"{TEXT}\nOne more line.\n")

    answer = command("book", project, "--json", first=files_of(200_000))

    ended(answer, 6, "01-one.mp3: File too large", "raise the limit (`ulimit -f`) and run again")
    assert answer.result["recorded"] == 1
    assert [chapter["title"] for chapter in answer.result["chapters"]] == ["Two"]
    after = outputs(project)
    assert {name for name, data in before.items() if after[name] != data} <= {
        "build/report.html",
        "build/report.json",
    }
    report = json.loads(after["build/report.json"])
    assert [chapter["title"] for chapter in report["unmade"]] == ["One"]
    assert litter(project) == []

    made = told("book", project, "--json").result
    assert (made["recorded"], made["reused"]) == (0, 13)
    assert outputs(project) == undisturbed()


def test_a_renamed_chapter_that_fails_leaves_the_old_one(project: Path) -> None:
    ended(told("book", project), 0)
    before = outputs(project)
    (project / "manuscript" / "01.md").write_text(TEXT.replace("# One", "# Uno"))
    (project / "build" / "chapters" / "01-uno.mp3").mkdir()

    ended(told("book", project), 6, "01-uno.mp3: Is a directory")

    assert before.keys() <= outputs(project).keys()
    (project / "build" / "chapters" / "01-uno.mp3").rmdir()
    ended(told("book", project), 0)
    assert not list((project / "build" / "chapters").glob("01-one.*"))


def test_a_report_that_cannot_be_written_hides_nothing(unencoded: Path) -> None:
    """The result still says what was made, and the error that came first stays the first."""
    (unencoded / "build" / "report.html").mkdir(parents=True)

    answer = told("book", unencoded, "--json")

    ended(answer, 6, "report.html: Is a directory; a folder is in the way; rename it")
    assert answer.result["recorded"] == 12
    assert [chapter["title"] for chapter in answer.result["chapters"]] == ["One", "Two"]


def in_mounts(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script where it may mount; what it mounts is gone when it ends."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("nobody may mount here")
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.soak
@pytest.mark.parametrize("folder", ["takes", "build"])
def test_a_disk_that_is_full_and_then_is_not(project: Path, folder: str) -> None:
    """A real one, of 200 KB, that is then given more room."""
    (project / folder).mkdir()
    script = (
        'mount -t tmpfs -o size=200k tmpfs "$3" || exit 77; "$1" -m narrator book "$2" --json; echo "|$?|";'
        ' find "$3" -name "*.part"; echo "|"; mount -o remount,size=50m "$3";'
        ' "$1" -m narrator book "$2" --json'
    )

    done = in_mounts(script, project, project / folder)

    if done.returncode == 77:
        pytest.skip("no tmpfs here")
    first, code, parts, second = done.stdout.split("|")
    assert (int(code), done.returncode) == (6, 0), done.stderr
    assert "No space left on device; make room on the disk and run again" in done.stderr
    assert "Traceback" not in done.stderr
    assert parts.strip() == ""
    recorded = [json.loads(result)["recorded"] for result in (first, second)]
    assert sum(recorded) == 12
    assert recorded[0] == 12 or folder == "takes"
    assert json.loads(second)["errors"] == []


@pytest.mark.parametrize("folder", [pytest.param("takes", marks=pytest.mark.soak), "build"])
def test_a_disk_that_cannot_be_written(unencoded: Path, folder: str) -> None:
    ended(told("book", unencoded), 0)
    before = left(unencoded)
    (unencoded / "manuscript" / "01.md").write_text(f"{TEXT}\nOne more line.\n")
    script = 'mount --bind -o ro "$3" "$3" || exit 77; exec "$1" -m narrator book "$2" --json'

    done = in_mounts(script, unencoded, unencoded / folder)

    if done.returncode == 77:
        pytest.skip("no read-only mounts here")
    assert done.returncode == 6, done.stderr
    assert (
        "Read-only file system; the disk is read-only; choose another folder or make it writable"
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["errors"]
    after = left(unencoded)
    assert {name for name, data in before.items() if after.get(name) != data} == set()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """Processes that a process has begun."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [
        int(child)
        for task in listed.parents[1].iterdir()
        for child in (task / "children").read_text().split()
    ]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


LINES = "# One\n\n" + " ".join(f"This is line number {number} of many." for number in range(40)) + "\n"


def test_killed_while_recording_and_another_goes_on(
    unencoded: Path, undisturbed: Callable[[], dict[str, bytes]], runs: Runs
) -> None:
    """`kill -9`: another run beside it records what is missing; no process is left behind."""
    (unencoded / "manuscript" / "01.md").write_text(LINES)
    first = runs.begin("book", unencoded, "--json")
    wait_until(lambda: takes(unencoded) >= 5 or first.code is not None)
    first.send(signal.SIGSTOP)
    second = runs.begin("book", unencoded, "--json")
    helpers = children(first.pid) if Path("/proc/self/task").exists() else []
    first.send(signal.SIGKILL)
    made = second.wait()

    assert first.wait().code == -signal.SIGKILL
    ended(made, 0)
    recorded = made.result["recorded"]
    assert 0 < recorded <= 47
    assert recorded + made.result["reused"] == 47
    assert takes(unencoded) == 47
    assert litter(unencoded) == []
    assert outputs(unencoded) == undisturbed()
    wait_until(lambda: not any(alive(helper) for helper in helpers))


def test_terminated_while_recording(unencoded: Path, runs: Runs) -> None:
    """SIGTERM is as Ctrl-C: what is in flight is kept, and the count that is told is right."""
    (unencoded / "manuscript" / "01.md").write_text(LINES)
    run = runs.begin("book", unencoded, "--json")
    wait_until(lambda: takes(unencoded) >= 5 or run.code is not None)

    run.send(signal.SIGTERM)
    done = run.wait()

    ended(done, 130, f"interrupted; {takes(unencoded)} new takes kept, and the next run goes on from there")
    assert done.result["errors"]
    assert litter(unencoded) == []


def test_interrupted_while_waiting_for_another(project: Path, runs: Runs) -> None:
    """Somebody removes takes: Ctrl-C ends the wait for that, and nothing was begun."""
    (project / "takes").mkdir()
    with (project / "takes" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = runs.begin("book", project, "--json")
        wait_until(lambda: run.told.err.endswith("\n") or run.code is not None)
        said = run.told.err
        run.send(signal.SIGINT)
        done = run.wait()

    assert said == "warning: another narrator is removing takes of this project; waiting for it\n"
    assert done.code == 130
    assert done.err.endswith("error: interrupted\n")
    assert done.result["errors"] == ["interrupted"]
    assert takes(project) == 0


def test_killed_while_mastering(
    project: Path, undisturbed: Callable[[], dict[str, bytes]], runs: Runs
) -> None:
    """Half an MP3 is swept up, and the chapter's last good files are there until the new ones are whole."""
    ended(told("book", project), 0)
    before = outputs(project)
    settings = (project / "book.yaml").read_text()
    (project / "book.yaml").write_text(f"{settings}pauses: {{sentence: 15}}\n")
    run = runs.begin("book", project)
    wait_until(lambda: any(part.stat().st_size > 100_000 for part in litter(project)) or run.code is not None)

    run.send(signal.SIGKILL)

    assert run.wait().code == -signal.SIGKILL
    assert litter(project)
    assert outputs(project).items() >= before.items()
    made = told("book", project, "--json").result
    assert (made["recorded"], made["errors"]) == (0, [])
    assert litter(project) == []
    assert outputs(project) == undisturbed()


class Editing:
    """Progress that somebody follows who cannot leave the text alone."""

    def __init__(self, edit: Callable[[], object]) -> None:
        self._edit = edit

    def planned(self, *, chapters: int, lines: int, to_record: int) -> None:
        """See `Progress`."""
        self._edit()

    def more(self, *, to_record: int) -> None:
        """See `Progress`."""

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        """See `Progress`."""

    def chapter(self, title: str, state: ChapterState, *, milliseconds: int) -> None:
        """See `Progress`."""

    def notice(self, notice: Notice) -> None:
        """See `Progress`."""


@pytest.mark.parametrize("name", ["manuscript/01.md", "manuscript/03.md", "lexicon.yaml"])
def test_an_edit_during_a_run_is_made_by_the_next(unencoded: Path, name: str) -> None:
    """And not taken for done, though the run ended after it."""
    text = {"manuscript/01.md": TEXT.replace("line 3", "word 3"), "lexicon.yaml": "line: lane\n"}
    edit = Editing(lambda: (unencoded / name).write_text(text.get(name, "# Three\n\nNew.\n")))

    first = produce(unencoded, progress=edit)
    second = produce(unencoded)

    assert first.errors == second.errors == ()
    assert second.recorded > 0
    assert produce(unencoded).recorded == 0


def test_a_manuscript_that_goes_away_during_a_run(project: Path) -> None:
    first = produce(project, progress=Editing(lambda: shutil.rmtree(project / "manuscript")))

    assert first.errors == ()
    assert len(first.chapters) == 2
    ended(told("book", project), 3, "book.yaml: there is no 'manuscript', where the text goes")
    assert os.path.exists(first.chapters[0].mp3 or "")  # noqa: PTH110 - it is text
