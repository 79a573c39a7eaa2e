"""Who records what: claims of live runs, so that no two buy the same."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """Something a run wants to buy, alone."""

    name: str
    """A take key, or `voice:<sha256>`."""
    places: int
    """How many takes of it the book needs."""


def claim(
    connection: sqlite3.Connection, run: str, wanted: Sequence[Claim], on_hand: Callable[[str], int]
) -> int:
    """Claim what is free, from the front; how many that are. In a transaction, with no claims of the dead.

    *on_hand* is asked while nobody can let go of a claim, so what has been stored by somebody who lets go
    right after is counted, once or twice, and never not at all.
    """
    held = Counter(_held(connection, {want.name for want in wanted}))
    stored: dict[str, int] = {}
    ours: Counter[str] = Counter()
    granted = 0
    for name, places in wanted:
        if name not in stored:
            stored[name] = on_hand(name)
        if stored[name] + held[name] >= places:
            break
        held[name] += 1
        ours[name] += 1
        granted += 1
    connection.executemany(
        "INSERT INTO claims (name, run, count) VALUES (?, ?, ?)"
        " ON CONFLICT (name, run) DO UPDATE SET count = count + excluded.count",
        [(name, run, count) for name, count in ours.items()],
    )
    return granted


def release(connection: sqlite3.Connection, run: str, names: Mapping[str, int]) -> None:
    """Let go of as many claims of each name."""
    for name, count in names.items():
        connection.execute("DELETE FROM claims WHERE name = ? AND run = ? AND count <= ?", (name, run, count))
        connection.execute(
            "UPDATE claims SET count = count - ? WHERE name = ? AND run = ?", (count, name, run)
        )


def holders(connection: sqlite3.Connection, names: Iterable[str], *, but: str) -> list[tuple[str, str, int]]:
    """Name, run and process id of each claim by another run, dead ones included."""
    return connection.execute(
        "SELECT claims.name, run, coalesce(pid, 0) FROM claims LEFT JOIN runs ON runs.id = run"
        " WHERE run <> ? AND name IN (SELECT value FROM json_each(?)) ORDER BY claims.name, run",
        (but, json.dumps(sorted(names))),
    ).fetchall()


def _held(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    return dict(
        connection.execute(
            "SELECT name, sum(count) FROM claims WHERE name IN (SELECT value FROM json_each(?))"
            " GROUP BY name",
            (json.dumps(sorted(names)),),
        ).fetchall()
    )
