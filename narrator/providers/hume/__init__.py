"""Octave, Hume's speech service, as a provider: `voice: hume/...` in the cast.

The key comes from HUME_API_KEY in the environment, when the first request is made and not before. A server on
this machine, such as `narrator serve`, needs none. Settings are those of `settings`, names of voices
those of `roster`.

    settings     book.yaml and cast.yaml, checked; models
    prices       what they cost, by date
    roster       names of voices
    bodies       what is sent
    refusals     what errors mean
    stream       bytes to JSON objects
    answers      JSON objects to samples and words
    times        what an answer's times are counted from
    voices       voices over the wire
    service      the conversation
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

from narrator.casting import Abilities, Choice, ServiceStatus, Setting, Voice
from narrator.providers.base import StreamFormat
from narrator.providers.hume import prices
from narrator.providers.hume.bodies import write
from narrator.providers.hume.roster import find
from narrator.providers.hume.settings import MODELS, NAME, STATUS, models, read, read_role
from narrator.providers.remote import Remote
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

if TYPE_CHECKING:
    from narrator.providers.hume.service import Service
    from narrator.transport import Patience


class Hume(Remote["Service"]):
    """Hume's Octave as a provider."""

    name: ClassVar[str] = NAME
    status: ClassVar[ServiceStatus] = STATUS

    def __init__(
        self,
        settings: Mapping[str, Setting] | None = None,
        *,
        patience: Patience | None = None,
        today: date | None = None,
    ) -> None:
        """
        Args:
            settings: book.yaml's.
            patience: limits of its calls in time and number, where not the usual ones.
            today: the day whose prices count, if not this one.

        Raises:
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        super().__init__(patience)
        self._settings = read(settings or {}, os.environ)
        self.models: Mapping[str, Abilities] = models(
            self._settings, prices.on(today or datetime.now(UTC).date())
        )
        self.concurrency = self._settings.concurrency
        self.answers = self._settings.generations

    def voices(self) -> tuple[Voice, ...]:
        """Hume's library, then the voices that the account keeps."""
        return self._reach().voices.every()

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings; those that are audible and not the usual are kept."""
        chosen = read_role(settings, self._settings)
        return Choice("" if voice is None else find(voice), chosen.audible, MODELS[chosen.version])

    def understood(self, direction: str) -> bool:
        """Whether there is any: a direction is free text."""
        return bool(direction.strip())

    def characters(self, request: Request) -> int:
        """Those that are sent, the marks for pauses among them."""
        return len(write(request.spoken).text)

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance, `num_generations` times."""
        return self._reach().speak(request, before=before, designed=designed, guide=guide, account=account)

    def stream(self, request: Request, audio_format: StreamFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file, piece by piece as it arrives."""
        return self._reach().listen(request, audio_format)

    def save_voice(self, generation_id: str, name: str) -> Voice:
        """Keep the voice of a generation in the account."""
        return self._reach().voices.save(generation_id, name)

    def delete_voice(self, name: str) -> None:
        """Forget a voice of the account, by its name or its id."""
        self._reach().voices.delete(name)

    def _opened(self, patience: Patience) -> Service:
        from narrator.providers.hume.service import Service

        return Service(self._settings, self.models, os.environ, patience)
