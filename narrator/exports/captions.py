"""Utterances as captions: at most two lines of 42 columns, cut at word boundaries.

An utterance that fits is one caption. A longer one is cut where its words begin, evenly, and after
punctuation where that costs little. Captions are timed in ticks of the clock the format keeps
(milliseconds, hundredths); they never overlap and always last a tick or more.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from narrator.exports.base import estimated, one_line
from narrator.manuscript import NARRATOR
from narrator.timeline import Placement, Timeline

LINE_WIDTH = 42
LINES = 2
LABEL_WIDTH = 21
"""Columns kept free for a label at most; a longer one runs over."""
LOOSE_END = 400
"""What it costs to end a caption without punctuation, in squared columns left empty."""
LOOSE_LINE = 8
"""What it costs to end a line without punctuation, in columns that two lines may differ by."""
PHRASE_ENDS = tuple(".,;:!?…—–。、，！？；：।")
CLOSING = "\"'”’»)]"


class Token(NamedTuple):
    """A run without white space, or a line's worth of a longer one."""

    text: str
    glued: bool
    """True where no space stands before it."""
    sample: int
    """When it begins; between its neighbours where the take does not say."""
    timed: bool
    """True where the take says."""
    width: int
    """Columns."""
    ends_phrase: bool
    """True where a reader would pause after it."""


class Caption(NamedTuple):
    """What is on the screen at once."""

    id: str
    """The utterance's id; `.2`, `.3` added for its later captions."""
    role: str
    label: str
    """`Mara: ` on the first caption of an utterance that is not the narrator's, else empty."""
    start_tick: int
    end_tick: int
    lines: tuple[tuple[Token, ...], ...]
    opens: bool
    """True for the first caption of an utterance, which begins where its take does."""
    estimated: bool
    """True where the times of its words, and of its beginning unless it opens, were not measured."""

    def plain_lines(self) -> list[str]:
        """The lines as plain text, label included."""
        lines = [joined(line) for line in self.lines]
        return [f"{self.label}{lines[0]}", *lines[1:]]


class _Cut(NamedTuple):
    """A caption before its times are rounded."""

    id: str
    role: str
    label: str
    start_sample: int
    end_sample: int
    lines: tuple[tuple[Token, ...], ...]
    opens: bool
    estimated: bool


def captions(timeline: Timeline, ticks: Callable[[int, int], int]) -> Iterator[Caption]:
    """Every word of the chapter, in order; *ticks* rounds a sample at a rate to the format's clock."""
    free_tick = 0
    for cut in _cut(timeline):
        start_tick = max(ticks(cut.start_sample, timeline.rate), free_tick)
        free_tick = max(ticks(cut.end_sample, timeline.rate), start_tick + 1)
        yield Caption(cut.id, cut.role, cut.label, start_tick, free_tick, cut.lines, cut.opens, cut.estimated)


@lru_cache(maxsize=4)  # a chapter is asked for by every format in turn, and a few chapters beside each other
def _cut(timeline: Timeline) -> tuple[_Cut, ...]:
    return tuple(cut for placement in timeline.placements for cut in _cuts(placement))


def _cuts(placement: Placement) -> Iterator[_Cut]:
    role = one_line(placement.role) or NARRATOR
    label = f"{role}: " if role != NARRATOR else ""
    lead = min(width(label), LABEL_WIDTH)
    groups = _shared_out(_tokens(placement), lead=lead)
    for number, group in enumerate(groups, start=1):
        yield _Cut(
            id=placement.utterance_id if number == 1 else f"{placement.utterance_id}.{number}",
            role=role,
            label=label if number == 1 else "",
            start_sample=placement.start_sample if number == 1 else group[0].sample,
            end_sample=placement.end_sample if number == len(groups) else groups[number][0].sample,
            lines=_lines(group, lead=lead if number == 1 else 0),
            opens=number == 1,
            estimated=estimated(placement),
        )


def joined(tokens: Sequence[Token]) -> str:
    """The tokens of a line as text."""
    return "".join(
        token.text if token.glued or index == 0 else f" {token.text}" for index, token in enumerate(tokens)
    )


