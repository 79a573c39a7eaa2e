"""Writing choices.yaml: nothing is lost, whoever else writes it and whatever is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from narrator.choices import Choices, ChosenTake
from narrator.errors import OutputError, ProjectErrors
from narrator.project import open_project, rewrite_choices
from tests.project.folders import write

ENTRY = ChosenTake(line="c01-u001", text="It was “lit”: #1", key="1f" * 32, take="0123456789abcdef")


def added(choices: Choices, number: int) -> Choices:
    entry = ENTRY.model_copy(update={"key": f"{number:064x}", "take": f"{number:016x}"})
    return Choices(chosen=(*choices.chosen, entry))


def test_what_was_chosen_is_read_with_the_project(tmp_path: Path) -> None:
    root = write(tmp_path)

    written = rewrite_choices(root, lambda choices: added(choices, 1))

    assert open_project(root).choices == written
    assert root / "choices.yaml" in open_project(root).inputs


def test_what_is_on_disk_is_what_is_changed(tmp_path: Path) -> None:
    root = write(tmp_path)
    for number in range(3):
        rewrite_choices(root, lambda choices, number=number: added(choices, number))  # type: ignore[misc]  # mypy: a default in a lambda

    assert [each.take[-1] for each in open_project(root).choices.chosen] == ["0", "1", "2"]


def test_threads_lose_nothing_of_each_other(tmp_path: Path) -> None:
    root = write(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: rewrite_choices(root, lambda c: added(c, number)), range(24)))

    assert {int(each.take, 16) for each in open_project(root).choices.chosen} == set(range(24))


def test_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    root = write(tmp_path)
    script = (
        "import sys; from pathlib import Path; from narrator.project import rewrite_choices;"
        " from tests.project.test_choices import added\n"
        "for n in range(5): rewrite_choices(Path(sys.argv[1]), lambda c: added(c, int(sys.argv[2]) + n))"
    )
    where = Path(__file__).parent.parent.parent
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(root), str(first)], cwd=where)
        for first in (100, 200)
    ]

    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert {int(each.take, 16) for each in open_project(root).choices.chosen} == {
        *range(100, 105),
        *range(200, 205),
    }


@pytest.mark.parametrize(
    ("damaged", "line"),
    [
        ("choices:\n- {key: \n", 2),
        ("choices:\n<<<<<<< ours\n- {}\n=======\n>>>>>>> theirs\n", 3),
        ("choices:\n- {key: x, take: y}\n", 2),
    ],
)
def test_a_damaged_file_is_never_overwritten(tmp_path: Path, damaged: str, line: int) -> None:
    root = write(tmp_path)
    (root / "choices.yaml").write_text(damaged)

    with pytest.raises(ProjectErrors, match=rf"^choices\.yaml:{line}: "):
        rewrite_choices(root, lambda choices: added(choices, 1))

    assert (root / "choices.yaml").read_text() == damaged


def test_what_cannot_be_locked_is_not_written(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "takes").write_text("in the way")

    with pytest.raises(OutputError, match=r"takes"):
        rewrite_choices(root, lambda choices: added(choices, 2))

    assert not (root / "choices.yaml").exists()


def test_a_file_that_says_it_already_is_left_alone(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "choices.yaml").write_text("# mine\nchoices: []\n")

    rewrite_choices(root, lambda choices: choices)

    assert (root / "choices.yaml").read_text() == "# mine\nchoices: []\n"


def test_a_link_inside_the_project_stays_one(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "book.yaml": "title: A\nauthor: B\n",
            "manuscript/01.md": "# One\n\nA.\n",
            "shared/choices.yaml": "choices: []\n",
        },
    )
    (root / "choices.yaml").symlink_to("shared/choices.yaml")

    rewrite_choices(root, lambda choices: added(choices, 1))

    assert (root / "choices.yaml").is_symlink()
    assert len(open_project(root).choices.chosen) == 1
