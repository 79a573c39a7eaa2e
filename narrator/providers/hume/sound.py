"""The pieces of audio that an answer brings, as samples (contract 10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from narrator.audio.mpeg import decode as decode_mp3
from narrator.audio.mpeg import recognise
from narrator.audio.riff import Layout, known_rate, to_pcm, unwrap
from narrator.takes import Pcm
from narrator.transport import BrokenAnswer

RATE = 48_000
"""What the service makes, where nothing says otherwise."""
FORMATS = ("wav", "pcm", "mp3")

_OTHERS = (b"OggS", b"fLaC")
"""What files begin with that are not samples."""


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
    try:
        wave = unwrap(pieces)
        if wave.layout is None and (audio_format == "mp3" or recognise(wave.data)):
            return Sound(*decode_mp3(wave.data), None)
        if wave.layout is None and wave.data.startswith(_OTHERS):
            raise ValueError(f"it begins with {wave.data[:4]!r}")
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
