"""Floats to 16-bit samples and to a picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import BLOCK_SAMPLES, even_blocks
from narrator.audio.rounding import rounded
from narrator.audio.waveform import Waveform
from narrator.errors import OutputError
from tests.audio.sounds import cut, noise


def test_every_16_bit_sample_comes_out_as_it_went_in() -> None:
    pcm = np.arange(-32768, 32768).astype(np.int16)
    result = rounded(np.asarray(pcm / 32768, np.float32))

    assert np.array_equal(result.pcm, pcm)
    assert result.over == 0


def test_beyond_full_scale() -> None:
    result = rounded(np.array([1.0, 1.5, -1.0, -1.1, 0.99999, 0.5, -70.0], np.float32))

    assert result.pcm.tolist() == [32767, 32767, -32768, -32768, 32767, 16384, -32768]
    assert result.over == 5


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_not_a_number(wrong: float) -> None:
    with pytest.raises(OutputError, match="not numbers"):
        rounded(np.array([0.1, wrong, 0.2], np.float32))


@settings(deadline=None, max_examples=20)
@given(
    length=st.integers(0, 3 * BLOCK_SAMPLES),
    sizes=st.lists(st.integers(1, 200_000), min_size=1, max_size=4).filter(lambda sizes: sum(sizes) > 500),
)
def test_even_blocks_hold_the_same_sound(length: int, sizes: list[int]) -> None:
    sound = noise(length, rms_db=-20)
    blocks = list(even_blocks(cut(sound, *sizes), gain=0.5))

    assert all(len(block) == BLOCK_SAMPLES for block in blocks[:-1])
    assert np.array_equal(np.concatenate([*blocks, np.zeros(0, np.float32)]), sound * np.float32(0.5))


@settings(deadline=None, max_examples=30)
@given(length=st.integers(1, 30_000), size=st.integers(1, 5000))
def test_a_waveform_is_the_peak_of_each_stretch(length: int, size: int) -> None:
    pcm = np.random.default_rng(length).integers(-32768, 32768, length).astype(np.int16)
    waveform = Waveform(length)
    for start in range(0, length, size):
        waveform.feed(pcm[start : start + size])
    count = min(1000, length)
    edges = [i * length // count for i in range(count + 1)]
    wide = np.abs(pcm.astype(np.int64))

    assert waveform.result() == tuple(int(wide[a:b].max() * 255 / 32768 + 0.5) for a, b in pairwise(edges))
