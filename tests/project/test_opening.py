from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest

from narrator.errors import ProjectError, UsageError
from narrator.lexicon import Lexicon
from narrator.project import Cover, ManuscriptFile, open_project
from tests.project.folders import LEAST, problems_of, write

PNG = b"\x89PNG\r\n\x1a\n and the rest"
JPEG = b"\xff\xd8\xff\xe0 and the rest"


def test_a_folder_with_a_book_and_a_text_is_a_project(tmp_path: Path) -> None:
    project = open_project(write(tmp_path))

    assert project.root == tmp_path.resolve()
    assert (project.book.title, project.book.author) == ("The Lamp", "Ada Venn")
    assert [(role.name, role.voice) for role in project.cast.roles] == [("narrator", "espeak/en")]
    assert project.lexicon == Lexicon()
    assert project.sources == (ManuscriptFile("manuscript/01.md", b"# One\n\nIt was lit.\n"),)
    assert (project.cover, project.notices) == (None, ())
    assert project.takes == project.root / "takes"
    assert project.build == project.root / "build"
    assert project.inputs == tuple(project.root / name for name in LEAST)
    with pytest.raises(dataclasses.FrozenInstanceError):
        project.root = tmp_path  # type: ignore[misc]  # that is the point


def test_every_file_that_counts_is_an_input(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        **LEAST,
        "cast.yaml": "mara: espeak/en+f2\n",
        "lexicon.yaml": "Siobhan: shi-VAWN\n",
        "cover.png": PNG,
        "templates/opening-credits.en.md.j2": "x",
        "templates/old/x": "not direct",
        "notes.txt": "not read",
        "takes/ledger": "not an input",
    }
    project = open_project(write(tmp_path, files))

    read = {path.relative_to(project.root).as_posix() for path in project.inputs}
    assert read == {*files} - {"notes.txt", "takes/ledger", "templates/old/x"}
    assert [role.name for role in project.cast.roles] == ["mara", "narrator"]
    assert project.lexicon.entries[0][0] == "Siobhan"


def test_the_narrator_speaks_the_language_of_the_book(tmp_path: Path) -> None:
    project = open_project(write(tmp_path, {**LEAST, "book.yaml": "title: T\nauthor: A\nlanguage: es\n"}))

    assert project.cast.role("narrator").voice == "espeak/es"


def test_everything_that_is_wrong_is_told_at_once_file_by_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "book.yaml": "titel: T\nyear: x\nmanuscript: ../text\nauthor: A\n",
            "cast.yaml": "mara: {voice: espeak/en, pitch: 3}\ntom:\n",
            "lexicon.yaml": "Siobhan:\n",
            "cover.jpg": PNG,
        },
    )

    assert problems_of(tmp_path) == [
        "book.yaml: `title` is missing; add `title: The Name of the Book`",
        "book.yaml:1: unknown key 'titel'; did you mean 'title'?",
        "book.yaml:2: `year` must be a whole number from 1 to 9999, not 'x'",
        "book.yaml:3: '../text' leads out of the project; keep everything inside its folder",
        "cast.yaml:1: unknown key 'pitch'; known keys: aliases, description, direction, settings,"
        " speed, stand_in, styles, voice",
        "cast.yaml:2: role 'tom' has no voice; add one, for example `voice: espeak/en+f2`",
        "lexicon.yaml:1: 'Siobhan' has no pronunciation; write how to say it, or take it out",
        "cover.jpg: this is a PNG picture; rename it to cover.png",
    ]


def test_a_file_that_is_no_yaml_does_not_hide_the_others(tmp_path: Path) -> None:
    write(
        tmp_path, {**LEAST, "book.yaml": "title: a: b\n", "cast.yaml": b"mara: \xff\n", "lexicon.yaml": "[]"}
    )

    book, cast, lexicon = problems_of(tmp_path)

    assert book.startswith("book.yaml:1: not valid YAML: ")
    assert cast == "cast.yaml:1: byte 0xff is not UTF-8; save the file as UTF-8"
    assert lexicon == "lexicon.yaml:1: expected `key: value` lines, not a list"


def test_a_rehearsal_needs_no_voices(tmp_path: Path) -> None:
    write(tmp_path, {**LEAST, "cast.yaml": "mara:\n"})

    assert problems_of(tmp_path) == [
        "cast.yaml:1: role 'mara' has no voice; add one, for example `voice: espeak/en+f2`"
    ]
    assert open_project(tmp_path, rehearse=True).cast.role("mara").voice is None


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"there is no folder '.*/my book'; `narrator new '.*/my book'` makes"
    ):
        open_project(tmp_path / "my book")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(UsageError, match=r"book\.yaml' is not a folder; name the one that holds book\.yaml"):
        open_project(tmp_path / "book.yaml")


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"is no project, for it holds no book\.yaml; `narrator new DIR` makes"
    ):
        open_project(tmp_path)


def test_a_ring_of_links_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    with pytest.raises(UsageError, match="cannot be read"):
        open_project(tmp_path / "a")


