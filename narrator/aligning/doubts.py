"""Whether a take holds its text, and the places where it does not seem to.

The take is held against the rendition frame by frame, first word by word as they stand, then by ways that
may leave words out or say them again. Such a way has a price; a doubt is where it pays. What two frames
cost is measured by the take itself: 0 as alike as its frames usually are, 1 as unlike as any two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from narrator.aligning.features import HOP_MS, Floats, amid, cepstra, levels, spectra, top_hz, unit
from narrator.aligning.leaps import Frames, Leap, Way, cheapest, find
from narrator.aligning.words import Rendition
from narrator.takes import Doubt, Pcm, WordTime

POOL = 4
"""Frames that are looked at as one."""
QUIET_DB = 35.0
"""Below the loud parts: what is quieter is no speech."""
LONGEST_QUIET = 12
"""Frames of a pause that are looked at; the rest is passed over, in take and rendition."""
MISSING, REPEATED = 2.5, 3.5
"""What a leap costs at the usual pace, in unlike frames; slow speech has more of them."""
USUAL = 4.0
"""Frames of a phoneme at that pace."""
LETTERS = 4
"""Phonemes of a word, where they are not known."""
SHORTEST = 6
"""Frames: of a word that takes less time than this nobody can tell whether it is missing or slurred."""
EVENNESS = 10.0
"""How firmly the rendition's own sound is held to, while it is brought nearer to the take's voice."""
LONGEST_S = 40
"""A longer take is looked at in parts of about this."""
FOREIGN, FOREIGN_TOTAL = 0.75, 6.0
"""Frames less like than this are something else, if together they come to that much more."""
PIECE = 8
"""Frames of the pieces that the text is shuffled in."""
HOLDS = -0.3
"""How much better the text must fit than the same sounds in another order, less what is unlike it. Measured
with voices of three engines: the text is at -0.24 to 0.8, 98 of 100 other texts are below -0.3."""
SMALL = 250_000
"""Multiplications that BLAS does in one thread."""
FEWEST = 4
"""Words that can be put in another order."""
SHORTEST_MS = 25
"""A phoneme's time: nobody speaks faster."""


class Verdict(NamedTuple):
    """What a look at a take has shown."""

    holds: bool
    """False: it is plainly not the text."""
    doubts: tuple[Doubt, ...] = ()
    """In order of the words; of a take that does not hold them, a guess at what is wrong with it."""


class _Pair(NamedTuple):
    """A take and a rendition, made ready."""

    take: Floats
    told: Floats
    take_samples: Frames
    """Where each frame of the take begins."""
    starts: Frames
    """First frame of each word of the rendition."""
    ends: Frames
    """Last frame of each."""
    slowness: float
    """How long its phonemes are beside the usual."""


def look(pcm: Pcm, rate: int, rendition: Rendition, words: tuple[WordTime, ...]) -> Verdict:
    """
    Judge whether a take holds its text, and where words are missing, said twice or something else.

    Args:
        pcm: the take.
        rate: its samples a second.
        rendition: the same text; the nearer its pace, the better.
        words: when the words sound in the take, if it holds them; a long take is divided by them.
    """
    if not _speaks(pcm, rate, rendition):
        return Verdict(False)
    doubts: list[Doubt] = []
    holding: list[tuple[float, int]] = []
    for first, beyond in _parts(words, rate):
        pair = _pair(pcm, rate, rendition, words, first, beyond)
        if min(len(pair.take), len(pair.told)) < 3:
            continue
        ways = _compared(pair)
        holding.append((_hold(pair, ways), len(pair.take)))
        doubts += _doubts(pair, ways, first, len(pcm))
    whole = sum(frames for _, frames in holding)
    holds = bool(whole) and sum(held * frames for held, frames in holding) >= HOLDS * whole
    return Verdict(holds, tuple(sorted(doubts, key=lambda doubt: (doubt.first, doubt.last))))


def _speaks(pcm: Pcm, rate: int, rendition: Rendition) -> bool:
    """Whether there is sound at all, and enough of it for all those phonemes."""
    return sounding_ms(pcm, rate) >= SHORTEST_MS * max(len(rendition.phonemes), len(rendition.words))


def sounding_ms(pcm: Pcm, rate: int) -> int:
    """How long there is sound, pauses aside."""
    return int((~_quiet(spectra(pcm, rate, top=top_hz(rate)))).sum()) * HOP_MS


