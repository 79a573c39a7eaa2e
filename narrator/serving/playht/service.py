"""PlayHT as a whole: what its endpoints share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import cast

import anyio.to_thread
from starlette.requests import HTTPConnection

from narrator.providers.espeak import Espeak
from narrator.serving.options import Options
from narrator.serving.playht import register
from narrator.serving.playht.asking import Plan, plan_job, plan_stream
from narrator.serving.playht.refusing import crowded, failed, refusal
from narrator.serving.playht.register import Job, Register
from narrator.serving.playht.sounding import file, joined, voice
from narrator.serving.playht.wire import PlayHTJobRequest, PlayHTStreamRequest
from narrator.serving.playht.working import Work, Works
from narrator.serving.saying import Unsayable
from narrator.serving.speaking import AGAIN_S, Busy, Speaking
from narrator.serving.state import State

TABLES = register.TABLES
"""What `State` must hold."""


class PlayHT:
    """The engine and the jobs behind the endpoints."""

    def __init__(self, engine: Espeak, speaking: Speaking, state: State, options: Options) -> None:
        self.register = Register(state, options.state / "playht")
        self.keyed = options.key is not None
        self.works = Works(
            self.register, speaking, at_once=options.at_once or engine.concurrency, most=options.characters
        )
        self._speaking, self._most = speaking, options.characters

    async def create(self, body: PlayHTJobRequest) -> tuple[Work, Plan]:
        """
        A new job, which is being worked on from now on.

        Raises:
            Refused: it cannot be met; or too many are unfinished.
        """
        plan = await anyio.to_thread.run_sync(lambda: plan_job(body, most=self._most))
        if self.works.full:
            raise crowded(AGAIN_S)
        job = await anyio.to_thread.run_sync(self.register.create, body)
        return self.works.begin(job), plan

    async def find(self, job_id: str) -> tuple[Job, Work | None]:
        """
        A job, and the work on it if that goes on.

        Raises:
            Refused: 404.
        """
        job = await anyio.to_thread.run_sync(self.register.read, job_id)
        if job is None:
            raise refusal("The job does not exist, or does not exist any more.", status=404)
        if job.status == "queued":
            work = self.works.find(job_id)
            if work is None:
                # It may have ended just now; else another server is at it, which comes to the same.
                job = await anyio.to_thread.run_sync(self.register.read, job_id) or job
                work = self.works.begin(job) if job.status == "queued" else None
            return job, work
        return job, None

    async def plan(self, body: PlayHTStreamRequest) -> Plan:
        """See `asking.plan_stream`."""
        return await anyio.to_thread.run_sync(lambda: plan_stream(body, most=self._most))

    async def stream(self, plan: Plan) -> AsyncGenerator[bytes, None]:
        """
        The pieces of a file, as they are encoded.

        Raises:
            Refused: too many are waiting; or the engine cannot say something.
        """
        try:
            async with aclosing(self._speaking.each(self._pieces(plan))) as pieces:
                async for piece in pieces:
                    yield piece
        except Busy:
            raise crowded(AGAIN_S) from None
        except Unsayable as error:
            if error.broken:
                raise failed("The speech engine failed.") from error
            raise refusal(f"The text cannot be spoken: {error}") from error

    def _pieces(self, plan: Plan) -> Iterator[bytes]:
        whole = joined([voice(turn, plan, self._speaking) for turn in plan.turns], plan)
        yield from file(whole.pcm, plan, sized=False)


def playht(connection: HTTPConnection) -> PlayHT:
    """The application's, for a route (`Depends`)."""
    return cast("PlayHT", connection.app.state.playht)
