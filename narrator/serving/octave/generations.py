"""The takes that a server has made, by id: what a later request may go on from, or save the voice of."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import NamedTuple

from narrator.serving.octave.wire import OctaveVersion
from narrator.serving.speaking import Speaker
from narrator.serving.state import State

TABLES = """
CREATE TABLE IF NOT EXISTS octave_generations (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version TEXT NOT NULL, voice TEXT NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, created_s INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS octave_generations_by_age ON octave_generations (created_s);
"""

KEPT = 200_000
"""The newest so many are remembered: some 60 MB."""
KEPT_S = 400 * 86400
"""And for no longer than this."""
_SWEEP = 1000
"""Generations between two looks for old ones."""


class Remembered(NamedTuple):
    """What is known of a generation."""

    id: str
    version: OctaveVersion
    voice: str
    """Name of the voice that spoke last in it; `""` for one made from a description."""
    speaker: Speaker
    text: str
    """Of its last utterance."""


class Generations:
    """Every generation that is remembered. Its methods block."""

    def __init__(self, state: State, *, kept: int = KEPT) -> None:
        self._state, self._kept = state, kept
        self._until_sweep = 0

    def remember(self, made: Iterable[Remembered]) -> None:
        """Keep some, each in place of what has its id; it is on disk when this returns."""
        now = int(time.time())
        rows = [(each.id, each.version, each.voice, dump(each.speaker), each.text, now) for each in made]
        with self._state.changing() as database:
            database.executemany(
                "INSERT OR REPLACE INTO octave_generations (id, version, voice, speaker, text, created_s)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._until_sweep -= len(rows)
            if self._until_sweep <= 0:
                self._until_sweep = _SWEEP
                database.execute("DELETE FROM octave_generations WHERE created_s < ?", (now - KEPT_S,))
                database.execute(
                    "DELETE FROM octave_generations"
                    " WHERE number <= (SELECT max(number) FROM octave_generations) - ?",
                    (self._kept,),
                )

    def recall(self, generation_id: str) -> Remembered | None:
        """What is known of one; None where nothing is."""
        found = self._state.rows(
            "SELECT id, version, voice, speaker, text FROM octave_generations WHERE id = ?", (generation_id,)
        )
        return next(
            (
                Remembered(id_, OctaveVersion(version), voice, load(speaker), text)
                for id_, version, voice, speaker, text in found
            ),
            None,
        )


def dump(speaker: Speaker) -> str:
    """A speaker as text."""
    return json.dumps([speaker.voice, dict(speaker.settings)])


def load(text: str) -> Speaker:
    """A speaker from its text."""
    voice, settings = json.loads(text)
    return Speaker(voice, tuple(sorted(settings.items())))
