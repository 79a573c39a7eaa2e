"""Directions for an engine that cannot act: words it can honour as pace, pitch, liveliness and level.

The ways of speaking below change those four as people do (Juslin and Laukka 2003, "Communication of
emotions in vocal expression and music performance", Psychological Bulletin 129: anger is fast, loud and
lively, sadness slow, low, flat and quiet, fear fast and high). A direction is searched for them word by
word, in English, Spanish and German; "very" and "a little" before one strengthen and weaken it, "not" and
"without" take it back. The rest of a direction does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from math import prod
from typing import NamedTuple


class Prosody(NamedTuple):
    """What a direction changes about a voice."""

    rate: float = 1.0
    """Factor of the pace."""
    pitch: int = 0
    """Added, on the engine's scale of 0 to 99."""
    range: int = 0
    """Added, on the engine's scale of 0 to 100: how far the melody moves."""
    volume: float = 1.0
    """Factor of the level."""
    whisper: bool = False
    """Without voice."""


class Way(NamedTuple):
    """A way of speaking, and the words that ask for it."""

    name: str
    prosody: Prosody
    english: str
    """Regular expressions of whole words, folded."""
    spanish: str
    german: str


WAYS = (
    Way(
        "whispering",
        Prosody(rate=0.95, whisper=True),
        "whisper.*",
        "susurr.*|cuchiche.*",
        "(ge)?flüster.*|wisper.*",
    ),
    Way(
        "quiet",
        Prosody(rate=0.97, pitch=-2, volume=0.65),
        "quiet(er|ly)?|soft(er|ly)?|gentl[ey]|hush(ed)?|murmur.*|mutter.*|mumbl.*",
        "suave.*|baj(o|a|ito)|quedo|murmur.*|dulce.*",
        "leiser?|sanft.*|gedämpft.*|(ge)?murmel.*",
    ),
    Way(
        "loud",
        Prosody(rate=1.02, pitch=5, range=8, volume=1.4),
        "loud(er|ly)?|forceful(ly)?|boom(s|ing)?",
        "fuertes?|fuertemente|alt[oa]",
        "laut(er|es|en)?|kräftig.*",
    ),
    Way(
        "shouting",
        Prosody(rate=1.06, pitch=14, range=15, volume=1.6),
        "shout.*|yell(s|ed|ing)?|scream.*|bellow.*|roar(s|ed|ing)?|hollers?|hollering|calling",
        "grit(a|o|os|ando|ado)|exclam.*|vocifer.*|chillando",
        "(ge)?schrei(t|en|end)?|geschrien|(ge)?brüll.*|ruf(t|en|end)|gerufen",
    ),
    Way(
        "slow",
        Prosody(rate=0.82),
        "slow(er|ly)?|unhurried(ly)?|drawl.*|deliberate(ly)?|measured",
        "lent.*|despacio|pausad.*",
        "langsam.*|bedächtig.*|gedehnt",
    ),
    Way(
        "fast",
        Prosody(rate=1.2),
        "fast(er)?|quick(er|ly)?|rapid(ly)?|hurr(y|ied|iedly|ying)|hast(y|ily)|urgent(ly)?|rush(ed|ing)?|breathless(ly)?",
        "rápid.*|apris[ae]|deprisa|prisa|apresurad.*|urgentes?",
        "schnell.*|rasch.*|hastig.*|eilig.*|gehetzt|dringend|atemlos",
    ),
    Way(
        "high",
        Prosody(pitch=18),
        "high(er)?|shrill(y)?|squeak.*|falsetto|piping",
        "agud.*|chillon.*|atiplad.*",
        "hoch|hohe[mnr]?|schrill.*|piepsig.*",
    ),
    Way(
        "low",
        Prosody(pitch=-18),
        "low(er)?|deep(er|ly)?|gruff(ly)?|gravelly",
        "graves?|profund.*",
        "tief(e|er|en)?",
    ),
    Way(
        "flat",
        Prosody(range=-42),
        "flat(ly)?|monoton.*|deadpan|expressionless(ly)?|toneless(ly)?|emotionless(ly)?",
        "monóton.*|inexpresiv.*",
        "monoton.*|tonlos.*|ausdruckslos.*",
    ),
    Way(
        "excited",
        Prosody(rate=1.1, pitch=8, range=28, volume=1.1),
        "excite.*|lively|animated(ly)?|enthusias.*|eager(ly)?|cheer.*|happ(y|ily|ier)|joy.*|delight.*|bright(ly)?",
        "emocionad.*|entusias.*|alegr.*|animad.*|felices|feliz|ilusionad.*",
        "aufgeregt.*|begeistert.*|fröhlich.*|lebhaft.*|freudig.*|glücklich.*",
    ),
    Way(
        "calm",
        Prosody(rate=0.93, range=-10, volume=0.9),
        "calm(er|ly)?|relaxed|seren.*|peaceful(ly)?|sooth.*|tranquil.*",
        "calmad.*|calma|tranquil.*|seren.*",
        "ruhig.*|gelassen.*",
    ),
    Way(
        "sad",
        Prosody(rate=0.85, pitch=-6, range=-20, volume=0.8),
        "sad(der|ly)?|sorrow.*|mourn.*|grie(f|v).*|melanchol.*|gloom.*|tearful.*|wistful.*",
        "triste.*|melancól.*|apenad.*|lloros.*|llorando",
        "traurig.*|wehmütig.*|betrübt.*|melanchol.*|weinerlich",
    ),
    Way(
        "tired",
        Prosody(rate=0.85, pitch=-5, range=-22, volume=0.8),
        "tired(ly)?|wear(y|ily)|exhausted(ly)?|sleep(y|ily)|drows(y|ily)",
        "cansad.*|agotad.*|fatigad.*|somnolient.*",
        "müde|erschöpft.*|schläfrig.*",
    ),
    Way(
        "angry",
        Prosody(rate=1.08, pitch=3, range=22, volume=1.3),
        "ang(er|ry|rily)|furious(ly)?|fury|raging|enraged|irritated(ly)?|snarl.*|snapp(ed|ing)|fierce(ly)?",
        "enfadad.*|enojad.*|furios.*|rabios.*|rabia|airad.*|irritad.*",
        "wütend.*|zornig.*|ärgerlich.*|verärgert.*|böse",
    ),
    Way(
        "afraid",
        Prosody(rate=1.1, pitch=10, range=5, volume=0.9),
        "afraid|fear|fearful(ly)?|scared|fright.*|nervous(ly)?|anxious(ly)?|terrif.*|panick.*|trembl.*",
        "asustad.*|nervios.*|miedo|temeros.*|ansios.*|temblor.*|temblando",
        "ängstlich.*|verängstigt.*|nervös.*|panisch.*|zitternd.*|angst",
    ),
    Way(
        "solemn",
        Prosody(rate=0.9, pitch=-5, range=-8),
        "solemn(ly)?|grave(ly)?|serious(ly)?|stern(ly)?|ominous(ly)?",
        "solemne.*|seri[oa]|seriamente|sever.*",
        "feierlich.*|ernst.*|streng.*",
    ),
)

