"""A Supertone to be asked, and an environment that says nothing of the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.supertone.sona import Sona


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SUPERTONE_API_KEY", "SUPERTONE_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def sona() -> Iterator[Sona]:
    with Sona() as outside:
        yield outside
