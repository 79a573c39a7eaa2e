"""What a whole book asks for, whoever records it: takes under each key, and voices to be made."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from narrator.choosing import OnHand
from narrator.planning import Line, Plan
from narrator.providers.base import Provider
from narrator.spending import VOICE, Errand
from narrator.takes import Request, Take


class Needs(NamedTuple):
    """What a whole book asks for."""

    places: Mapping[str, int]
    """How many takes it needs under each key."""
    voices: Mapping[str, tuple[str, ...]]
    """The keys of the lines in each voice that is made from a description, and of their parts, by
    `voice_name`."""
    designed: Mapping[str, Take]
    """A take in each such voice that is made already."""
    titles: Mapping[int, str]
    """Of the chapters, by number."""

    def errand(self, line: Line, *, pickup: bool = False) -> Errand:
        """What requests for a line are made for."""
        request, utterance = line.request, line.utterance
        return Errand(
            request.key,
            utterance.id,
            line.chapter,
            self.titles.get(line.chapter, ""),
            utterance.role,
            request.provider,
            request.model,
            voice_of(request),
            pickup,
        )


def needs(plan: Plan, providers: Mapping[str, Provider]) -> Needs:
    """What the book asks for; a chosen take counts where it lies."""
    places: Counter[str] = Counter()
    voices: dict[str, dict[str, None]] = {}
    for line in plan.lines:
        request = line.request
        key = line.chosen.lies_under if line.chosen else request.key
        shared = providers[request.provider].models[request.model].deterministic
        places[key] = 1 if shared else places[key] + 1
        if request.description is not None:
            keys = voices.setdefault(voice_name(request.provider, request.description), {})
            keys |= dict.fromkeys((request.key, *(part.request.key for part in line.parts)))
    designed: dict[str, Take] = {}
    for line in plan.lines:
        if line.request.description is None:
            continue
        name = voice_name(line.request.provider, line.request.description)
        for take in (line.take, *(part.take for part in line.parts)):
            if take is not None and not take.is_own:
                designed[name] = min((take, *filter(None, [designed.get(name)])), key=_knows_its_voice)
    titles = {planned.chapter.number: planned.chapter.title for planned in plan.chapters}
    return Needs(places, {name: tuple(keys) for name, keys in voices.items()}, designed, titles)


def voice_of(request: Request) -> str:
    """The voice that a request asks for, by its `voice_name` where it is made from a description."""
    if request.description is None:
        return request.voice
    return voice_name(request.provider, request.description)


def voice_name(provider: str, description: str) -> str:
    """What a voice made from a description is known by before the service has named it."""
    named = "\0".join((provider, description))
    return f"{VOICE}{hashlib.sha256(named.encode()).hexdigest()}"


def designed_voice(name: str, needed: Needs, on_hand: OnHand) -> Take | None:
    """A take in the voice of that `voice_name`; one that knows the voice's id where there is any."""
    takes = (take for key in needed.voices[name] for take in on_hand(key))
    return min(takes, key=_knows_its_voice, default=None)


def _knows_its_voice(take: Take) -> tuple[bool, str, str]:
    return not any(name == "voice" for name, _ in take.ids), take.recorded_at, take.id
