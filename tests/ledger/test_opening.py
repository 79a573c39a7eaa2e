"""A ledger is made, brought up to date, or set aside and made anew; nothing damaged is lost or believed."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.ledger import Claim, read_spent, read_tally
from narrator.ledger.rows import Row
from narrator.ledger.schema import MIGRATIONS, migrate, strange, version_of
from narrator.spending import Bill
from narrator.store import TakeStore
from tests.ledger.dying import ROOT
from tests.ledger.shelf import PRICE, errand, ledger, outcomes, put, rows


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Takes of three lines, one of them asked for twice in vain, and their ledger."""
    return record(tmp_path / "takes")


def record(takes: Path) -> Path:
    store = TakeStore(takes)
    with ledger(takes) as book:
        for number in range(3):
            account = book.account(errand(f"Line {number}.", f"c01-u{number:03}"))
            account.send(PRICE).ended("answered")
            account.kept([put(store, f"Line {number}.", cost=0.004)])
        account = book.account(errand("Line 3.", "c01-u003"))
        account.send(PRICE).ended("broken", reason="cut")
        account.send(PRICE).ended("refused")
    return takes


def spoil(
    takes: Path, *, at: int = 0, garbage: bytes = b"this is no database, whatever its name says"
) -> None:
    with (takes / "ledger.sqlite").open("r+b") as file:
        file.seek(at)
        file.write(garbage)


def aside(takes: Path) -> list[Path]:
    return sorted(takes.glob("ledger.sqlite.damaged-*"))


def statement(takes: Path, sql: str) -> None:
    connection = sqlite3.connect(takes / "ledger.sqlite")
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_a_new_project_has_an_empty_ledger(tmp_path: Path) -> None:
    with ledger(tmp_path / "project" / "takes") as book:
        assert (book.notices, book.spent) == ([], {})


def test_a_missing_ledger_is_made_from_the_sidecars(recorded: Path) -> None:
    """What brought no take is forgotten; that is said."""
    (recorded / "ledger.sqlite").unlink()
    with ledger(recorded) as book:
        assert [str(notice) for notice in book.notices] == [
            "takes/ledger.sqlite: there was no ledger; one was made from 3 takes (0.012 USD); what requests"
            " that brought none have cost is not known"
        ]
        assert book.spent == {"USD": 12_000}
    tally = read_tally(recorded)
    takes = sorted(TakeStore(recorded).every(), key=lambda take: take.key)
    assert [(kept.key, kept.take_id, kept.amount) for kept in tally.kept] == [
        (take.key, take.id, 4000) for take in takes
    ]
    assert rows(
        recorded,
        "SELECT DISTINCT run, chapter, title, role, provider, model, voice, sent_at, ended_at FROM requests",
    ) == [(None, None, "", "", "hume", "2", "Ada", "2026-11-20T09:59:58.500Z", "2026-11-20T10:00:00Z")]
    assert rows(recorded, "SELECT DISTINCT characters, took_ms FROM requests") == [(40, 1500)]
    with ledger(recorded) as book:
        assert book.notices == []


@pytest.mark.parametrize("garbage", [b"this is no database", b""])
def test_garbage_is_set_aside(recorded: Path, garbage: bytes) -> None:
    content = garbage + os.urandom(5000)
    (recorded / "ledger.sqlite").write_bytes(content)
    with ledger(recorded) as book:
        (notice,) = book.notices
        assert book.spent == {"USD": 12_000}
    (damaged,) = aside(recorded)
    assert damaged.read_bytes() == content
    assert str(notice) == (
        f"takes/ledger.sqlite: the ledger was damaged (file is not a database), is kept as {damaged.name},"
        " and was made anew from 3 takes (0.012 USD); what requests that brought none have cost is not known"
    )


def test_no_damaged_ledger_is_written_over(recorded: Path) -> None:
    """Not even one that was set aside in the same second."""
    contents = []
    for number in range(3):
        contents.append(b"garbage %d" % number)
        (recorded / "ledger.sqlite").write_bytes(contents[-1])
        (recorded / "ledger.sqlite-wal").write_bytes(contents[-1] + b" wal")
        with ledger(recorded):
            pass
    kept = [path.read_bytes() for path in aside(recorded)]
    assert sorted(kept) == sorted(contents + [content + b" wal" for content in contents])


