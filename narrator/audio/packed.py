"""FLAC and Ogg from elsewhere to samples, as mono 16 bit."""

from __future__ import annotations

import io

import numpy as np

from narrator.audio.mpeg import LONGEST_S
from narrator.takes import Pcm

MOST_SAMPLES = LONGEST_S * 96_000
"""Of all channels together: an hour at 48 kHz in stereo. A small file may hold far more."""
_BEGINNINGS = (b"fLaC", b"OggS")
_BLOCK_FRAMES = 1 << 16
_NOT_SAID = (1 << 63) - 1
"""How many samples libsndfile finds in a FLAC that was written before that was known; it cannot read it."""


def recognise(data: bytes) -> bool:
    """Whether it begins like one of them."""
    return data.startswith(_BEGINNINGS)


def decode(data: bytes) -> tuple[Pcm, int]:
    """The sound of a file and its rate.

    Raises:
        ValueError: it is damaged, cut, or too long.
    """
    import soundfile  # not above: it is slow to import, and few services send such files

    blocks = [np.empty(0, np.int16)]
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as opened:
            frames, rate = int(opened.frames), int(opened.samplerate)
            if frames == _NOT_SAID:
                raise ValueError("it does not say how long it is")
            most = min(LONGEST_S * rate, MOST_SAMPLES // opened.channels)
            if frames > most:
                raise ValueError(f"it is longer than {most / rate:.0f} s")
            # No room is made for what a header only says is there.
            while len(block := opened.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                mono = np.rint(block.mean(axis=1) * 32768)
                blocks.append(np.clip(mono, -32768, 32767).astype(np.int16))
    except soundfile.LibsndfileError as error:  # whose own text names an object of ours
        raise ValueError(f"it is damaged: {error.error_string}") from None
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise ValueError(f"it is damaged: {error}") from None
    pcm = np.concatenate(blocks)
    if len(pcm) != frames:
        raise ValueError(f"it is cut: of {frames:,} samples {len(pcm):,} can be decoded")
    return pcm, rate
