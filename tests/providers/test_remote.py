"""A provider whose service is reached when it is needed."""

from __future__ import annotations

from typing import ClassVar

import pytest

from narrator.casting import ServiceStatus
from narrator.errors import ProviderError
from narrator.providers.remote import Remote
from narrator.transport import Patience


class Line:
    """A service that is being spoken to."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.requests = 3
        self.ended: list[str] = []

    def stop(self) -> None:
        self.ended.append("stop")

    def close(self) -> None:
        self.ended.append("close")


class Speech(Remote[Line]):
    """A provider with nothing of its own."""

    name: ClassVar[str] = "speech"
    status: ClassVar[ServiceStatus] = ServiceStatus()

    def __init__(self, patience: Patience | None = None) -> None:
        super().__init__(patience)
        self.opened = 0

    def ask(self) -> Line:
        return self._reach()

    def _opened(self, patience: Patience) -> Line:
        self.opened += 1
        return Line(patience)


def test_it_is_reached_once_and_not_before() -> None:
    speech = Speech(Patience(attempts=3))
    assert (speech.requests, speech.opened) == (0, 0)

    line = speech.ask()

    assert speech.ask() is line
    assert (speech.requests, speech.opened) == (3, 1)
    assert line.patience.attempts == 3
    assert Speech().ask().patience == Patience()


@pytest.mark.parametrize(("end", "says"), [("stop", "stopped"), ("close", "already closed")])
def test_at_its_end_it_is_reached_no_more(end: str, says: str) -> None:
    early, late = Speech(), Speech()
    line = late.ask()
    for speech in (early, late):
        getattr(speech, end)()
        getattr(speech, end)()
        with pytest.raises(ProviderError, match=f"speech: {says}"):
            speech.ask()
    assert (early.opened, late.opened) == (0, 1)
    assert line.ended == [end, end]


def test_a_rehearsal_costs_nothing() -> None:
    with pytest.raises(ProviderError, match=r"speech.*it costs money"):
        Speech().rehearse((), "en")
