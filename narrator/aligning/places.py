"""The places that a walk through a rendition leads through: its frames, and a pause before every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from narrator.aligning.features import Floats
from narrator.aligning.warping import Frames

Edges = npt.NDArray[np.float64]
"""A row for each word: where it starts, where it ends, in frames."""


class Places(NamedTuple):
    """In their order."""

    frames: Frames
    """Of the rendition; of a pause, the frame after it."""
    pauses: npt.NDArray[np.bool_]
    """Which of them are pauses. A voice may make one there or not, and for as long as it likes."""
    starts: Frames
    """First place of each word."""
    ends: Frames
    """The place after its last."""

    @classmethod
    def of(cls, edges: Edges, silent: npt.NDArray[np.bool_]) -> Places:
        """
        Places of a rendition with as many frames as *silent* has.

        Args:
            silent: which frames are left out where they are in no word.
        """
        count = len(silent)
        bounds = np.clip(np.round(edges), 0, count).astype(np.intp)
        bounds = np.maximum.accumulate(bounds.reshape(-1)).reshape(-1, 2)
        spoken = np.zeros(count + 1, np.intp)
        np.add.at(spoken, bounds[:, 0], 1)
        np.add.at(spoken, bounds[:, 1], -1)
        kept = np.flatnonzero(~silent | (np.cumsum(spoken)[:-1] > 0))
        first, beyond = np.searchsorted(kept, bounds).T
        where = np.append(first, len(kept))
        frames = np.insert(kept, where, np.append(bounds[:, 0], count))
        pauses = np.insert(np.zeros(len(kept), bool), where, True)
        order = np.arange(len(bounds))
        return cls(np.minimum(frames, count - 1), pauses, first + order + 1, beyond + order + 1)

    def rows(self, told: Floats, pause: Floats) -> Floats:
        """The rendition's rows by place."""
        found = told[self.frames]
        found[self.pauses] = pause
        return found


def in_frames(times: Sequence[tuple[int, int]], rate: int, hop_ms: float) -> Edges:
    """Samples as frames and parts of frames."""
    return np.array(times, np.float64).reshape(-1, 2) * (1000 / (rate * hop_ms))
