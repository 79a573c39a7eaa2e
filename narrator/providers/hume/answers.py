"""What is kept of an answer: each generation's samples, times and ids, once it is proved complete."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from narrator.audio.riff import unwrap
from narrator.matching import fill, letters, match
from narrator.providers.fields import Found
from narrator.providers.hume.completeness import prove_generations, prove_spoken, without_markers
from narrator.providers.hume.renditions import Refuse, Rendition, gather, unpack
from narrator.providers.hume.times import Clock, Clocks, Placed, Sounding, Timed, place
from narrator.providers.reading import whole
from narrator.providers.sounds import Sound, decode, prove_length, prove_sound
from narrator.takes import Pcm, PhonemeTime, Request, WordTime
from narrator.transport import BrokenAnswer

RATE = 48_000
"""What the service makes, where nothing says otherwise."""
FORMATS = ("wav", "pcm", "mp3")
DURATION_TOLERANCE_MS = 100
ENCODED_TOLERANCE_MS = 250
"""For files whose encoder adds something before and after."""
MATCHED_SHARE = 0.6
"""Of an utterance's words, so many must be among those that the service times; otherwise it is untimed."""
_RUN = re.compile(r"\S+")


class Wanted(NamedTuple):
    """What was asked for."""

    request: Request
    sent_text: str
    """With the service's markers."""
    words: tuple[tuple[int, int], ...]
    """The stretch of `sent_text` that says each of `request.spoken.words`, in order."""
    generations: int
    audio_format: Literal["wav", "pcm", "mp3"]
    times: bool
    """Whether times of words and phonemes were asked for."""
    text_known: bool = True
    """False where a recording is converted: what it says is its own."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One generation, complete."""

    generation_id: str
    request_id: str
    """`""` where the service gives none."""
    snippet_ids: tuple[str, ...]
    """In the order in which they sound."""
    pcm: Pcm
    rate: int
    """Samples a second."""
    words: tuple[WordTime, ...]
    """One for each word, or empty where none were told or they cannot be relied on."""
    phonemes: tuple[PhonemeTime, ...]
    transcript: str
    clock: Clock
    """Where the service counted its times from, if several snippets made that a question."""


def from_stream(
    objects: Iterable[Found], wanted: Wanted, *, error: Refuse, clocks: Clocks | None = None
) -> tuple[Answered, ...]:
    """The generations of a streamed answer, in the order of their first sound.

    Args:
        objects: of the stream, up to its end.
        error: what to raise for an error object among them.
        clocks: what the run has learnt from other answers; it learns from this one.

    Raises:
        BrokenAnswer: `empty`, where no sound came; or what is wrong or missing.
        Exception: what *error* returns.
    """
    renditions = gather(objects, error=error, text_known=wanted.text_known)
    return _answered(renditions, wanted, clocks or Clocks())


def from_whole(
    body: bytes, wanted: Wanted, *, error: Refuse, clocks: Clocks | None = None
) -> tuple[Answered, ...]:
    """The generations of an answer in one piece (contract 7). As `from_stream()`."""
    renditions = unpack(whole((body,)), error=error, text_known=wanted.text_known)
    return _answered(renditions, wanted, clocks or Clocks())


def _answered(renditions: Sequence[Rendition], wanted: Wanted, clocks: Clocks) -> tuple[Answered, ...]:
    prove_generations(renditions, wanted=wanted.generations)
    return tuple(_complete(rendition, wanted, clocks) for rendition in renditions)


def _complete(rendition: Rendition, wanted: Wanted, clocks: Clocks) -> Answered:
    audio_format = (rendition.audio_format or wanted.audio_format).lower()
    if audio_format not in FORMATS:
        raise BrokenAnswer(f"audio of the format {audio_format[:40]!r} came")
    rate = RATE if rendition.rate is None else rendition.rate
    sound = decode(rendition.pieces, rate=rate, mp3=audio_format == "mp3")
    tolerance_ms = DURATION_TOLERANCE_MS if sound.layout else ENCODED_TOLERANCE_MS
    prove_length(sound, rendition.duration_s, shorter_ms=tolerance_ms, longer_ms=tolerance_ms)
    if wanted.text_known:
        prove_spoken(rendition.snippets, wanted.sent_text)
    text = wanted.sent_text if wanted.text_known else ""
    prove_sound(sound, letters=len(letters(without_markers(text))), speed=wanted.request.speed)
    placed = _placed(rendition, sound, clocks) if wanted.times else Placed()
    return Answered(
        generation_id=rendition.generation_id,
        request_id=rendition.request_id,
        snippet_ids=tuple(snippet.id for snippet in rendition.snippets),
        pcm=sound.pcm,
        rate=sound.rate,
        words=_word_times(placed.words, wanted, samples=len(sound.pcm)),
        phonemes=tuple(PhonemeTime(*phoneme) for phoneme in placed.phonemes),
        transcript=" ".join(filter(None, (snippet.transcript.strip() for snippet in rendition.snippets))),
        clock=placed.clock,
    )


def _placed(rendition: Rendition, sound: Sound, clocks: Clocks) -> Placed:
    alone = len(rendition.snippets) == 1
    timed = [
        Timed(snippet.utterance or 0, None if alone else _length(snippet.pieces, sound), snippet.told)
        for snippet in rendition.snippets
    ]
    return place(timed, samples=len(sound.pcm), rate=sound.rate, clocks=clocks)


def _length(pieces: Sequence[bytes], sound: Sound) -> int | None:
    """How many samples of a sound some of its pieces make; None where that cannot be told."""
    if sound.layout is None or not pieces:
        return None
    try:
        wave = unwrap(pieces)
    except ValueError:
        return None
    if wave.layout not in (None, sound.layout):
        return None
    return len(wave.data) // sound.layout.frame_bytes


def _word_times(heard: Sequence[Sounding], wanted: Wanted, *, samples: int) -> tuple[WordTime, ...]:
    """When each of the utterance's words sounds; nothing where too few of them were heard."""
    if not heard or not wanted.words:
        return ()
    text = without_markers(wanted.sent_text)
    spans = [run.span() for run in _RUN.finditer(text) if letters(run.group())]
    spoken = [text[start:end] for start, end in spans]
    found = match(spoken, [sounding for sounding in heard if not _is_marker(sounding.text)])
    if found.share < MATCHED_SHARE:
        return ()
    times = fill(found.times, spoken, start=0, end=samples)
    if tuple(spans) == wanted.words:
        return tuple(WordTime(*time) for time in times)
    return _through_text(wanted.words, spans, times)


def _is_marker(text: str) -> bool:
    """Whether an entry is a pause that was asked for, or one of its words."""
    return text.strip().casefold() in ("[pause]", "[long pause]", "[long", "pause]")


def _through_text(
    words: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]], times: Sequence[tuple[int, int]]
) -> tuple[WordTime, ...]:
    """Times of words by where they lie in the text, which a respelling may divide at other places."""
    if not spans:
        return ()
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    found = []
    for start, end in words:
        first = min(bisect_right(ends, start), len(spans) - 1)
        last = max(bisect_left(starts, end) - 1, first)
        begins = _within(spans[first], times[first], start)
        found.append(WordTime(begins, max(begins, _within(spans[last], times[last], end))))
    return tuple(found)


def _within(span: tuple[int, int], time: tuple[int, int], offset: int) -> int:
    """The sample at *offset* in the text, which lies in *span* or beside it."""
    letters_said = min(max(offset - span[0], 0), span[1] - span[0])
    return time[0] + (time[1] - time[0]) * letters_said // (span[1] - span[0])
