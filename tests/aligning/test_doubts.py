"""A take that drops or repeats words is found out, with the place; one of its text is left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from narrator.aligning import align
from narrator.aligning.doubts import Verdict, look
from narrator.providers.espeak import Espeak
from narrator.takes import Doubt, Pcm
from tests.aligning.cutting import LINES, OTHERS, cuts, join, rendition, say, twice, without

RATE = 22050
VOICES = pytest.mark.parametrize(("voice", "rate", "pitch"), OTHERS, ids=lambda value: str(value))


def judge(engine: Espeak, text: str, pcm: Pcm, rate: int = RATE) -> Verdict:
    own = rendition(engine, text, like=pcm, rate=rate)
    return look(pcm, rate, own, align(pcm, rate, own).words)


def covers(doubt: Doubt, kind: str, first: int, last: int) -> bool:
    return doubt.kind == kind and doubt.first <= last and doubt.last >= first


@VOICES
def test_a_take_of_the_text_raises_no_doubt(engine: Espeak, voice: str, rate: int, pitch: int) -> None:
    for text in LINES[2:6]:
        assert judge(engine, text, say(engine, text, voice, rate, pitch).pcm) == Verdict(True), text


@pytest.mark.parametrize("voice", OTHERS, ids=lambda voice: voice[0])
def test_words_dropped_or_said_twice_are_found_where_they_are(
    engine: Espeak, voice: tuple[str, int, int]
) -> None:
    """All stretches of several words, and the longest word at least once."""
    text = LINES[OTHERS.index(voice)]
    missed = []
    for cut in cuts(text, say(engine, text, *voice)):
        found = judge(engine, text, cut.pcm)
        if not any(covers(doubt, cut.kind, cut.first, cut.last) for doubt in found.doubts):
            missed.append(cut)
    assert len(missed) <= 1, [cut.name for cut in missed]
    assert all(cut.first == cut.last for cut in missed), [cut.name for cut in missed]


def test_the_place_is_told_in_samples_of_the_take(engine: Espeak) -> None:
    text = LINES[1]
    take = say(engine, text, *OTHERS[0])
    (missing,) = judge(engine, text, without(take, 4, 7)).doubts
    assert (missing.kind, missing.first, missing.last) == ("missing", 4, 7)
    assert (
        missing.start_sample == missing.end_sample == pytest.approx(take.words[4].start_sample, abs=RATE // 8)
    )
    (again,) = judge(engine, text, twice(take, 4, 7)).doubts
    assert (again.kind, again.first, again.last) == ("repeated", 4, 7)
    second = take.words[7].end_sample
    assert again.start_sample == pytest.approx(second, abs=RATE // 8)
    length = second - take.words[4].start_sample
    assert again.end_sample == pytest.approx(second + length, abs=RATE // 8)


def test_words_of_another_line_are_found(engine: Espeak) -> None:
    text, voice = LINES[3], OTHERS[0]
    take, other = say(engine, text, *voice), say(engine, LINES[1], *voice)
    alien = other.pcm[other.words[2].start_sample : other.words[5].end_sample]
    at = take.words[5].end_sample
    found = judge(engine, text, join(take.pcm[:at], alien, take.pcm[at:]))
    assert any(doubt.start_sample < at + len(alien) and doubt.end_sample > at for doubt in found.doubts), (
        found
    )


@VOICES
def test_another_text_is_not_held(engine: Espeak, voice: str, rate: int, pitch: int) -> None:
    for text, said in zip(LINES[:4], LINES[3:7], strict=True):
        found = judge(engine, text, say(engine, said, voice, rate, pitch).pcm)
        assert not found.holds, (text, said)


def test_another_language_is_not_the_text(engine: Espeak) -> None:
    said = "La última llama del faro se apagó cuando nadie miraba hacia el puerto de los pescadores."
    assert not judge(engine, LINES[0], say(engine, said, "roa/es").pcm).holds


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(3 * RATE, np.int16),
        np.zeros(0, np.int16),
        np.ones(1, np.int16),
        np.full(2 * RATE, 3000, np.int16),
        np.random.default_rng(4).normal(0, 3000, 4 * RATE).astype(np.int16),
        (np.sin(np.arange(4 * RATE) * 2 * np.pi * 220 / RATE) * 9000).astype(np.int16),
        np.tile(np.array([32767, -32768], np.int16), 2 * RATE),
        np.where(np.arange(4 * RATE) % 5000 == 0, 30000, 0).astype(np.int16),
    ],
    ids=["silence", "nothing", "one sample", "a constant", "noise", "a tone", "the highest tone", "clicks"],
)
def test_sound_that_is_no_speech_is_not_the_text(engine: Espeak, pcm: Pcm) -> None:
    own = rendition(engine, LINES[0], like=np.zeros(6 * RATE, np.int16), rate=RATE)
    assert not look(pcm, RATE, own, own.words).holds


def test_a_short_line_is_held(engine: Espeak) -> None:
    for text in ("Yes.", "Come in.", "Nobody answered."):
        assert judge(engine, text, say(engine, text, *OTHERS[0]).pcm) == Verdict(True), text


def test_pauses_are_no_doubts(engine: Espeak) -> None:
    """Silence before, after and between the words, and room noise under them."""
    text = LINES[4]
    take = say(engine, text, *OTHERS[2])
    pause, at = np.zeros(RATE, np.int16), take.words[6].start_sample
    with_pauses = np.concatenate((pause, take.pcm[:at], pause, take.pcm[at:], pause)).astype(np.float64)
    level = float(np.sqrt(np.mean(take.pcm.astype(np.float64) ** 2)))
    noise = np.random.default_rng(1).normal(0, level / 10, len(with_pauses))
    assert judge(engine, text, with_pauses.astype(np.int16)) == Verdict(True)
    assert judge(engine, text, np.clip(with_pauses + noise, -32768, 32767).astype(np.int16)) == Verdict(True)


def test_a_long_take_is_looked_at_in_parts(engine: Espeak) -> None:
    """What is missing far from its beginning is found, and called by its place among all words."""
    text = " ".join(LINES)
    take = say(engine, text, *OTHERS[0])
    assert len(take.pcm) > 40 * RATE
    first = len(" ".join(LINES[:6]).split()) + 3
    (missing,) = judge(engine, text, without(take, first, first + 3)).doubts
    assert covers(missing, "missing", first, first + 3)
    assert missing.first >= first - 1
    assert missing.last <= first + 4
