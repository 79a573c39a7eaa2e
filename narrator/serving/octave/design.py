"""Voices from words: the embedded voice that comes nearest to a name or a description.

It is a function of the words alone. They are searched for who speaks (woman, old man, child) and where from
(British, Scottish, American); what is left open is settled by a hash, so that two descriptions get two
voices. Ways of speaking (deep, slow, lively) set the voice as a direction would.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from narrator.providers.espeak.prosody import Prosody, understand
from narrator.serving.likeness import PITCHES, VARIANTS, number, plain, within
from narrator.serving.speaking import Speaker


class Kind(NamedTuple):
    """A kind of speaker."""

    gender: str
    """`Female`, `Male`."""
    age: str
    """`Child`, `Adult`, `Old`."""
    accent: str
    """As `ACCENTS` has it; `""` where the words do not say."""


_WHISPERS = {"Female": ("whisperf",), "Male": ("whisper",)}

ACCENTS = {
    "American": "gmw/en-US",
    "British": "gmw/en",
    "Received Pronunciation": "gmw/en-GB-x-rp",
    "Scottish": "gmw/en-GB-scotland",
    "Northern English": "gmw/en-GB-x-gbclan",
    "Midlands English": "gmw/en-GB-x-gbcwmd",
    "New York": "gmw/en-US-nyc",
    "Caribbean": "gmw/en-029",
}
"""The engine's English voices."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FEMALE = _words("""
    woman women female feminine girl lady mother mom mum mama grandmother grandma granny aunt aunty sister
    daughter wife queen princess witch actress waitress stewardess hostess heroine mrs ms miss madam nun
    goddess duchess cowgirl she her mujer femenina niña chica señora abuela vieja anciana
    alice ava ellie geraldine imani kora elizabeth anna priya serene mika
""")
_MALE = _words("""
    man men male masculine boy guy gentleman father dad papa grandfather grandpa uncle brother son husband
    king prince wizard actor waiter host hero mr sir lord monk priest butler chap bro dude lad bloke fellow
    pirate captain soldier cowboy guru troll vampire irishman professor comedian announcer chef master
    grizzled booming he his him hombre masculino niño chico señor abuelo viejo anciano
    colton donovan dicky ito james rajesh sebastian scott spandrel steve terrence trevor vince akira
""")
"""First names are those of Hume's library."""
_OLD = _words("""
    old older elderly ancient senior grizzled grandmother grandma granny grandfather grandpa wise
    sixties seventies eighties viejo vieja anciano anciana abuelo abuela
""")
_CHILD = _words("""
    child childlike childish kid boy girl little young toddler infant schoolboy schoolgirl niño niña
""")
_GROWN = _words("man woman gentleman lady adult guy teenager adolescent professional")
_WHERE = (
    ("Scottish", _words("scottish scots scotland glaswegian edinburgh highland highlander")),
    (
        "Northern English",
        _words(
            "yorkshire lancashire northern manchester mancunian liverpool irish irishman ireland welsh wales"
        ),
    ),
    ("Midlands English", _words("midlands birmingham brummie medieval peasant")),
    (
        "Received Pronunciation",
        _words(
            "posh aristocratic aristocrat lady sir lord butler mrs classical professor archivist articulate"
        ),
    ),
    ("Caribbean", _words("caribbean jamaican jamaica trinidad")),
    ("New York", _words("york yorker brooklyn bronx queens")),
    (
        "American",
        _words(
            "american america usa california californian texan southern midwestern canadian cowgirl cowboy"
        ),
    ),
    (
        "British",
        _words("british english england britain london kiwi australian australia indian india naturalist"),
    ),
)
"""An accent and the words for it. The engine has none for Ireland, Wales, India and the South Pacific: they
have the nearest, or the plain British one."""
_WORD = re.compile(r"[^\W\d_]+")


def understand_kind(words: str) -> Kind:
    """The kind of speaker that words ask for; what they leave open is settled by their hash."""
    found = [word.casefold() for word in _WORD.findall(words)]
    female = next((at for at, word in enumerate(found) if word in _FEMALE), None)
    male = next((at for at, word in enumerate(found) if word in _MALE), None)
    if female is None and male is None:
        gender = ("Female", "Male")[number("gender", words) % 2]
    else:
        # "A woman who speaks to her husband": the first one is meant.
        gender = "Female" if male is None or (female is not None and female < male) else "Male"
    age = "Old" if _OLD & set(found) else "Child" if _is_child(found) else "Adult"
    accent = next((name for name, known in _WHERE if known & set(found)), "")
    return Kind(gender, age, accent)


def speakers(words: str, kind: Kind, *, accent: str) -> Sequence[Speaker]:
    """Every speaker of a kind, the one that the words come to first.

    Args:
        accent: for a kind that has none.
    """
    language = ACCENTS[kind.accent or accent]
    prosody = understand(words) or Prosody()
    variants = _WHISPERS[kind.gender] if prosody.whisper else VARIANTS[kind.gender, kind.age]
    everyone = [
        _speaker(f"{language}+{variant}", pitch, prosody) for pitch in PITCHES for variant in variants
    ]
    first = number("voice", words) % len(everyone)
    return [*everyone[first:], *everyone[:first]]


def invent(description: str, take: int) -> Speaker:
    """The voice that a description asks for, in one of several tries."""
    kind = understand_kind(description)
    return speakers(description, kind, accent="American")[take]


def _speaker(voice: str, pitch: int, prosody: Prosody) -> Speaker:
    settings = dict(plain(voice).settings)
    settings |= {
        "pitch": within("pitch", pitch + prosody.pitch),
        "range": within("range", settings["range"] + prosody.range),
        "rate": within("rate", settings["rate"] * prosody.rate),
        "volume": within("volume", settings["volume"] * min(prosody.volume, 1.0)),
    }
    return Speaker(voice, tuple(sorted(settings.items())))


def _is_child(found: Sequence[str]) -> bool:
    return bool(_CHILD & set(found)) and not _GROWN & set(found)
