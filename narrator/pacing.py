"""When each word of a take sounds where nobody measured it: the take's sound shared out among its words.

All that takes time has a share of it, in tenths of a letter. The figures fit the embedded engine's true
times in four languages; they are kept round, since voices differ by more than their decimals.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from narrator.takes import Spoken, Word, WordTime
from narrator.timeline import samples

CHARACTERS_PER_SECOND = 14.5
"""Of English read at an audiobook's pace (about 160 words a minute), where nothing tells better."""
LETTER = 10
WORD = 10
"""Of every word, whatever its length."""
DIGIT = 75
"""1894 is four digits, and 23 letters."""
WIDE = 30
"""A Chinese character, a kana, a Korean syllable."""
DRAWN_OUT = 25
"""Of the last word before a pause or the end, which takes longer than it would elsewhere."""
SHORT_PAUSE = 35
"""At a comma or a bracket."""
LONG_PAUSE = 55
"""At a mark that may end a sentence, and at a dash."""
FASTEST_MS = 25
"""A letter's time at the voice's own pace: pauses asked for that would leave letters less were not made."""

_HEARD = re.compile(r"(?P<letters>[^\W\d_]+)|\d+")
_LONG = re.compile(r"[—–…。！？；：]|\.\.|--|\s-\s|[.!?;:؟۔।][^\w\s]*\s")
_SHORT = re.compile(r"[、，،]|[,)][^\w\s]*\s|\s\(")
_ABBREVIATED = re.compile(r"[A-Z][a-z]{0,3}")
"""What stands before a full stop inside a sentence: `Mr`, `Capt`."""


class _Run(NamedTuple):
    """A run of letters or of digits, and the pause after it."""

    start: int
    """Offset in the spoken text."""
    end: int
    share: int
    pause: int = 0
    """Share of a pause that nobody asked for."""
    asked_ms: int = 0
    """Pause that the manuscript asks for."""


def share_out(
    spoken: Spoken, words: Sequence[Word], *, start: int, end: int, rate: int, speed: float = 1.0
) -> list[WordTime]:
    """
    Estimate when each of *words* sounds.

    Args:
        words: of any spelling of the spoken text.
        start: sample of the take at which its sound begins; it is over at *end*.
        rate: samples a second.
        speed: the pace asked for, 1.0 being the voice's own.
    """
    runs = list(_runs(spoken))
    times = _times(runs, start=start, end=end, rate=rate, speed=speed)
    starts, ends = [run.start for run in runs], [run.end for run in runs]
    found = []
    for word in words:
        first = min(bisect_right(ends, word.spoken_start), len(runs) - 1)
        last = max(bisect_left(starts, word.spoken_end) - 1, 0)
        begins = _within(runs[first], times[first], word.spoken_start)
        found.append(WordTime(begins, _within(runs[last], times[last], word.spoken_end)))
    return found


def _times(runs: Sequence[_Run], *, start: int, end: int, rate: int, speed: float) -> list[WordTime]:
    """When each run sounds."""
    asked = [samples(run.asked_ms, rate) for run in runs]
    least = sum(run.share for run in runs) * FASTEST_MS * rate / (LETTER * 1000 * max(speed, 1.0))
    if sum(asked) + least > end - start:
        asked = [0] * len(runs)
    pauses = [0 if made else run.pause for run, made in zip(runs, asked, strict=True)]
    sound, whole = end - start - sum(asked), sum(run.share for run in runs) + sum(pauses)
    times = []
    waited = shared = 0
    for run, made, pause in zip(runs, asked, pauses, strict=True):
        begins = start + waited + sound * shared // whole
        shared += run.share
        times.append(WordTime(begins, start + waited + sound * shared // whole))
        shared += pause
        waited += made
    return times


def _within(run: _Run, time: WordTime, offset: int) -> int:
    """The sample at *offset* in the spoken text, which lies in *run* or beside it."""
    said = min(max(offset - run.start, 0), run.end - run.start)
    return time.start_sample + (time.end_sample - time.start_sample) * said // (run.end - run.start)


def _runs(spoken: Spoken) -> Iterator[_Run]:
    text = spoken.text
    found = [(run.start(), run.end(), run["letters"] is not None) for run in _HEARD.finditer(text)]
    marks = [(mark.start, int(mark.value)) for mark in spoken.marks if mark.kind == "pause"]
    begins = True
    for (start, end, lettered), following in zip(found, [*found[1:], None], strict=False):
        said = text[start:end]
        share = _letters(said) if lettered else DIGIT * len(said)
        share += WORD * begins
        if following is None:
            yield _Run(start, end, share + DRAWN_OUT)
            return
        between = text[end : following[0]]
        pause = _pause(said, between)
        asked_ms = sum(ms for at, ms in marks if end <= at <= following[0])
        yield _Run(start, end, share + DRAWN_OUT * bool(pause or asked_ms), pause, asked_ms)
        begins = any(character.isspace() for character in between)
    yield _Run(0, max(len(text), 1), LETTER)  # nothing that can be read: a sign, said somehow


def _letters(said: str) -> int:
    if said.isascii():
        return LETTER * len(said)
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else LETTER for letter in said)


def _pause(said: str, between: str) -> int:
    """Share of the pause that *between* makes after *said*."""
    if between == " " or (between == ". " and _ABBREVIATED.fullmatch(said)):
        return 0
    if _LONG.search(between):
        return LONG_PAUSE
    return SHORT_PAUSE if _SHORT.search(between) else 0
