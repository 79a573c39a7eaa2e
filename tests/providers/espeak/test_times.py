"""From the engine's events to a time for each word."""

from __future__ import annotations

import re

import hypothesis.strategies as st
from hypothesis import given, settings

from narrator.providers.espeak.times import Event, Heard, hear_words, phoneme_times
from narrator.takes import WordTime


def heard(text: str, events: list[tuple[str, int, int]], samples: int = 100) -> list[Heard]:
    words = [found.span() for found in re.finditer(r"\S+", text) if re.search(r"[^\W_]", found.group())]
    return list(hear_words(text, words, [Event(*event) for event in events], samples=samples))


def times(
    text: str, words: list[tuple[int, int]], phonemes: list[tuple[str, int]], samples: int = 100
) -> list[WordTime]:
    """Of words by (offset, sample) and phonemes by (mnemonic, sample), as they sound."""
    events = [(1, name, 0, sample) for name, sample in phonemes]
    events += [(0, "", offset, sample) for offset, sample in words]
    in_order = [event[1:] for event in sorted(events, key=lambda event: (event[3], event[0]))]
    return [word.time for word in heard(text, in_order, samples)]


def test_a_word_ends_where_the_next_starts_or_with_the_pause_before_it() -> None:
    phonemes = [("a", 0), ("b", 10), ("_:", 30), ("c", 60), ("_", 90)]
    assert times("a b c", [(0, 0), (2, 10), (4, 60)], phonemes) == [(0, 10), (10, 30), (60, 90)]


def test_joined_words_share_their_sounds_by_letters() -> None:
    phonemes = [("V", 0), ("v", 10), ("D", 20), ("@", 30), ("m", 40), ("_", 80)]
    assert times("of the m", [(0, 0), (7, 40)], phonemes) == [(0, 20), (20, 40), (40, 80)]


def test_each_joined_word_has_a_sound_if_there_are_enough() -> None:
    phonemes = [("aI", 0), ("S", 10), ("a", 20)]
    assert times("I shall", [(0, 0)], phonemes) == [(0, 10), (10, 100)]
    assert times("i i i", [(0, 0)], phonemes) == [(0, 10), (10, 20), (20, 100)]


def test_a_word_does_not_start_in_the_last_sound_of_the_word_before() -> None:
    """The engine makes a nasal with the vowel after it, and reports a word there where the nasal starts."""
    events = [("", 0, 0), ("a", 0, 0), ("n", 0, 10), ("", 3, 10), ("aI", 0, 30), ("l", 0, 50)]
    assert heard("an isle", events) == [((0, 30), 2), ((30, 100), 2)]
    own = [("", 0, 0), ("a", 0, 0), ("", 2, 10), ("n", 0, 10), ("aI", 0, 30), ("s", 0, 50)]
    assert heard("a nice", own) == [((0, 10), 1), ((10, 100), 3)]


def test_several_events_of_a_number_are_one_word() -> None:
    phonemes = [("w", 0), ("T", 10), ("f", 20), ("_", 30), ("a", 40)]
    assert times("1,5 a", [(0, 0), (1, 10), (2, 20), (4, 40)], phonemes) == [(0, 30), (40, 100)]


def test_an_event_on_a_space_belongs_to_the_word_after_it() -> None:
    assert times("ab cd", [(0, 0), (2, 50)], [("a", 0), ("c", 50)])[1].start_sample == 50


def test_an_event_out_of_order_moves_nothing_back() -> None:
    events = [("", 0, 0), ("a", 0, 0), ("", 4, 20), ("c", 0, 20), ("", 2, 40), ("d", 0, 40)]
    assert [word.time for word in heard("a b c", events)] == [(0, 0), (0, 20), (20, 100)]
    late = [("", 0, 0), ("a", 0, 30), ("", 2, 20), ("b", 0, 25), ("", 4, 60), ("c", 0, 50)]
    assert [word.time for word in heard("a b c", late)] == [(0, 30), (30, 60), (60, 100)]
    assert [word.sounds for word in heard("a b c", late)] == [1, 1, 1]


