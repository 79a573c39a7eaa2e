"""A line that one request cannot say: cut into parts, and their takes joined into the line's.

A part ends where a sentence ends, else at a semicolon, colon, dash or comma, else between words, and only
where nothing else is left inside one, never inside what a reader sees as one character. Of equals the later
cut counts, so that there are few parts, unless a scrap of a few words would be left over. Where a service
makes no pauses, a line is cut at those that the manuscript asks for, too, and they are made when it is
joined.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from narrator.errors import ProviderError
from narrator.parsing.sentences import split_sentences
from narrator.spending import MILLION, amount
from narrator.takes import Generation, Pcm, PhonemeTime, Request, Spoken, Take, Word, WordTime
from narrator.timeline import samples


class Joint(IntEnum):
    """What stands where a text is cut, the best place first."""

    SENTENCE = 0
    CLAUSE = 1
    WORD = 2
    LETTER = 3
    PAUSE = 4
    """One that the manuscript asks for, where the service makes none."""


LONGEST_PAUSE_MS = {Joint.SENTENCE: 450, Joint.CLAUSE: 220, Joint.WORD: 60, Joint.LETTER: 0}
"""Silence that is left between two parts: each was spoken as if it were an end, and a beginning."""
MARGIN_MS = 30
"""Kept of a part's own silence beside a pause that is made, which it is part of."""
SCRAP = 0.2
"""Share of what fits: less is not left over for a part of its own, if another cut avoids it."""
EARLY = 0.35
"""Share of what fits: a good place counts from there on; before it, a worse but later one does."""

_CLAUSE = re.compile(r"(?:[;:—–…،؛，、；：]+|,(?!\d)|\s-)[\"”’»)\]]*(?=\s)|[，、；：]")
_VIRAMAS = frozenset(
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2"
)  # after these a consonant goes on with the one before
_JOINER = "\u200d"


class Part(NamedTuple):
    """A piece of a line that fits into one request."""

    request: Request
    start: int
    """Offset in the line's spoken text at which it begins; white space around it is left out."""
    joint: Joint
    """What stands at its end."""
    pause_ms: int = 0
    """Silence between it and the next part, where the joint is a pause."""
    take: Take | None = None
    """One that is there already, and in no take of the line."""


def parts(
    request: Request, fits: Callable[[Request], bool], *, language: str, pauses: bool = False
) -> tuple[Part, ...]:
    """
    The parts in which a line is asked for; one, the line itself, where it fits.

    Args:
        fits: whether a request is short enough for its provider.
        language: BCP 47; abbreviations differ.
        pauses: cut it at the pauses inside it as well, which its provider does not make.
    """
    waits = inner_pauses(request.spoken) if pauses else {}
    if request.guide is not None or (not waits and fits(request)):
        return (Part(request, 0, Joint.SENTENCE),)
    places = _Places(request.spoken, language)
    whole = len(request.spoken.text)
    found: list[Part] = []
    for begins, ends in pairwise((0, *waits, whole)):
        among = list(_within_limit(request, (begins, ends), fits, places))
        if among and ends in waits:
            among[-1] = among[-1]._replace(joint=Joint.PAUSE, pause_ms=waits[ends])
        found += among
    return tuple(found)


def inner_pauses(spoken: Spoken) -> dict[int, int]:
    """Milliseconds of the pauses inside a text, by offset, in order; those at its ends are not inside."""
    found: dict[int, int] = {}
    for mark in spoken.marks:
        said = spoken.text[: mark.start], spoken.text[mark.start :]
        if mark.kind == "pause" and all(any(map(str.isalnum, each)) for each in said):
            found[mark.start] = found.get(mark.start, 0) + int(mark.value)
    return dict(sorted(found.items()))


def _within_limit(
    request: Request, stretch: tuple[int, int], fits: Callable[[Request], bool], places: _Places
) -> Iterator[Part]:
    """The parts of a stretch of the text."""
    text = request.spoken.text
    start, ends = _past_space(text, stretch[0]), stretch[1]
    while start < ends:
        end, joint = _cut(request, (start, ends), fits, places)
        yield Part(_part(request, start, end, seam=end < len(text) and end == ends), start, joint)
        start = _past_space(text, end)


