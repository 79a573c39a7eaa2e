"""Requests as the planner would make them; and Sarvam, to be asked."""

from __future__ import annotations

from typing import Any

from narrator.lexicon import Entry, Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.sarvam import Sarvam
from narrator.takes import Request
from narrator.transport import Patience
from tests.outside import Outside
from tests.providers import contract

HASTY = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, longest_asked_s=0.01, connect_s=5)
"""Waits for nothing between attempts."""


def at(outside: Outside, *, patience: Patience = HASTY, **settings: Any) -> Sarvam:
    """Sarvam, to be found there."""
    project = settings.pop("project", "The Lamp")
    return Sarvam({"base_url": outside.url, **settings}, patience=patience, project=project)


def within(seconds: float) -> Patience:
    """No wait for the service is longer than that."""
    return HASTY._replace(head_s=seconds, idle_s=seconds, answer_s=seconds)


def request(
    text: str,
    *marks: Mark,
    voice: str = "shubh",
    lexicon: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    **rest: Any,
) -> Request:
    """
    A request for *text*.

    Args:
        lexicon: what is said for which words; the provider applies it.
        settings: the role's.
    """
    entries = tuple((word, Entry(say=said)) for word, said in (lexicon or {}).items())
    spoken = speak(
        contract.utterance(text, marks=marks), Lexicon(entries=entries), provider="sarvam", dictionary=True
    )
    choice = Sarvam({"stream": False}).choose(voice, settings or {})
    return Request(
        provider="sarvam",
        model=choice.models[0],
        voice=choice.voice,
        spoken=spoken,
        settings=choice.settings,
        **rest,
    )