def test_a_symbol_that_is_read_out_is_no_part_of_the_words_beside_it() -> None:
    phonemes = [("a", 0), ("s", 20), ("b", 80)]
    assert times("a * b", [(0, 0), (2, 20), (4, 80)], phonemes) == [(0, 20), (80, 100)]
    assert times("a — b", [(0, 0), (4, 80)], [("a", 0), ("_:", 20), ("b", 80)]) == [(0, 20), (80, 100)]


def test_a_word_may_be_reported_at_the_silent_sign_before_it() -> None:
    phonemes = [("a", 0), ("b", 20), ("d", 50), ("c", 80)]
    spans = [(0, 20), (20, 80), (80, 100)]
    assert times("a - b c", [(0, 0), (2, 20), (6, 80)], phonemes) == spans
    assert times("a-- b c", [(0, 0), (1, 20), (6, 80)], phonemes) == spans
    assert times("a - - b c", [(0, 0), (2, 20), (8, 80)], phonemes) == spans
    assert times("- a b c", [(0, 0), (4, 20), (6, 80)], phonemes) == spans
    assert times("a - b c", [(0, 0), (2, 20)], phonemes) == spans


def test_a_sign_that_is_said_keeps_its_sounds() -> None:
    """A word after it has an event of its own; what is reported on the space is more of the sign's name."""
    phonemes = [("a", 0), ("s", 20), ("t", 40), ("b", 80)]
    assert times("a% b", [(0, 0), (1, 20), (3, 80)], phonemes) == [(0, 80), (80, 100)]
    assert times("a ● b", [(0, 0), (2, 20), (3, 40), (4, 80)], phonemes) == [(0, 20), (80, 100)]
    assert times("a● b", [(0, 0), (1, 20), (2, 40), (3, 80)], phonemes) == [(0, 80), (80, 100)]


def test_words_without_an_event_are_divided_at_the_pause_between_them() -> None:
    phonemes = [("a", 0), ("_:", 20), ("b", 40), ("b", 60), ("b", 80)]
    assert times("aaaa ---b", [(0, 0)], phonemes) == [(0, 20), (40, 100)]


def test_what_is_not_said_has_no_sounds_and_no_length() -> None:
    assert heard("a b", []) == [((100, 100), 0), ((100, 100), 0)]
    assert heard("", [("_", 0, 0)]) == []
    assert heard("a b", [("", 2, 10), ("b", 0, 10)]) == [((10, 10), 0), ((10, 100), 1)]
    assert [word.sounds for word in heard("a b c", [("", 0, 0), ("a", 0, 0)])] == [0, 0, 1]


def test_a_change_of_language_is_no_sound() -> None:
    events = [("(fr)", 0, 0), ("a", 0, 0), ("_:", 0, 20), ("(en)", 0, 30), ("_", 0, 90)]
    assert phoneme_times([Event(*event) for event in events], samples=100) == (("a", 0, 20),)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "a", "b", "_", "_:", "(x)"]), st.integers(-2, 40), st.integers(-5, 1000)
    ),
    max_size=30,
)


@given(st.text("ab1 *—é", max_size=30), EVENTS, st.integers(0, 900))
@settings(deadline=None, max_examples=200)
def test_times_are_in_order_apart_and_inside_whatever_the_engine_says(
    text: str, events: list[tuple[str, int, int]], samples: int
) -> None:
    words = heard(text, events, samples)
    assert len(words) == sum(any(map(str.isalnum, run)) for run in text.split())
    reached = 0
    for (start, end), sounds in words:
        assert reached <= start <= end <= samples
        assert sounds or start == end
        reached = end
    phonemes = phoneme_times([Event(*event) for event in events], samples=samples)
    assert sum(word.sounds for word in words) <= len(phonemes)
    assert all(0 <= start <= end <= samples for _, start, end in phonemes)
