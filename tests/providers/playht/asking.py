"""Requests as the planner would make them; and PlayHT, to be asked."""

from __future__ import annotations

from typing import Any

from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.playht import PlayHT
from narrator.takes import Request
from narrator.transport import Patience
from tests.outside import Outside
from tests.providers import contract
from tests.providers.playht.jobs_server import JENNIFER

HASTY = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, longest_asked_s=0.01, connect_s=5)
"""Waits for nothing between attempts."""


def at(
    outside: Outside, *, patience: Patience = HASTY, language: str | None = None, **settings: Any
) -> PlayHT:
    """PlayHT, to be found there."""
    given = {"base_url": outside.url, "poll_seconds": 0.05, **settings}
    return PlayHT(given, patience=patience, language=language)


def request(text: str, *marks: Mark, model: str = "PlayHT2.0", voice: str = JENNIFER, **rest: Any) -> Request:
    """A request for *text*."""
    spoken = speak(contract.utterance(text, marks=marks), Lexicon(), provider="playht")
    return Request(provider="playht", model=model, voice=voice, spoken=spoken, **rest)
