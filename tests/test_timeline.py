"""One rounding for each kind of output, halves up, in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from narrator.timeline import Timeline, centiseconds, cue_frames, milliseconds, samples, seconds

RATES = st.sampled_from([8000, 11025, 22050, 24000, 44100, 48000, 1, 7919])
SAMPLES = st.integers(0, 2**40)


def halves_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@given(SAMPLES, RATES)
def test_every_unit_is_the_exact_time_rounded_once(sample: int, rate: int) -> None:
    assert milliseconds(sample, rate) == halves_up(Fraction(sample * 1000, rate))
    assert centiseconds(sample, rate) == halves_up(Fraction(sample * 100, rate))
    assert seconds(sample, rate) == halves_up(Fraction(sample, rate))
    assert cue_frames(sample, rate) == halves_up(Fraction(sample * 75, rate))


@given(st.integers(0, 10**9), RATES)
def test_milliseconds_become_samples_by_the_same_rule(ms: int, rate: int) -> None:
    assert samples(ms, rate) == halves_up(Fraction(ms * rate, 1000))


@given(st.integers(0, 10**9), st.sampled_from([8000, 11025, 22050, 24000, 44100, 48000]))
def test_milliseconds_survive_the_way_there_and_back(ms: int, rate: int) -> None:
    assert milliseconds(samples(ms, rate), rate) == ms


@pytest.mark.parametrize(("sample", "frame"), [(0, 0), (293, 0), (294, 1), (588, 1), (44100, 75)])
def test_a_cue_frame_is_588_samples(sample: int, frame: int) -> None:
    assert cue_frames(sample, 44100) == frame


def test_a_timeline_knows_its_length_and_does_not_change() -> None:
    timeline = Timeline(number=1, title="A", rate=44100, samples=44122, scenes=(), placements=())
    assert timeline.duration_ms == 1000
    with pytest.raises(ValidationError):
        timeline.samples = 3  # type: ignore[misc]
