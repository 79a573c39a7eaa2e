"""Word times from phonemes that a service gave: matched with those of a rendition, whose words are known.

Both are IPA, each in its own dialect: stress and length are put aside, what is written as one symbol is taken
apart into its letters, and letters that sound alike stand for each other.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from narrator.takes import PhonemeTime, WordTime

GAP = 0.6
"""What it costs that a letter stands alone; two that are wholly unlike cost 2 of it."""
_KINDS = (
    "iɪyʏɨeɘj",
    "eɛøœæɜə",
    "əɐʌɜɘɵɚɝaɤ",
    "aɑɒæʌɐ",
    "oɔɒɤɵʊ",
    "uʊɯʉɨw",
    "pbɓ",
    "tdɖʈɗθðɾ",
    "kɡgqɢxɣ",
    "szʃʒʂʐɕʑçθð",
    "fvβɸʋw",
    "mnŋɲɳɱɴ",
    "lɫɭʎɺr",
    "rɹɾʁʀɻɽɚɝ",
    "hɦxħʕʔ",
)
"""Letters that one dialect or another uses for much the same sound."""
_VOWELS = frozenset("iɪyʏɨeɘɛøœæɜəɐʌɵɚɝaɑɒoɔɤʊuɯʉ")
_KIND = {
    letter: frozenset(k for k, kind in enumerate(_KINDS) if letter in kind) for letter in "".join(_KINDS)
}
_BAND = 60
"""How many letters the match strays from the diagonal, at least."""


class Placed(NamedTuple):
    """Where words sound, by phonemes that were given."""

    words: tuple[WordTime, ...]
    """One for each; in order, not overlapping."""
    confidences: tuple[int, ...]
    """Percent, for each word: how many of its letters were found, alike or nearly so."""
    share: float
    """The same of all words, from 0 to 1; whether these are the phonemes of the text at all."""


class _Letter(NamedTuple):
    """A letter of IPA and when it sounds."""

    sign: str
    start: int
    end: int


def place(
    given: Sequence[PhonemeTime], own: Sequence[PhonemeTime], words: Sequence[WordTime]
) -> Placed | None:
    """
    Find when words sound.

    Args:
        given: by the service, in the order in which they sound; a symbol without letters is silence.
        own: the rendition's, in IPA.
        words: when they sound in the rendition.

    Returns:
        None where either side holds no phoneme.
    """
    heard, told = list(_letters(given)), list(_letters(own))
    if not heard or not told or not words:
        return None
    pairs = _matched([letter.sign for letter in told], [letter.sign for letter in heard])
    firsts = [word.start_sample for word in words]
    of_word: list[list[tuple[_Letter, float]]] = [[] for _ in words]
    letters = [0] * len(words)
    for letter in told:
        letters[max(bisect_right(firsts, letter.start) - 1, 0)] += 1
    for index, beside in pairs:
        word = max(bisect_right(firsts, told[index].start) - 1, 0)
        of_word[word].append((heard[beside], _likeness(told[index].sign, heard[beside].sign)))
    found = [sum(alike for _, alike in matched) for matched in of_word]
    spans = [(m[0][0].start, m[-1][0].end) if m else None for m in of_word]
    return Placed(
        tuple(_filled(spans, heard[-1].end)),
        tuple(round(100 * min(1.0, f / n)) if n else 0 for f, n in zip(found, letters, strict=True)),
        sum(found) / max(len(told), len(heard)),
    )


def _letters(phonemes: Sequence[PhonemeTime]) -> Iterator[_Letter]:
    """Letters in their order; those of one symbol share its time."""
    for symbol, start, end in phonemes:
        signs = [
            sign
            for sign in unicodedata.normalize("NFD", symbol)
            if unicodedata.category(sign) in ("Ll", "Lo")
        ]
        for place_, sign in enumerate(signs):
            edges = [start + (end - start) * part // len(signs) for part in (place_, place_ + 1)]
            yield _Letter(sign, *edges)


def _likeness(one: str, other: str) -> float:
    """From 0 to 1."""
    if one == other:
        return 1.0
    if _KIND.get(one, frozenset()) & _KIND.get(other, frozenset()):
        return 0.75
    return 0.4 if one in _VOWELS and other in _VOWELS else 0.0


def _matched(told: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places whose letters stand for each other, in order: the cheapest match (edit distance)."""
    high, wide = len(told), len(heard)
    reach = max(_BAND, 2 * abs(high - wide), high // 8)
    far = GAP * (high + wide + 1)
    costs = {
        sign: {other: 2 * GAP * (1 - _likeness(sign, other)) for other in set(heard)} for sign in set(told)
    }
    above = {j: GAP * j for j in range(min(wide, reach) + 1)}
    steps: list[dict[int, int]] = [dict.fromkeys(above, 1)]
    for i in range(1, high + 1):
        middle = i * wide // high
        row: dict[int, float] = {}
        step: dict[int, int] = {}
        cost = costs[told[i - 1]]
        best = far
        for j in range(max(0, middle - reach), min(wide, middle + reach) + 1):
            best, taken = best + GAP, 1
            if (alone := above.get(j, far) + GAP) < best:
                best, taken = alone, 2
            if j and (together := above.get(j - 1, far) + cost[heard[j - 1]]) < best:
                best, taken = together, 3
            row[j], step[j] = best, taken
        above = row
        steps.append(step)
    return _walked(told, heard, steps)


def _walked(
    told: Sequence[str], heard: Sequence[str], steps: Sequence[dict[int, int]]
) -> list[tuple[int, int]]:
    i, j = len(told), len(heard)
    pairs = []
    while i or j:
        taken = 2 if not j else 1 if not i else steps[i][j]
        if taken == 3 and _likeness(told[i - 1], heard[j - 1]):
            pairs.append((i - 1, j - 1))
        i, j = i - (taken != 1), j - (taken != 2)
    return pairs[::-1]


def _filled(spans: Sequence[tuple[int, int] | None], end: int) -> Iterator[WordTime]:
    """Words that were not found get no time, between their neighbours."""
    starts = [span[0] if span else None for span in spans]
    following = end
    for index in reversed(range(len(starts))):
        start = starts[index]
        following = min(following, start) if start is not None else following
        starts[index] = following
    edges = [start for start in starts if start is not None]
    ends = accumulate((span[1] if span else start for span, start in zip(spans, edges, strict=True)), max)
    for start, stop, after in zip(edges, ends, [*edges[1:], end], strict=True):
        yield WordTime(start, min(max(start, stop), max(start, after)))
