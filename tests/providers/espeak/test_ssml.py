"""What the engine is sent, and the way back to the text."""

from __future__ import annotations

import html
import re

import hypothesis.strategies as st
from hypothesis import given, settings

from narrator.lexicon import PHONEMES
from narrator.manuscript import Mark
from narrator.providers.espeak.ssml import write
from narrator.takes import Spoken

TAGS = re.compile(r"</?(?:emphasis|prosody|break)\b[^>]*>")
TEXT = st.text(
    st.one_of(st.sampled_from("ab Z.,’“”()[]<>&;'-— 0\x00\x01\n\ud800😀é"), st.characters()), max_size=60
)


@st.composite
def spoken(draw: st.DrawFn) -> Spoken:
    text = draw(TEXT)
    place = st.integers(0, len(text))
    marks = []
    for kind in draw(st.lists(st.sampled_from(["emphasis", "strong", "pause", "say"]), max_size=5)):
        start, end = sorted((draw(place), draw(place)))
        if kind == "pause":
            marks.append(Mark(kind="pause", start=start, end=start, value=str(draw(st.integers(0, 3000)))))
        elif kind == "say":
            marks.append(Mark(kind="say", start=start, end=end, value=f"{PHONEMES}h@l'oU"))
        elif kind == "emphasis":
            marks.append(Mark(kind="emphasis", start=start, end=end))
        else:
            marks.append(Mark(kind="strong", start=start, end=end))
    return Spoken(text=text, marks=tuple(marks))


def printed(text: str) -> str:
    """What can be seen of a text: signs that are misread side by side are sent with a space between them."""
    return "".join(
        c for c in text if c.isprintable() and not c.isspace() and c != "\N{REPLACEMENT CHARACTER}"
    )


@given(spoken())
@settings(deadline=None, max_examples=150)
def test_nothing_of_the_text_is_a_mark_and_nothing_is_lost(spoken: Spoken) -> None:
    """Without the tags that were asked for, what is sent is the text, less what the engine would obey."""
    source = write(spoken, volume=50)
    source.text.encode()
    text = TAGS.sub("", source.text)
    assert not re.search("[<>\x00-\x09\x0b-\x1f]", text)
    assert len(TAGS.findall(source.text)) <= 4 * len(spoken.text) + 4
    if not source.phonemes_allowed:
        assert printed(html.unescape(text)) == printed(spoken.text)
    else:
        assert text.count("[[") == text.count("]]") - spoken.text.count("]]")


@given(spoken())
@settings(deadline=None, max_examples=150)
def test_every_character_sent_leads_back_into_the_text(spoken: Spoken) -> None:
    source = write(spoken, volume=50)
    assert len(source.offsets) == len(source.text)
    assert source.offsets == sorted(source.offsets)
    assert all(0 <= offset <= len(spoken.text) for offset in source.offsets)
    for sent, offset in zip(source.text, source.offsets, strict=True):
        if sent.isalpha() and not spoken.marks and "&" not in source.text:
            assert spoken.text[offset] == sent


def written(text: str, *marks: Mark, volume: int = 50) -> str:
    return write(Spoken(text=text, marks=marks), volume=volume).text


def test_plain_text_is_sent_as_it_is() -> None:
    assert written("It’s “fine” — really, 100 %.") == "It’s “fine” — really, 100 %."


def test_emphasis_takes_whole_words_without_their_punctuation() -> None:
    strong = Mark(kind="strong", start=3, end=6)
    assert (
        written("“Unbelievable,” he said", strong)
        == '“<emphasis level="strong"><prosody volume="50">Unbelievable</prosody></emphasis>,” he said'
    )
    assert written("no—way", Mark(kind="emphasis", start=3, end=6), volume=100).startswith("no—<emphasis")


def test_words_beside_each_other_share_one_emphasis() -> None:
    """The engine drops text between two that touch."""
    text = written("a bb cc d", Mark(kind="emphasis", start=2, end=4), Mark(kind="strong", start=5, end=7))
    assert text == 'a <emphasis level="strong"><prosody volume="50">bb cc</prosody></emphasis> d'


def test_a_mark_over_signs_of_other_scripts_does_not_divide_them() -> None:
    """A vowel sign is no letter to Python, and a tag before it would tear the word apart."""
    text = written("नमस्ते दुनिया", Mark(kind="emphasis", start=0, end=6))
    assert ">नमस्ते<" in text


def test_pauses_at_the_edges_are_not_the_engines() -> None:
    """It leaves out a break before the first word."""
    marks = [Mark(kind="pause", start=at, end=at, value="250") for at in (0, 1, 4, 5, 6)]
    source = write(Spoken(text="“One,” ", marks=tuple(marks)), volume=50)
    assert (source.text, source.lead_ms, source.tail_ms) == ("“One,” ", 500, 750)
