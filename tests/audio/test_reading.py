"""Recordings that people made, as takes hold them."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from narrator.audio.reading import kept_rate, read
from narrator.takes import Pcm

RATE = 22_050


def tone(rate: int, seconds: float = 0.5, pitch: float = 330.0) -> Pcm:
    sound = 9000 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate)
    return np.asarray(np.rint(sound), np.int16)


def file(sound: npt.NDArray[np.generic], rate: int, kind: str, subtype: str | None = None) -> bytes:
    made = io.BytesIO()
    soundfile.write(made, sound, rate, format=kind, subtype=subtype)
    return made.getvalue()


def apart(one: Pcm, other: Pcm) -> float:
    """RMS of the difference, by the RMS of the first."""
    difference = one.astype(np.float64) - other.astype(np.float64)
    return float(np.sqrt(np.mean(difference**2) / np.mean(one.astype(np.float64) ** 2)))


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "FLAC", "AIFF"])
def test_sixteen_bits_stay_what_they_are(kind: str) -> None:
    pcm = tone(RATE)
    pcm[:2] = (-32768, 32767)

    heard, rate = read(file(pcm, RATE, kind, "PCM_16"))

    assert rate == RATE
    assert heard.dtype == np.int16
    assert np.array_equal(heard, pcm)


@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_24"), ("RF64", "PCM_24")]
)
def test_finer_samples_come_to_the_nearest(kind: str, subtype: str) -> None:
    fine = np.sin(np.arange(5000) / 17) * 0.7

    heard, _ = read(file(fine, 44_100, kind, subtype))

    assert np.abs(heard - fine * 32768).max() <= 0.51


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_channels_are_averaged(kind: str) -> None:
    left, right = tone(RATE, pitch=300), tone(RATE, pitch=500)

    heard, _ = read(file(np.stack([left, right], axis=1), RATE, kind, "PCM_16"))

    assert np.abs(heard - (left.astype(np.float64) + right) / 2).max() <= 0.51


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
@pytest.mark.parametrize(("rate", "kept"), [(88_200, 44_100), (96_000, 48_000), (192_000, 48_000)])
def test_what_is_finer_than_anybody_hears_is_brought_down(kind: str, rate: int, kept: int) -> None:
    heard, at = read(file(tone(rate), rate, kind, "PCM_24"))
    wanted = tone(kept)

    assert at == kept == kept_rate(rate)
    assert abs(len(heard) - len(wanted)) <= 1
    inner = slice(kept // 20, -kept // 20)
    assert apart(wanted[inner], heard[: len(wanted)][inner]) < 0.001


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 32_000, 44_100, 48_000])
def test_other_rates_are_kept(rate: int) -> None:
    assert read(file(tone(rate), rate, "WAV"))[1] == rate


@pytest.mark.parametrize(("kind", "subtype"), [("MP3", None), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_what_was_made_small_is_heard(kind: str, subtype: str | None) -> None:
    pcm = tone(48_000)

    heard, rate = read(file(pcm, 48_000, kind, subtype))

    assert rate == 48_000
    assert abs(len(heard) - len(pcm)) < 2500  # an encoder's own beginning and end
    level = np.sqrt(np.mean(heard.astype(np.float64) ** 2) / np.mean(pcm.astype(np.float64) ** 2))
    assert 0.8 < level < 1.2


def test_a_copy_that_broke_off_is_refused() -> None:
    pcm = tone(44_100, 2)
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", None),
    ):
        whole = file(pcm, 44_100, kind, subtype)
        assert len(read(whole)[0]) >= len(pcm)
        with pytest.raises(ValueError, match=r"cut|damaged|whole frame") as caught:
            read(whole[: len(whole) * 2 // 3 + 1])
        assert "0x" not in str(caught.value)


def test_a_wav_that_was_written_before_its_length_was_known_is_whole() -> None:
    made = file(tone(RATE), RATE, "WAV")
    streamed = made[:4] + b"\xff" * 4 + made[8:40] + b"\xff" * 4 + made[44:]

    assert np.array_equal(read(streamed)[0], tone(RATE))


@pytest.mark.parametrize("rate", [4000, 384_000])
@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_rates_that_nobody_records_at_are_refused(rate: int, kind: str) -> None:
    with pytest.raises(ValueError, match=f"sample rate is {rate} Hz"):
        read(file(tone(rate), rate, kind))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"RIFF",
        b"RIFF\x04\0\0\0WAVE",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\0\0\0\x20ftypM4A ",
        b"\xff" * 900,
    ],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(data)
