"""Who speaks: an embedded voice for each of PlayHT's, in any of its languages that the engine knows.

Those that narrator's own list names are of the gender they were and never alike. Any other manifest gets an
embedded voice that its id decides: whoever was cloned there is gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from narrator.providers.playht import roster
from narrator.providers.playht.roster import KNOWN, Known
from narrator.serving.likeness import Gender, Likeness, Person, likenesses, number
from narrator.serving.playht.refusing import refusal
from narrator.serving.playht.wire import PlayHTVoice
from narrator.serving.speaking import Speaker

FILES: Mapping[str, str] = {
    "afrikaans": "gmw/af",
    "albanian": "ine/sq",
    "amharic": "sem/am",
    "arabic": "sem/ar",
    "bengali": "inc/bn",
    "bulgarian": "zls/bg",
    "catalan": "roa/ca",
    "croatian": "zls/hr",
    "czech": "zlw/cs",
    "danish": "gmq/da",
    "dutch": "gmw/nl",
    "english": "gmw/en-US",
    "french": "roa/fr",
    "german": "gmw/de",
    "greek": "grk/el",
    "hebrew": "sem/he",
    "hindi": "inc/hi",
    "hungarian": "urj/hu",
    "indonesian": "poz/id",
    "italian": "roa/it",
    "japanese": "jpx/ja",
    "korean": "ko",
    "malay": "poz/ms",
    "mandarin": "sit/cmn",
    "polish": "zlw/pl",
    "portuguese": "roa/pt",
    "russian": "zle/ru",
    "serbian": "zls/sr",
    "spanish": "roa/es",
    "swedish": "gmq/sv",
    "thai": "tai/th",
    "turkish": "trk/tr",
    "ukrainian": "zle/uk",
    "urdu": "inc/ur",
}
"""The engine's voices. It does not speak Galician, Tagalog and Xhosa, which PlayHT did."""

SHORT = "-PlayAI"
"""What PlayDialog-turbo's names of voices end with."""

_MANIFEST = re.compile(r"s3://[!-~]{1,400}/manifest\.json")
_LIKE = {"PlayHT2.0-turbo": "PlayHT2.0", "PlayDialog": "Play3.0-mini"}
"""Engines with the voices of another."""
_TITLES = {"en": ("English (US)", "en-US", "american"), "ar": ("Arabic", "ar", None)}
_BY_ID = {known.id: known for known in KNOWN}
_BY_SHORT_NAME = {f"{known.name}{SHORT}".casefold(): known for known in KNOWN}


def find(voice: str, *, engine: str, language: str) -> Speaker:
    """
    Who a request means, as they sound.

    Raises:
        Refused: nobody, or nobody of the engine; or the embedded engine does not speak the language.
    """
    known = _BY_ID.get(voice)
    if engine == "PlayDialog-turbo":
        known = _BY_SHORT_NAME.get(voice.casefold())
        if known is None or not known.id.startswith("s3://voice-cloning-zero-shot/"):
            raise refusal(f"voice: {voice[:200]!r} is no voice of {engine}, such as 'Atlas{SHORT}'")
    elif known is None and not _MANIFEST.fullmatch(voice):
        raise refusal(f"voice: {voice[:200]!r} was not found")
    elif not _speaks(known, engine):
        raise refusal(f"voice: {voice[:200]!r} cannot be used with the engine {engine}")
    return likeness(known.id if known else voice).speaking(FILES[language])


def listed() -> list[PlayHTVoice]:
    """Every voice of narrator's list, as the service lists its own."""
    return [_listed(known) for known in KNOWN]


@lru_cache(maxsize=1024)
def likeness(voice_id: str) -> Likeness:
    """Who stands in for a voice, known or not."""
    persons = [Person(known.id, _gender(known.id)) for known in KNOWN]
    if voice_id not in _BY_ID:
        persons.append(Person(voice_id, _gender(voice_id)))
    return likenesses(persons)[voice_id]


def _speaks(known: Known | None, engine: str) -> bool:
    return known is None or _LIKE.get(engine, engine) in known.engines


def _gender(voice_id: str) -> Gender:
    known = roster.gender(voice_id) or ("female", "male")[number("gender", voice_id) % 2]
    return "Female" if known == "female" else "Male"


def _listed(known: Known) -> PlayHTVoice:
    language, code, accent = _TITLES[known.language]
    gender = _gender(known.id)
    return PlayHTVoice(
        id=known.id,
        name=known.name,
        sample=None,
        accent=accent,
        age="adult",
        gender="female" if gender == "Female" else "male",
        language=language,
        language_code=code,
        loudness="neutral",
        style="narrative" if "Narrative" in known.name else None,
        tempo="neutral",
        texture=None,
        is_cloned=False,
        voice_engine=known.engines[0],
    )
