"""Sound as files, mono and 16 bits or less: what every stand-in answers with.

`linear16`, `mulaw` and `alaw` have no header (ITU-T G.711 for the last two), `aac` comes in ADTS frames
(ISO/IEC 14496-3), `opus` and `ogg` (Vorbis) in Ogg pages, `mp3` in plain frames without an Info frame, as an
encoder writes it that cannot go back. So each of them but FLAC can be sent while it is made.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from typing import Literal, cast

import av
import lameenc
import numpy as np
import soundfile
import soxr

from narrator.takes import Pcm

Codec = Literal["wav", "linear16", "mp3", "flac", "ogg", "opus", "aac", "mulaw", "alaw"]

MEDIA: Mapping[Codec, str] = {
    "wav": "audio/wav",
    "linear16": "audio/pcm",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "mulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}
"""Media types, for services of which it is not known what they say."""

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Samples a second that Opus takes (RFC 6716, 2)."""
MP3_KBPS = 128
UNKNOWN_BYTES = 0xFFFFFFFF
"""What a WAV header gives for its sizes where nobody knows yet."""

_QUALITY = 5  # LAME's -q
_HEADER_BYTES = 44
_BLOCK = 2**15
"""Samples encoded at a time. libsndfile's Vorbis overflows its stack where it is given all at once."""


def encode(
    pcm: Pcm, rate: int, codec: Codec, *, kbps: int | None = None, sized: bool = True
) -> Iterator[bytes]:
    """
    A whole sound as the pieces of one file, encoded as they are taken.

    Args:
        rate: of *pcm* and of the file; see `resampled`.
        kbps: of mp3, opus and aac; the nearest that there is at that rate. The encoder's own by default,
            of mp3 128.
        sized: whether the header of a wav tells its length, or is that of a stream.

    Raises:
        ValueError: opus, and a rate it does not have.
    """
    if codec == "mp3":
        pieces = _mp3(pcm, rate, kbps or MP3_KBPS)
    elif codec in ("opus", "aac"):
        if codec == "opus" and rate not in OPUS_RATES:
            raise ValueError(f"Opus has no {rate} samples a second")
        pieces = _by_libav(pcm, rate, codec, kbps)
    elif codec in ("flac", "ogg"):
        pieces = _by_libsndfile(pcm, rate, codec)
    else:
        pieces = _plainly(pcm, rate, codec, sized=sized)
    return (piece for piece in pieces if piece)


def resampled(pcm: Pcm, rate: int, wanted: int) -> Pcm:
    """Samples brought from one rate to another."""
    if rate == wanted or not len(pcm):
        return pcm
    wide = soxr.resample(pcm.astype(np.float32), rate, wanted, quality="HQ")
    return clipped(wide)


def clipped(wide: np.ndarray) -> Pcm:
    """Numbers as samples: what is louder than those can be is cut off."""
    found: Pcm = np.clip(np.rint(wide), -32768, 32767).astype(np.int16)
    return found


def wav_header(samples: int | None, rate: int) -> bytes:
    """The header of a mono 16-bit WAV; None leaves its sizes open."""
    size = UNKNOWN_BYTES if samples is None else samples * 2
    whole = UNKNOWN_BYTES if samples is None else size + _HEADER_BYTES - 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def mp3_encoder(rate: int, kbps: int = MP3_KBPS) -> lameenc.Encoder:
    """An encoder of mono MPEG frames at a constant rate."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(rate)
    encoder.set_bit_rate(kbps)
    encoder.set_quality(_QUALITY)
    return encoder


def _blocks(pcm: Pcm) -> Iterator[Pcm]:
    for start in range(0, len(pcm), _BLOCK):
        yield np.ascontiguousarray(pcm[start : start + _BLOCK])


def _plainly(pcm: Pcm, rate: int, codec: Codec, *, sized: bool) -> Iterator[bytes]:
    if codec == "wav":
        yield wav_header(len(pcm) if sized else None, rate)
    for block in _blocks(pcm):
        if codec in ("mulaw", "alaw"):
            file = io.BytesIO()
            subtype = "ULAW" if codec == "mulaw" else "ALAW"
            soundfile.write(file, block, rate, format="RAW", subtype=subtype)
            yield file.getvalue()
        else:
            yield block.astype("<i2").tobytes()


def _mp3(pcm: Pcm, rate: int, kbps: int) -> Iterator[bytes]:
    encoder = mp3_encoder(rate, kbps)
    for block in _blocks(pcm):
        yield bytes(encoder.encode(block))
    if len(pcm):
        yield bytes(encoder.flush())


def _by_libsndfile(pcm: Pcm, rate: int, codec: Codec) -> Iterator[bytes]:
    file = io.BytesIO()
    format_, subtype = ("FLAC", "PCM_16") if codec == "flac" else ("OGG", "VORBIS")
    with soundfile.SoundFile(
        file, "w", samplerate=rate, channels=1, format=format_, subtype=subtype
    ) as written:
        for block in _blocks(pcm):
            written.write(block)
    file.seek(0)
    while piece := file.read(2 * _BLOCK):
        yield piece


class _Taken(io.RawIOBase):
    """A file that is written in order and taken away as it grows."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._held.append(bytes(data))  # type: ignore[call-overload]  # any buffer
        return len(self._held[-1])

    def take(self) -> bytes:
        """What has been written since it was last asked."""
        held, self._held = self._held, []
        return b"".join(held)


def _by_libav(pcm: Pcm, rate: int, codec: Codec, kbps: int | None) -> Iterator[bytes]:
    file = _Taken()
    container, encoder = ("ogg", "libopus") if codec == "opus" else ("adts", "aac")
    # Without it, an Ogg stream is given a number by chance.
    with av.open(file, "w", format=container, options={"fflags": "+bitexact"}) as written:
        # The encoder's other way overshoots at onsets, and takes twice as long.
        options = {"aac_coder": "fast"} if codec == "aac" else {}
        stream = cast("av.AudioStream", written.add_stream(encoder, rate=rate, options=options))
        stream.layout = "mono"
        if kbps:
            stream.bit_rate = kbps * 1000
        position = 0
        for block in _blocks(pcm):
            frame = av.AudioFrame.from_ndarray(block[np.newaxis], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, position
            position += len(block)
            written.mux(stream.encode(frame))
            yield file.take()
        written.mux(stream.encode(None))
    yield file.take()
