from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.coverage import prove
from narrator.errors import UsageError
from narrator.parsing import decode, read_manuscript
from narrator.project import open_project
from narrator.scaffold import new_project


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("language", "chapter"),
    [("en", "01-the-late-ferry.md"), ("es-MX", "01-la-lancha-tardia.md"), ("fr", "01-the-late-ferry.md")],
)
def test_a_new_project_opens_as_it_is(tmp_path: Path, language: str, chapter: str) -> None:
    made = new_project(tmp_path / "the-late_ferry", language=language)

    assert files_below(tmp_path / "the-late_ferry") == sorted(
        [".gitignore", "book.yaml", "cast.yaml", "lexicon.yaml", f"manuscript/{chapter}"]
    )
    assert sorted(path.relative_to(tmp_path / "the-late_ferry").as_posix() for path in made) == files_below(
        tmp_path / "the-late_ferry"
    )
    project = open_project(tmp_path / "the-late_ferry")
    assert project.notices == ()
    assert project.book.language == language
    voices = [role.voice or "" for role in project.cast.roles]
    assert len(voices) == len(set(voices)) == 3
    assert all(voice.startswith(f"espeak/{language}+") for voice in voices)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_commented_key_is_one_that_works(tmp_path: Path, language: str) -> None:
    """Taking every # away leaves settings that are right: the comments are true."""
    new_project(tmp_path / "book", language=language)
    for name in ("book.yaml", "cast.yaml"):
        lines = (tmp_path / "book" / name).read_text(encoding="utf-8").splitlines()
        (tmp_path / "book" / name).write_text(
            "\n".join(_uncommented(line) for line in lines), encoding="utf-8"
        )

    project = open_project(tmp_path / "book")

    assert project.book.year == 2026
    assert project.book.pauses.chapter_tail_ms == 2000
    assert project.book.budget is not None
    assert [(each.name, each.settings) for each in project.book.providers] == [
        ("hume", (("concurrency", 2),))
    ]
    anna = project.cast.roles[1]
    assert anna.aliases
    assert anna.stand_in
    assert anna.settings


def _uncommented(line: str) -> str:
    """A line as it is once its comment is opened, where the comment is a setting and not words."""
    bare = line.replace("# ", "", 1)
    key = bare.strip().partition(":")[0]
    return bare if key.isidentifier() and ":" in bare and line.lstrip().startswith("#") else line


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sample_shows_what_a_manuscript_can_hold(tmp_path: Path, language: str) -> None:
    new_project(tmp_path / "book", language=language)
    project = open_project(tmp_path / "book")
    sources = [decode(path, data) for path, data in project.sources]
    manuscript = read_manuscript(sources, cast=project.cast, language=project.book.language)

    [chapter] = manuscript.chapters
    assert prove(manuscript, sources).complete
    assert manuscript.notices == ()
    assert {line.role for line in chapter.utterances} == {role.name for role in project.cast.roles}
    assert {mark.kind for line in chapter.utterances for mark in line.marks} >= {"emphasis"}
    assert sum(line.direction is not None for line in chapter.utterances) == 2
    assert any(line.pause_after_ms for line in chapter.utterances)
    assert len(chapter.scenes) == 2
    assert any(word in line.text for word, _ in project.lexicon.entries for line in chapter.utterances)


@pytest.mark.parametrize(
    ("name", "language", "title"),
    [
        ("the-lamp", "en", "The Lamp"),
        ("my_first-book", "en", "My First Book"),
        ("la-lancha-tardía", "es", "La lancha tardía"),
        ("iPhone-diaries", "en", "iPhone diaries"),
        ("1984", "en", "1984"),
        ("no", "en", "No"),
        ('it\'s: a *test* #1 — "x" & !y %z @w', "en", 'It\'s: A *test* #1 — "x" & !y %z @w'),
        ("a\nb\x1b[2J", "en", "a b [2J"),
        ("---", "en", "Untitled"),
    ],
)
def test_the_title_is_the_folders_name(tmp_path: Path, name: str, language: str, title: str) -> None:
    new_project(tmp_path / name, language=language)

    assert open_project(tmp_path / name).book.title == title


@settings(deadline=None, max_examples=60)
@given(title=st.text(min_size=1, max_size=40))
def test_any_title_comes_back_as_it_was_given(tmp_path_factory: pytest.TempPathFactory, title: str) -> None:
    folder = tmp_path_factory.mktemp("new") / "book"
    try:
        new_project(folder, title=title)
    except UsageError:
        assert not any(char.isprintable() and not char.isspace() for char in title)
        return

    given = open_project(folder).book.title
    assert given == " ".join(given.split())
    assert [char for char in title if char.isalnum()] == [char for char in given if char.isalnum()]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text("mine")

    with pytest.raises(
        UsageError, match=r"is not empty \(it holds 'book.yaml'\); name a new folder"
    ) as caught:
        new_project(tmp_path)

    assert caught.value.exit_code == 2
    assert files_below(tmp_path) == ["book.yaml"]
    assert (tmp_path / "book.yaml").read_text() == "mine"


def test_an_empty_folder_and_missing_parents_are_filled(tmp_path: Path) -> None:
    new_project(tmp_path)
    new_project(tmp_path / "a" / "b")

    assert open_project(tmp_path / "a" / "b").book.title == "B"


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "cast.yaml").symlink_to(tmp_path / "target")

    with pytest.raises(UsageError, match="is not empty"):
        new_project(folder)

    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize(
    ("title", "language", "message"),
    [
        (None, "english", "'english' is not a BCP 47 language tag such as en, en-GB or es-MX"),
        (" \n", "en", "the title is empty; give one with letters in it"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, title: str | None, language: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        new_project(tmp_path / "book", title=title, language=language)

    assert str(caught.value) == message
    assert not (tmp_path / "book").exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "book").write_text("x")

    with pytest.raises(UsageError, match="book' is a file; name a folder to make"):
        new_project(tmp_path / "book")
    with pytest.raises(UsageError, match="cannot be made: Not a directory"):
        new_project(tmp_path / "book" / "inside")


def test_recordings_and_outputs_are_ignored_by_git(tmp_path: Path) -> None:
    new_project(tmp_path / "book")

    lines = (tmp_path / "book" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["takes/", "build/"]


def test_opening_a_project_stays_light() -> None:
    """Nothing heavy is imported to read settings: a run with nothing to do must start fast."""
    code = "import sys, narrator.project, narrator.scaffold; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()

    assert not {"langcodes", "jinja2", "mutagen", "soundfile", "soxr", "lameenc"} & {*loaded}
