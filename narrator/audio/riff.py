"""WAV as services send it: piece by piece, with headers once or every time, and sizes that may be anything.

No size that a header declares is believed where it does not fit what is there, and none is allocated. A file
is told by `RIFF`, and `WAVE` eight bytes on; other parts (`LIST`, `fact`) may stand before its samples
and after them. Samples come out as mono 16 bit, the form in which takes are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from narrator.takes import Pcm

_INTEGER, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SAMPLE_BYTES = {_INTEGER: (1, 2, 3, 4), _FLOAT: (4, 8)}
_RATES = range(4_000, 384_001)
_MOST_CHANNELS = 32
_HEADER_BYTES = 12
_BLOCK_FRAMES = 1 << 16


class Layout(NamedTuple):
    """How samples are written, little endian and channel by channel."""

    rate: int
    """Samples a second."""
    channels: int = 1
    sample_bytes: int = 2
    floating: bool = False

    @property
    def frame_bytes(self) -> int:
        """Of one sample of every channel."""
        return self.channels * self.sample_bytes


class Wave(NamedTuple):
    """What was inside the headers."""

    data: bytes
    """Samples as they were written."""
    layout: Layout | None
    """None where there was no header."""


def unwrap(pieces: Iterable[bytes]) -> Wave:
    """The samples of a sound that came in pieces, each of which may begin with a header of its own, or not.

    A piece may end anywhere, within a header or within a sample.

    Raises:
        ValueError: a header that cannot be read, or two that differ.
    """
    whole = b"".join([_without_trailer(piece) for piece in pieces])
    starts = list(_headers(whole))
    if not starts:
        return Wave(whole, None)
    stretches = [(0, starts[0])]
    layouts = set()
    for start, end in pairwise([*starts, len(whole)]):
        layouts.add(_layout(whole, start, end))
        stretches += _samples(whole, start, end)
    if len(layouts) > 1:
        raise ValueError("WAV headers that differ: " + ", ".join(map(str, sorted(layouts))))
    return Wave(b"".join([whole[start:end] for start, end in stretches]), layouts.pop())


def to_pcm(data: bytes, layout: Layout) -> Pcm:
    """Samples as mono 16 bit: the mean of the channels, the nearest value; 16-bit mono as it is.

    Raises:
        ValueError: they end within a sample.
    """
    if len(data) % layout.frame_bytes:
        raise ValueError(f"{len(data)} bytes are no whole number of samples of {layout.frame_bytes} bytes")
    if layout.channels == 1 and layout.sample_bytes == 2:
        return np.frombuffer(data, "<i2").astype(np.int16, copy=False)
    pcm = np.empty(len(data) // layout.frame_bytes, np.int16)
    for start in range(0, len(pcm), _BLOCK_FRAMES):  # a byte may become eight on the way
        end = start + _BLOCK_FRAMES
        block = data[start * layout.frame_bytes : end * layout.frame_bytes]
        values = _values(block, layout).reshape(-1, layout.channels).mean(axis=1)
        values = np.nan_to_num(values, posinf=32767, neginf=-32768)
        pcm[start:end] = np.clip(np.rint(values), -32768, 32767)
    return pcm


def known_rate(rate: int) -> int:
    """Itself.

    Raises:
        ValueError: no sound has that many samples a second.
    """
    if rate not in _RATES:
        raise ValueError(f"{rate} samples a second")
    return rate


def _values(data: bytes, layout: Layout) -> npt.NDArray[np.float64]:
    """Samples on the scale of 16 bit, channels still interleaved."""
    size = layout.sample_bytes
    if layout.floating:
        with np.errstate(invalid="ignore", over="ignore"):
            return np.frombuffer(data, f"<f{size}").astype(np.float64) * 32768
    if size == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) * 256
    if size == 3:
        octets = np.zeros((len(data) // 3, 4), np.uint8)
        octets[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return octets.view("<i4")[:, 0] / 65536
    return np.frombuffer(data, f"<i{size}") / (1 << (8 * size - 16))


def _without_trailer(piece: bytes) -> bytes:
    """A piece up to its last sample, where it is a whole file: others may be joined to it."""
    if next(_headers(piece[:_HEADER_BYTES]), None) != 0:
        return piece
    ends = [end for _, end in _samples(piece, 0, len(piece), whole_file=False)]
    return piece[: ends[-1]] if ends and ends[-1] < len(piece) else piece


def _headers(whole: bytes) -> Iterator[int]:
    """Where files begin. (Eight given bytes do not come about by chance.)"""
    at = whole.find(b"WAVE", 8)
    while at >= 0:
        if whole.startswith(b"RIFF", at - 8):
            yield at - 8
        at = whole.find(b"WAVE", at + 1)


class _Part(NamedTuple):
    """A part of a file: its name, and where its content lies."""

    name: bytes
    start: int
    end: int
    """As declared; perhaps beyond the end of the file."""


def _parts(whole: bytes, start: int, end: int) -> Iterator[_Part]:
    """Parts of the file that lies there, one by one; a nameless one last, where they lead to its end."""
    at = start + _HEADER_BYTES
    while at + 8 <= end:
        name, size = whole[at : at + 4], int.from_bytes(whole[at + 4 : at + 8], "little")
        if name == b"RIFF" or not all(32 <= letter < 127 for letter in name):
            return
        part = _Part(name, at + 8, at + 8 + size)
        yield part
        # One of odd length is followed by a zero, which some writers forget.
        at = part.end + (size % 2 == 1 and whole.startswith(b"\0", part.end))
    if at == end:
        yield _Part(b"", end, end)


def _layout(whole: bytes, start: int, end: int) -> Layout:
    """How the samples of the file that lies there are written.

    Raises:
        ValueError: that is not said before they begin, or it is nothing known.
    """
    for part in _parts(whole, start, end):
        if part.name == b"fmt ":
            return _described(whole[part.start : min(part.end, end, part.start + 64)])
        if part.name == b"data":
            break
    raise ValueError("a WAV header that does not say how its samples are written")


def _described(content: bytes) -> Layout:
    if len(content) < 16:
        raise ValueError("a WAV header that is cut short")
    number = [int.from_bytes(content[at : at + 2], "little") for at in range(0, len(content) - 1, 2)]
    kind, channels, bits = number[0], number[1], number[7]
    rate = known_rate(int.from_bytes(content[4:8], "little"))
    if kind == _EXTENSIBLE and len(content) >= 26:
        kind = number[12]
    sample_bytes = (bits + 7) // 8
    if sample_bytes not in _SAMPLE_BYTES.get(kind, ()) or not 1 <= channels <= _MOST_CHANNELS:
        raise ValueError(f"WAV of format {kind} with {channels} channels of {bits} bits")
    return Layout(rate, channels, sample_bytes, floating=kind == _FLOAT)


def _samples(whole: bytes, start: int, end: int, *, whole_file: bool = True) -> list[tuple[int, int]]:
    """
    (start, end) of each stretch of samples in a file.

    Sizes that do not lead to the end of the file, part by part, are wrong: the samples then reach to its end.

    Raises:
        ValueError: there are none, and it is a whole file.
    """
    parts = list(_parts(whole, start, end))
    found = [(part.start, part.end) for part in parts if part.name == b"data"]
    if whole_file and not found:
        raise ValueError("a WAV header without samples")
    fits = bool(parts) and parts[-1] == _Part(b"", end, end)
    return found if fits or not found else [(found[0][0], end)]
