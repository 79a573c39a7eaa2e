"""Lines that are too long for one request: where they are cut, and how their takes are joined."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import ProviderError
from narrator.lexicon import Lexicon, speak
from narrator.manuscript import Mark
from narrator.splitting import LONGEST_PAUSE_MS, Joint, Part, join, parts, parts_of
from narrator.takes import Level, PhonemeTime, Request, Spoken, Take, WordTime
from tests.providers.contract import utterance

LIMIT = 60


def request(text: str, *, marks: tuple[Mark, ...] = (), guide: str | None = None) -> Request:
    """As the planner would make it."""
    spoken = speak(utterance(text, marks=marks), Lexicon(), provider="tones")
    return Request(provider="tones", voice="low", spoken=spoken, guide=guide)


def cut(text: str, *, marks: tuple[Mark, ...] = (), limit: int = LIMIT) -> tuple[Part, ...]:
    """Its parts, each of *limit* characters at most."""
    return parts(request(text, marks=marks), lambda part: len(part.spoken.text) <= limit, language="en")


def texts(found: tuple[Part, ...]) -> list[str]:
    """What each part says."""
    return [part.request.spoken.text for part in found]


def test_what_fits_is_left_as_it_is() -> None:
    whole = request("It is short.")
    (part,) = parts(whole, lambda each: len(each.spoken.text) <= LIMIT, language="en")
    assert part.request is whole


def test_what_follows_a_recording_is_not_cut() -> None:
    whole = request("a " * 100, guide="f" * 64)
    assert len(parts(whole, lambda _: False, language="en")) == 1


@pytest.mark.parametrize(
    ("text", "said", "joints"),
    [
        (
            "He came back late that night. Nobody had waited for him, Mr. Bell least of all.",
            ["He came back late that night.", "Nobody had waited for him, Mr. Bell least of all."],
            [Joint.SENTENCE],
        ),
        (
            "He counted 1,000 steps up to the lamp, and then, since nobody had come, he counted them again",
            [
                "He counted 1,000 steps up to the lamp, and then,",
                "since nobody had come, he counted them again",
            ],
            [Joint.CLAUSE],
        ),
        (
            "the sea the sea the sea the sea the sea the sea the sea the sea the sea",
            ["the sea " * 7 + "the", "sea the sea"],
            [Joint.WORD],
        ),
        ("x" * 130, ["x" * 60, "x" * 58, "x" * 12], [Joint.LETTER, Joint.LETTER]),
        ("我" * 40 + "，" + "你" * 40, ["我" * 40 + "，", "你" * 40], [Joint.CLAUSE]),
    ],
)
def test_a_long_line_is_cut_at_the_best_place(text: str, said: list[str], joints: list[Joint]) -> None:
    found = cut(text)
    assert texts(found) == said
    assert [part.joint for part in found[:-1]] == joints


def test_no_scrap_is_left_over() -> None:
    """A last part of one word would be spoken as a sentence of its own."""
    text = "they went along the shore, and looked, and looked, and found, nothing"
    assert texts(cut(text)) == ["they went along the shore, and looked, and looked,", "and found, nothing"]


@settings(deadline=None, max_examples=150)
@given(
    st.text(st.sampled_from("ab é.,;!? \n—\"'́👩🏽‍🚒🇩🇪न्कि中。"), max_size=300),
    st.integers(20, 80),
)
def test_nothing_is_lost_and_everything_fits(text: str, limit: int) -> None:
    """Whatever the text, its parts are the text without the white space between them."""
    found = cut(text, limit=limit)
    for part in found:
        said = part.request.spoken.text
        assert len(said) <= limit or len(found) == 1
        assert text[part.start : part.start + len(said)] == said
        assert all(
            0 <= word.spoken_start < word.spoken_end <= len(said) for word in part.request.spoken.words
        )
    assert "".join("".join(texts(found)).split()) == "".join(text.split())


@given(st.lists(st.sampled_from(["👩🏽‍🚒", "🇩🇪", "न्कि", "é", "a"]), min_size=30, max_size=60))
@settings(deadline=None, max_examples=40)
def test_no_character_is_cut_in_two(characters: list[str]) -> None:
    """What a reader sees as one stays in one part: joined emoji, flags, letters with their marks."""
    for said in texts(cut("".join(characters), limit=25)):
        assert unicodedata.category(said[0])[0] != "M"
        assert "\u200d" not in (said[0], said[-1])
        assert said[0] != "🏽"


def test_marks_stay_with_their_words() -> None:
    text = "The first half of it is here, said quietly; and Siobhan has the other half of it here"
    name = text.index("Siobhan")
    marks = (
        Mark(kind="emphasis", start=4, end=len(text)),
        Mark(kind="pause", start=text.index(" and"), end=text.index(" and"), value="300"),
    )
    spoken = Spoken(
        text=text,
        marks=(*marks, Mark(kind="say", start=name, end=name + 7, value="dictionary:shi-VAWN")),
        words=request(text).spoken.words,
    )
    whole = Request(provider="tones", voice="low", spoken=spoken)
    first, second = parts(whole, lambda part: len(part.spoken.text) <= LIMIT, language="en")
    assert [(mark.kind, mark.start, mark.end) for mark in first.request.spoken.marks] == [
        ("emphasis", 4, 43),
        ("pause", 43, 43),
    ]
    said = second.request.spoken
    assert [mark.kind for mark in said.marks] == ["emphasis", "say"]
    assert said.text[said.marks[1].start : said.marks[1].end] == "Siobhan"


def test_a_stretch_that_is_said_in_one_is_not_cut() -> None:
    text = "the old man of the sea and of the land " * 3
    start = text.index("sea and of")
    mark = Mark(kind="say", start=start + 3, end=start + 30, value="dictionary:x")
    spoken = Spoken(text=text, marks=(mark,), words=())
    found = parts(
        Request(provider="tones", voice="low", spoken=spoken),
        lambda part: len(part.spoken.text) <= 40,
        language="en",
    )
    ends = [part.start + len(part.request.spoken.text) for part in found]
    assert not any(mark.start < end < mark.end for end in ends)


def take(part: Part, number: int, *, rate: int = 1000, silent: bool = False) -> Take:
    """Half a second of silence, 100 ms a word, half a second of silence."""
    words = part.request.spoken.words
    sounding = 100 * len(words)
    return Take(
        id=f"{number:016x}",
        key=part.request.key,
        flac_bytes=1,
        flac_sha256="",
        rate=rate,
        samples=1000 + sounding,
        request=part.request,
        words=tuple(WordTime(500 + 100 * at, 600 + 100 * at) for at in range(len(words))),
        word_source="service",
        phonemes=tuple(PhonemeTime("a", 500 + 100 * at, 600 + 100 * at) for at in range(len(words))),
        ids=(("generation", f"g{number}"),),
        transcript=part.request.spoken.text,
        cost=1.0,
        characters=9,
        currency="EUR",
        level=Level(
            peak=0.5,
            energy=1.0,
            speech_start_sample=0 if silent else 500,
            speech_end_sample=0 if silent else 500 + sounding,
        ),
        recorded_at="2026-01-01T00:00:00Z",
        took_ms=1,
    )


def pcm(of: Take) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Its samples: 1 where there is silence, 1000 where there is sound."""
    sound = np.ones(of.samples, np.int16)
    sound[of.level.speech_start_sample : of.level.speech_end_sample] = 1000
    return sound


