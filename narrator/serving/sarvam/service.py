"""Sarvam as a whole: what its endpoints share."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar, cast

import anyio.to_thread
import numpy as np
from starlette.requests import HTTPConnection

from narrator.providers.espeak import Espeak
from narrator.serving.encoding import clipped, encode
from narrator.serving.likeness import within
from narrator.serving.options import Options
from narrator.serving.sarvam import asking, dictionaries
from narrator.serving.sarvam.asking import Plan
from narrator.serving.sarvam.dictionaries import Dictionaries
from narrator.serving.sarvam.refusing import crowded, refusal, request_id
from narrator.serving.sarvam.voices import Voices
from narrator.serving.sarvam.wire import SarvamSpeechRequest, SarvamStreamRequest
from narrator.serving.saying import Unsayable, say, sound, spoken
from narrator.serving.speaking import AGAIN_S, Busy, Speaking
from narrator.serving.state import State
from narrator.takes import Pcm

T = TypeVar("T")

TABLES = dictionaries.TABLES
"""What `State` must hold."""

_BREAK_MS = 400
"""Silence where a line of the text ends."""
_STEPS = 40
"""Of the engine's pitch, for one of Sarvam's."""


class Sarvam:
    """The engine, the voices and the dictionaries behind the endpoints."""

    def __init__(self, _engine: Espeak, speaking: Speaking, state: State, options: Options) -> None:
        self.dictionaries = Dictionaries(state)
        self._speaking, self._most = speaking, options.characters
        self._voices = Voices()

    async def plan_answer(self, body: SarvamSpeechRequest) -> Plan:
        """See `asking.plan_answer`."""
        return await anyio.to_thread.run_sync(
            lambda: asking.plan_answer(
                body, voices=self._voices, dictionaries=self.dictionaries, most=self._most
            )
        )

    async def plan_stream(self, body: SarvamStreamRequest) -> Plan:
        """See `asking.plan_stream`."""
        return await anyio.to_thread.run_sync(
            lambda: asking.plan_stream(body, voices=self._voices, dictionaries=self.dictionaries)
        )

    async def stream(self, plan: Plan) -> AsyncGenerator[bytes, None]:
        """
        The pieces of a file, as they are encoded.

        Raises:
            Refused: too many are waiting; or the engine cannot say something.
        """
        async with aclosing(self._each(lambda: self._streamed(plan))) as pieces:
            async for piece in pieces:
                yield piece

    async def answer(self, plan: Plan) -> bytes:
        """
        A file for each text, in JSON.

        Raises:
            Refused: too many are waiting; or the engine cannot say something.
        """
        async with aclosing(self._each(lambda: self._files(plan))) as files:
            audios = [audio async for audio in files]
        return json.dumps({"request_id": request_id(), "audios": audios}).encode()

    async def _each(self, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        try:
            async with aclosing(self._speaking.each(make())) as made:
                async for one in made:
                    yield one
        except Busy:
            raise crowded(AGAIN_S) from None
        except Unsayable as error:
            if error.broken:
                raise refusal("The speech engine failed.", status=500, code="model_call_error") from error
            raise refusal(f"The text cannot be spoken: {error}") from error

    def _streamed(self, plan: Plan) -> Iterator[bytes]:
        pcm = self._speak(plan, plan.said[0])
        return encode(pcm, plan.rate, plan.codec, kbps=plan.kbps, sized=False)

    def _files(self, plan: Plan) -> Iterator[str]:
        for text in plan.said:
            file = b"".join(encode(self._speak(plan, text), plan.rate, plan.codec, kbps=plan.kbps))
            yield base64.b64encode(file).decode()

    def _speak(self, plan: Plan, text: str) -> Pcm:
        settings = dict(plan.speaker.settings)
        settings["pitch"] = within("pitch", settings["pitch"] + plan.pitch * _STEPS)
        speaker = plan.speaker._replace(settings=tuple(sorted(settings.items())))
        made = say(self._speaking, speaker, spoken(text, break_ms=_BREAK_MS), speed=plan.pace)
        pcm = sound(made, plan.rate)
        return pcm if plan.loudness == 1 else clipped(pcm * np.float32(plan.loudness))


def sarvam(connection: HTTPConnection) -> Sarvam:
    """The application's, for a route (`Depends`)."""
    return cast("Sarvam", connection.app.state.sarvam)
