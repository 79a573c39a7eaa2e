"""MP3 files: LAME fed with samples as they come, an Info frame so that they decode to the sample.

A chapter is one lossy generation: its samples are joined before they come here (joining encoded
files adds 26 to 52 ms of silence at each join).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import fastcrc
import numpy as np

from narrator.audio.blocks import BLOCK_SAMPLES, Samples
from narrator.audio.frames import FRAME_SAMPLES, Cbr, FrameCheck, info_frame
from narrator.errors import OutputError
from narrator.takes import Pcm

if TYPE_CHECKING:
    import lameenc

_QUALITY = 5  # LAME's -q, 2 to 7: half the time of 2
_READ_SAMPLES = 4 * BLOCK_SAMPLES
"""Decoded at a time: soundfile seeks after every read, which decodes some frames again."""


class Mp3Writer:
    """A mono MP3 of constant bit rate, written as its samples come; memory does not grow.

    Use it as a context manager, or call `close`: until then the file has no Info frame. Leaving the
    context by an exception leaves the file unfinished.
    """

    def __init__(self, file: BinaryIO, *, tag: bytes = b"", rate: int = 44100, kbps: int = 192) -> None:
        """
        Args:
            file: open for writing, seekable.
            tag: an ID3v2 tag, written first.
            rate: samples a second: 44100 or 48000.
            kbps: 64 to 320.

        Raises:
            OutputError: there is no such MP3.
        """
        self.samples = 0
        """Written so far."""
        self._stream = Cbr(rate, kbps).check()
        self._encoder = _encoder(self._stream)
        self._check = FrameCheck(self._stream)
        self._crc = 0
        self._file = file
        self._file.write(tag)
        self._info_at = file.tell()
        self._file.write(bytes(self._stream.frame_bytes))

    def write(self, pcm: Pcm) -> None:
        """Encode the next samples.

        Raises:
            OutputError: the encoder failed.
        """
        self.samples += len(pcm)
        self._add(self._encoder.encode(np.ascontiguousarray(pcm, np.int16)))

    def close(self) -> None:
        """Encode what is left, prove the number of frames and fill in the Info frame.

        Raises:
            OutputError: there was nothing to write, or the encoder did not do what it must.
        """
        if not self.samples:
            raise OutputError("an MP3 needs at least one sample")
        self._add(self._encoder.flush())
        length = self._check.finish(self.samples)
        self._file.seek(self._info_at)
        self._file.write(
            info_frame(self._stream, length, encoder=_encoder_name(), quality=_QUALITY, crc=self._crc)
        )
        self._file.seek(0, 2)

    def __enter__(self) -> Mp3Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def _add(self, data: bytearray) -> None:
        self._check.feed(data)
        self._crc = fastcrc.crc16.arc(bytes(data), self._crc)
        self._file.write(data)


def decode(source: Path | BinaryIO) -> Iterator[Samples]:
    """The sound of an MP3 as mono blocks; the codec's own delay and padding are gone.

    Args:
        source: a path, or a file on disk, open for reading and flushed; it is read from its beginning,
            stays open and where it was.

    Raises:
        OutputError: this is not a mono MP3 that can be decoded.
    """
    import soundfile  # here, so that a run with nothing to do starts fast

    if isinstance(source, Path):
        with source.open("rb") as file:
            yield from decode(file)
        return
    # By its descriptor, so that libsndfile reads by itself: it asks for some hundred bytes at a time, and
    # would take the interpreter's lock each time. Python's own file object must not notice.
    descriptor = source.fileno()
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        with soundfile.SoundFile(descriptor, closefd=False) as sound:
            if sound.format != "MP3" or sound.channels != 1:
                raise OutputError(f"not a mono MP3: {sound.format}, {sound.channels} channels")
            while len(block := sound.read(_READ_SAMPLES, dtype="float32")):
                yield from (block[i : i + BLOCK_SAMPLES] for i in range(0, len(block), BLOCK_SAMPLES))
    except soundfile.LibsndfileError as exc:
        raise OutputError(f"an MP3 cannot be decoded: {exc.error_string}") from exc
    finally:
        os.lseek(descriptor, place, os.SEEK_SET)


def _encoder(stream: Cbr) -> lameenc.Encoder:
    import lameenc

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(stream.rate)
    encoder.set_out_sample_rate(stream.rate)
    encoder.set_bit_rate(stream.kbps)
    encoder.set_quality(_QUALITY)
    return encoder


@cache
def _encoder_name() -> str:
    """LAME's name and version, e.g. `LAME3.100`: it writes them where a frame has bits to spare."""
    encoder = _encoder(Cbr(44100, 320))
    frames = encoder.encode(np.zeros(8 * FRAME_SAMPLES, np.int16)) + encoder.flush()
    found = re.search(rb"LAME\d+\.\d+", bytes(frames))
    # Players look for the four letters and trust the delay only behind them.
    return found[0].decode("ascii") if found else "LAME"
