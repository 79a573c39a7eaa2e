"""What a server does wrong on purpose: a file that says which requests go wrong, and how.

A file of faults is YAML, read as strictly as book.yaml:

    seed: 7
    faults:
      - {kind: status, status: 503, requests: [3, 7]}
      - {kind: cut, at: 20000, rate: 0.05, path: /v0/tts/stream/json}

The first rule that fits a request decides. Requests are counted from 1 in the order in which they come;
`requests` and `every` of a rule with a `path` or a `method` count only those that it looks at. `rate` is
settled by one throw for each request that depends on the seed and on its number among all requests, and on
nothing else; the rates of several rules share that throw, so that they add up. The same file and the
same order of requests give the same faults. What each kind does is done by `tampering`.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel

from narrator.errors import ProjectError, ProjectErrors
from narrator.settings import Settings, parse
from narrator.settings.mapping import setting
from narrator.settings.nodes import Node, Scalar, Series, Table

Kind = Literal[
    "none", "delay", "status", "empty", "error_line", "cut", "end", "drip", "garbage", "hang", "endless"
]
Form = Literal["bytes", "base64", "line"]
"""What garbage looks like: bytes of no meaning, audio that is not base64, a line that is not JSON."""

BEFORE: frozenset[Kind] = frozenset({"status", "empty"})
"""Kinds that answer in the application's place, so that nothing is spoken, kept or billed. So do `hang`
without `at` and `error_line` without `after`; every other kind spoils an answer that was really made."""

LONGEST_MS = 3_600_000
LARGEST_BYTES = 2**40
MOST_FAULTS = 1000
OUT_OF_CREDIT = (
    b'{"type": "error", "code": "E0300", "slug": "zero_credits",'
    b' "message": "Exhausted credit balance. (injected fault)", "request_id": "injected-fault"}'
)
"""A stream's error line as the service writes it when an account is empty (contract 12.3)."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_WHOLE = re.compile(r"[0-9]{1,9}")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_METHODS = ("GET", "POST", "PUT", "DELETE", "WS")


class Fault(BaseModel, frozen=True, extra="forbid"):
    """One rule: what goes wrong, and for which requests."""

    kind: Kind
    name: str
    """What the log of requests calls it: the kind, unless the file says otherwise."""
    requests: frozenset[int] = frozenset()
    every: int | None = None
    rate: float | None = None
    path: str | None = None
    """With a star at its end, every path that begins so."""
    method: str | None = None
    """`GET`, `POST`, `PUT`, `DELETE`, or `WS` for a WebSocket; None for all."""
    times: int | None = None
    """How often at most."""
    delay_ms: int = 0
    """Before anything is answered."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    at: int | None = None
    """Bytes of the answer's body that come through first."""
    after: int = 0
    """Whole lines of the answer (or messages of a WebSocket) that come through first."""
    form: Form = "bytes"
    size: int = 64
    """Bytes of garbage, or of one drop."""
    pause_ms: int = 50

    @property
    def answers(self) -> bool:
        """Whether the application is never asked."""
        held = self.kind == "hang" and self.at is None
        return held or self.kind in BEFORE or (self.kind == "error_line" and not self.after)

    def looks_at(self, method: str, path: str) -> bool:
        """Whether such a request counts for this rule."""
        return self.method in (None, method) and self.covers(path)

    def covers(self, path: str | None) -> bool:
        """Whether it looks at a path; or at all that another rule looks at, from that one's `path`."""
        if self.path is None or path is None:
            return self.path is None
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else self.path == path


class Faults(BaseModel, frozen=True, extra="forbid"):
    """A whole file."""

    seed: int = 0
    rules: tuple[Fault, ...] = ()


class Fate(NamedTuple):
    """What is to happen to one request."""

    fault: Fault
    noise: bytes
    """Garbage for it, `Fault.size` bytes: always the same for the same seed and number."""


