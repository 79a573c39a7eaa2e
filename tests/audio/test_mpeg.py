"""MP3 of any make comes out whole and in its place; judged by what went in and by libsndfile alone."""

from __future__ import annotations

import io

import lameenc
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import Samples
from narrator.audio.mpeg import decode, frames, recognise
from narrator.audio.riff import Layout, to_pcm

RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
AT = (3000, 9000)
LENGTH = 13_000
INFO = b"Xing"


def tagged(sound: Samples, rate: int) -> bytes:
    """By libsndfile, of variable bit rate, with an Info frame."""
    held = io.BytesIO()
    soundfile.write(held, sound, rate, format="MP3")
    return held.getvalue()


def bare(sound: Samples, rate: int, *, kbps: int | None = None) -> bytes:
    """By LAME, of constant bit rate, without an Info frame; stereo if the sound has two columns."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(sound.ndim)
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(rate)
    encoder.set_bit_rate(kbps or (128 if rate >= 32_000 else 64))
    pcm = np.rint(sound * 32767).astype("<i2")
    return bytes(encoder.encode(pcm.tobytes())) + bytes(encoder.flush())


def clicks(at: tuple[int, ...], samples: int, rate: int) -> Samples:
    """A quiet tone with a single loud sample at each place."""
    sound = np.asarray(0.02 * np.sin(np.arange(samples) * 2 * np.pi * 220 / rate), np.float32)
    sound[list(at)] = 0.9
    return sound


def found(data: bytes, rate: int, at: tuple[int, ...] = AT) -> float:
    """How far the clicks are from their places, at most."""
    pcm, heard_rate = decode(data)
    assert heard_rate == rate
    assert pcm.dtype == np.int16
    return max(abs(int(np.abs(pcm[place - 900 : place + 900].astype(int)).argmax()) - 900) for place in at)


@pytest.mark.parametrize("rate", RATES)
def test_with_an_info_frame_to_the_sample(rate: int) -> None:
    data = tagged(clicks(AT, LENGTH, rate), rate)
    judge, _ = soundfile.read(io.BytesIO(data), dtype="float64")
    pcm, _ = decode(data)

    assert found(data, rate) == 0
    assert len(pcm) == len(judge) == LENGTH
    assert np.abs(pcm / 32768 - judge).max() < 1 / 32768


@pytest.mark.parametrize("rate", RATES)
def test_without_one_nothing_is_moved_or_lost(rate: int) -> None:
    """What the encoder put before the sound is known of LAME; what it put after it stays."""
    data = bare(clicks(AT, LENGTH, rate), rate)
    pcm, _ = decode(data)

    assert found(data, rate) == 0
    assert LENGTH <= len(pcm) < LENGTH + 3 * 1152


def test_without_one_a_variable_bit_rate_is_no_trap() -> None:
    """libsndfile by itself goes by the first frame and stops early."""
    data = tagged(clicks(AT, LENGTH, 48_000), 48_000)
    first = next(frames(data))
    rest = data[first.end :]
    alone, _ = soundfile.read(io.BytesIO(rest))

    assert len(alone) < LENGTH <= len(decode(rest)[0])
    assert found(rest, 48_000) == 0


@pytest.mark.parametrize("said", [0, 1, 3, 10**6, 2**32 - 1])
def test_an_info_frame_that_speaks_of_another_length_is_not_believed(said: int) -> None:
    """As when it was written for the first piece of a stream: nothing is lost, no room is made."""
    data = bytearray(tagged(clicks(AT, LENGTH, 48_000), 48_000))
    at = data.index(INFO) + 8
    data[at : at + 4] = said.to_bytes(4)
    pcm, _ = decode(bytes(data))

    assert found(bytes(data), 48_000) == 0
    # Nor is what it says of the end: it may be the end of the first piece.
    assert LENGTH < len(pcm) < LENGTH + 3 * 1152


def test_tags_are_passed_over() -> None:
    tag = b"ID3\x04\0\0\0\0\x01\x00" + b"\xff\xfb" * 64
    data = tagged(clicks(AT, LENGTH, 48_000), 48_000)

    assert np.array_equal(decode(tag + tag + data + b"TAG" + bytes(125))[0], decode(data)[0])
    assert np.array_equal(decode(tag + data + tag + data)[0], decode(data + data)[0])


def test_files_that_were_joined_are_heard_one_after_the_other() -> None:
    """Each without what its encoder put around it."""
    one, other = clicks((2000,), 5000, 44_100), clicks((4000,), 6001, 44_100)
    data = tagged(one, 44_100) + tagged(other, 44_100)

    assert len(decode(data)[0]) == 11_001
    assert found(data, 44_100, (2000, 9000)) == 0


def test_stereo_becomes_mono() -> None:
    sound = clicks(AT, LENGTH, 48_000)
    data = bare(np.stack([sound, sound / 2], axis=1), 48_000, kbps=192)
    heard = decode(data)[0][4000:8000] / 32768

    assert found(data, 48_000) == 0
    assert np.abs(heard - 0.75 * sound[4000:8000]).max() < 0.001


def test_what_is_beyond_full_scale_does_not_turn_round() -> None:
    square = np.sign(np.sin(np.arange(24_000) * 2 * np.pi * 300 / 48_000)).astype(np.float32)
    pcm, _ = decode(bare(square, 48_000, kbps=64))
    settled = pcm[4000:20_000].astype(int)

    assert settled.max() == 32767  # it did go beyond
    assert (np.sign(settled) == np.sign(square[4000:20_000])).mean() > 0.95


SHORT = bare(clicks((3000,), 6000, 48_000), 48_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3\x04\0\0\0\0\0\0",
        SHORT[:-1],
        SHORT[:5],
        SHORT[1:],
        SHORT + b"x",
        SHORT[:384] + b"rubbish" + SHORT[384:],
        SHORT + bare(clicks((3000,), 6000, 44_100), 44_100),
        SHORT + bare(np.zeros((6000, 2), np.float32), 48_000),
        b"ID3" + SHORT,
        SHORT + b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + SHORT,
        b"<html></html>",
    ],
)
def test_what_is_no_whole_mp3_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="MP3"):
        decode(data)


def test_an_hour_is_the_most() -> None:
    """Found out before any of it is decoded: 3.6 MB stand for 29 million samples."""
    header = (0xFFE30000 | 1 << 12 | 2 << 10 | 3 << 6).to_bytes(4)  # MPEG 2.5, 8 kbit/s, 8000 Hz, mono
    frame = header.ljust(72, b"\0")
    assert next(frames(frame)).samples == 576

    with pytest.raises(ValueError, match="longer than 3600"):
        decode(frame * 50_001)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300), st.integers(0, len(SHORT)))
def test_no_bytes_do_harm(rubbish: bytes, at: int) -> None:
    data = SHORT[:at] + rubbish
    try:
        pcm, rate = decode(data)
    except ValueError:
        return
    assert (rate, len(pcm) <= len(SHORT) * 8) == (48_000, True)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32))
def test_samples_are_not_taken_for_mp3(seed: int) -> None:
    assert not recognise(np.random.default_rng(seed).integers(-32768, 32768, 2000, dtype=np.int16).tobytes())


def test_mp3_is_recognised() -> None:
    assert recognise(SHORT)
    assert recognise(b"ID3\x04")
    assert not recognise(b"")
    assert not recognise(to_pcm(bytes(4000), Layout(48_000)).tobytes())
