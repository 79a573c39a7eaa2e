"""The languages that the service speaks, and what it calls them (contract 6)."""

from __future__ import annotations

from collections.abc import Mapping

from narrator.providers.values import primary

LANGUAGES: Mapping[str, str] = {
    "bn": "bn-IN",
    "en": "en-IN",
    "gu": "gu-IN",
    "hi": "hi-IN",
    "kn": "kn-IN",
    "ml": "ml-IN",
    "mr": "mr-IN",
    "or": "od-IN",
    "pa": "pa-IN",
    "ta": "ta-IN",
    "te": "te-IN",
}
"""Its codes by primary subtag (BCP 47). Odia is `or` everywhere but here, where it is `od`."""

TAGS: Mapping[str, str] = {code: f"{subtag}-IN" for subtag, code in LANGUAGES.items()}
"""BCP 47, by the service's codes."""


def code_for(language: str) -> str | None:
    """
    The service's code for a book's language (BCP 47), whatever its region; None where it does not speak it.

    English is spoken as in India alone, which is not what `en-GB` says but is English all the same.
    """
    return LANGUAGES.get(primary(language))


def read_code(said: str) -> str | None:
    """
    The service's code for a language as somebody wrote it for this service; None where there is none.

    `hi`, `hi-IN` and Odia's two names are understood; a region that is not India is not.
    """
    subtag, _, region = said.strip().replace("_", "-").lower().partition("-")
    return LANGUAGES.get("or" if subtag == "od" else subtag) if region in ("", "in") else None
