"""Sarvam's Bulbul as a provider: `voice: sarvam/...` in the cast.

The key comes from SARVAM_API_KEY in the environment, when the first request is made and not before. A server
on this machine, such as `narrator serve`, needs none. Settings are those of `settings`, names of voices those
of `roster`.

    languages      what the service calls them
    settings       book.yaml and cast.yaml, checked; models
    prices         what they cost, by date
    speakers       stock voices, as data
    roster         names of voices
    bodies         what is sent
    glossary       which words go into a pronunciation dictionary, and whom it serves
    dictionaries   that dictionary at the service
    refusals       what errors mean
    sound          bytes to samples
    completeness   whether they can be all of it
    service        the conversation
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

from narrator.casting import Abilities, Choice, ServiceStatus, Setting, Voice
from narrator.errors import ConfigurationError, RequestRefused
from narrator.providers.base import StreamFormat
from narrator.providers.remote import Remote
from narrator.providers.sarvam import bodies, prices, roster
from narrator.providers.sarvam.glossary import Glossary
from narrator.providers.sarvam.languages import LANGUAGES, code_for
from narrator.providers.sarvam.settings import NAME, STATUS, audible, models, read, read_role
from narrator.providers.values import listed
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

if TYPE_CHECKING:
    from narrator.providers.sarvam.service import Service
    from narrator.transport import Patience


class Sarvam(Remote["Service"]):
    """Sarvam's Bulbul as a provider."""

    name: ClassVar[str] = NAME
    status: ClassVar[ServiceStatus] = STATUS

    def __init__(
        self,
        settings: Mapping[str, Setting] | None = None,
        *,
        language: str | None = None,
        project: str = "",
        patience: Patience | None = None,
        today: date | None = None,
    ) -> None:
        """
        Args:
            settings: book.yaml's.
            language: the book's (BCP 47), where the settings say none; empty or None where there is none.
            project: whose pronunciation dictionary is kept at the service, where the settings do not say.
            patience: limits of its calls in time and number, where not the usual ones.
            today: the day whose prices count, if not this one.

        Raises:
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        super().__init__(patience)
        self._settings = read(settings or {}, os.environ)
        self._language = language or None
        own = self._settings.dictionary
        self._project = own if isinstance(own, str) else project
        self.models: Mapping[str, Abilities] = models(
            self._settings, prices.on(today or datetime.now(UTC).date())
        )
        self.concurrency = self._settings.concurrency
        self.answers = 1
        self._wanted = Glossary()

    def voices(self) -> tuple[Voice, ...]:
        """The stock voices; the service has no list of them, so narrator has one."""
        return tuple(roster.every(self._settings.model))

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings; the language and what is not the usual are kept."""
        role = read_role(settings, self._settings)
        speaker = roster.find(voice or "", model=role.model)
        language = role.language or self._language_of(speaker.name)
        kept = audible(role, self._settings, model=speaker.model, language=language)
        return Choice(speaker.name, kept, (speaker.model,))

    def understood(self, direction: str) -> bool:  # noqa: ARG002  whatever it is
        """Never: the service takes no directions."""
        return False

    def characters(self, request: Request) -> int:
        """Those that are sent; where the service may say other words for some of them, the larger number."""
        return bodies.characters(request.spoken)

    def expect(self, requests: Iterable[Request]) -> None:
        """Learn which words the requests of a run need in the pronunciation dictionary."""
        self._wanted.add(
            request
            for request in requests
            if request.provider == NAME and self.models[request.model].dictionary
        )

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,  # noqa: ARG002  requests do not know of each other here
        designed: Take | None = None,  # noqa: ARG002
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance."""
        if request.description is not None or guide is not None:
            raise RequestRefused("it makes no voices and follows no recordings", provider=NAME)
        return (self._reach().speak(request, account=account),)

    def stream(self, request: Request, audio_format: StreamFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file, piece by piece as it arrives."""
        return self._reach().listen(request, audio_format)

    def _language_of(self, speaker: str) -> str:
        """The service's code of the language that a voice speaks where nobody has said which.

        Raises:
            ConfigurationError: the book is in one that the service does not speak.
        """
        if self._language is None:
            return code_for(roster.own_language(speaker) or "en") or LANGUAGES["en"]
        code = code_for(self._language)
        if code is None:
            raise ConfigurationError(
                f"{NAME} does not speak {self._language!r}, the book's language; it speaks"
                f" {listed(LANGUAGES.values())} (a role's `settings: {{language: ...}}` names one of them)",
                key="language",
            )
        return code

    def _opened(self, patience: Patience) -> Service:
        from narrator.providers.sarvam.service import Service

        return Service(
            self._settings, self.models, os.environ, patience, wanted=self._wanted, project=self._project
        )
