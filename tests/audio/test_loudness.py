"""Meters against the textbook, and profiles against their own figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.loudness import SILENCE_DB, Meter, amplitude, decibels
from narrator.audio.profiles import PROFILES, Loudness
from narrator.book import LOUDNESS
from tests.audio.sounds import RATE, cut, noise, rms_db

ACX = PROFILES["acx"]


def measured(sound: np.ndarray[tuple[int], np.dtype[np.float32]], *sizes: int) -> Loudness:
    meter = Meter(RATE)
    for block in cut(sound, *(sizes or (65_536,))):
        meter.feed(block)
    assert meter.samples == len(sound)
    return meter.result()


def test_a_sine_of_half_of_full_scale() -> None:
    """Peak -6.02 dB, RMS 3.01 dB under it, and no quieter anywhere."""
    sound = np.asarray(0.5 * np.sin(np.arange(3 * RATE) * 0.1), np.float32)

    assert measured(sound) == Loudness(rms_db=-9.03, peak_db=-6.02, floor_db=-9.03)


def test_the_floor_is_the_quietest_half_second() -> None:
    sound = noise(10 * RATE, rms_db=-20)
    sound[4 * RATE : 4 * RATE + RATE * 3 // 5] *= np.float32(amplitude(-45))

    assert measured(sound).floor_db == pytest.approx(-65, abs=0.1)
    assert measured(sound).rms_db == pytest.approx(rms_db(sound), abs=0.006)


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=6), length=st.integers(1, 120_000))
def test_however_the_stream_is_cut(sizes: list[int], length: int) -> None:
    sound = noise(length, rms_db=-30, seed=length)
    hop = RATE // 10
    energies = [float(np.sum(np.square(h, dtype=np.float64))) for h in cut(sound, hop) if len(h) == hop]
    windows = [sum(energies[i : i + 5]) / (5 * hop) for i in range(len(energies) - 4)]
    floor = 10 * np.log10(min(windows)) if windows else rms_db(sound)

    loudness = measured(sound, *sizes)

    assert loudness.rms_db == pytest.approx(rms_db(sound), abs=0.006)
    assert loudness.peak_db == pytest.approx(decibels(float(np.abs(sound).max())), abs=0.006)
    assert loudness.floor_db == pytest.approx(floor, abs=0.006)


@pytest.mark.parametrize("samples", [0, 1, 100_000])
def test_silence_has_a_level_too(samples: int) -> None:
    silence = Loudness(rms_db=SILENCE_DB, peak_db=SILENCE_DB, floor_db=SILENCE_DB)

    assert measured(np.zeros(samples, np.float32)) == silence


def test_the_edges_of_a_profile_belong_to_it() -> None:
    for rms in (-23.0, -18.0):
        assert not ACX.findings(Loudness(rms_db=rms, peak_db=-3.0, floor_db=-60.0))


def test_findings_name_the_figures() -> None:
    assert ACX.findings(Loudness(rms_db=-23.01, peak_db=-2.99, floor_db=-59.99)) == (
        "RMS -23.01 dB is not within -23..-18",
        "peak -2.99 dB is above -3",
        "noise floor -59.99 dB (its quietest half second) is above -60",
    )
    assert len(ACX.findings(Loudness(rms_db=-17.99, peak_db=-3.0, floor_db=-60.0))) == 1


def test_every_profile_can_be_asked_for() -> None:
    """The names in book.yaml are the profiles and `none`; each has its own name."""
    assert {*PROFILES, "none"} == set(LOUDNESS)
    assert all(profile.name == name for name, profile in PROFILES.items())
