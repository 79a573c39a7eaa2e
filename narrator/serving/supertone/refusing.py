"""How Supertone says no: one envelope for all endpoints, of which the wording is ours (contract 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from narrator.serving.refusals import Refused, phrase

Shown = dict[int | str, dict[str, Any]]

_OURS = re.compile(r"^Value error, ")


def refusal(message: str | Sequence[str], *, status: int = 400) -> Refused:
    """
    A request that cannot be met.

    Args:
        message: several, where it is fields that are wrong.
    """
    said = message if isinstance(message, str) else list(message)
    inner = {"message": said, "error": phrase(status), "statusCode": status}
    return Refused(status, {"status": "error", "message": inner})


def missing(what: str) -> Refused:
    """Something that is not there: `missing("Voice")`."""
    return refusal(f"{what} not found", status=404)


def crowded(seconds: int) -> Refused:
    """A request that must come again later."""
    refused = refusal("Too many requests", status=429)
    return Refused(429, refused.body, {"Retry-After": str(seconds)})


def refuse(status: int, message: str, path: str) -> Refused:  # noqa: ARG001 - as every service's
    """What goes wrong before or beneath the endpoints."""
    return refusal(message, status=status)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """A body or query that is not as it must be, a 400: which fields, and why."""
    said = []
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
        message = _OURS.sub("", error["msg"])
        said.append(f"{'.'.join(place)}: {message}" if place else message)
    return refusal(said)


def shown(*statuses: int) -> Shown:
    """The refusals of an endpoint, for the page; 422 among them, or FastAPI would show its own."""
    schema = {"$ref": "#/components/schemas/SupertoneError"}
    return {
        status: {
            "description": phrase(status),
            "content": {"application/json": {"schema": schema}},
        }
        for status in sorted({*statuses, 401, 422, 429})
    }
