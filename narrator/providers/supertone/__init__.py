"""Supertone, a speech service, as a provider: `voice: supertone/...` in the cast.

The key comes from SUPERTONE_API_KEY in the environment, when the first request is made and not before. A
server on this machine, such as `narrator serve`, needs none. Settings are those of `settings`, names of
voices those of `roster`.

    settings     book.yaml and cast.yaml, checked; models
    roster       names of voices
    bodies       what is sent
    refusals     what errors mean
    answers      what comes, to samples and phonemes
    voices       voices over the wire
    service      the conversation
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from narrator.casting import Abilities, Choice, ServiceStatus, Setting, Voice
from narrator.errors import UnknownVoice
from narrator.providers.base import StreamFormat
from narrator.providers.remote import Remote
from narrator.providers.supertone.roster import find
from narrator.providers.supertone.settings import NAME, STATUS, models, read, read_role
from narrator.providers.texts import plain, units
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

if TYPE_CHECKING:
    from narrator.providers.supertone.service import Service
    from narrator.transport import Patience


class Supertone(Remote["Service"]):
    """Supertone as a provider."""

    name: ClassVar[str] = NAME
    status: ClassVar[ServiceStatus] = STATUS
    answers = 1

    def __init__(
        self,
        settings: Mapping[str, Setting] | None = None,
        *,
        language: str = "en",
        patience: Patience | None = None,
    ) -> None:
        """
        Args:
            settings: book.yaml's.
            language: of the book (BCP 47), which is spoken where neither they nor a role say otherwise;
                English where it is empty.
            patience: limits of its calls in time and number, where not the usual ones.

        Raises:
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        super().__init__(patience)
        self._settings = read(settings or {}, os.environ, language=language or "en")
        self.models: Mapping[str, Abilities] = models(self._settings)
        self.concurrency = self._settings.concurrency
        self.predicts = self._settings.predict

    def voices(self) -> tuple[Voice, ...]:
        """The service's voices, then the account's own."""
        return self._reach().voices.every()

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings, and settle the model.

        Whether the voice is there, and has the model, the language and the styles that are asked of it, only
        the service knows: it is asked before the first line is paid for.
        """
        if voice is None:
            raise UnknownVoice(NAME, (), remedy="it makes no voices from descriptions; name one of its own")
        name, chosen = find(voice), read_role(settings, self._settings)
        return Choice(name, chosen.audible, (chosen.model,))

    def understood(self, direction: str) -> bool:
        """Whether any is left: what comes here is the name of a style."""
        return bool(direction.strip())

    def characters(self, request: Request) -> int:
        """Those that are sent; none where there is nothing to say, for then nothing is."""
        sent = plain(request.spoken)
        return units(sent.text) if sent.letters else 0

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,  # noqa: ARG002 - requests do not know of each other
        designed: Take | None = None,  # noqa: ARG002 - it designs no voices
        guide: bytes | None = None,  # noqa: ARG002 - it follows no recordings
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance."""
        return (self._reach().speak(request, account),)

    def predict_ms(self, request: Request) -> int:
        """How long a request will sound, as the service says; it costs nothing."""
        return self._reach().predict_ms(request)

    def stream(self, request: Request, audio_format: StreamFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file; piece by piece as it arrives, where the model can."""
        return self._reach().listen(request, audio_format)

    def _opened(self, patience: Patience) -> Service:
        from narrator.providers.supertone.service import Service

        return Service(self._settings, os.environ, patience)
