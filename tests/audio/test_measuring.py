"""Where sound begins and ends in a take, and how loud it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.measuring import measure
from narrator.takes import Pcm

RATE = 22050


def silence(samples: int) -> Pcm:
    return np.zeros(samples, np.int16)


def noise(samples: int, *, rms_db: float) -> Pcm:
    wave = np.random.default_rng(1).standard_normal(samples) * 32768 * 10 ** (rms_db / 20)
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def where(pcm: Pcm, rate: int = RATE) -> tuple[int, int]:
    level = measure(pcm, rate)
    return level.speech_start_sample, level.speech_end_sample


@pytest.mark.parametrize("pcm", [silence(0), silence(1), silence(5000), noise(5000, rms_db=-70)])
def test_no_sound(pcm: Pcm) -> None:
    """Hiss that the ear takes for silence counts as none, though the take holds nothing louder."""
    assert where(pcm) == (0, 0)
    assert measure(pcm, RATE).energy == 0


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("at", [0, 1, 777, 39, 40, 9999])
def test_a_click_is_found_to_the_sample(rate: int, at: int) -> None:
    pcm = silence(10_000)
    pcm[at] = -32768
    assert where(pcm, rate) == (at, at + 1)
    assert measure(pcm, rate).peak == 1.0
    assert measure(pcm, rate).energy == 1.0


def test_speech_over_hiss_is_found() -> None:
    """A room at -72 dBFS does not hide where a voice at -20 begins."""
    pcm = noise(30_000, rms_db=-72)
    pcm[9_000:20_000] += noise(11_000, rms_db=-20)
    start, end = where(pcm)
    assert abs(start - 9_000) < 5
    assert abs(end - 20_000) < 5


def test_a_soft_start_belongs_to_the_sound() -> None:
    """A fricative 30 dB under the vowel is not cut off."""
    pcm = np.concatenate([silence(4000), noise(2000, rms_db=-45), noise(4000, rms_db=-15), silence(4000)])
    start, end = where(pcm)
    assert abs(start - 4_000) < 5
    assert abs(end - 10_000) < 5


def test_an_onset_at_the_end_of_a_window_is_not_late() -> None:
    """Two loud samples at the end of a quiet 5 ms, a click's worth of which the windows cannot see."""
    pcm = silence(2200)
    pcm[108:110] = 40
    pcm[110:1100] = 12_000
    assert where(pcm)[0] == 108


def test_a_lone_spike_of_noise_is_not_sound() -> None:
    pcm = noise(20_000, rms_db=-72)
    pcm[5_000] = 60
    pcm[10_000:15_000] += noise(5_000, rms_db=-20)
    assert abs(where(pcm)[0] - 10_000) < 5


def test_a_long_take_is_measured_in_parts() -> None:
    """The sum is exact, however it is cut up."""
    pcm = np.tile(noise(100_000, rms_db=-12), 5)
    level = measure(pcm, 8000)
    used = pcm[level.speech_start_sample : level.speech_end_sample].astype(object)
    assert level.energy == sum(used * used) / 32768**2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-32768, 32767), max_size=200), st.integers(1, 48_000))
def test_levels_make_sense_whatever_the_samples(samples: list[int], rate: int) -> None:
    level = measure(np.array(samples, np.int16), rate)
    assert 0 <= level.speech_start_sample <= level.speech_end_sample <= len(samples)
    assert level.peak == max((abs(sample) for sample in samples), default=0) / 32768
    inside = samples[level.speech_start_sample : level.speech_end_sample]
    assert level.energy == sum(sample**2 for sample in inside) / 32768**2