def test_a_pause_that_a_service_cannot_make_is_made_between_parts() -> None:
    """It is as long as the manuscript asks for, whatever silence the parts come with."""
    text = "He waited. And then he left."
    at = text.index(" And")
    marks = (
        Mark(kind="pause", start=at, end=at, value="1500"),
        Mark(kind="pause", start=len(text), end=len(text), value="300"),
    )
    spoken = Spoken(text=text, marks=marks, words=request(text).spoken.words)
    whole = Request(provider="tones", voice="low", spoken=spoken)
    found = parts(whole, lambda _: True, language="en", pauses=True)

    assert texts(found) == ["He waited.", "And then he left."]
    first, second = (part.request.spoken.marks for part in found)
    assert (first, [(mark.start, mark.value) for mark in second]) == ((), [(17, "300")])
    assert (found[0].joint, found[0].pause_ms) == (Joint.PAUSE, 1500)
    takes = [take(part, number) for number, part in enumerate(found)]
    made = join(whole, found, takes, [pcm(each) for each in takes], rate=1000)
    assert made.words[2].start_sample - made.words[1].end_sample == 1500
    assert len(made.words) == 6


def test_pauses_at_the_ends_are_not_cut_at() -> None:
    text = "“He waited.”"
    marks = tuple(Mark(kind="pause", start=at, end=at, value="300") for at in (0, 1, 11, 12))
    spoken = Spoken(text=text, marks=marks, words=request(text).spoken.words)
    whole = Request(provider="tones", voice="low", spoken=spoken)
    (part,) = parts(whole, lambda _: True, language="en", pauses=True)
    assert part.request is whole


