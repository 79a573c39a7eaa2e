"""A small book of scenes in which every line is said once, but for one that is said in each scene."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.brief_octave import Brief
from tests.octave_books import write_book

AYE = "Aye, he said."


class Scenes(NamedTuple):
    """How much there is of it."""

    chapters: int
    scenes: int
    """In a chapter."""
    lines: int
    """In a scene, `AYE` apart."""

    def chapter(self, number: int) -> str:
        """A manuscript file."""
        scenes = (
            "\n\n".join([*(f"Line {line} of scene {scene} in {number}." for line in range(self.lines)), AYE])
            for scene in range(self.scenes)
        )
        return f"# Chapter {number}\n\n" + "\n\n***\n\n".join(scenes) + "\n"

    @property
    def texts(self) -> list[str]:
        """A manuscript, file by file."""
        return [self.chapter(number) for number in range(1, self.chapters + 1)]

    @property
    def book(self) -> int:
        """Lines in the book, titles included."""
        return self.chapters * (1 + self.scenes * (self.lines + 1))

    @property
    def said(self) -> Counter[str]:
        """How often each line is said."""
        lines = "\n".join(self.texts).replace("# ", "").split("\n")
        return Counter(line for line in lines if line not in ("", "***"))

    def write(self, folder: Path, *, settings: str = "version: 2") -> Path:
        """A project for Octave."""
        return write_book(folder, *self.texts, settings=settings)

    def prove_bought(self, octave: Brief, *, besides: int = 0) -> None:
        """Every line was spoken as often as it is said; and some again, *besides* at most, that were lost."""
        spoken, said = octave.spoken(), self.said
        assert spoken.keys() == said.keys()
        assert all(spoken[text] >= said[text] for text in said)
        assert spoken.total() - said.total() <= besides, spoken - said
