"""What tests of several files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runs import Runs


@pytest.fixture(scope="session")
def imported() -> Iterator[Runs]:
    """A process that has imported narrator, for `runs`."""
    with Runs() as started:
        yield started


@pytest.fixture
def runs(imported: Runs) -> Iterator[Runs]:
    """Processes that begin at once, and that do not outlive the test."""
    yield imported
    imported.end()
