"""Every job there is, and its file: on disk, so that a server that is started again goes on where it was."""

from __future__ import annotations

import json
import secrets
import string
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from narrator.files import replacing
from narrator.serving.playht.sounding import Timed
from narrator.serving.playht.wire import PlayHTJobRequest, PlayHTStreamRequest, PlayHTTranscriptionRequest
from narrator.serving.state import State

TABLES = """
CREATE TABLE IF NOT EXISTS playht_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
    body TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, file TEXT, size INTEGER, duration_s REAL,
    words TEXT
);
CREATE TABLE IF NOT EXISTS playht_links (
    id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS playht_passes (
    id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS playht_transcriptions (
    id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, body TEXT NOT NULL
);
"""
"""What `State` must hold."""

JOB_KEPT_MS = 48 * 3600 * 1000
"""After which nobody knows a job any more."""
FILE_KEPT_MS = 30 * 24 * 3600 * 1000
"""After which its file is gone."""
PASS_KEPT_MS = 24 * 3600 * 1000
"""How long speech can be had without a key at an address that was handed out."""
FILES_BYTES = 2**32
"""Of all files together; the oldest go before their time."""
ID_LENGTH = 18
_LETTERS = string.ascii_letters + string.digits
_SWEEP = 100
"""Jobs between two looks for old ones."""
_FIELDS = "id, created_ms, body, status, reason, file, size, duration_s"


class Job(NamedTuple):
    """A job as it is kept."""

    id: str
    created_ms: int
    """Since 1970."""
    body: PlayHTJobRequest
    status: Literal["queued", "complete", "error"]
    """Where it stands in between is known only to who works on it."""
    reason: str | None
    file: str | None
    """Name of its file."""
    size: int
    """Bytes of that."""
    duration_s: float


