"""A mapping of a settings file, asked key by key for what each value should be.

A value means what it is asked for as: `title: 1984`, `author: No`, `isbn: 0123` and `series: 1:30`
are texts, whatever YAML 1.1 would make of them, and `year: 2026` is a number. What is wrong is noted
in a list of problems rather than raised, so that one run shows all of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TypeGuard, TypeVar

from narrator.casting import Setting
from narrator.errors import ConfigurationError, ProjectError, UnknownKey, nearest
from narrator.settings.nodes import Node, Scalar, Series, Table

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_CREDENTIAL = re.compile(
    r"(?:^|[^a-z])(?:keys?|token|auth|authorization|bearer)(?:$|[^a-z])"
    r"|(?:api|access|private)key|secret|passw|passphrase|credential"
)
_PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_ANY_VARIABLE = "such as HUME_API_KEY"

Choice = TypeVar("Choice", bound=str)


def looks_like_credential(key: str) -> bool:
    """Whether a setting is one that nobody should write into a file: `api_key`, `token`, `secret`, ..."""
    return bool(_CREDENTIAL.search(key.lower()))


def _credential_hint(variables: str = _ANY_VARIABLE) -> str:
    return f"keys come from the environment ({variables}), never from a file of the project"


def setting(scalar: Scalar) -> Setting:
    """A value that nobody has a type for, by the core schema of YAML 1.2, `0123` staying text."""
    text = scalar.text
    if not scalar.plain or _LEADING_ZERO.match(text):
        return text
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


class Settings:
    """One mapping of a settings file, asked for by key. A key never asked for is unknown.

    Each question answers None where the key is missing, empty, or not what is asked for; the last is
    noted as a problem that says what was expected and what stands there.
    """

    def __init__(self, table: Table, *, file: str, problems: list[ProjectError]) -> None:
        self.table, self.file, self.problems = table, file, problems
        self._values = {key.text: value for key, value in table.entries}
        self._lines = {key.text: key.line for key, value in table.entries}
        self._asked: list[str] = []

    def line(self, key: str) -> int | None:
        """Where *key* stands."""
        return self._lines.get(key)

    def note(self, message: str, *, line: int | None) -> None:
        """Add a problem."""
        self.problems.append(ConfigurationError(message, file=self.file, line=line))

    def within(self, table: Table) -> Settings:
        """A mapping that stands inside this one."""
        return Settings(table, file=self.file, problems=self.problems)

    def node(self, key: str) -> Node | None:
        """Whatever stands there."""
        self._asked.append(key)
        node = self._values.get(key)
        return None if isinstance(node, Scalar) and node.absent else node

    def text(self, key: str, *, clears: bool = False) -> str | None:
        """A text on one line: runs of white space become a space. Where it *clears*, `""` is an answer."""
        node = self.node(key)
        if isinstance(node, Scalar):
            empty = "" if clears else None
            return " ".join(node.text.split()) or empty
        self._expected(key, "a text", node)
        return None

    def path(self, key: str) -> str | None:
        """A path exactly as written."""
        node = self.node(key)
        if isinstance(node, Scalar):
            return node.text or None
        self._expected(key, "a path", node)
        return None

    def required(self, key: str, *, example: str) -> str | None:
        """A text without which nothing works; None (and a problem) where it is missing."""
        before = len(self.problems)
        text = self.text(key)
        if text is None and len(self.problems) == before:
            self.note(f"`{key}` is missing; add `{key}: {example}`", line=self.line(key))
        return text

    def whole(self, key: str, *, least: int, most: int) -> int | None:
        """A whole number from *least* to *most*."""
        node = self.node(key)
        if _matches(node, _WHOLE) and least <= (value := int(node.text)) <= most:
            return value
        self._expected(key, f"a whole number from {least} to {most}", node, unquoted=True)
        return None

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """A number from *least* to *most*."""
        node = self.node(key)
        if _matches(node, _NUMBER) and least <= (value := float(node.text)) <= most:
            return value
        self._expected(key, f"a number from {least:,.10g} to {most:,.10g}", node, unquoted=True)
        return None

    def flag(self, key: str) -> bool | None:
        """`true` or `false`; `yes`, `no`, `on` and `off` do as well."""
        node = self.node(key)
        if isinstance(node, Scalar) and node.plain and node.text.lower() in _FLAGS:
            return _FLAGS[node.text.lower()]
        self._expected(key, "true or false", node, unquoted=True)
        return None

    def choice(self, key: str, choices: Sequence[Choice]) -> Choice | None:
        """One of *choices*."""
        node = self.node(key)
        if not isinstance(node, Scalar):
            self._expected(key, f"one of {', '.join(choices)}", node)
            return None
        for known in choices:
            if node.text == known:
                return known
        close = nearest(node.text, choices)
        hint = f"; did you mean {close!r}?" if close else ""
        self.note(f"`{key}` must be one of {', '.join(choices)}, not {node}{hint}", line=node.line)
        return None

    def texts(self, key: str) -> tuple[Scalar, ...] | None:
        """A list of texts, each on one line of text and with its line in the file."""
        node = self.node(key)
        if not isinstance(node, Series):
            self._expected(key, "a list such as [one, two]", node)
            return None
        found: list[Scalar] = []
        for item in node.items:
            if isinstance(item, Scalar) and (text := " ".join(item.text.split())):
                found.append(Scalar(text, item.line, item.plain))
            else:
                self.note(f"`{key}` must hold texts, not {item}", line=item.line)
        return tuple(found)

    def settings(self, key: str) -> Settings | None:
        """A mapping inside this one."""
        node = self.node(key)
        if isinstance(node, Table):
            return self.within(node)
        self._expected(key, "a mapping", node)
        return None

    def each(self, key: str) -> list[Settings]:
        """A mapping inside this one, or every one of a list of mappings."""
        node = self.node(key)
        if not isinstance(node, Series):
            one = self.settings(key)
            return [one] if one else []
        found = []
        for item in node.items:
            if isinstance(item, Table):
                found.append(self.within(item))
            else:
                self.note(f"`{key}` must hold mappings, not {item}", line=item.line)
        return found

    def entries(self) -> Iterator[tuple[Scalar, Node]]:
        """Every key and value, where the keys are the user's own."""
        self._asked.extend(self._values)
        yield from self.table.entries

    def free(self, *, variables: str = _ANY_VARIABLE) -> tuple[tuple[str, Setting], ...]:
        """
        Every value by name, sorted, for a provider to judge; a credential is refused, unseen.

        Args:
            variables: of the environment, from which the provider's key comes.
        """
        hint = _credential_hint(variables)
        found: dict[str, Setting] = {}
        for key, node in self.entries():
            if looks_like_credential(key.text):
                self.note(f"`{key.text}` does not belong here; {hint}", line=key.line)
            elif isinstance(node, Scalar) and _PASSWORD_IN_URL.search(node.text):
                self.note(f"`{key.text}` holds a password; {hint}", line=key.line)
            elif not isinstance(node, Scalar):
                self.note(f"`{key.text}` must be one value, not {node}", line=node.line)
            elif not node.absent:
                found[key.text] = setting(node)
        return tuple(sorted(found.items()))

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key, _ in self.table.entries:
            if key.text in self._asked:
                continue
            if looks_like_credential(key.text):
                self.note(f"`{key.text}` does not belong here; {_credential_hint()}", line=key.line)
            else:
                self.problems.append(UnknownKey(key.text, self._asked, file=self.file, line=key.line))

    def _expected(self, key: str, what: str, node: Node | None, *, unquoted: bool = False) -> None:
        if node is None:
            return
        quoted = isinstance(node, Scalar) and not node.plain
        hint = "; take the quotes away" if unquoted and quoted else ""
        self.note(f"`{key}` must be {what}, not {node}{hint}", line=node.line)


def _matches(node: Node | None, pattern: re.Pattern[str]) -> TypeGuard[Scalar]:
    return isinstance(node, Scalar) and node.plain and bool(pattern.fullmatch(node.text))
