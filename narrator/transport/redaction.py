"""No key in any text: the secrets of a transport, taken out of whatever a service sends back."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote_plus

Error = TypeVar("Error", bound=BaseException)

_PUBLIC = {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"}
_SCHEMES = {"basic", "bearer", "token", "key", "apikey", "api-key"}
_SHORTEST = 4
"""Characters; anything shorter is no secret, and would be found in every text."""
_LONGEST = 240
_MARKUP = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")


class Redaction:
    """Puts `***` in place of secrets. Every header but the few that never hold one is taken for a secret."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        secrets = {
            secret
            for name, value in headers.items()
            if name.lower() not in _PUBLIC
            for secret in _secrets(value)
        }
        self.needed = bool(secrets)
        spellings = {
            spelling for secret in secrets if len(secret) >= _SHORTEST for spelling in _spellings(secret)
        }
        self._longest = max((len(spelling.encode()) for spelling in spellings), default=0)
        pattern = "|".join(re.escape(spelling) for spelling in sorted(spellings, key=len, reverse=True))
        self._text = re.compile(pattern, re.IGNORECASE) if pattern else None
        self._body = re.compile(pattern.encode(), re.IGNORECASE) if pattern else None

    def text(self, text: str) -> str:
        """*text* without secrets."""
        return self._text.sub("***", text) if self._text else text

    def body(self, body: bytes, *, cut: bool) -> bytes:
        """*body* without secrets, and without half a secret where it is cut off."""
        if self._body is None:
            return body
        cleared = self._body.sub(b"***", body)
        return cleared[: -self._longest] if cut else cleared

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """*headers* without secrets."""
        return {name: self.text(value) for name, value in headers.items()}

    def error(self, error: Error) -> Error:
        """The same error with no secret in its words and facts, and without what it came from."""
        error.args = tuple(self._fact(fact) for fact in error.args)
        for name, fact in vars(error).items():
            setattr(error, name, self._fact(fact))
        error.__cause__ = error.__context__ = None
        return error

    def _fact(self, fact: object) -> object:
        return self.text(fact) if isinstance(fact, str) else fact


def _secrets(value: str) -> Iterator[str]:
    """A header's value, and what stands in it behind the name of a scheme."""
    yield value.strip()
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() in _SCHEMES and rest.strip():
        yield rest.strip()
        with suppress(binascii.Error, UnicodeDecodeError):  # not every scheme is Basic
            yield from base64.b64decode(rest.strip(), validate=True).decode().split(":", 1)


def _spellings(secret: str) -> set[str]:
    """How a secret may be written by a service that sends it back."""
    quoted = json.dumps(secret)[1:-1]
    return {
        secret,
        quoted,
        quoted.replace("/", "\\/"),
        html.escape(secret),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    }


def excerpt(body: bytes) -> str:
    """What a body says, as one short line without markup and control characters."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        text = html.unescape(_MARKUP.sub(" ", text))
    return one_line(text)


def one_line(text: str) -> str:
    """A text of another's making, fit for a message of ours."""
    line = " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
