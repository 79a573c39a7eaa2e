"""What comes out of an MP3 is what went in: the same length, nothing moved, and every reader agrees."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import fastcrc
import mutagen.mp3
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import Samples
from narrator.audio.frames import Cbr, FrameCheck, Length
from narrator.audio.mp3 import Mp3Writer, decode
from narrator.errors import OutputError
from narrator.takes import Pcm
from tests.audio.sounds import RATE, clicks, noise, offsets, voice

PLACES = (3000, 12_345, 40_000, 66_666, 100_001)


def pcm_of(sound: Samples) -> Pcm:
    return np.asarray(np.rint(sound * 32767), np.int16)


def encoded(pcm: Pcm, *, tag: bytes = b"", rate: int = RATE, kbps: int = 192, size: int = 50_000) -> bytes:
    file = io.BytesIO()
    with Mp3Writer(file, tag=tag, rate=rate, kbps=kbps) as mp3:
        for start in range(0, len(pcm), size):
            mp3.write(pcm[start : start + size])
    return file.getvalue()


def decoded(data: bytes) -> Samples:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return np.concatenate(list(decode(file)))


class Info(NamedTuple):
    """An Info frame, read byte by byte as the format's description has it."""

    frames: int
    total: int
    toc: bytes
    encoder: bytes
    method: int
    lowpass_hz: int
    delay: int
    padding: int
    kbps: int
    music_length: int
    music_crc: int
    tag_crc: int

    @classmethod
    def read(cls, data: bytes) -> Info:
        assert data[21:25] == b"Info"
        assert data[25:29] == b"\0\0\0\x0f"

        def number(start: int, end: int) -> int:
            return int.from_bytes(data[start:end], "big")

        lame = 21 + 120
        return cls(
            frames=number(29, 33),
            total=number(33, 37),
            toc=data[37:137],
            encoder=data[lame : lame + 9],
            method=data[lame + 9] & 15,
            lowpass_hz=data[lame + 10] * 100,
            delay=number(lame + 21, lame + 24) >> 12,
            padding=number(lame + 21, lame + 24) & 0xFFF,
            kbps=data[lame + 20],
            music_length=number(lame + 28, lame + 32),
            music_crc=number(lame + 32, lame + 34),
            tag_crc=number(lame + 34, lame + 36),
        )


@pytest.mark.parametrize(
    ("rate", "kbps"), [(44_100, 192), (44_100, 64), (44_100, 320), (48_000, 80), (48_000, 256)]
)
def test_clicks_stay_where_they_are(rate: int, kbps: int) -> None:
    """Not a sample is added, lost or moved, at any bit rate."""
    sound = clicks(PLACES, 3 * rate, rate)

    back = decoded(encoded(pcm_of(sound), rate=rate, kbps=kbps))

    assert len(back) == 3 * rate
    assert offsets(back, PLACES, rate) == pytest.approx([0] * len(PLACES), abs=0.1)


@pytest.mark.parametrize("samples", [1, 575, 576, 577, 1151, 1152, 1153, 1728, 1729, 11_520, 44_100])
def test_any_length_comes_back(samples: int) -> None:
    back = decoded(encoded(pcm_of(noise(samples, rms_db=-20))))

    assert len(back) == samples


def test_the_level_survives_within_what_lame_is_known_to_do() -> None:
    """At 192 kbit/s LAME scales by 0.97."""
    sound = voice(3.0)

    back = decoded(encoded(pcm_of(sound)))

    assert float((back @ sound) / (sound @ sound)) == pytest.approx(0.97, abs=0.01)


