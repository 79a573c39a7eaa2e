"""A chapter's clock: every pause as long as asked, every word in its place, nothing missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.book import Pauses
from narrator.errors import MissingTake
from narrator.manuscript import Chapter, Scene, Utterance
from narrator.stitching import MARGIN_AFTER_MS, MARGIN_BEFORE_MS, lay_out, pause_after
from narrator.takes import Level, Request, Spoken, Take, Word, WordTime
from narrator.timeline import Timeline, samples

PAUSES = Pauses(
    sentence_ms=200,
    speaker_ms=300,
    paragraph_ms=500,
    scene_ms=1500,
    chapter_head_ms=700,
    chapter_tail_ms=2000,
)


def utterance(number: int = 1, *, text: str = "Hello there.", **changes: object) -> Utterance:
    facts: dict[str, object] = {
        "id": f"c01-u{number:03d}",
        "role": "narrator",
        "text": text,
        "file": "manuscript/01.md",
        "line": number,
        "start": 0,
        "end": len(text),
        "scene": 0,
        "paragraph": 0,
    }
    return Utterance.model_validate(facts | changes)


def chapter(*utterances: Utterance, scenes: Sequence[Scene] = (Scene(),)) -> Chapter:
    return Chapter(
        number=1,
        title="The Lamp",
        slug="the-lamp",
        file="manuscript/01.md",
        line=1,
        scenes=tuple(scenes),
        utterances=utterances,
    )


def words_of(text: str) -> tuple[Word, ...]:
    return tuple(Word(m.start(), m.end(), m.start(), m.end()) for m in re.finditer(r"\S+", text))


def take(
    text: str = "Hello there.",
    *,
    rate: int = 22050,
    length: int = 22050,
    sound: tuple[int, int] | None = None,
    words: Sequence[tuple[int, int]] = (),
    spoken: Spoken | None = None,
) -> Take:
    """One that sounds from its first sample to its last, unless told otherwise."""
    start, end = (0, length) if sound is None else sound
    return Take(
        id="0123456789abcdef",
        key="ab" * 32,
        flac_bytes=1,
        flac_sha256="",
        rate=rate,
        samples=length,
        request=Request(
            provider="espeak",
            voice="en",
            spoken=spoken or Spoken(text=text, words=words_of(text)),
            direction="softly",
        ),
        words=tuple(WordTime(*word) for word in words),
        word_source="engine",
        level=Level(peak=0.5, energy=1.0, speech_start_sample=start, speech_end_sample=end),
        recorded_at="2026-11-20T10:00:00Z",
        took_ms=1,
    )


def laid_out(book_chapter: Chapter, *takes: Take, pauses: Pauses = PAUSES, rate: int = 44100) -> Timeline:
    by_id = {utterance.id: take for utterance, take in zip(book_chapter.utterances, takes, strict=True)}
    return lay_out(book_chapter, by_id, pauses=pauses, rate=rate)


def test_a_missing_take_is_refused_by_name() -> None:
    """Every one of them, not only the first."""
    book_chapter = chapter(utterance(1), utterance(2), utterance(3))
    with pytest.raises(
        MissingTake, match=r"'The Lamp' is not assembled: no take for c01-u001, c01-u003"
    ) as caught:
        lay_out(book_chapter, {"c01-u002": take()}, pauses=PAUSES)
    assert caught.value.utterance_ids == ("c01-u001", "c01-u003")
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("changes", "expected_ms"),
    [
        ({}, 200),
        ({"role": "mara"}, 300),
        ({"paragraph": 1}, 500),
        ({"paragraph": 1, "role": "mara"}, 500),
        ({"paragraph": 1, "role": "mara", "scene": 1}, 1500),
        ({"heading": True}, 500),
    ],
)
def test_the_pause_is_that_of_the_largest_boundary(changes: dict[str, object], expected_ms: int) -> None:
    before, following = utterance(1), utterance(2).model_copy(update=changes)
    assert pause_after(before, following, PAUSES) == expected_ms
    assert pause_after(following, before, PAUSES) == expected_ms
    timeline = laid_out(chapter(before, following, scenes=[Scene(), Scene()]), take(), take())
    first, second = timeline.placements
    assert second.start_sample - first.end_sample == samples(expected_ms, 44100)


def test_of_speaker_and_paragraph_the_longer_counts() -> None:
    pauses = PAUSES.model_copy(update={"speaker_ms": 900})
    assert pause_after(utterance(1), utterance(2, paragraph=1, role="mara"), pauses) == 900


@pytest.mark.parametrize("asked_ms", [0, 50, 4000])
def test_a_pause_in_the_manuscript_replaces_that_of_the_boundary(asked_ms: int) -> None:
    before = utterance(1, pause_after_ms=asked_ms)
    assert pause_after(before, utterance(2, paragraph=1, scene=1), PAUSES) == asked_ms


def test_quiet_at_the_end_is_never_shortened() -> None:
    assert pause_after(utterance(1), None, PAUSES) == 2000
    assert pause_after(utterance(1, pause_after_ms=100), None, PAUSES) == 2000
    assert pause_after(utterance(1, pause_after_ms=3000), None, PAUSES) == 3000


def test_head_and_tail_surround_a_chapter() -> None:
    timeline = laid_out(chapter(utterance()), take(length=22050))
    (placement,) = timeline.placements
    assert (placement.start_sample, placement.end_sample) == (30870, 30870 + 44100)
    assert timeline.samples == 30870 + 44100 + 88200


def test_a_chapter_with_nothing_to_say() -> None:
    timeline = laid_out(chapter(scenes=[]))
    assert timeline.samples == samples(2700, 44100)
    assert [(s.title, s.start_sample, s.end_sample) for s in timeline.scenes] == [
        ("The Lamp", 0, timeline.samples)
    ]


def test_a_placement_says_what_it_plays() -> None:
    book_chapter = chapter(utterance(1, role="mara", direction="+ slowly", paragraph=3))
    (placement,) = laid_out(book_chapter, take(words=[(0, 9000), (9000, 22050)])).placements
    assert (placement.utterance_id, placement.role, placement.voice) == ("c01-u001", "mara", "espeak/en")
    assert (placement.text, placement.direction, placement.paragraph) == ("Hello there.", "softly", 3)
    assert (placement.take_key, placement.take_id) == ("ab" * 32, "0123456789abcdef")
    assert placement.word_source == "engine"


# What is used of a take


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_silence_around_speech_is_cut_to_the_margins(rate: int) -> None:
    one = take(rate=rate, length=3 * rate, sound=(rate, 2 * rate))
    (placement,) = laid_out(chapter(utterance()), one).placements
    assert placement.take_start_sample == rate - samples(MARGIN_BEFORE_MS, rate)
    assert placement.take_end_sample == 2 * rate + samples(MARGIN_AFTER_MS, rate)


def test_margins_end_where_the_take_ends() -> None:
    (placement,) = laid_out(chapter(utterance()), take(length=22050, sound=(10, 22049))).placements
    assert (placement.take_start_sample, placement.take_end_sample) == (0, 22050)


def test_words_are_never_cut() -> None:
    """A closure before a plosive is silent, and part of the word."""
    one = take(length=22050, sound=(5000, 15000), words=[(3000, 9000), (9000, 19000)])
    (placement,) = laid_out(chapter(utterance()), one).placements
    assert (placement.take_start_sample, placement.take_end_sample) == (3000, 19000)


def test_words_past_the_end_of_the_take_are_brought_back() -> None:
    one = take(length=22050, words=[(-50, 9000), (9000, 99_000)])
    (placement,) = laid_out(chapter(utterance()), one).placements
    assert (placement.take_start_sample, placement.take_end_sample) == (0, 22050)
    assert placement.words[0].start_sample == placement.start_sample
    assert placement.words[1].end_sample == placement.end_sample


def test_a_take_without_sound_is_used_whole() -> None:
    (placement,) = laid_out(chapter(utterance()), take(length=22050, sound=(0, 0))).placements
    assert (placement.take_start_sample, placement.take_end_sample) == (0, 22050)


def test_a_take_without_samples_takes_no_time() -> None:
    timeline = laid_out(chapter(utterance(1), utterance(2)), take(length=0), take())
    assert timeline.placements[0].start_sample == timeline.placements[0].end_sample
    assert timeline.samples == samples(700, 44100) + samples(200, 44100) + 44100 + samples(2000, 44100)


# Words


def test_words_are_as_written_and_where_they_sound() -> None:
    one = take("“Hello,” there.", length=22050, words=[(1000, 9000), (10_000, 20_000)])
    (placement,) = laid_out(chapter(utterance(text="“Hello,” there.")), one).placements
    at = placement.start_sample
    assert [(w.text, w.start_sample - at, w.end_sample - at) for w in placement.words] == [
        ("“Hello,”", 2000, 18_000),
        ("there.", 20_000, 40_000),
    ]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0, 600), (500, 900)], [(0, 500), (500, 900)]),
        ([(500, 600), (100, 200)], [(500, 500), (500, 500)]),
        ([(300, 200), (400, 800)], [(300, 300), (400, 800)]),
        ([(0, 100), (0, 900)], [(0, 0), (0, 900)]),
    ],
)
def test_words_that_overlap_are_put_in_order(
    times: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    one = take(rate=44100, length=1000, words=times)
    (placement,) = laid_out(chapter(utterance()), one).placements
    at = placement.start_sample
    assert [(w.start_sample - at, w.end_sample - at) for w in placement.words] == expected


def test_a_take_without_word_times_has_them_estimated() -> None:
    """Over its sound, not over the margins round it; and the placement says so, whatever the take says."""
    one = take("Well, no.", rate=44100, length=44100, sound=(4410, 39690))
    (placement,) = laid_out(chapter(utterance(text="Well, no.")), one).placements
    at = placement.start_sample + samples(MARGIN_BEFORE_MS, 44100)
    # In tenths of a letter: "Well" 10 for the word, 40, 25 for the comma; 35 of pause; "no" 10, 20, 25.
    assert [(w.text, w.start_sample - at, w.end_sample - at) for w in placement.words] == [
        ("Well,", 0, 35280 * 75 // 165),
        ("no.", 35280 * 110 // 165, 35280),
    ]
    assert placement.word_source == "estimated"
    assert one.word_source == "engine"


def test_takes_with_and_without_word_times_stand_side_by_side() -> None:
    takes = [take(words=[(0, 9000), (9000, 22050)]), take(), take(words=[(0, 9000), (9000, 22050)])]
    timeline = laid_out(chapter(*map(utterance, range(3))), *takes)
    assert [p.word_source for p in timeline.placements] == ["engine", "estimated", "engine"]
    assert [[w.text for w in p.words] for p in timeline.placements] == [["Hello", "there."]] * 3
    first, _, last = timeline.placements
    assert first.words[1].start_sample - first.start_sample == last.words[1].start_sample - last.start_sample


def test_an_estimate_serves_every_spelling() -> None:
    one = take("St. Ives shone.", rate=44100, length=1950, spoken=ABBREVIATED.spoken)
    line = utterance(text=SPOKEN)
    timeline = lay_out(chapter(line), {line.id: one}, pauses=PAUSES, requests={line.id: IN_FULL})
    (placement,) = timeline.placements
    at = placement.start_sample
    assert [(w.text, w.start_sample - at, w.end_sample - at) for w in placement.words] == [
        ("Saint", 0, 600),
        ("Ives", 600, 1100),
        ("shone.", 1100, 1950),
    ]
    assert placement.word_source == "estimated"


@pytest.mark.parametrize("length", [0, 1, 22050])
def test_words_of_a_take_without_sound_share_all_of_it(length: int) -> None:
    (placement,) = laid_out(chapter(utterance()), take(length=length, sound=(0, 0))).placements
    assert placement.words[0].start_sample == placement.start_sample
    assert placement.words[-1].end_sample == placement.end_sample
    assert placement.word_source == "estimated"


def test_a_take_that_says_no_words_has_nothing_estimated() -> None:
    one = take("…", spoken=Spoken(text="…"))
    (placement,) = laid_out(chapter(utterance(text="…")), one).placements
    assert (placement.words, placement.word_source) == ((), "engine")


def spelled(text: str, spoken: str, *words: tuple[int, int, int, int]) -> Request:
    return Request(
        provider="espeak",
        voice="en",
        spoken=Spoken(text=spoken, words=tuple(Word(*word) for word in words)),
    )


SPOKEN = "Saint Ives shone."
ABBREVIATED = spelled("St. Ives shone.", SPOKEN, (0, 3, 0, 5), (4, 8, 6, 10), (9, 15, 11, 17))
IN_FULL = spelled("Saint Ives shone.", SPOKEN, (0, 5, 0, 5), (6, 10, 6, 10), (11, 17, 11, 17))
AS_ONE = spelled("S.Ives shone.", SPOKEN, (0, 6, 0, 10), (7, 13, 11, 17))


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        (ABBREVIATED, "St. Ives shone.", [("St.", 0, 100), ("Ives", 100, 300), ("shone.", 400, 1000)]),
        (IN_FULL, "Saint Ives shone.", [("Saint", 0, 100), ("Ives", 100, 300), ("shone.", 400, 1000)]),
        (AS_ONE, "S.Ives shone.", [("S.Ives", 0, 300), ("shone.", 400, 1000)]),
    ],
)
def test_one_take_serves_every_spelling_of_what_it_says(
    asked: Request, text: str, expected: list[tuple[str, int, int]]
) -> None:
    """The lexicon speaks “St.” as “Saint”, so both share a key and a take, but not their words."""
    assert asked.key == ABBREVIATED.key
    one = take(rate=44100, length=1000, spoken=ABBREVIATED.spoken, words=[(0, 100), (100, 300), (400, 1000)])
    line = utterance(text=text)
    timeline = lay_out(chapter(line), {line.id: one}, pauses=PAUSES, requests={line.id: asked})
    at = timeline.placements[0].start_sample
    assert [
        (w.text, w.start_sample - at, w.end_sample - at) for w in timeline.placements[0].words
    ] == expected


def test_a_spelling_that_was_recorded_as_one_word_is_shared_out() -> None:
    one = take(rate=44100, length=1000, spoken=AS_ONE.spoken, words=[(0, 300), (400, 1000)])
    line = utterance(text="Saint Ives shone.")
    timeline = lay_out(chapter(line), {line.id: one}, pauses=PAUSES, requests={line.id: IN_FULL})
    at = timeline.placements[0].start_sample
    assert [(w.text, w.start_sample - at, w.end_sample - at) for w in timeline.placements[0].words] == [
        ("Saint", 0, 150),
        ("Ives", 180, 300),
        ("shone.", 400, 1000),
    ]


def test_words_of_another_spelling_are_not_taken_for_this_ones() -> None:
    one = take(rate=44100, length=1000, spoken=ABBREVIATED.spoken, words=[(0, 100), (100, 300), (400, 1000)])
    (placement,) = laid_out(chapter(utterance(text="Saint Ives shone.")), one).placements
    assert placement.words == ()
    assert placement.take_end_sample == 1000


# Scenes


def test_scenes_tile_the_chapter() -> None:
    lines = [utterance(n, scene=s) for n, s in [(1, 0), (2, 0), (3, 1), (4, 2)]]
    scenes = [Scene(), Scene(title="At sea"), Scene()]
    timeline = laid_out(chapter(*lines, scenes=scenes), *[take()] * 4)
    starts = [p.start_sample for p in timeline.placements]
    assert [(s.title, s.start_sample, s.end_sample) for s in timeline.scenes] == [
        ("Scene 1", 0, starts[2]),
        ("At sea", starts[2], starts[3]),
        ("Scene 3", starts[3], timeline.samples),
    ]


@pytest.mark.parametrize(("title", "expected"), [(None, "The Lamp"), ("Dawn", "Dawn")])
def test_a_single_scene_is_the_chapter(title: str | None, expected: str) -> None:
    timeline = laid_out(chapter(utterance(), scenes=[Scene(title=title)]), take())
    assert [s.title for s in timeline.scenes] == [expected]


def test_a_scene_in_which_nothing_is_said_is_not_heard() -> None:
    lines = [utterance(1, scene=0), utterance(2, scene=2)]
    timeline = laid_out(chapter(*lines, scenes=[Scene(), Scene(title="Cut"), Scene()]), take(), take())
    assert [s.title for s in timeline.scenes] == ["Scene 1", "Scene 2"]


# Whatever comes


@st.composite
def chapters(draw: st.DrawFn) -> tuple[Chapter, list[Take]]:
    count = draw(st.integers(1, 8))
    lines, takes, scene, paragraph = [], [], 0, 0
    for number in range(count):
        scene += draw(st.integers(0, 1)) if number else 0
        paragraph += draw(st.integers(0, 1))
        lines.append(
            utterance(
                number,
                scene=scene,
                paragraph=paragraph,
                role=draw(st.sampled_from(["narrator", "mara"])),
                pause_after_ms=draw(st.none() | st.integers(0, 5000)),
            )
        )
        length = draw(st.integers(0, 100_000))
        start = draw(st.integers(0, length))
        times = st.tuples(st.integers(-10, length + 10), st.integers(-10, length + 10))
        takes.append(
            take(
                rate=draw(st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000, 22051])),
                length=length,
                sound=(start, draw(st.integers(start, length))),
                words=draw(st.just([]) | st.lists(times, min_size=2, max_size=2)),
            )
        )
    return chapter(*lines, scenes=[Scene()] * (scene + 1)), takes


@settings(deadline=None, max_examples=40)
@given(chapters(), st.sampled_from([44100, 48000, 22050]))
def test_the_parts_add_up_to_the_whole(made: tuple[Chapter, list[Take]], rate: int) -> None:
    """No overlap, no gap but the pauses, and each part as long as the exact length rounded once."""
    book_chapter, takes = made
    timeline = laid_out(book_chapter, *takes, rate=rate)
    clock = samples(PAUSES.chapter_head_ms, rate)
    followers = [*book_chapter.utterances[1:], None]
    for placement, line, one, following in zip(
        timeline.placements, book_chapter.utterances, takes, followers, strict=True
    ):
        assert placement.utterance_id == line.id
        assert placement.start_sample == clock
        used = placement.take_end_sample - placement.take_start_sample
        assert 0 <= placement.take_start_sample <= placement.take_end_sample <= one.samples
        exact = Fraction(used * rate, one.rate)
        assert abs(placement.end_sample - placement.start_sample - exact) <= Fraction(1, 2)
        clock = placement.end_sample + samples(pause_after(line, following, PAUSES), rate)
    assert timeline.samples == clock


@settings(deadline=None, max_examples=40)
@given(chapters())
def test_words_stay_in_order_and_inside(made: tuple[Chapter, list[Take]]) -> None:
    book_chapter, takes = made
    for placement, one in zip(laid_out(book_chapter, *takes).placements, takes, strict=True):
        edges = [edge for word in placement.words for edge in (word.start_sample, word.end_sample)]
        assert edges == sorted(edges)
        assert all(placement.start_sample <= edge <= placement.end_sample for edge in edges)
        assert [word.text for word in placement.words] == ["Hello", "there."]
        assert placement.word_source == ("engine" if one.words else "estimated")


@settings(deadline=None, max_examples=25)
@given(chapters())
def test_scenes_leave_no_gap(made: tuple[Chapter, list[Take]]) -> None:
    book_chapter, takes = made
    timeline = laid_out(book_chapter, *takes)
    edges = [0, *(scene.end_sample for scene in timeline.scenes)]
    assert [scene.start_sample for scene in timeline.scenes] == edges[:-1]
    assert edges[-1] == timeline.samples
