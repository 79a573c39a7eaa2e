"""What the last whole build was made of, read from what it left: its receipt and its timelines.

A build folder may come from anywhere, so nothing in it is followed, waited for or trusted: what is not as
narrator leaves it counts as not there.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from narrator.changes import Former
from narrator.receipts import read_run

LONGEST_BYTES = 200_000_000
"""Of a chapter's timeline that is read: some 100,000 lines."""


_KEY, _TAKE_ID = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{16}")


class Built(NamedTuple):
    """The takes that the last whole build used."""

    takes: Mapping[str, tuple[str, ...]]
    """Their ids by key."""


def read_built(build: Path, *, rehearse: bool) -> Built | None:
    """
    What a project was last built from; None where it never was.

    Args:
        rehearse: whether rehearsals are asked about; they say nothing about the book, nor it about them.
    """
    receipt = read_run(build)
    if receipt is None or f"rehearse={rehearse}" not in receipt.code.split():
        return None
    takes: dict[str, tuple[str, ...]] = {}
    for name, _ in receipt.takes:
        key, _, take = name.rpartition("/")
        key = key.rpartition("/")[2]
        if _names_a_take(key, take):
            takes[key] = (*takes.get(key, ()), take)
    return Built(takes)


def timelines(build: Path) -> list[str]:
    """The chapters whose timelines lie there, by the names of their files without suffix, sorted."""
    try:
        names = os.listdir(build / "chapters")  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def read_lines(build: Path, stem: str) -> list[Former]:
    """The lines of a chapter as it was built, in order; none where they cannot be read."""
    try:
        found = json.loads(_plain_file(build / "chapters" / f"{stem}.json"))
        return [_line(said) for said in found["utterances"]]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return []


def _line(said: Mapping[str, Any]) -> Former:
    """
    One line.

    Raises:
        LookupError, TypeError: it is not as narrator writes it.
    """
    direction, take = said["direction"], said["take"]
    texts = (said["role"], said["text"], said["voice"], take["key"], take["id"])
    if not all(isinstance(text, str) for text in (*texts, direction or "")):
        raise TypeError
    role, text, voice, key, take_id = texts
    if not _names_a_take(key, take_id):
        raise LookupError
    return Former(role, text, True, voice, direction, key, take_id)


def _names_a_take(key: str, take_id: str) -> bool:
    return bool(_KEY.fullmatch(key) and _TAKE_ID.fullmatch(take_id))


def _plain_file(path: Path) -> bytes:
    """
    Its bytes.

    Raises:
        OSError: it is not there, not a plain file, or too long.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LONGEST_BYTES:
            raise OSError(f"{path} is not a timeline")
        return file.read(LONGEST_BYTES)
