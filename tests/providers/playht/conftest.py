"""A PlayHT to be asked, and an environment that says nothing of a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.playht.jobs_server import PlayHTServer


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PLAYHT_API_KEY", "PLAYHT_USER_ID", "PLAYHT_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def server() -> Iterator[PlayHTServer]:
    with PlayHTServer() as outside:
        yield outside
