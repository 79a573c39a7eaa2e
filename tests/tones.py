"""A provider for tests that speaks in tones: it knows context, and never answers the same twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from narrator.casting import Abilities, Choice, Role, ServiceStatus, Setting, Voice
from narrator.errors import ProviderError, UnknownVoice
from narrator.spending import Account, amount, bill
from narrator.takes import Generation, Precedent, Request, Take, WordTime

RATE = 8000


class Tones:
    """One tone an utterance, 100 ms a word; each generation has another pitch."""

    name: ClassVar[str] = "tones"
    status: ClassVar[ServiceStatus] = ServiceStatus()
    abilities: ClassVar[Abilities] = Abilities(
        word_times=True,
        directions="text",
        direction_limit=100,
        context=frozenset({"id"}),
        price_per_1000=10.0,
        currency="EUR",
    )
    models: Mapping[str, Abilities] = {"1": abilities}
    concurrency = 3
    answers = 1

    def __init__(self, refuse: Callable[[Request], bool] = lambda _: False) -> None:
        self.asked: list[tuple[str, str | None]] = []
        """Spoken text and the id of the take before it, in the order of the requests."""
        self.requests = 0
        self._refuse = refuse
        self._lock = threading.Lock()

    def voices(self) -> tuple[Voice, ...]:
        """See `Provider`."""
        return (Voice(provider=self.name, name="low"), Voice(provider=self.name, name="high"))

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """See `Provider`."""
        if voice not in ("low", "high"):
            raise UnknownVoice(f"{self.name}/{voice}", ["tones/low", "tones/high"])
        return Choice(voice, tuple(sorted(settings.items())), tuple(self.models))

    def understood(self, direction: str) -> bool:
        """See `Provider`."""
        return True

    def characters(self, request: Request) -> int:
        """See `Provider`."""
        return len(request.spoken.text)

    def rehearse(self, roles: tuple[Role, ...], language: str) -> dict[str, tuple[str, dict[str, Setting]]]:
        """See `Provider`."""
        raise ProviderError("cannot rehearse", provider=self.name)

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """See `Provider`."""
        cost = bill(
            self.characters(request),
            price_per_1000=self.models[request.model].price_per_1000,
            currency=self.models[request.model].currency,
        )
        attempt = account.send(cost) if account else None
        with self._lock:
            self.requests += 1
            self.asked.append((request.spoken.text, before.take_id if before else None))
            number = len(self.asked)
        if self._refuse(request):
            if attempt:
                attempt.ended("refused", reason="it will not say that")
            raise ProviderError(f"refused {request.spoken.text!r}", provider=self.name)
        if attempt:
            attempt.ended("answered")
        words = len(request.spoken.words)
        step = RATE // 10
        pitch = 200 + 7 * number
        pcm = (8000 * np.sin(2 * np.pi * pitch * np.arange(max(1, words) * step) / RATE)).astype(np.int16)
        characters = self.characters(request)
        generation = Generation(
            pcm=pcm,
            rate=RATE,
            words=tuple(WordTime(i * step, (i + 1) * step) for i in range(words)),
            word_source="service",
            ids=(("generation", f"g{number}"),),
            characters=characters,
            cost=amount(cost.amount),
            currency=cost.currency,
            context="id" if before else "none",
        )
        return (generation,)

    def stop(self) -> None:
        """See `Provider`."""

    def close(self) -> None:
        """See `Provider`."""
