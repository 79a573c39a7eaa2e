"""What stands between `---` lines at the top of a file: settings for the chapters in it.

    ---
    title: The lamp          # of a file without a `#` heading
    direction: wearily       # for every chapter of the file
    speed: 0.95
    silent: true             # its chapter titles are not spoken
    ---

A manuscript is untrusted, so the YAML is read event by event and nothing is constructed from it:
one mapping of plain values; no tags, anchors, aliases or nesting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from narrator.errors import ConfigurationError, ProjectError, UnknownKey
from narrator.parsing.attributes import SPEEDS

KEYS = ("title", "direction", "speed", "silent")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class FrontMatter(NamedTuple):
    """Settings for the chapters of a file."""

    title: str | None = None
    direction: str | None = None
    speed: float | None = None
    silent: bool = False


def read_front_matter(text: str, *, file: str, line: int, errors: list[ProjectError]) -> FrontMatter:
    """Read what stands between the `---` lines; faults go to *errors*, with file and line.

    Args:
        text: the YAML, without the `---` lines.
        line: the 1-based line on which it begins.
        errors: where faults are added.
    """
    given: dict[str, str] = {}
    speed: float | None = None
    silent: bool | None = None

    def fault(message: str, at: int) -> None:
        errors.append(ConfigurationError(message, file=file, line=at))

    try:
        for key, value, at in _pairs(text, line):
            if key not in KEYS:
                errors.append(UnknownKey(key, KEYS, file=file, line=at))
            elif key in given:
                fault(f"{key} is said twice; keep one", at)
            elif key == "speed":
                given[key], speed = value, _speed(value)
                if speed is None:
                    fault(f"speed must be a number from {SPEEDS[0]:g} to {SPEEDS[1]:g}, not {value!r}", at)
            elif key == "silent":
                given[key], silent = value, _TRUTH.get(value.lower())
                if silent is None:
                    fault(f"silent must be true or false, not {value!r}", at)
            else:
                given[key] = " ".join(value.split())
    except _BadYaml as bad:
        fault(bad.message, bad.line)
        return FrontMatter()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault(f"front matter is not valid YAML: {error.problem}", line + (mark.line if mark else 0))
        return FrontMatter()
    except yaml.YAMLError as error:
        fault(f"front matter is not valid YAML: {' '.join(str(error).split())}", line)
        return FrontMatter()
    return FrontMatter(given.get("title") or None, given.get("direction"), speed, silent is True)


def _speed(value: str) -> float | None:
    try:
        speed = float(value)
    except ValueError:
        return None
    return speed if SPEEDS[0] <= speed <= SPEEDS[1] else None


class _BadYaml(Exception):
    def __init__(self, message: str, line: int) -> None:
        self.message, self.line = message, line
        super().__init__(message)


def _pairs(text: str, line: int) -> Iterator[tuple[str, str, int]]:
    """Key, value and line of each entry of one flat mapping."""
    key: str | None = None
    key_line = depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        at = line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _BadYaml("anchors and aliases (& and *) are not allowed in front matter", at)
        if getattr(event, "tag", None):
            raise _BadYaml("tags (!) are not allowed in front matter", at)
        if isinstance(event, yaml.MappingStartEvent) and depth == 0:
            depth = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            raise _BadYaml(f"front matter holds plain values only: {', '.join(KEYS)}", at)
        elif isinstance(event, yaml.ScalarEvent):
            if depth == 0:
                raise _BadYaml(
                    "front matter is not `key: value` lines; if `---` is a scene break, write `***` instead",
                    at,
                )
            if key is None:
                key, key_line = event.value, at
            else:
                yield key, event.value, key_line
                key = None
        elif isinstance(event, yaml.DocumentStartEvent) and depth:
            raise _BadYaml("front matter is one YAML document", at)
