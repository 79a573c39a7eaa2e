"""Requests as the ledger's tables have them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from narrator.ledger.clock import began
from narrator.needing import voice_of
from narrator.spending import MILLION, Ids, Outcome
from narrator.takes import Take

_SOUGHT = 3
"""So many times as long does it take to look a row up as to read it with all others."""
_MOST = 1 << 53
"""No real number of characters, milliseconds or millionths comes near; sums of them stay exact."""


class Row(NamedTuple):
    """One request, in the order of the columns of `requests`."""

    run: str | None
    key: str
    utterance_id: str
    chapter: int | None
    title: str
    role: str
    provider: str
    model: str
    voice: str
    pickup: bool
    attempt: int
    characters: int
    amount: int
    currency: str
    sent_at: str
    ended_at: str | None
    took_ms: int | None
    outcome: Outcome
    reason: str
    ids: str = ""
    """As JSON."""
    unpriced: bool = False
    """Whether nobody had said what it costs."""


class End(NamedTuple):
    """What became of a request, in the order of the columns of `requests`."""

    outcome: Outcome
    reason: str
    ended_at: str | None
    took_ms: int | None


_INSERT = f"INSERT INTO requests ({', '.join(Row._fields)}) VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608
_END = "UPDATE requests SET outcome = ?, reason = ?, ended_at = ?, took_ms = ? WHERE id = ?"
_AMEND = """
    UPDATE requests SET characters = ?, amount = ?, currency = ?, unpriced = ?, ids = ? WHERE id = ?
"""
_UNFINISHED = f"""
    SELECT id, {", ".join(Row._fields)} FROM requests
    WHERE key = ? AND ids <> '' AND outcome IN ('broken', 'lost') AND sent_at >= ?
    ORDER BY sent_at DESC, id DESC
"""  # noqa: S608
_SPOKEN_IN = """
    SELECT takes.ids FROM requests JOIN takes ON takes.key = requests.key AND takes.request = requests.id
    WHERE voice = ? AND outcome = 'kept' ORDER BY requests.id
"""
_TAKE_OVER = (
    "UPDATE requests SET run = ?, outcome = 'sent', reason = '', ended_at = NULL, took_ms = NULL WHERE id = ?"
)


def add(connection: sqlite3.Connection, row: Row) -> int:
    """Write a request down; its number."""
    values = [_text(value) if isinstance(value, str) else value for value in row]
    return int(connection.execute(_INSERT, values).lastrowid or 0)


def end(connection: sqlite3.Connection, request: int, how: End) -> None:
    """Write down what became of a request."""
    connection.execute(_END, (how.outcome, _text(how.reason), how.ended_at, how.took_ms, request))


def amend(connection: sqlite3.Connection, request: int, row: Row) -> None:
    """Write down what became known of a request since: what it costs, what the service calls it."""
    connection.execute(
        _AMEND, (row.characters, row.amount, row.currency, row.unpriced, _text(row.ids), request)
    )


def unfinished(connection: sqlite3.Connection, key: str, *, since: str) -> list[tuple[int, Row]]:
    """Requests for a take that brought none and whose answers the service may still have, the newest first.

    Args:
        since: sent no earlier.
    """
    found = connection.execute(_UNFINISHED, (key, since)).fetchall()
    return [(number, Row(*values)) for number, *values in found]


def spoken_in(connection: sqlite3.Connection, voice: str) -> Iterator[Ids]:
    """A service's ids of every take that is known to be spoken in a voice, the oldest first."""
    for (ids,) in connection.execute(_SPOKEN_IN, (voice,)):
        yield read_ids(ids)


def take_over(connection: sqlite3.Connection, request: int, run: str) -> None:
    """A request is in flight again, of another run."""
    connection.execute(_TAKE_OVER, (run, request))


def written(ids: Ids) -> str:
    """A service's ids as a column has them."""
    return json.dumps(ids, separators=(",", ":")) if ids else ""


def read_ids(column: str) -> Ids:
    """The same, read; none where somebody wrote something else there."""
    try:
        return tuple((str(name), str(value)) for name, value in json.loads(column))
    except (ValueError, TypeError):
        return ()


