"""What is asked of a provider, what it answers, and what is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from narrator.casting import Setting
from narrator.manuscript import Mark

KEY_VERSION = 1
"""Part of every take key: raising it makes every book be recorded again. Say so in the changelog."""

OWN = "recording"
"""What stands in the provider's place where somebody brought a recording in, and what the sha256 of its file
is called among the take's ids. No service has that name: such a take costs nothing, and none could give it
again."""
_OWN_VOICE = "own"
LANGUAGE = "language"
"""The setting that says what a text is spoken in, where its provider has one."""

Pcm = npt.NDArray[np.int16]
"""Mono 16-bit samples."""


class Word(NamedTuple):
    """A word as written in an utterance, and the stretch of spoken text that says it."""

    start: int
    """Offset in the utterance's text."""
    end: int
    spoken_start: int
    """Offset in the spoken text."""
    spoken_end: int


class Spoken(BaseModel, frozen=True, extra="forbid"):
    """An utterance's text as it is sent: after the lexicon and after `say` marks."""

    text: str
    marks: tuple[Mark, ...] = ()
    """Emphasis and pauses by offset in this text; `say` marks are already applied. A `say` mark left
    here holds the provider's own phonemes (value `espeak:...`) for that stretch, or what its pronunciation
    dictionary is to say there (`dictionary:...`)."""
    words: tuple[Word, ...] = ()
    """In order; a word is a run without white space that holds a letter or a digit."""


class Request(BaseModel, frozen=True, extra="forbid"):
    """One utterance made ready for a provider: all that is audible about it, and nothing else."""

    provider: str
    model: str = ""
    voice: str
    spoken: Spoken
    direction: str | None = None
    speed: float = 1.0
    settings: tuple[tuple[str, Setting], ...] = ()
    """Sorted by name."""
    description: str | None = None
    """What the voice is made from; `voice` is empty then."""
    guide: str | None = None
    """sha256 of the recording whose words and timing are followed."""

    @cached_property
    def key(self) -> str:
        """sha256 of the canonical JSON of all that is audible (design section 6), as 64 hex digits."""
        audible: dict[str, object] = {
            "version": KEY_VERSION,
            "provider": self.provider,
            "model": self.model,
            "voice": self.voice,
            "text": self.spoken.text,
            "marks": [[m.kind, m.start, m.end, m.value] for m in self.spoken.marks],
            "direction": self.direction,
            "speed": self.speed,
            "settings": dict(self.settings),
        }
        # Only where they are there, so that the keys of books without them stay what they were.
        audible |= {"description": self.description} if self.description is not None else {}
        audible |= {"guide": self.guide} if self.guide is not None else {}
        canonical = json.dumps(audible, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def of_model(self, model: str, *, direction: str | None) -> Request:
        """The same, of another model. (A `model_copy` would keep the key, once it is known.)"""
        fields = {name: getattr(self, name) for name in Request.model_fields}
        return Request(**fields | {"model": model, "direction": direction})

    def as_own(self) -> Request:
        """What a recording of these words is kept under that somebody brings in; in which language, at most,
        is left of how a service was to speak them."""
        language = tuple(setting for setting in self.settings if setting[0] == LANGUAGE)
        return Request(provider=OWN, voice=_OWN_VOICE, spoken=self.spoken, settings=language)

    def saying(self, spoken: Spoken) -> Request:
        """The same, of another text."""
        fields = {name: getattr(self, name) for name in Request.model_fields}
        return Request(**fields | {"spoken": spoken})


class Precedent(NamedTuple):
    """The line before in a context chain, as far as the next request needs it."""

    request: Request
    ids: tuple[tuple[str, str], ...] = ()
    """The provider's own, of what it answered; none where the line has no take."""
    take_id: str | None = None


class WordTime(NamedTuple):
    """When one word sounds, in samples at the take's own rate."""

    start_sample: int
    end_sample: int


class PhonemeTime(NamedTuple):
    """When one phoneme sounds, in samples at the take's own rate."""

    symbol: str
    start_sample: int
    end_sample: int


WordSource = Literal["engine", "service", "aligned", "estimated"]
Context = Literal["id", "text", "none"]
"""What a provider was told of the line before: which take it was, what it said, or nothing."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One answer from a provider."""

    pcm: Pcm
    rate: int
    """Samples a second."""
    words: tuple[WordTime, ...]
    """One for each of `Request.spoken.words`, in order, or empty where the provider gives none."""
    word_source: WordSource
    """`estimated` where there are none: they are shared out over the sound when the chapter is laid out."""
    phonemes: tuple[PhonemeTime, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()
    """The provider's own ids: generation, request, snippet."""
    transcript: str = ""
    characters: int = 0
    """What was billed."""
    cost: float = 0.0
    currency: str = "USD"
    context: Context = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What was measured on a take when it was stored, so that no later step has to decode it first."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    peak: float
    """Largest absolute sample, full scale being 1."""
    energy: float
    """Sum of squared samples from `speech_start_sample` to `speech_end_sample`, full scale being 1."""
    speech_start_sample: int
    """Where sound begins, found from the samples; equal to the end where there is none."""
    speech_end_sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A place where a take does not seem to hold its text."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Literal["missing", "repeated", "otherwise"]
    """Words that are not heard; words that are heard twice; sound that is not those words."""
    first: int
    """Index of the first of those words."""
    last: int
    """Index of the last of them."""
    start_sample: int
    """Where in the take, from here to before `end_sample`; of missing words, where they should be."""
    end_sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How the word times of a take were found that came without, and how well its audio holds its text."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    by: Literal["rendition", "phonemes"]
    """Held against the embedded voice's rendition of the text; or the phonemes that the service gave."""
    version: int
    """Of the aligner."""
    holds: bool
    """False: this is plainly not the text, so no times were taken from it."""
    confidences: tuple[int, ...] = ()
    """Percent, for each word."""
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class TakeFacts:
    """What is known of a take without looking into what was asked and what was heard."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    """First 16 hex digits of sha256 of the rate, the samples and, where the provider has any, its own ids."""
    key: str
    flac_bytes: int
    flac_sha256: str
    rate: int
    samples: int
    word_source: WordSource
    alignment: Alignment | None = None
    """None: its word times came with it, or nobody has looked for them yet."""
    ids: tuple[tuple[str, str], ...] = ()
    transcript: str = ""
    characters: int = 0
    cost: float = 0.0
    currency: str = "USD"
    level: Level
    after: str | None = None
    """Id of the take that came before it in its context chain when it was recorded."""
    context: Context = "none"
    """What the provider was told of it."""
    answer: int = 0
    """Its place among the answers to one request."""
    nth: int = 1
    """Of the places in the book that ask for the same, the one it was recorded for, from 1."""
    recorded_at: str
    """UTC, ISO 8601, whole seconds."""
    took_ms: int
    written_sha256: str = ""
    """Seal of its sidecar (`sidecar`); empty where it has none."""

    @property
    def is_own(self) -> bool:
        """Whether somebody brought it in, so that no service was asked for it."""
        return any(name == OWN for name, _ in self.ids)


@dataclass(frozen=True, kw_only=True, eq=False)
class Take(TakeFacts):
    """One kept rendition of an utterance: the sidecar beside the FLAC file."""

    request: Request
    words: tuple[WordTime, ...]
    phonemes: tuple[PhonemeTime, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Take):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in fields(Take))

    def __hash__(self) -> int:
        return hash((self.key, self.id))

    @property
    def precedent(self) -> Precedent:
        """As the next line of its chain needs it."""
        return Precedent(self.request, self.ids, self.id)
