"""A distinct embedded voice for every role of a book, the easiest to tell apart first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from narrator.casting import Setting
from narrator.errors import CastingError
from narrator.manuscript import NARRATOR

# fmt: off
SPEAKERS = (
    "belinda", "david", "steph2", "ian", "shelby", "Reed", "Lee", "travis", "Nguyen", "klatt2",
    "grandma", "Andrea", "m8", "gustave", "f5", "Andy", "boris", "mike2", "rob", "sandro",
    "aunty", "michel", "Gene2", "klatt3", "marcelo", "Annie", "f1", "m7",
)
# fmt: on
"""Variants, each the furthest from the plain voice and from all before it, by median pitch and mean mel
spectrum of the same sentences. Left out: robots, whispers, squeaks and what overloads."""

_PITCHES = (50, 32, 68, 41, 59, 23, 77, 36, 64, 45, 55, 28, 72)
_RATES = (160, 140, 180, 150, 170)


class Part(NamedTuple):
    """How one role speaks in a rehearsal."""

    variant: str
    """`""` for the plain voice."""
    settings: dict[str, Setting]


def hand_out(roles: Iterable[str]) -> dict[str, Part]:
    """
    A part for every role, by name: a function of the names and their order. The narrator has the plain voice.

    Raises:
        CastingError: more roles than the engine has ways to sound.
    """
    parts = _parts()
    handed: dict[str, Part] = {}
    for role in roles:
        part = Part("", {}) if role == NARRATOR else next(parts, None)
        if part is None:
            raise CastingError("more roles than the embedded voice can tell apart", file="cast.yaml")
        handed[role] = part
    return handed


def _parts() -> Iterator[Part]:
    for rate, pitch, variant in product(_RATES, _PITCHES, SPEAKERS):
        yield Part(variant, {"rate": rate, "pitch": pitch})
