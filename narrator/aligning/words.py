"""Word times carried over from a rendition to a take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from narrator.aligning.confidence import confidences
from narrator.aligning.features import (
    CEPSTRA,
    HOP_MS,
    SILENT_DB,
    Floats,
    amid,
    directed,
    dying_away,
    levels,
    loudness,
    shapes,
    sounding_ms,
    spectra,
    top_hz,
    unit,
)
from narrator.aligning.places import Edges, Places, in_frames
from narrator.aligning.warping import MOST, PASS, Frames, Prices, walk
from narrator.takes import Pcm, PhonemeTime, WordTime

VERSION = 2
"""Raise it when the same take comes to get other times."""
LOOKS, CLOSE = ((16, 1500), (8, 64), (4, 96)), (1, 48)
"""The looks that are taken, each where the one before it pointed: so many frames as one; so many places
beside each of them, two minutes at first, a quarter of a second at last."""
CLOSE_PASS = 0.3
"""What it costs at last to pass over a place: by then none leads far astray."""
EVENNESS = 0.1
"""How firmly the rendition's own sound is held to, while it is brought nearer to the take's voice."""
PACE = 2.5
"""By how much a take and a rendition may differ, before the rest is left to the walk."""
PAUSE_DB, SOFT_DB = 45.0, 27.0
"""Below its loud parts, a take pauses, and speaks softly; sooner where there is noise."""
SILENCE_DB = 40.0
"""Below its loud parts, a rendition is silent."""
LEAD, LEAD_DB, LEAD_FADE_DB = 0.2, 24.0, 8.0
"""What a frame of soft sound before the first word costs (a breath, a hum), how far below the loud parts it
is soft, and over how much more its price rises to that of speech."""
LEAST_PAUSE = 8
"""Frames: what is shorter, where the rendition makes none, is the closure that the next word begins with."""


class Rendition(NamedTuple):
    """The same text spoken by the embedded voice."""

    pcm: Pcm
    rate: int
    words: tuple[WordTime, ...]
    """At `rate`."""
    phonemes: tuple[PhonemeTime, ...] = ()


class Path(NamedTuple):
    """Which moment of the rendition each moment of the take is like, frame by frame."""

    take_samples: Frames
    """Middle of each frame, at the take's rate."""
    rendition_samples: Frames
    """Of the frame beside it, at the rendition's rate; never falling."""
    costs: Floats
    """How unlike the two are: 0 alike, 1 unrelated, 2 opposite. Of a pause, how much is heard in it."""


class Aligned(NamedTuple):
    """When the words of a take sound."""

    words: tuple[WordTime, ...]
    """At the take's own rate; in order, not overlapping, inside its audio."""
    confidences: tuple[int, ...]
    """Percent, for each word: how likely it starts within a tenth of a second of its time."""
    cost: float
    """Mean of the path's costs."""
    path: Path


class _Way(NamedTuple):
    """A walk, and what it led through."""

    at: Frames
    """Place of each frame of the take."""
    places: Places
    costs: Floats


