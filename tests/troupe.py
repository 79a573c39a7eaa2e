"""A provider for tests with two models, as speech services have them: one acts, the other times words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from narrator.casting import Abilities, Choice, ServiceStatus, Setting
from narrator.errors import UnknownVoice
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take
from tests.tones import Tones

ACTING = Abilities(
    word_times=False,
    directions="text",
    context=frozenset({"id", "text"}),
    design=True,
    guides=frozenset({"wav"}),
    languages=frozenset({"en"}),
    price_per_1000=10.0,
    currency="EUR",
)
TIMING = Abilities(
    word_times=True,
    directions="none",
    context=frozenset({"id", "text"}),
    price_per_1000=5.0,
    currency="EUR",
)


class Troupe(Tones):
    """Tones in two models; makes voices from descriptions, follows guides, and may answer several times."""

    name: ClassVar[str] = "troupe"
    status: ClassVar[ServiceStatus] = ServiceStatus()
    models: Mapping[str, Abilities] = {"acting": ACTING, "timing": TIMING}

    def __init__(self, refuse: Callable[[Request], bool] = lambda _: False, *, answers: int = 1) -> None:
        super().__init__(refuse)
        self.answers = answers
        self.heard: list[tuple[Request, Precedent | None, Take | None, bytes | None]] = []
        """Everything that was asked: request, line before, take in the designed voice, guide."""

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """See `Provider`; the setting `version` settles the model."""
        if voice not in (None, "low", "high"):
            raise UnknownVoice(f"{self.name}/{voice}", ["troupe/low", "troupe/high"])
        version = str(settings.get("version", ""))
        others = tuple(sorted((key, value) for key, value in settings.items() if key != "version"))
        return Choice(voice or "", others, (version,) if version else tuple(self.models))

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
        with self._lock:
            self.heard.append((request, before, designed, guide))
        answers: list[Generation] = []
        for _ in range(self.answers):
            answers += super().generate(request, before=before, account=account)
        with self._lock:
            self.requests -= self.answers - 1
        if not self.models[request.model].word_times:
            answers = [replace(answer, words=(), word_source="estimated") for answer in answers]
        if designed is not None:
            voice = ("voice", f"of {designed.id}")
            answers = [replace(answer, ids=(*answer.ids, voice)) for answer in answers]
        return tuple(answers)
