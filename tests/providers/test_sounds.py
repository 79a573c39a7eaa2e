"""Answers as samples: whatever a sound says that it is, and whether it can be all of it."""

from __future__ import annotations

import io
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.providers.sounds import Sound, decode, prove_length, prove_sound, with_silence
from narrator.takes import Generation, Pcm, PhonemeTime, WordTime
from narrator.transport import BrokenAnswer

RATE = 24_000


def tone(length_ms: int = 1000) -> Pcm:
    times = np.arange(length_ms * RATE // 1000) / RATE
    return (8000 * np.sin(2 * np.pi * 220 * times)).astype(np.int16)


def file(kind: str, pcm: Pcm) -> bytes:
    """As libsndfile writes it."""
    written = io.BytesIO()
    soundfile.write(written, pcm, RATE, format=kind)
    return written.getvalue()


NOISE = np.random.default_rng(7).integers(0, 256, 100_000, dtype=np.uint8).tobytes()


@pytest.mark.parametrize(
    "answer",
    [NOISE, b"\x89PNG\r\n\x1a\n" + NOISE, b"\xff\xf1\x50\x80" + NOISE, b"no healthy upstream. " * 4000],
    ids=["packed", "picture", "aac", "text"],
)
def test_what_is_no_sound_is_not_taken_for_samples(answer: bytes) -> None:
    """It would be kept as a line, and be noise from end to end."""
    with pytest.raises(BrokenAnswer, match="no samples"):
        decode([answer], rate=24_000)


@pytest.mark.parametrize("loud", [0.001, 0.05, 1.0])
def test_loud_and_soft_sound_is_taken_for_samples(loud: float) -> None:
    """A voice that whispers is noise, though a soft one, and one that shouts is no noise."""
    whisper = np.random.default_rng(7).normal(0, min(loud, 0.1), 48_000)
    shout = np.clip(3 * loud * np.sin(np.arange(48_000) / 20), -1, 1)
    for voice in (whisper, shout):
        pcm = (voice * 32767).astype("<i2")
        assert np.array_equal(decode([pcm.tobytes()], rate=24_000).pcm, pcm)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("labelled_mp3", [False, True])
def test_a_file_says_itself_what_it_is(kind: str, labelled_mp3: bool) -> None:
    """Whatever it is called, and though samples are waited for."""
    pcm = tone()
    for rate in (None, 8_000):
        sound = decode([file(kind, pcm)], rate=rate, mp3=labelled_mp3)
        assert sound.rate == RATE
        assert abs(sound.duration_ms - 1000) < 60
        if kind in ("WAV", "FLAC"):
            assert np.array_equal(sound.pcm, pcm)
        else:
            level = np.sqrt(np.mean(sound.pcm.astype(float) ** 2))
            assert level == pytest.approx(np.sqrt(np.mean(pcm.astype(float) ** 2)), rel=0.1)
        assert (sound.layout is not None) == (kind == "WAV")


def test_samples_need_a_rate() -> None:
    pcm = tone(100)
    data = pcm.astype("<i2").tobytes()

    sound = decode([data[:31], data[31:]], rate=16_000)
    assert sound.rate == 16_000
    assert np.array_equal(sound.pcm, pcm)
    for pieces, rate, reason in (
        ([data], None, "it is no WAV, MP3, FLAC or Ogg file$"),
        ([data + b"\0"], 16_000, "whole number of samples"),
        ([data], 0, "0 samples a second"),
        ([b"", b""], 16_000, "no sound came"),
        ([], None, "no sound came"),
    ):
        with pytest.raises(BrokenAnswer, match=reason):
            decode(pieces, rate=rate)


@pytest.mark.parametrize("beginning", [b"fLaC", b"OggS", b"RIFF"])
def test_a_damaged_file_is_not_played_as_noise(beginning: bytes) -> None:
    """Though samples are waited for; and it is told in words."""
    for mp3 in (False, True):
        for rate in (RATE, None):
            with pytest.raises(BrokenAnswer, match=r"that is damaged|it is damaged") as caught:
                decode([beginning + bytes(500)], rate=rate, mp3=mp3)
            assert "b'" not in str(caught.value)


def claiming(frames: int, *, channels: int = 1, rate: int = RATE) -> bytes:
    """A second of silence as FLAC, whose header says that it is so many samples long."""
    written = io.BytesIO()
    soundfile.write(written, np.zeros((rate, channels), np.int16), rate, format="FLAC")
    flac = bytearray(written.getvalue())
    # STREAMINFO, after the mark and a header of four bytes: 36 bits, the lowest of bytes 13 to 17.
    told = int.from_bytes(flac[21:26]) >> 36 << 36 | frames
    flac[21:26] = told.to_bytes(5)
    return bytes(flac)


@pytest.mark.parametrize(
    ("frames", "channels", "rate", "reason"),
    [
        (3600 * RATE + 1, 1, RATE, "longer than 3600 s"),
        (3600 * 96_000, 8, 96_000, "longer than 450 s"),
        (0, 1, RATE, "does not say how long"),
        (3600 * RATE, 1, RATE, "it is damaged|it is cut: of 86,400,000 samples"),
    ],
)
def test_a_small_file_that_says_it_is_large(frames: int, channels: int, rate: int, reason: str) -> None:
    """Neither its length alone nor what its header says makes room for it."""
    small = claiming(frames, channels=channels, rate=rate)
    tracemalloc.start()
    try:
        with pytest.raises(BrokenAnswer, match=reason):
            decode([small])
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert decode([claiming(rate, channels=channels, rate=rate)]).duration_ms == 1000


@settings(deadline=None, max_examples=50)
@given(
    st.binary(max_size=60)
    | st.sampled_from([b"fLaC" + bytes(60), b"OggS" + bytes(60), b"RIFF" + bytes(40), b"ID3" + bytes(60)])
)
def test_any_file_is_sound_or_broken(data: bytes) -> None:
    with suppress(BrokenAnswer):
        assert decode([data]).rate > 0


def test_a_sound_is_as_long_as_it_is_said_to_be() -> None:
    whole = Sound(tone(4500), RATE)
    for said_s in (None, 4.4, 4.5, 4.6):
        prove_length(whole, said_s, shorter_ms=150, longer_ms=150)
    prove_length(whole, 0.5, shorter_ms=150)
    for said_s, longer_ms in ((4.3, 150), (4.7, 150), (4.7, 10_000)):
        with pytest.raises(BrokenAnswer, match=f"{said_s:.2f} s of sound were said to come, and 4.50 s came"):
            prove_length(whole, said_s, shorter_ms=150, longer_ms=longer_ms)


def test_nobody_speaks_as_fast_as_that() -> None:
    whole = Sound(tone(4500), RATE)
    prove_sound(whole, letters=450, speed=1.0)
    prove_sound(whole, letters=1350, speed=3.0)
    with pytest.raises(BrokenAnswer, match="4500 ms of sound came for 451 letters"):
        prove_sound(whole, letters=451, speed=0.5)
    with pytest.raises(BrokenAnswer, match="no sound"):
        prove_sound(Sound(tone(0), RATE), letters=0, speed=1.0)


def test_the_shortest_word_takes_its_time() -> None:
    short = Sound(tone(62), RATE)
    prove_sound(Sound(tone(80), RATE), letters=1, speed=1.0)
    prove_sound(short, letters=1, speed=2.0)
    prove_sound(short, letters=0, speed=1.0)
    for speed in (0.5, 1.0):
        with pytest.raises(BrokenAnswer, match="62 ms of sound came for 1 letters"):
            prove_sound(short, letters=1, speed=speed)


@pytest.mark.parametrize("loudest", [0, 2])
def test_nothing_is_said_without_a_sound(loudest: int) -> None:
    """Nor with what is left of silence that was packed."""
    silence = Sound(np.resize(np.array([loudest, -loudest], np.int16), 3 * RATE), RATE)
    prove_sound(silence, letters=0, speed=1.0)
    with pytest.raises(BrokenAnswer, match="silence came for 4 letters"):
        prove_sound(silence, letters=4, speed=1.0)
    prove_sound(Sound(tone() // 100, RATE), letters=4, speed=1.0)


def test_silence_moves_every_time_along() -> None:
    pcm = tone(500)
    answer = Generation(
        pcm=pcm,
        rate=RATE,
        words=(WordTime(0, 2400),),
        word_source="service",
        phonemes=(PhonemeTime("a", 100, 200),),
        ids=(("request", "r-1"),),
        characters=4,
    )

    around = with_silence(answer, lead_ms=100, tail_ms=50)

    assert np.array_equal(around.pcm, np.concatenate([np.zeros(2400), pcm, np.zeros(1200)]))
    assert around.words == (WordTime(2400, 4800),)
    assert around.phonemes == (PhonemeTime("a", 2500, 2600),)
    assert (around.ids, around.characters) == (answer.ids, 4)
    assert with_silence(answer, lead_ms=0, tail_ms=0) is answer
