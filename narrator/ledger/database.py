"""One SQLite file, shared by the threads of this process and with other processes.

One connection and one lock a process: SQLite lets one writer in at a time anyway, and what waits for the
disk under this lock waits 0.3 ms. Nothing here opens the file but SQLite: closing another descriptor of it
would drop this process's locks (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from narrator.errors import OutputError
from narrator.files import refusal
from narrator.ledger.disks import is_local

NAME = "ledger.sqlite"
"""In the folder of the takes."""
WAIT_S = 60
"""For another process that is writing, before it counts as stuck."""
LONGEST_PATH = 500
"""Bytes from which on SQLite may not open a file: it bears 512, the names beside the file included."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside its file, by what it adds to the name."""

_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_ERROR,  # no such table, unsupported file format
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_INTERNAL,
    }
)
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DISK = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_AUTH: errno.EACCES,
}


ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What comes of a damaged file: SQLite quotes it in its messages, and Python takes them for text."""


class Database:
    """A ledger's file, open for reading and writing."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: in a folder that exists; made, empty, if it is not there.

        Raises:
            OutputError: something else is in its place.
            ERRORS: it cannot be opened, or is no SQLite file: see `damaged` and `explained`.
        """
        self.path = path
        self.lock = threading.RLock()
        for file in (path, *(path.with_name(path.name + suffix) for suffix in BESIDE)):
            refuse_odd(file)
        self._wal = False
        self._full: bool | None = None
        self._closed = False
        self._connection = self._open()
        self._there = _identity(path)

    def _open(self) -> sqlite3.Connection:
        """With a write-ahead log where the disk bears it, else without; whatever it was before."""
        if is_local(self.path.parent):
            connection = connect(str(self.path), wait_s=WAIT_S)
            with closing_on_error(connection):
                if _write_ahead(connection):
                    self._wal = True
                    return connection
            connection.close()
        connection = connect(str(self.path), wait_s=WAIT_S)
        with closing_on_error(connection):
            # A log that cannot be shared can be read, and done away with, by one process alone.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA locking_mode = NORMAL")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # now it lets go of the file
        return connection

    @contextmanager
    def changing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction, alone among all processes: kept when the block ends well, undone otherwise.

        Args:
            durable: do not return before the disk has it, so that it survives a power cut. What is not
                durable survives the end of the process, however it ends.

        Raises:
            OutputError: it could not be written; nothing has changed.
        """
        with self.lock, self._explaining():
            self._look()
            connection = self._connection
            self._synchronous(full=durable)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def examining(self) -> Iterator[sqlite3.Connection]:
        """The connection as it is, for whoever can tell damage from other errors."""
        with self.lock:
            yield self._connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one query.

        Raises:
            OutputError: it cannot be read.
        """
        with self.lock, self._explaining():
            self._refuse_closed()
            yield self._connection

    def close(self) -> None:
        """Let go of the file; harmless twice."""
        with self.lock:
            self._closed = True
            self._connection.close()

    def _synchronous(self, *, full: bool) -> None:
        """Without a log, less than FULL may damage the file in a power cut, and EXTRA is what is durable."""
        if full is not self._full:
            level = ("FULL" if full else "NORMAL") if self._wal else ("EXTRA" if full else "FULL")
            self._connection.execute(f"PRAGMA synchronous = {level}")
            self._full = full

    def _look(self) -> None:
        """What is written to a file that was moved or removed is lost to everybody else."""
        self._refuse_closed()
        if _identity(self.path) != self._there:
            raise OutputError(
                f"{self.path} was moved or removed while narrator works with it; nothing is sent that could"
                " not be written down: put it back, or end every narrator of this project, and run again"
            )

    def _refuse_closed(self) -> None:
        if self._closed:
            raise OutputError(f"{self.path} is closed: its run has ended")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except ERRORS as error:
            raise explained(self.path, error) from error


def connect(address: str, *, wait_s: float, uri: bool = False) -> sqlite3.Connection:
    """A connection that trusts nothing the file says: it may have come with somebody else's project."""
    connection = sqlite3.connect(
        address, timeout=wait_s, isolation_level=None, check_same_thread=False, uri=uri
    )
    connection.text_factory = _text
    with closing_on_error(connection):
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
    return connection


class Closing(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of it."""


@contextmanager
def closing_on_error(opened: Closing) -> Iterator[None]:
    """Close what was opened if the block does not end well."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


def damaged(error: Exception) -> bool:
    """Whether an error is about what is in the file, and not about reaching it."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF in _DAMAGED


def said(error: Exception) -> str:
    """What SQLite says is wrong."""
    return "names in it are no text" if isinstance(error, UnicodeDecodeError) else str(error)


def explained(path: Path, error: Exception) -> OutputError:
    """An error of SQLite in words: what is wrong with *path* and what to do."""
    if damaged(error):
        return OutputError(
            f"{path} is damaged ({said(error)}); nothing more is sent. Run again: it is set aside then, and"
            " made anew from the takes"
        )
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and len(os.fsencode(path.absolute())) > LONGEST_PATH:
        return refusal(path, OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)))
    if code & 0xFF in _DISK:
        number = _DISK[code & 0xFF]
        if number == errno.EROFS and not os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
            number = errno.EACCES  # the file alone is read-only
        return refusal(path, OSError(number, os.strerror(number)))
    if code & 0xFF in _BUSY:
        return OutputError(
            f"cannot write {path}: another process has kept it busy for {WAIT_S} seconds; end the one that"
            " hangs and run again"
        )
    if code & 0xFF == sqlite3.SQLITE_IOERR:
        return OutputError(
            f"cannot use {path}: {error}; the disk reports a fault, a quota is used up, or files may not grow"
            " this large here (`ulimit -f`): put that right and run again"
        )
    return OutputError(f"cannot use {path}: {error}; put that right and run again")


def _write_ahead(connection: sqlite3.Connection) -> bool:
    """Turn the write-ahead log on, where the file system bears it."""
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if damaged(error) or getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_LOG:
            raise
        return False
    return bool(mode == "wal")


_NO_LOG = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY}
)


def refuse_odd(file: Path) -> None:
    """
    Raises:
        OutputError: *file* is no regular file. SQLite would follow a link, out of the project perhaps.
    """
    try:
        mode = file.lstat().st_mode
    except OSError:
        return
    if stat.S_ISLNK(mode):
        raise refusal(file, OSError(errno.ELOOP, "it is a symbolic link"))
    if stat.S_ISDIR(mode):
        raise refusal(file, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if not stat.S_ISREG(mode):
        raise refusal(file, OSError(errno.EEXIST, "it is not a regular file"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        there = os.lstat(path)
    except OSError:
        return None
    return there.st_dev, there.st_ino


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")
