"""Who says each quotation. Today nobody is guessed: this is the seam for the attributor that will.

`parsing` gives an attributor one chapter at a time, as passages in reading order. What the author
has settled (script lines, bracketed spans, block attributes) is settled; every other quotation in
the narrator's prose is put to the attributor. A quotation it gives to a role becomes that role's
utterances; one it leaves is read by the narrator and counted in `Utterance.quotations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from narrator.casting import Cast


class Quotation(NamedTuple):
    """A quotation within a passage; its marks are part of it."""

    start: int
    """Offset in the passage's text."""
    end: int
    speaker: str | None
    """The role the author gave it to; None is for the attributor to find."""
    closed: bool = True
    """False where it is still open at the end of the passage: speech that goes on in the next one."""


class Passage(NamedTuple):
    """A paragraph in its surroundings."""

    text: str
    """Its words, without markup, with single spaces for white space."""
    file: str
    line: int
    scene: int
    """Index of the scene in the chapter: a conversation does not go over a scene break."""
    spoken: tuple[tuple[int, int, str], ...]
    """Start, end and role of what the author gave to a role, in order."""
    quotations: tuple[Quotation, ...]
    """In order, without overlap."""


class Attribution(NamedTuple):
    """The attributor's answer for one quotation."""

    role: str | None
    """Canonical name of a role in the cast; None where nobody can be named."""
    confidence: float
    """0 to 1."""


class Attributor(Protocol):
    """Finds speakers."""

    def attribute(self, passages: Sequence[Passage], cast: Cast) -> Sequence[Attribution]:
        """One answer for each quotation of the chapter whose `speaker` is None, in order."""
        ...


class Unattributed:
    """Guesses nobody."""

    def attribute(self, passages: Sequence[Passage], cast: Cast) -> Sequence[Attribution]:  # noqa: ARG002
        """None, for each."""
        unsettled = sum(quotation.speaker is None for passage in passages for quotation in passage.quotations)
        return [Attribution(None, 0.0)] * unsettled
