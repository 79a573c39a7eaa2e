"""A server that tests share as long as they change nothing about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.running import Running, running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """`narrator serve` with its defaults; a module's, because tests of the engine count their processes."""
    with running() as started:
        yield started
