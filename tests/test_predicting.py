"""Services that say for nothing how long a line will sound: who is asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from narrator.casting import Abilities
from narrator.checking import checked
from narrator.errors import ServiceFailed
from narrator.predicting import MOST
from narrator.results import Check
from narrator.store import TakeStore
from narrator.takes import Request
from tests.sessions import Only, at_work
from tests.studio import write_project
from tests.tones import Tones

CAST = "narrator: {voice: tones/low}\nmara: {voice: tones/high}\n"


class Foretold(Tones):
    """Tones billed by the minute of sound, of which every character will take 100 ms."""

    models: Mapping[str, Abilities] = {
        "1": Tones.abilities.model_copy(update={"price_per_1000": 0.0, "price_per_minute": 6.0})
    }

    def __init__(self, *, predicts: bool = True, fails: bool = False) -> None:
        super().__init__()
        self.predicts, self.fails = predicts, fails
        self.foretold: list[str] = []

    def predict_ms(self, request: Request) -> int:
        """See `Predicting`."""
        self.foretold.append(request.spoken.text)
        if self.fails:
            raise ServiceFailed(2, "it is busy", provider=self.name, perhaps_paid=0)
        return 100 * len(request.spoken.text)


def check(folder: Path, provider: Tones) -> Check:
    """As `narrator check` does it."""
    with at_work(folder, provider) as session:
        return checked(session.prepare(), Only(provider), TakeStore(folder / "takes"))


def test_a_short_book_is_asked_about_whole(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, "# One\n\nIt was late.\n\nMARA: Yes.\n", cast=CAST), Foretold()
    found = check(folder, provider)

    assert sorted(provider.foretold) == ["It was late.", "One", "Yes."]
    assert found.estimate.amount == pytest.approx((3 + 12 + 4) * 0.1 * 6 / 60)
    assert [(model.price_per_minute, model.predicted) for model in found.estimate.by_model] == [(6.0, True)]
    assert provider.asked == []


def test_a_long_book_is_asked_about_in_part(tmp_path: Path) -> None:
    """The rest is told from the voice's own pace."""
    text = "# One\n\n" + "".join(f"It was late on day {day:03d}.\n\n" for day in range(100))
    folder, provider = write_project(tmp_path, text, cast=CAST), Foretold()
    found = check(folder, provider)

    assert 10 <= len(provider.foretold) <= MOST
    assert found.estimate.amount == pytest.approx((3 + 100 * 23) * 0.1 * 6 / 60, rel=0.02)


def test_nobody_is_asked_who_need_not_be(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, "# One\n\nIt was late.\n", cast=CAST), Foretold(predicts=False)
    found = check(folder, provider)

    assert found.estimate.amount > 0
    assert [model.predicted for model in found.estimate.by_model] == [False]
    assert provider.foretold == []


def test_a_service_that_cannot_say_is_asked_once(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, "# One\n\nIt was late.\n", cast=CAST), Foretold(fails=True)
    found = check(folder, provider)

    assert len(provider.foretold) == 1
    assert any("could not be asked how long lines will sound" in warning for warning in found.warnings)
    assert found.estimate.amount > 0
