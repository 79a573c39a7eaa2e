"""An Octave to be asked, and an environment that says nothing of the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.hume.octave import Octave


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HUME_API_KEY", "HUME_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def octave() -> Iterator[Octave]:
    with Octave() as outside:
        yield outside
