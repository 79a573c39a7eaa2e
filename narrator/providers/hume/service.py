"""Conversation with the service: what is asked for a line, what is tried when it is refused, what comes.

Imported where the first request is about to be made, since the transport is slow to import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from narrator.casting import Abilities
from narrator.errors import OutOfCredit, ProviderError, RequestRefused
from narrator.providers.conversation import Conversation, Identity
from narrator.providers.hume import answers, bodies, refusals, stream
from narrator.providers.hume.answers import Answered, Wanted
from narrator.providers.hume.bodies import Body, Sent
from narrator.providers.hume.roster import CUSTOM
from narrator.providers.hume.settings import (
    BASE_URL_VARIABLE,
    KEY_VARIABLE,
    NAME,
    OCTAVE_2,
    SERVICE,
    STATUS,
    AudioFormat,
    Settings,
)
from narrator.providers.hume.times import Clocks
from narrator.providers.hume.voices import VoiceGone, Voices
from narrator.providers.reading import begins_as_text, opening
from narrator.providers.sounds import with_silence
from narrator.spending import MILLION, Account, Bill, Ids, amount, bill, shares
from narrator.takes import Context, Generation, Precedent, Request, Take
from narrator.transport import BrokenAnswer, Charge, Judge, Patience

KEY_HEADER = "X-Hume-Api-Key"
_IDENTITY = Identity(NAME, KEY_VARIABLE, BASE_URL_VARIABLE, STATUS.note, service=SERVICE)

_EMPTY = "most likely: an answer of status 200 with nothing in it is how the service says so here"
_GONE = (
    "it was made from the role's description, and the account does not have it any more; give the role"
    " another voice, or change its `description` so that a new one is made"
)

DESIGN = "design"
"""What the generation that a voice was made by is called in a take and in the ledger."""


class Asked(NamedTuple):
    """A line to be spoken."""

    request: Request
    sent: Sent
    guide: bytes | None
    """The recording to be followed."""
    account: Account | None
    """Who pays."""


class Speaker(NamedTuple):
    """The voice a line is spoken with."""

    voice: str
    """Canonical."""
    ids: Ids = ()
    """What a take must know of a voice that was made from a description."""
    lost_voice: str = refusals.LOST_VOICE
    """What to do where the service does not have it."""


NOBODY = Speaker("")
"""Where a voice is made rather than named."""


class Service(Conversation):
    """The service, reached with one key. Safe to call from several threads."""

    def __init__(
        self,
        settings: Settings,
        models: Mapping[str, Abilities],
        environment: Mapping[str, str],
        patience: Patience,
    ) -> None:
        """
        Args:
            models: with their prices.

        Raises:
            KeyMissing: no key in the environment, and not a server on this machine.
            ConfigurationError: a base URL to which no key should go.
        """
        super().__init__(_IDENTITY, settings, environment, patience, key_header=KEY_HEADER)
        self.voices = Voices(self.transport, keyed=self.keyed)
        self._settings, self._models = settings, models
        self._clocks = Clocks()

    def speak(
        self,
        request: Request,
        *,
        before: Precedent | None,
        designed: Take | None,
        guide: bytes | None,
        account: Account | None,
    ) -> tuple[Generation, ...]:
        """Every answer to one request, the first to be used."""
        asked = Asked(request, bodies.write(request.spoken), guide, account)
        if request.description is None:
            return self._in_voice(asked, Speaker(request.voice), before=before)
        known = designed.ids if designed is not None else account.voice_ids() if account is not None else None
        if known is not None:
            return self._in_voice(asked, self._designed(known), before=before)
        if (found := self._in_voice_of_before(asked, before=before)) is not None:
            return found
        return self._design(asked, before=before)

    def listen(self, request: Request, audio_format: AudioFormat) -> Iterator[bytes]:
        """The audio of one utterance as a file, piece by piece."""
        sent = bodies.write(request.spoken)
        pieces = self.transport.stream(
            "POST",
            "/v0/tts/stream/file" if self._settings.stream else "/v0/tts/file",
            json=bodies.listening(request, sent, self._settings, audio_format=audio_format),
            judge=refusals.judge(keyed=self.keyed),
        )
        begun = opening(pieces)
        if not begun.strip():
            raise OutOfCredit(_EMPTY, provider=NAME)
        if begins_as_text(begun):
            body = begun + b"".join(pieces)
            raise self.redaction.error(refusals.instead_of_audio(body, keyed=self.keyed))
        yield begun
        yield from pieces

    def _designed(self, known: Ids) -> Speaker:
        """The voice of a take that was made from a description: kept already, or kept now."""
        ids = dict(known)
        voice = ids.get("voice")
        generation = ids.get(DESIGN) or ids.get("generation")
        if voice is None:
            if generation is None:
                raise RequestRefused(f"no voice is known of the takes in it; {_GONE}", provider=NAME)
            voice = self.voices.keep(generation)
        return Speaker(f"{CUSTOM}{voice}", (("voice", voice),), _GONE)

    def _design(self, asked: Asked, *, before: Precedent | None) -> tuple[Generation, ...]:
        """Have a voice made from the request's description, and the line spoken in it.

        One reading only, since each would have a voice of its own. The description takes the place of a
        direction; a line that has one, or a guide, is spoken again in the new voice, and what the voice
        cost is added.
        """
        body = bodies.design(asked.request, asked.sent, self._settings._replace(generations=1))
        cost = self._bill(asked, generations=1)
        if asked.request.direction is None and asked.guide is None:
            (made,) = self._ask(body, asked, generations=1)
            (design,) = self._generations((made,), asked, cost)
            # What is paid for is given back even if the voice cannot be kept now; the next line tries again.
            with suppress(ProviderError):
                voice = self.voices.keep(made.generation_id, new=True)
                design = replace(design, ids=(*design.ids, ("voice", voice)))
            return (design,)
        # No take holds it as yet. It is written down, so that it is not made again if none ever does.
        (made,) = self._ask(body, asked, generations=1, alone=True)
        return self._in_made_voice(asked, made.generation_id, cost, before=before, new=True)

    def _in_voice_of_before(self, asked: Asked, *, before: Precedent | None) -> tuple[Generation, ...] | None:
        """
        The line in a voice that was made for one that then was not spoken; None where there is no such voice.

        Raises:
            ProviderError: there may be one. None is made in its place.
        """
        account = asked.account.of_voice() if asked.account is not None else None
        while account is not None and (left := account.unfinished()) is not None:
            generation = dict(left.ids).get(DESIGN, "")
            try:
                if not generation:
                    raise VoiceGone("no generation is known of it", provider=NAME)
                found = self._in_made_voice(asked, generation, left.bill, before=before)
            except VoiceGone as gone:
                left.attempt.ended("lost", reason=str(gone))
            except BaseException as error:
                left.attempt.ended("lost", reason=str(error))
                raise
            else:
                left.attempt.ended("answered")
                return found
        return None

    def _in_made_voice(
        self, asked: Asked, generation: str, cost: Bill, *, before: Precedent | None, new: bool = False
    ) -> tuple[Generation, ...]:
        """
        The line in a voice that was made by itself, whose cost is divided among the readings, as the ledger
        does it.

        Args:
            generation: that made it.
            new: only just now.
        """
        voice = self.voices.keep(generation, new=new)
        speaker = Speaker(f"{CUSTOM}{voice}", (("voice", voice), (DESIGN, generation)), _GONE)
        spoken = self._in_voice(asked, speaker, before=before)
        return tuple(
            replace(
                each,
                characters=each.characters + share.characters,
                cost=amount(round(each.cost * MILLION) + share.amount),
            )
            for each, share in zip(spoken, shares(cost, len(spoken)), strict=True)
        )

    def _in_voice(
        self, asked: Asked, speaker: Speaker, *, before: Precedent | None
    ) -> tuple[Generation, ...]:
        """The line in a voice, going on from the line before as well as the service lets it."""
        *better, silent = bodies.contexts(before, asked.request, voice=speaker.voice)
        for context in better:
            with suppress(refusals.ContextRefused):
                return self._in_context(asked, speaker, context)
        return self._in_context(asked, speaker, silent)

    def _in_context(
        self, asked: Asked, speaker: Speaker, context: tuple[Context, Body | None]
    ) -> tuple[Generation, ...]:
        named, said = context
        if asked.guide is not None:
            generations = 1
            answered = self._convert(asked, speaker, said, asked.guide)
        else:
            generations = self._settings.generations
            body = bodies.speech(asked.request, asked.sent, self._settings, voice=speaker.voice, context=said)
            answered = self._ask(body, asked, generations=generations, context=said, speaker=speaker)
        cost = self._bill(asked, generations=generations)
        return self._generations(answered, asked, cost, ids=speaker.ids, context=named)

    def _ask(
        self,
        body: Body,
        asked: Asked,
        *,
        generations: int,
        context: Body | None = None,
        speaker: Speaker = NOBODY,
        alone: bool = False,
    ) -> tuple[Answered, ...]:
        """
        Args:
            alone: whether it is the voice that is wanted, and not the line.
        """
        streamed = self._settings.stream
        wanted = self._wanted(asked, generations=generations)
        return self.transport.call(
            "POST",
            "/v0/tts/stream/json" if streamed else "/v0/tts",
            json=body,
            read=self._reader(wanted, streamed=streamed, context=context, speaker=speaker),
            judge=self._judge(context, speaker),
            charge=self._charge(asked, generations=generations, alone=alone),
        )

    def _convert(
        self, asked: Asked, speaker: Speaker, context: Body | None, guide: bytes
    ) -> tuple[Answered, ...]:
        wanted = self._wanted(asked, generations=1)._replace(text_known=False)
        return self.transport.call(
            "POST",
            "/v0/tts/voice_conversion/json",
            form=bodies.conversion(asked.request, self._settings, voice=speaker.voice, context=context),
            files={"audio": bodies.guide_file(guide)},
            read=self._reader(wanted, streamed=True, context=context, speaker=speaker),
            judge=self._judge(context, speaker),
            charge=self._charge(asked, generations=1),
        )

    def _charge(self, asked: Asked, *, generations: int, alone: bool = False) -> Charge | None:
        if asked.account is None:
            return None
        cost = self._bill(asked, generations=generations)
        return (
            Charge(asked.account.of_voice(), cost, ids=_design_id) if alone else Charge(asked.account, cost)
        )

    def _bill(self, asked: Asked, *, generations: int) -> Bill:
        """What an answer costs; whether a recording is billed by its text is not known, and assumed."""
        able = self._models[asked.request.model]
        return bill(
            len(asked.sent.text) * generations, price_per_1000=able.price_per_1000, currency=able.currency
        )

    def _judge(self, context: Body | None, speaker: Speaker) -> Judge:
        return refusals.judge(keyed=self.keyed, context=context, lost_voice=speaker.lost_voice)

    def _reader(
        self, wanted: Wanted, *, streamed: bool, context: Body | None, speaker: Speaker
    ) -> Callable[[Iterator[bytes]], tuple[Answered, ...]]:
        error = refusals.in_band(keyed=self.keyed, context=context, lost_voice=speaker.lost_voice)
        empty = 0

        def read(pieces: Iterator[bytes]) -> tuple[Answered, ...]:
            nonlocal empty
            first = next(pieces, b"")
            if not first:
                empty += 1
                if empty > 1:
                    raise OutOfCredit(_EMPTY, provider=NAME)
                raise BrokenAnswer("the answer is empty")
            whole = chain((first,), pieces)
            if streamed:
                return answers.from_stream(stream.objects(whole), wanted, error=error, clocks=self._clocks)
            return answers.from_whole(b"".join(whole), wanted, error=error, clocks=self._clocks)

        return read

    def _wanted(self, asked: Asked, *, generations: int) -> Wanted:
        request, sent = asked.request, asked.sent
        return Wanted(
            request=request,
            sent_text=sent.text,
            words=sent.words,
            generations=generations,
            audio_format=bodies.audio_format(request, self._settings),
            times=request.model == OCTAVE_2,
            text_known=True,
        )

    def _generations(
        self,
        answered: tuple[Answered, ...],
        asked: Asked,
        cost: Bill,
        *,
        ids: Ids = (),
        context: Context = "none",
    ) -> tuple[Generation, ...]:
        """Answers as everybody else knows them, their bill divided among them."""
        paid = shares(cost, len(answered))
        return tuple(
            replace(
                _generation(each, asked.sent, ids=ids, context=context),
                characters=share.characters,
                cost=amount(share.amount),
                currency=share.currency,
            )
            for each, share in zip(answered, paid, strict=True)
        )


def _design_id(answered: tuple[Answered, ...]) -> Ids:
    return ((DESIGN, answered[0].generation_id),)


def _generation(answered: Answered, sent: Sent, *, ids: Ids, context: Context) -> Generation:
    """An answer with the silence that the text asks for at its ends."""
    own = [("generation", answered.generation_id), ("request", answered.request_id)]
    own += [("snippet", snippet) for snippet in answered.snippet_ids]
    own.append(("clock", answered.clock))  # what the times were counted from, where that was a question
    generation = Generation(
        pcm=answered.pcm,
        rate=answered.rate,
        words=answered.words,
        word_source="service" if answered.words else "estimated",
        phonemes=answered.phonemes,
        ids=(*((name, value) for name, value in own if value), *ids),
        transcript=answered.transcript,
        context=context,
    )
    return with_silence(generation, lead_ms=sent.lead_ms, tail_ms=sent.tail_ms)
