"""What runs left that were killed: claims to let go of, and requests whose end nobody wrote down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from narrator.ledger import rows, runs
from narrator.ledger.clock import now, whole_second
from narrator.ledger.money import money
from narrator.manuscript import Notice
from narrator.spending import VOICE
from narrator.store import TakeStore
from narrator.takes import Take

SHOWN = 5
"""Lines that a notice names."""


class Left(NamedTuple):
    """A request without an end, of a run that is dead."""

    request: int
    key: str
    utterance_id: str
    outcome: str
    sent_at: str
    amount: int
    currency: str
    ids: str
    unpriced: bool
    """Whether nobody had said what it costs."""


def dead(connection: sqlite3.Connection, folder: Path, *, but: str) -> list[str]:
    """The runs that have not said that they ended, and are not alive.

    Args:
        folder: `takes/.runs`.
        but: this run.
    """
    known = connection.execute(
        "SELECT id FROM runs WHERE ended_at IS NULL UNION SELECT run FROM claims"
    ).fetchall()
    return [run for (run,) in known if run != but and not runs.is_alive(folder, run)]


def settle(connection: sqlite3.Connection, gone: Collection[str], store: TakeStore) -> list[Left]:
    """
    Settle what dead runs left, in a transaction: a request whose take is stored is kept, any other lost.

    Returns:
        the lost ones that were, or may have been, billed.

    Raises:
        OutputError: the store cannot be read.
    """
    lost = []
    for left in _left(connection, gone):
        if takes := _brought(connection, gone, left, store):
            rows.end(connection, left.request, rows.End("kept", "", takes[0].recorded_at, takes[0].took_ms))
            rows.bring(connection, left.request, takes)
            continue
        answered = "answered, but its process ended before the take was stored"
        reason = answered if left.outcome == "answered" else "its process ended while it was in flight"
        rows.end(connection, left.request, rows.End("lost", reason, None, None))
        lost += [left] if left.amount or left.unpriced else []
    for run in gone:
        connection.execute("UPDATE runs SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (now(), run))
        connection.execute("DELETE FROM claims WHERE run = ?", (run,))
    return lost


def told(lost: Collection[Left], *, file: str) -> Notice:
    """What to say about requests that were lost with their process."""
    amounts: dict[str, int] = {}
    for left in lost:
        if not left.unpriced:
            amounts[left.currency] = amounts.get(left.currency, 0) + left.amount
    lines = list(dict.fromkeys(left.utterance_id for left in lost))
    named = ", ".join(lines[:SHOWN]) + (", ..." if len(lines) > SHOWN else "")
    requests = "1 request was" if len(lost) == 1 else f"{len(lost)} requests were"
    known = sum(bool(left.ids) for left in lost)
    hope = f"; what {known} of them brought is fetched, not bought again, if it is still there"
    return Notice(
        message=f"{requests} in flight when narrator was killed ({named}) and brought no take;"
        f" {_cost(lost, amounts)}{hope if known else ''}",
        file=file,
    )


def _cost(lost: Collection[Left], amounts: dict[str, int]) -> str:
    """What they may have cost together, as far as anybody knows."""
    unpriced = sum(left.unpriced for left in lost)
    if unpriced == len(lost):
        return "what they may have cost is not known"
    rest = f", and {unpriced} of them at a price that is not known" if unpriced else ""
    return f"together they may have cost {money(amounts)}{rest}"


def _left(connection: sqlite3.Connection, gone: Collection[str]) -> list[Left]:
    """Those that were answered first: it is more likely their takes that are in the store."""
    found = connection.execute(
        "SELECT id, key, utterance_id, outcome, sent_at, amount, currency, ids, unpriced FROM requests"
        " WHERE outcome IN ('sent', 'answered') AND run IN (SELECT value FROM json_each(?))"
        " ORDER BY outcome, sent_at, id",
        (json.dumps(sorted(gone)),),
    )
    return [Left(*row) for row in found.fetchall()]


def _brought(
    connection: sqlite3.Connection, gone: Collection[str], left: Left, store: TakeStore
) -> list[Take]:
    """The takes of one answer that nothing but this request can have brought; empty where there are none."""
    if left.key.startswith(VOICE):
        return []  # it made a voice, and no take
    claimed = {
        take for (take,) in connection.execute("SELECT id FROM takes WHERE key = ?", (left.key,)).fetchall()
    }
    (since,) = connection.execute(
        "SELECT min(sent_at) FROM requests WHERE outcome IN ('sent', 'answered') AND key = ?"
        " AND run NOT IN (SELECT value FROM json_each(?))",
        (left.key, json.dumps(sorted(gone))),
    ).fetchone()
    found = [
        take
        for take in store.takes(left.key)
        if take.id not in claimed
        and take.recorded_at >= whole_second(left.sent_at)
        # What came after a live run asked for the same is more likely its own.
        and (since is None or take.recorded_at < whole_second(since))
    ]
    together: list[Take] = []
    for take in found:
        if not together or (
            (take.recorded_at, take.took_ms) == (together[0].recorded_at, together[0].took_ms)
            and take.answer > together[-1].answer
        ):
            together.append(take)
    return together
