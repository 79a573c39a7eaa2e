"""A stream of sound: float blocks, one after the other, of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono samples, full scale being 1."""

BLOCK_SAMPLES = 64 * 1152
"""What is worth handling at a time: 1.7 s, 288 KiB as floats, 64 MP3 frames."""


def even_blocks(blocks: Iterable[Samples], *, gain: float = 1.0) -> Iterator[Samples]:
    """The stream times *gain*, cut into fresh arrays of `BLOCK_SAMPLES`; the last is as long as it comes."""
    even = np.empty(BLOCK_SAMPLES, np.float32)
    filled = 0
    for block in blocks:
        done = 0
        while done < len(block):
            part = block[done : done + BLOCK_SAMPLES - filled]
            np.multiply(part, np.float32(gain), out=even[filled : filled + len(part)])
            done += len(part)
            filled += len(part)
            if filled == BLOCK_SAMPLES:
                yield even
                even = np.empty(BLOCK_SAMPLES, np.float32)
                filled = 0
    if filled:
        yield even[:filled]
