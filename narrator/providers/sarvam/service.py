"""Conversation with the service: what is asked for a line, what is tried when it is refused, what comes.

Imported where the first request is about to be made, since the transport is slow to import.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from secrets import token_hex
from typing import Literal, NamedTuple

from narrator.casting import Abilities
from narrator.errors import ProviderError, ServiceFailed
from narrator.matching import letters
from narrator.providers.conversation import Conversation, Identity
from narrator.providers.reading import begins_as_text, opening
from narrator.providers.sarvam import bodies, refusals, sound
from narrator.providers.sarvam.bodies import Body
from narrator.providers.sarvam.completeness import Paces
from narrator.providers.sarvam.dictionaries import TRIES, Dictionaries
from narrator.providers.sarvam.glossary import NOTHING, Glossary, Served
from narrator.providers.sarvam.refusals import Asking, DictionaryLost
from narrator.providers.sarvam.settings import (
    BASE_URL_VARIABLE,
    KEY_VARIABLE,
    NAME,
    SERVICE,
    STATUS,
    AudioFormat,
    Settings,
)
from narrator.providers.sounds import Sound, prove_sound, with_silence
from narrator.spending import Account, Bill, amount, bill
from narrator.takes import Generation, Request
from narrator.transport import BrokenAnswer, Charge, Patience

KEY_HEADER = "api-subscription-key"
_IDENTITY = Identity(
    NAME,
    KEY_VARIABLE,
    BASE_URL_VARIABLE,
    unreached=f"{STATUS.note}, so look at the address and the network first",
    service=SERVICE,
)
STREAM, WHOLE = "/text-to-speech/stream", "/text-to-speech"
_TELLING = 16
"""Bytes of an answer from which on samples cannot be taken for text."""


class Heard(NamedTuple):
    """A good answer."""

    sound: Sound
    request_id: str = ""
    """The service's own; empty where it does not tell."""


