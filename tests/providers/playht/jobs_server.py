"""A small PlayHT on loopback, written from the contract by hand: jobs, events, files, and refusals.

    with PlayHTServer() as server:
        provider = PlayHT({"base_url": server.url})
    server.created[0]["text"]

Jobs end at once unless `busy` says how many times they are told of before. A test that wants worse puts a
step of its own before it with `add`.
"""

from __future__ import annotations

import io
import json
import secrets
import time
import wave
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tests.outside import Answer, Outside, Seen, said

RATE = 24_000
MS_PER_LETTER = 45
JENNIFER = "s3://voice-cloning-zero-shot/801a663f-efd0-4254-98d0-5c175514c3e8/jennifer/manifest.json"
OWN = "s3://voice-cloning-zero-shot/0a0b0c0d-1111-4222-8333-444455556666/my-clone/manifest.json"

Body = dict[str, Any]


@dataclass
class Made:
    """A job at the server."""

    id: str
    body: Body
    file: bytes
    left: int
    """How many times it is still told of as unfinished."""
    changes: Body = field(default_factory=dict)
    """What is told of its output otherwise than is true."""


class PlayHTServer(Outside):
    """The server. `created` holds the bodies of all jobs that were asked for."""

    def __init__(self, *, key: str | None = None, busy: int = 0, port: int = 0) -> None:
        """
        Args:
            key: demanded of every request but those for files.
            busy: how many times a job is told of before it ends.
        """
        super().__init__(then=self.answer, port=port)
        self.key, self.busy = key, busy
        self.created: list[Body] = []
        self.made: dict[str, Made] = {}
        self.changes: Body = {}
        """Of the outputs of jobs that are made from now on."""
        self.fails: list[str] = []
        """Why the next jobs fail, each."""

    @property
    def billed(self) -> int:
        """How many jobs were made."""
        return len(self.created)

    def seen_at(self, method: str, start: str) -> list[Seen]:
        """The requests below a path."""
        return [each for each in self.seen if each.method == method and each.path.startswith(start)]

    def answer(self, seen: Seen) -> Answer:
        parts = urlsplit(seen.path)
        path = parts.path.removeprefix("/api/v2")
        if path.startswith("/files/"):
            return self._file(path.removeprefix("/files/"), seen)
        if self.key is not None and seen.headers.get("authorization") != f"Bearer {self.key}":
            return refused(401, f"Invalid key {seen.headers.get('authorization')}")
        match seen.method, path:
            case "POST", "/tts":
                return self._create(seen)
            case "GET", "/voices":
                return said([*VOICES])
            case "GET", "/cloned-voices":
                return said([{"id": OWN, "name": "my clone", "type": "instant"}])
        job = self.made.get(path.removeprefix("/tts/"))
        if seen.method != "GET" or job is None:
            return refused(404, "Not found")
        wanted = parse_qs(parts.query).get("format", [""])[0] or seen.headers.get("accept", "")
        return self._events(job) if "event-stream" in wanted else said(self._told(job))

    def event(self, job: Made) -> bytes:
        """That a job has ended, as its events say it."""
        output = self._told(Made(job.id, job.body, job.file, 0, job.changes))["output"]
        return sse("completed", {"id": job.id, "progress": 1, "stage": "complete", **output})

    def address(self, job: Made) -> str:
        """Of a job's file."""
        return f"{self.url}/api/v2/files/{job.id}_0.wav"

    def _create(self, seen: Seen) -> Answer:
        assert seen.headers["accept"] == "application/json"
        body: Body = seen.json()
        if wrong := _wrong(body):
            return refused(400, wrong)
        self.created.append(body)
        number = secrets.token_hex(9)
        file = sound(body["text"], body["sample_rate"])
        self.made[number] = job = Made(number, body, file, self.busy, dict(self.changes))
        if self.fails:
            job.changes = {"failed": self.fails.pop(0)}
        return said(
            self._told(Made(number, body, file, 1)),
            status=201,
            headers={"Location": f"/api/v2/tts/{number}"},
        )

    def _told(self, job: Made) -> Body:
        told: Body = {"id": job.id, "created": "2023-03-04T01:12:03.981Z", "input": job.body, "output": None}
        told["_links"] = [{"href": f"https://play.ht/api/v2/tts/{job.id}", "method": "GET", "rel": "self"}]
        if job.left > 0:
            job.left -= 1
            return told | {"status": "queued"}
        if "failed" in job.changes:
            return told | {"status": "error", "error_message": job.changes["failed"]}
        samples = len(read(job.file))
        output = {"duration": samples / job.body["sample_rate"], "size": len(job.file)}
        output |= {"url": self.address(job)} | job.changes
        return told | {"output": output, "status": "complete"}

    def _events(self, job: Made) -> Answer:
        pieces = [
            sse("generating", {"id": job.id, "progress": 0, "stage": "queued"}),
            b": a comment\r\n\r\n",
            b"event: ping\r\ndata: 2024-01-01T00:00:00Z\r\n\r\n",
            sse("generating", {"id": job.id, "progress": 0.32, "stage": "generate", "stage_progress": 0.2}),
            b"event: some-news\r\ndata: []\r\n\r\n",
        ]
        if "failed" in job.changes:
            pieces.append(sse("error", {"message": job.changes["failed"]}))
        else:
            pieces.append(self.event(job))
        stream = b"".join(pieces)
        # Wherever the network likes.
        return Answer(
            [stream[at : at + 37] for at in range(0, len(stream), 37)],
            headers={"Content-Type": "text/event-stream"},
        )

    def _file(self, name: str, seen: Seen) -> Answer:
        assert "authorization" not in seen.headers, "a key went to the files"
        assert "x-user-id" not in seen.headers, "a user id went to the files"
        job = self.made.get(name.partition("_")[0])
        return Answer(b"<Error>NoSuchKey</Error>", status=404) if job is None else Answer(job.file)


