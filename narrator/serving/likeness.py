"""Who stands in for whom: embedded voices for the voices of a service, no two alike, of the same kind.

A voice of the engine is a language and a variant, the throat that speaks it; variant and pitch make a person,
who can speak any language that the engine knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from narrator.providers.espeak import SETTINGS
from narrator.serving.speaking import Speaker

Gender = Literal["Female", "Male"]
Age = Literal["Child", "Adult", "Old"]

VARIANTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Female", "Adult"): ("belinda", "steph2", "shelby", "f5", "Annie", "f1", "aunty", "f2", "linda", "f4"),
    ("Male", "Adult"): (
        "Reed", "ian", "travis", "Lee", "gustave", "Andy", "rob", "boris", "michel", "sandro", "m7",
        "marcelo", "mike2", "m3", "m6", "m1",
    ),
    ("Female", "Old"): ("grandma", "aunty", "steph3"),
    ("Male", "Old"): ("grandpa", "david", "klatt2", "m8"),
    ("Female", "Child"): ("Andrea", "f3", "anika"),
    ("Male", "Child"): ("Nguyen", "f2"),
}  # fmt: skip
"""Variants of the engine by who they sound like, from their files and their median pitch: 74 to 150 Hz for
men, 174 to 262 Hz for women and children. Left out: robots, whispers and what overloads."""

PITCHES = (50, 42, 58, 35, 65)
"""Of the persons that one variant makes."""


class Person(NamedTuple):
    """Somebody of a service, to be stood in for."""

    name: str
    gender: Gender
    age: Age = "Adult"


class Likeness(NamedTuple):
    """Whoever stands in, in any language."""

    variant: str
    pitch: int

    def speaking(self, file: str) -> Speaker:
        """
        Args:
            file: of a language: `inc/hi`.
        """
        who = plain(f"{file}+{self.variant}")
        return Speaker(who.voice, tuple(sorted((dict(who.settings) | {"pitch": self.pitch}).items())))


def likenesses(persons: Iterable[Person]) -> dict[str, Likeness]:
    """
    Everybody's likeness, by name: always the same one, and nobody else's while there are enough (50 women, 80
    men, 10 to 20 of the other kinds). Who is named first keeps theirs when others are added behind.
    """
    found: dict[str, Likeness] = {}
    taken: set[Likeness] = set()
    for person in persons:
        fitting = [
            Likeness(variant, pitch) for pitch in PITCHES for variant in VARIANTS[person.gender, person.age]
        ]
        first = number("likeness", person.name) % len(fitting)
        turned = [*fitting[first:], *fitting[:first]]
        found[person.name] = next((each for each in turned if each not in taken), turned[0])
        taken.add(found[person.name])
    return found


def plain(voice: str) -> Speaker:
    """A voice of the engine as it is.

    Args:
        voice: in canonical form.
    """
    return Speaker(voice, tuple((key, bounds.usual) for key, bounds in sorted(SETTINGS.items())))


def within(key: str, value: float) -> int:
    """A setting of the engine, kept between its bounds."""
    return min(max(round(value), SETTINGS[key].low), SETTINGS[key].high)


def number(purpose: str, words: str) -> int:
    """A large number that words come to, always the same; another one for each purpose."""
    folded = " ".join(words.casefold().split())
    return int.from_bytes(hashlib.sha256(f"{purpose} {folded}".encode()).digest()[:8])
