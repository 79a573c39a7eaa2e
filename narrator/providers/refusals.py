"""What services say when they will not: an error's body taken apart, and errors that mean the same at each.

The readers here know the shapes that frameworks give to errors: `detail` as a list or as text; `message`;
`error` as text or as an object; `code` and `slug`, at the top or within `details`; and text that is no JSON
at all. A service with a shape of its own has its own reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from narrator.errors import KeyMissing, KeyRefused, ProviderError, RequestRefused
from narrator.transport.redaction import excerpt, one_line

_PASSING = (408, 409, 425, 429)


class EdgeRefused(RequestRefused):
    """What stands before the service turned the program away, whoever asks."""

    stops: ClassVar[bool] = True


class Refusal(NamedTuple):
    """What an error says, whatever its shape."""

    said: str
    codes: tuple[str, ...] = ()
    """`code` and `slug`, lower-cased, wherever they stood."""
    fields: tuple[str, ...] = ()
    """Paths in the request that are to blame."""
    status: int = 0
    """That the body itself gives."""
    structured: bool = True
    """Whether it was JSON."""


def read(body: bytes) -> Refusal:
    """An error's body, taken apart."""
    try:
        found = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return Refusal(excerpt(body) or "without a word", structured=False)
    return read_object(found if isinstance(found, dict) else {"detail": found})


def read_object(found: Mapping[str, Any]) -> Refusal:
    """An error as a JSON object, taken apart."""
    objects = list(_objects(found))
    complaints = [complaint for each in objects for complaint in _complaints(each.get("detail"))]
    says = [
        said
        for each in objects
        for name in ("message", "error", "detail", "msg", "title", "reason", "description")
        if isinstance(said := each.get(name), str) and said.strip()
    ]
    codes = {
        str(code).lower()
        for each in objects
        for name in ("code", "slug", "error_code")
        if isinstance(code := each.get(name), str | int)
    }
    statuses = (
        status
        for each in objects
        for name in ("status_code", "status")
        if isinstance(status := each.get(name), int) and not isinstance(status, bool)
    )
    if complaints:
        said = "; ".join(
            f"{path}: {text}" if path and place else text for place, (path, text) in enumerate(complaints)
        )
    else:  # beside a message, `error` is often no more than a status's name
        said = max(says[:2], key=len, default="")
    return Refusal(
        one_line(said) or one_line(json.dumps(found, ensure_ascii=False)),
        tuple(sorted(codes)),
        tuple(path for path, _ in complaints if path),
        next(statuses, 0),
    )


def passes(status: int) -> bool:
    """Whether a status says that the same request may do well later: whatever is said of it, the transport
    settles that."""
    return status in _PASSING or status >= 500


def about_key(said: str, *, keyed: bool, variable: str, provider: str) -> ProviderError:
    """
    What it means that somebody may not ask.

    Args:
        keyed: whether a key was sent.
        variable: where it comes from.
    """
    if keyed:
        return KeyRefused(variable, said, provider=provider)
    return KeyMissing(variable, provider=provider)


def _objects(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An error object and those within it, the outermost first."""
    yield found
    for name in ("details", "detail", "error", "errors"):
        within = found.get(name)
        if isinstance(within, Mapping):
            yield within
            if isinstance(inner := within.get("details"), Mapping):
                yield inner


def _complaints(detail: object) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of each entry of a list such as a 422 has."""
    for entry in detail if isinstance(detail, list) else ():
        if isinstance(entry, Mapping):
            text = next((entry[name] for name in ("msg", "message") if isinstance(entry.get(name), str)), "")
            yield _path(entry.get("loc")), one_line(text) or "is wrong"
        else:
            yield "", one_line(str(entry))


def _path(loc: object) -> str:
    """`["body", "utterances", 0, "text"]` as `utterances[0].text`."""
    path = ""
    for place, step in enumerate(loc if isinstance(loc, list) else ()):
        if isinstance(step, int):
            path += f"[{step}]"
        elif not (place == 0 and step in ("body", "query", "path", "header")):
            path += f".{step}" if path else str(step)
    return one_line(path)
