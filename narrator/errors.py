"""Every error narrator raises on purpose, and the exit code each family has.

    NarratorError                    1  something unexpected
    ├── UsageError                   2  the command line asks for something impossible
    ├── ProjectError                 3  the project is wrong; carries file and line
    │   ├── ConfigurationError          book.yaml, cast.yaml, lexicon.yaml, front matter
    │   │   └── UnknownKey
    │   ├── ManuscriptError             the text cannot be read as a manuscript
    │   ├── CoverageError               characters of the manuscript would be lost
    │   └── CastingError                roles, voices, directions
    │       ├── UncastRole
    │       ├── UnknownVoice
    │       ├── UnspokenLanguage
    │       ├── DirectionTooLong
    │       └── DuplicateAlias
    ├── ProjectErrors                3  several of them, reported together
    ├── ProviderError                4  a provider refused or failed for good
    │   ├── KeyMissing                  it needs a key, and the environment holds none
    │   ├── KeyRefused                  it does not know the key
    │   ├── OutOfCredit                 the account is empty
    │   ├── ServiceGone                 nothing answers at its address any more
    │   ├── RequestRefused              it refuses this one request, and would again
    │   └── ServiceFailed               every attempt allowed has failed
    ├── BudgetExceeded               5  the next request would pass the budget
    ├── OutputError                  6  an output could not be written or failed its own check
    │   ├── MissingTake
    │   ├── DamagedTake
    │   └── LoudnessOutOfRange
    └── Interrupted                130  Ctrl-C

Classes take facts and compose the sentence, which says what to do next. They survive
pickling, so that they can cross a process boundary. Only `narrator.cli` prints them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar


class NarratorError(Exception):
    """Base class of every error meant for the user."""

    exit_code: ClassVar[int] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle as cls(*args), but args is the finished sentence here.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[NarratorError], args: tuple[Any, ...], facts: dict[str, Any]) -> NarratorError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class UsageError(NarratorError):
    """The command line asks for something impossible."""

    exit_code = 2


class ProjectError(NarratorError):
    """Something in the project is wrong; the message begins with `file:line:`."""

    exit_code = 3

    def __init__(self, message: str, *, file: str = "", line: int | None = None) -> None:
        """
        Args:
            message: what is wrong and what to do.
            file: path relative to the project, `""` where no one file is to blame.
            line: 1-based, None where no one line is to blame.
        """
        self.message = message
        super().__init__()
        self.place(file, line)

    def place(self, file: str, line: int | None) -> None:
        """Say where it is, once somebody knows."""
        self.file, self.line = file, line
        where = "" if not file else f"{file}: " if line is None else f"{file}:{line}: "
        self.args = (f"{where}{self.message}",)


class ConfigurationError(ProjectError):
    """A settings file (or front matter) does not say something narrator understands."""

    def __init__(self, message: str, *, file: str = "", line: int | None = None, key: str = "") -> None:
        """
        Args:
            key: the setting that is wrong, where it is one.
        """
        self.key = key
        super().__init__(message, file=file, line=line)


class UnknownKey(ConfigurationError):
    """A mapping has a key narrator does not know; names the nearest known one."""

    def __init__(self, key: str, known: Iterable[str], *, file: str = "", line: int | None = None) -> None:
        self.nearest = nearest(key, known)
        hint = (
            f"did you mean {self.nearest!r}?" if self.nearest else f"known keys: {', '.join(sorted(known))}"
        )
        super().__init__(f"unknown key {key!r}; {hint}", file=file, line=line, key=key)


class ManuscriptError(ProjectError):
    """The text cannot be read as a manuscript."""


class CoverageError(ProjectError):
    """Characters of the manuscript belong to no utterance, no skip and no markup."""


class CastingError(ProjectError):
    """Something is wrong with roles, voices or directions."""


class UncastRole(CastingError):
    """A role speaks in the manuscript and has no voice in the cast."""

    def __init__(self, role: str, known: Iterable[str], *, file: str, line: int) -> None:
        self.role, self.nearest = role, nearest(role, known)
        hint = f"did you mean {self.nearest!r}? Otherwise add" if self.nearest else "add"
        super().__init__(
            f"role {role!r} speaks here but is not in cast.yaml; {hint} `{role}: {{voice: ...}}`"
            " (or write `\\:` if this is not a script line)",
            file=file,
            line=line,
        )


class UnknownVoice(CastingError):
    """The cast names a provider or a voice that does not exist."""

    def __init__(
        self,
        voice: str,
        known: Iterable[str],
        *,
        remedy: str = "",
        file: str = "cast.yaml",
        line: int | None = None,
    ) -> None:
        self.voice, self.nearest = voice, nearest(voice, known)
        hint = f"did you mean {self.nearest!r}? " if self.nearest else ""
        super().__init__(f"unknown voice {voice!r}; {hint}{remedy}".rstrip("; "), file=file, line=line)


class UnspokenLanguage(CastingError):
    """A role without a voice of its own, and the embedded engine does not speak the book's language."""

    def __init__(self, language: str, provider: str, *, line: int | None = None) -> None:
        """
        Args:
            line: of the role in cast.yaml; None where it is not there.
        """
        self.language, self.provider = language, provider
        super().__init__(
            f"{provider} has no voice for {language!r}, the book's language; choose one for the role in"
            f" cast.yaml (`narrator voices {provider}` lists them) or correct `language` in book.yaml",
            file="cast.yaml" if line else "book.yaml",
            line=line,
        )


