"""What every provider keeps to.

To add one: write `providers/<name>.py` with a class of this shape and its `Abilities` as data;
add one line to the registry in `providers/__init__.py`; add `tests/providers/test_<name>.py`,
which runs the contract in `tests/providers/contract.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from narrator.casting import Abilities, Role, Setting, Voice
from narrator.takes import Generation, Request, Take


class Provider(Protocol):
    """A speech service, or the embedded engine. Safe to call from several threads."""

    name: ClassVar[str]
    model: str
    """Part of the take key: the service's model, or the engine's version."""
    abilities: ClassVar[Abilities]

    def voices(self) -> tuple[Voice, ...]:
        """Every voice on offer."""
        ...

    def choose(
        self, voice: str, settings: Mapping[str, Setting]
    ) -> tuple[str, tuple[tuple[str, Setting], ...]]:
        """Check a voice's name and a role's settings without a request; give both in canonical form.

        Raises:
            UnknownVoice: no such voice; the message names the nearest.
            UnknownKey, ConfigurationError: a setting that is not one, or out of range.
        """
        ...

    def understood(self, direction: str) -> bool:
        """Whether any of this direction will be heard."""
        ...

    def rehearse(self, roles: tuple[Role, ...], language: str) -> dict[str, tuple[str, dict[str, Setting]]]:
        """A distinct voice and settings for every role, by name; only embedded engines offer it."""
        ...

    def generate(self, request: Request, *, before: Take | None = None) -> Generation:
        """Speak one utterance. *before* is the take that comes before it in its context chain.

        Raises:
            ProviderError: refused, or failed for good.
        """
        ...

    def close(self) -> None:
        """Let go of processes and connections; harmless twice."""
        ...