class Register:
    """Jobs by id. Its methods block."""

    def __init__(self, state: State, folder: Path, *, bytes_kept: int = FILES_BYTES) -> None:
        """
        Args:
            folder: of the files; made when there is one.
        """
        self._state, self._folder, self._bytes_kept = state, folder, bytes_kept
        self._until_sweep = 0

    def create(self, body: PlayHTJobRequest) -> Job:
        """A new job; it is on disk when this returns."""
        job = Job(new_id(), now_ms(), body, "queued", None, None, 0, 0.0)
        with self._state.changing() as database:
            database.execute(
                "INSERT INTO playht_jobs (id, created_ms, body, status) VALUES (?, ?, ?, ?)",
                (job.id, job.created_ms, body.model_dump_json(exclude_none=True), job.status),
            )
        self._until_sweep -= 1
        if self._until_sweep < 0:
            self._until_sweep = _SWEEP
            self._sweep()
        return job

    def read(self, job_id: str) -> Job | None:
        """A job; None where there is none, or none any more."""
        rows = self._state.rows(
            f"SELECT {_FIELDS} FROM playht_jobs WHERE id = ? AND created_ms > ?",  # noqa: S608 - a constant
            (job_id, now_ms() - JOB_KEPT_MS),
        )
        return _job(rows[0]) if rows else None

    def unfinished(self) -> list[Job]:
        """Jobs that have not ended, the oldest first."""
        rows = self._state.rows(
            f"SELECT {_FIELDS} FROM playht_jobs WHERE status = 'queued' AND created_ms > ? ORDER BY number",  # noqa: S608 - a constant
            (now_ms() - JOB_KEPT_MS,),
        )
        return [_job(row) for row in rows]

    def complete(
        self, job: Job, pieces: Iterable[bytes], *, extension: str, duration_s: float, words: Iterable[Timed]
    ) -> Job:
        """
        Keep what a job has come to: first its file, then that there is one.

        Raises:
            OutputError: the file cannot be written.
        """
        name = f"{job.id}_0.{extension}"
        size = 0
        with replacing(self._folder / name) as out:
            for piece in pieces:
                size += out.write(piece)
        with self._state.changing() as database:
            database.execute(
                "UPDATE playht_jobs SET status = 'complete', file = ?, size = ?, duration_s = ?, words = ?"
                " WHERE id = ?",
                (name, size, duration_s, json.dumps([*words]), job.id),
            )
        return job._replace(status="complete", file=name, size=size, duration_s=duration_s)

    def fail(self, job: Job, reason: str) -> Job:
        """Keep that nothing will come of a job."""
        with self._state.changing() as database:
            database.execute(
                "UPDATE playht_jobs SET status = 'error', reason = ? WHERE id = ?", (reason, job.id)
            )
        return job._replace(status="error", reason=reason)

    def path(self, name: str) -> Path | None:
        """Where the file of a name is; None where there is none, or none any more."""
        rows = self._state.rows(
            "SELECT file FROM playht_jobs WHERE id = ? AND created_ms > ?",
            (name[:ID_LENGTH], now_ms() - FILE_KEPT_MS),
        )
        path = self._folder / name
        return path if rows == [(name,)] and path.is_file() else None

    def words(self, job_id: str) -> tuple[Timed, ...]:
        """When the words of a job sound that has ended well."""
        rows = self._state.rows("SELECT words FROM playht_jobs WHERE id = ?", (job_id,))
        return tuple(Timed(*each) for each in json.loads(rows[0][0])) if rows and rows[0][0] else ()

    def link(self, body: PlayHTStreamRequest) -> str:
        """Keep a request for a stream until it is fetched; gives the id to fetch it by."""
        link_id, now = new_id(), now_ms()
        with self._state.changing() as database:
            database.execute("DELETE FROM playht_links WHERE created_ms <= ?", (now - JOB_KEPT_MS,))
            database.execute(
                "INSERT INTO playht_links (id, created_ms, body) VALUES (?, ?, ?)",
                (link_id, now, body.model_dump_json(exclude_none=True)),
            )
        return link_id

    def follow(self, link_id: str) -> PlayHTStreamRequest | None:
        """The request that was kept, which is not kept any longer; None where there is none."""
        with self._state.changing() as database:
            row = database.execute(
                "DELETE FROM playht_links WHERE id = ? AND created_ms > ? RETURNING body",
                (link_id, now_ms() - JOB_KEPT_MS),
            ).fetchone()
        return PlayHTStreamRequest.model_validate_json(row[0]) if row else None

    def hand_out(self) -> tuple[str, int]:
        """A new pass for speech without a key, and when it ends, in milliseconds since 1970."""
        pass_id, now = new_id(), now_ms()
        with self._state.changing() as database:
            database.execute("DELETE FROM playht_passes WHERE created_ms <= ?", (now - PASS_KEPT_MS,))
            database.execute("INSERT INTO playht_passes (id, created_ms) VALUES (?, ?)", (pass_id, now))
        return pass_id, now + PASS_KEPT_MS

    def knows(self, pass_id: str) -> bool:
        """Whether a pass was handed out and has not ended."""
        return bool(
            self._state.rows(
                "SELECT 1 FROM playht_passes WHERE id = ? AND created_ms > ?",
                (pass_id, now_ms() - PASS_KEPT_MS),
            )
        )

    def transcribe(self, body: PlayHTTranscriptionRequest) -> None:
        """Keep how the words of a job are wanted, in place of how they were wanted before."""
        with self._state.changing() as database:
            database.execute(
                "INSERT OR REPLACE INTO playht_transcriptions (id, created_ms, body) VALUES (?, ?, ?)",
                (body.tts_job_id, now_ms(), body.model_dump_json()),
            )

    def transcription(self, job_id: str) -> tuple[PlayHTTranscriptionRequest, int] | None:
        """How they are wanted, and since when; None where they are not."""
        rows = self._state.rows("SELECT body, created_ms FROM playht_transcriptions WHERE id = ?", (job_id,))
        return (PlayHTTranscriptionRequest.model_validate_json(rows[0][0]), rows[0][1]) if rows else None

    def _sweep(self) -> None:
        """Forget what is too old or too much, files first."""
        kept = 0
        for job_id, created_ms, name, size in self._state.rows(
            "SELECT id, created_ms, file, size FROM playht_jobs"
            " WHERE status != 'queued' OR created_ms <= ? ORDER BY number DESC",
            (now_ms() - JOB_KEPT_MS,),
        ):
            kept += size or 0
            if created_ms > now_ms() - FILE_KEPT_MS and kept <= self._bytes_kept:
                continue
            if name:
                (self._folder / name).unlink(missing_ok=True)
            with self._state.changing() as database:
                database.execute("DELETE FROM playht_jobs WHERE id = ?", (job_id,))
                database.execute("DELETE FROM playht_transcriptions WHERE id = ?", (job_id,))


def new_id() -> str:
    """18 letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(ID_LENGTH))


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def stamp(ms: int) -> str:
    """A time as the service writes it: `2023-03-04T01:12:03.981Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _job(row: tuple[Any, ...]) -> Job:
    job_id, created_ms, body, status, reason, file, size, duration_s = row
    read = PlayHTJobRequest.model_validate_json(body)
    return Job(job_id, created_ms, read, status, reason, file, size or 0, duration_s or 0.0)
