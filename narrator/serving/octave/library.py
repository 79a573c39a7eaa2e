"""The voices that are there from the start: Hume's library by its names and ids, and the engine's own.

Each voice of Hume's is spoken by an embedded voice that fits its name, always the same one and no other's, so
that a cast made for Hume keeps its voices apart.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from narrator.casting import Voice
from narrator.providers.hume.roster import LIBRARY, UNNUMBERED
from narrator.serving.likeness import plain
from narrator.serving.octave.design import ACCENTS, Kind, speakers, understand_kind
from narrator.serving.octave.wire import VoiceProvider
from narrator.serving.speaking import Speaker

_IDS = uuid.UUID("5f0b1c66-6f0e-5a39-9d0b-7f1f3c0f8a4e")
"""Namespace of the ids that are ours; changing it changes them all."""

_ABROAD = {
    "Akira": ("jpx/ja", "Japanese"),
    "Anna": ("gmw/de", "German"),
    "Mika the Musician": ("roa/fr", "French"),
    "Priya": ("inc/hi", "Hindi"),
    "Spanish Instructor": ("roa/es", "Spanish"),
}
"""Voices of the library for other languages: the engine's voice and the language's name."""


class Entry(NamedTuple):
    """A voice that can be asked for."""

    id: str
    name: str
    provider: VoiceProvider
    speaker: Speaker
    tags: tuple[tuple[str, str], ...] = ()
    """(type in capitals, value), sorted."""


def library(embedded: Iterable[Voice]) -> tuple[Entry, ...]:
    """Every voice of the library: Hume's by name, then the engine's.

    Args:
        embedded: the engine's voices.
    """
    return (*_hume(), *_embedded(embedded))


@cache
def _hume() -> tuple[Entry, ...]:
    taken: set[Speaker] = set()
    found = []
    for name in sorted((*LIBRARY, *UNNUMBERED), key=str.casefold):
        id_ = LIBRARY.get(name) or str(uuid.uuid5(_IDS, f"hume/{name}"))
        kind = understand_kind(name)
        fitting = speakers(name, kind, accent="American")
        speaker = next((each for each in fitting if each not in taken), fitting[0])
        language, accent = "English", kind.accent or "American"
        if name in _ABROAD:
            file, language = _ABROAD[name]
            accent = ""
            speaker = speaker._replace(voice=f"{file}+{speaker.voice.partition('+')[2]}")
        taken.add(speaker)
        found.append(Entry(id_, name, VoiceProvider.HUME_AI, speaker, _tags(kind, accent, language)))
    return tuple(found)


def _embedded(voices: Iterable[Voice]) -> Iterator[Entry]:
    names: set[str] = set()
    for voice in voices:
        file, _, variant = voice.name.partition("+")
        title = voice.description.partition(";")[0]
        name = f"{variant}, {title}" if variant else title
        if name.casefold() in names:
            name = f"{name} ({voice.name})"
        names.add(name.casefold())
        tags = [("LANGUAGE", title.partition(" (")[0])]
        tags += [("GENDER", voice.gender.title())] if voice.gender else []
        tags += [("ACCENT", accent) for accent, each in ACCENTS.items() if each == file]
        yield Entry(
            str(uuid.uuid5(_IDS, str(voice))),
            name,
            VoiceProvider.HUME_AI,
            plain(voice.name),
            tuple(sorted(tags)),
        )


def _tags(kind: Kind, accent: str, language: str) -> tuple[tuple[str, str], ...]:
    tags = [("AGE", kind.age), ("GENDER", kind.gender), ("LANGUAGE", language)]
    return tuple(sorted([*tags, ("ACCENT", accent)] if accent else tags))
