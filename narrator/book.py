"""What a book is and how it is produced: the contents of book.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from narrator.casting import Setting

Continuity = Literal["scene", "chapter", "none"]
Footnotes = Literal["skip", "read"]

FORMATS = ("mp3", "cue", "vtt", "srt", "lrc", "json")
"""What `formats` may list; all of them unless it is given."""
LOUDNESS = ("acx", "none")
"""Names that `loudness` may have: the profiles of `audio.loudness`, and none at all."""


class Pauses(BaseModel, frozen=True, extra="forbid"):
    """Silence at each kind of boundary, in milliseconds (book.yaml gives seconds)."""

    sentence_ms: int = 250
    """Between two utterances of one role in one paragraph."""
    speaker_ms: int = 350
    """Where the role changes."""
    paragraph_ms: int = 600
    scene_ms: int = 1600
    chapter_head_ms: int = 750
    """Before the first utterance of a chapter."""
    chapter_tail_ms: int = 2000
    """After the last one."""


class Budget(BaseModel, frozen=True, extra="forbid"):
    """A hard stop, for what is paid in one currency."""

    amount: float
    currency: str = "USD"
    """ISO 4217."""
    line: int | None = None
    """Where in book.yaml it stands."""


class Credits(BaseModel, frozen=True, extra="forbid"):
    """Whether opening and closing credits are spoken."""

    opening: bool = True
    closing: bool = True


class ProviderSettings(BaseModel, frozen=True, extra="forbid"):
    """What book.yaml says about one provider, for the provider to judge."""

    name: str
    settings: tuple[tuple[str, Setting], ...] = ()
    """Sorted by name; never a key."""
    lines: tuple[tuple[str, int], ...] = ()
    """Where in book.yaml each stands, by name."""


class Book(BaseModel, frozen=True, extra="forbid"):
    """book.yaml, validated."""

    title: str
    subtitle: str | None = None
    author: str
    narrator: str | None = None
    """The "read by" credit."""
    language: str = "en"
    """BCP 47."""
    publisher: str | None = None
    year: int | None = None
    isbn: str | None = None
    series: str | None = None
    manuscript: str = "manuscript"
    """A folder of .md files or one file, relative to the project."""
    direction: str | None = None
    """Standing direction for the whole book."""
    speed: float | None = Field(default=None, ge=0.25, le=4.0)
    pauses: Pauses = Pauses()
    continuity: Continuity = "scene"
    loudness: str = "acx"
    """Name of a profile in `audio.loudness`, or `none`."""
    formats: tuple[str, ...] = FORMATS
    footnotes: Footnotes = "skip"
    credits: Credits = Credits()
    budget: tuple[Budget, ...] = ()
    """One for each currency; none: no stop."""
    providers: tuple[ProviderSettings, ...] = ()
    """Sorted by name."""
