"""One clock for a chapter: integer samples at the master rate. Every time in every file comes from it."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel


class PlacedWord(NamedTuple):
    """A word on the chapter's clock."""

    text: str
    """As written, with its punctuation."""
    start_sample: int
    end_sample: int
    confidence: int | None = None
    """Percent, where its time was found by alignment."""


class Placement(BaseModel, frozen=True, extra="forbid"):
    """A take put on the chapter's clock."""

    utterance_id: str
    role: str
    voice: str
    """`provider/voice`."""
    text: str
    direction: str | None
    scene: int
    paragraph: int
    heading: bool
    take_key: str
    take_id: str
    take_rate: int
    take_start_sample: int
    """First sample of the take that is used, at the take's rate."""
    take_end_sample: int
    start_sample: int
    """On the chapter's clock."""
    end_sample: int
    words: tuple[PlacedWord, ...]
    """Never overlapping, inside start..end."""
    word_source: str
    """Where their times are from, as a take's; `estimated` where the take has none."""


class ScenePlacement(BaseModel, frozen=True, extra="forbid"):
    """A scene on the chapter's clock; scenes tile the chapter."""

    title: str
    start_sample: int
    end_sample: int


class Heard(NamedTuple):
    """A placement as far as it matters to who reads about it: without its words."""

    utterance_id: str
    role: str
    voice: str
    text: str
    scene: int
    paragraph: int
    heading: bool
    take_id: str
    start_sample: int
    end_sample: int
    word_source: str


class Outline(NamedTuple):
    """A timeline without its words."""

    number: int
    title: str
    rate: int
    samples: int
    scenes: tuple[ScenePlacement, ...]
    placements: tuple[Heard, ...]

    @property
    def duration_ms(self) -> int:
        """Length rounded to milliseconds."""
        return milliseconds(self.samples, self.rate)


class Timeline(BaseModel, frozen=True, extra="forbid"):
    """A chapter, laid out."""

    number: int
    title: str
    rate: int
    """Samples a second of the master."""
    samples: int
    """Length of the chapter."""
    scenes: tuple[ScenePlacement, ...]
    placements: tuple[Placement, ...]

    @property
    def duration_ms(self) -> int:
        """Length rounded to milliseconds."""
        return milliseconds(self.samples, self.rate)

    @property
    def outline(self) -> Outline:
        """The same without its words."""
        placements = tuple(
            Heard(*(getattr(placement, name) for name in Heard._fields)) for placement in self.placements
        )
        return Outline(self.number, self.title, self.rate, self.samples, self.scenes, placements)


def milliseconds(sample: int, rate: int) -> int:
    """*sample* in whole milliseconds, halves up."""
    return (sample * 2000 + rate) // (2 * rate)


def centiseconds(sample: int, rate: int) -> int:
    """*sample* in whole hundredths of a second, halves up."""
    return (sample * 200 + rate) // (2 * rate)


def seconds(sample: int, rate: int) -> int:
    """*sample* in whole seconds, halves up."""
    return (sample * 2 + rate) // (2 * rate)


def cue_frames(sample: int, rate: int) -> int:
    """*sample* in cue sheet frames, 75 a second, halves up."""
    return (sample * 150 + rate) // (2 * rate)


def samples(milliseconds_: int, rate: int) -> int:
    """Whole samples in *milliseconds_*, halves up."""
    return (milliseconds_ * rate * 2 + 1000) // 2000
