"""Answers with sound: a file, a JSON object, or one JSON object a line; to samples and phonemes (contract 5).

A body is taken for what it is, since the service says of one and the same answer two things. A whole one is
told from a cut one by every length that the service names, of which there are several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from narrator.providers import fields
from narrator.providers.fields import Found
from narrator.providers.reading import begins_as_text, objects
from narrator.providers.sounds import decode, prove_length, prove_sound
from narrator.providers.supertone import refusals
from narrator.takes import Pcm, PhonemeTime
from narrator.transport import BrokenAnswer, Pieces

LENGTH_TOLERANCE_MS = 100
"""By which a sound may be shorter than the service says."""
PHONEME_TOLERANCE_MS = 250
"""By which it may end before its last phoneme: the service counts those in steps of 12 ms, and rounds."""
FORESEEN_TOLERANCE = 0.5
"""Share of a prediction by which it may fall short of that: how good predictions are is not known."""
LENGTH_HEADER = "x-audio-length"
"""Seconds of sound: a header of an answer in one piece, a trailer of one in pieces."""

_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The sound of one utterance, proved complete."""

    pcm: Pcm
    rate: int
    """Samples a second."""
    phonemes: tuple[PhonemeTime, ...] = ()
    """In order, silences left out; none where the answer has none, or none that make sense."""


class _Told(NamedTuple):
    """A phoneme as it came."""

    symbol: str
    """Empty for a silence."""
    start_s: float
    end_s: float


def read(pieces: Pieces, *, letters: int, speed: float, keyed: bool, foreseen_ms: int = 0) -> Answered:
    """
    An answer, whole.

    Args:
        letters: letters and digits of the text, of which there is at least one.
        speed: that was asked for.
        keyed: whether a key was sent.
        foreseen_ms: how long the service said that it would sound; 0 where it was not asked.

    Raises:
        BrokenAnswer: cut, garbage, empty, silent, or shorter than it must be.
        ProviderError: an error in place of sound, or after some.
    """
    body = b"".join(pieces)
    if not body.strip():
        raise BrokenAnswer("the answer is empty")
    if begins_as_text(body):
        audio, told = _gather(objects(body), keyed=keyed)
    else:
        audio, told = [body], []
    # Joined first: only the first has a header, and a sound may hold what looks like one.
    sound = decode([b"".join(audio)])
    prove_sound(sound, letters=letters, speed=speed)
    for headers in (pieces.headers, pieces.trailers):
        prove_length(sound, _seconds(headers), shorter_ms=LENGTH_TOLERANCE_MS)
    spoken_s = max((each.end_s for each in told), default=None)
    prove_length(sound, spoken_s, shorter_ms=PHONEME_TOLERANCE_MS)
    prove_length(sound, foreseen_ms / 1000 or None, shorter_ms=foreseen_ms * FORESEEN_TOLERANCE)
    return Answered(sound.pcm, sound.rate, _placed(told, samples=len(sound.pcm), rate=sound.rate))


def duration_ms(pieces: Pieces) -> int:
    """What a prediction says.

    Raises:
        BrokenAnswer: it is none.
    """
    found = next(objects(b"".join(pieces)), None)
    seconds = fields.number(found or {}, "duration")
    if not 0 <= seconds <= _LONGEST_S:
        raise BrokenAnswer(f"`duration` is {seconds:g} s")
    return round(seconds * 1000)


def _gather(found: Iterator[Found], *, keyed: bool) -> tuple[list[bytes], list[_Told]]:
    """The pieces of sound and the phonemes of an answer, each in the order in which it came.

    Both documented shapes of a line are read: with both, and with either and `null` for the other.
    """
    audio: list[bytes] = []
    told: list[_Told] = []
    for each in found:
        if refusals.is_error(each):
            raise refusals.in_band(each, keyed=keyed, begun=bool(audio))
        if each.get("audio_base64") is not None:
            audio.append(fields.audio(each, "audio_base64"))
        told += _told(each.get("phonemes"))
    return audio, told


def _told(found: object) -> Iterator[_Told]:
    """Phonemes from three lists beside each other; none where they are not that: they are an extra, and what
    was asked for is the sound."""
    if not isinstance(found, dict):
        return
    lists = [found.get(name) for name in ("symbols", "start_times_seconds", "durations_seconds")]
    rows = [each for each in lists if isinstance(each, list)]
    if len(rows) < len(lists) or len(set(map(len, rows))) > 1:
        return
    for symbol, start, length in zip(*rows, strict=True):
        if isinstance(symbol, str) and _is_time(start) and _is_time(length):
            yield _Told(symbol.strip(), start, start + length)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST_S


def _placed(told: Sequence[_Told], *, samples: int, rate: int) -> tuple[PhonemeTime, ...]:
    """On the clock of the sound, and inside it; nothing where they do not follow each other."""
    if any(after.start_s < before.start_s for before, after in pairwise(told)):
        return ()
    spans = (
        PhonemeTime(
            each.symbol, min(round(each.start_s * rate), samples), min(round(each.end_s * rate), samples)
        )
        for each in told
    )
    return tuple(span for span in spans if span.symbol)


def _seconds(headers: Mapping[str, str]) -> float | None:
    """What the headers say; None where they say nothing that can be."""
    try:
        seconds = float(headers.get(LENGTH_HEADER, ""))
    except ValueError:
        return None
    return seconds if 0 < seconds <= _LONGEST_S else None
