"""Takes by the embedded voice, with words cut out of them or said twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from narrator.aligning import Rendition
from narrator.providers.espeak import Espeak
from narrator.takes import Generation, Pcm, Request, Spoken, Word, WordTime

LINES = (
    "The lamp was lit before the harbour went dark, and nobody in the village remembered who had climbed.",
    "Eleven fishermen rowed against the current until their shoulders refused another stroke.",
    "She counted the steps twice; the second time there was one step fewer than before.",
    "When the schoolmaster opened his window, the orchard smelled of thunder and wet chalk.",
    "Nothing moved on the marsh except a heron, which regarded the two strangers with contempt.",
    "Bring me the ledger, the smaller key, and whatever bread the kitchen still has.",
    "Their grandmother kept seven clocks, and every one of them told a different hour.",
    "He asked politely for silence, but the children laughed and ran along the gallery.",
)
HOUSE = "gmw/en-US"
OTHERS = (("gmw/en-GB-scotland+f2", 145, 65), ("gmw/en+m3", 185, 35), ("gmw/en-GB-x-rp+f5", 165, 60))
"""Voice, rate, pitch: of other accents, sexes and paces than the rendition's."""


def spoken(text: str) -> Spoken:
    runs = [run.span() for run in re.finditer(r"\S*\w\S*", text)]
    return Spoken(text=text, words=tuple(Word(start, end, start, end) for start, end in runs))


def request(engine: Espeak, text: str, voice: str, rate: int = 160, pitch: int = 50) -> Request:
    choice = engine.choose(voice, {"rate": rate, "pitch": pitch})
    return Request(
        provider="espeak",
        model=engine.model,
        voice=choice.voice,
        spoken=spoken(text),
        settings=choice.settings,
    )


def say(engine: Espeak, text: str, voice: str, rate: int = 160, pitch: int = 50) -> Generation:
    return engine.generate(request(engine, text, voice, rate, pitch))[0]


def rendition(engine: Espeak, text: str, *, like: Pcm, rate: int) -> Rendition:
    """The house voice, at the pace of a take."""
    length = len(say(engine, text, HOUSE).pcm) / 22050
    pace = min(max(round(160 * length / max(len(like) / rate, 0.01)), 80), 450)
    said = say(engine, text, HOUSE, pace)
    return Rendition(said.pcm, said.rate, said.words, said.phonemes)


class Cut(NamedTuple):
    """A take with something wrong about it."""

    name: str
    kind: str
    first: int
    """Index of the first of the words that it is about."""
    last: int
    pcm: Pcm


def join(*parts: Pcm) -> Pcm:
    """Faded into each other over 4 ms, so that no click tells where they meet."""
    fade = 88
    joined = parts[0].astype(np.float64)
    for part in parts[1:]:
        following = part.astype(np.float64)
        if min(len(joined), len(following)) < fade:
            joined = np.concatenate((joined, following))
            continue
        slope = np.linspace(0, 1, fade)
        met = joined[-fade:] * (1 - slope) + following[:fade] * slope
        joined = np.concatenate((joined[:-fade], met, following[fade:]))
    return joined.astype(np.int16)


def without(take: Generation, first: int, last: int) -> Pcm:
    """The take, some of its words left out."""
    return join(take.pcm[: take.words[first].start_sample], take.pcm[take.words[last].end_sample :])


def twice(take: Generation, first: int, last: int) -> Pcm:
    """The take, some of its words said again."""
    return join(take.pcm[: take.words[last].end_sample], take.pcm[take.words[first].start_sample :])


def cuts(text: str, take: Generation) -> Iterator[Cut]:
    """Content words, pairs and clauses, cut out and said twice, at the beginning, the middle and the end."""
    words = text.split()
    longest = max(range(1, len(words) - 1), key=lambda index: len(words[index]))
    half = len(words) // 2
    for first, last in ((longest, longest), (half, half + 1), (half - 2, half + 2)):
        yield Cut(f"without {first}-{last}", "missing", first, last, without(take, first, last))
        yield Cut(f"twice {first}-{last}", "repeated", first, last, twice(take, first, last))
    end = take.words[-4].end_sample
    yield Cut("broken off", "missing", len(words) - 3, len(words) - 1, take.pcm[:end])
    begin: WordTime = take.words[3]
    yield Cut("begun late", "missing", 0, 2, take.pcm[begin.start_sample :])