def until_asked_for(server: PlayHTServer, *, jobs: int) -> None:
    """Until so many jobs have been asked for: their ids are written down then.

    Nothing more is bought after it only where there are no more lines, or no more may be at work at once.
    """
    deadline = time.monotonic() + 30
    while True:
        heard = len(server.seen)
        asked = {seen.path.rpartition("/")[2] for seen in server.seen_at("GET", "/api/v2/tts/")}
        if len(asked) >= jobs:
            return
        assert time.monotonic() < deadline, f"{len(asked)} of {jobs} jobs were asked for"
        server.wait_for(heard + 1, within_s=30)


def sse(name: str, data: object) -> bytes:
    """An event as the service sends it."""
    return f"event: {name}\r\ndata: {json.dumps(data)}\r\n\r\n".encode()


def refused(status: int, message: str) -> Answer:
    """An ordinary error."""
    return said({"error_message": message, "error_id": "TEST"}, status=status)


def samples(text: str, rate: int = RATE) -> Any:
    """A tone that is as long as a text, and another one for each text."""
    count = max(1, len(text)) * MS_PER_LETTER * rate // 1000
    pitch = 200 + sum(text.encode()) % 400
    return (np.sin(np.arange(count) * 2 * np.pi * pitch / rate) * 8000).astype(np.int16)


def sound(text: str, rate: int = RATE) -> bytes:
    """The same as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples(text, rate).tobytes())
    return file.getvalue()


def read(file: bytes) -> Any:
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(file)) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), np.int16)


def _wrong(body: Body) -> str:
    """What the service refuses (contract 5.2), by hand."""
    engine, text = body.get("voice_engine", "PlayHT2.0"), body.get("text", "")
    wanted = ("text", "voice", "quality", "output_format", "speed", "sample_rate", "voice_engine")
    if missing := [name for name in wanted if name not in body]:
        return f"not said: {missing}"
    if not 0 < len(text) <= (20_000 if engine == "Play3.0-mini" else 2_000):
        return "text is too long or empty"
    if engine not in ("PlayHT1.0", "PlayHT2.0", "Play3.0-mini"):
        return f"voice_engine {engine}"
    if {"emotion", "voice_guidance", "style_guidance"} & set(body) and engine != "PlayHT2.0":
        return "only for PlayHT2.0"
    emotions = ("happy", "sad", "angry", "fearful", "disgust", "surprised")
    if "emotion" in body and body["emotion"].removeprefix("fe").removeprefix("male_") not in emotions:
        return f"emotion {body['emotion']}"
    return "" if 0.1 <= body["speed"] <= 5 else "speed"


VOICES: tuple[Body, ...] = (
    {
        "id": JENNIFER,
        "name": "Jennifer (English (US)/American)",
        "sample": "https://peregrine-samples.s3.amazonaws.com/parrot-samples/jennifer.wav",
        "accent": "american",
        "age": "adult",
        "gender": "female",
        "language": "English (US)",
        "language_code": "en-US",
        "loudness": "neutral",
        "style": "videos",
        "tempo": "neutral",
        "texture": "round",
        "is_cloned": False,
        "voice_engine": "PlayHT2.0",
    },
    {
        "id": "s3://voice-cloning-zero-shot/11111111-2222-4333-8444-555555555555/abram/manifest.json",
        "name": "Abram",
        "sample": None,
        "accent": None,
        "age": None,
        "gender": "male",
        "language": "English (US)",
        "language_code": "en-US",
        "style": None,
        "is_cloned": False,
        "voice_engine": "PlayHT2.0",
    },
    {"id": "larry", "name": "Larry", "language_code": "en-US", "gender": "male", "is_cloned": False},
    {"id": "matthew", "name": "Matthew", "language_code": "en-US", "gender": "male", "is_cloned": False},
)
