"""Who speaks: an embedded voice for each of Sarvam's speakers, in any of its languages.

A given name is a person, whatever the model; the personas of one (`shubh_en_audiobook`) speak with the same
throat, each a little otherwise. No two speakers are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from narrator.providers.sarvam import speakers
from narrator.serving.likeness import Person, likenesses, number, within
from narrator.serving.sarvam.refusing import refusal
from narrator.serving.sarvam.wire import Language, Model
from narrator.serving.speaking import Speaker

ROSTERS: Mapping[Model, tuple[str, ...]] = {
    "bulbul:v2": speakers.V2,
    "bulbul:v3": speakers.V3,
    "bulbul:v4-flash": speakers.V4_FLASH,
}
USUAL: Mapping[Model, str] = {
    "bulbul:v2": "anushka",
    "bulbul:v3": "shubh",
    "bulbul:v4-flash": "shubh_enhi_ads",
}
"""Who speaks where nobody is named."""

FILES: Mapping[Language, str] = {
    "bn-IN": "inc/bn",
    "en-IN": "gmw/en",
    "gu-IN": "inc/gu",
    "hi-IN": "inc/hi",
    "kn-IN": "dra/kn",
    "ml-IN": "dra/ml",
    "mr-IN": "inc/mr",
    "od-IN": "inc/or",
    "pa-IN": "inc/pa",
    "ta-IN": "dra/ta",
    "te-IN": "dra/te",
}
"""The engine's voices."""

Manner = tuple[int, int, float]
"""Steps of pitch, of its range, and a factor of the rate, added to what a person has."""
_PLAIN: Manner = (0, 0, 1.0)
_MANNERS = tuple(
    (pitch, range_, pace)
    for range_ in (0, 14, -14)
    for pace in (0.96, 1.05, 1.0)
    for pitch in (3, -3, 6, -6, 0)
    if (pitch, range_, pace) != _PLAIN
)


class Voices:
    """Every speaker there is."""

    def __init__(self) -> None:
        everyone = [speaker for roster in ROSTERS.values() for speaker in roster]
        self._likenesses = likenesses(_persons(everyone))
        self._manners = _manners(everyone)

    def find(self, name: str | None, model: Model, language: Language) -> tuple[str, Speaker]:
        """
        Who a request means, and how they sound.

        Raises:
            Refused: nobody of the model.
        """
        name = USUAL[model] if name is None else name
        if name not in ROSTERS[model]:
            if any(name in roster for roster in ROSTERS.values()):
                raise refusal(f"Speaker '{name}' is not compatible with model {model}. {_those_of(model)}")
            raise refusal(f"Speaker '{name}' is not recognized. {_those_of(model)}")
        return name, self.speaker(name, language)

    def speaker(self, name: str, language: Language) -> Speaker:
        """How somebody sounds."""
        pitch, range_, pace = self._manners[name]
        voice, usual = self._likenesses[_given(name)].speaking(FILES[language])
        settings = dict(usual)
        settings |= {
            "pitch": within("pitch", settings["pitch"] + pitch),
            "range": within("range", settings["range"] + range_),
            "rate": within("rate", settings["rate"] * pace),
        }
        return Speaker(voice, tuple(sorted(settings.items())))


def _those_of(model: Model) -> str:
    return f"Available speakers for {model} are: {', '.join(ROSTERS[model])}"


def _given(name: str) -> str:
    return name.partition("_")[0]


def _persons(everyone: list[str]) -> Iterator[Person]:
    for given in dict.fromkeys(map(_given, everyone)):
        gender = speakers.gender(given) or ("female", "male")[number("gender", given) % 2]
        yield Person(given, "Female" if gender == "female" else "Male")


def _manners(everyone: list[str]) -> dict[str, Manner]:
    found: dict[str, Manner] = {}
    taken: set[tuple[str, Manner]] = set()
    for name in everyone:
        given = _given(name)
        first = number("manner", name)
        tried = (_MANNERS[(first + step) % len(_MANNERS)] for step in count())
        found[name] = next(each for each in tried if (given, each) not in taken) if given != name else _PLAIN
        taken.add((given, found[name]))
    return found