def test_an_empty_file_counts_as_missing(recorded: Path) -> None:
    (recorded / "ledger.sqlite").write_bytes(b"")
    with ledger(recorded) as book:
        assert "one was made from 3 takes" in str(book.notices)


def test_a_file_without_tables_counts_as_missing(recorded: Path) -> None:
    """A run was killed while it made the ledger: nothing was in it yet."""
    (recorded / "ledger.sqlite").unlink()
    statement(recorded, "PRAGMA journal_mode = WAL")
    assert (recorded / "ledger.sqlite").stat().st_size
    with ledger(recorded) as book:
        assert "one was made from 3 takes" in str(book.notices)
        assert book.spent == {"USD": 12_000}


def test_another_database_is_set_aside(recorded: Path) -> None:
    (recorded / "ledger.sqlite").unlink()
    statement(recorded, "CREATE TABLE mine (a)")
    statement(recorded, "PRAGMA user_version = 1")
    with ledger(recorded) as book:
        assert "the ledger was damaged (its table 'runs' is not as narrator makes it)" in str(book.notices)
    assert len(aside(recorded)) == 1


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE totals SET spent = spent - 1", "its totals are not those of its requests"),
        ("DELETE FROM totals", "its totals are not those of its requests"),
        ("DROP TRIGGER request_changed", "its trigger 'request_changed' is not as narrator makes it"),
        (
            "CREATE TRIGGER evil AFTER INSERT ON requests BEGIN DELETE FROM claims; END",
            "somebody added the trigger 'evil'",
        ),
    ],
)
def test_a_ledger_that_was_tampered_with_is_set_aside(recorded: Path, sql: str, reason: str) -> None:
    statement(recorded, sql)
    with ledger(recorded) as book:
        assert f"the ledger was damaged ({reason})" in str(book.notices)
        assert book.spent == {"USD": 12_000}


def test_views_and_indexes_of_ones_own_do_no_harm(recorded: Path) -> None:
    statement(recorded, "CREATE VIEW dear AS SELECT * FROM requests WHERE amount > 1000")
    statement(recorded, "CREATE INDEX by_role ON requests (role)")
    with ledger(recorded) as book:
        assert book.notices == []


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere_is_survived(recorded: Path, seed: int) -> None:
    """Every amount is right afterwards, or the ledger was made anew and says so; it is never a traceback."""
    chance = random.Random(seed)
    path = recorded / "ledger.sqlite"
    for _ in range(6):
        if chance.random() < 0.3:
            os.truncate(path, chance.randrange(path.stat().st_size))
        for _ in range(chance.choice([1, 1, 2, 20])):
            spoil(
                recorded,
                at=chance.randrange(max(1, path.stat().st_size)),
                garbage=chance.randbytes(chance.choice([1, 4, 60])),
            )
        damaged = path.read_bytes()
        try:
            read_tally(recorded)
            read_spent(recorded)
            with ledger(recorded) as book:
                account = book.account(errand("Line 3.", "c01-u003"))
                account.send(PRICE).ended("refused")
                assert book.claim([Claim("a", 1)], lambda _: 0) == 1
                told = book.notices
        except OutputError as refused:
            assert "was made by a newer narrator" in str(refused)  # noqa: PT017 - the one damage that is not told apart
            path.unlink()
            with ledger(recorded):
                continue
        assert read_tally(recorded).notices == ()
        if told:
            assert damaged in [kept.read_bytes() for kept in aside(recorded)]
            assert read_spent(recorded) == {"USD": 12_000}
        else:
            assert read_spent(recorded) in ({"USD": 16_000}, {"USD": 12_000})


