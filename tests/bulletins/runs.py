"""Runs as CI may be told of them."""

from __future__ import annotations

from narrator.results import MadeChapter, Production, RunSpent, Spent, UnmadeChapter

NASTY = (
    "</failure>]]> <b onclick='x'>|`*_[link](http://a.b)_*`|</b>"
    " \x00\x07\x1b[31m \ud800 \ufffe 1. # @a \\| &amp; \u202e"
)
"""A title that tries to get out of any format it is put into."""


def made(number: int, title: str = "The Lamp") -> MadeChapter:
    """A chapter of 62 seconds."""
    return MadeChapter(
        number=number, title=title, mp3="/b/x.mp3", cue=None, duration_ms=62_000, unchanged=False
    )


def unmade(number: int, *errors: str, title: str = "The Boat") -> UnmadeChapter:
    """A chapter that failed."""
    return UnmadeChapter(number=number, title=title, errors=errors)


def production(
    *chapters: MadeChapter,
    unmade: tuple[UnmadeChapter, ...] = (),
    warnings: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
) -> Production:
    """A run with a result."""
    return Production(
        recorded=3,
        reused=4,
        requests=3,
        seconds=62.0 * len(chapters),
        spent=RunSpent(
            amount=0.5,
            currency="EUR",
            costs=(Spent(amount=0.5, currency="EUR"), Spent(amount=0.25, currency="USD")),
        ),
        wasted=RunSpent(amount=0.1, currency="EUR", costs=(Spent(amount=0.1, currency="EUR"),)),
        chapters=chapters,
        warnings=warnings,
        errors=errors,
        exit_code=4 if errors else 0,
        unmade=unmade,
    )
