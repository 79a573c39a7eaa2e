"""Which take serves which line (design section 6).

A choice in choices.yaml comes first. An engine that answers the same each time serves every place that
asks for the same from one take. Otherwise a take serves one place: the one whose line before is served
by the take it was recorded after; else one that comes after any take of that line; else the place
with the number it was recorded for; else the next one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from narrator.choices import ChosenTake
from narrator.takes import Take

OnHand = Callable[[str], tuple[Take, ...]]
"""Every good take under a key, oldest first."""


class Place(NamedTuple):
    """A line of the book that asks for a take."""

    key: str
    deterministic: bool
    before: int | None
    """Index of the line before it in its context chain."""
    follows: str | None
    """Key of the line before it in its chapter, whoever speaks that."""


class Served(NamedTuple):
    """What a place was given."""

    take: Take | None
    nth: int
    """Of the places that ask for the same, which one this is, from 1."""
    chosen: ChosenTake | None = None
    """The choice that counts here."""


def choose(places: Sequence[Place], chosen: Sequence[ChosenTake], on_hand: OnHand) -> list[Served]:
    """The take of each place, None where there is none left for it."""
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        by_key[place.key].append(index)
    return _Choosing(places, by_key, on_hand).served(chosen)


def settle(places: Sequence[Place], chosen: Sequence[ChosenTake]) -> dict[int, ChosenTake]:
    """The choice for each place that has one: first where the line before is the same, then in order.

    Of two choices for one place, the one that stands later in the file counts.
    """
    if not chosen:
        return {}
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        by_key[place.key].append(index)
    settled: dict[int, ChosenTake] = {}
    wanting: dict[tuple[str, str | None], list[ChosenTake]] = defaultdict(list)
    for choice in chosen:
        if choice.key in by_key:
            wanting[choice.key, choice.after].append(choice)
    left: dict[str, list[ChosenTake]] = defaultdict(list)
    for (key, after), choices in wanting.items():
        same = [index for index in by_key[key] if places[index].follows == after]
        if same:
            settled |= _among(same, choices)
        else:
            left[key] += choices
    for key, choices in left.items():
        free = [index for index in by_key[key] if index not in settled]
        settled |= zip(free, choices[-len(free) :] if free else (), strict=False)
    return settled


def _among(same: Sequence[int], choices: Sequence[ChosenTake]) -> dict[int, ChosenTake]:
    """Choices for places that nothing but their order tells apart."""
    numbered = {
        choice.nth: choice for choice in choices if choice.nth is not None and choice.nth <= len(same)
    }
    settled = {same[nth - 1]: choice for nth, choice in numbered.items()}
    free = [index for index in same if index not in settled]
    others = [choice for choice in choices if choice.nth is None or choice.nth > len(same)]
    return settled | dict(zip(free, others[-len(free) :] if free else (), strict=False))


class _Choosing:
    """One choosing for all places. Takes are handed out in passes, from the surest match to the loosest."""

    def __init__(self, places: Sequence[Place], by_key: Mapping[str, Sequence[int]], on_hand: OnHand) -> None:
        self._places, self._by_key, self._on_hand = places, by_key, on_hand
        self._takes: dict[int, Take] = {}
        self._left: dict[str, list[Take]] = {}
        self._nth = {index: nth for same in by_key.values() for nth, index in enumerate(same, start=1)}

    def served(self, chosen: Sequence[ChosenTake]) -> list[Served]:
        counting: dict[int, ChosenTake] = {}
        for index, choice in settle(self._places, chosen).items():
            take = next((take for take in self._on_hand(choice.lies_under) if take.id == choice.take), None)
            if take is not None:
                self._takes[index], counting[index] = take, choice
        contested: list[int] = []
        for key, same in self._by_key.items():
            takes = self._on_hand(key)
            given = {self._takes[index].id for index in same if index in self._takes}
            if self._places[same[0]].deterministic:
                self._takes |= {index: takes[0] for index in same if index not in self._takes and takes}
                continue
            self._left[key] = [take for take in takes if take.id not in given]
            if len(same) == 1 >= len(self._left[key]):  # nearly always
                self._take(same[0], _any)
            else:
                contested += same
        contested.sort()
        for matches in (self._after_the_take, self._after_the_line, self._for_the_place, _any):
            for index in contested:
                self._take(index, matches)
        return [
            Served(self._takes.get(index), self._nth[index], counting.get(index))
            for index in range(len(self._places))
        ]

    def _take(self, index: int, matches: Callable[[int, Take], bool]) -> None:
        if index in self._takes:
            return
        left = self._left[self._places[index].key]
        for at, take in enumerate(left):
            if matches(index, take):
                self._takes[index] = left.pop(at)
                return

    def _after_the_take(self, index: int, take: Take) -> bool:
        before = self._places[index].before
        if before is None or take.after is None:
            return before is None and take.after is None and take.nth == self._nth[index]
        there = self._takes.get(before)
        return there is not None and there.id == take.after

    def _after_the_line(self, index: int, take: Take) -> bool:
        before = self._places[index].before
        if before is None or take.after is None:
            return False
        # A pickup of the line before is another take of it; what follows is still what followed.
        return any(other.id == take.after for other in self._on_hand(self._places[before].key))

    def _for_the_place(self, index: int, take: Take) -> bool:
        return take.nth == self._nth[index]


def _any(_index: int, _take: Take) -> bool:
    return True
