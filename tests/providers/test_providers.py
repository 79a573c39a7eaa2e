"""The registry."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from narrator.errors import ProviderError, UsageError
from narrator.providers import PROVIDERS, Providers
from tests.providers import contract


def test_every_provider_opens_under_its_own_name() -> None:
    with Providers() as providers:
        assert list(providers) == list(PROVIDERS)
        assert all(provider.name == name for name, provider in providers.items())


def test_a_provider_is_closed_with_the_others() -> None:
    with Providers() as providers:
        provider = providers["espeak"]
    subject = contract.Subject(open=lambda: provider, voice="en", settings={})
    with pytest.raises(ProviderError, match="closed"):
        provider.generate(contract.request(provider, subject, "One."))


def test_a_provider_is_opened_once_by_however_many_threads() -> None:
    """Another one would never be closed, and its processes would stay."""
    together = threading.Barrier(8)

    def opened(providers: Providers) -> int:
        together.wait(5)
        return id(providers["espeak"])

    with Providers() as providers, ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(opened, [providers] * 8))) == 1


def test_an_unknown_provider_names_the_nearest_and_all() -> None:
    with (
        Providers() as providers,
        pytest.raises(
            UsageError,
            match=r"unknown provider 'espeek'; did you mean 'espeak'\? narrator records through: espeak",
        ),
    ):
        providers.named("espeek")
