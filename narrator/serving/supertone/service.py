"""Supertone as a whole: what its endpoints share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import BinaryIO, TypeVar, cast

import anyio.to_thread
from starlette.requests import HTTPConnection

from narrator.providers.espeak import Espeak
from narrator.serving.options import Options
from narrator.serving.saying import Unsayable
from narrator.serving.speaking import AGAIN_S, Busy, Speaking
from narrator.serving.state import State
from narrator.serving.supertone import asking, clones, packaging, usage
from narrator.serving.supertone.asking import Plan
from narrator.serving.supertone.clones import Clones
from narrator.serving.supertone.refusing import crowded, refusal
from narrator.serving.supertone.synthesis import Sound, speak
from narrator.serving.supertone.usage import Spent, Usage
from narrator.serving.supertone.voices import Voices
from narrator.serving.supertone.wire import SupertonePrediction, SupertoneSpeech

T = TypeVar("T")

TABLES = clones.TABLES + usage.TABLES
"""What `State` must hold."""


class Supertone:
    """The engine, the voices and the books behind the endpoints."""

    def __init__(self, _engine: Espeak, speaking: Speaking, state: State, options: Options) -> None:
        self.clones, self.usage = Clones(state), Usage(state)
        self.voices = Voices(self.clones)
        self._speaking, self._shape = speaking, options.phoneme_lines

    async def plan(self, voice_id: str, body: SupertonePrediction) -> Plan:
        """See `asking.plan`."""
        return await anyio.to_thread.run_sync(lambda: asking.plan(voice_id, body, voices=self.voices))

    async def plan_stream(self, voice_id: str, body: SupertoneSpeech) -> Plan:
        """See `asking.plan_stream`."""
        return await anyio.to_thread.run_sync(lambda: asking.plan_stream(voice_id, body, voices=self.voices))

    async def answer(self, plan: Plan) -> tuple[bytes, float]:
        """
        All that is answered, and how many seconds it sounds.

        Raises:
            Refused: too many are waiting; or the engine cannot say it.
        """

        def made() -> Iterator[tuple[bytes, float]]:
            sound = self._spoken(plan)
            pack = packaging.whole if plan.in_json else packaging.file
            yield pack(sound, plan.codec), sound.seconds

        async with aclosing(self._each(made)) as answers:
            return await anext(answers)

    async def stream(self, plan: Plan, told: Callable[[float], None]) -> AsyncGenerator[bytes, None]:
        """
        The same in pieces, as they are made.

        Args:
            told: hears how many seconds it sounds, before the first piece.

        Raises:
            Refused: too many are waiting; or the engine cannot say it.
        """

        def made() -> Iterator[bytes]:
            sound = self._spoken(plan)
            told(sound.seconds)
            if plan.in_json:
                yield from packaging.lines(sound, plan.codec, shape=self._shape)
            else:
                yield from packaging.pieces(sound, plan.codec)

        async with aclosing(self._each(made)) as pieces:
            async for piece in pieces:
                yield piece

    async def predict(self, plan: Plan) -> float:
        """
        How many seconds it would sound: it is spoken, and thrown away.

        Raises:
            Refused: too many are waiting; or the engine cannot say it.
        """
        async with aclosing(self._each(lambda: _later(lambda: speak(plan, self._speaking).seconds))) as found:
            return await anext(found)

    async def height(self, recording: BinaryIO) -> float:
        """
        See `clones.height`.

        Raises:
            Refused: it is no recording of a voice; or too many are waiting.
        """
        async with aclosing(self._each(lambda: _later(lambda: clones.height(recording)))) as found:
            return await anext(found)

    def _spoken(self, plan: Plan) -> Sound:
        """It is in the books before any of it is answered."""
        sound = speak(plan, self._speaking)
        self.usage.add(
            Spent(plan.who.id, plan.who.name, plan.style, plan.language, plan.model, sound.seconds)
        )
        return sound

    async def _each(self, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        try:
            async with aclosing(self._speaking.each(make())) as made:
                async for one in made:
                    yield one
        except Busy:
            raise crowded(AGAIN_S) from None
        except Unsayable as error:
            if error.broken:
                raise refusal("The speech engine failed", status=500) from error
            raise refusal(f"The text cannot be spoken: {error}") from error


def _later(work: Callable[[], T]) -> Iterator[T]:
    yield work()


def supertone(connection: HTTPConnection) -> Supertone:
    """The application's, for a route (`Depends`)."""
    return cast("Supertone", connection.app.state.supertone)
