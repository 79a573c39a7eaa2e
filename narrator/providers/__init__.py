"""The providers narrator records through, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from narrator.errors import UnknownVoice
from narrator.providers.base import Provider
from narrator.providers.espeak import Espeak

PROVIDERS: Mapping[str, Callable[[], Provider]] = {"espeak": Espeak}


def open_provider(name: str) -> Provider:
    """
    The provider of that name; the caller closes it.

    Raises:
        UnknownVoice: there is none.
        ProviderError: it cannot be used here.
    """
    if name not in PROVIDERS:
        raise UnknownVoice(
            name, PROVIDERS, remedy=f"narrator records through: {', '.join(sorted(PROVIDERS))}"
        )
    return PROVIDERS[name]()


@contextmanager
def open_providers(only: str | None = None) -> Iterator[Mapping[str, Provider]]:
    """Every provider by name, or *only* one, closed when the block ends. Raises as `open_provider` does."""
    with ExitStack() as opened:
        providers = {}
        for name in [only] if only is not None else PROVIDERS:
            providers[name] = open_provider(name)
            opened.callback(providers[name].close)
        yield providers
