"""Requests as the planner would have them; and Supertone, to be asked."""

from __future__ import annotations

from typing import Any

from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.supertone import Supertone
from narrator.takes import Request
from narrator.transport import Patience
from tests.outside import Outside
from tests.providers import contract

HASTY = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, longest_asked_s=0.01, connect_s=5)
"""Waits for nothing between attempts."""


def at(outside: Outside, *, patience: Patience = HASTY, **settings: Any) -> Supertone:
    """Supertone, to be found there."""
    return Supertone({"base_url": outside.url, **settings}, patience=patience)


def request(
    text: str,
    *marks: Mark,
    model: str = "sona_speech_1",
    voice: str = "Aiden",
    language: str = "en",
    **rest: Any,
) -> Request:
    """A request for *text*."""
    settings = tuple(sorted({"language": language, **rest.pop("settings", {})}.items()))
    spoken = speak(contract.utterance(text, marks=marks), Lexicon(), provider="supertone")
    return Request(provider="supertone", model=model, voice=voice, spoken=spoken, settings=settings, **rest)
