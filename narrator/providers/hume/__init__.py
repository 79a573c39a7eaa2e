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
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar, NoReturn

from narrator.casting import Abilities, Choice, Role, Setting, Voice
from narrator.errors import ProviderError
from narrator.providers.base import StreamFormat
from narrator.providers.hume import prices
from narrator.providers.hume.bodies import write
from narrator.providers.hume.roster import find
from narrator.providers.hume.settings import MODELS, NAME, models, read, read_role
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take

if TYPE_CHECKING:
    from narrator.providers.hume.service import Service
    from narrator.transport import Patience


class Hume:
    """Hume's Octave as a provider."""

    name: ClassVar[str] = NAME

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
        self._settings = read(settings or {}, os.environ)
        self._patience = patience
        self.models: Mapping[str, Abilities] = models(
            self._settings, prices.on(today or datetime.now(UTC).date())
        )
        self.concurrency = self._settings.concurrency
        self.answers = self._settings.generations
        self._service: Service | None = None
        self._stopped = self._closed = False
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """HTTP requests made so far, those that failed included."""
        return self._service.transport.requests if self._service else 0

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

    def rehearse(self, roles: tuple[Role, ...], language: str) -> NoReturn:  # noqa: ARG002 - nobody's
        """Not here: a rehearsal costs nothing."""
        raise ProviderError("it costs money; rehearse with the embedded voice", provider=NAME)

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

    def stop(self) -> None:
        """Begin no further attempt."""
        with self._lock:
            self._stopped = True
            if self._service is not None:
                self._service.transport.stop()

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            self._closed = True
            if self._service is not None:
                self._service.transport.close()

    def _reach(self) -> Service:
        """The service, once there is something to ask of it."""
        with self._lock:
            if self._service is None:
                if self._closed or self._stopped:
                    raise ProviderError("already closed" if self._closed else "stopped", provider=NAME)
                # What it imports takes longer than most runs that find nothing to record.
                from narrator.providers.hume.service import Service
                from narrator.transport import Patience

                self._service = Service(self._settings, self.models, os.environ, self._patience or Patience())
            return self._service
