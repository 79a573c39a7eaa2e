"""The manuscript as narrator knows it: chapters, utterances, and what became of every character."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel

NARRATOR = "narrator"
"""The role that reads prose."""


class Piece(NamedTuple):
    """A stretch of one source file and what became of it; the pieces of a file tile it.

    `source` is the exact text, so that a file can be put back together from its pieces.
    """

    start: int
    """First character, as an offset in the decoded file (BOM included, line ends as they are)."""
    end: int
    kind: Literal["spoken", "skip", "markup"]
    detail: str
    """The utterance id; or the reason of the skip; or what markup it is."""
    source: str


class SourceFile(BaseModel, frozen=True, extra="forbid"):
    """One manuscript file, taken apart."""

    path: str
    """Relative to the project, with `/`."""
    pieces: tuple[Piece, ...]
    """In order, without gaps or overlaps."""


class Mark(BaseModel, frozen=True, extra="forbid"):
    """Something about a stretch of an utterance's text that the words alone do not say."""

    kind: Literal["emphasis", "strong", "say", "pause"]
    start: int
    """Offset in the text it belongs to."""
    end: int
    """Equal to `start` for a pause."""
    value: str = ""
    """`say`: how to say it. `pause`: whole milliseconds, in digits."""


class Utterance(BaseModel, frozen=True, extra="forbid"):
    """One stretch of text spoken by one role under one direction: a sentence, a line, a heading."""

    id: str
    """Position in the book, e.g. `c03-u014`; for people. It moves when text is added before it."""
    role: str
    """Name of the role in the cast; `narrator` for prose."""
    text: str
    """What is spoken, as written: marks removed, white space collapsed to single spaces, no outer space."""
    marks: tuple[Mark, ...] = ()
    """Emphasis, pronunciations and pauses inside `text`, by offset."""
    direction: str | None = None
    """The line's own direction as written (`+` kept); inheritance is resolved by `casting`."""
    speed: float | None = None
    """The line's own speed, 1.0 being the voice's own pace."""
    guide: str | None = None
    """A recording of these words that is to be followed: as written, relative to the project, with `/`."""
    file: str
    """Relative to the project, with `/`."""
    line: int
    """1-based line of the first character."""
    start: int
    """First character in the decoded file."""
    end: int
    scene: int
    """Index of the scene within the chapter, from 0."""
    paragraph: int
    """Index of the paragraph within the chapter, from 0."""
    pause_after_ms: int | None = None
    """A pause the manuscript asks for after this utterance, instead of the boundary's own."""
    heading: bool = False
    """True for a spoken title."""
    quotations: int = 0
    """How many quotations inside it no speaker was found for."""


class Scene(BaseModel, frozen=True, extra="forbid"):
    """A part of a chapter between scene breaks or subheadings."""

    title: str | None = None


class Chapter(BaseModel, frozen=True, extra="forbid"):
    """An ordered run of utterances that becomes one audio file."""

    number: int
    """0 for opening credits, 1 for the first chapter, one past the last for closing credits."""
    title: str
    slug: str
    """The title as a file name: lower-case ASCII letters, digits and hyphens, at most 60, never empty."""
    direction: str | None = None
    """From front matter or the heading's attributes."""
    speed: float | None = None
    file: str
    line: int
    scenes: tuple[Scene, ...]
    utterances: tuple[Utterance, ...]
    digits: int = 2
    """How many digits its number has in the names of its files, so that a whole book's sort in order."""

    @property
    def stem(self) -> str:
        """What the chapter's files are called: `01-the-lamp`."""
        return f"{self.number:0{self.digits}d}-{self.slug}"


class Notice(BaseModel, frozen=True, extra="forbid"):
    """Something worth knowing that does not stop the work."""

    message: str
    file: str = ""
    line: int | None = None
    utterance: str | None = None
    """Id of the line that it is about, where it is about one; of several, the first."""

    def __str__(self) -> str:
        where = (
            "" if not self.file else f"{self.file}: " if self.line is None else f"{self.file}:{self.line}: "
        )
        return f"{where}{self.message}"


class Manuscript(BaseModel, frozen=True, extra="forbid"):
    """A whole book's text, ready to be cast."""

    chapters: tuple[Chapter, ...]
    files: tuple[SourceFile, ...]
    notices: tuple[Notice, ...] = ()
