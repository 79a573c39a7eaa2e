"""Ledgers of other versions: an older one is brought up to date, a newer one is let alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import read_tally
from narrator.ledger.opening import open_ledger
from narrator.ledger.reading import read
from narrator.ledger.rows import Row
from narrator.ledger.schema import MIGRATIONS, migrate, strange, version_of
from narrator.store import TakeStore
from tests.ledger.shelf import PRICE, errand, ledger, statement


def test_a_newer_ledger_is_refused(recorded: Path) -> None:
    """It is neither damaged nor understood: it is left alone."""
    statement(recorded, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (recorded / "ledger.sqlite").read_bytes()
    for use in (lambda: ledger(recorded).__enter__(), lambda: read_tally(recorded)):
        with pytest.raises(OutputError) as refused:
            use()
        assert str(refused.value) == (
            f"{recorded}/ledger.sqlite was made by a newer narrator (ledger version {len(MIGRATIONS) + 1};"
            f" this one knows {len(MIGRATIONS)}); update narrator, or move the file away: it is made anew"
            " from the takes then"
        )
    assert (recorded / "ledger.sqlite").read_bytes() == before


SECOND = (
    "ALTER TABLE requests ADD COLUMN weather TEXT NOT NULL DEFAULT 'fair'",
    "CREATE TABLE moons (phase TEXT)",
)


LATER = (*MIGRATIONS, SECOND)
"""What a later narrator might know."""


def test_an_older_ledger_is_brought_up_to_date(recorded: Path) -> None:
    """It keeps what it holds. Once it is, this narrator lets it alone."""
    store = TakeStore(recorded)
    assert read(recorded, weather, examined=True, migrations=LATER) == [("fair", 5)]
    for _ in range(2):
        opened = open_ledger(recorded, store, migrations=LATER)
        assert opened.notices == ()
        with opened.database.reading() as connection:
            assert version_of(connection) == len(LATER)
            assert strange(connection, LATER) == ""
            assert weather(connection) == [("fair", 5)]
        opened.database.close()
    assert read(recorded, weather, examined=True, migrations=LATER) == [("fair", 5)]
    with pytest.raises(OutputError, match="was made by a newer narrator"):
        ledger(recorded).__enter__()


def weather(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    return connection.execute("SELECT weather, count(*) FROM requests GROUP BY 1").fetchall()


def test_an_older_ledger_that_others_use_is_let_alone(recorded: Path) -> None:
    """They know nothing of a later one's tables; it can be read."""
    with ledger(recorded) as book:
        with pytest.raises(OutputError, match="must be brought up to date, and process"):
            open_ledger(recorded, TakeStore(recorded), migrations=LATER)
        book.account(errand("Line 4.")).send(PRICE)
        assert read(recorded, weather, examined=True, migrations=LATER) == [("fair", 6)]


def test_an_interrupted_migration_leaves_the_old_version(recorded: Path) -> None:
    """Each is whole or not there at all, the new version number included."""
    connection = sqlite3.connect(recorded / "ledger.sqlite", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate(connection, (*MIGRATIONS, (*SECOND, "INSERT INTO nowhere VALUES (1)")))
    assert version_of(connection) == len(MIGRATIONS)
    assert strange(connection) == ""
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'moons'").fetchone() == (0,)
    connection.close()
    with ledger(recorded) as book:
        assert book.notices == []


def test_the_tables_of_the_first_version_never_change() -> None:
    """Ledgers out there have them as they were released; a change goes into a migration of its own."""
    assert len(MIGRATIONS[0]) == 9
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, MIGRATIONS[:1])
    assert [
        (name, [column[1] for column in connection.execute(f"PRAGMA table_info({name})")])
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ] == [
        ("claims", ["name", "run", "count"]),
        (
            "requests",
            ["id", *(name for name in Row._fields if name not in ("ids", "unpriced"))],
        ),
        ("runs", ["id", "started_at", "ended_at", "pid", "host", "command"]),
        ("takes", ["key", "id", "request", "ids", "pruned"]),
        ("totals", ["currency", "spent", "wasted"]),
    ]
    connection.close()