def join(
    request: Request, among: Sequence[Part], takes: Sequence[Take], pcms: Sequence[Pcm], *, rate: int
) -> Generation:
    """
    The takes of a line's parts as one answer for the whole line.

    It costs what they have cost, and goes by the ids of its last part, which the next line goes on from.

    Args:
        rate: that of every take with sound in it; silence is made at that rate.

    Raises:
        ProviderError: they are not of one sample rate.
    """
    if any(take.rate != rate and not is_silent(take) for take in takes):
        raise ProviderError("parts of one line came at different sample rates", provider=request.provider)
    sound: list[Pcm] = []
    words: list[list[WordTime]] = []
    phonemes: list[PhonemeTime] = []
    clock = 0
    for part, take, pcm, (first, last) in zip(among, takes, pcms, _used(among, takes), strict=True):
        if take.rate != rate:  # of silence
            pcm = np.zeros(take.samples * rate // take.rate, np.int16)
            first, last = 0, len(pcm)
        shift = clock - first
        sound.append(pcm[first:last])
        words.append([WordTime(a + shift, b + shift) for a, b in _within(take.words, first, last)])
        spans = _within([(a, b) for _, a, b in take.phonemes], first, last)
        phonemes += [
            PhonemeTime(known.symbol, a + shift, b + shift)
            for known, (a, b) in zip(take.phonemes, spans, strict=True)
        ]
        clock += last - first
        if part.joint is Joint.PAUSE:
            silence = max(0, samples(part.pause_ms, rate) - 2 * samples(MARGIN_MS, rate))
            sound.append(np.zeros(silence, np.int16))
            clock += silence
    timed = all(len(take.words) == len(take.request.spoken.words) for take in takes)
    own = tuple((name, value) for name, value in takes[-1].ids if name != PART)
    return Generation(
        pcm=np.concatenate(sound),
        rate=rate,
        words=_whole_words(request.spoken.words, among, words) if timed else (),
        word_source=takes[0].word_source if timed else "estimated",
        phonemes=tuple(phonemes) if all(take.phonemes for take in takes) else (),
        ids=(*((PART, take.id) for take in takes), *own),
        transcript=" ".join(filter(None, (take.transcript for take in takes))),
        characters=sum(take.characters for take in takes),
        cost=amount(sum(round(take.cost * MILLION) for take in takes)),
        currency=takes[0].currency,
        context=takes[0].context,
    )


PART = "part"
"""Under which a joined take's ids name the takes that it was made of."""


def parts_of(take: Take) -> frozenset[str]:
    """Ids of the takes that a take was joined from; empty for one that a service gave."""
    return frozenset(value for name, value in take.ids if name == PART)


def is_silent(take: Take) -> bool:
    """Whether there is no sound in it, as in one of "…"."""
    return take.level.speech_start_sample == take.level.speech_end_sample


def speaking_rate(takes: Sequence[Take]) -> int:
    """The sample rate of the last take with sound in it: silence can be had at any."""
    return next((take.rate for take in reversed(takes) if not is_silent(take)), takes[-1].rate)


def paid_for(takes: Iterable[Take]) -> Iterator[Take]:
    """
    Those of *takes* whose costs make up what all of them have cost: a joined one's are those of its parts, or
    where not all of these are here, its own. What somebody brought in was never asked for.
    """
    takes = [take for take in takes if not take.is_own]
    joined = {take.id: parts for take in takes if (parts := parts_of(take))}
    if not joined:
        return iter(takes)
    there = {take.id for take in takes}
    left_out = {name for name, parts in joined.items() if parts <= there}
    left_out |= {part for parts in joined.values() if not parts <= there for part in parts}
    return (take for take in takes if take.id not in left_out)


class _Places:
    """Where a text may be cut, by what stands there; each list is sorted."""

    def __init__(self, spoken: Spoken, language: str) -> None:
        text = spoken.text
        self._says = [(mark.start, mark.end) for mark in spoken.marks if mark.kind == "say"]
        sentences = split_sentences(text, 0, len(text), language=language)
        self._by_joint = {
            Joint.SENTENCE: [at for at in sentences if self._is_free(at)],
            Joint.CLAUSE: [m.end() for m in _CLAUSE.finditer(text) if self._is_free(m.end())],
            Joint.WORD: [m.start() for m in re.finditer(r"\s+", text) if self._is_free(m.start())],
            Joint.LETTER: [at for at in range(1, len(text)) if _divides(text, at)],
        }

    def within(self, joint: Joint, after: int, up_to: int) -> Iterator[int]:
        """The places of one kind in a stretch, the last first."""
        places = self._by_joint[joint]
        for index in range(bisect_right(places, up_to) - 1, -1, -1):
            if places[index] <= after:
                return
            yield places[index]

    def _is_free(self, at: int) -> bool:
        """Not inside what is said in one."""
        return not any(start < at < end for start, end in self._says)


def _cut(
    request: Request, stretch: tuple[int, int], fits: Callable[[Request], bool], places: _Places
) -> tuple[int, Joint]:
    """Where the part ends that begins where a stretch does, and what stands there."""
    start, ends = stretch
    text = request.spoken.text[:ends]
    if fits(_part(request, start, ends)):
        return ends, Joint.SENTENCE
    longest = _longest(request, stretch, fits)
    room = longest - start
    scrap = int(room * SCRAP)
    for joint in (Joint.SENTENCE, Joint.CLAUSE, Joint.WORD, Joint.LETTER):
        least = start + (int(room * EARLY) if joint < Joint.WORD else 0)
        found = [end for end in places.within(joint, least, longest) if text[start:end].strip()]
        if found:
            enough = (end for end in found if len(text) - end >= scrap)
            return next(enough, found[0]), joint
    return max(longest, start + 1), Joint.LETTER


def _longest(request: Request, stretch: tuple[int, int], fits: Callable[[Request], bool]) -> int:
    """The last offset up to which a part from the start on fits; one character is taken to."""
    start, high = stretch
    low = start + 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(_part(request, start, middle)):
            low = middle
        else:
            high = middle - 1
    return low


def _part(request: Request, start: int, end: int, *, seam: bool = False) -> Request:
    """
    The request for a stretch of the text.

    Args:
        seam: whether a pause at its end is made when it is joined to the next.
    """
    spoken = request.spoken
    following = _past_space(spoken.text, end)
    end = start + len(spoken.text[start:end].rstrip())
    marks = []
    for mark in spoken.marks:
        if mark.start == mark.end:  # a pause at the seam belongs to what comes before it
            inside = start < mark.start <= following or mark.start == start == 0
            inside = inside and not (seam and mark.start >= end)
        else:
            inside = mark.start < end and mark.end > start
        if inside:
            place = {"start": min(max(mark.start, start), end) - start, "end": min(mark.end, end) - start}
            marks.append(mark.model_copy(update=place))
    words = [
        Word(
            word.start,
            word.end,
            max(word.spoken_start, start) - start,
            min(word.spoken_end, end) - start,
        )
        for word in spoken.words
        if word.spoken_start < end and word.spoken_end > start
    ]
    part = Spoken(text=spoken.text[start:end], marks=tuple(marks), words=tuple(words))
    return request.saying(part)


def _past_space(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip())


def _divides(text: str, at: int) -> bool:
    """Whether a reader sees two characters on the two sides of an offset."""
    before, after = text[at - 1], text[at]
    return not (
        unicodedata.category(after)[0] == "M"
        or _JOINER in (before, after)
        or before in _VIRAMAS
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")  # flags
    )


def _used(among: Sequence[Part], takes: Sequence[Take]) -> Iterator[tuple[int, int]]:
    """What is used of each part's take: all but the silence that would be too long between two of them."""
    for index, take in enumerate(takes):
        level = take.level
        silent = is_silent(take)
        first, last = 0, take.samples
        if index and not silent:
            first = max(0, level.speech_start_sample - _kept(among[index - 1].joint, 1, take.rate))
        if index < len(takes) - 1 and not silent:
            last = min(take.samples, level.speech_end_sample + _kept(among[index].joint, 2, take.rate))
        yield first, last


def _kept(joint: Joint, thirds: int, rate: int) -> int:
    """Samples of a part's own silence that are kept beside a joint."""
    if joint is Joint.PAUSE:
        return samples(MARGIN_MS, rate)
    return samples(LONGEST_PAUSE_MS[joint], rate) * thirds // 3


def _within(spans: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    return [(min(max(a, first), last), min(max(b, first), last)) for a, b in spans]


def _whole_words(
    words: Sequence[Word], among: Sequence[Part], times: Sequence[Sequence[WordTime]]
) -> tuple[WordTime, ...]:
    """The time of each word of the line: one that was cut sounds from its beginning to its end."""
    pieces = [
        (part.start + word.spoken_start, part.start + word.spoken_end, time)
        for part, its in zip(among, times, strict=True)
        for word, time in zip(part.request.spoken.words, its, strict=True)
    ]
    found = []
    at = 0
    for word in words:
        while at < len(pieces) - 1 and pieces[at][1] <= word.spoken_start:
            at += 1
        last = at
        while last < len(pieces) - 1 and pieces[last + 1][0] < word.spoken_end:
            last += 1
        found.append(WordTime(pieces[at][2].start_sample, pieces[last][2].end_sample))
    return tuple(found)
