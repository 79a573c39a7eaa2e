"""Sound as files, read by decoders that are not ours."""

from __future__ import annotations

import io
import wave
from typing import get_args

import av
import numpy as np
import pytest
import soundfile

from narrator.serving.encoding import MEDIA, OPUS_RATES, Codec, encode, resampled
from narrator.takes import Pcm

CODECS: tuple[Codec, ...] = get_args(Codec)
RATES = (8_000, 22_050, 24_000, 48_000)
BARE = {"linear16": "s16le", "mulaw": "mulaw", "alaw": "alaw"}
DELAYED = {"mp3": 2500, "aac": 2100, "ogg": 1024}
"""Samples that a decoder may find more, at the ends."""


def sweep(rate: int, seconds: float = 2.0) -> Pcm:
    """A tone that rises from 100 to 1000 Hz and swells, so that no stretch of it is like another."""
    times = np.arange(round(rate * seconds)) / rate
    phase = 2 * np.pi * (100 * times + 900 / seconds / 2 * times**2)
    swell = np.minimum(1.0, 0.2 + times / seconds)
    return np.asarray(12_000 * swell * np.sin(phase), np.int16)


def decoded(file: bytes, codec: Codec, rate: int) -> tuple[Pcm, int]:
    bare = BARE.get(codec)
    options = {"ar": str(rate), "ch_layout": "mono"} if bare else {}
    with av.open(io.BytesIO(file), "r", format=bare, options=options) as container:
        resampler = av.AudioResampler(format="s16", layout="mono")
        frames = list(container.decode(audio=0))
        parts = [made.to_ndarray()[0] for frame in frames for made in resampler.resample(frame)]
        return np.concatenate(parts), frames[0].sample_rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_is_what_was_put_in(codec: Codec, rate: int) -> None:
    """As long, as high, and the same to the ear; losslessly where the codec has no loss."""
    pcm = sweep(rate)
    if codec == "opus" and rate not in OPUS_RATES:
        with pytest.raises(ValueError, match="22050"):
            encode(pcm, rate, codec)
        return

    found, found_rate = decoded(b"".join(encode(pcm, rate, codec)), codec, rate)

    found = resampled(found, found_rate, rate)
    assert len(found) == pytest.approx(len(pcm), abs=DELAYED.get(codec, 1))
    if codec in ("wav", "linear16", "flac"):
        assert np.array_equal(found, pcm)
    assert np.abs(found.astype(int)).max() == pytest.approx(12_000, rel=0.12)
    assert correlation(pcm, found) > 0.99


def correlation(one: Pcm, other: Pcm) -> float:
    """The best there is, wherever the second one begins."""
    size = 2 ** int(np.ceil(np.log2(len(one) + len(other))))
    both = [each / np.linalg.norm(each) for each in (one.astype(float), other.astype(float))]
    spectrum = np.fft.rfft(both[0], size) * np.conj(np.fft.rfft(both[1], size))
    return float(np.fft.irfft(spectrum, size).max())


@pytest.mark.parametrize("codec", ["mp3", "opus", "aac"])
def test_bit_rates(codec: Codec) -> None:
    """Fewer bits make smaller files; of mp3 exactly as many as are asked for."""
    noise = np.random.default_rng(1).normal(0, 3000, 48_000 * 2).astype(np.int16)
    sizes = [len(b"".join(encode(noise, 48_000, codec, kbps=kbps))) for kbps in (32, 64, 128)]

    assert sizes[0] < 0.7 * sizes[1] < 0.5 * sizes[2]
    if codec == "mp3":
        assert sizes == pytest.approx([8000, 16_000, 32_000], rel=0.05)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec not in ("flac", "ogg")])
def test_pieces_come_before_the_end(codec: Codec) -> None:
    """So that a long answer is sent while it is made."""
    pieces = list(encode(sweep(24_000, 10), 24_000, codec))

    assert len(pieces) > 5
    assert all(pieces)
    assert max(map(len, pieces)) < 0.4 * sum(map(len, pieces))


@pytest.mark.parametrize("codec", CODECS)
def test_no_codec_minds_nothing(codec: Codec) -> None:
    file = b"".join(encode(np.zeros(0, np.int16), 24_000, codec))

    assert len(file) < 5000
    if codec == "wav":
        assert soundfile.info(io.BytesIO(file)).frames == 0


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "ogg"])
def test_the_same_sound_is_the_same_file(codec: Codec) -> None:
    """But for Vorbis, whose stream libsndfile gives a number by chance."""
    pcm = sweep(24_000)

    assert b"".join(encode(pcm, 24_000, codec)) == b"".join(encode(pcm, 24_000, codec))


def test_a_stream_of_unknown_length() -> None:
    pcm = sweep(24_000)
    sized, unsized = (b"".join(encode(pcm, 24_000, "wav", sized=sized)) for sized in (True, False))

    with wave.open(io.BytesIO(sized)) as file:
        assert file.getnframes() == len(pcm)
    assert sized[44:] == unsized[44:]
    assert unsized[40:44] == b"\xff\xff\xff\xff"


def test_loud_sound_is_not_turned_over() -> None:
    """What lies between samples of full scale may be higher than they are."""
    square = np.repeat(np.array([32767, -32768] * 500, np.int16), 8)

    found = resampled(square, 8_000, 48_000)

    assert len(found) == 6 * len(square)
    assert found.max() == 32767
    assert np.mean(np.sign(found) == np.sign(np.repeat(square, 6))) > 0.9


def test_every_codec_has_a_media_type() -> None:
    assert set(MEDIA) == set(CODECS)
