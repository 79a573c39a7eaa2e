"""The embedded engine, shared out: so many requests at once, so many in a queue, the rest come again later.

The engine speaks in processes of its own and whoever waits for it waits in a thread, so the event loop
never does. A request is admitted as a whole, before its first byte is answered: one that has begun
is not turned away in the middle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request as HttpRequest

from narrator.errors import ProviderError
from narrator.providers.espeak import Espeak
from narrator.providers.espeak.process import EngineDied
from narrator.takes import Generation, Request

T = TypeVar("T")

AGAIN_S = 1
"""What `Retry-After` says: a request takes some milliseconds to some seconds."""


class Speaker(NamedTuple):
    """An embedded voice, and how it is set: who speaks, in whatever service's name."""

    voice: str
    """In canonical form: `gmw/en-US+belinda`."""
    settings: tuple[tuple[str, int], ...]
    """Every setting of the engine, sorted by name."""


class Busy(Exception):
    """As many requests are waiting as may."""


class Gone(Exception):
    """The client went away before it was answered."""


class Speaking:
    """The engine's processes and who may use them. One event loop's."""

    def __init__(self, engine: Espeak, *, at_once: int, queue: int) -> None:
        """
        Args:
            engine: the caller closes it.
            at_once: pieces of work at the same time.
            queue: admitted requests beyond those.
        """
        self._engine = engine
        self._places = at_once + queue
        self._admitted = 0
        self._turns = anyio.CapacityLimiter(at_once)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A place for one request, from before its first turn until after its last.

        Raises:
            Busy: none is free.
        """
        if self._admitted >= self._places:
            raise Busy
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def turn(self, work: Callable[[], T]) -> T:
        """Do *work* in a thread when its turn has come; cancelled before that, it never begins."""
        return await anyio.to_thread.run_sync(work, limiter=self._turns)

    async def each(self, made: Iterator[T]) -> AsyncGenerator[T, None]:
        """
        What *made* gives, one by one, each in a turn of its own, all of them on one place.

        Raises:
            Busy: none is free.
        """
        with self.admitted():
            while found := await self.turn(lambda: _next(made)):
                yield found[0]

    def speak(self, request: Request, *, ipa: bool = False) -> Generation:
        """
        Have the engine speak; blocks, so from inside a turn.

        Args:
            ipa: whether to name phonemes in IPA, which takes twice as long.

        Raises:
            ProviderError: it refuses, or died.
        """
        return self._engine.generate_in_ipa(request) if ipa else self._engine.generate(request)[0]


def is_broken(error: ProviderError) -> bool:
    """Whether it is the engine's fault that it did not speak, and not the text's."""
    return isinstance(error.__cause__, EngineDied | OSError)


def _next(made: Iterator[T]) -> tuple[T] | None:
    """The next one, None where there is none; in a tuple, because a thread cannot raise StopIteration."""
    for one in made:
        return (one,)
    return None


async def unless_gone(request: HttpRequest, work: Callable[[], Awaitable[T]]) -> T:
    """What *work* comes to, given up when the client goes away; the request's body has been read by then.

    Raises:
        Gone: it went away.
    """
    working = asyncio.ensure_future(work())
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Gone
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait((working, leaving))


async def _gone(request: HttpRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
