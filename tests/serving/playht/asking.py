"""Jobs asked of the server and followed to their end by other means than narrator's own client."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import numpy as np
import soundfile

from narrator.takes import Pcm

JOBS = "/api/v2/tts"
JENNIFER = "s3://voice-cloning-zero-shot/801a663f-efd0-4254-98d0-5c175514c3e8/jennifer/manifest.json"
BRIGGS = "s3://voice-cloning-zero-shot/71cdb799-1e03-41c6-8a05-f7cd55134b0b/original/manifest.json"
UNLISTED = "s3://voice-cloning-zero-shot/99999999-0000-4000-8000-000000000000/who/manifest.json"
LINE = "The lamp was lit. Nobody asked why."
RATE = 24_000

Body = dict[str, Any]
Event = tuple[str, str]
"""Name and data."""


def body(text: str = LINE, **given: Any) -> Body:
    """A request for a wav; *given* replaces what it has."""
    return {"text": text, "voice": JENNIFER, "output_format": "wav"} | given


def created(client: httpx.Client, asked: Body) -> Body:
    """The job as it is told of when it is made."""
    answer = client.post(JOBS, json=asked, headers={"accept": "application/json"})
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{found['id']}"
    return found


def made(client: httpx.Client, asked: Body) -> tuple[Body, bytes]:
    """The job when it is complete, and its file."""
    job_id = created(client, asked)["id"]
    followed(client, job_id)
    job: Body = client.get(f"{JOBS}/{job_id}").json()
    assert job["status"] == "complete", job
    return job, httpx.get(job["output"]["url"]).content


def followed(client: httpx.Client, job_id: str) -> list[Event]:
    """What is told of a job until its end."""
    return events(client.get(f"{JOBS}/{job_id}", headers={"accept": "text/event-stream"}))


def events(answer: httpx.Response) -> list[Event]:
    """The events of an answer, which is nothing but events as the service writes them."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    *told, rest = answer.content.split(b"\r\n\r\n")
    assert rest == b""
    found = []
    for each in told:
        first, second = each.decode().split("\r\n")
        assert first.startswith("event: ")
        assert second.startswith("data: ")
        found.append((first.removeprefix("event: "), second.removeprefix("data: ")))
    return found


def stages(told: list[Event]) -> list[str]:
    """Each stage once, in order."""
    found = (json.loads(data)["stage"] for name, data in told if name != "ping")
    return list(dict.fromkeys(found))


def pcm(file: bytes) -> Pcm:
    """The samples of a file that says what it is."""
    found, _ = soundfile.read(io.BytesIO(file), dtype="int16")
    samples: Pcm = found
    return samples


def spoken(client: httpx.Client, text: str = LINE, **given: Any) -> Pcm:
    """What is heard of a request."""
    answer = client.post(f"{JOBS}/stream", json=body(text, **given))
    assert answer.status_code == 200, answer.text
    data = answer.content
    return np.frombuffer(data[44:], "<i2")
