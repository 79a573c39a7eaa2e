"""PlayHT's jobs, as a provider: `voice: playht/...` in the cast.

The service itself has ended; what is here speaks to any server that keeps to its protocol. The key comes from
PLAYHT_API_KEY and PLAYHT_USER_ID in the environment, when the first request is made and not before. A server
on this machine, such as `narrator serve`, needs neither. Settings are those of `settings`, names of voices
those of `roster`.

    settings     book.yaml and cast.yaml, checked; engines; emotions
    languages    of the one engine that speaks several
    roster       names of voices
    bodies       what is sent
    refusals     what errors mean
    events       bytes to server-sent events
    jobs         JSON and events to jobs
    voices       voices over the wire
    service      the conversation, and whether a file is what was asked for
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from narrator.casting import Abilities, Choice, ServiceStatus, Setting, Voice
from narrator.errors import UnknownVoice
from narrator.providers.playht import roster
from narrator.providers.playht.bodies import is_emotion
from narrator.providers.playht.settings import NAME, STATUS, models, read, read_role
from narrator.providers.remote import Remote
from narrator.providers.texts import plain
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

if TYPE_CHECKING:
    from narrator.providers.playht.service import Service
    from narrator.transport import Patience


class PlayHT(Remote["Service"]):
    """PlayHT as a provider."""

    name: ClassVar[str] = NAME
    status: ClassVar[ServiceStatus] = STATUS

    def __init__(
        self,
        settings: Mapping[str, Setting] | None = None,
        *,
        language: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """
        Args:
            settings: book.yaml's.
            language: of the book, BCP 47; counts where the settings name none. English where it is empty.
            patience: limits of its calls in time and number, where not the usual ones.

        Raises:
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        super().__init__(patience)
        self._settings = read(settings or {}, os.environ, language=language)
        self.models: Mapping[str, Abilities] = models(self._settings)
        self.concurrency = self._settings.concurrency
        self.answers = 1

    def voices(self) -> tuple[Voice, ...]:
        """The service's voices, then those that were cloned in the account."""
        return self._reach().voices.every()

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings; those that are audible and not the usual are kept."""
        if voice is None:
            raise UnknownVoice(NAME, (), remedy="it makes no voices from descriptions; name one")
        found = roster.find(voice)
        chosen = read_role(settings, self._settings, engines=roster.engines(found))
        return Choice(found, chosen.audible, (chosen.engine,))

    def understood(self, direction: str) -> bool:
        """Whether it is an emotion of the service: directions come as its own names for them."""
        return is_emotion(direction)

    def characters(self, request: Request) -> int:
        """Those that are sent."""
        return len(plain(request.spoken).text)

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,  # noqa: ARG002 - jobs know nothing of each other
        designed: Take | None = None,  # noqa: ARG002 - it makes no voices
        guide: bytes | None = None,  # noqa: ARG002 - and follows no recordings
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance: from a job that was paid for before, if there is one, else from a new one."""
        return (self._reach().speak(request, account=account),)

    def _opened(self, patience: Patience) -> Service:
        from narrator.providers.playht.service import Service

        return Service(self._settings, self.models, os.environ, patience)
