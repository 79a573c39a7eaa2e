"""A recording that somebody made, as a take holds it: mono, 16 bit, at its own rate where that makes sense.

A file says itself what it is, whatever it is called: WAV, FLAC, MP3, Ogg, or what else libsndfile knows. A
copy that broke off on the way is refused, where the file tells: its end would be missing for good.
"""

from __future__ import annotations

import io

import numpy as np

from narrator.audio import mpeg, packed
from narrator.audio.blocks import Samples
from narrator.takes import Pcm

LONGEST_S = mpeg.LONGEST_S
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
KEPT_RATES = (44_100, 48_000)
"""What is above the last is brought down to that one of them which divides it, or to the last."""
_UNKNOWN = (0, 0xFFFFFFFF)
"""Sizes in headers that were written before the size was known."""
_PAGE, _LAST = b"OggS", 4


def read(data: bytes) -> tuple[Pcm, int]:
    """
    The sound of a file, its channels averaged, and its rate; `LONGEST_S` of it at most.

    Raises:
        ValueError: it is no such recording; the message says why, and what to do.
    """
    if _is_cut(data):
        raise ValueError("it is cut short: its end is missing; copy or export it again")
    if packed.recognise(data):
        pcm, rate = packed.decode(data)
    elif mpeg.recognise(data):
        pcm, rate = mpeg.decode(data)
    else:
        return _opened(data)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"its sample rate is {rate} Hz, and must be {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    kept = kept_rate(rate)
    return (pcm, rate) if kept == rate else (_to_pcm(_resampled(pcm, rate, kept)), kept)


def kept_rate(rate: int) -> int:
    """At how many samples a second a recording of *rate* is kept."""
    if rate <= KEPT_RATES[-1]:
        return rate
    return next((kept for kept in KEPT_RATES if rate % kept == 0), KEPT_RATES[-1])


def _opened(data: bytes) -> tuple[Pcm, int]:
    """What libsndfile decodes."""
    import soundfile  # not above: commands that bring nothing in must start fast

    from narrator.audio.decoding import Recording

    recording = Recording(io.BytesIO(data), longest_s=LONGEST_S)
    rate = kept_rate(int(soundfile.info(io.BytesIO(data)).samplerate))
    return _to_pcm(np.concatenate([*recording.blocks(rate), np.zeros(0, np.float32)])), rate


def _resampled(pcm: Pcm, rate: int, wanted: int) -> Samples:
    import soxr

    sound: Samples = soxr.resample(pcm.astype(np.float32) / 32768, rate, wanted)
    return sound


def _to_pcm(sound: Samples) -> Pcm:
    pcm: Pcm = np.clip(np.rint(sound * np.float32(32768)), -32768, 32767).astype(np.int16)
    return pcm


def _is_cut(data: bytes) -> bool:
    """Whether a WAV or an AIFF is shorter than it says, or an Ogg does not end with the end of its sound."""
    if data.startswith(_PAGE):
        return _breaks_off(data)
    kind = data[:4], data[8:12]
    if kind not in ((b"RIFF", b"WAVE"), (b"FORM", b"AIFF"), (b"FORM", b"AIFC")):
        return False
    size = int.from_bytes(data[4:8], "little" if kind[0] == b"RIFF" else "big")
    return size not in _UNKNOWN and size + 8 > len(data) + 1


def _breaks_off(data: bytes) -> bool:
    """Whether the last page of an Ogg is not marked as that, or not whole (RFC 3533, section 6)."""
    header = data[data.rfind(_PAGE) :][:27]
    if len(header) < 27 or not header[5] & _LAST:
        return True
    begins = data.rfind(_PAGE) + 27
    lengths = data[begins : begins + header[26]]
    return begins + header[26] + sum(lengths) > len(data)
