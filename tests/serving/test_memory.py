"""What is remembered, by whom, and for how long."""

from __future__ import annotations

import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.serving.likeness import plain
from narrator.serving.octave import generations
from narrator.serving.octave.generations import Generations, Remembered
from narrator.serving.octave.wire import OctaveVersion
from narrator.serving.state import State


def made(text: str = "Go!") -> Remembered:
    return Remembered(str(uuid.uuid4()), OctaveVersion.ONE, "Ava Song", plain("gmw/en-US+f1"), text)


def test_what_was_made_is_recalled(tmp_path: Path) -> None:
    """Every field of it; nothing of what was never made."""
    state = State(tmp_path, generations.TABLES)
    memory = Generations(state)
    each = made("“Où ?”")
    memory.remember([each, made()])

    assert memory.recall(each.id) == each
    assert memory.recall(str(uuid.uuid4())) is None
    state.close()


def test_two_servers_share_a_folder(tmp_path: Path) -> None:
    """Each knows what the other has made, with several threads in both."""
    states = [State(tmp_path, generations.TABLES) for _ in range(2)]
    memories = [Generations(state) for state in states]
    everything = [made(str(number)) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: memories[n % 2].remember([everything[n]]), range(40)))

    assert all(memory.recall(each.id) == each for memory in memories for each in everything)
    for state in states:
        state.close()


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """By number and by age, whenever a server has begun or has made many."""
    state = State(tmp_path, generations.TABLES)
    old, many = made(), [made() for _ in range(30)]
    Generations(state).remember([old, *many])
    with state.changing() as database:
        database.execute("UPDATE octave_generations SET created_s = 0 WHERE id = ?", (old.id,))
    new = made()
    Generations(state, kept=10).remember([new])

    (left,) = state.rows("SELECT count(*) FROM octave_generations")
    assert left == (10,)
    assert Generations(state).recall(new.id) == new
    assert Generations(state).recall(old.id) is None
    state.close()


def test_a_change_that_fails_is_undone(tmp_path: Path) -> None:
    state = State(tmp_path, generations.TABLES)
    insert = "INSERT INTO octave_generations VALUES (1, 'a', '1', '', '[]', '', 1)"

    def change_twice() -> None:
        with state.changing() as database:
            database.execute(insert)
            database.execute(insert)

    with pytest.raises(sqlite3.IntegrityError):
        change_twice()
    assert state.rows("SELECT * FROM octave_generations") == []
    state.close()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Is named, with what to do."""
    (tmp_path / "state.sqlite").write_bytes(b"not a database at all" * 100)

    with pytest.raises(OutputError, match=r"state\.sqlite.*remove it"):
        State(tmp_path, generations.TABLES)


def test_only_its_owner_may_look(tmp_path: Path) -> None:
    """It holds what was spoken."""
    state = State(tmp_path / "state", generations.TABLES)
    state.close()

    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
