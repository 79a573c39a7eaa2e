"""A request that is answered with an error; the services word theirs each in its own way."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):  # not a NarratorError: it is for the client, not for who runs the server
    """The answer to a request that cannot be met."""

    def __init__(self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None):
        """
        Args:
            status: of HTTP, 400 to 599.
            body: JSON, in the shape of the service that is stood in for.
            headers: of the answer.
        """
        self.status, self.body, self.headers = status, dict(body), dict(headers or {})
        super().__init__(f"{status}: {body}")
