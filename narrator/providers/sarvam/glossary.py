"""Which words go into a pronunciation dictionary, and which requests it can serve: rules, and no network.

The service replaces whole words that match exactly, in every request that names the dictionary (contract
9.3). It does not say whether case counts, or what a word is where an apostrophe or a hyphen follows. So only
single words that stand by themselves go into it; and a request in which it might replace something else than
what the lexicon asks for does not name it, and is sent respelt.
"""

from __future__ import annotations

import hashlib
import json
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from narrator.manuscript import Mark
from narrator.providers.sarvam.bodies import says, write
from narrator.takes import Request, Spoken

WORDS = 100
"""That a dictionary takes, ours among them."""
DICTIONARIES = 10
"""That an account takes."""
BYTES = 900_000
"""Of a dictionary as a file, short of the megabyte that the service takes."""
MARKED_LANGUAGE = "en-IN"
"""Where the word stands that tells a project's dictionary from all others."""

_JOINERS = "'’ʼ-‐‑"
_NO_LETTER = "\ue000"
"""Stands for a word that is replaced; of private use, and part of no word."""
_ALPHABET = str.maketrans("0123456789abcdef", "abcdefghijklmnop")

Words = dict[tuple[str, str], str]
"""What is said for a word, by the service's code of its language and the word as it is written."""


class Glossary:
    """What the requests of one run ask of a dictionary. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._plain: dict[str, set[str]] = defaultdict(set)

    def add(self, requests: Iterable[Request]) -> None:
        """Take in what they ask."""
        for request in requests:
            if not (words := words_of(request)):
                continue
            plain = _words(_masked(request.spoken, says(request.spoken)))
            with self._lock:
                for word, said in words.items():
                    self._wanted[word][said] += 1
                self._plain[language_of(request)].update(plain)

    def words(self) -> Words:
        """What is wanted, the most frequent first."""
        with self._lock:
            by_need = sorted(self._wanted.items(), key=lambda item: (-item[1].total(), item[0]))
            # One word is said in two ways where the lexicon was edited in the middle of a run.
            return {word: max(sorted(said), key=lambda each: said[each]) for word, said in by_need}

    def dropped(self, words: Words) -> set[tuple[str, str]]:
        """Of *words*, those that the lexicon has let go: they stand in a text, as they are written."""
        with self._lock:
            return {
                (language, word)
                for language, word in words
                if (language, word) not in self._wanted and word.casefold() in self._plain[language]
            }


class Served(NamedTuple):
    """What a dictionary does for one request."""

    marks: frozenset[Mark]
    """The stretches that it replaces; the others are respelt."""
    dict_id: str | None
    """None where it does nothing."""


NOTHING = Served(frozenset(), None)


def language_of(request: Request) -> str:
    """The service's code."""
    return str(dict(request.settings)["language"])


def words_of(request: Request) -> Words:
    """The words of a request that may go into a dictionary, and what is said for them."""
    language = language_of(request)
    found: Words = {}
    for mark, said in says(request.spoken).items():
        if stands_alone(request.spoken.text, mark.start, mark.end) and said.strip():
            found.setdefault((language, request.spoken.text[mark.start : mark.end]), said)
    return found


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a stretch is one word, with nothing before and after it that might belong to it."""
    word = text[start:end]
    beside = (text[start - 1] if start else " ") + text[end : end + 1]
    return bool(word) and all(map(_in_word, word)) and not any(_in_word(c) or c in _JOINERS for c in beside)


def serve(request: Request, words: Words, *, dict_id: str) -> Served:
    """What a dictionary of those words does for a request: nothing, where it might do something else, too."""
    language, spoken = language_of(request), request.spoken
    marks = {
        mark: said
        for mark, said in says(spoken).items()
        if words.get((language, spoken.text[mark.start : mark.end])) == said
        and stands_alone(spoken.text, mark.start, mark.end)
    }
    # What it puts in could be replaced in its turn.
    rest = " ".join((_masked(spoken, marks), *marks.values()))
    if not marks or not {word.casefold() for its, word in words if its == language}.isdisjoint(_words(rest)):
        return NOTHING
    return Served(frozenset(marks), dict_id)


def fitting(words: Words, there: Words) -> Words:
    """As many of *words*, from the first on, as there is room for beside those that are there."""
    whole, found = dict(there), Words()
    for word, said in words.items():
        more = whole | {word: said}
        if len(more) >= WORDS:
            break
        if len(as_file(more, marker(""))) <= BYTES:
            whole, found[word] = more, said
    return found


def marker(project: str) -> str:
    """The word by which a project's dictionary is known: letters only, and none that anybody writes."""
    digest = hashlib.sha256(project.encode()).hexdigest()[:16]
    return f"narrator{digest.translate(_ALPHABET)}"


def as_file(words: Words, marked: str) -> bytes:
    """A dictionary as it is sent.

    Args:
        marked: the project's marker.
    """
    blocks: dict[str, dict[str, str]] = {MARKED_LANGUAGE: {marked: "narrator"}}
    for (language, word), said in words.items():
        blocks.setdefault(language, {})[word] = said
    return json.dumps({"pronunciations": blocks}, ensure_ascii=False).encode()


def from_blocks(blocks: Mapping[str, object], marked: str) -> Words | None:
    """The words of a dictionary as the service gives it; None where it does not bear the marker."""
    words: Words = {}
    for language, block in blocks.items():
        if isinstance(block, Mapping):
            words |= {(str(language), str(word)): str(said) for word, said in block.items()}
    return words if words.pop((MARKED_LANGUAGE, marked), None) is not None else None


def _masked(spoken: Spoken, marks: Iterable[Mark]) -> str:
    """The text as it is sent, without the stretches that a dictionary replaces."""
    replaced = set(marks)
    return write(
        spoken,
        {mark: _NO_LETTER if mark in replaced else said for mark, said in says(spoken).items()},
    ).text


def _words(text: str) -> Iterator[str]:
    """Every word in its folded form; an apostrophe or a hyphen divides."""
    word = ""
    for letter in text.casefold():
        if _in_word(letter):
            word += letter
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _in_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LMN"
