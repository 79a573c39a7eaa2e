"""Room tone is there, at its level, and the same on every machine."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from narrator.audio.blocks import Samples
from narrator.audio.tone import under_tone
from tests.audio.sounds import cut, noise, rms_db


def toned(sound: Samples, *sizes: int) -> Samples:
    blocks = (block.copy() for block in cut(sound, *sizes))
    return np.concatenate(list(under_tone(blocks, level_db=-75.0)))


def test_its_level_and_its_peaks() -> None:
    tone = toned(np.zeros(600_000, np.float32), 600_000)

    assert rms_db(tone) == pytest.approx(-75, abs=0.02)
    assert np.abs(tone).max() < 3.5 * 10 ** (-75 / 20)
    assert abs(float(tone.mean())) < 1e-6


def test_it_is_white() -> None:
    """Each eighth of the spectrum holds an eighth of the power."""
    power = np.square(np.abs(np.fft.rfft(toned(np.zeros(262_144, np.float32), 262_144))))
    eighths = [float(power[a:b].sum() / power.sum()) for a, b in pairwise(range(0, 131_073, 16_384))]

    assert eighths == pytest.approx([0.125] * 8, abs=0.005)


def test_it_depends_on_the_position_alone() -> None:
    sound = noise(700_000, rms_db=-20)

    assert np.array_equal(toned(sound, 700_000), toned(sound, 1, 99_999, 262_147, 12))


def test_it_is_added() -> None:
    sound = np.zeros(1000, np.float32)
    loud = np.full(1000, 0.5, np.float32)

    assert toned(loud, 1000) == pytest.approx(0.5 + toned(sound, 1000), abs=1e-7)


def test_the_bits_are_pinned() -> None:
    """Other bits would change every master ever made: say so in the changelog."""
    tone = toned(np.zeros(100_000, np.float32), 100_000)

    assert hashlib.sha256(tone.astype("<f4").tobytes()).hexdigest()[:16] == "8337adfbef2ef647"
