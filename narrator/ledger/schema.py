"""The ledger's tables, and how an older ledger is brought up to date.

`PRAGMA user_version` says how many of `MIGRATIONS` a file has been through. To change the tables, add an
entry at the end; never change one that was released.

Amounts are whole millionths of `currency`. Times are UTC, ISO 8601 with milliseconds. `totals` holds what
the budget is compared with, kept by triggers, so that nothing can change a request without it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache

Migration = tuple[str, ...]
"""Statements that are carried out together or not at all."""
Migrations = Sequence[Migration]

_FIRST: Migration = (
    """
    CREATE TABLE runs (
        id         TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        ended_at   TEXT,            -- NULL while it is at work, and until somebody settles what it left
        pid        INTEGER NOT NULL,
        host       TEXT NOT NULL,
        command    TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE requests (
        id           INTEGER PRIMARY KEY,
        run          TEXT,          -- NULL: known from a take's sidecar only
        key          TEXT NOT NULL, -- of the take that was asked for
        utterance_id TEXT NOT NULL,
        chapter      INTEGER,       -- NULL: not known
        title        TEXT NOT NULL, -- of the chapter
        role         TEXT NOT NULL,
        provider     TEXT NOT NULL,
        model        TEXT NOT NULL,
        voice        TEXT NOT NULL,
        pickup       INTEGER NOT NULL CHECK (pickup IN (0, 1)),
        attempt      INTEGER NOT NULL CHECK (attempt >= 1),
        characters   INTEGER NOT NULL CHECK (typeof(characters) = 'integer' AND characters >= 0),
        amount       INTEGER NOT NULL CHECK (typeof(amount) = 'integer' AND amount >= 0),
        currency     TEXT NOT NULL,
        sent_at      TEXT NOT NULL,
        ended_at     TEXT,
        took_ms      INTEGER,
        outcome      TEXT NOT NULL CHECK
            (outcome IN ('sent', 'unsent', 'refused', 'broken', 'answered', 'kept', 'lost')),
        reason       TEXT NOT NULL
    )
    """,
    "CREATE INDEX open_requests ON requests (run, key) WHERE outcome IN ('sent', 'answered')",
    """
    CREATE TABLE takes (            -- that requests brought: one or several a request
        key     TEXT NOT NULL,
        id      TEXT NOT NULL,
        request INTEGER NOT NULL REFERENCES requests (id),
        ids     TEXT NOT NULL,      -- the service's own: [[name, value], ...] as JSON
        pruned  INTEGER NOT NULL DEFAULT 0 CHECK (pruned IN (0, 1)),
        PRIMARY KEY (key, id, request)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE claims (
        name  TEXT NOT NULL,
        run   TEXT NOT NULL,
        count INTEGER NOT NULL CHECK (count >= 1),
        PRIMARY KEY (name, run)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE totals (
        currency TEXT PRIMARY KEY,
        spent    INTEGER NOT NULL DEFAULT 0,  -- by requests that are not free
        wasted   INTEGER NOT NULL DEFAULT 0   -- by those of them that brought nothing
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER request_added AFTER INSERT ON requests BEGIN
        INSERT OR IGNORE INTO totals (currency) VALUES (new.currency);
        UPDATE totals SET
            spent = spent + new.amount * (new.outcome NOT IN ('unsent', 'refused')),
            wasted = wasted + new.amount * (new.outcome IN ('broken', 'lost'))
        WHERE currency = new.currency;
    END
    """,
    """
    CREATE TRIGGER request_changed AFTER UPDATE OF outcome ON requests BEGIN
        UPDATE totals SET
            spent = spent + new.amount * (new.outcome NOT IN ('unsent', 'refused'))
                - old.amount * (old.outcome NOT IN ('unsent', 'refused')),
            wasted = wasted + new.amount * (new.outcome IN ('broken', 'lost'))
                - old.amount * (old.outcome IN ('broken', 'lost'))
        WHERE currency = new.currency;
    END
    """,
    """
    CREATE TRIGGER request_removed AFTER DELETE ON requests BEGIN
        UPDATE totals SET
            spent = spent - old.amount * (old.outcome NOT IN ('unsent', 'refused')),
            wasted = wasted - old.amount * (old.outcome IN ('broken', 'lost'))
        WHERE currency = old.currency;
    END
    """,
)

_SECOND: Migration = (
    # The service's own ids of it, so that its answer can be fetched: [[name, value], ...] as JSON.
    "ALTER TABLE requests ADD COLUMN ids TEXT NOT NULL DEFAULT ''",
    # Whether nobody had said what it costs when it was sent; its amount is 0 then, and says nothing.
    "ALTER TABLE requests ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0 CHECK (unpriced IN (0, 1))",
    "CREATE INDEX identified_requests ON requests (key) WHERE ids <> '' AND outcome IN ('broken', 'lost')",
    "DROP TRIGGER request_changed",
    """
    CREATE TRIGGER request_changed AFTER UPDATE OF outcome, amount, currency ON requests BEGIN
        UPDATE totals SET
            spent = spent - old.amount * (old.outcome NOT IN ('unsent', 'refused')),
            wasted = wasted - old.amount * (old.outcome IN ('broken', 'lost'))
        WHERE currency = old.currency;
        INSERT OR IGNORE INTO totals (currency) VALUES (new.currency);
        UPDATE totals SET
            spent = spent + new.amount * (new.outcome NOT IN ('unsent', 'refused')),
            wasted = wasted + new.amount * (new.outcome IN ('broken', 'lost'))
        WHERE currency = new.currency;
    END
    """,
)

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _SECOND)


def version_of(connection: sqlite3.Connection) -> int:
    """How many migrations a file has been through; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Migrations = MIGRATIONS) -> None:
    """Bring a file up to date, each step whole or not at all; within a transaction, as a part of that."""
    for version, statements in enumerate(migrations, start=1):
        if version > version_of(connection):
            _step(connection, version, statements)


def _step(connection: sqlite3.Connection, version: int, statements: Migration) -> None:
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version:d}")
        if alone:
            connection.execute("COMMIT")
    except BaseException:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def strange(connection: sqlite3.Connection, migrations: Migrations = MIGRATIONS) -> str:
    """What is not as the file's migrations made it; `""` where nothing is.

    Indexes and views that somebody added do no harm. A trigger would run whenever narrator writes.
    """
    there = _objects(connection)
    expected = _expected(tuple(migrations)[: version_of(connection)])
    for (kind, name), sql in expected.items():
        if there.get((kind, name)) != sql:
            return f"its {kind} {name!r} is not as narrator makes it"
    for kind, name in there:
        if kind == "trigger" and (kind, name) not in expected:
            return f"somebody added the trigger {name!r}"
    return ""


@cache
def _expected(migrations: tuple[Migration, ...]) -> dict[tuple[str, str], str]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, migrations)
        return _objects(connection)
    finally:
        connection.close()


def _objects(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(kind, name): sql for kind, name, sql in rows}
