"""A recording that somebody sends, as a stream of mono samples: WAV, MP3, Ogg, FLAC and others.

It comes from strangers. libsndfile reads no more than a header announces, and no more than there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from narrator.audio.blocks import Samples

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
MOST_CHANNELS = 8
_BLOCK_S = 0.5


class Recording:
    """A sound file, to be listened to as often as is needed."""

    def __init__(self, file: BinaryIO, *, longest_s: float) -> None:
        """
        Args:
            file: seekable; the caller closes it.
            longest_s: seconds of sound that are taken.

        Raises:
            ValueError: it cannot be decoded, or is not as a recording should be; the message says how.
        """
        self._file = file
        with self._opened() as sound:
            if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
                expected = f"{LOWEST_RATE} to {HIGHEST_RATE}"
                raise ValueError(f"its sample rate is {sound.samplerate} Hz, and must be {expected} Hz")
            if sound.channels > MOST_CHANNELS:
                raise ValueError(f"it has {sound.channels} channels, and may have {MOST_CHANNELS}")
            if sound.frames > longest_s * sound.samplerate:
                raise ValueError(f"it is longer than {longest_s:g} seconds; divide it")

    def blocks(self, rate: int) -> Iterator[Samples]:
        """
        All of it from the start, its channels averaged, at *rate* samples a second.

        Raises:
            ValueError: it is damaged.
        """
        with self._opened() as sound:
            resampler = soxr.ResampleStream(sound.samplerate, rate, 1) if sound.samplerate != rate else None
            while len(read := self._read(sound)):
                # A file of floats may hold anything.
                mono = np.clip(np.nan_to_num(read.mean(axis=1)), -1, 1)
                yield resampler.resample_chunk(mono) if resampler else mono
            if resampler:
                yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def _opened(self) -> soundfile.SoundFile:
        self._file.seek(0)
        if self._file.read(8)[4:] == b"ftyp":
            raise ValueError("MP4 audio (M4A) cannot be decoded here; use WAV, FLAC, MP3 or Ogg")
        self._file.seek(0)
        try:
            return _Straight(self._file)
        except soundfile.SoundFileError:
            raise ValueError("it is no sound file known here; use WAV, FLAC, MP3 or Ogg") from None

    def _read(self, sound: soundfile.SoundFile) -> Samples:
        try:
            read: Samples = sound.read(int(_BLOCK_S * sound.samplerate), dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            raise ValueError("it is damaged: its sound breaks off") from None
        return read


class _Straight(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Read from beginning to end: soundfile seeks after each read, which is heard in many an MP3."""

    def seekable(self) -> bool:
        return False
