"""The providers narrator records through, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from narrator.book import ProviderSettings
from narrator.casting import Setting
from narrator.errors import ConfigurationError, UnknownVoice
from narrator.providers.base import Provider
from narrator.providers.espeak import Espeak
from narrator.providers.hume import Hume

PROVIDERS: Mapping[str, Callable[[Mapping[str, Setting]], Provider]] = {"espeak": Espeak, "hume": Hume}


class Providers(Mapping[str, Provider]):
    """Every provider by name, each opened when it is first asked for. Leaving the block closes them."""

    def __init__(self, settings: Iterable[ProviderSettings] = ()) -> None:
        """
        Args:
            settings: what book.yaml says about them.

        Raises:
            ConfigurationError: it names a provider that does not exist.
        """
        self._settings = {each.name: each for each in settings}
        self._open: dict[str, Provider] = {}
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
        The provider of that name, as somebody wrote it.

        Raises:
            UnknownVoice: there is none; names the nearest.
            ConfigurationError, ProviderError: as indexing does.
        """
        if name not in PROVIDERS:
            raise UnknownVoice(name, PROVIDERS, remedy=_known(), file="")
        return self[name]

    @property
    def requests(self) -> int:
        """HTTP requests made so far, by all of them."""
        return sum(provider.requests for provider in self._open.values())

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
        if name not in self._open:
            make = PROVIDERS[name]
            said = self._settings.get(name, ProviderSettings(name=name))
            try:
                self._open[name] = make(dict(said.settings))
            except ConfigurationError as error:
                # The provider knows which setting is wrong but not where it was written.
                error.place("book.yaml", dict(said.lines).get(error.key or ""))
                raise
        return self._open[name]


def _known() -> str:
    return f"narrator records through: {', '.join(sorted(PROVIDERS))}"