# fmt: off
_STRONGER = frozenset((
    "very", "really", "extremely", "so", "muy", "sehr", "äusserst",
))
_WEAKER = frozenset((
    "slightly", "somewhat", "little", "bit", "faintly",
    "poco", "algo", "ligeramente",
    "etwas", "leicht", "wenig", "bisschen",
))
_NOT = frozenset((
    "not", "no", "never", "without", "dont", "don't", "don’t",
    "nunca", "sin",
    "nicht", "nie", "kein", "keine", "ohne",
))
# fmt: on
_REACH = 3
"""Words that a modifier looks ahead over."""
_PART = re.compile(r"[,;:.!?()]|\b(?:but|pero|aber|sondern)\b")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SLOWEST, _FASTEST = 0.6, 1.7
_QUIETEST, _LOUDEST = 0.4, 1.8


@lru_cache(maxsize=4096)
def understand(direction: str) -> Prosody | None:
    """What a direction asks for, as far as the engine can honour it; None where it can do nothing."""
    asked: dict[str, tuple[Prosody, float]] = {}
    for part in _PART.split(direction.casefold()):
        degree, reach = 1.0, 0
        for word in _WORD.findall(part):
            modifier = _degree(word)
            way = _way_of(word) if modifier is None else None
            if modifier is not None:
                # "not very": still not; "a little bit": still a little.
                degree, reach = (0.0 if degree == 0 and reach else modifier), _REACH
            elif way is not None:
                if degree:
                    asked.setdefault(way.name, (way.prosody, degree))
                degree, reach = (degree, _REACH) if degree == 0 else (1.0, 0)
            else:
                reach = max(0, reach - 1)
                degree = degree if reach else 1.0
    return _add(asked.values()) if asked else None


def _degree(word: str) -> float | None:
    if word in _NOT:
        return 0.0
    return 1.5 if word in _STRONGER else 0.5 if word in _WEAKER else None


@lru_cache(maxsize=4096)
def _way_of(word: str) -> Way | None:
    return next((way for way in WAYS if _pattern(way).fullmatch(word)), None)


@lru_cache
def _pattern(way: Way) -> re.Pattern[str]:
    return re.compile("|".join((way.english, way.spanish, way.german)).casefold())


def _add(asked: Iterable[tuple[Prosody, float]]) -> Prosody:
    ways = list(asked)
    return Prosody(
        rate=min(max(prod(way.rate**degree for way, degree in ways), _SLOWEST), _FASTEST),
        pitch=round(sum(way.pitch * degree for way, degree in ways)),
        range=round(sum(way.range * degree for way, degree in ways)),
        volume=min(max(prod(way.volume**degree for way, degree in ways), _QUIETEST), _LOUDEST),
        whisper=any(way.whisper for way, _ in ways),
    )
