"""The projects that come with narrator keep what the documentation says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from narrator.coverage import prove
from narrator.manuscript import Manuscript
from narrator.parsing import decode, read_manuscript
from narrator.project import Project, open_project

PROJECTS = Path(__file__).parent.parent / "projects"


def read(name: str) -> tuple[Project, Manuscript]:
    project = open_project(PROJECTS / name)
    sources = [decode(path, data) for path, data in project.sources]
    manuscript = read_manuscript(
        sources, cast=project.cast, footnotes=project.book.footnotes, language=project.book.language
    )
    assert prove(manuscript, sources).complete
    return project, manuscript


def words_of(manuscript: Manuscript) -> int:
    return sum(len(said.text.split()) for chapter in manuscript.chapters for said in chapter.utterances)


@pytest.mark.parametrize("name", ["demo", "farol"])
def test_every_role_speaks_with_a_voice_of_its_own(name: str) -> None:
    project, manuscript = read(name)

    voices = [role.voice for role in project.cast.roles]
    assert len(voices) == len(set(voices))
    speaking = {said.role for chapter in manuscript.chapters for said in chapter.utterances}
    assert speaking == {role.name for role in project.cast.roles}
    assert (project.notices, manuscript.notices) == ((), ())


def test_the_demo_is_a_story_for_several_voices() -> None:
    project, manuscript = read("demo")

    assert len(manuscript.chapters) >= 4
    assert words_of(manuscript) >= 2500
    assert len(project.cast.roles) >= 6
    assert project.cover is not None
    assert sum(len(chapter.scenes) for chapter in manuscript.chapters) > len(manuscript.chapters)


def test_the_demo_directs_at_every_level() -> None:
    project, manuscript = read("demo")

    said = [line for chapter in manuscript.chapters for line in chapter.utterances]
    chapters = [chapter.direction or "" for chapter in manuscript.chapters]
    roles = [role.direction or "" for role in project.cast.roles]
    lines = [line.direction or "" for line in said]
    assert project.book.direction
    for level in (chapters, roles, lines):
        assert any(direction.startswith("+") for direction in level)
    assert any(direction and not direction.startswith("+") for direction in lines)


def test_the_demo_shows_every_mark_and_every_reason_to_skip() -> None:
    project, manuscript = read("demo")

    said = [line for chapter in manuscript.chapters for line in chapter.utterances]
    marks = Counter(mark.kind for line in said for mark in line.marks)
    assert set(marks) >= {"emphasis", "say", "pause"}
    assert any(line.pause_after_ms for line in said)
    assert any(line.quotations for line in said), "some quotations are left without a speaker on purpose"
    skipped = {piece.detail for file in manuscript.files for piece in file.pieces if piece.kind == "skip"}
    assert skipped >= {"comment", "footnote", "table"}
    assert "Siobhan" in dict(project.lexicon.entries)


def test_the_second_book_is_in_a_second_language() -> None:
    project, manuscript = read("farol")

    assert project.book.language == "es"
    assert len(manuscript.chapters) == 2
    assert len(project.cast.roles) == 3
    assert 300 <= words_of(manuscript) <= 500
    assert any("«" in file.data.decode() and "—" in file.data.decode() for file in project.sources)