def test_joined_takes_are_one_take_of_the_line() -> None:
    """All words in order on one clock, the pauses between parts short, nothing of the sound lost."""
    text = "He came back late that night. Nobody had waited for him, Mr. Bell least of all."
    whole, found = request(text), cut(text)
    takes = [take(part, number) for number, part in enumerate(found)]
    made = join(whole, found, takes, [pcm(each) for each in takes], rate=1000)

    assert len(made.words) == len(whole.spoken.words)
    assert all(
        before.end_sample <= after.start_sample
        for before, after in zip(made.words, made.words[1:], strict=False)
    )
    assert all((made.pcm[a:b] == 1000).all() for a, b in made.words)
    assert int((made.pcm == 1000).sum()) == sum(int((pcm(each) == 1000).sum()) for each in takes)
    between = made.words[6].start_sample - made.words[5].end_sample
    assert between <= LONGEST_PAUSE_MS[Joint.SENTENCE]
    assert made.words[0].start_sample == 500  # ends are left as they came
    assert made.pcm.size - made.words[-1].end_sample == 500
    assert made.ids == (("part", takes[0].id), ("part", takes[1].id), ("generation", "g1"))
    assert (made.cost, made.characters, made.currency) == (2.0, 18, "EUR")
    assert len(made.phonemes) == len(made.words)
    assert made.transcript == text
    assert parts_of(takes[0]) == frozenset()


def test_a_word_that_was_cut_sounds_as_a_whole() -> None:
    text = "so " + "x" * 100 + " end"
    found = cut(text)
    takes = [take(part, number) for number, part in enumerate(found)]
    made = join(request(text), found, takes, [pcm(each) for each in takes], rate=1000)
    assert texts(found) == ["so", "x" * 60, "x" * 40 + " end"]
    assert len(made.words) == 3
    assert made.words[1].end_sample - made.words[1].start_sample == 200
    assert made.words[2].start_sample == made.words[1].end_sample


def test_a_part_without_sound_is_used_whole() -> None:
    text = "He came back late that night. Nobody had waited for him, Mr. Bell least of all."
    found = cut(text)
    takes = [take(found[0], 0, silent=True), take(found[1], 1)]
    made = join(request(text), found, takes, [pcm(each) for each in takes], rate=1000)
    assert made.pcm.size >= takes[0].samples


def test_parts_at_other_rates_are_not_joined() -> None:
    found = cut("He came back late that night. Nobody had waited for him, Mr. Bell least of all.")
    takes = [take(found[0], 0), take(found[1], 1, rate=2000)]
    with pytest.raises(ProviderError, match="sample rates"):
        join(found[0].request, found, takes, [pcm(each) for each in takes], rate=1000)
