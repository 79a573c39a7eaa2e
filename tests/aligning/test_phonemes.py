"""Word times from phonemes, in whatever dialect of IPA a service writes them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.aligning.phonemes import place
from narrator.providers.espeak import Espeak
from narrator.takes import Generation, PhonemeTime, WordTime
from tests.aligning.cutting import HOUSE, LINES, OTHERS, request

Given = Sequence[PhonemeTime]


def in_ipa(engine: Espeak, text: str, voice: str = HOUSE, rate: int = 160, pitch: int = 50) -> Generation:
    return engine.generate_in_ipa(request(engine, text, voice, rate, pitch))


def in_pairs(phonemes: Given) -> list[PhonemeTime]:
    """Two in one symbol, as Supertone writes some."""
    pairs = [(*phonemes[at : at + 2],) for at in range(0, len(phonemes), 2)]
    return [
        PhonemeTime("".join(p.symbol for p in pair), pair[0].start_sample, pair[-1].end_sample)
        for pair in pairs
    ]


def with_silence(phonemes: Given) -> list[PhonemeTime]:
    """An empty symbol before, after, and in every hole."""
    found = [PhonemeTime("", 0, phonemes[0].start_sample)]
    for phoneme in phonemes:
        if phoneme.start_sample > found[-1].end_sample:
            found.append(PhonemeTime("", found[-1].end_sample, phoneme.start_sample))
        found.append(phoneme)
    return [*found, PhonemeTime("", found[-1].end_sample, found[-1].end_sample + 900)]


def without_stress(phonemes: Given) -> list[PhonemeTime]:
    return [phoneme._replace(symbol=re.sub("[ˈˌː]", "", phoneme.symbol)) for phoneme in phonemes]


def as_it_is(phonemes: Given) -> list[PhonemeTime]:
    return list(phonemes)


def off_ms(found: Sequence[WordTime], take: Generation) -> list[float]:
    """How far each word is from the first phoneme of its own."""
    starts = [phoneme.start_sample for phoneme in take.phonemes]
    true = [starts[bisect_left(starts, word.start_sample)] for word in take.words]
    return [abs(word.start_sample - start) / 22.05 for word, start in zip(found, true, strict=True)]


@pytest.mark.parametrize("written", [as_it_is, with_silence, without_stress, in_pairs])
@pytest.mark.parametrize(("voice", "rate", "pitch"), OTHERS, ids=lambda value: str(value))
def test_words_sound_when_their_phonemes_do(
    engine: Espeak, voice: str, rate: int, pitch: int, written: Callable[[Given], list[PhonemeTime]]
) -> None:
    """Another accent has other phonemes than the rendition; the words begin with them all the same."""
    errors: list[float] = []
    for text in LINES[:4]:
        take, own = in_ipa(engine, text, voice, rate, pitch), in_ipa(engine, text)
        placed = place(written(take.phonemes), own.phonemes, own.words)
        assert placed is not None
        assert placed.share > 0.75
        errors += off_ms(placed.words, take)
    errors.sort()
    allowed = 40 if written is in_pairs else 1
    assert errors[len(errors) // 2] <= allowed
    assert errors[len(errors) * 9 // 10] <= allowed + 60


def test_phonemes_of_another_text_are_told_by_their_share(engine: Espeak) -> None:
    for text, other in zip(LINES, (*LINES[1:], LINES[0]), strict=True):
        own = in_ipa(engine, text)
        right = place(in_ipa(engine, text, *OTHERS[2]).phonemes, own.phonemes, own.words)
        wrong = place(in_ipa(engine, other, *OTHERS[2]).phonemes, own.phonemes, own.words)
        assert right is not None
        assert wrong is not None
        assert right.share > 0.75
        assert wrong.share < 0.55


def test_a_word_without_phonemes_has_no_length_and_no_confidence(engine: Espeak) -> None:
    said = in_ipa(engine, LINES[1])
    begin, end = said.words[5]
    left = [phoneme for phoneme in said.phonemes if not begin <= phoneme.start_sample < end]
    placed = place(left, said.phonemes, said.words)
    assert placed is not None
    assert placed.confidences[5] <= 40
    assert placed.confidences[4] >= 70
    assert placed.words[5].end_sample - placed.words[5].start_sample <= 22050 // 10
    assert placed.words[6] == said.words[6]


def test_without_phonemes_there_are_no_times(engine: Espeak) -> None:
    said = in_ipa(engine, LINES[0])
    assert place((), said.phonemes, said.words) is None
    assert place((PhonemeTime("", 0, 100), PhonemeTime("ˈ", 100, 200)), said.phonemes, said.words) is None
    assert place(said.phonemes, (), said.words) is None


SYMBOLS = st.sampled_from(["", "h", "ə", "iʌ", "nf", "tʃ", "ˈaɪ", "ŋ", "ː", "ʲ", "漢", "?", "e\u0303"])


@settings(deadline=None, max_examples=60)
@given(
    given_=st.lists(st.tuples(SYMBOLS, st.integers(0, 300), st.integers(0, 300)), max_size=30),
    own=st.lists(st.tuples(SYMBOLS, st.integers(0, 300)), max_size=30),
    words=st.integers(0, 6),
)
def test_words_keep_their_order_whatever_is_given(
    given_: list[tuple[str, int, int]], own: list[tuple[str, int]], words: int
) -> None:
    at, heard, told = 0, [], []
    for symbol, gap, length in given_:
        heard.append(PhonemeTime(symbol, at + gap, at + gap + length))
        at += gap + length
    end = 0
    for symbol, length in own:
        told.append(PhonemeTime(symbol, end, end + length))
        end += length
    times = [WordTime(end * word // words, end * (word + 1) // words) for word in range(words)]
    placed = place(heard, told, times)
    if placed is None:
        return
    assert len(placed.words) == len(placed.confidences) == words
    edges = [edge for word in placed.words for edge in word]
    assert edges == sorted(edges)
    assert all(0 <= edge <= at for edge in edges)
    assert all(0 <= confidence <= 100 for confidence in placed.confidences)
    assert 0 <= placed.share <= 1
