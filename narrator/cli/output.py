"""Results on stdout, words for people on stderr."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterable

from pydantic import BaseModel
from rich.console import Console

PEOPLE = Console(stderr=True, highlight=False)
"""What people read; colour only on a terminal."""


def say(text: str = "") -> None:
    """A line for people."""
    PEOPLE.print(text, markup=False, soft_wrap=True)


def say_error(text: str, *, json: bool) -> None:
    """What went wrong; with `--json` also as the one result on stdout."""
    for line in text.splitlines() or [""]:
        PEOPLE.print(f"error: {line}", markup=False, soft_wrap=True, style="bold red")
    if json:
        print_json({"errors": text.splitlines(), "warnings": []})


def warn(texts: Iterable[str]) -> None:
    """Things worth knowing, each a line."""
    for text in texts:
        PEOPLE.print(f"warning: {text}", markup=False, soft_wrap=True, style="yellow")


def print_json(result: BaseModel | object) -> None:
    """The one machine-readable result."""
    values = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    sys.stdout.write(json_.dumps(values, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def clock(seconds: float) -> str:
    """`1:02:03`, `2:03`."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, word: str) -> str:
    """`1 chapter`, `2 chapters`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
