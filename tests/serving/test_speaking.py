"""Turns at the engine, and who has gone away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.requests import Request

from narrator.providers.espeak import Espeak
from narrator.serving.speaking import Busy, Gone, Speaking, unless_gone


@pytest.fixture
def speaking() -> Iterator[Speaking]:
    """Two turns at once, and room for one request more."""
    engine = Espeak({"concurrency": 1})
    yield Speaking(engine, at_once=2, queue=1)
    engine.close()


def request(*messages: dict[str, Any]) -> Request:
    """A request whose client sends these, and then nothing for ever."""
    left = list(messages)

    async def receive() -> Any:
        if left:
            return left.pop(0)
        return await asyncio.Event().wait()

    return Request({"type": "http", "headers": []}, receive)


def test_so_many_requests_and_no_more(speaking: Speaking) -> None:
    with ExitStack() as places:
        for _ in range(3):
            places.enter_context(speaking.admitted())
        with pytest.raises(Busy):
            places.enter_context(speaking.admitted())
    with speaking.admitted():
        pass


def test_so_many_turns_at_once(speaking: Speaking) -> None:
    """In threads, so that the event loop goes on; the third waits for one of the first two."""
    two = threading.Barrier(2, timeout=10)
    running = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        two.wait()
        with lock:
            running -= 1

    async def main() -> None:
        await asyncio.gather(*(speaking.turn(work) for _ in range(6)))

    asyncio.run(main())
    assert most == 2


def test_who_stops_waiting_never_has_a_turn(speaking: Speaking) -> None:
    """And what is being done is done before anybody else comes."""
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(10)

    async def main() -> None:
        held = [asyncio.ensure_future(speaking.turn(hold)) for _ in range(2)]
        await asyncio.to_thread(begun.wait, 10)
        waiting = asyncio.ensure_future(speaking.turn(lambda: done.append(1)))
        await asyncio.sleep(0)
        waiting.cancel()
        go_on.set()
        await asyncio.gather(*held)
        await speaking.turn(lambda: done.append(2))

    asyncio.run(main())
    assert done == [2]


def test_work_is_given_up_when_the_client_goes() -> None:
    cancelled: list[bool] = []

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return 1

    with pytest.raises(Gone):
        asyncio.run(unless_gone(request({"type": "http.disconnect"}), work))
    assert cancelled == [True]


def test_work_is_done_while_the_client_waits() -> None:
    """What it comes to is given, what goes wrong with it is raised as it is."""

    async def good() -> int:
        return 1

    async def bad() -> int:
        raise Busy

    rest = {"type": "http.request", "body": b"", "more_body": False}
    assert asyncio.run(unless_gone(request(rest), good)) == 1
    with pytest.raises(Busy):
        asyncio.run(unless_gone(request(), bad))