@pytest.mark.parametrize(("rate", "kbps", "lowpass"), [(44_100, 192, 20_500), (48_000, 64, 16_500)])
def test_the_info_frame_tells_the_truth(rate: int, kbps: int, lowpass: int) -> None:
    """Its figures against the frames counted one by one by their own headers."""
    data = encoded(pcm_of(voice(2.0)), rate=rate, kbps=kbps)
    info = Info.read(data)
    starts, at = [], 0
    while at < len(data):
        assert data[at] == 0xFF
        assert data[at + 1] == 0xFB
        starts.append(at)
        at += 144_000 * kbps // rate + (data[at + 2] >> 1 & 1)

    assert at == len(data) == info.total == info.music_length
    assert info.frames == len(starts) - 1
    assert info.frames * 1152 == info.delay + 2 * RATE + info.padding
    assert (info.delay, info.method, info.lowpass_hz, info.kbps) == (576, 1, lowpass, kbps)
    assert info.encoder.startswith(b"LAME")
    assert info.music_crc == fastcrc.crc16.arc(data[starts[1] :])
    assert info.tag_crc == fastcrc.crc16.arc(data[:175])
    for hundredth, point in enumerate(info.toc):
        begins = starts[1 + hundredth * info.frames // 100]
        assert point == begins * 256 // len(data)


def test_mutagen_reads_it() -> None:
    info: Any = mutagen.mp3.MPEGInfo(io.BytesIO(encoded(pcm_of(voice(2.0)))))

    assert info.length == pytest.approx(2.0, abs=1e-9)
    assert info.bitrate_mode == mutagen.mp3.BitrateMode.CBR
    assert info.bitrate == pytest.approx(192_000, abs=1)
    assert (info.sample_rate, info.channels) == (RATE, 1)
    assert info.encoder_info.startswith("LAME ")
    assert info.encoder_settings == "-b 192"


@settings(deadline=None, max_examples=15)
@given(samples=st.integers(1, 9000))
def test_padding_is_that_of_another_copy_of_lame(samples: int) -> None:
    """libsndfile brings a LAME of its own, which writes its own Info frame."""
    file = io.BytesIO()
    sound = np.zeros(samples, np.int16)
    soundfile.write(
        file,
        sound,
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=0.5,
    )
    theirs = Info.read(file.getvalue())
    ours = Info.read(encoded(sound))

    assert (ours.frames, ours.delay, ours.padding) == (theirs.frames, theirs.delay, theirs.padding)


@pytest.mark.skipif(not shutil.which("lame"), reason="needs the lame command")
@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("kbps", [64, 80, 128, 160, 192, 320])
def test_the_info_frame_is_the_one_that_the_lame_command_writes(rate: int, kbps: int, tmp_path: Path) -> None:
    """All but the version, the checksums and where the seek points are rounded."""
    pcm = pcm_of(voice(2.0))
    soundfile.write(tmp_path / "in.wav", pcm, rate)
    how = ["-m", "m", "--cbr", "-b", str(kbps), "-q", "5", "--resample", str(rate / 1000), "--noreplaygain"]
    subprocess.run(["lame", "--quiet", *how, tmp_path / "in.wav", tmp_path / "out.mp3"], check=True)
    theirs = (tmp_path / "out.mp3").read_bytes()
    ours = encoded(pcm, rate=rate, kbps=kbps)

    assert len(ours) == len(theirs)
    assert ours[:37] == theirs[:37]
    assert ours[137:145] == theirs[137:145]
    assert ours[150:173] == theirs[150:173]
    assert ours[4:21] == bytes(17)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
def test_ffmpeg_hears_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(encoded(pcm_of(clicks(PLACES, 3 * RATE))))
    run = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", tmp_path / "a.mp3", "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    )
    back = np.frombuffer(run.stdout, np.float32)

    assert len(back) == 3 * RATE
    assert offsets(back, PLACES) == pytest.approx([0] * len(PLACES), abs=0.1)
    assert not run.stderr


@pytest.mark.skipif(not shutil.which("mpg123"), reason="needs mpg123")
def test_mpg123_hears_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(encoded(pcm_of(clicks(PLACES, 3 * RATE))))
    run = subprocess.run(
        ["mpg123", "-q", "-e", "f32", "-s", tmp_path / "a.mp3"], capture_output=True, check=True
    )
    back = np.frombuffer(run.stdout, np.float32)

    assert len(back) == 3 * RATE
    assert offsets(back, PLACES) == pytest.approx([0] * len(PLACES), abs=0.1)


@pytest.mark.skipif(not shutil.which("mp3val"), reason="needs mp3val")
def test_mp3val_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(encoded(pcm_of(voice(2.0))))
    run = subprocess.run(["mp3val", tmp_path / "a.mp3"], capture_output=True, check=True, text=True)

    assert "79 MPEG frames (MPEG 1 Layer III), no tags, CBR" in run.stdout
    assert "No supported tags" in run.stdout
    assert run.stdout.count("WARNING") == 1


