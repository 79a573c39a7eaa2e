"""Conversation with the service: a line, the voice it is spoken in, what it costs, and what comes.

Imported where the first request is about to be made, since the transport is slow to import.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from secrets import token_hex
from typing import NamedTuple

import numpy as np

from narrator.errors import ProviderError, ServiceFailed
from narrator.pacing import CHARACTERS_PER_SECOND
from narrator.providers.base import StreamFormat
from narrator.providers.conversation import Conversation, Identity
from narrator.providers.reading import begins_as_text, object_or_empty, opening
from narrator.providers.sounds import with_silence
from narrator.providers.supertone import answers, bodies, refusals
from narrator.providers.supertone.answers import Answered
from narrator.providers.supertone.settings import (
    BASE_URL_VARIABLE,
    CURRENCY,
    KEY_VARIABLE,
    NAME,
    SERVICE,
    STATUS,
    Settings,
)
from narrator.providers.supertone.voices import Known, Voices
from narrator.providers.texts import Sent, plain, units
from narrator.spending import Account, Bill, amount, sound_bill
from narrator.takes import Generation, Request
from narrator.timeline import samples
from narrator.transport import Charge, Patience, Pieces

KEY_HEADER = "x-sup-api-key"
_IDENTITY = Identity(NAME, KEY_VARIABLE, BASE_URL_VARIABLE, STATUS.note, service=SERVICE)
RATE = 44_100
"""Of silence, until an answer has told how many samples a second the service makes (contract 5.4)."""
UNSPEAKABLE_MS = 400
"""How long a text without a letter or digit is silent: the service refuses it, or makes a sound of it."""


class Spoken(NamedTuple):
    """A line made ready to be asked for."""

    request: Request
    sent: Sent
    voice: Known
    style: str | None
    """In the voice's own spelling."""


