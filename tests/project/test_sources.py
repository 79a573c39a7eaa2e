from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from narrator.project import open_project
from narrator.project.sources import LIMIT_BYTES, name_order
from tests.project.folders import LEAST, problems_of, write

BOOK = "title: T\nauthor: A\n"


def paths_of(root: Path) -> list[str]:
    return [source.path for source in open_project(root).sources]


def test_chapters_come_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    names = [
        "10-ten.md",
        "2-two.md",
        "1-One.markdown",
        "2-TWO b.MD",
        "appendix.md",
        "Foreword.md",
        "02-also.md",
    ]
    write(tmp_path, {"book.yaml": BOOK, **{f"manuscript/{name}": name for name in names}})

    assert [path.removeprefix("manuscript/") for path in paths_of(tmp_path)] == [
        "1-One.markdown",
        "02-also.md",
        "2-TWO b.MD",
        "2-two.md",
        "10-ten.md",
        "appendix.md",
        "Foreword.md",
    ]
    assert [source.data.decode() for source in open_project(tmp_path).sources][4] == "10-ten.md"


def test_the_order_of_names_never_depends_on_the_folders_own() -> None:
    names = ["a10", "a2", "A2", "a02", "b", "", "1", "01", "a", "é2", "a2b10", "a2b9"]

    in_order = sorted(names, key=name_order)

    for shuffled in (names[::-1], names[5:] + names[:5]):
        assert sorted(shuffled, key=name_order) == in_order
    assert in_order == ["", "01", "1", "a", "A2", "a02", "a2", "a2b9", "a2b10", "a10", "b", "é2"]


def test_what_editors_leave_behind_is_passed_over_in_silence(tmp_path: Path) -> None:
    left = [".01.md.swp", ".hidden.md", "01.md~", "#01.md#", "01.md.bak", "01.md.orig", "01.tmp", ".DS_Store"]
    write(tmp_path, {**LEAST, **{f"manuscript/{name}": "x" for name in left}})
    (tmp_path / "manuscript" / ".#01.md").symlink_to("user@host.1234")

    project = open_project(tmp_path)

    assert [source.path for source in project.sources] == ["manuscript/01.md"]
    assert project.notices == ()


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **LEAST,
            "manuscript/map.png": "x",
            "manuscript/notes.txt": "x",
            "manuscript/old.docx": "x",
            "manuscript/drafts/02.md": "x",
            "manuscript/parts.md/03.md": "x",
            "manuscript/a\x1b[2J.txt": "x",
        },
    )
    where = "not read: the manuscript is the .md files directly in this folder"

    assert [str(notice) for notice in open_project(tmp_path).notices] == [
        f"manuscript/a\\x1b[2J.txt: {where}",
        f"manuscript/drafts: {where}",
        f"manuscript/map.png: {where}",
        f"manuscript/notes.txt: {where}",
        "manuscript/old.docx: not read: .docx is not supported yet in this version",
        f"manuscript/parts.md: {where}",
    ]


@pytest.mark.parametrize("path", ["text/book.md", "book.txt", "./text/../book.txt", "text/all.MARKDOWN"])
def test_the_manuscript_can_be_one_file(tmp_path: Path, path: str) -> None:
    files = {"book.yaml": f"{BOOK}manuscript: {path}\n", "text/book.md": "a", "book.txt": "b"}
    write(tmp_path, {**files, "text/all.MARKDOWN": "c"})

    assert paths_of(tmp_path) == [path.removeprefix("./text/../")]


def test_the_manuscript_can_be_any_folder_even_the_project_itself(tmp_path: Path) -> None:
    write(tmp_path, {"book.yaml": BOOK + "manuscript: .\n", "2.md": "b", "1.md": "a", "notes.txt": "x"})

    project = open_project(tmp_path)

    assert [source.path for source in project.sources] == ["1.md", "2.md"]
    assert project.notices == ()


@pytest.mark.parametrize("written", ["", "''", "~"])
def test_no_path_is_the_usual_folder(tmp_path: Path, written: str) -> None:
    write(tmp_path, {**LEAST, "book.yaml": f"{BOOK}manuscript: {written}\n", "notes.md": "x"})

    assert paths_of(tmp_path) == ["manuscript/01.md"]


def test_a_path_is_taken_as_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"book.yaml": BOOK + "manuscript: 'a  b'\n", "a  b/1.md": "x"})

    assert paths_of(tmp_path) == ["a  b/1.md"]


@pytest.mark.parametrize("suffix", [".epub", ".docx", ".fountain", ".DOCX"])
def test_formats_that_are_not_there_yet_say_so(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, {"book.yaml": f"{BOOK}manuscript: book{suffix}\n", f"book{suffix}": "x"})

    assert problems_of(tmp_path) == [
        f"book.yaml:3: 'book{suffix}': {suffix.lower()} is not supported yet in this version;"
        " save the text as Markdown (.md)"
    ]


