"""Answers that are to come: asked for, counted as spent, and not in the store yet. Nobody buys them again."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from narrator.ledger import runs
from narrator.ledger.clock import hours_ago

FETCHED_H = 48
"""For so many hours an answer is asked for again by what the service calls it: none here keeps it longer."""

_OPEN = """
    SELECT key, coalesce(run, ''), ids <> '' AND sent_at >= ?, pickup
    FROM requests WHERE outcome IN ('sent', 'answered')
"""
_LOST = "SELECT key FROM requests WHERE ids <> '' AND outcome IN ('broken', 'lost') AND sent_at >= ?"


class Coming(NamedTuple):
    """How many answers are to come, by the key of the take that they were asked for."""

    lost: Counter[str] = Counter()  # noqa: RUF012 - nobody adds to it
    """Nobody waits for them; whoever asks for the same take fetches them by what the service calls them."""
    awaited: Counter[str] = Counter()  # noqa: RUF012 - as above
    """Other live runs wait for them, for lines of the book; whoever needs the same take awaits it."""

    @property
    def all(self) -> Counter[str]:
        """Both."""
        return self.lost + self.awaited


def coming(connection: sqlite3.Connection, folder: Path, *, but: str = "") -> Coming:
    """
    What is to come.

    Args:
        folder: `takes/.runs`.
        but: the run that asks; what it waits for itself is none of it.
    """
    since = hours_ago(FETCHED_H)
    lost = Counter(key for (key,) in connection.execute(_LOST, (since,)))
    awaited: Counter[str] = Counter()
    alive: dict[str, bool] = {}
    for key, run, fetchable, pickup in connection.execute(_OPEN, (since,)).fetchall():
        if run not in alive:
            alive[run] = run == but or runs.is_alive(folder, run)
        if not alive[run]:
            lost[key] += bool(fetchable)
        elif run != but:
            awaited[key] += not pickup
    return Coming(lost, awaited)
