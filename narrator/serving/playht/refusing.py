"""How PlayHT says no: three shapes, by what is wrong (contract 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from narrator.serving.refusals import Refused, phrase

Shown = dict[int | str, dict[str, Any]]

_IDS: Mapping[int, str] = {
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_OURS = re.compile(r"^Value error, ")


def refusal(message: str, *, status: int = 400) -> Refused:
    """A request that cannot be met."""
    return Refused(status, {"error_message": message, "error_id": _IDS.get(status, "BAD_REQUEST")})


def failed(message: str, *, status: int = 500) -> Refused:
    """What went wrong in the server."""
    return Refused(status, {"message": message, "error": phrase(status)})


def crowded(seconds: int) -> Refused:
    """A request that must come again later: a string, and no object."""
    return Refused(429, "Rate limit exceeded: too many requests are waiting.", {"Retry-After": str(seconds)})


def refuse(status: int, message: str, path: str) -> Refused:  # noqa: ARG001 - as every service's
    """What goes wrong before or beneath the endpoints."""
    return failed(message, status=status) if status >= 500 else refusal(message, status=status)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """A body that is not as it must be: which fields, and why."""
    said = []
    for error in errors:
        if error["type"] == "json_invalid":
            return refusal("The body is no JSON.")
        place = [str(part) for part in error["loc"] if part not in ("body", "query")]
        message = _OURS.sub("", error["msg"])
        said.append(f"{'.'.join(place)}: {message}" if place else message)
    return refusal("; ".join(said))


def shown(*statuses: int) -> Shown:
    """The refusals of an endpoint, for the page."""
    return {
        status: {
            "description": phrase(status),
            "content": {"application/json": {"schema": _schema(status)}},
        }
        for status in statuses
    }


def _schema(status: int) -> dict[str, Any]:
    if status == 429:
        return {"type": "string"}
    name = "PlayHTFailure" if status >= 500 else "PlayHTError"
    return {"$ref": f"#/components/schemas/{name}"}
