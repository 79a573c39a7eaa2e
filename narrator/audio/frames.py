"""The frames of a constant bit rate MP3: where they lie, the proof that they lie there, the Info frame.

ISO/IEC 11172-3 Layer III, mono, 1152 samples a frame. At rates where a frame's length is not a whole
number of bytes, LAME adds one byte (the padding bit) to as many frames as keep the bit rate exact.
The Info frame is Xing's header with LAME's extension: without it a decoder cannot know that the first
1105 samples are the codec's own, nor where the sound ends.
"""

from __future__ import annotations

from typing import NamedTuple

import fastcrc
import numpy as np
import numpy.typing as npt

from narrator.errors import OutputError

FRAME_SAMPLES = 1152
ENCODER_DELAY = 576
"""Samples LAME puts in front of the sound; a decoder adds 529 of its own and knows it."""

_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES = (44100, 48000)
_LOWEST_KBPS = 64  # a smaller frame has no room for the Info header
_INFO_OFFSET = 4 + 17  # header and side information of a mono frame
# LAME's low-pass in Hz for mono at constant bit rates; 20500 from 96 kbit/s up.
_LOWPASS = {64: 16500, 80: 20250}


class Cbr(NamedTuple):
    """A mono stream of constant bit rate."""

    rate: int
    """Samples a second: 44100 or 48000."""
    kbps: int
    """64 to 320."""

    def check(self) -> Cbr:
        """Itself.

        Raises:
            OutputError: there is no such stream, or its frames have no room for an Info header.
        """
        if self.rate not in _RATES or self.kbps not in _KBPS or self.kbps < _LOWEST_KBPS:
            known = ", ".join(str(kbps) for kbps in _KBPS if kbps >= _LOWEST_KBPS)
            raise OutputError(
                f"no MP3 at {self.rate} Hz and {self.kbps} kbit/s: use 44100 or 48000 Hz and {known} kbit/s"
            )
        return self

    @property
    def frame_bytes(self) -> int:
        """Length of a frame without the padding byte."""
        return 144_000 * self.kbps // self.rate

    def header(self, *, padded: bool) -> bytes:
        """The four bytes every frame begins with: MPEG 1, Layer III, no CRC, mono, original."""
        third = _KBPS.index(self.kbps) << 4 | _RATES.index(self.rate) << 2 | padded << 1
        return bytes((0xFF, 0xFB, third, 0xC4))

    def offset(self, frame: int) -> int:
        """Byte at which *frame* begins, counted from the first frame."""
        return int(self.offsets(np.array([frame]))[0])

    def offsets(self, frame: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The same for many frames."""
        rest = 144_000 * self.kbps % self.rate
        return frame * self.frame_bytes + np.maximum(0, -((1 - frame) * rest // self.rate))


class Length(NamedTuple):
    """How LAME wraps a number of samples into whole frames."""

    frames: int
    padding: int
    """Samples after the sound, 576 to 1727."""

    @classmethod
    def of(cls, samples: int) -> Length:
        """The frames that *samples* need."""
        padding = -(samples + ENCODER_DELAY) % FRAME_SAMPLES
        if padding < ENCODER_DELAY:  # the last frame's overlap needs half a frame after the sound
            padding += FRAME_SAMPLES
        return cls((samples + ENCODER_DELAY + padding) // FRAME_SAMPLES, padding)


class FrameCheck:
    """Looks at every frame header of a stream as it passes, wherever the pieces are cut."""

    def __init__(self, stream: Cbr) -> None:
        self.frames = 0
        """Headers seen so far."""
        self.bytes = 0
        self._stream = stream
        self._rest = b""  # the first bytes of a header that is not complete yet
        self._plain = np.frombuffer(stream.header(padded=False), np.uint8)

    def feed(self, data: bytes | bytearray) -> None:
        """Check the frames that begin in the next piece of the stream.

        Raises:
            OutputError: there is no frame where one must be.
        """
        octets = np.frombuffer(self._rest + data, np.uint8)
        start = self.bytes - len(self._rest)
        self.bytes += len(data)
        most = len(octets) // self._stream.frame_bytes + 2
        begin = self._stream.offsets(np.arange(self.frames, self.frames + most + 1))
        complete = int(np.searchsorted(begin[:-1], self.bytes - 4, side="right"))
        headers = octets[(begin[:complete] - start)[:, None] + np.arange(4)]
        padded = np.diff(begin[: complete + 1]) - self._stream.frame_bytes
        expected = np.tile(self._plain, (complete, 1))
        expected[:, 2] |= (padded << 1).astype(np.uint8)
        wrong = np.flatnonzero((headers != expected).any(axis=1))
        if len(wrong):
            raise OutputError(
                f"the MP3 encoder left no frame {self.frames + int(wrong[0])} at byte {begin[wrong[0]]}"
            )
        self.frames += complete
        self._rest = octets[max(0, int(begin[complete]) - start) :].tobytes()

    def finish(self, samples: int) -> Length:
        """The stream's length in frames, proved against the samples that went in.

        Raises:
            OutputError: frames are missing, left over or cut short.
        """
        length = Length.of(samples)
        if self.frames != length.frames or self.bytes != self._stream.offset(length.frames):
            raise OutputError(
                f"the MP3 encoder left {self.frames} frames in {self.bytes} bytes for {samples} samples;"
                f" they need {length.frames} frames in {self._stream.offset(length.frames)} bytes"
            )
        return length


def info_frame(stream: Cbr, length: Length, *, encoder: str, quality: int, crc: int) -> bytes:
    """The Info frame to put in front of a stream's frames, field for field as LAME itself writes it.

    Args:
        stream: rate and bit rate.
        length: frames and padding.
        encoder: LAME's name and version, at most 9 characters.
        quality: LAME's `-q`.
        crc: CRC-16/ARC of all frames after this one.
    """
    size = stream.frame_bytes
    total = size + stream.offset(length.frames)
    frame = bytearray(size)
    frame[:4] = stream.header(padded=False)
    xing = b"Info" + _big(0b1111, 4) + _big(length.frames, 4) + _big(total, 4)
    # Where each hundredth of the playing time begins, as 256ths of the stream.
    begins = size + stream.offsets(np.arange(100) * length.frames // 100)
    xing += (256 * begins // total).astype(np.uint8).tobytes()
    xing += _big(100 - 10 * 4 - quality, 4)  # LAME's own mix of -V, 4 where it is not used, and -q
    delays = _big(ENCODER_DELAY << 12 | length.padding, 3)
    source = _RATES.index(stream.rate) + 1
    noise_shaping = 2 if stream.kbps <= 160 else 1
    lame = encoder.encode("ascii").ljust(9, b"\0")[:9]
    lame += bytes((0x01, (_LOWPASS.get(stream.kbps, 20500) + 50) // 100))  # revision 0, constant bit rate
    lame += bytes(4 + 2 + 2)  # peak and replay gains: not stated
    lame += bytes((0x14, min(255, stream.kbps)))  # nspsytune, ATH type 4
    lame += delays + bytes((source << 6 | noise_shaping, 0))  # mono; not amplified
    lame += _big(stream.kbps, 2) + _big(total, 4) + _big(crc, 2)  # the preset is the bit rate
    end = _INFO_OFFSET + len(xing) + len(lame)
    frame[_INFO_OFFSET:end] = xing + lame
    frame[end : end + 2] = _big(fastcrc.crc16.arc(bytes(frame[:end])), 2)
    return bytes(frame)


def _big(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")
