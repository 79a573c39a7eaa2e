"""An utterance as the engine reads it: its text with SSML marks, and the way back from there.

The engine names a place by counting the characters of what it was sent, marks and entities included;
`Source.offsets` leads from there to the spoken text. All of the text is escaped: nothing in a
manuscript is ever read as a mark, a command or phonemes.

What the engine (1.52) does with marks and signs was measured, and shapes what is written here:

- of a sign before a dash it reads the name ("Stop!—he" has "exclamation" in it), or loses the word after
  it; a space between them helps;
- a full stop that is not at the end of a word, as in `(1883).`, is read out as "dot" before a break and
  before a small letter;
- emphasis that opens a sentence is lost, unless a line ends before it;
- emphasis sets the level to that of volume 100, so the level that is wanted is set again inside it;
- emphasis that begins where other emphasis ends makes it leave out all that was said before them;
- phonemes that follow a quote or a bracket without a space are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from narrator.lexicon import PHONEMES
from narrator.manuscript import Mark
from narrator.takes import Spoken

_EMPHASIS_GAIN = 1.12
"""Volume of plain emphasis beside its surroundings (1 dB); strong emphasis adds 3 dB by itself."""
_LEVELS = {"emphasis": 1, "strong": 2}
_MEANINGFUL = "&<>\x00-\x1f\x7f-\x9f\ud800-\udfff"
_MISREAD = r"(?<=[.,:;!?])(?=[—–]|--)|(?<=[:;!?])(?=-)|(?<=[^\w\s]\.) (?=[^\W\d_])"
_SPECIAL = re.compile(f"[{_MEANINGFUL}]|{_MISREAD}")
_SPECIAL_BESIDE_PHONEMES = re.compile(rf"[{_MEANINGFUL}\[]|{_MISREAD}")
_WRITTEN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "("}
_SPOKEN = re.compile(r"[^\W_]")
_RUN = re.compile(r"[^\s—–…]+")
_STOP = re.compile(r"(?<!\.)\.\s*\Z")
_POSSESSIVE = re.compile(r"['’]s(?![^\W_])")


class Source(NamedTuple):
    """What is sent to the engine for one utterance."""

    text: str
    offsets: list[int]
    """For each character of `text`, the offset in the spoken text that it stands for."""
    phonemes_allowed: bool
    """Whether `[[...]]` means phonemes."""
    lead_ms: int
    """Silence wanted before the first word, which the engine would leave out."""
    tail_ms: int
    """Silence wanted after the last one."""


class _Stop(NamedTuple):
    """A place in the spoken text where something other than the text is written; they sort in its order."""

    offset: int
    rank: int
    """At one offset: what closes, then pauses, then what opens, then phonemes."""
    end: int
    """Where the spoken text goes on."""
    markup: str


_CLOSE, _PAUSE, _OPEN, _SAY = range(4)


def write(spoken: Spoken, *, volume: int) -> Source:
    """
    Write an utterance for the engine.

    Args:
        volume: the engine's volume parameter for the utterance.
    """
    if not spoken.marks:
        return _write(spoken.text, [])
    says = [_Stop(m.start, _SAY, m.end, m.value.removeprefix(PHONEMES)) for m in _phoneme_marks(spoken)]
    emphasis = list(_emphasis(spoken, volume=volume))
    pauses, lead_ms, tail_ms = _pauses(
        spoken, closed={stop.offset for stop in emphasis if stop.rank == _CLOSE}
    )
    stops = [*emphasis, *pauses]
    stops = sorted([*(_outside(stop, says) for stop in stops), *says])
    return _write(spoken.text, stops, phonemes_allowed=bool(says))._replace(lead_ms=lead_ms, tail_ms=tail_ms)


def _write(text: str, stops: list[_Stop], *, phonemes_allowed: bool = False) -> Source:
    special = _SPECIAL_BESIDE_PHONEMES if phonemes_allowed else _SPECIAL
    parts: list[str] = []
    offsets: list[int] = []

    def put(written: str, offset: int) -> None:
        parts.append(written)
        offsets.extend([offset] * len(written))

    def copy(start: int, end: int) -> None:
        for found in special.finditer(text, start, end):
            parts.append(text[start : found.start()])
            offsets.extend(range(start, found.start()))
            put(_written(found), found.start())
            start = found.end()
        parts.append(text[start:end])
        offsets.extend(range(start, end))

    position = 0
    for stop in stops:
        if stop.offset > position or stop.rank != _SAY:
            copy(position, stop.offset)
            position = stop.offset
        if stop.rank == _OPEN and parts and parts[-1].endswith(". ") and text[stop.offset].isupper():
            parts[-1] = parts[-1][:-1] + "\n"
        if stop.rank != _SAY:
            put(stop.markup, stop.offset)
            continue
        end, ending = _possessive(text, stop)
        if parts and not parts[-1][-1:].isspace():
            put(" ", stop.offset)
        put("[[", stop.offset)
        sounds = stop.markup + ending
        parts.append(sounds)
        offsets.extend(stop.offset + i * (end - stop.offset) // len(sounds) for i in range(len(sounds)))
        put("]]", max(end - 1, stop.offset))
        position = end
    copy(position, len(text))
    return Source("".join(parts), offsets, phonemes_allowed, 0, 0)


def _written(found: re.Match[str]) -> str:
    """What could mean something to the engine, made harmless; what it misreads, set right."""
    character = found.group()
    if character == " ":
        return "\n" if found.string[found.end()].islower() else " "
    if "\ud800" <= character <= "\udfff":
        return "\N{REPLACEMENT CHARACTER}"
    return _WRITTEN.get(character, " ")


def _possessive(text: str, stop: _Stop) -> tuple[int, str]:
    """Where phonemes end and what to add to them: after them the engine reads `'s` as a letter's name."""
    if not _POSSESSIVE.match(text, stop.end):
        return stop.end, ""
    if stop.markup.endswith(("s", "z", "S", "Z")):
        return stop.end + 2, "Iz"
    return stop.end + 2, "s" if stop.markup.endswith(("p", "t", "k", "f", "T")) else "z"


