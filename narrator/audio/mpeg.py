"""MP3 from elsewhere to samples: each frame counted, none lost, none believed in that is not there.

What tells a decoder how long an MP3 is and where its sound begins, an Info frame, may be missing, or speak of
the first piece of a stream alone; libsndfile then stops early, or goes by a guess. So the frames are walked
here, and each file is given an Info frame that is true before it is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from narrator.takes import Pcm

LONGEST_S = 3600
"""A sound that is longer is refused: it may be a small file, and needs room once it is decoded."""

_KBPS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Of MPEG 1, and of MPEG 2 and 2.5."""
_RATES = (44_100, 48_000, 32_000)
_DIVISORS = {3: 1, 2: 2, 0: 4}
"""Of the rates, by version: MPEG 1, 2 and 2.5."""
_DECODER_DELAY = 529
_ENCODER_DELAY = 576
"""LAME's own, where a file does not say."""
_BLOCK_SAMPLES = 1 << 16


class Frame(NamedTuple):
    """One frame of a stream."""

    start: int
    """Its first byte."""
    end: int
    rate: int
    samples: int
    mono: bool
    info_at: int
    """Where an Info header would stand in it."""


class _Info(NamedTuple):
    """What an Info frame says."""

    frames: int | None
    delay: int
    """Samples that the encoder put before the sound."""
    padding: int
    """And after it."""


def decode(data: bytes) -> tuple[Pcm, int]:
    """The sound of an MP3 and its rate; of several joined, one after the other.

    Raises:
        ValueError: it is no MP3, is cut within a frame, changes its rate, or is too long.
    """
    sounds = []
    rates = set()
    left_s = float(LONGEST_S)
    for found in _files(data):
        rates.add(found[0].rate)
        left_s -= sum(frame.samples for frame in found) / found[0].rate
        if left_s < 0:
            raise ValueError(f"MP3 longer than {LONGEST_S} seconds")
        sounds.append(_sound(data, found))
    if len(rates) != 1:
        raise ValueError("MP3 whose rate changes" if rates else "no MP3")
    return np.concatenate(sounds), rates.pop()


def recognise(data: bytes) -> bool:
    """Whether it begins like an MP3: with a tag, or with three frames one after another."""
    if data.startswith(b"ID3"):
        return True
    at = 0
    for _ in range(3):
        frame = _frame(data, at)
        if frame is None:
            return False
        at = frame.end
    return True


def frames(data: bytes) -> Iterator[Frame]:
    """The frames, one after another; tags between them are passed over.

    Raises:
        ValueError: something else lies there, or the last frame is cut.
    """
    at = 0
    while at < len(data):
        if data.startswith(b"ID3", at) and at + 10 <= len(data):
            at += 10 + _synchsafe(data[at + 6 : at + 10])
            if at > len(data):
                raise ValueError("MP3 with a tag that is cut short")
            continue
        if data.startswith(b"TAG", at) and len(data) - at == 128:
            return
        frame = _frame(data, at)
        if frame is None or frame.end > len(data):
            raise ValueError(f"MP3 without a {'whole ' if frame else ''}frame at byte {at} of {len(data)}")
        yield frame
        at = frame.end


def _frame(data: bytes, at: int) -> Frame | None:
    """The frame whose header stands there, if one does (ISO/IEC 11172-3, 13818-3: Layer III)."""
    header = int.from_bytes(data[at : at + 4])
    version, layer, kbps, rate, mode = (
        header >> 19 & 3, header >> 17 & 3, header >> 12 & 15, header >> 10 & 3, header >> 6 & 3
    )  # fmt: skip
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or kbps in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = _RATES[rate] // _DIVISORS[version]
    size = (144_000 if first else 72_000) * (_KBPS_1 if first else _KBPS_2)[kbps - 1] // hertz
    mono = mode == 3
    side = (17 if mono else 32) if first else (9 if mono else 17)
    end = at + size + (header >> 9 & 1)
    return Frame(at, end, hertz, 1152 if first else 576, mono, at + 4 + side)


