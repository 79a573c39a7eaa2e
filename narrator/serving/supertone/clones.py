"""Voices of the account's own: a recording in, an embedded voice as high as whoever speaks in it.

A clone is that and no more: of the throats that the engine has the nearest in pitch, one that no other clone
has while there are such. It is kept, the recording is not.
"""

from __future__ import annotations

import math
import secrets
import string
from collections.abc import Collection, Mapping
from typing import BinaryIO, NamedTuple

from narrator.audio.character import study
from narrator.audio.decoding import Recording
from narrator.serving.likeness import Likeness, within
from narrator.serving.state import State
from narrator.serving.supertone.refusing import missing, refusal

TABLES = """
CREATE TABLE IF NOT EXISTS supertone_voices (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    description TEXT NOT NULL, variant TEXT NOT NULL, pitch INTEGER NOT NULL
);
"""

STYLE = "neutral"
"""The one that a clone has."""
MOST = 10_000
BYTES = 3 * 10**6
"""Of a recording."""
LONGEST_S = 600
NAME_LIMIT = 100
DESCRIPTION_LIMIT = 1000

MEDIAN_HZ: Mapping[str, int] = {
    "david": 75, "ian": 83, "m8": 86, "mike2": 91, "m1": 93, "Lee": 96, "Andy": 96,
    "marcelo": 96, "sandro": 99, "boris": 101, "m6": 101, "travis": 102, "klatt2": 103, "grandpa": 104,
    "m3": 104, "michel": 105, "gustave": 106, "m7": 106, "rob": 107, "Reed": 117, "Nguyen": 150,
    "aunty": 173, "shelby": 179, "f1": 179, "f4": 180, "steph2": 184, "steph3": 184, "f2": 196,
    "grandma": 199, "f5": 205, "f3": 211, "linda": 228, "belinda": 229, "Annie": 239, "Andrea": 245,
    "anika": 270,
}  # fmt: skip
"""Pitch of the engine's throats, as `audio.character` measures it on ten seconds of them in English."""
_NEAR = 0.12
"""Octaves within which throats are equally fit."""
_USUAL_PITCH = 50
_OCTAVES_A_STEP = 0.0145
"""Of the engine's pitch, about its middle; measured likewise."""
_RATE = 24_000
_ALPHABET = string.ascii_letters + string.digits
_ID_CHARACTERS = 22


class Clone(NamedTuple):
    """A voice of the account's own."""

    id: str
    name: str
    description: str
    likeness: Likeness


class Clones:
    """Every one there is. Its methods block."""

    def __init__(self, state: State) -> None:
        self._state = state

    def all(self) -> list[Clone]:
        """The oldest first."""
        return [_clone(*row) for row in self._state.rows(f"{_SELECT} ORDER BY number")]

    def find(self, voice_id: str) -> Clone | None:
        """One by its id."""
        rows = self._state.rows(f"{_SELECT} WHERE id = ?", (voice_id,))
        return _clone(*rows[0]) if rows else None

    def create(self, name: str, description: str, hertz: float) -> Clone:
        """
        Keep a new one.

        Args:
            hertz: how high it is to speak.

        Raises:
            Refused: it has no name; or there are too many.
        """
        name, description = checked_name(name), checked_description(description)
        # The first character makes it unlike an id of a voice of Supertone's.
        voice_id = "w" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARACTERS - 1))
        with self._state.changing() as database:
            taken = [row[0] for row in database.execute("SELECT variant FROM supertone_voices")]
            if len(taken) >= MOST:
                raise refusal(f"There are {MOST} custom voices already; delete some")
            made = Clone(voice_id, name, description, likeness(hertz, taken=taken))
            database.execute(
                "INSERT INTO supertone_voices (id, name, description, variant, pitch) VALUES (?, ?, ?, ?, ?)",
                (*made[:3], *made.likeness),
            )
        return made

    def change(self, voice_id: str, *, name: str | None, description: str | None) -> Clone:
        """
        Call it something else; None leaves what there is.

        Raises:
            Refused: 404; or that is no name.
        """
        name = None if name is None else checked_name(name)
        description = None if description is None else checked_description(description)
        with self._state.changing() as database:
            row = database.execute(f"{_SELECT} WHERE id = ?", (voice_id,)).fetchone()
            if row is None:
                raise missing("Voice")
            found = _clone(*row)
            changed = found._replace(
                name=found.name if name is None else name,
                description=found.description if description is None else description,
            )
            database.execute(
                "UPDATE supertone_voices SET name = ?, description = ? WHERE id = ?",
                (changed.name, changed.description, voice_id),
            )
        return changed

    def delete(self, voice_id: str) -> None:
        """
        Forget it.

        Raises:
            Refused: 404.
        """
        with self._state.changing() as database:
            if not database.execute("DELETE FROM supertone_voices WHERE id = ?", (voice_id,)).rowcount:
                raise missing("Voice")


def height(file: BinaryIO) -> float:
    """
    How high somebody speaks in a recording, in hertz. It blocks.

    Raises:
        Refused: it is no recording, or nobody is heard in it.
    """
    try:
        recording = Recording(file, longest_s=LONGEST_S)
    except ValueError as error:
        raise refusal(f"files: {error}", status=415) from None
    try:
        found = study(recording.blocks(_RATE), _RATE).character.median_hz
    except ValueError as error:
        raise refusal(f"files: {error}") from None
    if not found:
        raise refusal("files: no speech is heard in it")
    return found


def likeness(hertz: float, *, taken: Collection[str]) -> Likeness:
    """
    Whoever of the engine's speaks about as high.

    Args:
        taken: throats that others have; one of them where all that are near enough are.
    """

    def octaves(variant: str) -> float:
        return math.log2(hertz / MEDIAN_HZ[variant])

    nearest = sorted(MEDIAN_HZ, key=lambda variant: abs(octaves(variant)))
    near = [variant for variant in nearest if abs(octaves(variant)) <= _NEAR] or nearest[:1]
    chosen = next((variant for variant in near if variant not in taken), near[len(taken) % len(near)])
    return Likeness(chosen, within("pitch", _USUAL_PITCH + octaves(chosen) / _OCTAVES_A_STEP))


def checked_name(name: str) -> str:
    """
    A name with single spaces.

    Raises:
        Refused: it is none.
    """
    found = " ".join(name.split())
    if not 0 < len(found) <= NAME_LIMIT:
        raise refusal([f"name must have 1 to {NAME_LIMIT} characters"])
    return found


def checked_description(description: str) -> str:
    """
    Raises:
        Refused: it is too long.
    """
    if len(description) > DESCRIPTION_LIMIT:
        raise refusal([f"description must have {DESCRIPTION_LIMIT} characters at most"])
    return description


_SELECT = "SELECT id, name, description, variant, pitch FROM supertone_voices"


def _clone(voice_id: str, name: str, description: str, variant: str, pitch: int) -> Clone:
    return Clone(voice_id, name, description, Likeness(variant, pitch))
