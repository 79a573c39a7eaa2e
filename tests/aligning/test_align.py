"""Word times of takes that come without any."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.aligning import Aligned, Rendition, align
from narrator.providers.espeak import Espeak
from narrator.takes import Generation, Pcm, WordTime
from tests.aligning.voices import TEXT, errors_ms, noisy, rendition, speak


def assert_near(found: Aligned, words: tuple[WordTime, ...], rate: int, *, median: float, p95: float) -> None:
    errors = errors_ms(found, words, rate)
    assert np.median(errors) <= median, errors.round()
    assert np.percentile(errors, 95) <= p95, errors.round()


def shifted(words: tuple[WordTime, ...], samples: int) -> tuple[WordTime, ...]:
    return tuple(WordTime(start + samples, end + samples) for start, end in words)


def assert_in_order(found: Aligned, samples: int) -> None:
    edges = [edge for word in found.words for edge in word]
    assert all(before <= after for before, after in pairwise([0, *edges, samples]))
    assert all(0 <= sure <= 100 for sure in found.confidences)
    assert len(found.confidences) == len(found.words)
    assert len(found.path.take_samples) == len(found.path.rendition_samples) == len(found.path.costs)
    assert (np.diff(found.path.rendition_samples) >= 0).all()


def test_another_voice(take: Generation, told: Rendition) -> None:
    """Another sex, accent, pace and pitch."""
    found = align(take.pcm, take.rate, told)
    assert_in_order(found, len(take.pcm))
    assert_near(found, take.words, take.rate, median=8, p95=30)
    assert np.mean(found.confidences) > 90


@pytest.mark.parametrize("pace", [100, 128, 200, 256])
def test_another_pace(pace: int, engine: Espeak, told: Rendition) -> None:
    """From 0.6 to 1.6 times as fast, though the rendition is not."""
    said = speak(engine, TEXT, "en-gb+m3", rate=pace)
    assert_near(align(said.pcm, said.rate, told), said.words, said.rate, median=8, p95=35)


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "cs", "fi", "hi"])
def test_other_languages(language: str, engine: Espeak) -> None:
    """Whatever the engine speaks."""
    text = {
        "de": "Der Wärter zählte jeden Abend die Boote, und jeden Abend fehlte eines.",
        "es": "El farero contaba los barcos cada noche, y cada noche faltaba uno.",
        "fr": "Le gardien comptait les bateaux chaque soir, et chaque soir il en manquait un.",
        "it": "Il guardiano contava le barche ogni sera, e ogni sera ne mancava una.",
        "cs": "Hlídač počítal každý večer lodě a každý večer jedna z nich chyběla.",
        "fi": "Majakan vartija laski veneet joka ilta, ja joka ilta yksi niistä puuttui.",
        "hi": "हर शाम रखवाला नावों को गिनता था और हर शाम एक नाव कम होती थी।",
    }[language]
    said = speak(engine, text, f"{language}+f3", rate=140, pitch=65)
    found = align(said.pcm, said.rate, rendition(speak(engine, text, language)))
    assert_near(found, said.words, said.rate, median=8, p95=30)


@pytest.mark.parametrize(("snr_db", "p95"), [(20, 30), (5, 60)])
def test_noise(snr_db: int, p95: float, take: Generation, told: Rendition) -> None:
    """Pauses are no longer silent, and soft sounds are gone."""
    found = align(noisy(take.pcm, snr_db), take.rate, told)
    assert_near(found, take.words, take.rate, median=15, p95=p95)


@pytest.mark.parametrize("factor", [0.87, 1.15])
def test_other_pitch_and_resonances(factor: float, take: Generation, told: Rendition) -> None:
    """Played slower and faster."""
    pcm = soxr.resample(take.pcm, take.rate * factor, take.rate)
    words = tuple(WordTime(*(round(at / factor) for at in word)) for word in take.words)
    assert_near(align(pcm, take.rate, told), words, take.rate, median=10, p95=40)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_other_rates(rate: int, take: Generation, told: Rendition) -> None:
    """Times are in samples of the take, whatever the rendition's rate."""
    pcm = soxr.resample(take.pcm, take.rate, rate)
    words = tuple(WordTime(*(round(at * rate / take.rate) for at in word)) for word in take.words)
    assert_near(align(pcm, rate, told), words, rate, median=10, p95=40)