class Dealer:
    """Gives each request its fate, in the order in which they come. Not for several threads."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._number = 0
        self._seen = [0] * len(faults.rules)
        self._done = [0] * len(faults.rules)

    def deal(self, method: str, path: str) -> Fate | None:
        """
        The fate of the next request; None where it is to be answered as it should be.

        Args:
            method: `WS` for a WebSocket.
        """
        self._number += 1
        salt = f"{self._faults.seed} {self._number}".encode()
        throw, share = int.from_bytes(hashlib.sha256(salt).digest()[:8]) / 2**64, 0.0
        struck: int | None = None
        for index, rule in enumerate(self._faults.rules):
            if not rule.looks_at(method, path):
                continue
            self._seen[index] += 1
            if rule.rate is None:
                fits = _fits(rule, self._seen[index])
            else:
                fits = share <= throw < share + rule.rate
                share += rule.rate
            if fits and struck is None and (rule.times is None or self._done[index] < rule.times):
                struck = index
        if struck is None:
            return None
        self._done[struck] += 1
        rule = self._faults.rules[struck]
        return None if rule.kind == "none" else Fate(rule, hashlib.shake_128(salt).digest(rule.size))


def read_faults(content: bytes, *, file: str) -> Faults:
    """
    What a file of faults says.

    Args:
        content: the whole file.
        file: how errors call it.

    Raises:
        ProjectErrors: everything that is wrong with it, each with its line.
    """
    problems: list[ProjectError] = []
    table = parse(content, file=file, problems=problems)
    faults = Faults() if table is None else _read(Settings(table, file=file, problems=problems))
    if problems:
        raise ProjectErrors(problems)
    return faults


def _read(settings: Settings) -> Faults:
    seed = settings.whole("seed", least=0, most=10**18 - 1)
    rules: list[Fault] = []
    listed = settings.node("faults")
    if isinstance(listed, Series):
        for item in listed.items[:MOST_FAULTS]:
            if not isinstance(item, Table):
                settings.note(f"each of `faults` must be a mapping, not {item}", line=item.line)
            elif rule := _rule(settings.within(item)):
                rules.append(rule)
        _check_rates(rules, settings, listed)
    elif listed is not None:
        settings.note(f"`faults` must be a list of mappings, not {listed}", line=listed.line)
    settings.finish()
    return Faults(seed=seed or 0, rules=tuple(rules))


def _rule(settings: Settings) -> Fault | None:
    kind = settings.choice("kind", get_args(Kind))
    if kind is None:
        if settings.node("kind") is None:
            known = ", ".join(get_args(Kind))
            settings.note(f"a fault needs a `kind`: one of {known}", line=settings.table.line)
        return None
    given = _selection(settings) | _particulars(kind, settings)
    settings.finish()
    given = {name: value for name, value in given.items() if value is not None}
    return Fault.model_validate({"kind": kind, "name": kind, **given})


def _selection(settings: Settings) -> dict[str, object]:
    ways = [key for key in ("requests", "every", "rate") if settings.node(key) is not None]
    if len(ways) > 1:
        message = f"`{ways[0]}` and `{ways[1]}` cannot both choose the requests; keep one of them"
        settings.note(message, line=settings.line(ways[1]))
    path = settings.path("path")
    if path is not None and not path.startswith("/"):
        settings.note(f"`path` must begin with a slash, not {path[:60]!r}", line=settings.line("path"))
    return {
        "name": settings.text("name"),
        "requests": _numbers(settings),
        "every": settings.whole("every", least=1, most=10**9),
        "rate": settings.number("rate", least=0, most=1),
        "path": path,
        "method": settings.choice("method", _METHODS),
        "times": settings.whole("times", least=1, most=10**9),
        "delay_ms": settings.whole("delay_ms", least=0, most=LONGEST_MS),
    }


def _particulars(kind: Kind, settings: Settings) -> dict[str, object]:
    given: dict[str, object] = {}
    if kind == "status":
        given = {"status": settings.whole("status", least=200, most=599), "headers": _headers(settings)}
        given |= _body(settings)
        _need("status", settings)
    elif kind == "error_line":
        given = {"after": _lines(settings), "body": OUT_OF_CREDIT, **_body(settings)}
        given.pop("headers", None)
    elif kind in ("cut", "end", "hang"):
        given = {"at": settings.whole("at", least=0, most=LARGEST_BYTES)}
        if kind != "hang":
            _need("at", settings)
    elif kind == "delay":
        _need("delay_ms", settings)
    elif kind == "drip":
        given = {
            "size": settings.whole("bytes", least=1, most=65536),
            "pause_ms": settings.whole("pause_ms", least=0, most=LONGEST_MS),
        }
    elif kind == "endless":
        given = {"pause_ms": settings.whole("pause_ms", least=1, most=LONGEST_MS)}
    elif kind == "garbage":
        form = settings.choice("form", get_args(Form)) or "bytes"
        given = {"form": form}
        if form == "bytes":
            given["size"] = settings.whole("bytes", least=1, most=65536)
            given["at"] = settings.whole("at", least=0, most=LARGEST_BYTES) or 0
        else:
            given["after"] = _lines(settings)
    return given


def _need(key: str, settings: Settings) -> None:
    if settings.line(key) is None:
        settings.note(f"this kind of fault needs `{key}`", line=settings.table.line)


def _lines(settings: Settings) -> int:
    return settings.whole("after", least=0, most=10**9) or 0


def _numbers(settings: Settings) -> frozenset[int] | None:
    found: set[int] = set()
    listed = settings.texts("requests")
    for item in listed or ():
        if item.plain and _WHOLE.fullmatch(item.text) and int(item.text) > 0:
            found.add(int(item.text))
        else:
            settings.note(f"`requests` must hold numbers counted from 1, not {item}", line=item.line)
    if listed is not None and not listed:
        settings.note("`requests` is empty; take it out, or name some", line=settings.line("requests"))
    return frozenset(found) or None


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    within = settings.settings("headers")
    found: list[tuple[str, str]] = []
    for key, node in within.entries() if within else ():
        if not isinstance(node, Scalar) or not _VALUE.fullmatch(node.text) or not _TOKEN.fullmatch(key.text):
            settings.note(f"{key} and {node} cannot be a header and its value", line=key.line)
        elif key.text.lower() in _FRAMING:
            settings.note(f"{key} follows from the body; take it out", line=key.line)
        else:
            found.append((key.text, node.text))
    return tuple(found)


def _body(settings: Settings) -> dict[str, object]:
    """A text is sent as it stands, a mapping or a list as JSON."""
    node = settings.node("body")
    if node is None:
        return {}
    if isinstance(node, Scalar):
        return {"body": node.text.encode()}
    return {"body": json.dumps(_plain(node), ensure_ascii=False).encode()}


def _plain(node: Node) -> object:
    if isinstance(node, Table):
        return {key.text: _plain(value) for key, value in node.entries}
    if isinstance(node, Series):
        return [_plain(item) for item in node.items]
    return None if node.absent else setting(node)


def _check_rates(rules: list[Fault], settings: Settings, listed: Series) -> None:
    paths = {(rule.method, rule.path) for rule in rules}
    for method, path in sorted(paths, key=str):
        looking = [rule for rule in rules if rule.method in (None, method) and rule.covers(path)]
        together = sum(rule.rate or 0.0 for rule in looking)
        if together > 1 + 1e-9:
            message = f"the rates of all faults add up to {together:g}; keep them at 1 at most"
            settings.note(message, line=listed.line)
            return


def _fits(rule: Fault, number: int) -> bool:
    if rule.every is not None:
        return number % rule.every == 0
    return not rule.requests or number in rule.requests
