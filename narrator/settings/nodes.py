"""A YAML file as mappings, lists and texts, each with its line.

YAML 1.2 without anchors, aliases and tags, which a book has no use for and which can harm; one
document, a mapping, at most 1 MB and a few levels deep. A scalar stays the text that was written:
what it means is said by `mapping`, when someone asks for it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from narrator.errors import ConfigurationError, ProjectError

LIMIT_BYTES = 1_000_000
"""Longest settings file; whoever reads it keeps to that."""
LIMIT_DEPTH = 10
"""Deepest nesting; book.yaml needs three levels."""

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null"))
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""A control character other than tab and newline, or half a character."""
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, as written."""

    text: str
    line: int
    plain: bool = True
    """False where quotes, a block or a tag say that it is text and nothing else."""

    @property
    def absent(self) -> bool:
        """True for an empty value, `~` and `null`."""
        return self.plain and self.text in ("", "~", "null")

    def __str__(self) -> str:
        return repr(self.text if len(self.text) <= 60 else f"{self.text[:57]}...")


@dataclass(frozen=True, slots=True)
class Series:
    """A YAML list."""

    items: tuple[Node, ...]
    line: int

    def __str__(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping; its keys differ from each other."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int

    def __str__(self) -> str:
        return "a mapping"


Node = Scalar | Series | Table


def decode(content: bytes, *, file: str) -> str:
    """The text of a settings file, without byte-order mark.

    Raises:
        ConfigurationError: not UTF-8, or characters that no text holds.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigurationError("this is UTF-16; save it as UTF-8", file=file, line=1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigurationError(message, file=file, line=line) from None
    if odd := _UNREADABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        message = f"the character U+{ord(odd[0]):04X} cannot stand here; take it out"
        raise ConfigurationError(message, file=file, line=line)
    return text


def parse(content: bytes, *, file: str, problems: list[ProjectError]) -> Table | None:
    """The mapping that a settings file holds, empty for an empty file; None where it cannot be read.

    Args:
        content: the whole file.
        file: how errors call it, relative to the project.
        problems: gets what is wrong with it.
    """
    try:
        return _Tree(decode(content, file=file), file=file, problems=problems).table()
    except ConfigurationError as error:
        problems.append(error)
        return None


class _Tree:
    """Builds nodes from the events of PyYAML's parser.

    Its composer is left out: it recurses without bound, follows aliases and keeps the last of two
    equal keys.
    """

    def __init__(self, text: str, *, file: str, problems: list[ProjectError]) -> None:
        self._file, self._problems = file, problems
        self._last_line = text.count("\n") + (not text.endswith("\n"))
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)

    def table(self) -> Table:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Table((), 1)
        node = self._node(event, depth=0)
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                raise self._error("a second document begins here; keep one", event)
        if isinstance(node, Scalar) and node.absent:
            return Table((), node.line)
        if not isinstance(node, Table):
            message = f"expected `key: value` lines, not {node}"
            raise ConfigurationError(message, file=self._file, line=node.line)
        return node

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        if depth > LIMIT_DEPTH:
            raise self._error(f"nested more than {LIMIT_DEPTH} levels deep", event)
        if isinstance(event, yaml.AliasEvent):
            raise self._error(f"aliases (`*{event.anchor}`) are not allowed; write the value out", event)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise self._error(f"anchors (`&{event.anchor}`) are not allowed; take it out", event)
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event, {"tag:yaml.org,2002:seq"})
            return Series(tuple(self._items(depth)), line)
        assert isinstance(event, yaml.MappingStartEvent)  # noqa: S101  the only kind of event that is left
        self._refuse_tag(event, {"tag:yaml.org,2002:map"})
        return Table(tuple(self._entries(depth)), line)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth=depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            value = self._node(self._next(), depth=depth + 1)
            if not isinstance(key, Scalar):
                raise self._error("a key must be plain text; put quotes around it", event)
            if key.text in seen:
                message = f"{key} is already set on line {seen[key.text]}; keep one of them"
                self._problems.append(ConfigurationError(message, file=self._file, line=key.line))
                continue
            seen[key.text] = key.line
            yield key, value

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        if event.tag not in _TEXT_TAGS:
            self._refuse_tag(event, _PLAIN_TAGS)
        if odd := UNPRINTABLE.search(event.value):
            raise self._error(f"the character U+{ord(odd[0]):04X} cannot be spoken; take it out", event)
        return Scalar(event.value, line, plain=not event.style and event.tag not in _TEXT_TAGS)

    def _refuse_tag(self, event: yaml.NodeEvent, allowed: set[str] | frozenset[str]) -> None:
        tag: str | None = event.tag  # type: ignore[attr-defined]  # every node event but an alias has one
        if tag is not None and tag not in allowed:
            raise self._error(f"the tag {tag!r} is not allowed here; take it out", event)

    def _next(self) -> yaml.Event:
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error) from None

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> ConfigurationError:
        problem = error.problem or "it cannot be understood"
        begun = error.context_mark
        mark = error.problem_mark or begun
        line = min(mark.line + 1, self._last_line) if mark else None
        if "mapping values are not allowed" in problem:
            problem += "; put a text that holds `: ` in quotes, and check the indentation"
        elif "cannot start any token" in problem:
            problem += "; indent with spaces, and put a text that begins with @, `, % or a tab in quotes"
        elif begun and mark and begun.line != mark.line:
            problem += f" ({error.context}, begun on line {begun.line + 1})"
        return ConfigurationError(f"not valid YAML: {problem}", file=self._file, line=line)

    def _error(self, message: str, event: yaml.Event) -> ConfigurationError:
        return ConfigurationError(message, file=self._file, line=_line(event))


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1  # type: ignore[union-attr]  # the parser always sets it