@pytest.mark.parametrize("name", ["book", "cast", "lexicon"])
def test_the_other_ending_of_yaml_is_not_passed_over(tmp_path: Path, name: str) -> None:
    """A cast.yml that nobody reads would cost every role its voice."""
    files = {**LEAST, f"{name}.yml": "x: y\n"}
    if name == "book":
        del files["book.yaml"]
    write(tmp_path, files)

    assert f"{name}.yml: this must be called {name}.yaml; rename it" in problems_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("cover.jpg", JPEG, "image/jpeg"),
        ("cover.jpeg", JPEG, "image/jpeg"),
        ("cover.png", PNG, "image/png"),
        ("Cover.PNG", PNG, "image/png"),
    ],
)
def test_a_cover_is_found(tmp_path: Path, name: str, data: bytes, mime: str) -> None:
    project = open_project(write(tmp_path, {**LEAST, name: data}))

    assert project.cover == Cover(name, mime, data)
    assert project.cover.sha256 == hashlib.sha256(data).hexdigest()
    assert repr(data) not in repr(project)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("cover.png", JPEG, "cover.png: this is a JPG picture; rename it to cover.jpg"),
        ("cover.jpg", b"<svg>", "cover.jpg: this is neither a JPEG nor a PNG picture"),
        ("cover.jpg", b"", "cover.jpg: this is neither a JPEG nor a PNG picture"),
        ("cover.png", PNG + bytes(10_000_000), "cover.png: this is longer than 10,000,000 bytes"),
    ],
)
def test_a_cover_that_is_none(tmp_path: Path, name: str, data: bytes, problem: str) -> None:
    assert problems_of(write(tmp_path, {**LEAST, name: data})) == [problem]


def test_a_second_cover_is_left_alone_and_said_so(tmp_path: Path) -> None:
    project = open_project(write(tmp_path, {**LEAST, "cover.jpg": JPEG, "cover.png": PNG}))

    assert project.cover is not None
    assert project.cover.path == "cover.jpg"
    assert [str(notice) for notice in project.notices] == ["cover.png: not used: the cover is cover.jpg"]


@pytest.mark.parametrize("name", ["book.yaml", "cast.yaml", "lexicon.yaml"])
def test_a_settings_file_has_a_longest_size(tmp_path: Path, name: str) -> None:
    write(tmp_path, {**LEAST, name: "# " + "x" * 1_000_000})

    assert problems_of(tmp_path) == [f"{name}: this is longer than 1,000,000 bytes"]


OUT = "this leads out of the project; keep everything inside its folder"


@pytest.mark.parametrize(
    "name",
    ["book.yaml", "cast.yaml", "lexicon.yaml", "cover.png", "templates", "takes", "build", "manuscript"],
)
def test_nothing_in_a_project_leads_out_of_it(tmp_path: Path, name: str) -> None:
    """Whatever it is that a link replaces: a file that is read, or a folder that is written to."""
    root = write(tmp_path / "project")
    outside = write(tmp_path / "outside", {"secret": PNG, "folder/01.md": "secret"})
    if (root / name).is_dir():
        (root / name / "01.md").unlink()
        (root / name).rmdir()
    elif (root / name).exists():
        (root / name).unlink()
    (root / name).symlink_to(outside / ("secret" if "." in name else "folder"))

    said = (
        f"book.yaml: 'manuscript' {OUT.removeprefix('this ')}" if name == "manuscript" else f"{name}: {OUT}"
    )
    assert problems_of(root) == [said]


def test_a_template_that_leads_out(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {**LEAST, "templates/a.j2": "fine"})
    (tmp_path / "secret").write_text("secret")
    (root / "templates" / "b.j2").symlink_to(tmp_path / "secret")

    assert problems_of(root) == [f"templates/b.j2: {OUT}"]


@pytest.mark.parametrize("name", ["templates", "takes", "build"])
def test_a_file_where_a_folder_belongs(tmp_path: Path, name: str) -> None:
    write(tmp_path, {**LEAST, name: "x"})

    assert problems_of(tmp_path) == [f"{name}: this must be a folder; rename it"]


@pytest.mark.parametrize("name", ["cast.yaml", "cover.png", "manuscript/02.md"])
def test_a_pipe_is_never_opened(tmp_path: Path, name: str) -> None:
    """Opening one would wait for ever for somebody to write to it."""
    write(tmp_path)
    os.mkfifo(tmp_path / name)

    assert problems_of(tmp_path) == [f"{name}: this is a device, a socket or a pipe, not a file"]


@pytest.mark.parametrize("name", ["cast.yaml", "cover.png"])
def test_a_folder_where_a_file_belongs(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).mkdir()

    assert problems_of(tmp_path) == [f"{name}: this is a folder, not a file"]


def test_links_inside_the_project_are_followed(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {**LEAST, "drafts/x.md": "text", "art/front.png": PNG})
    (root / "manuscript" / "02.md").symlink_to("../drafts/x.md")
    (root / "cover.png").symlink_to("art/front.png")
    (tmp_path / "link").symlink_to(root)

    project = open_project(tmp_path / "link")

    assert project.root == root.resolve()
    assert [source.path for source in project.sources] == ["manuscript/01.md", "manuscript/02.md"]
    assert project.cover is not None


def test_a_role_named_like_a_path_reaches_nothing(tmp_path: Path) -> None:
    root = write(
        tmp_path / "a" / "project", {**LEAST, "cast.yaml": "../../etc: espeak/en\ncon/nul: espeak/en\n"}
    )
    before = sorted(tmp_path.rglob("*"))

    project = open_project(root)

    assert [role.name for role in project.cast.roles] == ["../../etc", "con/nul", "narrator"]
    assert sorted(tmp_path.rglob("*")) == before
