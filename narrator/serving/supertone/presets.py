"""Supertone's own voices, by names of ours: its list was never published but for one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from narrator.providers.supertone.roster import KNOWN, is_id
from narrator.serving.likeness import PITCHES, VARIANTS, Age, Gender, Likeness, Person, likenesses, number
from narrator.serving.supertone.models import ABILITIES, ALL, Language, Model

STYLES: Mapping[str, str | None] = {
    "neutral": None,
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "calm": "calm",
    "fearful": "fearful",
    "serious": "serious",
    "soft": "softly",
    "shout": "shouting",
    "whisper": "whispering",
}
"""What each style asks of the engine, in words of `espeak.prosody`."""


class Preset(NamedTuple):
    """A voice, and who stands in for it."""

    id: str
    name: str
    description: str
    age: str
    gender: str
    use_cases: tuple[str, ...]
    likeness: Likeness
    languages: tuple[Language, ...] = ALL
    styles: tuple[str, ...] = tuple(STYLES)
    """The first is spoken where none is asked for."""
    models: tuple[Model, ...] = tuple(ABILITIES)


_AGES: Mapping[str, Age] = {"child": "Child", "young-adult": "Adult", "middle-aged": "Adult", "elder": "Old"}

# fmt: off
_ROWS = (
    # name, gender, age, use cases, styles besides neutral, description
    ("Aiden", "male", "young-adult", "narration,audiobook", "happy,sad,angry,calm,whisper", "calm and near"),
    ("Bela", "female", "young-adult", "narration,audiobook", "happy,sad,angry,calm,whisper", "clear, warm"),
    ("Corin", "male", "middle-aged", "narration,documentary", "calm,serious", "even and grave"),
    ("Dahlia", "female", "middle-aged", "narration,audiobook", "calm,serious,soft", "low and patient"),
    ("Edda", "female", "elder", "audiobook,character", "happy,sad,calm", "old and kind"),
    ("Finn", "male", "child", "character,game", "happy,sad,shout,whisper", "quick and bright"),
    ("Gwen", "female", "young-adult", "advertisement,social", "happy,soft", "lively and light"),
    ("Harlan", "male", "elder", "audiobook,character", "sad,angry,calm,serious", "old and dry"),
    ("Iris", "female", "child", "character,game", "happy,sad,fearful,whisper", "small and curious"),
    ("Jonas", "male", "young-adult", "social,advertisement", "happy,angry", "brisk and bright"),
    ("Katya", "female", "middle-aged", "documentary,learning", "calm,serious", "exact and cool"),
    ("Leif", "male", "middle-aged", "game,character", "angry,shout,fearful", "rough and loud"),
    ("Mina", "female", "young-adult", "audiobook,character", "happy,sad,angry,fearful,whisper", "very young"),
    ("Nils", "male", "young-adult", "learning,narration", "calm,happy", "plain and friendly"),
    ("Odile", "female", "elder", "narration,character", "calm,sad,angry", "old and sharp"),
    ("Piers", "male", "middle-aged", "advertisement,documentary", "serious,calm", "round and sure"),
    ("Quinn", "female", "young-adult", "game,character", "happy,angry,shout,fearful", "bold and fast"),
    ("Rufus", "male", "elder", "character,game", "angry,shout,whisper", "old and hoarse"),
    ("Sora", "female", "young-adult", "narration,social", "happy,calm,soft", "gentle and clear"),
    ("Tomas", "male", "young-adult", "audiobook,game", "happy,sad,angry,fearful,whisper", "warm and open"),
)
# fmt: on
_LANGUAGES: Mapping[str, tuple[Language, ...]] = {"Katya": ("en", "de", "ru"), "Sora": ("en", "ko", "ja")}
_MODELS: Mapping[str, tuple[Model, ...]] = {
    "Katya": ("sona_speech_2", "sona_speech_2_flash"),
    "Sora": ("sona_speech_1", "sona_speech_2"),
}
"""Of voices that have not every language and model, so that a program meets such."""


def presets() -> tuple[Preset, ...]:
    """Every voice on the list."""
    found = likenesses(Person(name, _gender(gender), _AGES[age]) for name, gender, age, *_ in _ROWS)
    return tuple(
        Preset(
            KNOWN.get(name) or _id(name),
            name,
            description,
            age,
            gender,
            tuple(use_cases.split(",")),
            found[name],
            styles=("neutral", *styles.split(",")),
            languages=_LANGUAGES.get(name, ALL),
            models=_MODELS.get(name, tuple(ABILITIES)),
        )
        for name, gender, age, use_cases, styles, description in _ROWS
    )


def stranger(voice_id: str) -> Preset | None:
    """
    A voice that is not on the list: whoever its id meant is gone, and the id decides who speaks.

    Returns:
        None where it is no id of Supertone's.
    """
    if not is_id(voice_id):
        return None
    gender: Gender = ("Female", "Male")[number("gender", voice_id) % 2]
    throats: Sequence[str] = VARIANTS[gender, "Adult"]
    chosen = number("likeness", voice_id)
    pitch = PITCHES[chosen // len(throats) % len(PITCHES)]
    return Preset(
        voice_id,
        f"Voice {voice_id[:6]}",
        "not on the list",
        "young-adult",
        gender.lower(),
        ("narration",),
        Likeness(throats[chosen % len(throats)], pitch),
    )


def _id(name: str) -> str:
    return hashlib.sha256(f"supertone/{name}".encode()).hexdigest()[:22]


def _gender(word: str) -> Gender:
    return "Female" if word == "female" else "Male"