class DirectionTooLong(CastingError):
    """A resolved direction is longer than the provider takes."""

    def __init__(self, direction: str, limit: int, provider: str, *, file: str, line: int) -> None:
        self.direction, self.limit, self.provider = direction, limit, provider
        super().__init__(
            f"this direction has {len(direction)} characters and {provider} takes {limit}; shorten it"
            f" (it begins {direction[:40]!r})",
            file=file,
            line=line,
        )


class DuplicateAlias(CastingError):
    """One name would mean two roles."""

    def __init__(
        self, alias: str, first: str, second: str, *, file: str = "cast.yaml", line: int | None = None
    ) -> None:
        self.alias, self.first, self.second = alias, first, second
        super().__init__(
            f"{alias!r} names both {first!r} and {second!r}; keep it on one of them", file=file, line=line
        )


class ProjectErrors(NarratorError):
    """Several things are wrong with the project; one run shows all of them."""

    exit_code = 3

    def __init__(self, errors: Sequence[ProjectError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in errors))


class ProviderError(NarratorError):
    """A provider refused or failed for good."""

    exit_code = 4

    stops: ClassVar[bool] = False
    """Whether no other request would fare better, so that none is made."""
    begun: bool = False
    """Whether part of an answer had come before it, so that the request may have been billed."""

    def __init__(self, message: str, *, provider: str) -> None:
        self.provider = provider
        super().__init__(f"{provider}: {message}")


class KeyMissing(ProviderError):
    """The provider needs a key, and the environment holds none."""

    stops = True

    def __init__(self, variable: str, *, provider: str, news: str = "") -> None:
        """
        Args:
            news: what is known of the service's end.
        """
        self.variable = variable
        super().__init__(
            f"no key; set {variable} in the environment, set `base_url` to a server that needs none"
            " (`narrator serve`), or play the book with `--rehearse`" + (f" ({news})" if news else ""),
            provider=provider,
        )


class KeyRefused(ProviderError):
    """The provider does not know the key, or will not have it."""

    stops = True

    def __init__(self, variable: str, said: str, *, provider: str) -> None:
        self.variable, self.said = variable, said
        super().__init__(f"the key in {variable} is refused ({said}); correct it", provider=provider)


