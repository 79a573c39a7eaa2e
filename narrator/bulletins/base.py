"""What became of a run, whether it came to a result or to an error.

Formats are pure functions of a bulletin: no clock, no disk. Titles, paths and what services say can
hold anything, so control characters and what turns a line around are shown as escapes in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from narrator.errors import CoverageError, NarratorError, OutputError, ProjectError, ProjectErrors
from narrator.results import Production

_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, lone surrogates and non-characters (XML 1.0 has no way to write most of them), line
ends that only some programs know, and what changes the direction of a line. Tab and line end are left."""


class Bulletin(NamedTuple):
    """A run of `book` or `chapter` and how it ended."""

    project: str
    """Name of its folder."""
    exit_code: int
    production: Production | None
    """None where the run ended before it had a result."""
    errors: tuple[str, ...]
    """Everything that is wrong, what strictness found excepted."""
    warnings: tuple[str, ...]
    strict: bool
    """Whether a warning makes the run fail."""
    lost: tuple[str, ...] = ()
    """Of the errors, those about characters of the manuscript that would be lost."""
    wrong: tuple[str, ...] = ()
    """Of the errors, the others about the project: settings, manuscript, cast."""
    at: str = ""
    """When the run began: UTC, ISO 8601, whole seconds, without a time zone (JUnit has none)."""
    took_s: float = 0.0

    @property
    def general(self) -> tuple[str, ...]:
        """The errors that are neither about the project nor about one chapter."""
        told = {*self.lost, *self.wrong}
        if self.production:
            told |= {error for chapter in self.production.unmade for error in chapter.errors}
        return tuple(error for error in self.errors if error not in told)


def of_production(
    project: str, production: Production, *, strict: bool = False, at: str = "", took_s: float = 0.0
) -> Bulletin:
    """A run that has a result, before or after `strictly`."""
    doubted = set(doubts(production.warnings)) if strict else set()
    errors = tuple(error for error in production.errors if error not in doubted)
    return Bulletin(
        project,
        strictly(production).exit_code if strict else production.exit_code,
        production,
        errors,
        production.warnings,
        strict,
        at=at,
        took_s=took_s,
    )


def of_error(
    project: str, error: BaseException, *, strict: bool = False, at: str = "", took_s: float = 0.0
) -> Bulletin:
    """A run that ended in *error*, Ctrl-C included."""
    if isinstance(error, ProjectErrors):
        several: Sequence[NarratorError] = error.errors
    else:
        several = [error] if isinstance(error, NarratorError) else []
    lost = tuple(str(each) for each in several if isinstance(each, CoverageError))
    wrong = tuple(str(each) for each in several if isinstance(each, ProjectError) and str(each) not in lost)
    return Bulletin(
        project, _exit_code(error), None, _texts(error, several), (), strict, lost, wrong, at, took_s
    )


def strictly(production: Production) -> Production:
    """The same run, where every warning is an error: exit code 6 unless it failed already."""
    if not production.warnings:
        return production
    return production.model_copy(
        update={
            "errors": tuple(dict.fromkeys((*production.errors, *doubts(production.warnings)))),
            "exit_code": production.exit_code or OutputError.exit_code,
        }
    )


def doubts(warnings: Iterable[str]) -> tuple[str, ...]:
    """Warnings as errors, where none is allowed."""
    return tuple(f"a warning, and --strict allows none: {warning}" for warning in warnings)


def plain(text: str) -> str:
    """*text* with what cannot be shown as escapes; lines and tabs stay."""
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, *, limit: int = 500) -> str:
    """The same on one line of at most so many characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def clock(milliseconds: int) -> str:
    """`1:02:03`, `2:03`."""
    whole = (milliseconds + 500) // 1000
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _texts(error: BaseException, several: Sequence[NarratorError]) -> tuple[str, ...]:
    if several:
        return tuple(dict.fromkeys(map(str, several)))
    if isinstance(error, KeyboardInterrupt):
        return ("interrupted; what was recorded is kept, and the next run goes on from there",)
    return (f"unexpected {type(error).__name__}: {error}",)


def _exit_code(error: BaseException) -> int:
    if isinstance(error, NarratorError):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt) else 1
