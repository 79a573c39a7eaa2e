"""A book that a service has spoken, to be edited and checked."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ended, told
from tests.octave_books import served, write_book

ONE = """# One

The lamp was lit before the boats came in. Nobody saw Siobhan at the window.

JON: I saw her. I told nobody.

***

MARA (softly): Come away from there.

She did not move. Come in, {pause=0.8} said the voice again.
"""
TWO = """# Two

JON: It was raining by then.

MARA: Let it rain.
"""
CAST = """narrator: hume/Imani Carter
Mara: hume/Ava Song
Jon: {voice: hume/Colton Rivers}
"""

JON = "hume/Colton Rivers"

Edit = Callable[[Path], None]


def speak(folder: Path) -> Path:
    """The book, made; nobody is to change it."""
    with pytest.MonkeyPatch.context() as patch, served(folder / "state", patch):
        project = write_book(folder / "book", ONE, TWO, cast=CAST, settings="version: auto")
        ended(told("book", project), 0)
    return project


def copy(spoken: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be edited, without a service and without a key."""
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    monkeypatch.delenv("HUME_BASE_URL", raising=False)
    return shutil.copytree(spoken, folder / "book", symlinks=True)


def check(project: Path, *options: str) -> dict[str, Any]:
    """What `narrator check` finds."""
    answer = told("check", project, "--json", *options)
    ended(answer, 0)
    return answer.result


def edit(file: str, before: str, after: str) -> Edit:
    """Change one thing in one file."""

    def change(project: Path) -> None:
        path = project / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after), encoding="utf-8")

    return change


def guide(project: Path) -> None:
    """Mara follows a recording."""
    (project / "guides").mkdir()
    with wave.open(str(project / "guides" / "go.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    edit("manuscript/02.md", "MARA: Let it rain.", '[Let it rain.]{.mara guide="guides/go.wav"}')(project)


another_voice = edit("cast.yaml", "Colton Rivers", "Vince Douglas")
