"""Pandoc's attributes, `{.mara direction="whispering" speed=0.9}`: the grammar, and what narrator knows.

The grammar is that of `mdit_py_plugins.attrs` (djot's). Three things are read that it refuses,
because writers type them: a bare number with a point (`speed=0.9`), a bare path
(`guide=guides/go.wav`), and typographic quotes round a value, as word processors put them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from mdit_py_plugins.attrs.parse import ParseError, parse

from narrator.casting import Cast, fold
from narrator.errors import ManuscriptError, ProjectError, UncastRole, UnknownKey
from narrator.manuscript import NARRATOR

MAX_PAUSE_S = 60.0
SPEEDS = (0.25, 4.0)

_BRACE = re.compile(r"[{}]")
_BARE = re.compile(
    r"""("(?:\\.|[^"\\])*")|=([+-]?\d*\.\d+)(?=[\s}])|(?<=[\s{]guide)=([^\s"'“”„{}]+)(?=[\s}])"""
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CURLY = str.maketrans("“”„", '"""')

Found = Mapping[str, str]
"""Attributes as written: `class` holds all classes, by spaces."""


class Attributes(NamedTuple):
    """What attributes ask for, checked."""

    role: str | None = None
    direction: str | None = None
    speed: float | None = None
    say: str | None = None
    guide: str | None = None
    pause_ms: int | None = None
    silent: bool = False


NOTHING = Attributes()
SPAN = frozenset({"role", "direction", "speed", "say", "guide"})
"""What `[text]{...}` may ask for."""
BLOCK = frozenset({"role", "direction", "speed", "pause", "silent"})
"""What a line of attributes may ask for; only a heading can be silent."""
HEADING = frozenset({"direction", "speed", "pause", "silent"})
"""What may stand at the end of a heading."""


def find_attributes(text: str, at: int, end: int) -> tuple[int, Found] | None:
    """Attributes that begin at *at* (a `{`): where they end, and what they say. None if it is plain text."""
    brace = _BRACE.search(text, at + 1, end)
    if brace is None or brace.group() == "{":
        return None
    written = text[at : brace.end()]
    for spelling in (written, written.translate(_CURLY)):
        quoted = _BARE.sub(lambda m: m.group(1) or f'="{m.group(2) or m.group(3)}"', spelling)
        try:
            length, found = parse(quoted)
        except ParseError:
            continue
        if found and length == len(quoted) - 1:
            return brace.end(), found
    return None


class Reader:
    """Checks attributes against the cast; every fault is kept in `errors` with file and line."""

    def __init__(self, cast: Cast, errors: list[ProjectError]) -> None:
        self._names = {name: role.name for name, role in cast.by_name().items()}
        self._names.setdefault(fold(NARRATOR), NARRATOR)
        self._written = [name for role in cast.roles for name in (role.name, *role.aliases)]
        self._uncast: set[str] = set()
        self.errors = errors

    def role(self, name: str, *, file: str, line: int) -> str | None:
        """The canonical name of a role; an unknown one is an error, told once for each name."""
        folded = fold(name)
        known = self._names.get(folded)
        if known is None and folded not in self._uncast:
            self._uncast.add(folded)
            self.errors.append(UncastRole(name, self._written, file=file, line=line))
        return known

    def knows(self, name: str) -> str | None:
        """The canonical name of a role, None where *name* is none."""
        return self._names.get(fold(name))

    def read(self, found: Found, *, allowed: frozenset[str], file: str, line: int) -> Attributes:
        """What *found* asks for, in a place where only *allowed* may be asked for."""
        given: dict[str, str | float | int | bool | None] = {}
        for key, raw in found.items():
            value = _ESCAPE.sub(r"\1", raw)
            if key == "class":
                for name in value.split():
                    given |= self._class(name, allowed, file, line)
            elif key == "id":
                continue  # an anchor: nothing to hear
            elif key == "guide":
                given["guide"] = self._guide(raw, allowed, file, line)
            elif key not in allowed or key == "silent":
                keys = sorted(allowed - {"silent"}) + [".silent"] * ("silent" in allowed)
                self.errors.append(UnknownKey(key, keys, file=file, line=line))
            elif key == "role":
                given["role"] = self.role(value, file=file, line=line)
            elif key == "speed":
                given["speed"] = self.number("speed", value, *SPEEDS, file=file, line=line)
            elif key == "pause":
                seconds = self.number("pause", value, 0.0, MAX_PAUSE_S, file=file, line=line)
                given["pause_ms"] = None if seconds is None else round(seconds * 1000)
            elif key == "say" and not value.strip():
                self.errors.append(ManuscriptError("say is empty; write how it sounds", file=file, line=line))
            else:
                given[key] = value.strip()
        return Attributes(**given)  # type: ignore[arg-type]  # each key's type is settled above

    def _guide(self, raw: str, allowed: frozenset[str], file: str, line: int) -> str | None:
        fault = None
        if "guide" not in allowed:
            fault = 'a guide recording says the words in brackets; write `[the words]{guide="..."}`'
        elif not raw.strip():
            fault = "guide is empty; name a recording, such as guides/01.wav"
        elif "\\" in raw:
            fault = f"guide={raw} holds a backslash; write `/` between folders, as in guides/01.wav"
        if fault:
            self.errors.append(ManuscriptError(fault, file=file, line=line))
            return None
        return raw.strip()

    def _class(
        self, name: str, allowed: frozenset[str], file: str, line: int
    ) -> dict[str, str | bool | None]:
        if name == "silent" and "silent" in allowed:
            return {"silent": True}
        if "role" not in allowed:
            self.errors.append(UnknownKey(f".{name}", [".silent"], file=file, line=line))
            return {}
        return {"role": self.role(name, file=file, line=line)}

    def number(
        self, key: str, value: str, least: float, most: float, *, file: str, line: int | None
    ) -> float | None:
        """A number between *least* and *most*; anything else is an error."""
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if least <= number <= most:
            return number
        self.errors.append(
            ManuscriptError(f"{key}={value} is not a number from {least:g} to {most:g}", file=file, line=line)
        )
        return None


def add_direction(outer: str | None, inner: str | None) -> str | None:
    """The direction in force where *inner* is written within *outer*: one that begins with `+` is added.

    A `+` that is left over is kept, for `casting.direct` to add to the role's or the chapter's own.
    """
    if inner is None:
        return outer
    if outer and inner.startswith("+"):
        return f"{outer}, {inner[1:].strip()}"
    return inner
