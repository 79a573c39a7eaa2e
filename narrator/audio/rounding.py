"""Floats to the 16-bit samples an encoder takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from narrator.audio.blocks import Samples
from narrator.errors import OutputError
from narrator.takes import Pcm

_LOWEST, _HIGHEST = -32768, 32767


class Rounded(NamedTuple):
    """Samples as they are encoded."""

    pcm: Pcm
    over: int
    """How many were beyond full scale and are cut off there."""


def rounded(block: Samples) -> Rounded:
    """The nearest 16-bit samples, so that those of a 16-bit take come out as they went in.

    The block is used up: its values are changed.

    Raises:
        OutputError: a sample is not a number.
    """
    np.multiply(block, np.float32(32768), out=block)
    np.rint(block, out=block)
    over = 0
    if not (block.min() >= _LOWEST and block.max() <= _HIGHEST):
        if not np.isfinite(block).all():
            raise OutputError("the joined sound holds samples that are not numbers")
        over = int(np.count_nonzero((block < _LOWEST) | (block > _HIGHEST)))
        np.clip(block, _LOWEST, _HIGHEST, out=block)
    return Rounded(block.astype(np.int16), over)