def test_the_same_bytes_however_it_is_cut_and_in_any_thread() -> None:
    pcm = pcm_of(voice(2.0) + noise(2 * RATE, rms_db=-50))
    whole = encoded(pcm, size=len(pcm))
    with ThreadPoolExecutor(3) as threads:
        others = list(threads.map(lambda size: encoded(pcm, size=size), (777, 1152, 73_728, 50_001)))

    assert all(other == whole for other in others)


def test_what_stands_before_stays_there() -> None:
    """A tag, and whatever the file held before the writer came."""
    pcm = pcm_of(voice(1.0))
    file = io.BytesIO(b"before")
    file.seek(0, 2)
    with Mp3Writer(file, tag=b"tag") as mp3:
        mp3.write(pcm)

    assert file.getvalue() == b"beforetag" + encoded(pcm)


def _written(mp3: Mp3Writer, blocks: list[Any]) -> None:
    for block in blocks:
        mp3.write(block)


def test_an_exception_leaves_it_unfinished() -> None:
    """Half a chapter never gets a header that calls it whole."""
    file = io.BytesIO()
    with pytest.raises(TypeError), Mp3Writer(file) as mp3:
        _written(mp3, [np.zeros(RATE, np.int16), None])

    assert file.getvalue()[:626] == bytes(626)


def test_nothing_to_encode() -> None:
    with pytest.raises(OutputError, match="at least one sample"), Mp3Writer(io.BytesIO()):
        pass


@pytest.mark.parametrize(("rate", "kbps"), [(22_050, 64), (44_100, 56), (44_100, 190), (44_100, 0), (0, 192)])
def test_rates_that_are_not(rate: int, kbps: int) -> None:
    with pytest.raises(OutputError, match="use 44100 or 48000 Hz and 64, 80"):
        Mp3Writer(io.BytesIO(), rate=rate, kbps=kbps)


SAMPLES = 40 * 1152 - 576 - 700
STREAM = encoded(pcm_of(voice(2.0)[:SAMPLES]))[626:]
"""40 frames, without the Info frame."""


@settings(deadline=None, max_examples=10)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_every_header_is_looked_at_wherever_the_stream_is_cut(sizes: list[int]) -> None:
    check, at = FrameCheck(Cbr(RATE, 192)), 0
    for size in itertools.cycle(sizes):
        check.feed(STREAM[at : at + size])
        at += size
        if at >= len(STREAM):
            break

    assert check.finish(SAMPLES) == Length(40, 700)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: s[:626] + b"\xfe" + s[627:], "no frame 1 at byte 626"),
        (lambda s: s[:2] + b"\xc0" + s[3:], "no frame 0 at byte 0"),
        (lambda s: s[:2000] + s[2001:], "no frame 4"),
        (lambda s: s[:-1], "40 frames in 25076 bytes for 44804 samples; they need 40 frames in 25077 bytes"),
        (lambda s: s + b"\0", "in 25078 bytes"),
        (lambda s: s[: Cbr(RATE, 192).offset(39)], "left 39 frames"),
        (lambda s: s + s[626:1253], "left 41 frames"),
    ],
)
def test_a_stream_that_is_not_what_it_must_be(damage: Callable[[bytes], bytes], message: str) -> None:
    """A flipped bit in a header, bytes and frames too few or too many."""
    with pytest.raises(OutputError, match=message):
        _checked(damage(STREAM))


def _checked(stream: bytes) -> None:
    check = FrameCheck(Cbr(RATE, 192))
    check.feed(stream)
    check.finish(SAMPLES)


def test_decoding_leaves_a_file_where_it_was(tmp_path: Path) -> None:
    """Whoever reads on afterwards reads the bytes that come next, whatever was read ahead before."""
    data = encoded(pcm_of(voice(2.0)))
    (tmp_path / "a.mp3").write_bytes(data)
    with (tmp_path / "a.mp3").open("rb") as file:
        begun = file.read(100)
        sound = sum(map(len, decode(file)))
        assert (sound, begun + file.read()) == (2 * RATE, data)


def test_decoding_what_is_no_mp3(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"no such thing" * 1000)
    soundfile.write(tmp_path / "b.mp3", np.zeros(100), RATE, format="WAV")

    with pytest.raises(OutputError, match="cannot be decoded"):
        list(decode(tmp_path / "a.mp3"))
    with pytest.raises(OutputError, match="not a mono MP3: WAV"):
        list(decode(tmp_path / "b.mp3"))
