"""The limiter never lets a peak through and leaves alone what is not hot."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import BLOCK_SAMPLES, Samples
from narrator.audio.limiter import limit
from narrator.audio.loudness import amplitude, decibels
from tests.audio.sounds import RATE, cut, noise, voice

CEILING_DB = -3.3
CEILING = amplitude(CEILING_DB)


def limited(sound: Samples, *sizes: int, gain_db: float = 0.0, rate: int = RATE) -> Samples:
    blocks = cut(sound, *(sizes or (65_536,)))
    return np.concatenate(list(limit(blocks, rate=rate, ceiling_db=CEILING_DB, gain_db=gain_db)))


def bursts(seed: int, samples: int) -> Samples:
    """Noise with quiet and very loud stretches, and lone samples far over full scale."""
    generator = np.random.default_rng(seed)
    level = np.repeat(10 ** generator.uniform(-3, 0.5, samples // 5000 + 1), 5000)[:samples]
    sound = generator.standard_normal(samples) * level
    sound[generator.integers(0, samples, 5)] = generator.uniform(-9, 9, 5)
    return np.asarray(sound, np.float32)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(1, 3 * BLOCK_SAMPLES),
    gain_db=st.floats(-20, 20),
    rate=st.sampled_from([44_100, 48_000]),
)
def test_no_peak_comes_through(seed: int, samples: int, gain_db: float, rate: int) -> None:
    """Whatever goes in: as many samples come out, none over the ceiling, none louder than it went in."""
    sound = bursts(seed, samples)
    out = limited(sound, gain_db=gain_db, rate=rate)
    raised = sound * np.float32(amplitude(gain_db))

    assert len(out) == samples
    assert np.abs(out).max() <= CEILING
    assert (np.abs(out) <= np.abs(raised)).all()
    assert (out * raised >= 0).all()


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(1, 3 * BLOCK_SAMPLES),
    sizes=st.lists(st.integers(1, 100_000), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 500),
)
def test_how_the_stream_was_cut_does_not_matter(seed: int, samples: int, sizes: list[int]) -> None:
    sound = bursts(seed, samples)

    assert np.array_equal(limited(sound, *sizes), limited(sound, samples))


def test_cool_sound_is_not_touched() -> None:
    sound = voice(5.0, level=0.05)

    assert decibels(float(np.abs(sound).max())) < CEILING_DB
    assert np.array_equal(limited(sound), sound)


def test_it_works_around_a_peak_and_nowhere_else() -> None:
    """The gain is whole again within a tenth of a second, across the borders of blocks too."""
    for peak in (RATE, BLOCK_SAMPLES - 1, BLOCK_SAMPLES, 2 * BLOCK_SAMPLES - 100):
        sound = noise(3 * BLOCK_SAMPLES, rms_db=-30)
        sound[peak] = 2.0
        out = limited(sound)
        changed = np.flatnonzero(out != sound)

        assert abs(out[peak]) == pytest.approx(CEILING, rel=1e-5)
        assert peak - RATE // 10 < changed[0] < peak < changed[-1] < peak + RATE // 10


def test_the_gain_moves_smoothly() -> None:
    """It takes tens of milliseconds to get down by a quarter, and comes no lower than it must."""
    sound = np.full(2 * RATE, 0.3, np.float32)
    sound[RATE : RATE + 2001] += np.asarray(0.65 * np.hanning(2001), np.float32)
    gain = limited(sound).astype(np.float64) / sound

    assert gain.min() == pytest.approx(CEILING / 0.95, rel=1e-4)
    assert np.abs(np.diff(gain)).max() < 0.25 / (RATE / 50)


@pytest.mark.parametrize("frequency", [997, 5003, 11_025, 15_000])
def test_peaks_between_samples_are_held_too(frequency: int) -> None:
    """A tone whose samples all miss its crest, 16 times oversampled by another filter."""
    phase = 0.785 if frequency == 11_025 else 0.1
    sound = np.asarray(0.75 * np.sin(2 * np.pi * frequency / RATE * np.arange(RATE) + phase), np.float32)
    fine = soxr.resample(limited(sound), RATE, 16 * RATE, quality="VHQ")

    assert decibels(float(np.abs(fine[RATE:-RATE]).max())) == pytest.approx(CEILING_DB, abs=0.02)


def test_a_hot_voice_keeps_the_ceiling_between_samples() -> None:
    out = limited(voice(4.0), gain_db=16.0)
    fine = soxr.resample(out, RATE, 4 * RATE, quality="VHQ")

    assert decibels(float(np.abs(fine).max())) == pytest.approx(CEILING_DB, abs=0.05)


def test_nothing_in_nothing_out() -> None:
    assert not list(limit([], rate=RATE, ceiling_db=CEILING_DB))
