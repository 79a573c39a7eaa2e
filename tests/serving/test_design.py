"""Voices from words."""

from __future__ import annotations

import pytest

from narrator.providers.espeak import SETTINGS, Espeak
from narrator.serving.likeness import VARIANTS
from narrator.serving.octave.design import ACCENTS, Kind, invent, speakers, understand_kind


@pytest.mark.parametrize(
    ("words", "gender", "age", "accent"),
    [
        ("A middle-aged woman with a warm voice", "Female", "Adult", ""),
        ("An old Scottish man", "Male", "Old", "Scottish"),
        ("A little girl, excited", "Female", "Child", ""),
        ("British boy", "Male", "Child", "British"),
        ("A woman who speaks to her husband", "Female", "Adult", ""),
        ("A man who speaks to his wife", "Male", "Adult", ""),
        ("Grizzled New Yorker", "Male", "Old", "New York"),
        ("a young man", "Male", "Adult", ""),
        ("una anciana", "Female", "Old", ""),
    ],
)
def test_who_is_meant(words: str, gender: str, age: str, accent: str) -> None:
    assert understand_kind(words) == Kind(gender, age, accent)


def test_words_that_leave_it_open_are_settled_by_themselves() -> None:
    """Not always the same way, but the same way always."""
    kinds = [understand_kind(f"voice number {n}") for n in range(40)]

    assert {kind.gender for kind in kinds} == {"Female", "Male"}
    assert kinds == [understand_kind(f"  Voice   NUMBER {n}") for n in range(40)]


def test_ways_of_speaking_set_the_voice() -> None:
    """As a direction would."""
    plain, deep, fast = (
        dict(speakers(words, Kind("Male", "Adult", ""), accent="American")[0].settings)
        for words in ("a man", "a man, very deep", "a man, speaking fast")
    )

    assert deep["pitch"] < 40
    assert fast["rate"] > plain["rate"]
    assert invent("a woman who is whispering", 0).voice.endswith("+whisperf")


def test_every_speaker_exists_and_is_in_range() -> None:
    """Each accent with each variant is a voice of the engine in its canonical form."""
    engine = Espeak({"concurrency": 1})
    for gender, age in VARIANTS:
        for accent in ACCENTS:
            for speaker in speakers("very high, shouting", Kind(gender, age, accent), accent=accent):
                choice = engine.choose(speaker.voice, dict(speaker.settings))
                assert (choice.voice, choice.settings) == speaker
                assert dict(speaker.settings).keys() == SETTINGS.keys()
    engine.close()


def test_tries_are_different_voices() -> None:
    assert len({invent("an old man", take) for take in range(5)}) == 5
