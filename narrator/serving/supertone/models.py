"""Supertone's models and the languages they speak, as data (contract 4.1 to 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Model = Literal[
    "sona_speech_1", "sona_speech_2", "sona_speech_2_flash", "supertonic_api_1", "supertonic_api_3"
]
"""Without `sona_speech_2t` and `sona_speech_3t`, of which nothing but the names is known."""
Language = Literal[
    "en", "ko", "ja", "bg", "cs", "da", "el", "es", "et", "fi", "hu", "it", "nl", "pl", "pt", "ro", "ar",
    "de", "fr", "hi", "id", "ru", "vi", "hr", "lt", "lv", "sk", "sl", "sv", "tr", "uk",
]  # fmt: skip

FILES: Mapping[Language, str] = {
    "en": "gmw/en-US",
    "ko": "ko",
    "ja": "jpx/ja",
    "bg": "zls/bg",
    "cs": "zlw/cs",
    "da": "gmq/da",
    "el": "grk/el",
    "es": "roa/es",
    "et": "urj/et",
    "fi": "urj/fi",
    "hu": "urj/hu",
    "it": "roa/it",
    "nl": "gmw/nl",
    "pl": "zlw/pl",
    "pt": "roa/pt",
    "ro": "roa/ro",
    "ar": "sem/ar",
    "de": "gmw/de",
    "fr": "roa/fr",
    "hi": "inc/hi",
    "id": "poz/id",
    "ru": "zle/ru",
    "vi": "aav/vi",
    "hr": "zls/hr",
    "lt": "bat/lt",
    "lv": "bat/lv",
    "sk": "zlw/sk",
    "sl": "zls/sl",
    "sv": "gmq/sv",
    "tr": "trk/tr",
    "uk": "zle/uk",
}
"""The engine's voices, in the order in which Supertone lists the languages: models know the first so many."""

ALL = tuple(FILES)
_FEW, _MANY = ALL[:3], ALL[:23]
_LATIN: tuple[Language, ...] = (*_FEW, "es", "pt")


class Ability(NamedTuple):
    """What a model can do."""

    languages: tuple[Language, ...]
    settings: frozenset[str]
    """Of `voice_settings`: those it honours. It ignores the others without a word."""
    streams: bool = False
    phonemes: bool = True
    normalized: bool = False
    """Whether it reads `normalized_text`."""


_PLAIN = frozenset(("speed",))
_FLASH = _PLAIN | {"pitch_shift", "pitch_variance", "duration"}
_SECOND = _FLASH | {"similarity", "text_guidance"}
_FIRST = _SECOND | {"subharmonic_amplitude_control"}

ABILITIES: Mapping[Model, Ability] = {
    "sona_speech_1": Ability(_FEW, _FIRST, streams=True),
    "sona_speech_2": Ability(_MANY, _SECOND, normalized=True),
    "sona_speech_2_flash": Ability(_MANY, _FLASH, normalized=True),
    "supertonic_api_1": Ability(_LATIN, _PLAIN, phonemes=False),
    "supertonic_api_3": Ability(ALL, _PLAIN, phonemes=False),
}
