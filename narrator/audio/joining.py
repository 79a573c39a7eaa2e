"""A laid-out chapter as one stream of sound: each take cut, faded, brought to the master's rate.

Exact: the stream is as long as the timeline says, and what sounds at sample *s* of a take sounds
at `start_sample + (s - take_start_sample) * rate / take_rate` of the chapter, within one sample.
Pauses are digital silence here; room tone is laid under the whole later. Nothing is dithered or
limited. Memory does not grow with the chapter: one take and one block are held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from narrator.audio.blocks import Samples
from narrator.errors import DamagedTake
from narrator.takes import Pcm
from narrator.timeline import Placement, Timeline, samples

if TYPE_CHECKING:
    import soxr

FADE_MS = 4
"""At both edges of a take: shorter than the margins that `stitching` leaves around the sound."""

_SCALE = np.float32(1 / 32768)
_PIECE = 1 << 14
"""Samples handled at a time: enough to make calls cheap, few enough to stay in the processor's cache."""
_SILENCE = np.zeros(_PIECE, np.float32)
_SILENCE.setflags(write=False)  # every pause of every chapter is this one


def stream(timeline: Timeline, pcm: Callable[[str, str], Pcm]) -> Iterator[Samples]:
    """The chapter from its first sample to its last, in blocks of any length; none of them may be changed.

    Args:
        pcm: gives the samples of a take, by its key and id (`TakeStore.pcm`).

    Raises:
        DamagedTake: a take ends before the part of it that is used; or *pcm* says so.
    """
    resamplers: dict[int, soxr.ResampleStream] = {}
    done = 0
    for placement in timeline.placements:
        yield from _silence(placement.start_sample - done)
        yield from _placed(placement, pcm, timeline.rate, resamplers)
        done = placement.end_sample
    yield from _silence(timeline.samples - done)


def _placed(
    placement: Placement,
    pcm: Callable[[str, str], Pcm],
    rate: int,
    resamplers: dict[int, soxr.ResampleStream],
) -> Iterator[Samples]:
    take_rate = placement.take_rate
    pieces = _faded(_used(placement, pcm), samples(FADE_MS, take_rate))
    if take_rate != rate:
        if take_rate not in resamplers:
            resamplers[take_rate] = _resampler(take_rate, rate)
        pieces = _resampled(pieces, resamplers[take_rate])
    return _exactly(placement.end_sample - placement.start_sample, pieces)


def _used(placement: Placement, pcm: Callable[[str, str], Pcm]) -> Pcm:
    take = pcm(placement.take_key, placement.take_id)
    if len(take) < placement.take_end_sample:
        found, wanted = len(take), placement.take_end_sample
        raise DamagedTake(placement.take_id, f"it has {found} samples where {wanted} are used")
    return take[placement.take_start_sample : placement.take_end_sample]


def _faded(pcm: Pcm, fade: int) -> Iterator[Samples]:
    """*pcm* as floats, fading in and out.

    Faded at its own rate: the resampler then never meets a step, so that nothing rings at the edges.
    """
    fade = min(fade, len(pcm) // 2)
    rise = np.float32(0.5) * (1 - np.cos(np.pi * np.arange(fade) / max(1, fade))).astype(np.float32)
    body = len(pcm) - fade
    yield pcm[:fade] * (rise * _SCALE)
    for start in range(fade, body, _PIECE):
        yield pcm[start : min(start + _PIECE, body)] * _SCALE
    yield pcm[body:] * (rise[::-1] * _SCALE)


def _resampler(take_rate: int, rate: int) -> soxr.ResampleStream:
    import soxr  # not above: a run with nothing to do never comes here, and must start fast

    return soxr.ResampleStream(take_rate, rate, 1, dtype="float32", quality="HQ")


def _resampled(pieces: Iterable[Samples], resampler: soxr.ResampleStream) -> Iterator[Samples]:
    """Linear phase and without delay, so that every sample keeps its place."""
    resampler.clear()  # far cheaper than a new one, and the same
    for piece in pieces:
        yield resampler.resample_chunk(piece)
    yield resampler.resample_chunk(_SILENCE[:0], last=True)


def _exactly(length: int, pieces: Iterable[Samples]) -> Iterator[Samples]:
    """*length* samples of *pieces*: a resampler's own rounding may give one more or less."""
    for piece in pieces:
        yield piece[:length]
        length -= len(piece[:length])
    yield from _silence(length)


def _silence(length: int) -> Iterator[Samples]:
    for start in range(0, length, _PIECE):
        yield _SILENCE[: min(_PIECE, length - start)]
