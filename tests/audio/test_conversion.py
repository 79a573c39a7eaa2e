"""Voice conversion, judged by measuring what comes out with other means than it was made with."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import Samples
from narrator.audio.character import Character, scale, study
from narrator.audio.conversion import CEILING_DB, convert
from narrator.providers.espeak import Espeak
from narrator.takes import Request, Spoken

RATE = 48_000
SAID = (
    "The lighthouse keeper climbed the stairs slowly, counting every step. Outside the wind was rising, and"
    " nobody on the island slept."
)
OTHERWISE = (
    "A young woman from the north arrived with nothing but hope. She sells sea shells while the boys enjoy"
    " their noisy toys by the river bank."
)
PAIRS = [
    ("en-us", "en-us+f3"),
    ("en-us+f3", "en-us"),
    ("en-us+m1", "en-us+f5"),
    ("en-us+f2", "en-us+m1"),
    ("en-us+linda", "en-us+m3"),
    ("en-gb", "en-us+Annie"),
]


@cache
def renditions() -> dict[tuple[str, str], Samples]:
    """Both texts in every voice, the embedded engine's own, at 48 kHz."""
    found: dict[tuple[str, str], Samples] = {}
    engine = Espeak({"concurrency": 1})
    try:
        for voice in {name for pair in PAIRS for name in pair}:
            choice = engine.choose(voice, {})
            for text in (SAID, OTHERWISE):
                request = Request(
                    provider="espeak",
                    voice=choice.voice,
                    spoken=Spoken(text=text),
                    settings=choice.settings,
                )
                (made,) = engine.generate(request)
                sound = made.pcm.astype(np.float32) / 32768
                found[voice, text] = soxr.resample(sound, made.rate, RATE)
    finally:
        engine.close()
    return found


def spoken(voice: str, text: str = SAID) -> Samples:
    return renditions()[voice, text]


def blocks(sound: Samples, size: int = 4_800) -> Iterator[Samples]:
    for start in range(0, len(sound), size):
        yield sound[start : start + size]


@cache
def character(voice: str) -> Character:
    return study(blocks(spoken(voice, OTHERWISE)), RATE).character


def converted(sound: Samples, target: Character, size: int = 4_800) -> Samples:
    heard = study(blocks(sound, size), RATE)
    pieces = list(convert(blocks(sound, size), RATE, source=heard, target=target))
    return np.concatenate([np.zeros(0, np.float32), *pieces])


@cache
def pair(source: str, target: str) -> Samples:
    return converted(spoken(source), character(target))


# Judges