def _phoneme_marks(spoken: Spoken) -> Iterator[Mark]:
    end = 0
    for mark in sorted(spoken.marks, key=lambda mark: mark.start):
        if mark.kind == "say" and mark.value.startswith(PHONEMES) and end <= mark.start < mark.end:
            end = mark.end
            yield mark


def _outside(stop: _Stop, says: list[_Stop]) -> _Stop:
    """Phonemes cannot be divided: what lies inside them moves to their start or end."""
    for say in says:
        if say.offset < stop.offset < say.end:
            offset = say.offset if stop.rank == _OPEN else say.end
            return stop._replace(offset=offset, end=offset)
    return stop


def _pauses(spoken: Spoken, *, closed: set[int]) -> tuple[list[_Stop], int, int]:
    """Pauses between words; and the silence wanted before the first word and after the last.

    Args:
        closed: where emphasis ends.
    """
    text = spoken.text
    lead_ms = tail_ms = 0
    between: list[tuple[int, int]] = []
    for mark in sorted((m for m in spoken.marks if m.kind == "pause"), key=lambda mark: mark.start):
        milliseconds = int(mark.value)
        if not _SPOKEN.search(text, 0, mark.start):
            lead_ms += milliseconds
        elif not _SPOKEN.search(text, mark.start):
            tail_ms += milliseconds
        elif between and not _SPOKEN.search(text, between[-1][0], mark.start):
            # The engine keeps one of two breaks that follow each other.
            between[-1] = (between[-1][0], between[-1][1] + milliseconds)
        else:
            between.append((_before_detached_stop(text, mark.start, closed), milliseconds))
    stops = [_Stop(at, _PAUSE, at, f'<break time="{milliseconds}ms"/>') for at, milliseconds in between]
    return stops, lead_ms, tail_ms


def _before_detached_stop(text: str, offset: int, closed: set[int]) -> int:
    found = _STOP.search(text, max(0, offset - 8), offset)
    if found is None or (text[found.start() - 1].isalnum() and found.start() not in closed):
        return offset
    return found.start()


def _emphasis(spoken: Spoken, *, volume: int) -> Iterator[_Stop]:
    inside = {1: min(100, round(volume * _EMPHASIS_GAIN)), 2: volume}
    for start, end, level in _emphasised(spoken):
        name = "moderate" if level == 1 else "strong"
        tags = f'<emphasis level="{name}"><prosody volume="{inside[level]}">'
        yield _Stop(start, _OPEN, start, tags)
        yield _Stop(end, _CLOSE, end, "</prosody></emphasis>")


def _emphasised(spoken: Spoken) -> list[tuple[int, int, int]]:
    """(start, end, level) of what is emphasised: whole words, without the punctuation around them.

    Words that follow each other get one level, the stronger.
    """
    marks = [(mark.start, mark.end, _LEVELS[mark.kind]) for mark in spoken.marks if mark.kind in _LEVELS]
    if not marks:
        return []
    stretches: list[tuple[int, int, int]] = []
    previous = 0
    for start, end in _cores(spoken.text):
        level = max((level for first, last, level in marks if first < end and start < last), default=0)
        if level and previous:
            level = max(level, previous)
            stretches[-1] = (stretches[-1][0], end, level)
        elif level:
            stretches.append((start, end, level))
        previous = level
    return stretches


def _cores(text: str) -> Iterator[tuple[int, int]]:
    """Words without the punctuation around them."""
    for run in _RUN.finditer(text):
        start, end = run.span()
        while start < end and unicodedata.category(text[start])[0] in "PSC":
            start += 1
        while start < end and unicodedata.category(text[end - 1])[0] in "PSC":
            end -= 1
        if start < end:
            yield start, end
