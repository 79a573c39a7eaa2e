"""Recordings from strangers."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from narrator.audio.blocks import Samples
from narrator.audio.decoding import Recording

SECONDS = 2


def tone(rate: int, *, hertz: float = 300, seconds: float = SECONDS) -> Samples:
    at = np.arange(int(rate * seconds)) / rate
    return np.asarray(0.4 * np.sin(2 * np.pi * hertz * at), np.float32)


def written(sound: Samples, rate: int, format_: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format=format_, subtype=subtype)
    return file.getvalue()


def heard(file: bytes, rate: int = 48_000, *, longest_s: float = 60) -> Samples:
    recording = Recording(io.BytesIO(file), longest_s=longest_s)
    return np.concatenate(list(recording.blocks(rate)))


@pytest.mark.parametrize(
    ("format_", "subtype", "rate"),
    [
        ("WAV", "PCM_16", 48_000),
        ("WAV", "PCM_24", 44_100),
        ("WAV", "FLOAT", 22_050),
        ("WAV", "ULAW", 8_000),
        ("MP3", None, 44_100),
        ("OGG", "VORBIS", 44_100),
        ("OGG", "OPUS", 48_000),
        ("FLAC", None, 16_000),
    ],
)
def test_usual_files_are_decoded(format_: str, subtype: str | None, rate: int) -> None:
    sound = heard(written(tone(rate), rate, format_, subtype))

    assert len(sound) == pytest.approx(SECONDS * 48_000, abs=2500 if format_ in ("MP3", "OGG") else 1)
    middle = slice(20_000, 60_000)
    assert np.sqrt(np.mean(sound[middle] ** 2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.01)
    crossings = np.count_nonzero(np.diff(np.signbit(sound[middle])))
    assert crossings == pytest.approx(2 * 300 * 40_000 / 48_000, abs=2)


def test_it_can_be_heard_twice_and_is_the_same() -> None:
    recording = Recording(io.BytesIO(written(tone(44_100), 44_100, "MP3")), longest_s=60)

    first, second = (np.concatenate(list(recording.blocks(48_000))) for _ in range(2))

    assert np.array_equal(first, second)


@pytest.mark.parametrize("format_", ["MP3", "OGG", "FLAC"])
def test_blocks_are_what_the_whole_is(format_: str) -> None:
    """A tone, since its MP3 is so small that a frame's bits stand many frames before it."""
    file = written(tone(44_100), 44_100, format_)
    whole, _ = soundfile.read(io.BytesIO(file), dtype="float32")

    assert np.array_equal(heard(file, 44_100), np.clip(whole, -1, 1))


def test_blocks_are_short_whatever_the_length() -> None:
    recording = Recording(io.BytesIO(written(tone(8_000, seconds=30), 8_000)), longest_s=60)

    assert max(map(len, recording.blocks(48_000))) < 48_000


def test_channels_are_averaged() -> None:
    both = np.stack((tone(48_000), -0.5 * tone(48_000)), axis=1)

    assert np.allclose(heard(written(both, 48_000, subtype="FLOAT")), tone(48_000) / 4, atol=1e-6)


def test_floats_that_are_none_do_no_harm() -> None:
    odd = np.array([0.1, np.nan, np.inf, -np.inf, 1e30, -0.2], np.float32)

    assert np.allclose(heard(written(odd, 48_000, subtype="FLOAT")), [0.1, 0, 1, -1, 1, -0.2])


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "no sound file"),
        (b"RIFF" + b"\xff" * 60, "no sound file"),
        (bytes(5000), "no sound file"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom", r"M4A\) cannot be decoded"),
        (written(tone(48_000, seconds=61), 48_000), "longer than 60 seconds"),
        (written(tone(4_000), 4_000), "sample rate is 4000 Hz"),
        (written(np.zeros((100, 9), np.float32), 48_000), "9 channels"),
    ],
)
def test_what_cannot_be_taken_is_said(file: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        heard(file)


def test_a_length_that_is_a_lie_helps_nobody() -> None:
    """A header that promises more, or less, than there is."""
    file = bytearray(written(tone(48_000), 48_000))
    file[40:44] = struct.pack("<I", 0x7FFFFFFF)
    assert len(heard(bytes(file))) == SECONDS * 48_000

    stream = bytearray(written(tone(44_100, seconds=20), 44_100, "MP3"))
    frames = max(stream.find(b"Xing"), stream.find(b"Info")) + 8
    stream[frames : frames + 4] = struct.pack(">I", 50)
    assert len(heard(bytes(stream), longest_s=5)) < 5 * 48_000


def test_what_breaks_off_is_heard_as_far_as_it_goes() -> None:
    assert 0 < len(heard(written(tone(48_000), 48_000)[:50_000])) < SECONDS * 48_000
