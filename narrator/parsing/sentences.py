"""Where sentences end. In doubt they go on: two sentences in one breath are heard as speech, half a
sentence is heard as a mistake.

A sentence ends at . ! ? … (and ؟ ۔ । ॥) with the closing quotation marks and brackets behind it,
where white space follows and what comes then does not begin in lower case. At 。！？ no white
space is needed. A full stop ends none

- after an abbreviation of the language, or of titles that every language borrows;
- after a single letter (initials, `z. B.`) or letters with points between (`e.g.`, `U.S.`), unless "He" or
  the like comes then ("at 5 p.m. He left");
- after the name of a letter (`एम. के.`), or a syllable beside another (`कि. मी.`);
- after a number of one or two digits in the languages that write ordinals so (`3. Mai`).

Sentences over 1000 characters are divided at ; or :, else at a comma, else at a space: services
refuse longer ones, and a listener has to breathe.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from narrator.parsing.abbreviations import (
    ABBREVIATIONS,
    BEFORE_A_NUMBER,
    CAPITALISED,
    ENDINGS,
    LETTERS,
    LETTERS_AND_WORDS,
    TITLES,
)

LONGEST = 1000
"""Characters of a sentence before it is divided."""

_WITHOUT_CAPITALS = frozenset(map(chr, range(0x10D0, 0x1100)))
"""Georgian letters, which count as lower case since Unicode 11 and begin sentences all the same."""
_END = re.compile(
    r"(?:(?P<wide>[。！？｡]+)(?P<quoted>[”’」』）)\]】〉》＂\"]*)"
    # French sets a space before a closing mark; the same mark may open, but then a word touches it.
    r"|(?P<narrow>[.!?…؟۔।॥]+)[\"“”’'‘»«›‹」』）)\]】〉》＂]*(?: [»›](?=[\s.,;:!?…)]|$))?)(?P<space> ?)"
)
_OPENERS = re.compile(r"[\s\"“”„‘‚’'«»‹›「『（(\[—–\-¿¡…*]*")
_LETTERED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}\Z")
_FOR_EXAMPLE = re.compile(r"\b[Pp]\. ?ex\Z")
"""In French and Portuguese; `ex` alone is a word."""
_WORD_BEFORE = re.compile(r"([^\s.]+)\. ?\Z")
_WORD_AFTER = re.compile(r"([^\s.]+)\.")
_NUMBER = re.compile(r"\d|[IVXLC]{2,}\b")
_NEW_SENTENCE = re.compile(r"(?:He|She|It|They|We|I|You|The|There|This|That|These|Those|Then|When|But)\b")
"""What an English sentence begins with, and no name."""
_BETWEEN_WORDS = re.compile(r"[\s(\[\"“”„‘‚«»—–/-]")
_LONGEST_ABBREVIATION = 16

_ELIDING, _ELIDED = frozenset({"fr", "it", "ca"}), re.compile(r"^[^\W\d_]{1,5}['’]")
_EXPLAINING = frozenset({"e.g", "i.e", "a.k.a"})
_VIRAMA, _JOINERS = 9, "\u200c\u200d"
_KNOWN = {language: TITLES | words for language, words in ABBREVIATIONS.items()}
_ORDINALS = "cs da de et eu fi fo hr hsb hu is lt lv nb nn no pl sk sl sr tr"
_ORDINAL_POINT = frozenset(_ORDINALS.split())


def split_sentences(
    text: str, start: int, end: int, *, language: str, keep: Sequence[tuple[int, int]] = ()
) -> list[int]:
    """Where new sentences begin between *start* and *end*; *start* itself is not named.

    Args:
        text: with single spaces for white space.
        language: BCP 47; only its primary language counts.
        keep: stretches that are not cut, in order and without overlap.
    """
    primary = language.replace("_", "-").split("-")[0].lower()
    sentences = [at for at in _ends(text, start, end, primary) if start < at < end]
    bounds = [start, *sentences, end]
    if any(after - before > LONGEST for before, after in pairwise(bounds)):
        sentences = [
            at for before, after in pairwise(bounds) for at in (before, *_divide(text, before, after))
        ][1:]
    return _outside(sentences, keep) if keep else sentences


def _ends(text: str, start: int, end: int, language: str) -> Iterator[int]:
    worded = start  # from here on the sentence has had no word yet
    for found in _END.finditer(text, start, end):
        after = found.end()
        if found["wide"]:
            # 「...！」と言った: the tag goes on without a space.
            goes_on = found["quoted"] and not found["space"] and text[after : after + 1].isalnum()
        else:
            goes_on = not found["space"] or _goes_on(text, start, end, found, language)
        if not goes_on and after < end and _has_word(text, worded, found.start()):
            worded = after
            yield after


def _has_word(text: str, start: int, end: int) -> bool:
    return any(text[at].isalnum() for at in range(start, end))


def _goes_on(text: str, start: int, end: int, found: re.Match[str], language: str) -> bool:
    """True if the sentence does not end at this mark, which white space follows."""
    openers = _OPENERS.match(text, found.end(), end)
    at = openers.end() if openers else found.end()
    if at >= end or (text[at].islower() and text[at] not in _WITHOUT_CAPITALS):
        return True
    marks = found["narrow"]
    if marks == ".":
        return _abbreviated(text, start, found.start(), at, language)
    if set(marks) <= {".", "…"}:
        # A hesitation, unless a new sentence plainly begins: "Well... I don't know."
        return language == "en" and re.match(r"I\b", text[at : at + 2]) is not None
    return False


def _abbreviated(text: str, start: int, point: int, following: int, language: str) -> bool:
    before = text[max(start, point - _LONGEST_ABBREVIATION) : point]
    word = _BETWEEN_WORDS.split(before)[-1]
    if language in _ELIDING:
        word = _ELIDED.sub("", word)
    folded = word.casefold()
    if word.isdigit():
        return len(word) <= 2 and language in _ORDINAL_POINT
    if len(word) == 1 and word.isalpha():
        return not (language == "en" and word == "I")
    if folded in BEFORE_A_NUMBER and _NUMBER.match(text, following):
        return True
    if folded in _known(language) or word in CAPITALISED.get(language, ()):
        return True
    if _LETTERED.match(word):
        return language != "en" or folded in _EXPLAINING or not _NEW_SENTENCE.match(text, following)
    if _FOR_EXAMPLE.search(before):
        return True
    return _initial(
        word, before.removesuffix(word), text[following : following + _LONGEST_ABBREVIATION], language
    )


def _known(language: str) -> frozenset[str]:
    return _KNOWN.get({"no": "nb", "nn": "nb"}.get(language, language), TITLES)


def _initial(word: str, before: str, after: str, language: str) -> bool:
    """Whether it is an initial of two or more signs, as India's writing systems have them."""
    letters = LETTERS.get(language, frozenset())
    if word in letters:
        return True
    among_words = word in LETTERS_AND_WORDS.get(language, ())
    parts = word.split(".")
    if len(parts) > 1:
        return all(_syllable(part) or part in letters for part in parts)
    if not among_words and (word in ENDINGS or not _syllable(word)):
        return False
    # Many a sentence ends with a word of one syllable, few with two.
    beside = [found[1] for found in (_WORD_BEFORE.search(before), _WORD_AFTER.match(after)) if found]
    return any(
        other not in _known(language)
        and other not in ENDINGS
        and other not in BEFORE_A_NUMBER
        and (_syllable(other) or (among_words and other in letters))
        for other in beside
    )


