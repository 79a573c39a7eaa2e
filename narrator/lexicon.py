"""Pronunciations, and an utterance's text as it is sent to a provider.

An entry is found where its word or phrase stands by itself: no letter or digit touches it, nor one beyond
an apostrophe or hyphen, save a possessive `'s`, which is kept. An entry in lower case is found in
any case; one with a capital as it is written, or all in capitals. Straight and curly apostrophes are the
same. The longest entry wins, and a `say` mark in the manuscript wins over all of them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from pydantic import BaseModel

from narrator.errors import ConfigurationError
from narrator.manuscript import Mark, Utterance
from narrator.takes import Spoken, Word

EMBEDDED = "espeak"
"""The provider that needs no key; the one whose own phonemes an entry may give."""
PHONEMES = "espeak:"
"""What the value of a `say` mark begins with where it holds such phonemes."""
DICTIONARY = "dictionary:"
"""What it begins with where it holds what a service's pronunciation dictionary is to say."""

_RUN = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W_]")
_APOSTROPHES = str.maketrans("’ʼ", "''")
_PHONEMES = re.compile(r"[!-%'-;=?-Z\\^-~ ]+")
"""Printable ASCII that ends no phonemes and opens no tag: without `&`, `<`, `>`, `[` and `]`."""


class Entry(BaseModel, frozen=True, extra="forbid"):
    """How a word or phrase is said: one entry of lexicon.yaml."""

    say: str | None = None
    """Respelled, for every provider."""
    espeak: str | None = None
    """The embedded voice's phoneme mnemonics, such as `S@v'O:n`; other providers use `say`."""
    line: int | None = None
    """Where in lexicon.yaml it stands."""


class Lexicon(BaseModel, frozen=True, extra="forbid"):
    """Every pronunciation of the project."""

    entries: tuple[tuple[str, Entry], ...] = ()
    """(word or phrase as written, entry)."""

    @cached_property
    def index(self) -> Mapping[str, tuple[_Indexed, ...]]:
        """Entries by the folded first word of their key, the longest first.

        Raises:
            ConfigurationError: a key without a letter or digit, or phonemes that are none.
        """
        found: dict[str, list[_Indexed]] = {}
        for key, entry in self.entries:
            written = key.translate(_APOSTROPHES)
            first = _word_pattern().search(written)
            if first is None:
                raise ConfigurationError(
                    f"{key!r} holds no letter or digit; a pronunciation needs a word that it is for",
                    file="lexicon.yaml",
                    line=entry.line,
                )
            if entry.espeak and not _PHONEMES.fullmatch(entry.espeak):
                raise ConfigurationError(
                    f"{key!r}: {entry.espeak!r} are no phonemes; mnemonics are ASCII, without & < > [ ]",
                    file="lexicon.yaml",
                    line=entry.line,
                )
            indexed = _Indexed(written, written == written.lower(), first.start(), entry)
            found.setdefault(first.group().lower(), []).append(indexed)
        # At one length, the entry that is particular about its case is asked first.
        return {
            first: tuple(sorted(entries, key=lambda entry: (-len(entry.written), entry.any_case)))
            for first, entries in found.items()
        }


class _Indexed(NamedTuple):
    """An entry, ready to be looked for."""

    written: str
    """The key, its apostrophes straight."""
    any_case: bool
    lead: int
    """How many characters stand before its first word."""
    entry: Entry

    def matches(self, stretch: str) -> bool:
        if self.any_case:
            return stretch.lower() == self.written
        return stretch in (self.written, self.written.upper())

    def change(self, start: int, end: int, provider: str, *, dictionary: bool) -> _Change | None:
        """What it does to a stretch for one provider, if anything."""
        if provider == EMBEDDED and self.entry.espeak:
            return _Change(start, end, None, PHONEMES + self.entry.espeak)
        if not self.entry.say:
            return None
        if dictionary:
            return _Change(start, end, None, DICTIONARY + " ".join(self.entry.say.split()))
        return _Change(start, end, self.entry.say)


class _Change(NamedTuple):
    """A stretch of the text that is said otherwise than it is written."""

    start: int
    end: int
    said: str | None
    """None: the text stays as it is."""
    value: str = ""
    """Of its `say` mark."""


