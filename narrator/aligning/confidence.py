"""How sure a word's time is.

Fitted (logistic regression) on four of festival's voices in three languages, clean, in noise of 20, 10 and
0 dB, with echo, with words cut out and with another text altogether, so that of the words with p percent
about p in a hundred start within a tenth of a second of their time. One word in five was not there. Half of
the words were kept from the fit; `docs/benchmarks.md` has what it says of other takes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from narrator.aligning.features import Floats
from narrator.aligning.warping import Frames

USUAL = 10.4
UNLIKE, UNLIKE_AROUND = -0.8, -20.7
"""By how unlike the word is, and it and its neighbours."""
SHORTENED, DRAWN_OUT = -3.1, -6.3
"""By how much faster or slower it is than in the rendition (natural logarithm)."""
UNHEARD = 1.4
"""How unlike a word is that no frame is left for: as sound in a pause."""
SLACK = 2.0
"""Frames added to either length, that a short word's may not mean too much."""


def confidences(
    edges: Frames, told: npt.NDArray[np.float64], costs: Floats, quiet: Floats
) -> tuple[int, ...]:
    """
    Percent for each word.

    Args:
        edges: frame of the take where each word starts, and the one after it.
        told: where it starts and ends in the rendition, in frames as long as the take's.
        costs: of each frame of the take.
        quiet: 1 where it is silent, 0 or less where speech is.
    """
    if not len(edges):
        return ()
    sums = np.concatenate(([0.0], np.cumsum(np.where(quiet >= 1, np.maximum(costs, 1), costs))))
    before, after = np.roll(edges[:, 0], 1), np.roll(edges[:, 1], -1)
    before[0], after[-1] = edges[0, 0], edges[-1, 1]
    paces = np.log((np.diff(edges)[:, 0] + SLACK) / (np.diff(told)[:, 0] + SLACK))
    score = (
        USUAL
        + UNLIKE * _mean(sums, edges[:, 0], edges[:, 1])
        + UNLIKE_AROUND * _mean(sums, before, after)
        + SHORTENED * np.maximum(-paces, 0)
        + DRAWN_OUT * np.maximum(paces, 0)
    )
    return tuple(np.round(100 / (1 + np.exp(-np.clip(score, -30, 30)))).astype(int).tolist())


def _mean(sums: npt.NDArray[np.float64], first: Frames, beyond: Frames) -> npt.NDArray[np.float64]:
    means = (sums[beyond] - sums[first]) / np.maximum(beyond - first, 1)
    return np.where(beyond > first, means, UNHEARD)
