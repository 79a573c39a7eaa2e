"""A job as the service tells of it: in JSON (contract 5.3), and in events (contract 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from narrator.errors import ProviderError
from narrator.providers.playht.events import events
from narrator.providers.reading import object_or_empty
from narrator.transport import BrokenAnswer, Pieces
from narrator.transport.redaction import one_line

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FAILED = ("error", "failed", "cancelled", "canceled")


class JobLost(ProviderError):
    """Nothing will come of a job: it has failed, or the service does not know it any more, or its file is
    not there or not what it should be."""


class JobMissing(ProviderError):
    """A job was not found where it should be, this time."""

    def __init__(self, *, certain: bool, provider: str) -> None:
        """
        Args:
            certain: whether it is the service itself that says so, and not something before it.
        """
        self.certain = certain
        super().__init__("the job is not found", provider=provider)


class Job(NamedTuple):
    """A job, as far as it is known."""

    id: str
    url: str | None = None
    """Of the finished file."""
    duration_s: float | None = None
    size: int | None = None
    """Bytes of the file."""
    failed: str | None = None
    """Why it failed, where it did."""

    @property
    def ended(self) -> bool:
        """Whether it is finished or has failed."""
        return self.url is not None or self.failed is not None


def created(pieces: Pieces) -> Job:
    """
    The job that an answer speaks of, which may be JSON or, whatever was asked for, events.

    Raises:
        BrokenAnswer: it names none.
    """
    located = _located(pieces.headers.get("location", ""))
    job: Job | None = Job(located)
    try:
        if not _is_events(pieces):
            job = _of(object_or_empty(b"".join(pieces)), Job(located))
        elif not located:
            seen = (_of(object_or_empty(event.data), Job("")) for event in events(pieces))
            job = next((found for found in seen if found), None)
    except (BrokenAnswer, ValueError):
        if not located:  # else it is known, whatever became of the rest
            raise BrokenAnswer("the answer broke off before a job was named") from None
    if job is None or not job.id:
        raise BrokenAnswer("no job is named")
    return job


def told(pieces: Pieces, job: Job) -> Job:
    """What the service says of a job when it is asked for.

    Raises:
        BrokenAnswer: it is not JSON, or tells of another job, which says another line.
    """
    found = object_or_empty(b"".join(pieces))
    if not found:
        raise BrokenAnswer("what it says of the job is no JSON object")
    if not _is_of(found, job):
        raise BrokenAnswer("what it says is of another job")
    return _of(found, job) or job


def followed(pieces: Pieces, job: Job) -> Job:
    """What a stream of events comes to; the job as it was where that ends too early."""
    if not _is_events(pieces):
        return told(pieces, job)
    try:
        for event in events(pieces):
            if event.name == "ping":
                continue
            found = object_or_empty(event.data)
            if not _is_of(found, job):
                break
            if event.name == "error" or str(found.get("stage", "")).lower() in _FAILED:
                return job._replace(failed=_reason(found, event.data))
            if event.name == "completed" or "url" in found:
                seen = _of(found, job)
                if seen is not None and seen.ended:
                    return seen
    except (BrokenAnswer, ValueError):
        pass  # it is asked for instead
    return job


def known_id(text: str) -> str | None:
    """An id, if it can be one: it becomes a part of an address."""
    return text if _ID.fullmatch(text) else None


def _is_of(found: Mapping[str, object], job: Job) -> bool:
    """Whether it tells of that job, as far as it says of which."""
    own = found.get("id")
    return not (isinstance(own, str) and own) or own == job.id


def _of(found: Mapping[str, object], job: Job) -> Job | None:
    """A job from its JSON object, or an event's; None where it has no id that can be one."""
    own = found.get("id")
    number = job.id or (isinstance(own, str) and known_id(own))
    if not number:
        return None
    output = found.get("output")
    result = output if isinstance(output, Mapping) else found
    url = result.get("url")
    status = str(found.get("status") or "").lower()
    return Job(
        number,
        url if isinstance(url, str) and url else None,
        _number(result.get("duration")),
        _size(result.get("size")),
        _reason(found, "") if status in _FAILED and not url else None,
    )


def _located(location: str) -> str:
    """The id at the end of a path such as `/api/v2/tts/{id}?format=...`; `""` where there is none."""
    try:
        path = urlsplit(location).path
    except ValueError:
        return ""
    before, _, last = path.rstrip("/").rpartition("/")
    return last if before.endswith("/tts") and known_id(last) else ""


def _is_events(pieces: Pieces) -> bool:
    return pieces.headers.get("content-type", "").lower().startswith("text/event-stream")


def _reason(found: Mapping[str, object], text: str) -> str:
    """Why a job failed; how that is worded is not known."""
    said = (found.get(name) for name in ("error_message", "message", "error", "reason", "failure_reason"))
    words = next((each for each in said if isinstance(each, str) and each.strip()), text)
    return f"the job failed: {one_line(words) or 'the service does not say why'}"


def _number(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and 0 < value < 1e6 else None  # type: ignore[arg-type,operator]


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
