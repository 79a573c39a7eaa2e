"""The voices that a request can name: the library's, and those that were saved here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from narrator.errors import ProjectError
from narrator.providers.espeak import Espeak
from narrator.serving.likeness import plain
from narrator.serving.octave.generations import Generations, dump, load
from narrator.serving.octave.library import Entry, library
from narrator.serving.octave.refusing import missing, unwelcome
from narrator.serving.octave.wire import VoiceId, VoiceProvider, VoiceRef
from narrator.serving.state import State

TABLES = """
CREATE TABLE IF NOT EXISTS octave_voices (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE, speaker TEXT NOT NULL
);
"""

MOST = 10_000
"""Voices that can be saved."""
_PATH = "/v0/tts"
_EMBEDDED = "espeak/"


class Voices:
    """Every voice there is. Its methods may read the disk, so they block."""

    def __init__(self, engine: Espeak, generations: Generations, state: State) -> None:
        self._engine, self._generations, self._state = engine, generations, state
        self._library = library(engine.voices())
        self._by_id = {entry.id: entry for entry in self._library}
        self._by_name = {_fold(entry.name): entry for entry in self._library}

    def find(self, ref: VoiceRef) -> Entry:
        """
        The voice that a request means.

        Raises:
            Refused: 404, there is none.
        """
        wanted = ref.root
        own = wanted.provider is VoiceProvider.CUSTOM_VOICE
        if isinstance(wanted, VoiceId):
            shown = f"ID: {wanted.id}"
            found = self._saved_as("id = ?", wanted.id) if own else self._by_id.get(wanted.id.lower())
        else:
            shown = f"Name: {wanted.name}"
            found = self._saved_as("folded = ?", _fold(wanted.name)) if own else self._named(wanted.name)
        if found is None:
            kind = "Custom" if own else "Library"
            hint = " A voice of the library needs the provider HUME_AI." if own else ""
            raise missing(f"Octave {kind} Voice ({shown}) does not exist or is not accessible.{hint}", _PATH)
        return found

    def listed(
        self, provider: VoiceProvider, *, tags: Sequence[tuple[str, str]] = (), ascending: bool = False
    ) -> list[Entry]:
        """
        Every voice of a provider: saved ones the newest first.

        Args:
            tags: (type, value) that all must have; case counts in the value only.
            ascending: saved ones the oldest first.
        """
        entries: list[Entry] = list(self._library)
        if provider is VoiceProvider.CUSTOM_VOICE:
            order = "ASC" if ascending else "DESC"
            rows = self._state.rows(
                f"SELECT id, name, speaker FROM octave_voices ORDER BY number {order}"  # noqa: S608 - a word of ours
            )
            entries = [_saved(*row) for row in rows]
        wanted = {(kind.upper(), value) for kind, value in tags}
        return [entry for entry in entries if wanted <= set(entry.tags)]

    def save(self, generation_id: str, name: str) -> Entry:
        """
        Keep the voice of a generation.

        Raises:
            Refused: there is no such generation; or a voice is called that.
        """
        made = self._generations.recall(generation_id)
        if made is None:
            raise unwelcome(f"Generation (ID: {generation_id}) does not exist.", code="generation_not_found")
        name = " ".join(name.split())
        if not name:
            raise unwelcome("A voice needs a name.", code="voice_name_invalid")
        saved = _saved(str(uuid.uuid4()), name, dump(made.speaker))
        with self._state.changing() as database:
            if database.execute("SELECT 1 FROM octave_voices WHERE folded = ?", (_fold(name),)).fetchone():
                raise unwelcome(f"A voice named {name!r} exists already.", code="voice_name_taken")
            if database.execute("SELECT count(*) FROM octave_voices").fetchone()[0] >= MOST:
                raise unwelcome(f"{MOST} voices are saved; delete some.", code="too_many_voices")
            database.execute(
                "INSERT INTO octave_voices (id, name, folded, speaker) VALUES (?, ?, ?, ?)",
                (saved.id, name, _fold(name), dump(made.speaker)),
            )
        return saved

    def delete(self, name: str) -> None:
        """
        Forget a voice that was saved.

        Raises:
            Refused: there is none of that name.
        """
        with self._state.changing() as database:
            gone = database.execute("DELETE FROM octave_voices WHERE folded = ?", (_fold(name),)).rowcount
        if not gone:
            raise unwelcome(f"There is no custom voice named {name!r}.", code="voice_not_found")

    def _saved_as(self, condition: str, value: str) -> Entry | None:
        rows = self._state.rows(f"SELECT id, name, speaker FROM octave_voices WHERE {condition}", (value,))  # noqa: S608 - a constant of ours
        return _saved(*rows[0]) if rows else None

    def _named(self, name: str) -> Entry | None:
        """By its name; `espeak/...` names any voice of the engine, with any variant."""
        if name.startswith(_EMBEDDED):
            try:
                voice = self._engine.choose(name.removeprefix(_EMBEDDED), {}).voice
            except ProjectError:
                return None
            return Entry("", name, VoiceProvider.HUME_AI, plain(voice))
        return self._by_name.get(_fold(name))


def _saved(id_: str, name: str, speaker: str) -> Entry:
    return Entry(id_, name, VoiceProvider.CUSTOM_VOICE, load(speaker))


def _fold(name: str) -> str:
    return " ".join(name.casefold().replace("’", "'").split())
