"""When a generation's words and phonemes sound, from what the service tells of its snippets (contract 9).

The service gives begin and end in milliseconds and does not say from where it counts: the start of the
snippet, of the utterance or of the generation. With one snippet these are the same (rule A). With several,
each is tried out, and what fits the audio is taken (rule B); where several fit and differ, the one that was
the only one to fit before. Where that does not help, no times are given: they will be estimated.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from narrator.timeline import samples as to_samples

TOLERANCE_MS = 100
"""How far outside its snippet a word may lie, and how far back a word may begin."""
LENGTH_TOLERANCE_MS = 30
"""How far the snippets together may differ from the generation."""
LONGEST_REPAIR_MS = 300
"""What a word is given at most that ends before it begins."""

Clock = Literal["", "snippet", "utterance", "generation"]
READINGS: tuple[Clock, ...] = ("snippet", "utterance", "generation")


_log = logging.getLogger(__name__)


class Told(NamedTuple):
    """One entry of the service's list of times."""

    kind: str
    """`word` or `phoneme`; others are passed over."""
    text: str
    begin_ms: int
    end_ms: int


class Timed(NamedTuple):
    """A snippet, as far as its times are concerned."""

    utterance: int
    samples: int | None
    """Length of its audio; None where that is not known."""
    told: tuple[Told, ...]


class Sounding(NamedTuple):
    """Something heard, on the generation's clock."""

    text: str
    start_sample: int
    end_sample: int


class Placed(NamedTuple):
    """Times on the generation's clock: in order, inside the audio, none ending before it begins."""

    words: tuple[Sounding, ...] = ()
    phonemes: tuple[Sounding, ...] = ()
    clock: Clock = ""
    """Where the service counts from, if that made a difference."""


class Clocks:
    """What one run has learnt about where the service counts from. Safe to use from several threads."""

    def __init__(self) -> None:
        self.contradictions = 0
        """Answers that fitted a reading which another answer had ruled out."""
        self._lock = threading.Lock()
        self._possible: frozenset[Clock] = frozenset(READINGS)

    def learn(self, readings: frozenset[Clock]) -> None:
        """Only these readings fitted an answer."""
        with self._lock:
            if self._possible and not self._possible & readings:
                self.contradictions += 1
                if self.contradictions == 1:
                    _log.warning(
                        "hume: the service counts word times from another place than before; where that is"
                        " in doubt they will be estimated"
                    )
            self._possible &= readings

    def narrow(self, fitting: Sequence[frozenset[Clock]]) -> frozenset[Clock] | None:
        """Which of several groups of readings holds all that are still possible, if one does."""
        with self._lock:
            return next((group for group in fitting if self._possible and self._possible <= group), None)


def place(snippets: Sequence[Timed], *, samples: int, rate: int, clocks: Clocks) -> Placed:
    """What is told about a generation's snippets, on the generation's clock; nothing where that is in doubt.

    Args:
        snippets: in the order in which they sound.
        samples: length of the generation.
        rate: samples a second.
        clocks: is asked what other answers have shown, and learns what this one shows.
    """
    starts = _starts(snippets, samples=samples, rate=rate)
    if starts is None or not any(snippet.told for snippet in snippets):
        return Placed()
    fitting: dict[tuple[int, ...], frozenset[Clock]] = {}
    for reading, offsets in _readings(snippets, starts):
        if _fits(snippets, starts, offsets, samples=samples, rate=rate):
            fitting[offsets] = fitting.get(offsets, frozenset()) | {reading}
    groups = list(fitting.values())
    chosen = groups[0] if len(groups) == 1 else clocks.narrow(groups)
    if chosen is None:
        return Placed()
    clocks.learn(chosen)
    offsets = next(offsets for offsets, readings in fitting.items() if readings == chosen)
    return Placed(
        words=_sounding("word", snippets, offsets, samples=samples, rate=rate),
        phonemes=_sounding("phoneme", snippets, offsets, samples=samples, rate=rate),
        clock="" if len(chosen) == len(READINGS) else next(clock for clock in READINGS if clock in chosen),
    )


def _starts(snippets: Sequence[Timed], *, samples: int, rate: int) -> tuple[int, ...] | None:
    """Where each snippet begins; None where their lengths are not those of the generation's parts."""
    if len(snippets) == 1:
        return (0,)
    lengths = [snippet.samples for snippet in snippets if snippet.samples is not None]
    if len(lengths) < len(snippets) or abs(sum(lengths) - samples) > to_samples(LENGTH_TOLERANCE_MS, rate):
        return None
    return tuple(accumulate(lengths[:-1], initial=0))


def _readings(snippets: Sequence[Timed], starts: Sequence[int]) -> Iterator[tuple[Clock, tuple[int, ...]]]:
    """What each reading adds to the times of each snippet; where nothing is told, nothing."""
    of_utterance: dict[int, int] = {}
    for snippet, start in zip(snippets, starts, strict=True):
        of_utterance.setdefault(snippet.utterance, start)
    placed = list(zip(snippets, starts, strict=True))
    yield "snippet", tuple(start if snippet.told else 0 for snippet, start in placed)
    yield "utterance", tuple(of_utterance[snippet.utterance] if snippet.told else 0 for snippet, _ in placed)
    yield "generation", (0,) * len(placed)


def _fits(
    snippets: Sequence[Timed], starts: Sequence[int], offsets: Sequence[int], *, samples: int, rate: int
) -> bool:
    """Whether every word then lies within its snippet, and none begins before the one before it."""
    tolerance = to_samples(TOLERANCE_MS, rate)
    latest = -tolerance
    for snippet, start, end, offset in zip(snippets, starts, [*starts[1:], samples], offsets, strict=True):
        words = [told for told in snippet.told if told.kind == "word"] or snippet.told
        for told in sorted(words, key=_begin):
            begins = offset + to_samples(told.begin_ms, rate)
            ends = offset + to_samples(told.end_ms, rate)
            if begins < max(start, latest) - tolerance or max(begins, ends) > end + tolerance:
                return False
            latest = max(latest, begins)
    return True


def _sounding(
    kind: str, snippets: Sequence[Timed], offsets: Sequence[int], *, samples: int, rate: int
) -> tuple[Sounding, ...]:
    """Entries of one kind, in order, inside the audio; one without length lasts until the next."""
    told = [
        (entry.text, offset + to_samples(entry.begin_ms, rate), offset + to_samples(entry.end_ms, rate))
        for snippet, offset in zip(snippets, offsets, strict=True)
        for entry in sorted(snippet.told, key=_begin)
        if entry.kind == kind and entry.text.strip()
    ]
    starts = list(accumulate((min(max(start, 0), samples) for _, start, _ in told), max))
    longest = to_samples(LONGEST_REPAIR_MS, rate)
    placed = []
    for (text, _, end), start, following in zip(told, starts, [*starts, samples][1:], strict=True):
        if end <= start:
            end = min(following, start + longest)
        placed.append(Sounding(text, start, max(start, min(end, samples))))
    return tuple(placed)


def _begin(told: Told) -> int:
    return told.begin_ms
