"""Pronunciations: where an entry is found, and how the spoken text leads back to the written one."""

from __future__ import annotations

from typing import Literal

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from narrator.errors import ConfigurationError
from narrator.lexicon import Entry, Lexicon, speak
from narrator.manuscript import Mark, Utterance
from narrator.takes import Spoken

EMPTY = Lexicon()


def utterance(text: str, *marks: Mark) -> Utterance:
    return Utterance(
        id="c01-u001",
        role="narrator",
        text=text,
        marks=marks,
        file="manuscript/01-a.md",
        line=1,
        start=0,
        end=len(text),
        scene=0,
        paragraph=0,
    )


def lexicon(**says: str) -> Lexicon:
    """A lexicon of respellings; `_` in a name is a space."""
    return Lexicon(entries=tuple((word.replace("_", " "), Entry(say=say)) for word, say in says.items()))


def said(text: str, entries: Lexicon, *marks: Mark, provider: str = "espeak") -> str:
    return speak(utterance(text, *marks), entries, provider=provider).text


def pairs(spoken: Spoken, text: str) -> list[tuple[str, str]]:
    """Each word as written, and what is said for it."""
    return [
        (text[word.start : word.end], spoken.text[word.spoken_start : word.spoken_end])
        for word in spoken.words
    ]


# Where an entry is found


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Siobhan", "shi-VAWN"),
        ("SIOBHAN!", "shi-VAWN!"),
        ("“Siobhan,” she said", "“shi-VAWN,” she said"),
        ("‘Siobhan’ and 'Siobhan'", "‘shi-VAWN’ and 'shi-VAWN'"),
        ("Siobhan's Siobhan’s SIOBHAN'S", "shi-VAWN's shi-VAWN’s shi-VAWN'S"),
        ("so—Siobhan—no", "so—shi-VAWN—no"),
        ("_Siobhan_", "_shi-VAWN_"),
        ("siobhan", "siobhan"),
        ("SioBhan", "SioBhan"),
        ("Siobhans", "Siobhans"),
        ("Siobhan2", "Siobhan2"),
        ("McSiobhan", "McSiobhan"),
        ("Siobhan-like", "Siobhan-like"),
        ("non-Siobhan", "non-Siobhan"),
        ("O'Siobhan", "O'Siobhan"),
        ("Siobhan'sy", "Siobhan'sy"),
        ("Siobhan'll", "Siobhan'll"),
        ("Siobhan\u0301", "Siobhan\u0301"),
    ],
)
def test_an_entry_is_found_as_a_whole_word(text: str, spoken: str) -> None:
    assert said(text, lexicon(Siobhan="shi-VAWN")) == spoken


def test_an_entry_in_lower_case_is_found_in_any_case() -> None:
    assert said("lead Lead LEAD lEAD leads", lexicon(lead="led")) == "led led led led leads"


def test_an_entry_that_is_particular_about_case_comes_first() -> None:
    entries = lexicon(polish="PAH-lish", Polish="POH-lish")
    assert said("polish Polish POLISH", entries) == "PAH-lish POH-lish POH-lish"


def test_the_longest_entry_wins() -> None:
    entries = lexicon(new="noo", new_york="Noo Yawk", york="yawk")
    assert said("New York, new hat, old York", entries) == "Noo Yawk, noo hat, old yawk"


def test_apostrophes_are_alike() -> None:
    curly, straight = (
        Lexicon(entries=(("O’Brien", Entry(say="a")),)),
        Lexicon(entries=(("O'Brien", Entry(say="a")),)),
    )
    for entries in (curly, straight):
        assert said("O’Brien O'Brien O’Brien’s O'BRIEN", entries) == "a a a’s a"


def test_entries_may_begin_and_end_with_signs_and_hold_any_script() -> None:
    entries = Lexicon(
        entries=(
            ("'tis", Entry(say="it is")),
            ("Mr.", Entry(say="Mister")),
            ("दुनिया", Entry(say="duniya")),
            ("C++", Entry(say="see plus plus")),
        )
    )
    assert said("’Tis Mr. Roy. नमस्ते दुनिया। C++!", entries) == "it is Mister Roy. नमस्ते duniya। see plus plus!"