class OutOfCredit(ProviderError):
    """The account is empty. Everything recorded so far is kept."""

    stops = True

    def __init__(self, said: str, *, provider: str) -> None:
        self.said = said
        super().__init__(
            f"out of credit ({said}); what was recorded is kept: add credit and run again", provider=provider
        )


class ServiceGone(ProviderError):
    """Nothing answers at the service's address any more."""

    stops = True

    def __init__(self, base_url: str, reason: str, *, provider: str, news: str = "") -> None:
        """
        Args:
            base_url: without credentials.
            reason: what happened when it was called.
            news: what is known about the service's end, if anything.
        """
        self.base_url, self.reason, self.news = base_url, reason, news
        super().__init__(
            f"no service at {base_url} ({reason}){'; ' if news else ''}{news}. Play the book with"
            " `--rehearse`, give its roles a `stand_in`, or set `base_url` under `providers:` in book.yaml"
            " (`narrator serve` answers in the services' place)",
            provider=provider,
        )


class RequestRefused(ProviderError):
    """The provider refuses this one request, and would refuse it again as it is."""

    def __init__(self, said: str, *, provider: str, status: int = 0, field: str = "") -> None:
        """
        Args:
            said: what the provider says is wrong.
            status: of HTTP; 0 where there was none.
            field: what is to blame in the request, as a path.
        """
        self.said, self.status, self.field = said, status, field
        where = f" at {field}" if field else ""
        super().__init__(
            f"refused{f' with status {status}' if status else ''}{where}: {said}", provider=provider
        )


class ServiceFailed(ProviderError):
    """Every attempt allowed has failed."""

    def __init__(self, attempts: int, reason: str, *, provider: str, perhaps_paid: int = 0) -> None:
        """
        Args:
            attempts: requests made.
            reason: what the last one came to.
            perhaps_paid: how many of them the provider may have billed.
        """
        self.attempts, self.reason, self.perhaps_paid = attempts, reason, perhaps_paid
        paid = f" ({perhaps_paid} of them may have been billed)" if perhaps_paid else ""
        super().__init__(
            f"failed {attempts} times{paid}; the last time: {reason}; run again later"
            if attempts > 1
            else f"failed{' (and may have been billed)' if perhaps_paid else ''}: {reason}; run again later",
            provider=provider,
        )


class BudgetExceeded(NarratorError):
    """The next request would pass the budget; everything paid for so far is kept."""

    exit_code = 5


class OutputError(NarratorError):
    """An output could not be written, or failed its own check; the last good version is left alone."""

    exit_code = 6


class MissingTake(OutputError):
    """Assembly was asked for an utterance that has no take."""

    def __init__(self, utterance_ids: Sequence[str], *, chapter: str) -> None:
        self.utterance_ids, self.chapter = tuple(utterance_ids), chapter
        shown = ", ".join(self.utterance_ids[:5]) + (", ..." if len(self.utterance_ids) > 5 else "")
        super().__init__(
            f"chapter {chapter!r} is not assembled: no take for {shown}; `narrator book` records it"
        )


class DamagedTake(OutputError):
    """A take on disk is not what its sidecar says."""

    def __init__(self, take_id: str, reason: str) -> None:
        self.take_id, self.reason = take_id, reason
        super().__init__(
            f"take {take_id} is damaged ({reason}); it counts as missing and will be recorded again"
        )


class LoudnessOutOfRange(OutputError):
    """The decoded file does not meet its loudness profile."""

    def __init__(
        self, chapter: str, profile: str, findings: Sequence[str], *, remedy: str = "record its takes anew"
    ) -> None:
        self.chapter, self.profile, self.findings = chapter, profile, tuple(findings)
        super().__init__(
            f"chapter {chapter!r} does not meet {profile}: {'; '.join(findings)};"
            f" {remedy}, or choose another `loudness` in book.yaml"
        )


class Interrupted(NarratorError):
    """Ctrl-C: what was recorded is kept and the next run goes on from there."""

    exit_code = 130


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that *word* was probably meant to be, if any comes close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None
