"""Takes as FLAC (RFC 9639): 16-bit mono, lossless, at the take's own rate."""

from __future__ import annotations

import hashlib
import io
import os

from narrator.takes import Pcm

_HEADER = b"fLaC\x80\x00\x00\x22"
"""What a file starts with whose STREAMINFO block (34 bytes) is the last one before the audio."""
_EMPTY_BYTES = len(_HEADER) + 34


def encode(pcm: Pcm, rate: int) -> bytes:
    """*pcm* as a whole FLAC file. No samples at all become a file of headers only.

    Raises:
        ValueError: FLAC cannot hold that rate.
    """
    import soundfile  # not above: a run with nothing to do never comes here, and must start fast

    if not len(pcm):
        return _empty(rate)
    file = io.BytesIO()
    try:
        soundfile.write(file, pcm, rate, format="FLAC", subtype="PCM_16")
    except soundfile.SoundFileError as exc:
        raise ValueError(f"FLAC cannot hold {rate} samples a second ({exc})") from exc
    return file.getvalue()


def decode(fd: int) -> tuple[Pcm, int]:
    """The samples and the rate of the FLAC file open as *fd*.

    A descriptor and not bytes: libsndfile then reads by itself, without the interpreter's lock.

    Raises:
        ValueError: it is not a whole 16-bit mono FLAC file.
    """
    import numpy as np
    import soundfile

    start = os.pread(fd, _EMPTY_BYTES + 1, 0)
    if len(start) == _EMPTY_BYTES and start.startswith(_HEADER):
        return np.empty(0, np.int16), int.from_bytes(start[18:21]) >> 4
    os.lseek(fd, 0, os.SEEK_SET)
    try:
        with soundfile.SoundFile(fd, closefd=False) as file:
            if (file.format, file.subtype, file.channels) != ("FLAC", "PCM_16", 1):
                raise ValueError(f"{file.channels} channels of {file.format} {file.subtype}")
            pcm: Pcm = file.read(dtype="int16")
            if len(pcm) != file.frames:
                raise ValueError(f"{len(pcm)} of {file.frames} samples")
            return pcm, int(file.samplerate)
    except soundfile.SoundFileError as exc:
        raise ValueError(str(exc)) from exc


def _empty(rate: int) -> bytes:
    """STREAMINFO alone, since libFLAC writes nothing when there is nothing to write."""
    block_size = (4096).to_bytes(2)
    frame_bytes_unknown = bytes(3)
    rate_channels_bits = (rate << 44 | (1 - 1) << 41 | (16 - 1) << 36).to_bytes(8)
    checksum = hashlib.md5(b"", usedforsecurity=False).digest()
    return _HEADER + 2 * block_size + 2 * frame_bytes_unknown + rate_channels_bits + checksum