class Service(Conversation):
    """The service, reached with one key. Safe to call from several threads."""

    def __init__(
        self,
        settings: Settings,
        models: Mapping[str, Abilities],
        environment: Mapping[str, str],
        patience: Patience,
        *,
        wanted: Glossary,
        project: str,
    ) -> None:
        """
        Args:
            models: with their prices.
            wanted: what the run asks of the pronunciation dictionary.
            project: whose dictionary it is.

        Raises:
            KeyMissing: no key in the environment, and not a server on this machine.
            ConfigurationError: a base URL to which no key should go.
        """
        super().__init__(_IDENTITY, settings, environment, patience, key_header=KEY_HEADER)
        self._settings, self._models = settings, models
        self._paces = Paces()
        self._dictionaries = Dictionaries(self.transport, keyed=self.keyed, project=project, wanted=wanted)

    def speak(self, request: Request, *, account: Account | None) -> Generation:
        """The answer to one request."""
        able = self._models[request.model]
        cost = bill(
            bodies.characters(request.spoken), price_per_1000=able.price_per_1000, currency=able.currency
        )
        for _ in range(TRIES):
            served = self._dictionaries.serve(request) if able.dictionary else NOTHING
            try:
                return self._in_words(request, served, cost, account)
            except DictionaryLost:
                self._dictionaries.lose(served.dict_id or "")
        return self._in_words(request, NOTHING, cost, account)

    def listen(self, request: Request, audio_format: Literal["mp3", "wav"]) -> Iterator[bytes]:
        """The audio of one utterance as a file, piece by piece: samples behind a header of ours, or MP3."""
        codec: AudioFormat = "mp3" if audio_format == "mp3" else "linear16"
        sent = bodies.write(request.spoken, bodies.says(request.spoken))
        if not bodies.streams(request, self._settings):
            request = request.model_copy(update={"settings": _at_streamed_rate(request)})
        body = bodies.speech(request, sent.text, self._settings, codec=codec, streamed=True, dict_id=None)
        asking = self._asking(body, None)
        pieces = self.transport.stream("POST", STREAM, json=body, judge=refusals.judge(asking))
        begun = opening(pieces, least=_TELLING)
        if not begun:
            raise ServiceFailed(1, "the answer is empty", provider=NAME, perhaps_paid=1)
        if begins_as_text(begun):
            begun += b"".join(pieces)
            if (error := refusals.in_place_of_audio(begun, asking)) is not None:
                raise self.redaction.error(_final(error))
        if codec == "linear16" and not begun.startswith(b"RIFF"):
            yield sound.wave_header(bodies.rate(request))
        yield begun
        yield from pieces

    def _in_words(self, request: Request, served: Served, cost: Bill, account: Account | None) -> Generation:
        """A line, with a dictionary's help or none."""
        said = bodies.says(request.spoken)
        sent = bodies.write(
            request.spoken, {mark: each for mark, each in said.items() if mark not in served.marks}
        )
        streamed = bodies.streams(request, self._settings)
        codec = bodies.audio_format(request, self._settings)
        body = bodies.speech(
            request, sent.text, self._settings, codec=codec, streamed=streamed, dict_id=served.dict_id
        )
        asking = self._asking(body, served.dict_id)
        heard = self.transport.call(
            "POST",
            STREAM if streamed else WHOLE,
            json=body,
            read=self._reader(request, sent.text, asking, streamed=streamed, codec=codec),
            judge=refusals.judge(asking),
            charge=Charge(account, cost) if account is not None else None,
        )
        generation = Generation(
            pcm=heard.sound.pcm,
            rate=heard.sound.rate,
            words=(),
            word_source="estimated",
            # The stream names no answer. Two that sound the same are two takes, for both are paid for.
            ids=(("request", heard.request_id) if heard.request_id else ("answer", token_hex(8)),),
            characters=cost.characters,
            cost=amount(cost.amount),
            currency=cost.currency,
        )
        return with_silence(generation, lead_ms=sent.lead_ms, tail_ms=sent.tail_ms)

    def _asking(self, body: Body, dict_id: str | None) -> Asking:
        return Asking(self.keyed, self._settings.language_field, dict_id, str(body["speaker"]))

    def _reader(
        self, request: Request, text: str, asking: Asking, *, streamed: bool, codec: AudioFormat
    ) -> Callable[[Iterator[bytes]], Heard]:
        """What makes of an answer what is to be kept of it, once it is proved."""
        who = (request.model, request.voice, request.speed, request.settings)
        early: list[float] = []

        def read(pieces: Iterator[bytes]) -> Heard:
            arrived = sound.gather(pieces)
            with closing(arrived.file):
                if streamed:
                    if (error := refusals.in_place_of_audio(arrived.beginning, asking)) is not None:
                        raise error
                    found = sound.samples(arrived, audio_format=codec, rate=bodies.rate(request))
                    heard = Heard(found)
                else:
                    heard = _from_json(arrived.everything(), asking, codec=codec, rate=bodies.rate(request))
            duration_ms = heard.sound.duration_ms
            prove_sound(heard.sound, letters=len(letters(text)), speed=request.speed)
            # The second answer that is as short says that this is how it is spoken.
            told_twice = any(abs(duration_ms - before) < 0.15 * before for before in early)
            if not told_twice and self._paces.ends_early(who, text, duration_ms):
                early.append(duration_ms)
                raise BrokenAnswer(
                    f"{duration_ms:.0f} ms of sound came, much less than this voice usually takes"
                )
            return heard

        return read


def _from_json(body: bytes, asking: Asking, *, codec: AudioFormat, rate: int) -> Heard:
    """The answer of the endpoint that answers in one piece (contract 8.1)."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise _text(body, asking) or BrokenAnswer("what came is no JSON, or is cut") from exc
    audios = found.get("audios") if isinstance(found, dict) else None
    if not isinstance(audios, list) or "error" in found:
        raise _text(body, asking) or BrokenAnswer("JSON without `audios` came")
    if len(audios) != 1 or not isinstance(audios[0], str):
        raise BrokenAnswer(f"one sound was asked for, and `audios` holds {len(audios)}")
    request_id = found.get("request_id")
    return Heard(
        sound.from_base64(audios[0], audio_format=codec, rate=rate),
        request_id if isinstance(request_id, str) else "",
    )


def _text(body: bytes, asking: Asking) -> Exception | None:
    return refusals.in_place_of_audio(body[: sound.BEGINNING], asking)


def _final(error: Exception) -> ProviderError:
    """An error where nothing is asked for again."""
    if isinstance(error, ProviderError):
        return error
    return ServiceFailed(1, str(error), provider=NAME, perhaps_paid=1)


def _at_streamed_rate(request: Request) -> tuple[tuple[str, str | int | float | bool], ...]:
    """The settings of a request, at a rate that can be listened to."""
    return tuple((name, value) for name, value in request.settings if name != "sample_rate")
