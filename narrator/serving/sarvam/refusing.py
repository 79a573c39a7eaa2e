"""How Sarvam says no: one envelope for all endpoints (contract 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from narrator.serving.refusals import Refused, Shown, shown_by_name

_CODES: Mapping[int, str] = {
    403: "invalid_api_key_error",
    404: "not_found_error",
    429: "rate_limit_exceeded_error",
    500: "internal_server_error",
    503: "rate_limit_exceeded_error",
}
_OURS = re.compile(r"^Value error, ")


def request_id() -> str:
    """A new one: the date and a UUID."""
    return f"{datetime.now(UTC):%Y%m%d}_{uuid4()}"


def refusal(message: str, *, status: int = 400, code: str = "") -> Refused:
    """
    A request that cannot be met.

    Args:
        code: the usual one of the status by default.
    """
    code = code or _CODES.get(status, "invalid_request_error")
    return Refused(status, {"error": {"message": message, "code": code, "request_id": request_id()}})


def broken_rule(message: str) -> Refused:
    """A request of the right form that goes against a rule."""
    return refusal(message, status=422, code="unprocessable_entity_error")


def crowded(seconds: int) -> Refused:
    """A request that must come again later."""
    refused = refusal("Too many requests.", status=429)
    return Refused(429, refused.body, {"Retry-After": str(seconds)})


def refuse(status: int, message: str, path: str) -> Refused:  # noqa: ARG001 - as every service's
    """What goes wrong before or beneath the endpoints. A key that is not right is a 403, never a 401."""
    return refusal(message, status=403 if status == 401 else status)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """A body that is not as it must be: which fields, and why."""
    said = []
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in ("body", "query")]
        message = _OURS.sub("", error["msg"])
        said.append(f"{'.'.join(place)}: {message}" if place else message)
    return refusal("; ".join(said))


def shown(*statuses: int) -> Shown:
    """The refusals of an endpoint, for the page; 422 among them, or FastAPI would show its own."""
    return shown_by_name(dict.fromkeys(sorted({*statuses, 422}), "SarvamErrorMessage"))
