"""What form of an answer a request wants: `format` in the query, else `accept` (contract 5.1, 6, 8).

What names no form of the endpoint's own (`*/*`, nothing at all) gets JSON where there is a job: the service's
pages contradict each other there, and JSON can be read by whoever did not ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from starlette.requests import Request

from narrator.serving.playht.refusing import refusal

Form = Literal["json", "events", "audio"]

_FORMATS: Mapping[str, Form] = {"event-stream": "events", "audio-mpeg": "audio"}
_MEDIA: Mapping[str, Form] = {
    "application/json": "json",
    "text/event-stream": "events",
    "audio/mpeg": "audio",
    "audio/*": "audio",
}


def form(request: Request, *, able: Sequence[Form]) -> Form:
    """
    How a request is to be answered.

    Args:
        able: what the endpoint has, the first for whoever takes anything.

    Raises:
        Refused: 406, it wants none of that.
    """
    asked = request.query_params.get("format")
    if asked is not None:
        found = _FORMATS.get(asked)
        if found is None or found not in able:
            raise refusal(f"format: {asked[:80]!r} is not to be had here", status=406)
        return found
    accept = ",".join(request.headers.getlist("accept"))
    ranges = _ranges(accept)
    for media in ranges:
        if media in ("*/*", "application/*"):
            return able[0]
        if _MEDIA.get(media) in able:
            return _MEDIA[media]
    if ranges:
        raise refusal(f"accept: {accept[:80]!r} is not to be had here", status=406)
    return able[0]


def wants_link(request: Request) -> bool:
    """Whether a request for a stream would rather have an address: it takes JSON, and not just anything."""
    ranges = _ranges(",".join(request.headers.getlist("accept")))
    return ranges[:1] == ["application/json"] and "*/*" not in ranges


def _ranges(accept: str) -> list[str]:
    """The media ranges of a header, the most wanted first (RFC 9110, 12.5.1)."""
    found: list[tuple[float, str]] = []
    for each in accept.lower().split(","):
        media, *parameters = (part.strip() for part in each.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        if media and weight > 0:
            found.append((-weight, media))
    return [media for _, media in sorted(found, key=lambda pair: pair[0])]