def _files(data: bytes) -> Iterator[list[Frame]]:
    """The frames of each file: an Info frame begins one, and so does whatever lies between two frames."""
    found: list[Frame] = []
    for frame in frames(data):
        if found and (frame.start != found[-1].end or _is_info(data, frame)):
            yield found
            found = []
        found.append(frame)
    if found:
        yield found


def _is_info(data: bytes, frame: Frame) -> bool:
    return data[frame.info_at : frame.info_at + 4] in (b"Xing", b"Info")


def _info(data: bytes, frame: Frame) -> _Info:
    """What an Info frame says: Xing's fields, as far as its flags go, then LAME's."""
    content = data[frame.info_at + 4 : frame.end]
    flags = int.from_bytes(content[:4])
    count = int.from_bytes(content[4:8]) if flags & 1 else None
    lame = content[4 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2 :]
    gaps = int.from_bytes(lame[21:24])
    if len(lame) >= 24 and gaps:
        return _Info(count, gaps >> 12, gaps & 0xFFF)
    return _Info(count, _ENCODER_DELAY, 0)


def _sound(data: bytes, found: Sequence[Frame]) -> Pcm:
    """The samples of one file."""
    info = _info(data, found[0]) if _is_info(data, found[0]) else None
    sounding = found[1:] if info else found
    if not sounding:
        return np.empty(0, np.int16)
    first = sounding[0]
    if any((frame.rate, frame.mono) != (first.rate, first.mono) for frame in sounding):
        raise ValueError("MP3 whose rate or number of channels changes")
    delay = info.delay if info else _ENCODER_DELAY
    # The padding of a shorter stream is not that of this one. A decoder needs 529 samples of it anyway.
    known = info is not None and info.frames in (len(sounding), len(found))
    padding = max(_DECODER_DELAY, info.padding if info and known else 0)
    stream = _true_info(data, first, count=len(sounding), delay=delay, padding=padding)
    samples = len(sounding) * first.samples - delay - padding
    return _decoded(stream + data[first.start : sounding[-1].end], samples=max(0, samples))


def _true_info(data: bytes, frame: Frame, *, count: int, delay: int, padding: int) -> bytes:
    """An Info frame for *count* frames like this one, with Xing's number of frames and LAME's two gaps."""
    header = int.from_bytes(data[frame.start : frame.start + 4])
    # No checksum, no padding, and a bit rate at which there is room.
    made = ((header | 1 << 16) & ~(0xF << 12 | 1 << 9) | 9 << 12).to_bytes(4)
    plain = _frame(made, 0)
    content = made.ljust(frame.info_at - frame.start, b"\0") + b"Xing" + (1).to_bytes(4) + count.to_bytes(4)
    content += b"LAME3.100".ljust(21, b"\0") + (delay << 12 | padding).to_bytes(3)
    return content.ljust(plain.end if plain else 0, b"\0")


def _decoded(data: bytes, *, samples: int) -> Pcm:
    """What libsndfile makes of it.

    Raises:
        ValueError: nothing, or another number of samples.
    """
    import soundfile  # not above: it is slow to load, and few services send MP3

    blocks = [np.empty(0, np.int16)]
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            # As floats: what is beyond full scale would turn round among the integers.
            while len(block := file.read(_BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                mono = np.rint(block.mean(axis=1) * 32768)
                blocks.append(np.clip(mono, -32768, 32767).astype(np.int16))
    except soundfile.LibsndfileError as exc:
        raise ValueError(f"MP3 that cannot be decoded ({exc.error_string})") from exc
    pcm = np.concatenate(blocks)
    if len(pcm) != samples:
        raise ValueError(f"MP3 of {samples} samples of which {len(pcm)} can be decoded")
    return pcm


def _synchsafe(octets: bytes) -> int:
    """A number of 7 bits to the byte, as ID3 writes the length of a tag."""
    return sum((octet & 0x7F) << shift for octet, shift in zip(octets, (21, 14, 7, 0), strict=True))
