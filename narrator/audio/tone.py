"""Room tone: quiet white noise, so that pauses are a room and not a hole. It also serves as dither.

The same bits on every machine: a loop of noise made from SHAKE-128 (FIPS 202) and whole-number sums,
long enough (5.9 s at 44.1 kHz) and of prime length, so that it falls into no rhythm with anything.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from narrator.audio.blocks import Samples
from narrator.audio.loudness import amplitude

_LOOP_SAMPLES = 262_147  # prime
_UNIFORMS = 4  # summed for each sample: close to normal, and never beyond 3.5 times the RMS


def under_tone(blocks: Iterable[Samples], *, level_db: float) -> Iterator[Samples]:
    """Put room tone of that RMS under a stream, in place; what is added depends on the position alone."""
    loop = _loop(level_db)
    position = 0
    for block in blocks:
        done = 0
        while done < len(block):
            part = block[done : done + len(loop) - position]
            part += loop[position : position + len(part)]
            position = (position + len(part)) % len(loop)
            done += len(part)
        yield block


@cache
def _loop(level_db: float) -> Samples:
    octets = hashlib.shake_128(b"room tone").digest(2 * _UNIFORMS * _LOOP_SAMPLES)
    sums = np.frombuffer(octets, "<u2").reshape(_LOOP_SAMPLES, _UNIFORMS).sum(axis=1, dtype=np.int64)
    # Uniform over n whole numbers has a variance of (n * n - 1) / 12.
    deviation = math.sqrt(_UNIFORMS * (65536**2 - 1) / 12)
    loop = np.asarray((sums - _UNIFORMS * 65535 / 2) * (amplitude(level_db) / deviation), np.float32)
    loop.flags.writeable = False
    return loop
