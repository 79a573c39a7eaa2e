"""Fields of a service's JSON objects, each of the type it must have; `null` counts as not there.

Whatever is wrong is a `BrokenAnswer` that names the field; but what is only told to people may be anything
(`text_or_empty`, `gender_or_empty`).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Literal

from narrator.transport import BrokenAnswer

Found = Mapping[str, object]
"""A JSON object."""

_LONGEST_ID = 200
_LONGEST_MS = 10**9
_JSON_NAMES = {
    type(None): "missing",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def text(found: Found, name: str) -> str:
    """Text; half characters, which no file can hold, are replaced."""
    value = found.get(name)
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def text_or_none(found: Found, name: str) -> str | None:
    """The same, where it may be left out."""
    return None if found.get(name) is None else text(found, name)


def text_or_empty(found: Found, name: str) -> str:
    """Text; `""` in place of anything else."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def gender_or_empty(said: str) -> Literal["female", "male", ""]:
    """Of a voice, where a service's word for it is one of the two."""
    match said.lower():
        case "female":
            return "female"
        case "male":
            return "male"
    return ""


def identifier(found: Found, name: str) -> str:
    """An id: printable, of some length and of bounded length; never taken apart."""
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable():
        raise _wrong(name, value, "an id")
    return value


def identifier_or_none(found: Found, name: str) -> str | None:
    """The same, where it may be left out."""
    return None if found.get(name) is None else identifier(found, name)


def count(found: Found, name: str) -> int:
    """A whole number, 0 or more."""
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _wrong(name, value, "a whole number")
    return value


def count_or_none(found: Found, name: str) -> int | None:
    """The same, where it may be left out."""
    return None if found.get(name) is None else count(found, name)


def flag(found: Found, name: str) -> bool:
    """True or false."""
    value = found.get(name)
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


def number(found: Found, name: str) -> float:
    """A finite number."""
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e300 < value < 1e300:
        raise _wrong(name, value, "a number")
    return float(value)


def number_or_none(found: Found, name: str) -> float | None:
    """The same, where it may be left out."""
    return None if found.get(name) is None else number(found, name)


def milliseconds(found: Found, name: str) -> int:
    """A time in whole milliseconds, within some days of zero."""
    return round(min(max(number(found, name), -_LONGEST_MS), _LONGEST_MS))


def audio(found: Found, name: str) -> bytes:
    """What base64 stands for."""
    value = found.get(name)
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as exc:
        raise BrokenAnswer(f"`{name}` is no base64 ({exc})") from exc


def nested(found: Found, name: str) -> Found:
    """An object."""
    return as_object(found.get(name), name)


def nested_or_none(found: Found, name: str) -> Found | None:
    """The same, where it may be left out."""
    return None if found.get(name) is None else nested(found, name)


def listed(found: Found, name: str) -> list[object]:
    """A list; an empty one where it is left out."""
    value = found.get(name)
    return [] if value is None else as_list(value, name)


def as_object(value: object, name: str) -> Found:
    """*value*, which must be an object."""
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object")
    return value


def as_list(value: object, name: str) -> list[object]:
    """*value*, which must be a list."""
    if not isinstance(value, list):
        raise _wrong(name, value, "a list")
    return value


def _wrong(name: str, value: object, wanted: str) -> BrokenAnswer:
    kind = _JSON_NAMES.get(type(value), "unknown")
    shown = f" ({str(value)[:40]})" if isinstance(value, str | int | float) else ""
    return BrokenAnswer(f"`{name}` is {kind}{shown} in place of {wanted}")
