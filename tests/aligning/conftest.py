"""One engine for each module, closed before other tests count the processes they have started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from narrator.aligning import Rendition
from narrator.providers.espeak import Espeak
from narrator.takes import Generation
from tests.aligning.voices import TEXT, rendition, speak


@pytest.fixture(scope="module")
def engine() -> Iterator[Espeak]:
    """The embedded engine."""
    espeak = Espeak({"concurrency": 1})
    yield espeak
    espeak.close()


@pytest.fixture(scope="module")
def told(engine: Espeak) -> Rendition:
    """What takes are held against."""
    return rendition(speak(engine, TEXT, "en-us"))


@pytest.fixture(scope="module")
def take(engine: Espeak) -> Generation:
    """The same text by a woman with another accent."""
    return speak(engine, TEXT, "en-gb-scotland+f3", pitch=65, rate=150)