def _parts(words: tuple[WordTime, ...], rate: int) -> Iterator[tuple[int, int]]:
    """(first, beyond) of the words that are looked at together: divided at the longest pause in reach."""
    first, longest = 0, LONGEST_S * rate
    while first < len(words):
        begin = words[first].start_sample
        beyond = first + 1
        while beyond < len(words) and words[beyond].end_sample - begin <= longest:
            beyond += 1
        if beyond < len(words):
            nearest = first + max(1, (beyond - first) // 2)
            beyond = max(
                range(nearest, beyond + 1),
                key=lambda word: words[word].start_sample - words[word - 1].end_sample,
            )
        yield first, beyond
        first = beyond


def _pair(
    pcm: Pcm, rate: int, rendition: Rendition, words: tuple[WordTime, ...], first: int, beyond: int
) -> _Pair:
    start, end = _edges(words, first, beyond, len(pcm))
    told_start, told_end = _edges(rendition.words, first, beyond, len(rendition.pcm))
    top = top_hz(rate, rendition.rate)
    heard = spectra(pcm[start:end], rate, top=top)
    spoken = spectra(rendition.pcm[told_start:told_end], rendition.rate, top=top)
    take, take_frames = _features(heard, _quiet(heard))
    told, told_frames = _features(amid(spoken, heard), _quiet(spoken))
    samples = take_frames * (rate * HOP_MS) // 1000 + start
    edges = np.array(rendition.words[first:beyond]) - told_start
    at = told_frames * (rendition.rate * HOP_MS) // 1000
    starts = np.clip(np.searchsorted(at, edges[:, 0]), 0, len(at) - 1)
    ends = np.clip(np.searchsorted(at, edges[:, 1]) - 1, starts, len(at) - 1)
    begun = [told_start <= phoneme.start_sample < told_end for phoneme in rendition.phonemes]
    sounds = sum(begun) or LETTERS * (beyond - first)
    return _Pair(take, told, samples, starts, ends, len(told) / (USUAL * sounds))


def _edges(words: tuple[WordTime, ...], first: int, beyond: int, samples: int) -> tuple[int, int]:
    """The samples of those words; all that there are before the first and after the last."""
    start = 0 if first == 0 else words[first].start_sample
    end = samples if beyond == len(words) else words[beyond].start_sample
    return start, max(start, end)


def _features(power: Floats, quiet: npt.NDArray[np.bool_]) -> tuple[Floats, Frames]:
    """Unit rows without long pauses, and for each the frame of *power* where it begins."""
    rows = cepstra(power)
    kept = np.flatnonzero(_kept(quiet))
    count = len(kept) // POOL
    means = rows[kept[: count * POOL]].reshape(count, POOL, -1).mean(axis=1)
    return unit(means), kept[: count * POOL : POOL]


def _quiet(power: Floats) -> npt.NDArray[np.bool_]:
    """Frames that hold no speech: far below the loud ones, or hardly above what is there all the time."""
    level = levels(power)
    loud, floor = float(np.percentile(level, 95)), float(np.percentile(level, 3))
    return np.asarray(level < max(loud - QUIET_DB, min(floor + 4, loud - 12), -90.0))


def _kept(quiet: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """All but the middle of each long pause."""
    kept = np.ones(len(quiet), bool)
    changes = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    for start, end in zip(changes[::2], changes[1::2], strict=True):
        if end - start > LONGEST_QUIET:
            kept[start + LONGEST_QUIET // 2 : end - LONGEST_QUIET // 2] = False
    return kept


class _Ways(NamedTuple):
    """What each pair of frames costs, and the cheapest ways through the words."""

    unlike: Floats
    plain: Way
    """Through all of them in their order."""
    forward: Way
    """Some perhaps left out."""
    back: Way
    """Some perhaps said again."""
    unlikeness: float
    """Mean cost on the cheapest of these, beside that of any two frames."""


def _compared(pair: _Pair) -> _Ways:
    way = find(_scaled(_apart(pair.take, pair.told), None), pair.starts, pair.ends)
    raw = _apart(pair.take, _in_voice(pair.take, pair.told, way.frames))
    way = find(_scaled(raw, way.frames), pair.starts, pair.ends)
    unlike = _scaled(raw, way.frames)
    forward = find(unlike, pair.starts, pair.ends, leap="forward", price=MISSING * pair.slowness)
    back = find(unlike, pair.starts, pair.ends, leap="back", price=REPEATED * pair.slowness)
    # The plain way was found at another scale; one that does not leap is as good.
    best = min((forward, back), key=lambda found: found.cost)
    on_way = raw[np.arange(len(raw)), best.frames]
    return _Ways(unlike, way, forward, back, float(on_way.mean() / max(float(np.median(raw)), 1e-3)))


def _apart(take: Floats, told: Floats) -> Floats:
    """How unlike each pair of frames is: 0 alike, 2 opposite."""
    apart = np.empty((len(take), len(told)), np.float32)
    # In this thread: BLAS divides larger products among threads, which wait for those of other takes.
    step = max(1, SMALL // told.size)
    for first in range(0, len(take), step):
        np.matmul(take[first : first + step], told.T, out=apart[first : first + step])
    return np.subtract(1, apart, out=apart)


def _in_voice(take: Floats, told: Floats, frames: Frames) -> Floats:
    """The rendition, its features moved by what usually tells the take's voice from it (ridge regression)."""
    ones = np.ones((len(told), 1), np.float32)
    known = np.hstack((told, ones))
    beside = known[frames]
    square = np.einsum("ij,ik->jk", beside, beside) + EVENNESS * np.eye(known.shape[1], dtype=np.float32)
    moved = np.linalg.solve(square, np.einsum("ij,ik->jk", beside, take - told[frames]))
    return unit(told + np.einsum("ij,jk->ik", known, moved))


def _scaled(raw: Floats, frames: Frames | None) -> Floats:
    """0 as alike as frames on the way usually are, 1 as unlike as any two."""
    usual = float(np.median(raw))
    alike = 0.0 if frames is None else float(np.median(raw[np.arange(len(raw)), frames]))
    return np.asarray((raw - alike) / max(usual - alike, 0.1), np.float32)


def _hold(pair: _Pair, ways: _Ways) -> float:
    """How surely the take holds the text: by how much of its cost it is cheaper than its own sounds in other
    orders, less what is unlike it all the same."""
    raw = _scaled(_apart(pair.take, pair.told), None)
    costs = cheapest(raw, list(_shuffled(len(pair.told))))
    fit = 1 - float(costs[0] / max(costs[1:].min(), 1e-6))
    if fit - ways.unlikeness >= HOLDS or len(pair.starts) < FEWEST:
        return fit - ways.unlikeness
    # Where much is missing or repeated, the way through all of it is dear; so it is for other orders.
    leapt = [_cheapest_leaping(raw, pair, order) for order in _reordered(len(pair.starts))]
    return max(fit, 1 - leapt[0] / max(min(leapt[1:]), 1e-6)) - ways.unlikeness


def _shuffled(frames: int) -> Iterator[Frames]:
    """The frames as they are; then pieces of them from last to first, and every other piece first."""
    every = np.arange(frames)
    yield every
    for piece in (PIECE, 2 * PIECE):
        cuts = np.array_split(every, max(2, round(frames / piece)))
        yield np.concatenate(cuts[::-1])
        yield np.concatenate(cuts[1::2] + cuts[::2])


def _reordered(words: int) -> tuple[Frames, ...]:
    every = np.arange(words)
    return every, every[::-1], np.concatenate((every[1::2], every[::2]))


def _cheapest_leaping(unlike: Floats, pair: _Pair, order: Frames) -> float:
    """The cost of the cheapest way through the words in some order, with words left out or said again."""
    lengths = (pair.ends - pair.starts + 1)[order]
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    columns = np.repeat(pair.starts[order] - starts, lengths) + np.arange(lengths.sum())
    shuffled = np.ascontiguousarray(unlike[:, columns])
    ends = starts + lengths - 1
    return min(
        find(shuffled, starts, ends, leap="forward", price=MISSING * pair.slowness).cost,
        find(shuffled, starts, ends, leap="back", price=REPEATED * pair.slowness).cost,
    )


def _doubts(pair: _Pair, ways: _Ways, first: int, samples: int) -> Iterator[Doubt]:
    at = np.append(pair.take_samples, samples)
    for leap in ways.forward.leaps:
        if pair.ends[leap.entered - 1] - pair.starts[leap.left + 1] < SHORTEST:
            continue
        place = int(at[leap.row])
        yield Doubt(
            kind="missing",
            first=first + leap.left + 1,
            last=first + leap.entered - 1,
            start_sample=place,
            end_sample=place,
        )
    for leap in ways.back.leaps:
        yield _repeated(pair, ways.back, leap, first, at)
    if not (ways.forward.leaps or ways.back.leaps):
        yield from _otherwise(pair, ways.unlike, ways.plain, first, at)


def _repeated(pair: _Pair, way: Way, leap: Leap, first: int, at: Frames) -> Doubt:
    """Words that were walked twice; the place is that of the second time."""
    end = leap.row
    while end < len(way.frames) and way.frames[end] <= pair.ends[leap.left]:
        end += 1
    return Doubt(
        kind="repeated",
        first=first + leap.entered,
        last=first + leap.left,
        start_sample=int(at[leap.row]),
        end_sample=int(at[end]),
    )


def _otherwise(pair: _Pair, unlike: Floats, way: Way, first: int, at: Frames) -> Iterator[Doubt]:
    """Where the sound is unlike its words for so long that it cannot be only a way of saying them."""
    excess = unlike[np.arange(len(unlike)), way.frames] - FOREIGN
    for start, end in _surges(excess):
        words = np.flatnonzero((pair.starts <= way.frames[end]) & (pair.ends >= way.frames[start]))
        if len(words):
            yield Doubt(
                kind="otherwise",
                first=first + int(words[0]),
                last=first + int(words[-1]),
                start_sample=int(at[start]),
                end_sample=int(at[end + 1]),
            )


def _surges(excess: Floats) -> Iterator[tuple[int, int]]:
    """(first, last) of the stretches whose sum is large, each as long as that sum grows."""
    total, start, top, last = 0.0, 0, 0.0, 0
    for place, value in enumerate(np.append(excess, -np.inf).tolist()):
        total += value
        if total > top:
            top, last = total, place
        if total <= 0 or total < top - FOREIGN_TOTAL:
            if top >= FOREIGN_TOTAL:
                yield start, last
            total, start, top = 0.0, place + 1, 0.0
