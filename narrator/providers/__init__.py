"""The providers narrator records through, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from narrator.book import ProviderSettings
from narrator.casting import Setting
from narrator.errors import ConfigurationError, UsageError, nearest
from narrator.providers.base import Provider
from narrator.providers.espeak import Espeak
from narrator.providers.hume import Hume
from narrator.providers.playht import PlayHT
from narrator.providers.sarvam import Sarvam
from narrator.providers.supertone import Supertone


class About(NamedTuple):
    """What a provider may have to know of the book."""

    language: str
    """BCP 47."""
    title: str
    """What is kept for it at a service is known by."""


Make = Callable[[Mapping[str, Setting], About], Provider]
"""From book.yaml's settings and what the book is."""

PROVIDERS: Mapping[str, Make] = {
    "espeak": lambda settings, _book: Espeak(settings),
    "hume": lambda settings, _book: Hume(settings),
    "playht": lambda settings, book: PlayHT(settings, language=book.language),
    "sarvam": lambda settings, book: Sarvam(settings, language=book.language, project=book.title),
    "supertone": lambda settings, book: Supertone(settings, language=book.language),
}


class Providers(Mapping[str, Provider]):
    """Every provider by name, each opened when it is first asked for. Leaving the block closes them.

    Safe to use from several threads.
    """

    def __init__(
        self, settings: Iterable[ProviderSettings] = (), *, language: str = "en", title: str = ""
    ) -> None:
        """
        Args:
            settings: what book.yaml says about them.
            language: of the book, BCP 47; a service that must be told is told, where its settings do not say
                it. Empty where nobody has said it.
            title: of the book.

        Raises:
            ConfigurationError: it names a provider that does not exist.
        """
        self._settings = {each.name: each for each in settings}
        self._book = About(language, title)
        self._open: dict[str, Provider] = {}
        self._opening = threading.Lock()
        for name, each in self._settings.items():
            if name not in PROVIDERS:
                line = min((line for _, line in each.lines), default=None)
                raise ConfigurationError(
                    f"unknown provider {name!r}; {_known()}", file="book.yaml", line=line and line - 1
                )

    def __enter__(self) -> Providers:
        return self

    def __exit__(self, *_: object) -> None:
        for provider in self._open.values():
            provider.close()

    def named(self, name: str) -> Provider:
        """
        The provider of that name, as somebody wrote it in a command.

        Raises:
            UsageError: there is none; names the nearest.
            ConfigurationError, ProviderError: as indexing does.
        """
        if name not in PROVIDERS:
            near = nearest(name, PROVIDERS)
            hint = f"did you mean {near!r}? " if near else ""
            raise UsageError(f"unknown provider {name!r}; {hint}{_known()}")
        return self[name]

    @property
    def requests(self) -> int:
        """HTTP requests made so far, by all of them."""
        return sum(provider.requests for provider in tuple(self._open.values()))

    def __iter__(self) -> Iterator[str]:
        return iter(PROVIDERS)

    def __len__(self) -> int:
        return len(PROVIDERS)

    def __contains__(self, name: object) -> bool:
        return name in PROVIDERS

    def __getitem__(self, name: str) -> Provider:
        """
        The provider of that name.

        Raises:
            KeyError: there is none.
            ConfigurationError: book.yaml asks it for something impossible.
            ProviderError: it cannot be used here.
        """
        with self._opening:
            if name not in self._open:
                self._open[name] = self._made(name)
            return self._open[name]

    def _made(self, name: str) -> Provider:
        make = PROVIDERS[name]
        said = self._settings.get(name, ProviderSettings(name=name))
        try:
            return make(dict(said.settings), self._book)
        except ConfigurationError as error:
            # The provider knows which setting is wrong but not where it was written.
            error.place("book.yaml", dict(said.lines).get(error.key or ""))
            raise


def _known() -> str:
    return f"narrator records through: {', '.join(sorted(PROVIDERS))}"