def test_damage_in_the_middle_of_a_run_stops_it(recorded: Path) -> None:
    """Nothing is sent that could not be written down; the next run makes the ledger anew."""
    with ledger(recorded) as book:
        account = book.account(errand("Line 4.", "c01-u004"))
        attempt = account.send(PRICE)
        statement(
            recorded, "INSERT INTO claims VALUES ('x', 'y', 1)"
        )  # so that nobody relies on what he has read
        statement(recorded, "PRAGMA wal_checkpoint(TRUNCATE)")
        for page in range(1, (recorded / "ledger.sqlite").stat().st_size // 4096):
            spoil(recorded, at=page * 4096, garbage=bytes(4096))
        with pytest.raises(OutputError, match=r"is damaged .* Run again") as stopped:
            account.send(PRICE)
        assert "nothing more is sent" in str(stopped.value)
        attempt.ended("answered")
        account.kept([put(TakeStore(recorded), "Line 4.")])
        book.release(["x"])
    assert "not all was written down" in str(book.notices[-1])
    with pytest.raises(OutputError, match="its run has ended"):
        dict(book.spent)  # what cannot be read is not guessed at
    with ledger(recorded) as book:
        assert "the ledger was damaged" in str(book.notices)
        assert book.spent == {"USD": 16_000}


def test_a_folder_in_its_place_is_refused(recorded: Path) -> None:
    (recorded / "ledger.sqlite").unlink()
    (recorded / "ledger.sqlite").mkdir()
    with pytest.raises(OutputError, match="a folder is in the way; rename it"), ledger(recorded):
        pass
    with pytest.raises(OutputError, match="a folder is in the way; rename it"):
        read_tally(recorded)


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-journal", ".runs"])
def test_symbolic_links_are_not_followed(recorded: Path, tmp_path: Path, name: str) -> None:
    """A project may come from anywhere, and must not reach outside itself."""
    outside = tmp_path / "outside"
    if name == ".runs":
        shutil.rmtree(recorded / name)
        outside.mkdir()
    elif name == "ledger.sqlite":
        shutil.move(recorded / name, outside)
    else:
        outside.write_bytes(b"mine")
    before = outside.read_bytes() if outside.is_file() else list(outside.iterdir())
    (recorded / name).symlink_to(outside)
    with pytest.raises(OutputError, match="symbolic link"), ledger(recorded):
        pass
    assert before == (outside.read_bytes() if outside.is_file() else list(outside.iterdir()))
    if name == "ledger.sqlite":
        with pytest.raises(OutputError, match="symbolic link"):
            read_spent(recorded)


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


def test_a_migration_keeps_what_there_is(recorded: Path) -> None:
    connection = sqlite3.connect(recorded / "ledger.sqlite", isolation_level=None)
    later = (*MIGRATIONS, SECOND)
    migrate(connection, later)
    migrate(connection, later)
    assert version_of(connection) == len(later)
    assert strange(connection, later) == ""
    assert connection.execute("SELECT DISTINCT weather, count(*) FROM requests").fetchall() == [("fair", 5)]
    connection.close()


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
            ["id", *Row._fields],
        ),
        ("runs", ["id", "started_at", "ended_at", "pid", "host", "command"]),
        ("takes", ["key", "id", "request", "ids", "pruned"]),
        ("totals", ["currency", "spent", "wasted"]),
    ]
    connection.close()


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_nobody_mends_a_ledger_that_others_use(recorded: Path, how: str) -> None:
    """They would go on with the old one, claims and all, and both would buy the same."""
    with ledger(recorded) as book:
        book.account(errand("Line 4.")).send(PRICE).ended("refused")
        before = {path.name for path in recorded.iterdir()}
        if how == "missing":
            (recorded / "ledger.sqlite").rename(recorded.parent / "away")
        else:
            statement(recorded, "UPDATE totals SET wasted = 7")
        with pytest.raises(OutputError, match=r"process \d+ is at work on this project; wait until"):
            ledger(recorded).__enter__()
        if how == "missing":
            (recorded.parent / "away").rename(recorded / "ledger.sqlite")
        assert {path.name for path in recorded.iterdir()} == before
        book.account(errand("Line 4.")).send(PRICE).ended("refused")


def test_a_ledger_that_is_taken_away_stops_the_run(recorded: Path) -> None:
    """What it writes would be seen by nobody."""
    with ledger(recorded) as book:
        account = book.account(errand("Line 4."))
        attempt = account.send(PRICE)
        (recorded / "ledger.sqlite").rename(recorded / "elsewhere")
        with pytest.raises(OutputError, match="was moved or removed while narrator works with it"):
            account.send(PRICE)
        with pytest.raises(OutputError, match="was moved or removed"):
            book.claim([Claim("a", 1)], lambda _: 0)
        attempt.ended("answered")
        account.kept([put(TakeStore(recorded), "Line 4.")])
        (recorded / "elsewhere").rename(recorded / "ledger.sqlite")
    assert book.notices == []
    assert outcomes(recorded)[-1] == "kept"


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anything, so let go of that for a moment."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A ledger in a folder that anybody may reach, other than pytest's."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield record(Path(folder, "takes"))


