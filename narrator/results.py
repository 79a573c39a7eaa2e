"""What a run or a check found: the shapes that `--json` prints (design section 4)."""

from __future__ import annotations

from pydantic import BaseModel


class MadeChapter(BaseModel, frozen=True, extra="forbid"):
    """A chapter whose files are in place."""

    number: int
    title: str
    mp3: str | None
    """Absolute path; None where no MP3 is asked for."""
    cue: str | None
    duration_ms: int
    unchanged: bool
    """True where every file was already what it should be."""


class Spent(BaseModel, frozen=True, extra="forbid"):
    """Money."""

    amount: float
    currency: str


class Production(BaseModel, frozen=True, extra="forbid"):
    """What a run did: the result of `book --json` and `chapter --json`."""

    recorded: int
    """Takes recorded in this run."""
    reused: int
    """Utterances of the chapters asked for that needed no take of their own in this run."""
    requests: int
    """HTTP requests made; an engine inside narrator makes none."""
    seconds: float
    """Of audio in the chapters listed."""
    spent: Spent
    """In this run."""
    chapters: tuple[MadeChapter, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    exit_code: int = 0


class CheckedChapter(BaseModel, frozen=True, extra="forbid"):
    """A chapter as planned."""

    number: int
    title: str
    utterances: int
    characters: int
    to_record: int
    unattributed: int
    roles: tuple[str, ...]


class CheckedCoverage(BaseModel, frozen=True, extra="forbid"):
    """The proof that nothing goes missing."""

    complete: bool
    missing: tuple[str, ...]
    files: int
    characters: int
    spoken: int
    markup: int
    skipped: dict[str, int]
    """Characters by reason."""


class CheckedEstimate(BaseModel, frozen=True, extra="forbid"):
    """What recording would take."""

    seconds: float
    requests: int
    characters: int
    amount: float
    currency: str


class Check(BaseModel, frozen=True, extra="forbid"):
    """What `check --json` prints: the book as planned; nothing was spent."""

    chapters: tuple[CheckedChapter, ...]
    utterances: int
    characters: int
    """To be spoken."""
    coverage: CheckedCoverage
    to_record: int
    """Requests that a run would make of providers."""
    estimate: CheckedEstimate
    unattributed: int
    """Quotations for which no speaker was found; the narrator reads them."""
    warnings: tuple[str, ...]
    errors: tuple[str, ...] = ()