def bring(connection: sqlite3.Connection, request: int, takes: Iterable[Take]) -> None:
    """Write down which takes a request brought; a row that knew one of them from its sidecar makes way."""
    for take in takes:
        known = connection.execute("SELECT request FROM takes WHERE key = ? AND id = ?", (take.key, take.id))
        for (other,) in known.fetchall():
            if connection.execute("DELETE FROM requests WHERE id = ? AND run IS NULL", (other,)).rowcount:
                connection.execute("DELETE FROM takes WHERE request = ?", (other,))
        _bring(connection, request, take)


def adopt(connection: sqlite3.Connection, takes: Iterable[Take]) -> int:
    """Write down takes that no row knows, from their sidecars: a row each; how many."""
    adopted = 0
    for take in takes:
        _bring(connection, add(connection, _of_sidecar(take)), take)
        adopted += 1
    return adopted


def known(connection: sqlite3.Connection, keys: Collection[str]) -> set[tuple[str, str]]:
    """Key and id of takes that a row knows and that are not pruned: those under *keys*, and perhaps more."""
    (rows,) = connection.execute("SELECT count(*) FROM takes").fetchone()
    if len(keys) * _SOUGHT > rows:
        return set(connection.execute("SELECT key, id FROM takes WHERE NOT pruned"))
    sought = json.dumps(sorted(keys))
    some = "SELECT key, id FROM takes WHERE NOT pruned AND key IN (SELECT value FROM json_each(?))"
    return set(connection.execute(some, (sought,)))


class Unknown(NamedTuple):
    """Takes that no row knows."""

    new: list[Take]
    in_flight: list[Take]
    """Those that may be the answers to requests in flight."""


def unknown(connection: sqlite3.Connection, takes: Iterable[Take]) -> Unknown:
    """Those of *takes* that no row knows. A pruned one that is back is known, and not pruned any more."""
    found = Unknown([], [])
    for take in takes:
        pruned = connection.execute(
            "SELECT max(pruned) FROM takes WHERE key = ? AND id = ?", (take.key, take.id)
        ).fetchone()[0]
        if pruned:
            connection.execute("UPDATE takes SET pruned = 0 WHERE key = ? AND id = ?", (take.key, take.id))
        elif pruned is None:
            asked = connection.execute(
                "SELECT 1 FROM requests WHERE outcome IN ('sent', 'answered') AND key = ?", (take.key,)
            ).fetchone()
            (found.in_flight if asked else found.new).append(take)
    return found


def totals(connection: sqlite3.Connection) -> dict[str, int]:
    """Millionths by currency that count against the budget."""
    return dict(connection.execute("SELECT currency, spent FROM totals WHERE spent <> 0 ORDER BY currency"))


def prune(connection: sqlite3.Connection, take_ids: Iterable[str]) -> None:
    """Write down that takes were removed on purpose."""
    connection.execute(
        "UPDATE takes SET pruned = 1 WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(take_ids)),),
    )


def _bring(connection: sqlite3.Connection, request: int, take: Take) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO takes (key, id, request, ids) VALUES (?, ?, ?, ?)",
        (take.key, take.id, request, json.dumps(take.ids, separators=(",", ":"))),
    )


def _of_sidecar(take: Take) -> Row:
    return Row(
        run=None,
        key=take.key,
        utterance_id="",
        chapter=None,
        title="",
        role="",
        provider=take.request.provider,
        model=take.request.model,
        voice=voice_of(take.request),
        pickup=False,
        attempt=1,
        characters=_whole(take.characters),
        amount=_whole(take.cost * MILLION),
        currency=take.currency,
        sent_at=began(take.recorded_at, take.took_ms),
        ended_at=take.recorded_at,
        took_ms=_whole(take.took_ms),
        outcome="kept",
        reason="",
    )


def _text(value: str) -> str:
    """A service may say halves of characters (`"\\ud800"` in JSON), which UTF-8 has no bytes for."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _whole(number: float) -> int:
    """As a column takes it. A sidecar may have come from anywhere, and what is no number of anything is 0."""
    return round(number) if 0 <= number < _MOST else 0
