"""The languages of Play3.0-mini: by primary subtag, and as the service names them (contract 8)."""

from __future__ import annotations

from collections.abc import Mapping

from narrator.providers.values import primary

LANGUAGES: Mapping[str, str] = {
    "af": "afrikaans",
    "am": "amharic",
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "gl": "galician",
    "he": "hebrew",
    "hi": "hindi",
    "hr": "croatian",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "ms": "malay",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "sq": "albanian",
    "sr": "serbian",
    "sv": "swedish",
    "th": "thai",
    "tl": "tagalog",
    "tr": "turkish",
    "uk": "ukrainian",
    "ur": "urdu",
    "xh": "xhosa",
    "zh": "mandarin",
}
_SAME = {"fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
"""Other subtags for them."""


def named(language: str) -> str | None:
    """What the service calls a language, given as a BCP 47 tag or in its own way; None for any other."""
    folded = language.strip().casefold()
    if folded in LANGUAGES.values():
        return folded
    subtag = primary(folded)
    return LANGUAGES.get(_SAME.get(subtag, subtag))
