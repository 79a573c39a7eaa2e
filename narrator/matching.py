"""Words that somebody says were heard, matched to the words of the text: by their letters, in order.

A service may write a number out, join or divide words, leave some out, repeat others or invent some. What
is compared is letters and digits alone, whatever their case, accents and width. Runs that are alike on both
sides are found first, so that a long text costs little more than reading it; what lies between is aligned by
cost. Where words of the text stand over against other words, the ones get the time of the others.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

Span = tuple[int, int]
"""(start, end) in whatever unit the words were heard in."""

_BAND = 24
"""How far an alignment strays from the diagonal where nothing better is known; it bounds the cost."""
_RUNS = (3, 1)
"""Words in a row that, where they occur once on each side, are taken to be the same."""
_LONGEST_JOIN = 60
"""Words of one side that may be one word of the other: Japanese writes a sentence without spaces."""


class Matched(NamedTuple):
    """What became of each word of a text."""

    times: tuple[Span | None, ...]
    """One for each word, never beginning before the one before it if what was heard does not; None where
    nothing was heard that could be it."""
    share: float
    """Of the words, those heard as written, nearly so, or as a number is said; 1 if there are none."""


def letters(text: str) -> str:
    """What is compared of a text: its letters and digits, without case, accents and width."""
    folded = (text if text.isascii() else unicodedata.normalize("NFKD", text)).casefold()
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def match(spoken: Sequence[str], heard: Sequence[tuple[str, int, int]]) -> Matched:
    """Find each word of a text among the words that were heard.

    Args:
        spoken: the words of the text, in order.
        heard: (word, start, end), in the order of their starts. What holds no letter or digit is passed over.
    """
    said = [letters(word) for word in spoken]
    entries = [(folded, start, end) for word, start, end in heard if (folded := letters(word))]
    tokens = [folded for folded, _, _ in entries]
    if said == tokens:
        return Matched(tuple((start, end) for _, start, end in entries), 1.0)
    times: list[Span | None] = [None] * len(said)
    alike = 0
    for group in _with_replaced(_groups(said, tokens), len(said), len(tokens)):
        words, among = said[group.start : group.end], entries[group.heard_start : group.heard_end]
        span = among[0][1], max(end for _, _, end in among)
        times[group.start : group.end] = _divided(span, [len(word) for word in words])
        alike += len(words) if group.alike else _said_as_numbers(words, [entry[0] for entry in among])
    countable = sum(map(bool, said))
    return Matched(tuple(times), min(1.0, alike / countable) if countable else 1.0)


def fill(times: Sequence[Span | None], spoken: Sequence[str], *, start: int, end: int) -> tuple[Span, ...]:
    """The same times with every gap filled: words not found share the room between their neighbours.

    Before the first and after the last word found they keep to the pace of the others. Where there is no room
    they get none.

    Args:
        start: no word begins before it.
        end: no word ends after it.
    """
    sizes = [max(1, len(letters(word))) for word in spoken]
    found = [index for index, time in enumerate(times) if time is not None]
    if not found:
        return tuple(_divided((start, end), sizes))
    whole = [time for time in times if time is not None]
    paced = sum(stop - begin for begin, stop in whole) / sum(sizes[index] for index in found)
    filled: list[Span] = []
    for before, after in pairwise([-1, *found, len(times)]):
        run = sizes[before + 1 : after]
        length = round(paced * sum(run))
        begins = filled[-1][1] if filled else max(start, whole[0][0] - length)
        following = times[after] if after < len(times) else None
        stops = following[0] if following else min(end, begins + length)
        filled += _divided((min(begins, stops), stops), run)
        if following:
            filled.append(following)
    return tuple(filled)


def _divided(span: Span, sizes: Sequence[int]) -> list[Span]:
    """A stretch of time divided in proportion to *sizes*, without a gap."""
    start, length, whole = span[0], span[1] - span[0], sum(sizes)
    edges = [start + length * size // (whole or 1) for size in accumulate(sizes, initial=0)]
    return list(pairwise(edges))


class _Group(NamedTuple):
    """Words of the text, and the words heard in their place; neither is empty."""

    start: int
    end: int
    heard_start: int
    heard_end: int
    alike: bool = True


class _Gap(NamedTuple):
    """What is still to be aligned."""

    start: int
    end: int
    heard_start: int
    heard_end: int


def _with_replaced(groups: Iterator[_Group], said: int, heard: int) -> Iterator[_Group]:
    """The groups, and between them the words that stand over against others."""
    end = heard_end = 0
    for group in (*groups, _Group(said, said, heard, heard)):
        if end < group.start and heard_end < group.heard_start:
            yield _Group(end, group.start, heard_end, group.heard_start, alike=False)
        if group.start < group.end:
            yield group
        end, heard_end = group.end, group.heard_end


def _said_as_numbers(words: Sequence[str], heard: Sequence[str]) -> int:
    """How many of the words may be what was heard, as "eighty-four" may be `84`; or the reverse."""
    with_digits = sum(any(map(str.isdigit, word)) for word in words)
    digits_heard = sum(character.isdigit() for word in heard for character in word)
    return min(len(words), with_digits + 2 * digits_heard)


def _groups(said: Sequence[str], heard: Sequence[str]) -> Iterator[_Group]:
    return _aligned(said, heard, _Gap(0, len(said), 0, len(heard)), _RUNS)


def _aligned(said: Sequence[str], heard: Sequence[str], gap: _Gap, runs: tuple[int, ...]) -> Iterator[_Group]:
    """Words alike, in order: from both ends inward, then by runs that occur once, then by cost."""
    start, end, heard_start, heard_end = gap
    while start < end and heard_start < heard_end and said[start] == heard[heard_start]:
        yield _Group(start, start + 1, heard_start, heard_start + 1)
        start, heard_start = start + 1, heard_start + 1
    same = 0
    while start < end and heard_start < heard_end and said[end - 1] == heard[heard_end - 1]:
        end, heard_end, same = end - 1, heard_end - 1, same + 1
    inner = _Gap(start, end, heard_start, heard_end)
    if start < end and heard_start < heard_end:
        if min(end - start, heard_end - heard_start) <= _BAND or not runs:
            yield from _cheapest(said, heard, inner)
        else:
            places = [(start, heard_start), *_once(said, heard, inner, runs[0]), (end, heard_end)]
            for (first, heard_first), (last, heard_last) in pairwise(places):
                yield from _aligned(said, heard, _Gap(first, last, heard_first, heard_last), runs[1:])
    for step in range(same):
        yield _Group(end + step, end + step + 1, heard_end + step, heard_end + step + 1)


def _once(said: Sequence[str], heard: Sequence[str], gap: _Gap, run: int) -> list[tuple[int, int]]:
    """Where runs of words begin that occur once on each side: the most of them that are in one order."""
    there = _single(heard, gap.heard_start, gap.heard_end, run)
    pairs = [
        (index, there[words])
        for words, index in _single(said, gap.start, gap.end, run).items()
        if words in there
    ]
    # Patience sorting: of the orders of each length, the one that ends earliest.
    tails: list[int] = []
    ends: list[int] = []
    links: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        tails[length : length + 1], ends[length : length + 1] = [place], [number]
        links.append(ends[length - 1] if length else -1)
    ordered: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        ordered.append(pairs[number])
        number = links[number]
    return ordered[::-1]


def _single(words: Sequence[str], start: int, end: int, run: int) -> dict[tuple[str, ...], int]:
    """The runs of that many words which occur once, and where each begins; in order."""
    runs = [tuple(words[index : index + run]) for index in range(start, end - run + 1)]
    counts = Counter(runs)
    return {found: start + offset for offset, found in enumerate(runs) if counts[found] == 1}


_ALIKE, _JOINED, _SIMILAR, _ALONE = 0, 1, 2, 3
"""What it costs that words are the same, the same when joined, nearly the same; that one has no partner."""
_STEP = 64
_NEVER = 1 << 60


class _Row(NamedTuple):
    """The part of one row of the table that is worked out."""

    low: int
    costs: list[int]
    steps: list[int]

    def cost(self, column: int) -> int | None:
        """None where it was not worked out."""
        return self.costs[column - self.low] if 0 <= column - self.low < len(self.costs) else None


def _cheapest(said: Sequence[str], heard: Sequence[str], gap: _Gap) -> Iterator[_Group]:
    """The cheapest alignment, by dynamic programming in a band around the diagonal."""
    ours, theirs = said[gap.start : gap.end], heard[gap.heard_start : gap.heard_end]
    table = _table(ours, theirs)
    i, j = len(ours), len(theirs)
    found: list[_Group] = []
    while i or j:
        n, m = divmod(table[i].steps[j - table[i].low], _STEP)
        if n and m:
            i_, j_ = gap.start + i, gap.heard_start + j
            found.append(_Group(i_ - n, i_, j_ - m, j_))
        i, j = i - n, j - m
    yield from reversed(found)


def _table(ours: Sequence[str], theirs: Sequence[str]) -> list[_Row]:
    """For the first *i* words and the first *j*: the least cost, and the step that leads there."""
    high, wide = len(ours), len(theirs)
    # All of it where one side is short: that, too, is linear in the other.
    reach = wide if min(high, wide) <= _BAND else _BAND + wide // high
    edges = [(word[:1], word[-1:]) for word in theirs]
    rows = [_Row(0, [_ALONE * j for j in range(min(wide, reach) + 1)], [1] * (min(wide, reach) + 1))]
    for i in range(1, high + 1):
        low, top = max(0, i * wide // high - reach), min(wide, i * wide // high + reach)
        above, word = rows[-1], ours[i - 1]
        first, last = word[:1], word[-1:]
        row = _Row(low, [], [])
        best = _NEVER
        for j in range(low, top + 1):
            best, step = best + _ALONE, 1
            at = j - above.low
            if at < len(above.costs) and above.costs[at] + _ALONE < best:
                best, step = above.costs[at] + _ALONE, _STEP
            if j:
                begins, ends = edges[j - 1]
                if (first == begins or last == ends) and (pair := _pair(ours, theirs, i, j)):
                    price, n, m = pair
                    before = rows[i - n].cost(j - m)
                    if before is not None and before + price <= best:
                        best, step = before + price, n * _STEP + m
            row.costs.append(best)
            row.steps.append(step)
        rows.append(row)
    return rows


def _pair(ours: Sequence[str], theirs: Sequence[str], i: int, j: int) -> tuple[int, int, int] | None:
    """What it costs to pair the words that end here, and how many each side has; None if they differ."""
    one, other = ours[i - 1], theirs[j - 1]
    if one == other:
        return _ALIKE, 1, 1
    if joined := _joined(ours, theirs, i, j):
        return _JOINED, *joined
    return (_SIMILAR, 1, 1) if _similar(one, other) else None


def _joined(ours: Sequence[str], theirs: Sequence[str], i: int, j: int) -> tuple[int, int] | None:
    """How many words of each side, ending here, have the same letters when joined."""
    one, other, n, m = ours[i - 1], theirs[j - 1], 1, 1
    while one and other and n + m <= _LONGEST_JOIN:
        if not (one.endswith(other) or other.endswith(one)):
            return None
        if len(one) == len(other):
            return n, m
        if len(one) < len(other):
            if (n := n + 1) > i:
                return None
            one = ours[i - n] + one
        else:
            if (m := m + 1) > j:
                return None
            other = theirs[j - m] + other
    return None


def _similar(one: str, other: str) -> bool:
    """Whether one may be the other misspelled, inflected or abbreviated."""
    if one[:1] != other[:1]:
        return False
    short, long = sorted((one, other), key=len)
    alike = next((k for k, letter in enumerate(short) if letter != long[k]), len(short))
    if 2 * alike >= len(long) or alike == len(short) > 2:
        return True
    rest = iter(long)
    return len(short) > 1 and short[-1] == long[-1] and all(letter in rest for letter in short)
