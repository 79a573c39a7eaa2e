"""Results on stdout, words for people on stderr.

A manuscript, a title or a path can hold anything, terminal commands too, so control characters are
shown and not sent. Nobody reading, or a full disk behind stderr, is no reason to stop the work;
a result that cannot be written is an error.
"""

from __future__ import annotations

import contextlib
import json as json_
import os
import re
import sys
from collections.abc import Iterable
from typing import Protocol

from pydantic import BaseModel
from rich.console import Console

from narrator.errors import OutputError
from narrator.spending import MILLION, money

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, line ends, and what turns the direction of the line around."""


class _People(Console):
    """A console that goes quiet when nobody reads it any more; rich's own would end the program."""

    def on_broken_pipe(self) -> None:
        close_stderr()


PEOPLE = _People(stderr=True, highlight=False)
"""What people read; colour only on a terminal."""


def say(text: str = "", *, style: str | None = None) -> None:
    """A line for people."""
    try:
        PEOPLE.print(shown(text), markup=False, soft_wrap=True, style=style)
        PEOPLE.file.flush()
    except OSError:
        close_stderr()


def say_error(text: str, *, json: bool) -> None:
    """What went wrong; with `--json` also as the one result on stdout."""
    lines = text.split("\n")
    for line in lines:
        say(f"error: {line}", style="bold red")
    if json:
        with contextlib.suppress(OSError, OutputError):  # it may be what went wrong
            print_json({"errors": lines, "warnings": []})


def warn(texts: Iterable[str]) -> None:
    """Things worth knowing, each a line."""
    for text in texts:
        say(f"warning: {text}", style="yellow")


def tell(text: str) -> None:
    """
    A line of a result that people read, on stdout.

    Raises:
        OutputError: it cannot be written.
        BrokenPipeError: nobody reads it.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    _write(shown(text).encode(encoding, "backslashreplace").decode(encoding))


def print_json(result: BaseModel | object) -> None:
    """
    The one machine-readable result.

    Raises:
        OutputError: it cannot be written.
        BrokenPipeError: nobody reads it.
    """
    values = result.model_dump() if isinstance(result, BaseModel) else result
    text = json_.dumps(values, ensure_ascii=False, indent=2)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # an old locale, or a path that is not UTF-8
        text = json_.dumps(values, indent=2)
    _write(text)


def close_stdout() -> None:
    """What is still to be written goes nowhere, so that Python does not fail over it at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def close_stderr() -> None:
    """The same for what people read: nobody does, or its disk is full."""
    PEOPLE.quiet = True
    if sys.stderr is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def shown(text: str) -> str:
    """*text* on one line, control characters as escapes."""
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text)


def clock(seconds: float) -> str:
    """`1:02:03`, `2:03`."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, word: str) -> str:
    """`1 chapter`, `2 chapters`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


class Amount(Protocol):
    """Money."""

    @property
    def amount(self) -> float:
        """In units of the currency."""
        ...

    @property
    def currency(self) -> str:
        """ISO 4217."""
        ...


def cost(*amounts: Amount) -> str:
    """`12.30 USD + 4.00 EUR`; nothing where there is nothing."""
    return " + ".join(money(round(each.amount * MILLION), each.currency) for each in amounts)


def _write(line: str) -> None:
    if sys.stdout is None:
        raise OutputError("the result cannot be printed: standard output is closed; send it to a file")
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        close_stdout()
        raise OutputError(
            f"the result cannot be printed: {exc.strerror or exc}; what was made is kept"
        ) from exc
