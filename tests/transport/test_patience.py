"""How long is waited."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.transport.patience import Patience, asked_s, back_off_s, wait_s

NOW = 1_763_690_400.0
"""Fri, 21 Nov 2025 02:00:00 GMT."""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Fri, 21 Nov 2025 02:00:30 GMT"}, 30),
        ({"retry-after": "Friday, 21-Nov-25 02:00:30 GMT"}, 30),
        ({"retry-after": "Fri Nov 21 02:00:30 2025"}, 30),
        ({"retry-after": "Fri, 21 Nov 2025 03:00:30 +0100"}, 30),
        ({"retry-after": "Fri, 21 Nov 2025 01:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 99 Nov 2025 02:00:30 GMT"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-reset": str(int(NOW) + 20)}, 20),
        ({"x-ratelimit-reset": f"{int(NOW + 20) * 1000}"}, 20),
        ({"x-ratelimit-reset": str(int(NOW) - 20)}, 0),
        ({"x-ratelimit-reset": "tomorrow"}, None),
        ({"retry-after": "7", "x-ratelimit-reset": "12"}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": "12"}, 12),
    ],
)
def test_what_a_service_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_s(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "Fri, 21 Nov 2025 05:00:30 GMT"},
        {"x-ratelimit-reset": str(int(NOW) + 3 * 3600 + 30)},
    ],
)
def test_a_moment_is_measured_from_the_clock_of_the_service(headers: dict[str, str]) -> None:
    """Which is three hours fast here."""
    assert asked_s(headers | {"date": "Fri, 21 Nov 2025 05:00:00 GMT"}, now=NOW) == 30
    assert asked_s(headers | {"date": "nonsense"}, now=NOW) == 3 * 3600 + 30


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset", "date"]), st.text()
    )
)
def test_whatever_a_header_says_it_is_a_time_or_nothing(headers: dict[str, str]) -> None:
    seconds = asked_s(headers, now=NOW)

    assert seconds is None or seconds >= 0


def test_a_moment_is_in_universal_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever narrator runs: HTTP knows no other, and one of its three forms of a date does not say so."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert asked_s({"retry-after": "Fri Nov 21 02:00:30 2025"}, now=NOW) == 30
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_back_off_doubles_up_to_its_limit() -> None:
    """Somewhere in the upper half of it."""
    patience = Patience(first_wait_s=1.0, longest_wait_s=5.0)
    for attempt, highest in [(1, 1), (2, 2), (3, 4), (4, 5), (9, 5), (5000, 5)]:
        waits = [back_off_s(patience, attempt) for _ in range(200)]
        assert highest / 2 <= min(waits) < max(waits) <= highest
        assert max(waits) - min(waits) > highest / 4, "they should not all come back at once"


def test_what_is_asked_for_wins_up_to_the_cap() -> None:
    patience = Patience(first_wait_s=1, longest_wait_s=5, longest_asked_s=60)

    assert 3 <= wait_s(patience, attempt=1, asked_s=3) <= 3.3
    assert 0.1 <= wait_s(patience, attempt=4, asked_s=0.1) <= 0.11
    assert 60 <= wait_s(patience, attempt=1, asked_s=86_400) <= 66
    assert len({wait_s(patience, attempt=1, asked_s=3) for _ in range(20)}) > 1


@pytest.mark.parametrize("asked", [None, 0.0])
def test_where_nothing_is_asked_for_the_back_off_is_waited(asked: float | None) -> None:
    """A service that says "now" is given a moment all the same."""
    patience = Patience(first_wait_s=1, longest_wait_s=5)

    assert 2 <= wait_s(patience, attempt=3, asked_s=asked) <= 4
