"""One manuscript file as text, and the way back from normalised text to the file's own offsets.

Everything in `parsing` works on text without a byte order mark and with `\\n` as the only line
end (which is how CommonMark counts lines); `Page` knows where each character of that stood in
the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from narrator.errors import ManuscriptError

BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n?|\n")


class Source(NamedTuple):
    """A manuscript file, decoded."""

    path: str
    """Relative to the project, with `/`."""
    text: str
    """Exactly as in the file: byte order mark, CRLF and CR are kept."""


class Unreadable(Exception):
    """The text at one place cannot be read; `parsing` turns it into a ManuscriptError with file and line."""

    def __init__(self, message: str, at: int) -> None:
        """*at* is an offset in the normalised text."""
        self.message, self.at = message, at
        super().__init__(message)


def decode(path: str, data: bytes) -> Source:
    """The text of a manuscript file.

    Raises:
        ManuscriptError: not UTF-8, or a NUL character; names the line.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        looks = " (it looks like UTF-16)" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        raise ManuscriptError(
            f"byte 0x{data[error.start]:02x} is not valid UTF-8{looks}; save the file as UTF-8",
            file=path,
            line=_line(data[: error.start].decode("utf-8"), error.start),
        ) from error
    refuse_nul(path, text)
    return Source(path, text)


def refuse_nul(path: str, text: str) -> None:
    """Raise ManuscriptError where *text* holds a NUL character: no manuscript does, a damaged file may."""
    at = text.find("\0")
    if at >= 0:
        raise ManuscriptError(
            "a NUL character stands here; the file is damaged or is not text: delete it, or save as UTF-8",
            file=path,
            line=_line(text, at),
        )


def _line(text: str, at: int) -> int:
    return 1 + sum(1 for _ in _LINE_END.finditer(text, 0, at))


class Page:
    """A source with normalised text, and the map from its offsets to the file's."""

    __slots__ = ("_base", "_starts", "_wide", "path", "source", "text")

    def __init__(self, source: Source) -> None:
        self.path = source.path
        self.source = source
        self._base = 1 if source.text.startswith(BOM) else 0
        self._wide: list[int] = []
        text = source.text[self._base :]
        if "\r" in text:
            # Offsets in the normalised text of the line ends that were two characters wide.
            for before, found in enumerate(re.finditer("\r\n", text)):
                self._wide.append(found.start() - before)
            text = _LINE_END.sub("\n", text)
        self.text = text
        self._starts = [0]
        self._starts += [found.end() for found in re.finditer("\n", text)]

    def line(self, at: int) -> int:
        """The 1-based line on which the character at *at* stands."""
        return bisect_right(self._starts, at)

    def line_start(self, line: int) -> int:
        """Where a 0-based line begins."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def line_end(self, line: int) -> int:
        """Where a 0-based line ends, its line end not counted."""
        return self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self.text)

    def original(self, at: int) -> int:
        """An offset in the file for an offset in `text`."""
        return at + self._base + bisect_left(self._wide, at)