class Service(Conversation):
    """The service, reached with one key. Safe to call from several threads."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], patience: Patience) -> None:
        """
        Raises:
            KeyMissing: no key in the environment, and not a server on this machine.
            ConfigurationError: a base URL to which no key should go.
        """
        super().__init__(_IDENTITY, settings, environment, patience, key_header=KEY_HEADER)
        self.voices = Voices(self.transport, keyed=self.keyed)
        self._settings = settings
        self._judge = refusals.judge(keyed=self.keyed)
        self._rate = RATE
        self._predicted: dict[str, int] = {}
        """Milliseconds by the key of the request."""
        self._lock = threading.Lock()

    def speak(self, request: Request, account: Account | None) -> Generation:
        """The answer to one request."""
        sent = plain(request.spoken)
        if not sent.letters:
            return self._silence(sent, account)
        line = self._ready(request, sent)
        answered = self._ask(line, account)
        with self._lock:
            self._rate = answered.rate
        cost = self._cost(sent, answered)
        return replace(
            _generation(answered, line),
            characters=cost.characters,
            cost=amount(cost.amount),
            currency=cost.currency,
        )

    def predict_ms(self, request: Request) -> int:
        """How long a request will sound, its silences included; asked once."""
        sent = plain(request.spoken)
        silent_ms = sent.lead_ms + sent.tail_ms
        if not sent.letters:
            return silent_ms + UNSPEAKABLE_MS
        return silent_ms + self._predict(self._ready(request, sent))

    def listen(self, request: Request, audio_format: StreamFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file, piece by piece."""
        line = self._ready(request, plain(request.spoken))
        pieces = self.transport.stream(
            "POST",
            bodies.path(line.voice.id, streamed=bodies.streams(request)),
            json=bodies.listening(
                request, line.sent, self._settings, style=line.style, audio_format=audio_format
            ),
            judge=self._judge,
        )
        begun = opening(pieces)
        if begins_as_text(begun) or not begun.strip():
            error = self._instead_of_audio(begun + b"".join(pieces))
            raise self.redaction.error(error)
        yield begun
        yield from pieces

    def _ready(self, request: Request, sent: Sent) -> Spoken:
        """The line with its voice, once it is known that the voice can speak it: nothing is paid before."""
        bodies.check(request, sent)
        voice = self.voices.named(request.voice)
        language = str(dict(request.settings).get("language", self._settings.language))
        return Spoken(request, sent, voice, voice.style_for(request, language))

    def _ask(self, line: Spoken, account: Account | None) -> Answered:
        foreseen_ms = self._foreseen(line)

        def read(pieces: Pieces) -> Answered:
            return answers.read(
                pieces,
                letters=line.sent.letters,
                speed=line.request.speed,
                keyed=self.keyed,
                foreseen_ms=foreseen_ms,
            )

        charge = None
        if account is not None:
            seconds = foreseen_ms / 1000 or units(line.sent.text) / CHARACTERS_PER_SECOND / line.request.speed
            charge = Charge(
                account,
                self._bill(seconds, line.sent),
                measured=lambda answered: self._cost(line.sent, answered),
            )
        return self.transport.call(
            "POST",
            bodies.path(line.voice.id, streamed=self._settings.stream and bodies.streams(line.request)),
            json=bodies.speech(line.request, line.sent, self._settings, style=line.style),
            read=read,
            judge=self._judge,
            charge=charge,
        )

    def _foreseen(self, line: Spoken) -> int:
        """How long the service says that a line will sound, in milliseconds; 0 where it is not asked."""
        if self._settings.predict:
            try:
                return self._predict(line)
            except ProviderError as error:
                if error.stops:
                    raise
                # What is wrong with the line will be said of the line itself.
        return 0

    def _cost(self, sent: Sent, answered: Answered) -> Bill:
        """What an answer costs: the service counts seconds of sound."""
        return self._bill(len(answered.pcm) / answered.rate, sent)

    def _bill(self, seconds: float, sent: Sent) -> Bill:
        return sound_bill(
            seconds,
            characters=units(sent.text),
            price_per_minute=self._settings.price_per_minute or 0.0,
            currency=CURRENCY,
            known=self._settings.price_per_minute is not None,
        )

    def _predict(self, line: Spoken) -> int:
        """How long the service says that a line will sound, in milliseconds."""
        key = line.request.key
        with self._lock:
            known = self._predicted.get(key)
        if known is None:
            known = self.transport.call(
                "POST",
                bodies.prediction_path(line.voice.id),
                json=bodies.prediction(line.request, line.sent, self._settings, style=line.style),
                read=answers.duration_ms,
                judge=self._judge,
                billed=False,
            )
            with self._lock:
                self._predicted[key] = known
        return known

    def _silence(self, sent: Sent, account: Account | None) -> Generation:
        """What a text sounds like in which there is nothing to say; nobody is asked."""
        if account is not None:
            account.send(Bill(0, 0, CURRENCY)).ended("answered")
        with self._lock:
            rate = self._rate
        length = samples(sent.lead_ms + UNSPEAKABLE_MS + sent.tail_ms, rate)
        return Generation(
            pcm=np.zeros(length, np.int16), rate=rate, words=(), word_source="estimated", currency=CURRENCY
        )

    def _instead_of_audio(self, body: bytes) -> ProviderError:
        """What it means that an answer of status 200 is text where it should be an audio file."""
        said = refusals.read(body).said if body.strip() else "nothing"
        if found := object_or_empty(body):
            error = refusals.in_band(found, keyed=self.keyed, begun=False)
            if isinstance(error, ProviderError):
                return error
        return ServiceFailed(1, f"no audio came, but: {said}", provider=NAME, perhaps_paid=1)


def _generation(answered: Answered, line: Spoken) -> Generation:
    """An answer with the silence that the text asks for at its ends."""
    # The service names no answer. Two that sound the same are two takes, for both are paid for.
    ids = [("answer", token_hex(8)), ("voice", line.voice.id)]
    if line.style is not None:
        ids.append(("style", line.style))
    generation = Generation(
        pcm=answered.pcm,
        rate=answered.rate,
        words=(),
        word_source="estimated",
        phonemes=answered.phonemes,
        ids=tuple(ids),
    )
    return with_silence(generation, lead_ms=line.sent.lead_ms, tail_ms=line.sent.tail_ms)
