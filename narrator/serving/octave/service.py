"""Octave as a whole: what its endpoints share, over HTTP and over WebSockets."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar, cast

import anyio.to_thread
from starlette.requests import HTTPConnection

from narrator.providers.espeak import Espeak
from narrator.serving.octave import asking, generations, voices
from narrator.serving.octave.asking import Plan
from narrator.serving.octave.generations import Generations
from narrator.serving.octave.packaging import Packing
from narrator.serving.octave.refusing import crowded
from narrator.serving.octave.synthesis import Voiced, takes
from narrator.serving.octave.voices import Voices
from narrator.serving.octave.wire import FormatType, OctaveBodyArgs
from narrator.serving.options import Options
from narrator.serving.speaking import AGAIN_S, Busy, Speaking
from narrator.serving.state import State

T = TypeVar("T")

TABLES = generations.TABLES + voices.TABLES
"""What `State` must hold."""


class Octave:
    """The engine, the voices and the memory behind the endpoints."""

    def __init__(self, engine: Espeak, speaking: Speaking, state: State, options: Options) -> None:
        self.speaking = speaking
        self.generations = Generations(state)
        self.voices = Voices(engine, self.generations, state)
        self.clock = options.clock
        self.socket_idle_s = options.socket_idle_s
        self._characters = options.characters

    async def plan(self, body: OctaveBodyArgs, *, instant: bool = False, count: int | None = None) -> Plan:
        """
        Make a request ready.

        Args:
            instant: whether it is to be answered in instant mode.
            count: how many generations, if not as many as it asks for.

        Raises:
            Refused: it cannot be met.
        """
        return await anyio.to_thread.run_sync(
            lambda: asking.plan(
                body,
                voices=self.voices,
                generations=self.generations,
                characters=self._characters,
                instant=instant,
                count=count,
            )
        )

    def packing(self, plan: Plan, body: OctaveBodyArgs, *, instant: bool = False) -> Packing:
        """How the request wants its sound."""
        return Packing(
            request_id=plan.request_id,
            format=FormatType(body.format.root.type),
            strip_headers=body.strip_headers,
            clock=self.clock,
            instant=instant,
        )

    async def each(
        self, plan: Plan, make: Callable[[Iterator[Voiced]], Iterator[T]]
    ) -> AsyncGenerator[T, None]:
        """
        Speak a request and give what *make* makes of it, one by one, each in a turn of its own.

        Its generations are remembered before the first is given.

        Raises:
            Refused: too many are waiting; or the engine cannot say something.
        """
        remembered = False
        try:
            async with aclosing(self.speaking.each(make(takes(plan, self.speaking)))) as made:
                async for one in made:
                    if not remembered:
                        await anyio.to_thread.run_sync(self.generations.remember, plan.remembered())
                        remembered = True
                    yield one
        except Busy:
            raise crowded(AGAIN_S) from None

    async def all(self, plan: Plan, make: Callable[[list[Voiced]], T]) -> T:
        """
        Speak a request and give what *make* makes of all of it.

        Raises:
            Refused: too many are waiting; or the engine cannot say something.
        """
        voiced = [one async for one in self.each(plan, lambda spoken: spoken)]
        return await self.speaking.turn(lambda: make(voiced))


def octave(connection: HTTPConnection) -> Octave:
    """The application's, for a route or a WebSocket (`Depends`)."""
    return cast("Octave", connection.app.state.octave)
