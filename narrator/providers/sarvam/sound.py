"""The bytes of an answer as samples (contract 8.3): put on disk as they come, read into one array at the end.

A file may come where samples were asked for, and samples where a file was: their first bytes tell.
"""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

import numpy as np

from narrator.errors import OutputError
from narrator.providers.sounds import Sound, decode, is_file, prove_bare
from narrator.transport import BrokenAnswer

IN_MEMORY = 1 << 20
"""Bytes of an answer; a longer one is on disk while it comes."""
BEGINNING = 64 * 1024
"""Bytes that are looked at to see what came."""


class Arrived(NamedTuple):
    """A whole answer, on disk or in memory."""

    file: SpooledTemporaryFile[bytes]
    size: int
    beginning: bytes

    def everything(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()


def gather(pieces: Iterable[bytes]) -> Arrived:
    """An answer, piece by piece as it comes; close its file.

    Raises:
        BrokenAnswer: what *pieces* raises, or nothing came.
        OutputError: there is no room for it.
    """
    file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  for the caller
    try:
        for piece in pieces:
            file.write(piece)
        size = file.tell()
        if not size:
            raise BrokenAnswer("the answer is empty")
        file.seek(0)
        return Arrived(file, size, file.read(BEGINNING))
    except OSError as exc:
        file.close()
        reason = exc.strerror or str(exc)
        raise OutputError(f"an answer cannot be put on disk while it comes: {reason}; make room") from exc
    except BaseException:
        file.close()
        raise


def samples(arrived: Arrived, *, audio_format: str, rate: int) -> Sound:
    """
    The sound of an answer that is audio.

    Args:
        audio_format: linear16, wav or mp3, as it was asked for.
        rate: samples a second, as they were asked for; a file's own are believed.

    Raises:
        BrokenAnswer: it cannot be decoded, ends within a sample, or is no sound.
    """
    if audio_format == "mp3" or is_file(arrived.beginning):
        return decode((arrived.everything(),), rate=rate, mp3=audio_format == "mp3")
    if arrived.size % 2:
        raise BrokenAnswer(f"{arrived.size} bytes are no whole number of samples of 2 bytes")
    pcm = np.empty(arrived.size // 2, "<i2")
    arrived.file.seek(0)
    space, reached = pcm.data.cast("B"), 0
    while reached < arrived.size:
        reached += arrived.file.readinto(space[reached:])
    native = pcm if sys.byteorder == "little" else pcm.astype(np.int16)
    try:
        prove_bare(native)
    except ValueError as exc:
        raise BrokenAnswer(f"the sound cannot be used: {exc}") from exc
    return Sound(native, rate)


def from_base64(text: str, *, audio_format: str, rate: int) -> Sound:
    """
    The sound of audio that is written out in letters. As `samples()`.

    Raises:
        BrokenAnswer: it is not, or cannot be decoded.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as exc:
        raise BrokenAnswer(f"`audios` cannot be used: {exc}") from exc
    if not data:
        raise BrokenAnswer("`audios` holds no sound")
    return decode((data,), rate=rate, mp3=audio_format == "mp3")


def wave_header(rate: int) -> bytes:
    """What stands before 16-bit mono samples in a WAV file whose length is not known yet."""
    unknown = b"\xff\xff\xff\xff"
    layout = b"".join(
        number.to_bytes(size, "little")
        for number, size in ((16, 4), (1, 2), (1, 2), (rate, 4), (2 * rate, 4), (2, 2), (16, 2))
    )
    return b"RIFF" + unknown + b"WAVEfmt " + layout + b"data" + unknown