def test_echo_and_clipping(take: Generation, told: Rendition) -> None:
    """A bare room, and far too loud."""
    room = np.zeros(take.rate // 10)
    room[[0, take.rate * 40 // 1000, take.rate * 67 // 1000]] = 1, 0.3, 0.2
    echoing = np.convolve(take.pcm, room)[: len(take.pcm)]
    pcm = np.clip(echoing * 8, -32768, 32767).astype(np.int16)
    assert_near(align(pcm, take.rate, told), take.words, take.rate, median=15, p95=60)


def test_silence_before_and_after(take: Generation, told: Rendition) -> None:
    """Some seconds of it."""
    silence = np.zeros(3 * take.rate, np.int16)
    pcm = np.concatenate((silence, take.pcm, silence))
    words = shifted(take.words, len(silence))
    assert_near(align(pcm, take.rate, told), words, take.rate, median=8, p95=30)


def test_soft_sound_before_the_first_word(take: Generation, told: Rendition) -> None:
    """A hum and a breath, 26 dB below the voice, and a short silence: no word has begun there."""
    seconds = np.arange(take.rate * 3 // 10) / take.rate
    hum = sum(np.sin(2 * np.pi * 120 * n * seconds) / n for n in (1, 2, 3))
    breath = np.convolve(np.random.default_rng(1).standard_normal(len(seconds)), np.ones(4) / 4, "same")
    silence = np.zeros(take.rate // 20)
    for soft, level in ((hum, 380), (breath, 130)):
        pcm = np.concatenate((soft * (level / np.std(soft)), silence, take.pcm)).astype(np.int16)
        words = shifted(take.words, len(pcm) - len(take.pcm))
        found = align(pcm, take.rate, told)
        assert abs(found.words[0].start_sample - words[0].start_sample) < take.rate // 40
        assert_near(found, words, take.rate, median=8, p95=30)


def test_a_room_that_echoes_for_long(take: Generation, told: Rendition) -> None:
    """The rendition is made to die away as the take does, or words would end where the echo does."""
    decay = np.exp(-np.arange(take.rate // 2) / (take.rate / 14))
    room = 0.05 * np.random.default_rng(1).standard_normal(take.rate // 2) * decay
    room[0] = 1.0
    size = len(take.pcm) + len(room)
    heard = np.fft.irfft(np.fft.rfft(take.pcm, size) * np.fft.rfft(room, size), size)[: len(take.pcm)]
    pcm = (heard * (9000 / np.abs(heard).max())).astype(np.int16)
    assert_near(align(pcm, take.rate, told), take.words, take.rate, median=12, p95=40)


def test_pauses_where_the_rendition_makes_none(take: Generation, told: Rendition) -> None:
    """A second before every fourth word: it belongs to no word."""
    parts: list[Pcm] = []
    words: list[WordTime] = []
    last = added = 0
    for index, word in enumerate(take.words):
        if index % 4 == 3:
            parts += [take.pcm[last : word.start_sample], np.zeros(take.rate, np.int16)]
            last, added = word.start_sample, added + take.rate
        words.append(WordTime(word.start_sample + added, word.end_sample + added))
    pcm = np.concatenate([*parts, take.pcm[last:]])
    found = align(pcm, take.rate, told)
    assert_near(found, tuple(words), take.rate, median=10, p95=60)
    assert max(end - start for start, end in found.words) < take.rate


def test_noise_throughout_and_a_pause_that_the_take_does_not_make(engine: Espeak) -> None:
    """The rendition stops between sentences, the take does not."""
    text = "One was missing nobody in the village could say when the clock had stopped"
    said = speak(engine, text, "en-gb+f3", rate=170)
    held = speak(engine, text.replace("missing nobody", "missing. Nobody"), "en-us")
    found = align(noisy(said.pcm, 20), said.rate, rendition(held))
    assert np.percentile(errors_ms(found, said.words, said.rate), 80) <= 40


def test_a_long_take_drifts_and_is_followed(engine: Espeak) -> None:
    """Half a minute longer than its rendition in the end: no diagonal would do."""
    takes = [speak(engine, f"{TEXT} It is line {line}.", "en-gb+f3", rate=90) for line in range(6)]
    helds = [speak(engine, f"{TEXT} It is line {line}.", "en-us", rate=200) for line in range(6)]
    silence = np.zeros(takes[0].rate * 3, np.int16)
    pcm = np.concatenate([part for take in takes for part in (silence, take.pcm)])
    words: list[WordTime] = []
    known: list[WordTime] = []
    at = told_at = 0
    for take, held in zip(takes, helds, strict=True):
        words += shifted(take.words, at + len(silence))
        known += shifted(held.words, told_at)
        at, told_at = at + len(silence) + len(take.pcm), told_at + len(held.pcm)
    told = Rendition(np.concatenate([held.pcm for held in helds]), helds[0].rate, tuple(known))
    assert len(pcm) - len(told.pcm) > 30 * takes[0].rate
    assert_near(align(pcm, takes[0].rate, told), tuple(words), takes[0].rate, median=10, p95=45)


def test_memory_does_not_grow_with_the_square_of_the_take(take: Generation, told: Rendition) -> None:
    """A table of all pairs of frames would take 100 MiB here, and 20 minutes of them 230 GiB."""
    words = (*told.words, *shifted(told.words, len(told.pcm)))
    pcm, twice = np.tile(take.pcm, 2), Rendition(np.tile(told.pcm, 2), told.rate, words)
    tracemalloc.start()
    align(pcm, take.rate, twice)
    peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert peak_mib < 0.3 * len(pcm) / take.rate


def test_confidence_is_low_where_the_take_says_something_else(
    engine: Espeak, take: Generation, told: Rendition
) -> None:
    """Another text; another text in the middle; noise; silence."""
    other = speak(engine, "He had forgotten his umbrella and laughed, for it was raining at sea.", "en-gb+f3")
    assert np.mean(align(other.pcm, other.rate, told).confidences) < 30
    start, end = take.words[10].start_sample, take.words[16].start_sample
    mixed = np.concatenate((take.pcm[:start], other.pcm[: end - start], take.pcm[end:]))
    sure = align(mixed, take.rate, told).confidences
    assert np.mean(sure[11:15]) < 50 < 80 < np.mean(sure[:8] + sure[20:])
    noise = (np.random.default_rng(1).standard_normal(4 * take.rate) * 900).astype(np.int16)
    assert max(align(noise, take.rate, told).confidences) < 40
    assert max(align(np.zeros(4 * take.rate, np.int16), take.rate, told).confidences) < 10


def test_one_word_and_none(engine: Espeak) -> None:
    """A take of a single word; a rendition without words, or without sound."""
    said = speak(engine, "Lighthouse", "en-gb+f3")
    held = rendition(speak(engine, "Lighthouse", "en-us"))
    assert_near(align(said.pcm, said.rate, held), said.words, said.rate, median=20, p95=30)
    assert align(said.pcm, said.rate, held._replace(words=())).words == ()
    mute = held._replace(pcm=np.zeros(0, np.int16), words=(WordTime(0, 0),))
    assert_in_order(align(said.pcm, said.rate, mute), len(said.pcm))


@given(
    samples=st.integers(0, 30_000),
    rate=st.sampled_from([8_000, 11_025, 22_050, 44_100, 48_000]),
    kind=st.sampled_from(["silence", "noise", "constant", "square", "click"]),
)
@settings(deadline=None, max_examples=30)
def test_anything_is_aligned_in_order_and_inside(samples: int, rate: int, kind: str, told: Rendition) -> None:
    """Whatever it holds, and however short it is."""
    random = np.random.default_rng(samples)
    pcm = {
        "silence": np.zeros(samples),
        "noise": random.uniform(-32768, 32767, samples),
        "constant": np.full(samples, 32767),
        "square": np.where(np.arange(samples) // 40 % 2, 32767, -32768),
        "click": np.where(np.arange(samples) == samples // 2, 32767, 0),
    }[kind].astype(np.int16)
    found = align(pcm, rate, told)
    assert len(found.words) == len(told.words)
    assert_in_order(found, samples)