def align(pcm: Pcm, rate: int, rendition: Rendition) -> Aligned:
    """
    Find when the words of a take sound, whatever it holds; a low confidence says that it may not hold them.

    Args:
        pcm: the take.
        rate: its samples a second.
        rendition: the same text, at about the same pace if possible: a voice in haste slurs its words.
    """
    top = top_hz(rate, rendition.rate)
    power = spectra(pcm, rate, top=top)
    hop_ms = _hop_ms(pcm, rate, rendition)
    spoken = spectra(rendition.pcm, rendition.rate, top=top, hop_ms=hop_ms)
    edges = in_frames(rendition.words, rendition.rate, hop_ms)
    way = _walk(power, spoken, edges)
    edge = _edges(way, edges).reshape(-1)
    samples = np.clip(np.round((edge - 0.5) * (rate * HOP_MS / 1000)), 0, len(pcm)).astype(int)
    times = tuple(WordTime(*pair) for pair in np.maximum.accumulate(samples).reshape(-1, 2).tolist())
    beside = (way.places.frames[way.at] * (rendition.rate * hop_ms / 1000)).astype(np.intp)
    path = Path(
        np.minimum(np.arange(len(power)) * (rate * HOP_MS) // 1000, len(pcm)),
        np.minimum(beside, len(rendition.pcm)),
        way.costs,
    )
    sure = confidences(edge.reshape(-1, 2), edges, way.costs, _quiet(levels(power)))
    return Aligned(times, sure, float(way.costs.mean()), path)


def _hop_ms(pcm: Pcm, rate: int, rendition: Rendition) -> float:
    """Between frames of the rendition, so that it speaks as many of them as the take."""
    told_ms, heard_ms = sounding_ms(rendition.pcm, rendition.rate), sounding_ms(pcm, rate)
    hop_ms = HOP_MS * min(max((told_ms or 1) / (heard_ms or 1), 1 / PACE), PACE)
    # A walk passes over two frames at most.
    whole_ms, frames = len(rendition.pcm) * 1000 / rendition.rate, len(pcm) * 1000 / (rate * HOP_MS)
    return max(hop_ms, whole_ms / max(2 * frames - len(rendition.words), 1.0))


def _walk(power: Floats, spoken: Floats, edges: Edges) -> _Way:
    spoken = dying_away(spoken, power)
    heard, level = levels(power), levels(spoken)
    shape, own = shapes(power), shapes(amid(spoken, power))
    take = np.hstack((directed(shape), _quiet(heard)[:, None], _lead(heard)[:, None]))
    silent = level < loudness(level) - SILENCE_DB
    told = directed(own)
    beside = np.linspace(0, len(told) - 1, len(take))
    for look in LOOKS:
        beside = _frames(_look(take, told, edges, silent, beside, look), look[0], len(take))
        nearest = np.clip(np.round(beside), 0, len(told) - 1).astype(np.intp)
        told = directed(_in_voice(own, nearest, shape, ~silent[nearest]))
    return _look(take, told, edges, silent, beside, CLOSE)


def _quiet(level: Floats) -> Floats:
    """1 in a pause, 0 where as much is heard as in soft speech, less than 0 beyond."""
    loud, heard = loudness(level), level[level > SILENT_DB]
    least = float(np.percentile(heard, 5)) if len(heard) else 0.0
    pause = max(min(max(least + 6, loud - PAUSE_DB), loud - 12), SILENT_DB)
    speech = max(loud - SOFT_DB, pause + 8)
    return np.asarray(1 - 1.4 * np.clip((level - pause) / (speech - pause), 0, 1), np.float32)


def _lead(level: Floats) -> Floats:
    """As `_quiet`, but that soft sound is nearly as good: nobody has said yet where the speech begins."""
    above = np.clip((level - loudness(level) + LEAD_DB) / LEAD_FADE_DB, 0, 1)
    return np.asarray(np.maximum(_quiet(level), 1 - LEAD - 1.4 * above), np.float32)


def _edges(way: _Way, told: Edges) -> Frames:
    """Frame of the take where each word starts, and the one after it."""
    edges = np.searchsorted(way.at, np.stack((way.places.starts, way.places.ends), axis=1))
    starts, ends = edges[1:, 0], edges[:-1, 1]
    closed = (starts - ends < LEAST_PAUSE) & (told[1:, 0] - told[:-1, 1] < 1)
    starts[:] = np.where(closed, ends, starts)
    return edges


def _look(
    take: Floats,
    told: Floats,
    edges: Edges,
    silent: npt.NDArray[np.bool_],
    beside: npt.NDArray[np.float64],
    look: tuple[int, int],
) -> _Way:
    """
    Walk where *beside* points.

    Args:
        beside: for each frame of the take, the frame of the rendition that should be near.
        look: how many frames are one, and how many places are looked at beside each.
    """
    pool, reach = look
    heard = _pooled(take, pool)
    places = Places.of(edges / pool, _all(silent, pool))
    rows = np.pad(_pooled(told, pool), ((0, 0), (0, 2)))
    pause, lead = np.eye(rows.shape[1], dtype=np.float32)[-2:]
    rows = places.rows(rows, pause)
    if pool < LOOKS[0][0]:
        rows[0] = lead
    width = min(reach, len(rows))
    centres = np.searchsorted(places.frames, beside[::pool] / pool)
    lows = _even(np.clip(centres - width // 2, 0, len(rows) - width), len(rows) - width)
    prices = Prices.of(places.pauses, passing=CLOSE_PASS if pool == 1 else PASS)
    at = walk(heard, rows, prices, lows, width)
    costs = 1 - np.einsum("ij,ij->i", heard, rows[at])
    return _Way(at, places, np.asarray(costs, np.float32))


def _even(lows: Frames, last: int) -> Frames:
    """Never falling, from 0 to *last*, and rising by no more at a time than a walk can follow."""
    lows[0], lows[-1] = 0, last
    slope = MOST * np.arange(len(lows))
    lows = np.maximum.accumulate(lows)
    return np.asarray(np.maximum.accumulate((lows - slope)[::-1])[::-1] + slope)


def _frames(way: _Way, pool: int, count: int) -> npt.NDArray[np.float64]:
    """The frame of the rendition beside each of *count* frames of the take."""
    middle = (pool - 1) / 2
    pooled = np.arange(len(way.at)) * pool + middle
    return np.asarray(np.interp(np.arange(count), pooled, way.places.frames[way.at] * pool + middle))


def _pooled(rows: Floats, pool: int) -> Floats:
    """So many rows as one; the last columns, how quiet it is, keep their measure."""
    if pool == 1:
        return rows
    means = _grouped(rows, pool).mean(axis=1)
    return np.hstack((unit(means[:, : 2 * CEPSTRA]), means[:, 2 * CEPSTRA :]))


def _all(marks: npt.NDArray[np.bool_], pool: int) -> npt.NDArray[np.bool_]:
    return np.asarray(_grouped(marks[:, None], pool).all(axis=(1, 2)))


def _grouped(rows: npt.NDArray[np.generic], pool: int) -> npt.NDArray[np.generic]:
    count = -(-len(rows) // pool)
    padded = np.pad(rows, ((0, count * pool - len(rows)), (0, 0)), mode="edge")
    return np.asarray(padded.reshape(count, pool, rows.shape[1]))


def _in_voice(own: Floats, beside: Frames, shape: Floats, sounding: npt.NDArray[np.bool_]) -> Floats:
    """The rendition's shapes, moved as most easily brings them near the take's (ridge regression)."""
    known = np.hstack((own, np.ones((len(own), 1), np.float32))).astype(np.float64)
    near, wanted = known[beside[sounding]], shape[sounding]
    firm = np.full(known.shape[1], EVENNESS * max(len(near), 1))
    firm[-1] /= 10
    square = near.T @ near + np.diag(firm)
    moved = np.linalg.solve(square, near.T @ (wanted - near[:, :-1]))
    return np.asarray(own + known @ moved, np.float32)
