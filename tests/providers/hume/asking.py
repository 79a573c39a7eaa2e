"""Requests and takes of Hume's, as the planner and the store would have them; and Hume, to be asked."""

from __future__ import annotations

from typing import Any

from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.providers.hume import Hume
from narrator.takes import Level, Request, Take
from narrator.transport import Patience
from tests.outside import Outside
from tests.providers import contract

HASTY = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, longest_asked_s=0.01, connect_s=5)
"""Waits for nothing between attempts."""


def at(outside: Outside, *, patience: Patience = HASTY, **settings: Any) -> Hume:
    """Hume, to be found there."""
    return Hume({"base_url": outside.url, **settings}, patience=patience)


def within(seconds: float) -> Patience:
    """No wait for the service is longer than that."""
    return HASTY._replace(head_s=seconds, idle_s=seconds, answer_s=seconds)


def request(
    text: str, *marks: Mark, model: str = "octave-2", voice: str = "Ava Song", **rest: Any
) -> Request:
    """A request for *text*."""
    provider = rest.pop("provider", "hume")
    spoken = speak(contract.utterance(text, marks=marks), Lexicon(), provider=provider)
    return Request(provider=provider, model=model, voice=voice, spoken=spoken, **rest)


def take(text: str, *, ids: tuple[tuple[str, str], ...] = (("generation", "g-1"),), **rest: Any) -> Take:
    """A take of *text* that is in the store."""
    asked = request(text, **rest)
    return Take(
        id="0123456789abcdef",
        key=asked.key,
        flac_bytes=1,
        flac_sha256="0" * 64,
        rate=48_000,
        samples=48_000,
        request=asked,
        words=(),
        word_source="estimated",
        ids=ids,
        level=Level(peak=0.5, energy=1.0, speech_start_sample=0, speech_end_sample=48_000),
        recorded_at="2026-11-01T12:00:00Z",
        took_ms=900,
    )
