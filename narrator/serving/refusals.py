"""A request that is answered with an error; the services word theirs each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

Shown = dict[int | str, dict[str, Any]]
"""Answers as FastAPI takes them for its page, by status."""


class Refused(Exception):  # not a NarratorError: it is for the client, not for who runs the server
    """The answer to a request that cannot be met."""

    def __init__(
        self, status: int, body: Mapping[str, object] | str, headers: Mapping[str, str] | None = None
    ) -> None:
        """
        Args:
            status: of HTTP, 400 to 599.
            body: JSON, in the shape of the service that is stood in for.
            headers: of the answer.
        """
        self.status, self.headers = status, dict(headers or {})
        self.body: Any = body if isinstance(body, str) else dict(body)
        super().__init__(f"{status}: {body}")


Refuse = Callable[[int, str, str], Refused]
"""How a service says no: from a status, a message and the path that was asked for. The status of the answer
may be another, where the service uses another."""


def refuse_plainly(status: int, message: str, path: str) -> Refused:  # noqa: ARG001 - as every service's
    """For paths that are no service's."""
    return Refused(status, {"status_code": status, "message": message, "details": {}})


def shown_by_name(schemas: Mapping[int, str]) -> Shown:
    """
    What an endpoint says no with, for the page, which has the schemas from elsewhere.

    Args:
        schemas: names, by status.
    """
    return {
        status: {
            "description": called(status),
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        }
        for status, name in schemas.items()
    }


_RENAMED = {413: "Request Entity Too Large", 414: "Request-URI Too Long", 422: "Unprocessable Entity"}
"""Statuses that Python calls otherwise from 3.13 on; a service's answer does not depend on that."""


def phrase(status: int) -> str:
    """What HTTP calls a status, in every Python alike."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def called(status: int) -> str:
    """What a status is called; 422 as FastAPI calls it, for Python calls it one thing or another."""
    return "Validation Error" if status == 422 else phrase(status)
