"""The pieces of audio that an answer brings, as samples (contract 10)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from narrator.audio.riff import Layout, known_rate, to_pcm, unwrap
from narrator.takes import Pcm
from narrator.transport import BrokenAnswer

if TYPE_CHECKING:
    import soundfile

RATE = 48_000
"""What the service makes, where nothing says otherwise."""
FORMATS = ("wav", "pcm", "mp3")

_FILES = (b"ID3", b"OggS", b"fLaC")
"""What files begin with that are certainly not samples."""
_TAGS = (b"Xing", b"Info")
_TAG_WITHIN = 200
_LONGEST_S = 3600
_BLOCK_SAMPLES = 1 << 16
_DECODER_DELAY = 1105
"""Samples that come before the sound in an MP3 whose first frame does not say how many they are."""


class Sound(NamedTuple):
    """Samples and how fast they go by."""

    pcm: Pcm
    rate: int
    layout: Layout | None
    """As it came; None where it came encoded, with something before and after the sound."""


def decode(pieces: Sequence[bytes], *, audio_format: str, rate: int | None = None) -> Sound:
    """The sound that pieces make when they are joined.

    A header is read and believed wherever there is one; samples without are 16 bit, mono, little endian.

    Args:
        audio_format: wav, pcm or mp3, as they are labelled.
        rate: samples a second, as labelled; for samples without a header.

    Raises:
        BrokenAnswer: it cannot be decoded, or is cut within a sample.
    """
    start = next((piece for piece in pieces if piece), b"")
    try:
        if not start.startswith(b"RIFF") and (audio_format == "mp3" or start.startswith(_FILES)):
            return _decode_files(pieces)
        wave = unwrap(pieces)
        layout = wave.layout or Layout(known_rate(RATE if rate is None else rate))
        return Sound(to_pcm(wave.data, layout), layout.rate, layout)
    except ValueError as exc:
        raise BrokenAnswer(f"`audio` cannot be used: {exc}") from exc


def length(pieces: Sequence[bytes], sound: Sound) -> int | None:
    """How many samples of a sound some of its pieces make; None where that cannot be told."""
    if sound.layout is None or not pieces:
        return None
    try:
        wave = unwrap(pieces)
    except ValueError:
        return None
    if wave.layout not in (None, sound.layout):
        return None
    return len(wave.data) // sound.layout.frame_bytes


def _decode_files(pieces: Sequence[bytes]) -> Sound:
    """
    One encoded file, or several where pieces begin with a tag of their own.

    Raises:
        ValueError: they cannot be decoded, or differ in their rates.
    """
    files: list[list[bytes]] = [[]]
    for piece in pieces:
        if files[-1] and _begins_file(piece):
            files.append([])
        files[-1].append(piece)
    sounds = [_decode_file(b"".join(parts)) for parts in files]
    rates = {rate for _, rate in sounds}
    if len(rates) > 1:
        raise ValueError("its rate changes")
    return Sound(np.concatenate([pcm for pcm, _ in sounds]), rates.pop(), None)


def _begins_file(piece: bytes) -> bool:
    return piece.startswith(_FILES) or any(tag in piece[:_TAG_WITHIN] for tag in _TAGS)


def _decode_file(data: bytes) -> tuple[Pcm, int]:
    import soundfile  # not above: only MP3 needs it, and it is slow to load

    if not data:
        return np.empty(0, np.int16), RATE
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format != "MP3":
                raise ValueError(f"it is {file.format}")
            pcm, rate = np.concatenate(list(_blocks(file))), known_rate(file.samplerate)
    except soundfile.LibsndfileError as exc:
        raise ValueError(f"it cannot be decoded ({exc.error_string})") from exc
    return (pcm if _says_its_delay(data) else pcm[_DECODER_DELAY:]), rate


def _blocks(file: soundfile.SoundFile) -> Iterator[Pcm]:
    """The sound, some at a time: how much there is is only what the file says."""
    yield np.empty(0, np.int16)
    left = _LONGEST_S * file.samplerate
    # As floats: what is beyond full scale would turn round among the integers.
    while len(block := file.read(_BLOCK_SAMPLES, dtype="float32", always_2d=True)):
        left -= len(block)
        if left < 0:
            raise ValueError(f"it is longer than {_LONGEST_S} seconds")
        yield np.clip(np.rint(block.mean(axis=1) * 32768), -32768, 32767).astype(np.int16)


def _says_its_delay(data: bytes) -> bool:
    """Whether the first frame of an MP3 is one that tells about the others."""
    start = 0
    if data.startswith(b"ID3") and len(data) >= 10:
        sizes = zip(data[6:10], (21, 14, 7, 0), strict=True)
        start = 10 + sum((octet & 0x7F) << shift for octet, shift in sizes)
    return any(tag in data[start : start + _TAG_WITHIN] for tag in _TAGS)
