"""Work on jobs, behind the back of whoever asked for them: so many at once, each from stage to stage.

A job that the server did not come to the end of is begun anew when it is started again; the same request
gives the same file, so it makes no difference where several servers share what they remember.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator
from typing import NamedTuple

import anyio.to_thread

from narrator.errors import OutputError
from narrator.serving.playht.asking import plan_job
from narrator.serving.playht.register import Job, Register
from narrator.serving.playht.sounding import Voiced, file, joined, voice
from narrator.serving.playht.wire import Status
from narrator.serving.refusals import Refused
from narrator.serving.saying import Unsayable
from narrator.serving.speaking import Speaking

MOST = 1_000
"""Jobs that may be unfinished; the next ones are told to come again later."""
PING_S = 10.0
"""Silence after which whoever follows a job hears that the server is still there."""

_LOG = logging.getLogger("uvicorn.error")
_SPEAKING_FROM, _SPEAKING_TO = 0.2, 0.8
"""The progress of a job while it is spoken."""


class Told(NamedTuple):
    """Where a job stood at some moment."""

    stage: Status
    progress: float
    """0 to 1, of all of it."""
    stage_progress: float | None = None
    """0 to 1, of the stage."""


class Work:
    """A job that is being worked on. One event loop's."""

    def __init__(self, job: Job) -> None:
        self.job = job
        """As it is kept; the last one once it has ended."""
        self.told: list[Told] = []
        self._changed = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.job.status != "queued"

    def tell(self, told: Told) -> None:
        """Let everybody know where it stands."""
        self.told.append(told)
        self._change()

    def end(self, job: Job) -> None:
        """Let everybody know that it has ended."""
        self.job = job
        self._change()

    async def follow(self, *, ping_s: float = PING_S) -> AsyncGenerator[Told | None, None]:
        """Where it stood since it was begun, in order, until it has ended; None when nothing is new."""
        seen = 0
        while True:
            changed = self._changed
            while seen < len(self.told):
                yield self.told[seen]
                seen += 1
            if changed is self._changed:
                if self.over:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), ping_s)
                except TimeoutError:
                    yield None

    async def ended(self) -> Job:
        """What has become of it, when it has ended."""
        while not self.over:
            await self._changed.wait()
        return self.job

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Works:
    """All work that is going on. One event loop's."""

    def __init__(
        self, register: Register, speaking: Speaking, *, at_once: int, most: int, unfinished: int = MOST
    ) -> None:
        """
        Args:
            most: characters of one job.
            unfinished: jobs that are taken.
        """
        self._register, self._speaking, self._most = register, speaking, most
        self._unfinished = unfinished
        self._places = asyncio.Semaphore(at_once)
        self._works: dict[str, Work] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """Whether no further job should be taken."""
        return len(self._works) >= self._unfinished

    async def resume(self) -> None:
        """Go on with what another run has left."""
        for job in await anyio.to_thread.run_sync(self._register.unfinished):
            self.begin(job)

    def begin(self, job: Job) -> Work:
        """Work on a job that has not ended, or go on with it."""
        if found := self._works.get(job.id):
            return found
        work = Work(job)
        work.tell(Told("queued", 0))
        self._works[job.id] = work
        task = asyncio.create_task(self._work(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return work

    def find(self, job_id: str) -> Work | None:
        """The work on a job; None where nobody works on it."""
        return self._works.get(job_id)

    async def close(self) -> None:
        """Leave everything as it is, for another run."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, work: Work) -> None:
        job = work.job
        try:
            async with self._places:
                work.tell(Told("active", 0.01))
                ended = await self._made(work)
        except Refused as error:
            ended = await self._failed(job, str(error.body["error_message"]))
        except Unsayable as error:
            ended = await self._failed(job, f"The text cannot be spoken: {error}")
        except OutputError as error:
            _LOG.error("job %s: %s", job.id, error)
            ended = await self._failed(job, "The file cannot be written.")
        except Exception:  # noqa: BLE001 - whoever follows the job must hear of it
            _LOG.exception("job %s", job.id)
            ended = await self._failed(job, "Something went wrong in the server.")
        finally:
            del self._works[job.id]
        if ended.status == "complete":
            work.tell(Told("complete", 1))
        work.end(ended)

    async def _made(self, work: Work) -> Job:
        """From the request to the file."""
        job = work.job
        work.tell(Told("preload", 0.05, 0))
        plan = plan_job(job.body, most=self._most)
        parts: list[Voiced] = []
        for index, turn in enumerate(plan.turns):
            work.tell(_speaking(index, len(plan.turns)))
            parts.append(await self._speaking.turn(lambda turn=turn: voice(turn, plan, self._speaking)))  # type: ignore[misc]
        work.tell(_speaking(1, 1))
        work.tell(Told("postprocessing", 0.85, 0))

        def keep() -> Job:
            whole = joined(parts, plan)
            return self._register.complete(
                job,
                file(whole.pcm, plan),
                extension=plan.format,
                duration_s=len(whole.pcm) / plan.rate,
                words=whole.words,
            )

        return await self._speaking.turn(keep)

    async def _failed(self, job: Job, reason: str) -> Job:
        try:
            return await anyio.to_thread.run_sync(self._register.fail, job, reason)
        except sqlite3.Error:
            # It will be begun anew by another run; whoever waits now must not wait for that.
            _LOG.exception("job %s", job.id)
            return job._replace(status="error", reason=reason)


def _speaking(done: int, parts: int) -> Told:
    share = done / parts
    span = _SPEAKING_TO - _SPEAKING_FROM
    return Told("generate", round(_SPEAKING_FROM + span * share, 4), round(share, 4))
