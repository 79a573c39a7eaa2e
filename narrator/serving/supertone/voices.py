"""Who speaks, found by id; and lists of voices in pages, searched (contract 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from narrator.serving.likeness import Likeness
from narrator.serving.supertone.clones import STYLE, Clone, Clones
from narrator.serving.supertone.models import ABILITIES, ALL, Language, Model
from narrator.serving.supertone.presets import Preset, presets, stranger
from narrator.serving.supertone.refusing import missing, refusal

T = TypeVar("T")

PAGE_SIZE = 20
PAGE_SIZES = (10, 100)


class Who(NamedTuple):
    """Whoever a request for speech means."""

    id: str
    name: str
    likeness: Likeness
    languages: Sequence[Language]
    styles: Sequence[str]
    models: Sequence[Model]


class Voices:
    """Every voice there is. Its methods may read the disk, so they block."""

    def __init__(self, clones: Clones) -> None:
        self.presets = presets()
        self._by_id = {each.id: each for each in self.presets}
        self._clones = clones

    def preset(self, voice_id: str) -> Preset:
        """
        One of Supertone's, on the list or not.

        Raises:
            Refused: 404.
        """
        found = self._by_id.get(voice_id) or stranger(voice_id)
        if found is None:
            raise missing("Voice")
        return found

    def clone(self, voice_id: str) -> Clone:
        """
        One of the account's own.

        Raises:
            Refused: 404.
        """
        found = self._clones.find(voice_id)
        if found is None:
            raise missing("Voice")
        return found

    def find(self, voice_id: str) -> Who:
        """
        Either.

        Raises:
            Refused: 404.
        """
        if clone := self._clones.find(voice_id):
            return Who(clone.id, clone.name, clone.likeness, ALL, (STYLE,), tuple(ABILITIES))
        found = self.preset(voice_id)
        return Who(found.id, found.name, found.likeness, found.languages, found.styles, found.models)


Values = Callable[[T], Iterable[str]]

FILTERS: Mapping[str, Values[Preset]] = {
    "language": lambda each: each.languages,
    "gender": lambda each: (each.gender,),
    "age": lambda each: (each.age,),
    "use_case": lambda each: each.use_cases[:1],
    "use_cases": lambda each: each.use_cases,
    "style": lambda each: each.styles,
    "model": lambda each: each.models,
}


def searched_presets(voices: Iterable[Preset], asked: Mapping[str, str | None]) -> list[Preset]:
    """
    Those that answer to everything that is asked.

    Args:
        asked: by the name of the parameter; None and nothing ask for nothing.

    Raises:
        Refused: none does, a 404; or commas and semicolons are mixed.
    """
    tests: list[Callable[[Preset], bool]] = [*_of_words(asked)]
    for name, values in FILTERS.items():
        if wanted := (asked.get(name) or "").strip():
            tests.append(_of_values(name, wanted, values))
    return _searched(voices, tests)


def searched_clones(voices: Iterable[Clone], asked: Mapping[str, str | None]) -> list[Clone]:
    """
    The same of the account's own, which have a name and a description.

    Raises:
        Refused: none does, a 404.
    """
    return _searched(voices, _of_words(asked))


def page(found: Sequence[T], *, size: float, token: str | None) -> tuple[Sequence[T], str | None]:
    """
    Some of a list, and the token of what follows.

    Raises:
        Refused: there is no such page.
    """
    if not PAGE_SIZES[0] <= size <= PAGE_SIZES[1] or size != int(size):
        raise refusal([f"page_size must be a whole number from {PAGE_SIZES[0]} to {PAGE_SIZES[1]}"])
    start = beginning(token)
    end = start + int(size)
    return found[start:end], str(end) if end < len(found) else None


def beginning(token: str | None) -> int:
    """
    Where a page begins.

    Raises:
        Refused: the token is none.
    """
    if not token:
        return 0
    if not (token.isascii() and token.isdigit() and len(token) < 10):
        raise refusal(["next_page_token is not one that was given"])
    return int(token)


def _of_words(asked: Mapping[str, str | None]) -> Iterator[Callable[[Preset | Clone], bool]]:
    """Every word is to be found in the name, or the description."""
    names, described = (_fold(asked.get(name) or "").split() for name in ("name", "description"))
    if names:
        yield lambda each: all(word in _fold(each.name) for word in names)
    if described:
        yield lambda each: all(word in _fold(each.description) for word in described)


def _of_values(name: str, wanted: str, values: Values[Preset]) -> Callable[[Preset], bool]:
    """Commas mean that any will do, semicolons in a style that all are needed."""
    together = ";" if name == "style" and ";" in wanted else ","
    if together == ";" and "," in wanted:
        raise refusal("style: commas and semicolons must not be mixed")
    every = {_fold(each) for each in wanted.split(together)} - {""}

    def fits(each: Preset) -> bool:
        has = set(map(_fold, values(each)))
        return every <= has if together == ";" else not every.isdisjoint(has)

    return fits


def _searched(voices: Iterable[T], tests: Iterable[Callable[[T], bool]]) -> list[T]:
    every = list(tests)
    found = [each for each in voices if all(test(each) for test in every)]
    if not found:
        raise missing("Voices")
    return found


def _fold(text: str) -> str:
    return text.casefold().strip()