def test_where_nothing_can_be_written_a_run_does_not_begin(open_to_all: Path) -> None:
    for path in (open_to_all, *open_to_all.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with unprivileged(), pytest.raises(OutputError, match=r"cannot write .*allow writing there"):
        ledger(open_to_all).__enter__()
    assert aside(open_to_all) == []
    open_to_all.chmod(0o755)


def test_where_the_log_cannot_be_shared_there_is_none(open_to_all: Path) -> None:
    """As on some network disks; here because the file it would be shared through is somebody else's."""
    takes = open_to_all
    shared = takes / "ledger.sqlite-shm"
    shared.write_bytes(b"")
    for path in (takes, *takes.rglob("*")):
        path.chmod(0o777)
    shared.chmod(0)
    with unprivileged(), ledger(takes) as book, ledger(takes) as other:
        assert book.claim([Claim("a", 1)], lambda _: 0) == 1
        assert other.claim([Claim("a", 1)], lambda _: 0) == 0
        other.account(errand("Line 4.")).send(Bill(1, 1, "USD")).ended("refused")
        assert rows(takes, "PRAGMA journal_mode") == [("delete",)]
        assert read_spent(takes) == book.spent == {"USD": 16_000}
    assert outcomes(takes) == ["kept", "kept", "kept", "broken", "refused", "refused"]


FULL = """
import resource, sys
from pathlib import Path
from narrator.errors import OutputError
from narrator.store import TakeStore
from tests.ledger.dying import AFTER
from tests.ledger.shelf import PRICE, errand, ledger, put

takes = Path(sys.argv[1])
with ledger(takes) as book:
    open_ = []
    limit = (takes / "ledger.sqlite-wal").stat().st_size + 30_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        while True:
            account = book.account(errand("Line 4.", "c01-u004"))
            attempt = account.send(PRICE)
            open_.append((account, attempt))
    except OutputError as stopped:
        print(stopped)
    for account, attempt in open_:
        attempt.ended("answered")
        account.kept([put(TakeStore(takes), "Line 4.", at=AFTER)])
    book.release(["a"])
    print(book.run_spent)
print(book.notices[-1])
"""


def test_on_a_full_disk_nothing_more_is_sent_and_nothing_raised_at_what_came(recorded: Path) -> None:
    """Files may not grow there, which is as good as full; the next run settles what was sent."""
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(recorded)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    stopped, spent, notice = told.stdout.splitlines()
    assert stopped.startswith(
        f"cannot use {recorded}/ledger.sqlite: disk I/O error; the disk reports a fault"
    )
    assert "put that right and run again" in stopped
    assert notice.startswith("takes/ledger.sqlite: not all was written down, the next run will: cannot use ")
    sent = outcomes(recorded).count("sent") + outcomes(recorded).count("answered")
    assert sent > 1
    assert spent == str({"USD": sent * 4000})
    with ledger(recorded) as book:
        assert book.spent == {"USD": 16_000 + sent * 4000}
    assert outcomes(recorded).count("kept") == 4


def test_a_ledger_is_not_opened_twice_in_a_row_at_once(tmp_path: Path) -> None:
    """Two that come to a damaged ledger at once: one makes it anew, the other finds it so."""
    takes = record(tmp_path / "takes")
    (takes / "ledger.sqlite").write_bytes(b"garbage" * 99)
    script = (
        "import sys; from pathlib import Path; from tests.ledger.shelf import ledger\n"
        "with ledger(Path(sys.argv[1])) as book: print(len(book.notices))"
    )
    command = [sys.executable, "-c", script, str(takes)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert told == ["0", "1"]
    assert len(aside(takes)) == 1


def test_a_ledger_that_is_being_written_is_not_damaged(recorded: Path) -> None:
    """It is looked through as it is at one moment."""
    done = threading.Event()
    with ledger(recorded) as book:

        def work() -> None:
            while not done.is_set():
                book.account(errand("Line 4.")).send(PRICE).ended("broken")

        writing = threading.Thread(target=work)
        writing.start()
        try:
            for _ in range(30):
                with ledger(recorded) as other:
                    assert other.notices == []
                assert read_tally(recorded).notices == ()
        finally:
            done.set()
            writing.join()
