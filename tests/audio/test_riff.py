"""Samples come out of WAV whatever its headers say; judged by libsndfile and the standard library."""

from __future__ import annotations

import contextlib
import io
import itertools
import struct
import tracemalloc
import wave
from collections.abc import Sequence

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from narrator.audio.riff import Layout, Wave, to_pcm, unwrap
from narrator.takes import Pcm

RATE = 48_000
MONO = Layout(RATE)


def noise(samples: int, *, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).integers(-32768, 32768, samples, dtype=np.int16)


def part(name: bytes, content: bytes, *, size: int | None = None) -> bytes:
    """A part of a file, with its padding; *size* is what it declares."""
    declared = len(content) if size is None else size
    return name + struct.pack("<I", declared) + content + b"\0" * (len(content) % 2)


def fmt(*, kind: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16, more: bytes = b"") -> bytes:
    frame = channels * ((bits + 7) // 8)
    return part(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, 1, frame, bits) + more)


def riff(*parts: bytes, size: int | None = None) -> bytes:
    content = b"WAVE" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(content) if size is None else size) + content


def plain(data: bytes) -> bytes:
    """A WAV file as the standard library writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(data)
    return file.getvalue()


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


DATA = noise(1000).tobytes()
LIST = part(b"LIST", b"INFOISFT\x05\x00\x00\x00Hume\x00")
FACT = part(b"fact", struct.pack("<I", 1000))


@pytest.mark.parametrize(
    "file",
    [
        plain(DATA),
        riff(fmt(), LIST, FACT, part(b"data", DATA)),
        riff(fmt(), part(b"odd ", b"x"), part(b"data", DATA)),
        riff(fmt(), b"odd " + struct.pack("<I", 1) + b"x" + part(b"data", DATA)),  # the padding is forgotten
        riff(fmt(), part(b"data", DATA), LIST),
        riff(fmt(), part(b"data", DATA), part(b"id3 ", b"x" * 33)),
        riff(part(b"JUNK", bytes(400)), fmt(more=b"\0\0"), part(b"data", DATA)),
        riff(fmt(), part(b"data", DATA[:600]), LIST, part(b"data", DATA[600:])),
        *(
            riff(fmt(), part(b"data", DATA, size=size), size=total)
            for size in (0, 1, 500, len(DATA) + 1, 2**31, 2**32 - 1)
            for total in (0, 36, 2**32 - 1)
        ),
    ],
)
def test_samples_are_found_whatever_sizes_say(file: bytes) -> None:
    assert unwrap([file]) == Wave(DATA, MONO)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10**6), max_size=6), st.sampled_from([len(DATA), 0, 2**32 - 1, 10]))
def test_one_header_and_pieces_cut_anywhere(places: list[int], size: int) -> None:
    """In the middle of the header too, and of a sample."""
    file = riff(fmt(), LIST, part(b"data", DATA, size=size))

    assert unwrap(cut(file, places)) == Wave(DATA, MONO)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10**6), max_size=6), st.sampled_from(["right", "nought", "unknown"]))
def test_a_header_on_every_piece(places: list[int], sizes: str) -> None:
    """No click is left of any of them, nor of what stands behind the samples."""
    declared = {"right": None, "nought": 0, "unknown": 2**32 - 1}[sizes]
    after = LIST if sizes == "right" else b""
    pieces = [riff(fmt(), part(b"data", piece, size=declared) + after) for piece in cut(DATA, places)]

    if all(len(piece) % 2 == 0 for piece in cut(DATA, places)):
        assert unwrap(pieces) == Wave(DATA, MONO)
        assert unwrap([b"".join(pieces)]) == Wave(DATA, MONO)
    else:
        assert len(unwrap(pieces).data) == pytest.approx(len(DATA), abs=2 * len(pieces))


def test_samples_cut_in_two_between_files_are_put_together() -> None:
    """A piece of an odd number of bytes, with a header that says so and no padding."""
    pieces = [
        riff(fmt(), b"data" + struct.pack("<I", len(piece)) + piece) for piece in (DATA[:501], DATA[501:])
    ]

    assert unwrap(pieces) == Wave(DATA, MONO)


@pytest.mark.parametrize("size", [None, 0, 2**32 - 1, 1000, len(DATA)])
def test_what_follows_the_first_piece_is_samples(size: int | None) -> None:
    """The header tells the length of the first piece or of all; `LIST` may stand at the end of either."""
    first, rest = DATA[:1000], [DATA[1000:1333], DATA[1333:]]

    assert unwrap([riff(fmt(), part(b"data", first, size=size)), *rest]).data == DATA
    if size in (None, 1000):
        assert unwrap([riff(fmt(), part(b"data", first, size=size), LIST), *rest]).data == DATA
    if size == len(DATA):
        assert unwrap([riff(fmt(), part(b"data", first, size=size)), *rest, LIST]).data == DATA


def test_without_a_header_all_is_samples() -> None:
    assert unwrap(cut(DATA, [333, 334, 900])) == Wave(DATA, None)
    assert unwrap([]) == Wave(b"", None)
    assert unwrap([DATA, riff(fmt(), part(b"data", DATA))]) == Wave(DATA + DATA, MONO)


def test_a_header_alone_holds_no_samples() -> None:
    assert unwrap([riff(fmt(), part(b"data", b""))]) == Wave(b"", MONO)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (riff(), "does not say"),
        (riff(fmt()), "without samples"),
        (riff(fmt()[:20]), "cut short"),
        (riff(part(b"data", DATA), fmt()), "does not say"),
        (riff(fmt(kind=7, bits=8), part(b"data", DATA)), "format 7"),
        (riff(fmt(kind=3), part(b"data", DATA)), "format 3 with 1 channels of 16 bits"),
        (riff(fmt(channels=0), part(b"data", DATA)), "0 channels"),
        (riff(fmt(channels=33), part(b"data", DATA)), "33 channels"),
        (riff(fmt(bits=64), part(b"data", DATA)), "64 bits"),
        (riff(fmt(rate=0), part(b"data", DATA)), "0 samples a second"),
        (riff(fmt(rate=2**32 - 1), part(b"data", DATA)), "4294967295 samples a second"),
        (riff(fmt(), part(b"LIST", b"", size=2**32 - 1), part(b"data", DATA)), "without samples"),
        (plain(DATA) + riff(fmt(rate=24_000), part(b"data", DATA)), "differ"),
    ],
)
def test_a_header_that_cannot_be_read_is_an_error(file: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        unwrap([file])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_every_kind_of_sample_becomes_mono_16_bit(subtype: str, container: str, channels: int) -> None:
    """Judged by libsndfile, which wrote the file and reads it as floats."""
    sound = np.random.default_rng(2).uniform(-0.99, 0.99, (777, channels))
    file = io.BytesIO()
    soundfile.write(file, sound, 22_050, format=container, subtype=subtype)
    found = unwrap([file.getvalue()])
    assert found.layout is not None
    pcm = to_pcm(found.data, found.layout)
    judge, rate = soundfile.read(io.BytesIO(file.getvalue()), dtype="float64", always_2d=True)

    assert pcm.dtype == np.int16
    assert (found.layout.rate, found.layout.channels) == (rate, channels)
    assert np.abs(pcm - judge.mean(axis=1) * 32768).max() <= 0.5


def test_16_bit_mono_is_not_touched() -> None:
    pcm = noise(5000)

    assert np.array_equal(to_pcm(pcm.tobytes(), MONO), pcm)


def test_floats_beyond_full_scale_or_no_numbers_do_not_turn_round() -> None:
    data = np.array([2.0, -2.0, np.inf, -np.inf, np.nan, 1.0, 3e38], np.float32).tobytes()

    assert to_pcm(data, Layout(RATE, sample_bytes=4, floating=True)).tolist() == [
        32767, -32768, 32767, -32768, 0, 32767, 32767,
    ]  # fmt: skip


@pytest.mark.parametrize("layout", [MONO, Layout(RATE, channels=2), Layout(RATE, sample_bytes=3)])
def test_half_a_sample_is_an_error(layout: Layout) -> None:
    with pytest.raises(ValueError, match="13 bytes"):
        to_pcm(bytes(13), layout)


def test_no_room_is_made_for_what_is_only_declared() -> None:
    file = riff(fmt(), part(b"data", DATA, size=2**32 - 1), size=2**32 - 1)
    tracemalloc.start()
    try:
        unwrap([file])
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.binary(max_size=60), st.lists(st.integers(0, 300), max_size=3))
@example(b"data\0\0\0\0" * 20, b"", [])
def test_no_bytes_do_harm(content: bytes, other: bytes, places: list[int]) -> None:
    """Anything within a file is samples or an error."""
    with contextlib.suppress(ValueError):
        found = unwrap(cut(riff(fmt(), content) + other, places))
        assert len(found.data) <= len(content) + len(other) + 1
        assert found.layout == MONO


def test_a_file_of_many_parts_takes_no_longer_than_its_length() -> None:
    """30,000 parts: were each looked for from the start, this would take minutes."""
    assert unwrap([riff(fmt(), part(b"data", b"ab") * 30_000)]).data == b"ab" * 30_000
    assert len(unwrap([riff(fmt(), part(b"data", b"ab") * 30_000 + b"\0")]).data) > 60_000
    assert unwrap([plain(b"ab")] * 5_000).data == b"ab" * 5_000


@pytest.mark.soak
@pytest.mark.parametrize("layout", [Layout(RATE, sample_bytes=1), Layout(RATE, channels=4, sample_bytes=1)])
def test_samples_take_little_more_room_than_they_come_in(layout: Layout) -> None:
    """However narrow they are, and wherever a long sound is divided on the way."""
    data = bytes(np.arange(4_000_004) % 251 // layout.channels * 3 % 256)
    tracemalloc.start()
    pcm = to_pcm(data, layout)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(data)
    expected = (np.frombuffer(data, np.uint8).astype(float) - 128) * 256
    assert np.array_equal(pcm, np.rint(expected.reshape(-1, layout.channels).mean(axis=1)))
