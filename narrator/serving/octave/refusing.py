"""How Octave says no: the bodies of its errors, as far as they are known (contract 12.1 and 12.2), and what
the page tells of them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from narrator.serving.octave import wire
from narrator.serving.refusals import Refused, Shown, called, shown_by_name

SPEECH: Mapping[int, type[BaseModel]] = {
    400: wire.Refusal,
    401: wire.Refusal,
    404: wire.Missing,
    413: wire.Refusal,
    422: wire.HTTPValidationError,
    429: wire.Refusal,
}
VOICES: Mapping[int, type[BaseModel]] = {
    400: wire.ErrorResponse,
    401: wire.Refusal,
    413: wire.Refusal,
    422: wire.HTTPValidationError,
}
"""What refusals look like where speech is asked for, and where voices are."""


def as_models(bodies: Mapping[int, type[BaseModel]]) -> Shown:
    """For an endpoint that answers JSON itself; it brings the schemas onto the page."""
    return {status: {"description": called(status), "model": body} for status, body in bodies.items()}


def as_references(bodies: Mapping[int, type[BaseModel]]) -> Shown:
    """For any endpoint: a model would be given the media type of the endpoint's own answer."""
    return shown_by_name({status: body.__name__ for status, body in bodies.items()})


def refuse(status: int, message: str, path: str) -> Refused:
    """What goes wrong before or beneath the endpoints."""
    return missing(message, path) if status == 404 else refusal(message, status=status)


def refusal(message: str, *, status: int = 400, details: Mapping[str, object] | None = None) -> Refused:
    """A request that cannot be met as it is."""
    return Refused(status, {"status_code": status, "message": message, "details": dict(details or {})})


def missing(message: str, path: str) -> Refused:
    """A path or a voice that is not there."""
    return Refused(404, {"status": 404, "error": "Not Found", "message": message, "path": path})


def unwelcome(message: str, *, code: str) -> Refused:
    """A request about voices that cannot be met."""
    return Refused(400, {"code": code, "error": "Bad Request", "message": message})


def crowded(seconds: int) -> Refused:
    """A request that must come again later."""
    body = {"status_code": 429, "message": "Too many requests.", "details": {}}
    return Refused(429, body, {"Retry-After": str(seconds)})


def in_band(message: str, request_id: str) -> dict[str, object]:
    """The line that ends a stream which cannot go on (contract 12.5)."""
    return {
        "type": "error",
        "code": "E0500",
        "slug": "synthesis_failed",
        "message": message,
        "request_id": request_id,
    }
