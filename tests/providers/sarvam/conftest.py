"""A Bulbul to be asked, and an environment that says nothing of the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.sarvam.bulbul import Bulbul


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SARVAM_API_KEY", "SARVAM_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def bulbul() -> Iterator[Bulbul]:
    with Bulbul() as outside:
        yield outside