def width(text: str) -> int:
    """Columns that *text* takes: East Asian wide characters take two, combining marks none."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def clock(ms: int, *, point: str) -> str:
    """*ms* as hh:mm:ss, *point* and three digits: WebVTT and SubRip differ in the point."""
    whole, ms = divmod(ms, 1000)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{ms:03d}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _tokens(placement: Placement) -> list[Token]:
    """Every visible character of the utterance's text, in tokens no wider than a line."""
    text = placement.text
    offsets, samples = [0], [placement.start_sample]
    timed: dict[int, int] = {}
    for word in placement.words:
        found = text.find(word.text, offsets[-1])
        if found < 0:
            continue
        timed[found] = word.start_sample
        offsets += [found, found + len(word.text)]
        samples += [word.start_sample, word.end_sample]
    offsets.append(len(text))
    samples.append(placement.end_sample)

    tokens: list[Token] = []
    for run in re.finditer(r"\S+", text):
        start = run.start()
        for offset, piece in _pieces(run.group(), start):
            begins = timed.get(start) if offset == start else None
            tokens.append(
                Token(
                    text=piece,
                    glued=offset > start,
                    sample=_between(offset, offsets, samples) if begins is None else begins,
                    timed=begins is not None,
                    width=width(piece),
                    ends_phrase=piece.rstrip(CLOSING).endswith(PHRASE_ENDS),
                )
            )
    return tokens


def _pieces(run: str, start: int) -> Iterator[tuple[int, str]]:
    """*run* cut into what fits a line, each piece with its offset; control characters removed."""
    if len(run) <= LINE_WIDTH and run.isascii() and run.isprintable():
        yield start, run
        return
    piece, piece_start, columns = "", start, 0
    for offset, character in enumerate(run, start=start):
        character = one_line(character)
        wide = width(character)
        if columns + wide > LINE_WIDTH:
            yield piece_start, piece
            piece, piece_start, columns = "", offset, 0
        piece += character
        columns += wide
    if piece:
        yield piece_start, piece


def _between(offset: int, offsets: list[int], samples: list[int]) -> int:
    """The sample at *offset*, on the straight line between the known offsets around it."""
    after = bisect_right(offsets, offset)
    if after == len(offsets):
        return samples[-1]
    left, right = offsets[after - 1], offsets[after]
    low, high = samples[after - 1], samples[after]
    return low + (high - low) * (offset - left) // (right - left)


def _shared_out(tokens: list[Token], *, lead: int) -> list[list[Token]]:
    """The tokens in captions: the split whose empty columns, squared, are fewest.

    *lead* columns of the first line are taken by a label.
    """
    cheapest: list[float] = [0.0] + [float("inf")] * len(tokens)
    came_from = [0] * (len(tokens) + 1)
    for first in range(len(tokens)):
        line = total = lead if first == 0 else 0
        lines = 1
        for last in range(first, len(tokens)):
            token = tokens[last]
            gap = 0 if token.glued or last == first else 1
            line += gap + token.width
            if line > LINE_WIDTH and last > first:
                if lines == LINES:
                    break
                lines, line = lines + 1, token.width
            total += gap + token.width
            cost = cheapest[first] + (LINES * LINE_WIDTH - total) ** 2
            if not token.ends_phrase and last + 1 < len(tokens):
                cost += LOOSE_END
            if cost < cheapest[last + 1]:
                cheapest[last + 1], came_from[last + 1] = cost, first
    groups = []
    end = len(tokens)
    while end:
        groups.append(tokens[came_from[end] : end])
        end = came_from[end]
    return groups[::-1]


def _lines(tokens: list[Token], *, lead: int) -> tuple[tuple[Token, ...], ...]:
    """One line where it fits, else two of near equal width, the first ending a phrase if it costs little."""
    edges = [lead]
    for token in tokens:
        gap = 0 if token.glued or len(edges) == 1 else 1
        edges.append(edges[-1] + gap + token.width)
    if edges[-1] <= LINE_WIDTH or len(tokens) == 1:
        return (tuple(tokens),)
    splits = []
    for cut in range(1, len(tokens)):
        first, second = edges[cut], edges[-1] - edges[cut] - (0 if tokens[cut].glued else 1)
        over = max(first - LINE_WIDTH, 0) + max(second - LINE_WIDTH, 0)
        loose = 0 if tokens[cut - 1].ends_phrase else LOOSE_LINE
        splits.append((over, abs(first - second) + loose, cut))
    cut = min(splits)[2]
    return tuple(tokens[:cut]), tuple(tokens[cut:])