def test_replacements_are_not_looked_into_again() -> None:
    assert said("a b", lexicon(a="b", b="a")) == "b a"


def test_only_lines_with_the_word_change() -> None:
    """An edit of the lexicon records the lines that hold its word, and no others."""
    before, after = lexicon(Ann="an", Bo="boh"), lexicon(Ann="an", Bo="bow")
    lines = ["Ann and Bo met.", "Ann left.", "Bob stayed.", "A boat; bo."]
    changed = [
        line
        for line in lines
        if speak(utterance(line), before, provider="hume") != speak(utterance(line), after, provider="hume")
    ]
    assert changed == ["Ann and Bo met."]


# Marks


def test_a_say_mark_wins_over_the_lexicon() -> None:
    mark = Mark(kind="say", start=4, end=8, value="yohrk")
    entries = lexicon(New_York="Noo Yawk", York="yawk", New="noo")
    assert said("New York York", entries, mark) == "noo yohrk yawk"


def test_a_say_mark_never_takes_a_word_away() -> None:
    for value in ("", "  "):
        assert said("one two", EMPTY, Mark(kind="say", start=0, end=3, value=value)) == "one two"


def test_marks_move_with_the_text() -> None:
    text = "Ann saw Bo, then Cy."
    marks = (
        Mark(kind="say", start=0, end=3, value="Annabella"),
        Mark(kind="emphasis", start=4, end=7),
        Mark(kind="strong", start=8, end=10),
        Mark(kind="pause", start=11, end=11, value="500"),
        Mark(kind="emphasis", start=17, end=19),
    )
    spoken = speak(utterance(text, *marks), lexicon(Bo="B"), provider="hume")
    assert spoken.text == "Annabella saw B, then Cy."
    assert [(mark.kind, spoken.text[mark.start : mark.end]) for mark in spoken.marks] == [
        ("emphasis", "saw"),
        ("strong", "B"),
        ("pause", ""),
        ("emphasis", "Cy"),
    ]
    assert spoken.text[spoken.marks[2].start :] == " then Cy."


# The embedded voice's phonemes


def test_phonemes_are_for_the_embedded_voice_alone() -> None:
    entries = Lexicon(
        entries=(("Siobhan", Entry(say="shi-VAWN", espeak="S@v'O:n")), ("Wu", Entry(espeak="w'u:")))
    )
    text = "Wu met Siobhan’s dog."
    spoken = speak(utterance(text), entries, provider="espeak")
    assert spoken.text == text
    assert [(text[m.start : m.end], m.kind, m.value) for m in spoken.marks] == [
        ("Wu", "say", "espeak:w'u:"),
        ("Siobhan", "say", "espeak:S@v'O:n"),
    ]
    assert said(text, entries, provider="hume") == "Wu met shi-VAWN’s dog."
    assert speak(utterance(text), entries, provider="hume").marks == ()


def test_a_service_that_has_a_dictionary_applies_the_lexicon_itself() -> None:
    """What the lexicon says is a mark on the text as written; what the manuscript says itself is not."""
    entries = lexicon(Siobhan="shi-VAWN  o", cy_wu="SIGH woo")
    text = "Cy Wu met Siobhan, and Siobhan left."
    here = text.rindex("Siobhan")
    by_hand = Mark(kind="say", start=here, end=here + 7, value="SHIV")
    spoken = speak(utterance(text, by_hand), entries, provider="sarvam", dictionary=True)
    assert spoken.text == "Cy Wu met Siobhan, and SHIV left."
    assert [(spoken.text[m.start : m.end], m.value) for m in spoken.marks] == [
        ("Cy Wu", "dictionary:SIGH woo"),
        ("Siobhan", "dictionary:shi-VAWN o"),
    ]


@pytest.mark.parametrize("phonemes", ["h@l]] <break/> [[oU", "a&b", "a<b", "hé", "a\nb", "", "[[a"])
def test_phonemes_that_could_mean_something_else_are_refused(phonemes: str) -> None:
    entries = Lexicon(entries=(("Wu", Entry(espeak=phonemes, say="woo", line=7)),))
    if not phonemes:
        assert said("Wu", entries) == "woo"
        return
    with pytest.raises(ConfigurationError, match=r"lexicon\.yaml:7: 'Wu': .* are no phonemes"):
        said("anything", entries)


