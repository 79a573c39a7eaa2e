"""The JSON timeline: exact, sorted, one utterance a line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from narrator.exports import FORMATS, export
from narrator.timeline import Timeline, cue_frames
from tests.exports.test_cuesheet import sheet_of
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert names == sorted(set(names)), names
    return dict(pairs)


def read(text: str) -> dict[str, Any]:
    facts = json.loads(text, object_pairs_hook=no_twins, parse_float=pytest.fail, parse_constant=pytest.fail)
    assert isinstance(facts, dict)
    return facts


def test_a_timeline_as_it_is_written() -> None:
    timeline = chapter([Said("Don't move.", role="Mara")], head=100, rate=RATE)

    facts = read(export("json", timeline, BOOK, mp3_name="01-the-lamp.mp3"))

    assert facts == {
        "version": 1,
        "audio": "01-the-lamp.mp3",
        "book": {"author": "Ann Author", "language": "en", "title": "The Keeper's Light"},
        "chapter": {"number": 1, "title": "The Lamp"},
        "rate": 44_100,
        "samples": 55_225,
        "duration_ms": 1252,
        "scenes": [{"title": "", "start_sample": 0, "end_sample": 55_225, "start_ms": 0, "end_ms": 1252}],
        "utterances": [
            {
                "id": "c01-u001",
                "role": "Mara",
                "voice": "espeak/Mara",
                "direction": None,
                "text": "Don't move.",
                "heading": False,
                "scene": 0,
                "paragraph": 0,
                "take": {
                    "key": "c01-u001" * 8,
                    "id": "take-c01-u001",
                    "rate": 22_050,
                    "start_sample": 0,
                    "end_sample": 22_050,
                },
                "start_sample": 100,
                "end_sample": 44_200,
                "start_ms": 2,
                "end_ms": 1002,
                "word_source": "engine",
                "words": [
                    {"text": "Don't", "start_sample": 100, "end_sample": 22_150},
                    {"text": "move.", "start_sample": 22_150, "end_sample": 44_200},
                ],
            }
        ],
    }


def test_one_utterance_a_line() -> None:
    """A changed line of the book is one changed line of the file (and whatever moved after it)."""
    said = [Said(text) for text in AWKWARD]
    before = export("json", chapter(said), BOOK, mp3_name="a.mp3").splitlines()
    said[7] = said[7]._replace(role="Mara")
    after = export("json", chapter(said), BOOK, mp3_name="a.mp3").splitlines()

    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert sum(line.startswith('{"direction"') for line in before) == len(AWKWARD)


def test_text_is_utf_8_not_escapes() -> None:
    assert "שלום" in export("json", chapter([Said("שלום")]), BOOK, mp3_name="a.mp3")


def test_every_utterance_says_where_its_word_times_are_from() -> None:
    timeline = chapter([Said("One."), Said("Two.", measured=False)])

    facts = read(export("json", timeline, BOOK, mp3_name="a.mp3"))

    assert [utterance["word_source"] for utterance in facts["utterances"]] == ["engine", "estimated"]


def test_how_sure_an_aligned_word_is_is_said() -> None:
    timeline = chapter([Said("One two.")])
    first, second = timeline.placements[0].words
    words = (first._replace(confidence=87), second)
    placement = timeline.placements[0].model_copy(update={"words": words})
    aligned = timeline.model_copy(update={"placements": (placement,)})

    (utterance,) = read(export("json", aligned, BOOK, mp3_name="a.mp3"))["utterances"]

    assert [word.get("confidence") for word in utterance["words"]] == [87, None]


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_any_chapter_comes_back_exactly(timeline: Timeline) -> None:
    facts = read(export("json", timeline, BOOK, mp3_name="a.mp3"))

    assert (facts["rate"], facts["samples"]) == (timeline.rate, timeline.samples)
    for utterance, placement in zip(facts["utterances"], timeline.placements, strict=True):
        assert utterance["text"] == placement.text
        assert (utterance["start_sample"], utterance["end_sample"]) == (
            placement.start_sample,
            placement.end_sample,
        )
        words = [(word["text"], word["start_sample"], word["end_sample"]) for word in utterance["words"]]
        assert words == [tuple(word)[:3] for word in placement.words]


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_the_same_timeline_gives_the_same_bytes(timeline: Timeline) -> None:
    again = Timeline.model_validate_json(timeline.model_dump_json())

    for name in FORMATS:
        assert export(name, timeline, BOOK, mp3_name="a.mp3") == export(name, again, BOOK, mp3_name="a.mp3")


def test_the_cue_sheet_agrees_with_the_json_within_a_frame() -> None:
    timeline = chapter([Said(f"Line number {n}.", samples=RATE + 977 * n, pause=313 * n) for n in range(90)])

    facts = read(export("json", timeline, BOOK, mp3_name="a.mp3"))

    starts = [utterance["words"][0]["start_sample"] for utterance in facts["utterances"]]
    assert [track.frame for track in sheet_of(timeline).tracks] == [cue_frames(s, RATE) for s in starts]
