"""What a run or a check found: the shapes that `--json` prints (design section 4)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


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


class UnmadeChapter(BaseModel, frozen=True, extra="forbid"):
    """A chapter that was asked for and whose files are not in place."""

    number: int
    title: str
    errors: tuple[str, ...]
    """Those of the run's errors that are about it; empty where something else stopped the run."""


class Spent(BaseModel, frozen=True, extra="forbid"):
    """Money."""

    amount: float
    currency: str


class RunSpent(Spent, frozen=True, extra="forbid"):
    """Money that a run spent; the amount is the largest where it was paid in several currencies."""

    costs: tuple[Spent, ...] = ()
    """By currency; empty where nothing cost anything."""


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
    spent: RunSpent
    """In this run, what may have been billed for answers that were lost among it."""
    wasted: RunSpent
    """That part of it."""
    chapters: tuple[MadeChapter, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    exit_code: int = 0
    unmade: tuple[UnmadeChapter, ...] = ()


class CheckedChapter(BaseModel, frozen=True, extra="forbid"):
    """A chapter as planned."""

    number: int
    title: str
    utterances: int
    characters: int
    to_record: int
    """Takes: lines that say the same in a voice that is the same each time share one."""
    on_hand: int
    """Utterances whose take is in the store."""
    seconds: float
    """It will last, pauses included; estimated where takes are missing."""
    requests: int
    """That would be billed: at times a line takes two, where it makes its voice."""
    cost: tuple[Spent, ...]
    """Of recording what is missing, by currency; empty where that costs nothing."""
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


class CheckedModel(BaseModel, frozen=True, extra="forbid"):
    """What recording would ask of one model of a provider."""

    provider: str
    model: str
    requests: int
    characters: int
    """That would be billed."""
    amount: float
    currency: str
    price_per_1000: float
    """For 1000 characters."""
    price_per_minute: float
    """For a minute of sound, where that is billed."""
    price_known: bool
    """False: nobody has said what it costs, so the amount is 0 and says nothing."""
    predicted: bool
    """Whether the service said how long lines will sound; otherwise that is told by their text."""
    priced_on: str | None
    """The day from which the price is known (ISO 8601); None where book.yaml says it, or nothing costs."""


class CheckedEstimate(BaseModel, frozen=True, extra="forbid"):
    """What recording would take."""

    seconds: float
    """The whole book will last, pauses included."""
    requests: int
    characters: int
    amount: float
    """In the first or only currency."""
    currency: str
    costs: tuple[Spent, ...]
    """By currency; empty where nothing costs anything."""
    by_model: tuple[CheckedModel, ...]


class CheckedSpending(Spent, frozen=True, extra="forbid"):
    """What was spent in one currency, by every run so far."""

    wasted: float
    """The part of it that brought no take, or may have: answers that broke off or were lost."""


class CheckedBudget(Spent, frozen=True, extra="forbid"):
    """The budget in one currency, and what was spent in that."""

    spent: float
    left: float
    """Below zero where the budget was lowered since."""
    enough: bool
    """Whether what is missing can be recorded within it, as far as can be told."""


Reason = Literal[
    "new text",
    "voice",
    "direction",
    "speed",
    "settings",
    "model",
    "pronunciation",
    "guide",
    "another occurrence",
    "take damaged or gone",
]
"""Why a line is to be recorded though the book was built before.

    new text              it was written or edited since; its pauses and its emphasis are part of it
    pronunciation         written as before and to be said otherwise
    another occurrence    its words stand elsewhere in the book, and each place has a take of its own
"""


class CheckedChange(BaseModel, frozen=True, extra="forbid"):
    """A line that is to be recorded though the book was built before."""

    id: str
    file: str
    """Of the manuscript, relative to the project."""
    line: int
    role: str
    text: str
    """Its first 60 characters."""
    reason: Reason
    was: str | None = Field(default=None, serialization_alias="from")
    now: str | None = Field(default=None, serialization_alias="to")
    """What the reason is about, before and after, where that is short."""


class Check(BaseModel, frozen=True, extra="forbid"):
    """What `check --json` prints: the book as planned; nothing was spent."""

    chapters: tuple[CheckedChapter, ...]
    utterances: int
    characters: int
    """To be spoken."""
    coverage: CheckedCoverage
    to_record: int
    """Takes: lines that say the same in a voice that is the same each time share one."""
    estimate: CheckedEstimate
    spent: tuple[CheckedSpending, ...]
    """So far, by currency."""
    budget: tuple[CheckedBudget, ...]
    """By currency; empty where book.yaml has none."""
    built: bool
    """Whether the whole book was built before, as a rehearsal where one is asked about."""
    changes: tuple[CheckedChange, ...]
    """The lines to be recorded though it was, in the order of the book."""
    unattributed: int
    """Quotations for which no speaker was found; the narrator reads them."""
    warnings: tuple[str, ...]
    errors: tuple[str, ...] = ()


class ListedDoubt(BaseModel, frozen=True, extra="forbid"):
    """A place where a take does not seem to hold its text."""

    kind: Literal["missing", "repeated", "otherwise"]
    words: str
    """As written."""
    start_ms: int
    """Where in the take, from here to `end_ms`; of missing words, where they should be."""
    end_ms: int


class ListedTake(BaseModel, frozen=True, extra="forbid"):
    """One take of a line."""

    number: int
    """Among the takes of the line, the first one recorded being 1."""
    id: str
    key: str
    in_use: bool
    """Whether it serves this line."""
    used_by: tuple[str, ...]
    """Ids of all utterances that it serves."""
    recorded_at: str
    """UTC, ISO 8601."""
    milliseconds: int
    cost: float
    currency: str
    provider: str
    model: str
    voice: str
    direction: str | None
    path: str
    """Of its FLAC file, absolute."""
    holds: bool | None = None
    """Whether it holds its text, as far as can be heard; None where nobody has listened for that."""
    doubts: tuple[ListedDoubt, ...] = ()
    """Where it does not seem to; guesses where it does not hold its text."""


class LineTakes(BaseModel, frozen=True, extra="forbid"):
    """What `takes --json` prints."""

    id: str
    text: str
    file: str
    line: int
    role: str
    chosen: bool
    """Whether choices.yaml says which take is used."""
    takes: tuple[ListedTake, ...]
    chapters: tuple[MadeChapter, ...] = ()
    """Made with the take that was chosen."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    exit_code: int = 0


class PickedUp(BaseModel, frozen=True, extra="forbid"):
    """A line of which other takes were ordered."""

    id: str
    text: str
    takes: tuple[str, ...]
    """Ids of the takes that were recorded for it; the first one is in use now."""
    in_use: str | None
    """Id of the take that is used now."""
    before: str | None
    """Id of the take that was used before."""


class Pickups(Production, frozen=True, extra="forbid"):
    """What `pickup --json` prints."""

    pickups: tuple[PickedUp, ...] = ()


class AddedTake(BaseModel, frozen=True, extra="forbid"):
    """A recording that somebody brought in for a line; it is in use now."""

    id: str
    text: str
    file: str
    """As it was given."""
    take: str
    """Id of the take that it is."""
    before: str | None
    """Id of the take that was used before."""
    milliseconds: int
    holds: bool | None
    """See `ListedTake`."""
    doubts: tuple[ListedDoubt, ...]


class Additions(Production, frozen=True, extra="forbid"):
    """What `takes --add --json` prints of several lines."""

    added: tuple[AddedTake, ...] = ()