def test_a_file_that_is_no_manuscript(tmp_path: Path) -> None:
    write(tmp_path, {"book.yaml": BOOK + "manuscript: book.pdf\n", "book.pdf": "x"})

    assert problems_of(tmp_path) == [
        "book.yaml:3: 'book.pdf' is not a manuscript; name a folder of .md files, or one .md or .txt file"
    ]


def test_a_missing_manuscript_says_where_the_text_goes(tmp_path: Path) -> None:
    write(tmp_path, {"book.yaml": BOOK})

    assert problems_of(tmp_path) == [
        "book.yaml: there is no 'manuscript', where the text goes: manuscript/01-first-chapter.md and so on"
    ]


def test_a_text_elsewhere_is_offered(tmp_path: Path) -> None:
    write(tmp_path, {"book.yaml": BOOK, "novel.txt": "x"})

    assert problems_of(tmp_path)[0].endswith(
        "; or write `manuscript: novel.txt` in book.yaml, if that is the text"
    )


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ([], ""),
        ([".01.md", "notes.doc"], ""),
        (["book.txt"], "; or write `manuscript: manuscript/book.txt` in book.yaml, if that is the text"),
    ],
)
def test_an_empty_folder_says_where_the_text_goes(tmp_path: Path, files: list[str], hint: str) -> None:
    write(tmp_path, {"book.yaml": BOOK, **{f"manuscript/{name}": "x" for name in files}})
    (tmp_path / "manuscript").mkdir(exist_ok=True)

    assert problems_of(tmp_path) == [
        f"manuscript: there is no .md file in this folder; the text goes there:"
        f" 01-first-chapter.md and so on{hint}"
    ]


OUT = "leads out of the project; keep everything inside its folder"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("..", f"'..' {OUT}"),
        ("../outside", f"'../outside' {OUT}"),
        ("manuscript/../../outside/secret.md", f"'manuscript/../../outside/secret.md' {OUT}"),
        ("../nowhere.md", f"'../nowhere.md' {OUT}"),
        ("/etc/passwd", "'/etc/passwd' is an absolute path; write it relative to the project"),
        ("link", f"'link' {OUT}"),
        ("link/secret.md", f"'link/secret.md' {OUT}"),
        ("one.md", f"'one.md' {OUT}"),
    ],
)
def test_a_manuscript_outside_the_project_is_refused(tmp_path: Path, path: str, problem: str) -> None:
    root = write(tmp_path / "project", {**LEAST, "book.yaml": f"{BOOK}manuscript: {path}\n"})
    write(tmp_path / "outside", {"secret.md": "secret"})
    (root / "link").symlink_to("../outside")
    (root / "one.md").symlink_to("../outside/secret.md")

    assert problems_of(root) == [f"book.yaml:3: {problem}"]


def test_a_chapter_that_leads_out_is_refused_and_the_others_are_looked_at(tmp_path: Path) -> None:
    root = write(tmp_path / "project")
    (tmp_path / "secret").write_text("secret")
    for name in ("02.md", "03.md"):
        (root / "manuscript" / name).symlink_to(tmp_path / "secret")

    assert problems_of(root) == [f"manuscript/02.md: this {OUT}", f"manuscript/03.md: this {OUT}"]


def test_a_ring_of_links_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "manuscript" / "02.md").symlink_to("02.md")

    [problem] = problems_of(tmp_path)

    assert problem.startswith("manuscript/02.md: this cannot be read: ")


def test_a_link_to_nothing_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "manuscript" / "02.md").symlink_to("nothing.md")

    assert problems_of(tmp_path) == ["manuscript/02.md: this is a link to nothing; mend it or take it out"]


def test_a_path_too_long_for_the_system(tmp_path: Path) -> None:
    write(tmp_path, {**LEAST, "book.yaml": f"{BOOK}manuscript: {'x' * 300}\n"})

    [problem] = problems_of(tmp_path)

    assert problem.startswith("book.yaml:3: 'xxx")
    assert "cannot be read: File name too long" in problem


@pytest.mark.parametrize("name", [b"02\n.md", b"02\x1b[2J.md"])
def test_a_name_that_cannot_be_printed(tmp_path: Path, name: bytes) -> None:
    write(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path / "manuscript") + b"/" + name)).write_text("x")

    shown = name.decode().encode("unicode_escape").decode()
    assert problems_of(tmp_path) == [f"manuscript/{shown}: rename this file; its name cannot be printed"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    write(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path / "manuscript") + b"/02-\xe9.md")).write_text("x")

    assert problems_of(tmp_path) == ["manuscript/02-\\udce9.md: rename this file; its name cannot be printed"]


def test_a_manuscript_has_a_longest_size(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("02.md", "03.md"):
        with (tmp_path / "manuscript" / name).open("wb") as file:
            file.truncate(LIMIT_BYTES // 2)

    [problem] = problems_of(tmp_path)

    assert problem.startswith("manuscript/03.md: this is longer than 31,999,9")