def test_an_entry_needs_a_word() -> None:
    entries = Lexicon(entries=(("—!", Entry(say="dash", line=3)),))
    with pytest.raises(ConfigurationError, match=r"lexicon\.yaml:3: '—!' holds no letter or digit"):
        said("anything", entries)


# Words


def test_words_are_runs_that_hold_a_letter_or_digit() -> None:
    text = "“Well”—he said … * 5★ don’t_ !"
    spoken = speak(utterance(text), EMPTY, provider="hume")
    assert [written for written, _ in pairs(spoken, text)] == ["“Well”—he", "said", "5★", "don’t_"]


def test_written_words_keep_their_share_of_what_is_said() -> None:
    entries = lexicon(New_York="Noo Yawk", Mister_T="Tee", Dr="the doctor")
    text = "(New York) Mister T, Dr."
    spoken = speak(utterance(text), entries, provider="hume")
    assert pairs(spoken, text) == [
        ("(New", "(Noo"),
        ("York)", "Yawk)"),
        ("Mister", "Te"),
        ("T,", "e,"),
        ("Dr.", "the doctor."),
    ]


WORDS = st.sampled_from(
    ["Ann", "ann", "Bo's", "new", "York", "x", "—", "é", "5", "漢字", "“Ann,”", "New", "'", "O’Bo"]
)
KINDS: st.SearchStrategy[Literal["emphasis", "strong", "say", "pause"]] = st.sampled_from(
    ["emphasis", "strong", "say", "pause"]
)
ENTRIES = Lexicon(
    entries=(
        ("Ann", Entry(say="Annabella May", espeak="'an")),
        ("new york", Entry(say="NY")),
        ("Bo", Entry(say="b")),
        ("5", Entry(say="five of them")),
        ("漢字", Entry(say="kanji")),
    )
)


@st.composite
def utterances(draw: st.DrawFn) -> Utterance:
    text = " ".join(draw(st.lists(WORDS, max_size=12)))
    place = st.integers(0, len(text))
    marks = []
    for kind in draw(st.lists(KINDS, max_size=5)):
        start, end = sorted((draw(place), draw(place)))
        if kind == "say":
            value = draw(st.sampled_from(["", "so", "so be it"]))
            marks.append(Mark(kind="say", start=start, end=end, value=value))
        elif kind == "pause":
            marks.append(Mark(kind="pause", start=start, end=start, value="100"))
        else:
            marks.append(Mark(kind=kind, start=start, end=end))
    return utterance(text, *marks)


@given(utterances(), st.sampled_from(["espeak", "hume"]))
@settings(deadline=None, max_examples=200)
def test_every_place_leads_back(written: Utterance, provider: str) -> None:
    """Words are in order, apart and inside the text, and so are marks; none is lost."""
    spoken = speak(written, ENTRIES, provider=provider)
    reached = spoken_reached = 0
    for word in spoken.words:
        assert reached <= word.start < word.end <= len(written.text)
        assert spoken_reached <= word.spoken_start <= word.spoken_end <= len(spoken.text)
        reached, spoken_reached = word.end, word.spoken_end
    assert [written.text[word.start : word.end] for word in spoken.words] == [
        run for run in written.text.split() if any(map(str.isalnum, run))
    ]
    for mark in spoken.marks:
        assert 0 <= mark.start <= mark.end <= len(spoken.text)
        assert mark.kind != "say" or mark.value == "espeak:'an"
    kept = sorted(mark.kind for mark in written.marks if mark.kind != "say")
    assert sorted(mark.kind for mark in spoken.marks if mark.kind != "say") == kept


@given(st.text(max_size=80), st.sampled_from(["espeak", "hume"]))
@settings(deadline=None, max_examples=150)
def test_text_without_entries_is_unchanged(text: str, provider: str) -> None:
    text = " ".join(text.split())
    for entries in (EMPTY, lexicon(notherewordatall="x")):
        spoken = speak(utterance(text), entries, provider=provider)
        assert spoken.text == text
        assert all(word.start == word.spoken_start and word.end == word.spoken_end for word in spoken.words)
        assert spoken == Spoken(text=text, words=spoken.words)
