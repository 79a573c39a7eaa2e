"""Who speaks with which voice, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from narrator.errors import CastingError, DuplicateAlias
from narrator.manuscript import NARRATOR

Setting = str | int | float | bool


class Abilities(BaseModel, frozen=True, extra="forbid"):
    """What one model of a provider can do, as data. The planner reads it; nothing else asks which it is."""

    word_times: bool
    """True where the provider says when each word starts and ends."""
    phonemes: bool = False
    directions: Literal["text", "prosody", "style", "none"]
    """`text`: free acting directions. `prosody`: a known vocabulary is mapped to rate, pitch and level.
    `style`: one of the service's own names for ways of speaking, found by the role's `styles` and these."""
    styles: tuple[tuple[str, str], ...] = ()
    """Words of directions, and the service's name for what they ask; a role's own come first."""
    direction_limit: int | None = None
    """Characters."""
    context: frozenset[Literal["id", "text"]] = frozenset()
    """How the take before can be named; empty where requests do not know of each other."""
    marks: frozenset[Literal["emphasis", "strong", "pause"]] = frozenset()
    """Which marks the provider can act on inside a request."""
    text_limit: int | None = None
    """Characters in one request."""
    speed: tuple[float, float] | None = None
    """Smallest and largest speed factor; None where the pace cannot be set."""
    deterministic: bool = False
    """True where the same request gives the same samples each time."""
    design: bool = False
    """True where a voice can be made from a description."""
    guides: frozenset[str] = frozenset()
    """Suffixes of the recordings that can be followed, their words and timing in another voice (`wav`)."""
    languages: frozenset[str] = frozenset()
    """The languages it speaks, as primary subtags (`en`); empty where there is no closed list."""
    dictionary: bool = False
    """True where pronunciations are kept at the service and named in a request."""
    price_per_1000: float = 0.0
    """Price of 1000 characters, in `currency`."""
    price_per_minute: float = 0.0
    """Price of a minute of sound, in `currency`, where that is billed and not characters."""
    currency: str = "USD"
    priced_on: str | None = None
    """The day from which the price is known (ISO 8601); None where book.yaml says it, or nothing costs."""
    price_known: bool = True
    """False where nobody has said: the prices are 0 then, and what it makes counts as paid for."""

    @property
    def free(self) -> bool:
        """Whether it is known that nothing is billed."""
        return self.price_known and not (self.price_per_1000 or self.price_per_minute)


class ServiceStatus(NamedTuple):
    """Whether a service can still be expected to answer, as far as its makers have said."""

    ends: str | None = None
    """The day from which it does not (ISO 8601); None where no end is known."""
    note: str = ""
    """What is known about it, in a sentence, for people."""

    def on(self, today: str) -> Literal["live", "stopping", "dead"]:
        """How it stands on a day (ISO 8601)."""
        if self.ends is None:
            return "live"
        return "stopping" if today < self.ends else "dead"


class Voice(BaseModel, frozen=True, extra="forbid"):
    """A provider's voice."""

    provider: str
    name: str
    """What stands after the slash in `voice: provider/name`."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags."""
    gender: Literal["female", "male", ""] = ""
    description: str = ""
    id: str = ""
    """What is part of a request, where that is not its name: a service's id, which is long."""

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


class Role(BaseModel, frozen=True, extra="forbid"):
    """Who speaks in the story, the narrator included; one entry of cast.yaml."""

    name: str
    voice: str | None = None
    """`provider/voice`."""
    direction: str | None = None
    speed: float | None = Field(default=None, ge=0.25, le=4.0)
    aliases: tuple[str, ...] = ()
    stand_in: str | None = None
    """The voice used where the first cannot be."""
    description: str | None = None
    """For voice design."""
    settings: tuple[tuple[str, Setting], ...] = ()
    """Provider settings such as rate and pitch, sorted by name."""
    styles: tuple[tuple[str, str], ...] = ()
    """Words of directions, and the service's name for the way of speaking that they ask for."""
    line: int | None = None
    """Where in cast.yaml it stands."""


class Cast(BaseModel, frozen=True, extra="forbid"):
    """Every role of the project."""

    roles: tuple[Role, ...]

    def by_name(self) -> dict[str, Role]:
        """Role by every name it answers to, case-folded: its own and its aliases.

        Raises:
            DuplicateAlias: one name would mean two roles.
        """
        names: dict[str, Role] = {}
        for role in self.roles:
            for name in (role.name, *role.aliases):
                other = names.setdefault(fold(name), role)
                if other.name != role.name:
                    raise DuplicateAlias(name, other.name, role.name, line=role.line)
        return names

    def role(self, name: str) -> Role:
        """The role of exactly that name."""
        for role in self.roles:
            if role.name == name:
                return role
        raise CastingError(f"no role {name!r}", file="cast.yaml")


def fold(name: str) -> str:
    """A role's name as it is compared: case, and the difference of space, `-` and `_`, do not count."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def direct(*levels: str | None) -> str | None:
    """Resolve a direction inherited through *levels*, from the widest (book) to the nearest (line).

    The nearest wins; one that begins with `+` is added to what it inherits. An empty one clears.
    """
    resolved: str | None = None
    for level in levels:
        if level is None:
            continue
        text = level.strip()
        if text.startswith("+"):
            added = text[1:].strip()
            resolved = f"{resolved}, {added}" if resolved and added else added or resolved
        else:
            resolved = text or None
    return resolved


class Choice(NamedTuple):
    """A voice and settings as a provider knows them, checked, in their one canonical form."""

    voice: str
    """`""` for a voice that is yet to be made from a description."""
    settings: tuple[tuple[str, Setting], ...]
    """Of what is audible, sorted by name: part of the take key."""
    models: tuple[str, ...]
    """The models that may speak it, the preferred first; never empty."""


class Assignment(NamedTuple):
    """The voice a role speaks with in this run."""

    provider: str
    voice: str
    settings: Mapping[str, Setting]
    models: tuple[str, ...]
    """The models that may speak it; a context chain takes one of them."""
    description: str | None = None
    """What the voice is made from, where it has no name yet."""
    stand_in: bool = False
    styles: tuple[tuple[str, str], ...] = ()
    """Words of directions, and the service's name for what they ask."""


__all__ = [
    "NARRATOR",
    "Abilities",
    "Assignment",
    "Cast",
    "Choice",
    "Role",
    "ServiceStatus",
    "Setting",
    "Voice",
    "direct",
    "fold",
]
