"""A book in shares, so that several machines can each record one and the stores be merged by copying."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from narrator.errors import UsageError
from narrator.planning import Line, chains
from narrator.providers.base import Provider

_WRITTEN = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


class Shard(NamedTuple):
    """One of several shares."""

    number: int
    """From 1."""
    of: int


def parse_shard(text: str) -> Shard:
    """
    `2/4`: the second of four.

    Raises:
        UsageError: it is not written so.
    """
    found = _WRITTEN.fullmatch(text.strip())
    shard = Shard(*map(int, found.groups())) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.of:
        raise UsageError(f"--shard {text!r}: write which of how many, such as 2/4")
    return shard


def share(lines: Iterable[Line], shard: Shard, providers: Mapping[str, Provider]) -> frozenset[str]:
    """
    The utterance ids of one share of a book: whole context chains, in reading order, so that most chapters
    lie in one share; about as many characters in each. Every line is in exactly one, whatever is on hand.

    Lines that one take serves are in the share of the first of them.
    """
    runs = chains(lines)
    total = sum(len(line.request.spoken.text) for run in runs for line in run)
    owner: dict[str, int] = {}
    found: list[str] = []
    reached = 0
    for run in runs:
        size = sum(len(line.request.spoken.text) for line in run)
        number = min((2 * reached + size) * shard.of // (2 * total), shard.of - 1) + 1 if total else 1
        reached += size
        for line in run:
            shared = providers[line.request.provider].models[line.request.model].deterministic
            if (owner.setdefault(line.request.key, number) if shared else number) == shard.number:
                found.append(line.utterance.id)
    return frozenset(found)
