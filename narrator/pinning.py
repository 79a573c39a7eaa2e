"""What somebody chose, written into the choices there are: that line's take changes and no other's.

Takes find their places by what they were recorded after (`choosing`), so that a take put to use here, or
let go, can move others there. Whatever would move by it gets a choice of its own: it is pinned.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from narrator.choices import Choices, ChosenTake
from narrator.choosing import OnHand, Place, choose, settle
from narrator.planning import Line
from narrator.providers.base import Provider
from narrator.takes import Take

SHOWN = 80
"""Characters of a line that a choice repeats for people."""
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""What a YAML file cannot hold."""


def places_of(lines: Sequence[Line], providers: Mapping[str, Provider]) -> list[Place]:
    """The lines of a whole book, in order, as places that ask for takes."""
    indices = {line.utterance.id: index for index, line in enumerate(lines)}
    return [
        Place(
            line.request.key,
            providers[line.request.provider].models[line.request.model].deterministic,
            indices[line.before_id] if line.before_id is not None else None,
            line.follows,
        )
        for line in lines
    ]


class Pinning:
    """The lines of a whole book as they were planned, and choices made for some of them since."""

    def __init__(self, lines: Sequence[Line], providers: Mapping[str, Provider]) -> None:
        """
        Args:
            lines: in order, each with the take that serves it.
        """
        self._lines = lines
        self._places = places_of(lines, providers)
        self._indices = {line.utterance.id: index for index, line in enumerate(lines)}
        alike: dict[tuple[str, str | None], list[int]] = {}
        for index, place in enumerate(self._places):
            alike.setdefault((place.key, place.follows), []).append(index)
        self._nth = {
            index: nth for same in alike.values() if len(same) > 1 for nth, index in enumerate(same, start=1)
        }

    def rewrite(
        self,
        choices: Choices,
        wanted: Mapping[str, Take | None],
        *,
        on_hand: OnHand,
        unheard: bool = False,
    ) -> Choices:
        """
        The choices with *wanted* among them.

        A choice for a line that is not in the book now, or that asks otherwise now, rests and is kept.

        Args:
            choices: what choices.yaml holds now, which may not be what the lines were planned with.
            wanted: the take of each line that somebody chose one for, by utterance id; None takes a
                choice back.
            on_hand: every good take under a key, those that are wanted among them.
            unheard: nobody has said that those are good.
        """
        chosen = {self._indices[name]: take for name, take in wanted.items()}
        standing = self._standing(choices, on_hand)
        entries = self._without(choices.chosen, chosen)
        takes = {index: take for index, take in chosen.items() if take is not None}
        self._add(entries, takes, unheard=unheard)
        pinned = set(chosen)
        while moved := self._moved(entries, standing, pinned, on_hand):
            self._add(entries, moved, unheard=True)
            pinned |= moved.keys()
        return Choices(chosen=tuple(self._labelled(entries)))

    def _standing(self, choices: Choices, on_hand: OnHand) -> list[Take | None]:
        """The take of each line; what others have chosen since the plan was made counts."""
        settled = settle(self._places, choices.chosen)
        standing = []
        for index, line in enumerate(self._lines):
            choice = settled.get(index)
            take = _chosen(choice, on_hand) if choice else None
            standing.append(take or (line.take if line.chosen is None else None))
        return standing

    def _without(self, entries: Sequence[ChosenTake], indices: Container[int]) -> list[ChosenTake]:
        """Without every choice that counts for these places, or would if another did not."""
        left = list(entries)
        while counting := {
            id(choice) for index, choice in settle(self._places, left).items() if index in indices
        }:
            left = [choice for choice in left if id(choice) not in counting]
        return left

    def _moved(
        self,
        entries: Sequence[ChosenTake],
        standing: Sequence[Take | None],
        pinned: Container[int],
        on_hand: OnHand,
    ) -> dict[int, Take]:
        """The takes that are there and no longer serve their lines, by the line's index."""
        served = choose(self._places, entries, on_hand)
        return {
            index: take
            for index, take in enumerate(standing)
            if take is not None
            and index not in pinned
            and not _same(served[index].take, take)
            and any(_same(there, take) for there in on_hand(take.key))
        }

    def _add(self, entries: list[ChosenTake], takes: Mapping[int, Take], *, unheard: bool) -> None:
        """Put choices where their lines stand in the order of the book."""
        indices = {id(entry): index for index, entry in settle(self._places, entries).items()}
        for index, take in sorted(takes.items()):
            choice = self._choice(index, take, unheard=unheard)
            later = (at for at, entry in enumerate(entries) if indices.get(id(entry), -1) > index)
            entries.insert(next(later, len(entries)), choice)
            indices[id(choice)] = index

    def _choice(self, index: int, take: Take, *, unheard: bool) -> ChosenTake:
        place = self._places[index]
        return ChosenTake(
            **self._labels(index),
            key=place.key,
            take=take.id,
            recorded_as=None if take.key == place.key else take.key,
            after=place.follows,
            nth=self._nth.get(index),
            unheard=unheard,
        )

    def _labelled(self, entries: Sequence[ChosenTake]) -> list[ChosenTake]:
        """What choices say of their lines for people, as it is now."""
        indices = {id(choice): index for index, choice in settle(self._places, entries).items()}
        return [
            entry
            if (index := indices.get(id(entry))) is None
            else entry.model_copy(update=self._labels(index))
            for entry in entries
        ]

    def _labels(self, index: int) -> dict[str, str]:
        utterance = self._lines[index].utterance
        return {"line": utterance.id, "text": _label(utterance.text)}


def _chosen(choice: ChosenTake, on_hand: OnHand) -> Take | None:
    return next((take for take in on_hand(choice.lies_under) if take.id == choice.take), None)


def _same(one: Take | None, other: Take) -> bool:
    return one is not None and (one.key, one.id) == (other.key, other.id)


def _label(text: str) -> str:
    shown = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"
