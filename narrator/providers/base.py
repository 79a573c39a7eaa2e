"""What every provider keeps to.

To add one: make `providers/<name>/` with a class of this shape and its `Abilities` as data; add
one line to the registry in `providers/__init__.py`; add `tests/providers/<name>/`, which runs
the contract in `tests/providers/contract.py`. A class is made with the settings that book.yaml has for it.

A service brings what is its own, and imports nothing of another service. What they share lies beside it:

    values         what settings may say
    texts          what of a text is sent
    remote         a provider whose service is reached when it is needed
    conversation   its key, its address, its connections; from here on what is slow to import
    refusals       what errors mean
    reading        answers as JSON, or as text where sound should be
    fields         what stands in a JSON object
    sounds         answers as samples, whole or not
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Literal, Protocol, runtime_checkable

from narrator.casting import Abilities, Choice, Role, ServiceStatus, Setting, Voice
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

StreamFormat = Literal["mp3", "wav"]
"""What can be listened to as it arrives."""


class Provider(Protocol):
    """A speech service, or the embedded engine. Safe to call from several threads.

    Making one, and everything before `generate` but `voices`, needs no network and no key.
    """

    name: ClassVar[str]
    status: ClassVar[ServiceStatus]
    """Whether the service can still be expected to answer."""
    models: Mapping[str, Abilities]
    """Every model by name, the preferred first. The name is part of the take key."""
    concurrency: int
    """Requests in flight at once that it bears."""
    answers: int
    """How many answers one request brings; each is paid for."""

    @property
    def requests(self) -> int:
        """HTTP requests made so far, those that failed included; 0 for an engine inside narrator."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """Every voice on offer.

        Raises:
            ProviderError: refused, or failed for good.
        """
        ...

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings without a request; give both in canonical form.

        Args:
            voice: as the cast names it; None for one that is to be made from a description.

        Raises:
            UnknownVoice: no such voice; the message names the nearest.
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        ...

    def understood(self, direction: str) -> bool:
        """Whether any of this direction will be heard, from a model that takes directions."""
        ...

    def rehearse(self, roles: tuple[Role, ...], language: str) -> dict[str, tuple[str, dict[str, Setting]]]:
        """A distinct voice and settings for every role, by name; only embedded engines offer it."""
        ...

    def characters(self, request: Request) -> int:
        """How many characters one answer to *request* is billed for; needs no network."""
        ...

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance, once or several times; every answer is paid for, the first is the one to use.

        Args:
            before: the line before it in its context chain.
            designed: a take in the voice that `request.description` describes; None makes that voice.
            guide: the recording that `request.guide` names.
            account: told of every billed request before it is sent, and of its end; an engine inside
                narrator tells of its one call.

        Raises:
            ProviderError: refused, or failed for good.
            BudgetExceeded, OutputError: what `account.send` raised; nothing was sent.
        """
        ...

    def stop(self) -> None:
        """Begin no further attempt; what is in flight comes to its end. From any thread."""
        ...

    def close(self) -> None:
        """Let go of processes and connections; harmless twice."""
        ...


@runtime_checkable
class Expecting(Protocol):
    """A provider that can make something ready for many requests at once."""

    def expect(self, requests: Iterable[Request]) -> None:
        """Be told of every request of the book, those made before included; needs no network. May be called
        again, with others."""
        ...


@runtime_checkable
class Predicting(Protocol):
    """A provider that says, for nothing, how long a request will sound."""

    predicts: bool
    """Whether book.yaml wants it to be asked."""

    def predict_ms(self, request: Request) -> int:
        """Milliseconds.

        Raises:
            ProviderError: refused, or failed for good.
        """
        ...


@runtime_checkable
class Streaming(Protocol):
    """A provider that can be listened to while it speaks."""

    def stream(self, request: Request, audio_format: StreamFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file of that format, piece by piece as it arrives.

        Raises:
            ProviderError: refused, or failed for good; perhaps after some of it has come.
        """
        ...


@runtime_checkable
class VoiceKeeping(Protocol):
    """A provider that keeps voices for an account."""

    def save_voice(self, generation_id: str, name: str) -> Voice:
        """Keep the voice of a generation under a name.

        Raises:
            ProviderError: refused, or failed for good.
        """
        ...

    def delete_voice(self, name: str) -> None:
        """Forget a voice of the account by its name.

        Raises:
            ProviderError: refused, or failed for good.
        """
        ...