def speak(utterance: Utterance, lexicon: Lexicon, *, provider: str, dictionary: bool = False) -> Spoken:
    """
    An utterance's text as *provider* is to speak it: `say` marks and lexicon entries applied.

    Phonemes for the embedded voice leave the text as it is and become a `say` mark. So does what the lexicon
    says for a provider that has a pronunciation dictionary; what the manuscript says of one place does not.

    Args:
        dictionary: whether the provider applies the lexicon.

    Raises:
        ConfigurationError: the lexicon has an entry that cannot be used.
    """
    text = utterance.text
    changes = list(_by_hand(utterance.marks))
    if lexicon.entries:
        changes = sorted([*changes, *_by_lexicon(text, lexicon, changes, provider, dictionary)])
    runs = _written_words(text)
    marks = tuple(mark for mark in utterance.marks if mark.kind != "say")
    if not changes:
        # Not validated: for the million words of a long book that would take longer than all the rest.
        words = tuple([Word(start, end, start, end) for start, end in runs])
        return Spoken.model_construct(text=text, marks=marks, words=words)
    respelled = _Respelled(text, changes)
    says = [
        Mark(kind="say", start=change.start, end=change.end, value=change.value)
        for change in changes
        if change.value
    ]
    moved = [
        mark.model_copy(update={"start": respelled.offset(mark.start), "end": respelled.offset(mark.end)})
        for mark in (*marks, *says)
    ]
    return Spoken(
        text=respelled.text,
        marks=tuple(sorted(moved, key=lambda mark: (mark.start, mark.end))),
        words=tuple(Word(start, end, respelled.offset(start), respelled.offset(end)) for start, end in runs),
    )


def _written_words(text: str) -> list[tuple[int, int]]:
    """(start, end) of each run without white space that holds a letter or a digit."""
    spans = [run.span() for run in _RUN.finditer(text)]
    return [(start, end) for start, end in spans if text[start].isalnum() or _LETTER.search(text, start, end)]


def _by_hand(marks: Iterable[Mark]) -> Iterator[_Change]:
    """What the manuscript's own `say` marks change; of two that overlap, the first counts."""
    reached = 0
    for mark in sorted((mark for mark in marks if mark.kind == "say"), key=lambda mark: mark.start):
        said = " ".join(mark.value.split())
        if said and reached <= mark.start < mark.end:
            reached = mark.end
            yield _Change(mark.start, mark.end, said)


def _by_lexicon(
    text: str, lexicon: Lexicon, by_hand: Sequence[_Change], provider: str, dictionary: bool
) -> Iterator[_Change]:
    straight = text.translate(_APOSTROPHES)
    index = lexicon.index
    # Most sentences hold nothing of it, and a book has a hundred thousand.
    if index.keys().isdisjoint([word.lower() for word in _word_pattern().findall(straight)]):
        return
    reached = 0
    for word in _word_pattern().finditer(straight):
        for indexed in index.get(word.group().lower(), ()):
            start = word.start() - indexed.lead
            end = start + len(indexed.written)
            if (
                start >= reached
                and indexed.matches(straight[start:end])
                and _stands_alone(straight, start, end)
                and not any(change.start < end and start < change.end for change in by_hand)
                and (change := indexed.change(start, end, provider, dictionary=dictionary))
            ):
                reached = end
                yield change
                break


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no word goes on at either end of a stretch; a possessive may."""
    before, after = _edges()
    return before.match(text, start) is not None and after.match(text, end) is not None


class _Respelled:
    """A text with its changes made, and where each place of the old text is in the new."""

    def __init__(self, text: str, changes: Iterable[_Change]) -> None:
        parts: list[str] = []
        self._starts, self._places = [0], [(0, 0, 0, 0)]
        position = length = 0
        for start, end, said in _word_by_word(text, changes):
            parts += (text[position:start], said)
            length += start - position
            self._starts.append(start)
            self._places.append((start, end, length, length + len(said)))
            length += len(said)
            position = end
        self.text = "".join((*parts, text[position:]))

    def offset(self, old: int) -> int:
        """A place of the old text in the new; one inside what was changed is found in proportion."""
        start, end, new_start, new_end = self._places[bisect_right(self._starts, old) - 1]
        if old >= end:
            return new_end + old - end
        return new_start + (old - start) * (new_end - new_start) // (end - start)


def _word_by_word(text: str, changes: Iterable[_Change]) -> Iterator[tuple[int, int, str]]:
    """(start, end, said) of what is respelled, each word of a phrase by itself where their numbers agree."""
    for change in changes:
        if change.said is None:
            continue
        written = [run.span() for run in _RUN.finditer(text, change.start, change.end)]
        said = change.said.split()
        if len(written) == len(said):
            yield from ((start, end, word) for (start, end), word in zip(written, said, strict=True))
        else:
            yield change.start, change.end, change.said


@cache
def _letter() -> str:
    """A pattern of one letter, digit, or mark over, under or after one."""
    # Built when the first lexicon is used (10 ms): `re` has no class of marks, and Hindi is full of them.
    marks = (chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M")
    return rf"(?:[^\W_]|[{''.join(marks)}])"


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(f"{_letter()}+")


@cache
def _edges() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What must be true before and after a word that stands by itself."""
    letter, joiner = _letter(), r"['\-‐‑]"
    goes_on = f"{joiner}{letter}"
    before = re.compile(f"(?<!{letter})(?<!{letter}{joiner})")
    after = re.compile(f"(?!{letter})(?:(?=['][sS](?!{letter}|{goes_on}))|(?!{goes_on}))")
    return before, after
