"""What is told of a job: as JSON (contract 5.3), and as events (contract 7)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from narrator.serving.playht.asking import RATE
from narrator.serving.playht.register import Job, now_ms, stamp
from narrator.serving.playht.wire import Status
from narrator.serving.playht.working import PING_S, Told, Work

JOBS = "/api/v2/tts"
FILES = "/api/v2/files"


def as_json(job: Job, base: str, *, stage: Status | None = None) -> dict[str, Any]:
    """
    A job.

    Args:
        base: of addresses, without a slash at its end.
        stage: where it stands, if it has not ended.
    """
    told = {
        "id": job.id,
        "created": stamp(job.created_ms),
        "input": as_input(job),
        "output": as_output(job, base),
        "status": stage if stage and job.status == "queued" else job.status,
        "_links": list(_links(job, base)),
    }
    return told | ({"error_message": job.reason} if job.reason else {})


def as_input(job: Job) -> dict[str, Any]:
    """What was asked, with what was not said put in."""
    body = job.body
    usual: dict[str, Any] = {
        "text": body.text,
        "voice": body.voice,
        "quality": "medium",
        "output_format": "mp3",
        "speed": 1,
        "sample_rate": RATE,
        "seed": None,
        "temperature": None,
        "voice_engine": "PlayHT2.0",
        "emotion": None,
        "voice_guidance": None,
        "style_guidance": None,
    }
    return usual | body.model_dump(exclude_none=True)


def as_output(job: Job, base: str) -> dict[str, Any] | None:
    """What it has come to; None until it has."""
    if job.status != "complete":
        return None
    return {"duration": job.duration_s, "size": job.size, "url": f"{base}{FILES}/{job.file}"}


async def as_events(
    job: Job, work: Work | None, base: str, *, ping_s: float = PING_S
) -> AsyncGenerator[bytes, None]:
    """
    A job until it has ended, from where it was begun.

    Args:
        work: None where nobody works on it any more.
    """
    pinged = False
    if work is not None:
        async for told in work.follow(ping_s=ping_s):
            if told is not None and told.stage != "complete":
                yield event("generating", _stage(job, told))
            if told is None or not pinged:
                # The first comes early, so that who cannot read one finds out.
                pinged = True
                yield event("ping", stamp(now_ms()), plain=True)
        job = work.job
    if job.status == "complete":
        yield event("completed", {"id": job.id, "progress": 1, "stage": "complete"} | _flat(job, base))
    else:
        yield event("error", {"id": job.id, "stage": "error", "error_message": job.reason})


def event(name: str, data: object, *, plain: bool = False) -> bytes:
    """
    An event; lines end in CRLF.

    Args:
        plain: whether *data* stands there as it is, not as JSON.
    """
    words = data if plain else json.dumps(data)
    return f"event: {name}\r\ndata: {words}\r\n\r\n".encode()


def _flat(job: Job, base: str) -> dict[str, Any]:
    output = as_output(job, base) or {}
    return {name: output[name] for name in ("url", "duration", "size")}


def _stage(job: Job, told: Told) -> dict[str, Any]:
    said: dict[str, Any] = {"id": job.id, "progress": told.progress, "stage": told.stage}
    return said | ({} if told.stage_progress is None else {"stage_progress": told.stage_progress})


def _links(job: Job, base: str) -> Iterator[dict[str, str]]:
    here = f"{base}{JOBS}/{job.id}"
    yield link(here, "application/json", "self", "This job.")
    yield link(f"{here}?format=event-stream", "text/event-stream", "related", "Its progress, as events.")
    if (job.body.output_format or "mp3") == "mp3":
        yield link(f"{here}?format=audio-mpeg", "audio/mpeg", "related", "Its sound.")


def link(href: str, media: str, rel: str, description: str) -> dict[str, str]:
    """Where something is to be had."""
    return {"href": href, "method": "GET", "contentType": media, "rel": rel, "description": description}
