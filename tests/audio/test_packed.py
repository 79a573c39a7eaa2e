"""FLAC and Ogg from elsewhere."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from narrator.audio.packed import decode, recognise

RATE = 24_000


def file(samples: object, kind: str = "FLAC") -> bytes:
    """As libsndfile writes it."""
    written = io.BytesIO()
    soundfile.write(written, samples, RATE, format=kind)
    return written.getvalue()


def test_flac_is_what_it_was() -> None:
    pcm = np.array([0, 1, -1, 32767, -32768] * 100, np.int16)

    found, rate = decode(file(pcm))

    assert rate == RATE
    assert found.dtype == np.int16
    assert np.array_equal(found, pcm)


def test_channels_become_one() -> None:
    both = np.array([[100, 300], [-2, -4], [32767, 32767]] * 50, np.int16)

    found, _ = decode(file(both))

    assert np.array_equal(found, [200, -3, 32767] * 50)


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_it_is_told_by_its_beginning_and_refused_where_it_is_cut(kind: str) -> None:
    whole = file(np.zeros(RATE, np.int16), kind)

    assert recognise(whole)
    with pytest.raises(ValueError, match="it is damaged"):
        decode(whole[:30])
    assert not recognise(b"RIFF" + whole)


def test_a_sound_longer_than_an_hour_is_not_unpacked() -> None:
    silence = io.BytesIO()
    with soundfile.SoundFile(silence, "w", samplerate=1000, channels=1, format="FLAC") as written:
        for _ in range(3601):
            written.write(np.zeros(1000, np.int16))

    with pytest.raises(ValueError, match="longer than 3600 s"):
        decode(silence.getvalue())
