"""Utterances become snippets: real speech of the embedded engine at 48 kHz, with its own word times.

An utterance is spoken in one go and cut where its snippets begin, so that dividing it changes nothing about
its sound. Times are the engine's own, in whole milliseconds from the start of the utterance.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from narrator.serving.encoding import resampled
from narrator.serving.octave.asking import Line, Plan
from narrator.serving.octave.reading import Reading
from narrator.serving.octave.refusing import refusal
from narrator.serving.octave.wire import TimestampType
from narrator.serving.options import Clock
from narrator.serving.saying import Unsayable, say, sound
from narrator.serving.speaking import Speaker, Speaking
from narrator.takes import Generation, Pcm
from narrator.timeline import milliseconds

RATE = 48_000
"""Samples a second of everything that is answered."""

VARIATIONS = ((1.0, 0), (0.96, 3), (1.04, -3), (0.93, -2), (1.07, 4))
"""How the takes of one request differ: factor of the pace, steps of pitch; the first is the plain voice."""


class Stamp(NamedTuple):
    """When a word or a phoneme sounds, on the clock of its utterance."""

    kind: TimestampType
    text: str
    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a generation: one piece of text and its sound."""

    id: str
    generation_id: str
    utterance_index: int | None
    text: str
    """As it was asked."""
    transcript: str
    """What is said: the same without marks such as `[pause]`."""
    pcm: Pcm
    """At `RATE`."""
    stamps: tuple[Stamp, ...] = ()
    starts_ms: int = 0
    """Where it begins in its utterance."""
    utterance_starts_ms: int = 0
    """Where its utterance begins in the generation."""

    def shift_ms(self, clock: Clock) -> int:
        """What to add to its stamps to have them on *clock*."""
        if clock == "utterance":
            return 0
        return -self.starts_ms if clock == "snippet" else self.utterance_starts_ms


Voiced = tuple[tuple[Snippet, ...], ...]
"""One utterance: the snippets of each generation."""


def takes(plan: Plan, speaking: Speaking) -> Iterator[Voiced]:
    """
    Speak a request, utterance by utterance. It blocks, so take each from inside a turn.

    Raises:
        Refused: the engine cannot say something.
    """
    spoken = [0] * len(plan.generation_ids)  # samples of each generation so far
    for line in plan.lines:
        voiced: list[tuple[Snippet, ...]] = []
        for take in range(len(plan.generation_ids)):
            snippets = _speak(
                plan, line, take, speaking, utterance_starts_ms=milliseconds(spoken[take], RATE)
            )
            spoken[take] += sum(len(snippet.pcm) for snippet in snippets)
            voiced.append(snippets)
        yield tuple(voiced)


def _speak(
    plan: Plan, line: Line, take: int, speaking: Speaking, *, utterance_starts_ms: int
) -> tuple[Snippet, ...]:
    reading = line.reading
    try:
        generation = say(
            speaking,
            varied(line.speakers[take], take),
            reading.spoken,
            speed=line.speed,
            direction=line.direction,
            ipa=TimestampType.PHONEME in plan.kinds,
        )
    except Unsayable as error:
        if error.broken:
            raise refusal(f"The speech engine failed: {error}", status=500) from error
        raise refusal(f"The text of utterance {line.index} cannot be spoken: {error}") from error
    asked_silent = bool(reading.spoken.marks)
    pcm = resampled(generation.pcm, generation.rate, RATE) if asked_silent else sound(generation, RATE)
    pcm = np.concatenate((pcm, np.zeros(round(line.silence_s * RATE), np.int16)))
    stamps = sorted(_stamps(reading, generation, plan.kinds), key=lambda s: (s.begin_ms, s.kind != "word"))
    # A snippet begins with its first word; the pause before that belongs to the one before.
    begins = [generation.words[first].start_sample if first else 0 for first in reading.firsts]
    cuts = [round(begin * RATE / generation.rate) for begin in begins] + [len(pcm)]
    starts_ms = [milliseconds(begin, generation.rate) for begin in begins]
    bounds_ms = [*starts_ms, 2**62]
    return tuple(
        Snippet(
            id=str(uuid.uuid4()),
            generation_id=plan.generation_ids[take],
            utterance_index=line.index,
            text=reading.texts[k],
            transcript=reading.transcripts[k],
            pcm=pcm[cuts[k] : cuts[k + 1]],
            stamps=tuple(s for s in stamps if bounds_ms[k] <= s.begin_ms < bounds_ms[k + 1]),
            starts_ms=starts_ms[k],
            utterance_starts_ms=utterance_starts_ms,
        )
        for k in range(len(reading.firsts))
    )


def _stamps(reading: Reading, generation: Generation, kinds: frozenset[TimestampType]) -> Iterator[Stamp]:
    if TimestampType.WORD in kinds:
        for word, time in zip(reading.spoken.words, generation.words, strict=True):
            text = _bare(reading.spoken.text[word.spoken_start : word.spoken_end])
            yield _stamp(TimestampType.WORD, text, *time, generation.rate)
    if TimestampType.PHONEME in kinds:
        for symbol, start, end in generation.phonemes:
            yield _stamp(TimestampType.PHONEME, symbol, start, end, generation.rate)


def _stamp(kind: TimestampType, text: str, start: int, end: int, rate: int) -> Stamp:
    return Stamp(kind, text, milliseconds(start, rate), milliseconds(end, rate))


def _bare(word: str) -> str:
    """A word without the punctuation around it."""
    inside = [at for at, character in enumerate(word) if unicodedata.category(character)[0] not in "PSC"]
    return word[inside[0] : inside[-1] + 1]


def varied(speaker: Speaker, take: int) -> Speaker:
    """A speaker as they sound in one take of several."""
    pace, steps = VARIATIONS[take]
    settings = dict(speaker.settings)
    settings |= {"rate": round(settings["rate"] * pace), "pitch": settings["pitch"] + steps}
    return speaker._replace(settings=tuple(sorted(settings.items())))
