"""Which words a dictionary is given, and which requests it may serve."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.manuscript import Mark
from narrator.providers.sarvam.bodies import says, write
from narrator.providers.sarvam.glossary import (
    BYTES,
    NOTHING,
    Glossary,
    Words,
    as_file,
    fitting,
    from_blocks,
    marker,
    serve,
    words_of,
)
from tests.providers.sarvam.asking import request

EN = "en-IN"
NAMES = {"Siobhan": "shi-VAWN", "Reading": "redding", "Mac Cumhaill": "mac COOL", "US": "you ess"}


def in_english(**words: str) -> Words:
    return {(EN, word): said for word, said in words.items()}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Siobhan left.", {"Siobhan": "shi-VAWN"}),
        ("SIOBHAN! Siobhan?", {"SIOBHAN": "shi-VAWN", "Siobhan": "shi-VAWN"}),
        ("“Siobhan…”", {"Siobhan": "shi-VAWN"}),
        ("Siobhan's house; Siobhan’s own.", {}),  # what a word is there is not known
        ("Mac Cumhaill left.", {}),  # and two are none
        ("The town of Reading.", {"Reading": "redding"}),
        ("Reading was what she loved.", {"Reading": "redding"}),
        ("Nobody left.", {}),
    ],
)
def test_only_single_words_that_stand_by_themselves_go_into_it(text: str, words: dict[str, str]) -> None:
    assert words_of(request(text, lexicon=NAMES)) == in_english(**words)


@pytest.mark.parametrize(
    ("text", "served"),
    [
        ("Siobhan left.", ["Siobhan"]),
        ("Siobhan saw Siobhan.", ["Siobhan", "Siobhan"]),
        ("Siobhan saw Siobhan's house.", ["Siobhan"]),  # the other is respelt
        ("Siobhan saw Mac Cumhaill.", ["Siobhan"]),
        ("Siobhan was reading.", []),  # should case not count, another word would be replaced
        ("The US left us.", []),
        ("Siobhan saw the X-US.", []),
        ("Siobhan saw the U.S. and Eithne.", ["Siobhan"]),
    ],
)
def test_nothing_else_is_ever_replaced(text: str, served: list[str]) -> None:
    asked = request(text, lexicon={**NAMES, "Eithne": "ENN-ya"})
    words = in_english(Siobhan="shi-VAWN", Reading="redding", US="you ess", Eithne="wrong")
    found = serve(asked, words, dict_id="p_1")

    assert sorted(text[mark.start : mark.end] for mark in found.marks) == served
    assert found.dict_id == ("p_1" if served else None)


def test_what_it_puts_in_could_be_replaced_in_its_turn() -> None:
    asked = request("The CEO left.", lexicon={"CEO": "see ee oh"})

    assert serve(asked, in_english(CEO="see ee oh"), dict_id="p_1").dict_id == "p_1"
    assert serve(asked, in_english(CEO="see ee oh", oh="ow"), dict_id="p_1") == NOTHING


def test_words_of_another_language_do_not_count() -> None:
    asked = request("Siobhan left.", lexicon=NAMES)

    assert serve(asked, {("hi-IN", "Siobhan"): "shi-VAWN"}, dict_id="p_1") == NOTHING
    assert serve(asked, in_english(Siobhan="shi-VAWN") | {("hi-IN", "left"): "x"}, dict_id="p_1").marks


def test_what_the_manuscript_says_of_one_place_is_not_the_dictionarys() -> None:
    by_hand = Mark(kind="say", start=0, end=7, value="SIGH-oban")
    asked = request("Siobhan saw Siobhan.", by_hand, lexicon=NAMES)

    assert asked.spoken.text == "SIGH-oban saw Siobhan."
    found = serve(asked, in_english(Siobhan="shi-VAWN"), dict_id="p_1")
    assert [mark.start for mark in found.marks] == [14]


def test_the_most_frequent_are_named_first() -> None:
    wanted = Glossary()
    wanted.add(request(text, lexicon=NAMES) for text in ("Siobhan.", "Reading.", "Reading.", "Nobody."))

    assert list(wanted.words()) == [(EN, "Reading"), (EN, "Siobhan")]
    assert wanted.dropped(in_english(Siobhan="x", Nobody="y", Absent="z")) == set()
    wanted.add([request("Siobhan knew nobody.", lexicon=NAMES)])
    assert wanted.dropped(in_english(Siobhan="x", Nobody="y", Absent="z")) == {(EN, "Nobody")}


def test_there_is_room_for_99_words_and_less_than_a_megabyte() -> None:
    many = {(EN, f"w{n}"): "x" for n in range(150)}
    large = {(EN, f"w{n}"): "ü" * 100_000 for n in range(5)}

    assert list(fitting(many, {})) == list(many)[:99]
    assert len(fitting(many, in_english(other="x"))) == 98
    assert len(fitting(many, many)) == 0
    assert len(fitting(large, {})) == 4
    assert len(as_file(fitting(large, {}), marker("x"))) < BYTES


def test_a_marker_is_a_plain_word_of_one_project() -> None:
    assert marker("The Lamp") == marker("The Lamp") != marker("The Lamp ")
    assert marker("").isalpha()
    assert marker("").islower()


@given(st.dictionaries(st.tuples(st.sampled_from([EN, "hi-IN"]), st.text(min_size=1)), st.text(), max_size=5))
@settings(deadline=None, max_examples=50)
def test_a_file_is_read_as_it_was_written(words: Words) -> None:
    blocks = json.loads(as_file(words, marker("a")))["pronunciations"]

    assert from_blocks(blocks, marker("a")) == words
    assert from_blocks(blocks, marker("b")) is None


@given(st.text("aS’'s-iobhn. \n\u200b1ि", max_size=40))
@settings(deadline=None, max_examples=200)
def test_any_text_is_respelt_or_served_but_never_both(text: str) -> None:
    asked = request(text, lexicon={"Siobhan": "vawn", "s": "ess"})
    every = says(asked.spoken)
    found = serve(asked, in_english(Siobhan="vawn", s="ess"), dict_id="p_1")
    sent = write(asked.spoken, {mark: said for mark, said in every.items() if mark not in found.marks}).text

    assert found.marks <= every.keys()
    assert len(sent.split()) == len(write(asked.spoken, {}).text.split())
    if not found.marks:
        assert sent == write(asked.spoken, every).text
