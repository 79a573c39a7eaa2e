"""Multipart forms with structure in them, whichever way a client writes it.

How Hume's own service reads them is not known, so every way in which clients write them is understood: a
field that holds JSON (both official SDKs), keys with brackets (`voice[id]`, `include_timestamp_types[0]`, as
the published page has it), and a key that comes several times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_KEY = re.compile(r"([A-Za-z_]\w*)((?:\[\w*\])*)")
_PART = re.compile(r"\[(\w*)\]")
_LISTS = frozenset({"include_timestamp_types", "utterances"})
_DEEPEST = 6


def structured(fields: Iterable[tuple[str, str]]) -> dict[str, object]:
    """
    What the fields of a form say, as a JSON body would say it. Fields that say nothing (`null`, empty
    text) are left out; numbers and flags stay text.

    Args:
        fields: in the order in which they came.
    """
    found: dict[str, object] = {}
    for key, text in fields:
        match = _KEY.fullmatch(key)
        path = [match[1], *_PART.findall(match[2])] if match else [key]
        value = _value(text)
        if value is None or len(path) > _DEEPEST:
            continue
        _put(found, path, value)
    return {key: _listed(key, value) for key, value in found.items()}


def _value(text: str) -> object:
    stripped = text.strip()
    if stripped in ("", "null"):
        return None
    if stripped[0] in '{["':
        try:
            value: object = json.loads(stripped)
        except (ValueError, RecursionError):
            return text  # for whoever checks it to refuse
        return value
    return text


def _put(into: dict[str, object], path: list[str], value: object) -> None:
    key = path[0]
    if len(path) > 1:
        inner = into.get(key)
        if not isinstance(inner, dict):
            inner = into[key] = {}
        step = path[1] or str(len(inner))  # `a[]` is the next one
        _put(inner, [step, *path[2:]], value)
    elif key in into and key in _LISTS:
        earlier = into[key]
        into[key] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    else:
        into[key] = value


def _listed(key: str, value: object) -> object:
    """Where a list is meant: `{"0": a, "1": b}` is one, and so is something that stands alone."""
    if isinstance(value, dict):
        inner = {name: _listed(name, each) for name, each in value.items()}
        if key in _LISTS and all(name.isdigit() for name in inner):
            return [inner[name] for name in sorted(inner, key=int)]
        return inner
    return [value] if key in _LISTS and not isinstance(value, list) else value
