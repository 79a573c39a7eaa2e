"""Context chains: which line follows which, and the one model that speaks a whole chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from narrator.book import Continuity
from narrator.casting import Abilities
from narrator.manuscript import Utterance
from narrator.providers.base import Provider

Chain = tuple[str, int | str]
"""What tells the chains of a chapter apart: provider, and scene (or the line itself)."""


class Wish(NamedTuple):
    """What a line asks of the model that will speak it."""

    models: tuple[str, ...]
    """Those that may, the preferred first; one where cast or book.yaml settles it."""
    directed: bool
    """Whether it has a direction."""


def chain_of(utterance: Utterance, provider: Provider, continuity: Continuity) -> Chain:
    """The chain an utterance belongs to, within its chapter."""
    linked = any(abilities.context for abilities in provider.models.values())
    if continuity == "none" or not linked:
        return provider.name, utterance.id
    return provider.name, utterance.scene if continuity == "scene" else 0


def agree(wishes: Sequence[Wish], models: Mapping[str, Abilities], *, language: str) -> list[str]:
    """
    The model of each line of one chain: the same for all that leave it open, since a service may be
    unable to go on from what another of its models said.

    A line that leaves it open follows the directions in its chain: a model that acts them, where there
    are any; otherwise the model that other lines of the chain are settled on; otherwise one that
    times words.

    Args:
        wishes: of each line, in order.
        models: those of the provider.
        language: BCP 47; models that do not speak it are not chosen for a line that leaves it open.
    """
    spoken = [_speaking(wish.models, models, language) for wish in wishes]
    settled = Counter(allowed[0] for allowed in spoken if len(allowed) == 1)
    preferred: list[str] = []
    if any(wish.directed for wish in wishes):
        preferred += [name for name, abilities in models.items() if abilities.directions != "none"]
    preferred += [name for name, _ in settled.most_common()]
    preferred += [name for name, abilities in models.items() if abilities.word_times]
    return [next((name for name in preferred if name in allowed), allowed[0]) for allowed in spoken]


def _speaking(allowed: tuple[str, ...], models: Mapping[str, Abilities], language: str) -> tuple[str, ...]:
    subtag = language.partition("-")[0].lower()
    able = tuple(name for name in allowed if not models[name].languages or subtag in models[name].languages)
    return able or allowed


def groups(places: Iterable[Chain]) -> list[list[int]]:
    """The indices of each chain's lines, in order."""
    found: dict[Chain, list[int]] = {}
    for index, each in enumerate(places):
        found.setdefault(each, []).append(index)
    return list(found.values())