def _syllable(word: str) -> bool:
    """Whether it is one consonant or vowel, or several that are written as one, with what hangs on it."""
    heads = 0
    joined = False
    for sign in word:
        if unicodedata.category(sign) == "Lo":
            heads += not joined
        elif unicodedata.category(sign)[0] != "M" and sign not in _JOINERS:
            return False
        joined = unicodedata.combining(sign) == _VIRAMA or (joined and sign in _JOINERS)
    return heads == 1


_PLACES = (re.compile(r"[;:；：] ?"), re.compile(r"[,，、] ?"), re.compile(r" "))


def _divide(text: str, start: int, end: int) -> Iterator[int]:
    """Where to divide a sentence that is too long."""
    while end - start > LONGEST:
        for place in _PLACES:
            # The last place before the limit; where there is none, the first after it.
            at = max((found.end() for found in place.finditer(text, start + 1, start + LONGEST)), default=0)
            if _has_word(text, start, at) and at < end:
                break
        else:
            late = min(
                (found.end() for place in _PLACES if (found := place.search(text, start + LONGEST, end))),
                default=end,
            )
            at = late
        if at >= end:
            return
        yield at
        start = at


def _outside(cuts: list[int], keep: Sequence[tuple[int, int]]) -> list[int]:
    starts = [start for start, _ in keep]

    def free(at: int) -> bool:
        nearest = bisect_left(starts, at) - 1
        return nearest < 0 or at >= keep[nearest][1]

    return [at for at in cuts if free(at)]
