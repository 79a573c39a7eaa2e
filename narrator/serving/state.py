"""What a stand-in remembers between runs: one SQLite file, safe for threads and for several servers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from narrator.errors import OutputError

_WAIT_S = 10
"""For another server on the same file."""


class State:
    """Tables on disk. Its methods block; each is one transaction."""

    def __init__(self, folder: Path, tables: str) -> None:
        """
        Args:
            folder: made if it is not there; private to the user, for it holds what was spoken.
            tables: `CREATE TABLE IF NOT EXISTS ...` statements.

        Raises:
            OutputError: it cannot be written, or is no such file.
        """
        self._lock = threading.Lock()
        path = folder / "state.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = _open(path, tables)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"cannot keep state in {path}: {error}; make it writable, remove it, or choose another folder"
            ) from error

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: kept when the block ends well, undone otherwise."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file; harmless twice."""
        with self._lock:
            self._database.close()


def _open(path: Path, tables: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # A power cut may lose the last ids, a crash none.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(tables)
    except BaseException:
        database.close()
        raise
    return database
