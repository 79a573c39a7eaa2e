"""Answers that are to come: asked for, counted as spent, and not in the store yet. Nobody buys them again."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from narrator.ledger import runs
from narrator.ledger.clock import hours_ago
from narrator.spending import VOICE

FETCHED_H = 48
"""For so many hours an answer is asked for again by what the service calls it: none here keeps it longer. A
voice stays in the account for ever."""

_STILL_THERE = f"(sent_at >= ? OR key LIKE '{VOICE}%')"
_OPEN = f"""
    SELECT key, coalesce(run, ''), ids <> '' AND {_STILL_THERE}, pickup
    FROM requests WHERE outcome IN ('sent', 'answered')
"""  # noqa: S608 - our own words
_LOST = f"""
    SELECT key FROM requests WHERE ids <> '' AND outcome IN ('broken', 'lost') AND {_STILL_THERE}
"""  # noqa: S608 - our own words


_MADE = f"SELECT DISTINCT voice FROM requests WHERE voice LIKE '{VOICE}%' AND outcome = 'kept'"  # noqa: S608


class Coming(NamedTuple):
    """How many answers are to come, by the key of the take that they were asked for, or of the voice."""

    lost: Counter[str] = Counter()  # noqa: RUF012 - nobody adds to it
    """Nobody waits for them; whoever asks for the same take fetches them by what the service calls them."""
    awaited: Counter[str] = Counter()  # noqa: RUF012 - as above
    """Other live runs wait for them, for lines of the book; whoever needs the same take awaits it."""
    made: frozenset[str] = frozenset()
    """Voices made from descriptions, by name, that a take was spoken in."""

    @property
    def all(self) -> Counter[str]:
        """All of it, by key or by the name of the voice."""
        return self.for_pickups + self.awaited

    @property
    def for_pickups(self) -> Counter[str]:
        """The same for takes that others' do not stand in for."""
        return self.lost + Counter(self.made)


def fetched_since(key: str) -> str:
    """From which moment on an answer is asked for again."""
    return "" if key.startswith(VOICE) else hours_ago(FETCHED_H)


def coming(connection: sqlite3.Connection, folder: Path, *, but: str = "") -> Coming:
    """
    What is to come.

    Args:
        folder: `takes/.runs`.
        but: the run that asks; what it waits for itself is none of it.
    """
    made = frozenset(voice for (voice,) in connection.execute(_MADE))
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
    return Coming(lost, awaited, made)
