"""Words heard find their words of the text, whatever a service has made of them."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.matching import Span, fill, letters, match

WORDS = st.text("abcdé", min_size=1, max_size=4)


def heard(text: str | Sequence[str]) -> list[tuple[str, int, int]]:
    """Words, 100 apart and 90 long."""
    words = text.split() if isinstance(text, str) else text
    return [(word, 100 * index, 100 * index + 90) for index, word in enumerate(words)]


def span(first: int, last: int) -> Span:
    """From the beginning of one word of `heard` to the end of another."""
    return 100 * first, 100 * last + 90


@pytest.mark.parametrize(
    ("text", "said", "times"),
    [
        ("She ran home.", "she ran home", [(0, 0), (1, 1), (2, 2)]),
        ("“Stop,” he said, twice.", "stop , he said — twice .", [(0, 0), (2, 2), (3, 3), (5, 5)]),
        ("I don’t know", "I don't know", [(0, 0), (1, 1), (2, 2)]),
        ("I don't know", "I don 't know", [(0, 0), (1, 2), (3, 3)]),
        ("a well-known man", "a well known man", [(0, 0), (1, 2), (3, 3)]),
        ("at dawn—then he", "at dawn then he", [(0, 0), (1, 2), (3, 3)]),
        ("in 1984 he left", "in nineteen eighty four he left", [(0, 0), (1, 3), (4, 4), (5, 5)]),
        ("It was 7.", "it was seven", [(0, 0), (1, 1), (2, 2)]),
        ("$5 is much", "five dollars is much", [(0, 1), (2, 2), (3, 3)]),
        ("Dr. No, Mr. Smith", "doctor no mister smith", [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("the colour of it", "the color of it", [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("ＦＵＬＬ width", "full WIDTH", [(0, 0), (1, 1)]),
        ("cafe\u0301 Émile", "café emile", [(0, 0), (1, 1)]),
        ("東京に行く。 そして", "東京 に 行く そして", [(0, 2), (3, 3)]),
        ("मुझे घर जाना है", "मुझे घर जाना है", [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("the cat sat", "the the um cat sat", [(0, 0), (3, 3), (4, 4)]),
        ("I went to the shop", "I went to I went to the shop", [(0, 0), (1, 1), (2, 2), (6, 6), (7, 7)]),
    ],
)
def test_what_is_written_otherwise_is_found(text: str, said: str, times: list[tuple[int, int]]) -> None:
    found = match(text.split(), heard(said))

    assert found.times == tuple(span(first, last) for first, last in times)
    assert found.share == 1


def test_one_word_heard_for_two_is_divided_by_their_letters() -> None:
    found = match(["some", "thing", "else"], [("something", 0, 90), ("else", 100, 190)])

    assert found.times == ((0, 40), (40, 90), (100, 190))


def test_words_for_a_number_share_its_time() -> None:
    found = match(["in", "nineteen", "eighty-four", "he"], heard("in 1984 he"))

    assert found.times == ((0, 90), (100, 140), (140, 190), (200, 290))
    assert found.share == 1


def test_a_word_left_out_has_no_time_and_counts_against_the_share() -> None:
    found = match(["one", "two", "three", "four"], heard("one two four"))

    assert found.times == ((0, 90), (100, 190), None, (200, 290))
    assert found.share == 0.75


def test_other_words_give_their_time_and_are_not_counted() -> None:
    """Where the words of the text were said otherwise, people still see them when that is heard."""
    found = match(["he", "wandered", "off"], heard("he went off"))

    assert found.times == ((0, 90), (100, 190), (200, 290))
    assert found.share == pytest.approx(2 / 3)


def test_another_text_has_no_share() -> None:
    text = ["all", "happy", "families", "are", "alike"]
    other = ["call", "me", "ishmael", "some", "years", "ago", "never", "mind", "how", "long"]

    assert match(text, heard(other)).share == 0
    assert match(text, []) == ((None,) * 5, 0.0)
    assert match([], heard(other)) == ((), 1.0)


def test_one_number_in_the_text_excuses_one_word() -> None:
    """Of a text that was not spoken, a number in it must not make the rest look spoken."""
    found = match(["alpha", "beta", "12", "gamma", "delta", "epsilon"], heard("who knows what this may be"))

    assert found.share == pytest.approx(1 / 6)


@settings(deadline=None, max_examples=50)
@given(st.lists(WORDS, max_size=80))
def test_the_same_words_keep_their_times(words: list[str]) -> None:
    """Repeated words are no trouble, nor are case and punctuation."""
    times = tuple((start, end) for _, start, end in heard(words))

    assert match(words, heard(words)) == (times, 1.0)
    assert match(words, heard([f"“{word.upper()}!" for word in words])) == (times, 1.0)


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by the textbook."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for index, there in enumerate(other, 1):
            before, row[index] = row[index], before + 1 if word == there else max(row[index], row[index - 1])
    return row[-1]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from("abcd"), max_size=20), st.lists(st.sampled_from("abcdxyz"), max_size=24))
def test_no_alignment_finds_more(text: list[str], said: list[str]) -> None:
    """Judged by the longest common subsequence: words of one letter are like no other word."""
    found = match(text, heard(said))

    if text:
        assert found.share * len(text) == pytest.approx(longest_common(text, said))
    times = [time for time in found.times if time is not None]
    assert times == sorted(times)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.floats(0, 0.3), st.floats(0, 0.3))
def test_words_that_were_heard_get_their_own_time(seed: int, missing: float, added: float) -> None:
    """In a long text with much left out and much put in, no word gets the time of another."""
    chance = random.Random(seed)
    text = [chance.choice(("the", "and", "a")) if chance.random() < 0.4 else f"w{n}" for n in range(1500)]
    said: list[str] = []
    places: dict[str, int] = {}
    for word in text:
        while chance.random() < added:
            said.append(chance.choice(("um", "er")))
        if chance.random() >= missing:
            places[word] = len(said)
            said.append(word)
    found = match(text, heard(said))

    for word, when in zip(text, found.times, strict=True):
        if word.startswith("w") and word in places:
            assert when == span(places[word], places[word])


@pytest.mark.parametrize("kind", ["a tenth other", "shuffled", "of two words", "nothing alike"])
def test_a_long_text_takes_seconds_at_worst(kind: str) -> None:
    """8,000 words: time that grew with their square would be minutes."""
    chance = random.Random(1)
    text = ["".join(chance.choices("aeiourstln", k=chance.randint(1, 7))) for _ in range(8_000)]
    said = {
        "a tenth other": [word if chance.random() > 0.1 else "hm" for word in text],
        "shuffled": chance.sample(text, len(text)),
        "of two words": [chance.choice(("ho", "ha")) for _ in text],
        "nothing alike": ["".join(chance.choices("bdgkpq", k=4)) for _ in text],
    }[kind]
    if kind == "of two words":
        text = [chance.choice(("ho", "ha")) for _ in text]
    began = time.process_time()
    found = match(text, heard(said))

    assert time.process_time() - began < 15
    if kind == "a tenth other":
        assert found.share > 0.89
        assert None not in found.times


@pytest.mark.parametrize(
    ("times", "filled"),
    [
        ([(10, 20), None, (40, 50)], [(10, 20), (20, 40), (40, 50)]),
        ([(10, 20), None, None, (50, 60)], [(10, 20), (20, 30), (30, 50), (50, 60)]),
        ([(10, 20), None, (20, 30)], [(10, 20), (20, 20), (20, 30)]),  # no room
        ([(10, 30), None, (20, 40)], [(10, 30), (20, 20), (20, 40)]),
        ([None, (50, 60)], [(40, 50), (50, 60)]),  # as fast as the other
        ([None, (5, 15)], [(0, 5), (5, 15)]),
        ([(50, 60), None], [(50, 60), (60, 70)]),
        ([(50, 60), None, None], [(50, 60), (60, 70), (70, 90)]),
        ([(85, 95), None], [(85, 95), (95, 100)]),
        ([None, None], [(0, 50), (50, 100)]),
    ],
)
def test_gaps_are_filled(times: list[Span | None], filled: list[Span]) -> None:
    """Words are as long as their letters, and keep to the pace of those beside them."""
    spoken = ["ab", "cd", "efgh"] if len(times) != 4 else ["ab", "cd", "efgh", "ij"]

    assert fill(times, spoken[: len(times)], start=0, end=100) == tuple(filled)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_filled_times_are_in_order_and_inside(data: st.DataObject) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, 1000), min_size=2, max_size=40)))
    whole = list(pairwise(edges))
    times = [time if data.draw(st.booleans()) else None for time in whole]
    spoken = data.draw(st.lists(WORDS, min_size=len(times), max_size=len(times)))
    filled = fill(times, spoken, start=0, end=1000)

    assert all(time in (None, found) for time, found in zip(times, filled, strict=True))
    flat = [edge for found in filled for edge in found]
    assert flat == sorted(flat)
    assert not flat or (flat[0] >= 0 and flat[-1] <= 1000)


def test_letters_are_what_is_compared() -> None:
    assert letters("“Don’t—STOP”, ½ Straße! №3") == "dontstop12strasseno3"
    assert letters("...") == ""
