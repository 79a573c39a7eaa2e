"""What CI gets from a run: a JUnit file, a summary page, an exit code that lets no doubt pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from narrator.cli.bulletin import Wanted, judged
from narrator.errors import BudgetExceeded, Interrupted
from narrator.results import Production
from tests.bulletins.runs import made, production
from tests.bulletins.test_junit import judged as read_junit
from tests.commands import Told, ended, told
from tests.studio import write_project

CAST = "narrator: espeak/en-gb\nMara: hume/Ava Song\n"
ONE = "# One\n\nA line.\n"
TWO = "# Two\n\nMARA: Nobody can say this.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A book of one chapter that costs nothing."""
    return write_project(tmp_path / "book", ONE, cast=CAST)


def ran(project: Path, *arguments: str, verb: str = "book") -> Told:
    """A run that writes both files beside the project."""
    files = ("--junit", project.parent / "junit.xml", "--summary", project.parent / "summary.md")
    return told(verb, project, *files, *arguments)


def cases(project: Path) -> dict[str, str]:
    """The test cases and what became of them."""
    root = read_junit((project.parent / "junit.xml").read_text(encoding="utf-8"))
    return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in root.iter("testcase")}


def summary(project: Path) -> str:
    return (project.parent / "summary.md").read_text(encoding="utf-8")


def warned(project: Path) -> None:
    """Something that every run warns of."""
    (project / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (project / "cover.png").write_bytes(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(("verb", "arguments"), [("book", ()), ("chapter", ("1",))])
def test_a_good_run_is_good_everywhere(verb: str, arguments: tuple[str, ...], project: Path) -> None:
    answer = ran(project, *arguments, "--json", "--strict", verb=verb)

    ended(answer, 0)
    assert answer.result["errors"] == []
    assert cases(project)["chapter 01: One"] == "passed"
    assert set(cases(project).values()) == {"passed"}
    assert "complete" in summary(project)
    assert "| 1 | One |" in summary(project)


def test_one_chapter_that_fails_fails_alone(project: Path) -> None:
    (project / "manuscript" / "02.md").write_text(TWO)

    answer = ran(project, "--json")

    ended(answer, 4, "no key")
    found = cases(project)
    assert (found["chapter 01: One"], found["chapter 02: Two"]) == ("passed", "failure")
    assert answer.result["unmade"][0]["number"] == 2
    assert "c02-u002" in answer.result["unmade"][0]["errors"][0]
    assert "| 2 | Two | | not made |" in summary(project)


def test_a_project_that_is_wrong_is_told_as_well(project: Path) -> None:
    (project / "manuscript" / "02.md").write_text("# Two\n\nNOBODY: Who am I?\n")

    ended(ran(project), 3)

    assert cases(project)["project: settings, manuscript and cast are right"] == "failure"
    assert "manuscript/02" in summary(project).replace("&#46;", ".")


def test_a_warning_fails_a_strict_run_every_time(project: Path) -> None:
    warned(project)
    lenient = ran(project)
    cases_of_lenient = cases(project)
    strict = [ran(project, "--strict", "--json") for _ in range(2)]

    ended(lenient, 0)
    assert cases_of_lenient["warnings: there is none"] == "skipped"
    for answer in strict:
        ended(answer, 6, "--strict", "cover.jpg")
        assert answer.result["exit_code"] == 6
        assert "cover.jpg" in answer.result["errors"][0]
    assert cases(project)["warnings: there is none"] == "failure"


def test_a_check_can_be_strict_before_anything_is_spent(project: Path) -> None:
    assert told("check", project, "--strict").code == 0
    warned(project)

    answer = told("check", project, "--strict", "--json")

    ended(answer, 6, "cover.jpg")
    assert "cover.jpg" in answer.result["errors"][0]
    assert told("check", project).code == 0


def test_summaries_of_several_runs_follow_each_other(project: Path) -> None:
    (project.parent / "summary.md").write_text("# Before\n\n")
    ran(project)
    ran(project)

    assert summary(project).startswith("# Before\n\n## book: complete")
    assert summary(project).count("## book: complete") == 2


def test_a_report_that_cannot_be_written_fails_the_run(project: Path) -> None:
    (project.parent / "junit.xml").mkdir()

    answer = ran(project, "--json")

    ended(answer, 6, "junit.xml")
    assert len(answer.result["chapters"]) == 1
    assert "| 1 | One |" in summary(project)


def test_a_report_that_cannot_be_written_hides_no_other_failure(project: Path) -> None:
    (project.parent / "summary.md").mkdir()
    (project / "cast.yaml").write_text("narrator: espeak/nobody\n")

    ended(ran(project), 3, "espeak/nobody", "summary.md")


def test_a_pipe_or_a_link_is_written_to_and_not_replaced(project: Path) -> None:
    """Such as /dev/stdout."""
    real = project.parent / "real.xml"
    (project.parent / "junit.xml").symlink_to(real)

    ended(ran(project), 0)

    assert (project.parent / "junit.xml").is_symlink()
    assert "chapter 01: One" in real.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (Interrupted("interrupted; 3 new takes kept"), "3 new takes kept"),
        (BudgetExceeded("too dear"), "too dear"),
        (ZeroDivisionError("odd"), "ZeroDivisionError"),
    ],
)
def test_however_a_run_ends_it_is_told(error: BaseException, said: str, project: Path) -> None:
    def work() -> Production:
        raise error

    junit = project.parent / "new" / "junit.xml"
    with pytest.raises(type(error)):
        judged(work, project, Wanted(junit, project.parent / "summary.md"))

    assert said in junit.read_text(encoding="utf-8")
    assert said in summary(project)


def test_without_wishes_nothing_is_written(project: Path) -> None:
    run = production(made(1), warnings=("one",))

    assert judged(lambda: run, project, Wanted()) == run
    assert sorted(path.name for path in project.parent.iterdir()) == ["book"]