def pitches(sound: Samples) -> npt.NDArray[np.float64]:
    """Pitch of each frame that has one, from the cepstrum."""
    rate, size = 12_000, 1024
    slow = soxr.resample(sound, RATE, rate)
    frames = np.lib.stride_tricks.sliding_window_view(slow, size)[::240]
    frames = frames[np.sqrt((frames**2).mean(axis=1)) > 0.1 * np.abs(slow).max()]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(size), 2 * size, axis=1)) + 1e-9
    cepstra = np.fft.irfft(np.log(spectra), axis=1)[:, : rate // 60]
    shortest = rate // 450
    peaks = cepstra[:, shortest:].max(axis=1)
    lags = cepstra[:, shortest:].argmax(axis=1) + shortest
    return np.asarray(rate / lags[peaks > np.percentile(peaks, 40)])


def formants(sound: Samples) -> npt.NDArray[np.float64]:
    """Medians of the first three resonances, from the roots of linear prediction."""
    rate, size, order = 10_000, 300, 12
    slow = soxr.resample(sound, RATE, rate)
    loud = 0.2 * np.abs(slow).max()
    found = []
    for start in range(0, len(slow) - size, 200):
        frame = np.diff(slow[start : start + size], prepend=0) * np.hamming(size)
        if np.sqrt((slow[start : start + size] ** 2).mean()) < loud / 2:
            continue
        own = np.correlate(frame, frame, "full")[size - 1 : size + order]
        matrix = own[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
        filter_ = np.linalg.solve(matrix + np.eye(order) * own[0] * 1e-6, own[1:])
        roots = np.roots([1, *-filter_])
        roots = roots[roots.imag > 0]
        hertz, widths = np.angle(roots) * rate / (2 * np.pi), -np.log(np.abs(roots)) * rate / np.pi
        narrow = np.sort(hertz[(widths < 500) & (hertz > 150)])
        if len(narrow) >= 3:
            found.append(narrow[:3])
    return np.asarray(np.median(found, axis=0))


def loudness(sound: Samples) -> npt.NDArray[np.float64]:
    """RMS of each 20 ms."""
    squares = np.square(sound, dtype=np.float64)
    return np.sqrt(np.add.reduceat(squares, np.arange(0, len(squares), RATE // 50)) / (RATE // 50))


# What was promised


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_pitch_becomes_the_targets(source: str, target: str) -> None:
    """Within a tenth, however far away it was."""
    wanted = np.median(pitches(spoken(target, OTHERWISE)))

    assert np.median(pitches(pair(source, target))) == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize(("source", "target"), PAIRS[:5])
def test_resonances_move_towards_the_targets(source: str, target: str) -> None:
    """Of the second and the third, which say how long a vocal tract is."""
    before, after, wanted = formants(spoken(source)), formants(pair(source, target)), formants(spoken(target))

    left = np.abs(np.log(after / wanted))[1:].sum()
    way = np.abs(np.log(before / wanted))[1:].sum()
    assert left < 0.7 * way


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_moment_stays_in_its_place(source: str, target: str) -> None:
    """As long to the sample, and as loud at every moment."""
    before, after = spoken(source), pair(source, target)

    assert len(after) == len(before)
    assert np.corrcoef(loudness(before), loudness(after))[0, 1] > 0.98
    assert np.abs(after).max() <= 10 ** (CEILING_DB / 20) + 1e-4


def test_to_its_own_voice_little_changes() -> None:
    before, after = spoken("en-us"), pair("en-us", "en-us")

    assert np.median(pitches(after)) == pytest.approx(np.median(pitches(before)), rel=0.05)
    assert np.allclose(formants(after), formants(before), rtol=0.08)


@pytest.mark.parametrize(("source", "target"), [("en-us", "en-us+f3"), ("en-us+f3", "en-us")])
def test_a_melody_becomes_as_wide_as_the_targets(source: str, target: str) -> None:
    after = study(blocks(pair(source, target)), RATE).character

    assert after.spread == pytest.approx(character(target).spread, rel=0.25)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60_000))
@settings(max_examples=5, deadline=None)
def test_how_the_sound_is_cut_up_changes_nothing(seed: int, size: int) -> None:
    start = seed % (len(spoken("en-us")) - RATE)
    sound = spoken("en-us")[start : start + RATE]

    assert np.array_equal(
        converted(sound, character("en-us+f3"), size), converted(sound, character("en-us+f3"))
    )


def test_silence_stays_silent() -> None:
    """Around speech, where nothing may ring on, and alone."""
    silence = np.zeros(RATE, np.float32)
    sound = np.concatenate((silence, spoken("en-us")[: 2 * RATE], silence))

    after = converted(sound, character("en-us+f3"))

    quiet = RATE - RATE // 20
    assert np.abs(after[:quiet]).max() < 1e-5
    assert np.abs(after[-quiet:]).max() < 1e-5
    assert not converted(silence, character("en-us+f3")).any()


def test_sound_without_pitch_keeps_its_nature() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)

    after = converted(noise, character("en-us+f3"))

    assert study(blocks(noise), RATE).character.median_hz == 0
    assert np.allclose(after, noise, atol=0.02)


@pytest.mark.parametrize("samples", [0, 1, 2, 47, 480, 4801])
def test_the_shortest_sounds_do_no_harm(samples: int) -> None:
    after = converted(spoken("en-us")[20_000 : 20_000 + samples], character("en-us+f3"))

    assert len(after) == samples
    assert np.isfinite(after).all()


def test_full_scale_does_not_clip() -> None:
    loud = np.clip(spoken("en-us") * 20, -1, 1)

    assert np.abs(converted(loud, character("en-us+f3"))).max() <= 10 ** (CEILING_DB / 20) + 1e-4


def test_where_stretches_meet_nothing_is_heard() -> None:
    """A tone that never ends has to be divided in its middle: it neither clicks nor stumbles."""
    at = np.arange(14 * RATE) / RATE
    tone = np.asarray(0.2 * sum(np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 9)), np.float32)

    after = converted(tone, character("en-us+f3"))

    steps = np.abs(np.diff(after)).reshape(-1)[: 13 * RATE].reshape(13, RATE).max(axis=1)
    assert steps[1:-1].max() < 1.3 * np.median(steps)
    levels = loudness(after)[50:-50]
    assert levels.min() > 0.8 * np.median(levels)


def many(times: int) -> Iterable[Samples]:
    return (block for _ in range(times) for block in blocks(spoken("en-us")))


def test_it_is_much_faster_than_anybody_speaks() -> None:
    target = character("en-us+f3")

    began = time.process_time()
    heard = study(many(2), RATE)
    length = sum(len(block) for block in convert(many(2), RATE, source=heard, target=target))
    took = time.process_time() - began

    assert length == 2 * len(spoken("en-us"))
    assert length / RATE > 10 * took


@pytest.mark.soak
def test_what_is_held_of_a_long_recording_is_a_few_seconds() -> None:
    """As floats of 64 bits the whole of it would be more."""
    times, target = 4, character("en-us+f3")
    heard = study(many(times), RATE)
    tracemalloc.start()
    length = sum(len(block) for block in convert(many(times), RATE, source=heard, target=target))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert length > 28 * RATE
    assert most < 26 * 2**20


def test_scales_are_found_between_voices_that_are_made_of_each_other() -> None:
    """A recording played faster has resonances that are higher by just that much."""
    for factor in (0.8, 0.9, 1.1, 1.25):
        faster = soxr.resample(spoken("en-us"), RATE, round(RATE / factor)).astype(np.float32)
        other = study(blocks(faster), RATE).character

        assert scale(character("en-us"), other) == pytest.approx(factor, rel=0.05)
        assert scale(other, character("en-us")) == pytest.approx(1 / factor, rel=0.05)
