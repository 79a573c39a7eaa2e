"""The registry."""

from __future__ import annotations

import pytest

from narrator.errors import ProviderError, UnknownVoice
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


def test_an_unknown_provider_names_the_nearest_and_all() -> None:
    with (
        Providers() as providers,
        pytest.raises(
            UnknownVoice, match=r"'espeek'; did you mean 'espeak'\? narrator records through: espeak"
        ),
    ):
        providers.named("espeek")
