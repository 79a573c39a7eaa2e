"""WebVTT, read back by a parser that follows the specification's syntax and refuses the rest."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from narrator.exports import export
from narrator.timeline import Timeline, milliseconds
from tests.exports.timelines import AWKWARD, BOOK, RATE, Said, chapter, timelines

ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


class Cue(NamedTuple):
    id: str
    start_ms: int
    end_ms: int
    voice: str
    text: str
    stamps: list[tuple[int, int]]
    """Offset in `text` and time in ms of each inner timestamp."""


def read(vtt: str) -> list[Cue]:
    """The cues of a file, in order."""
    assert vtt.endswith("\n")
    assert "\r" not in vtt
    assert "\x00" not in vtt
    head, *blocks = vtt[:-1].split("\n\n")
    assert head == "WEBVTT"
    cues: list[Cue] = []
    for block in blocks:
        lines = block.split("\n")
        assert all(lines), "an empty line ends a block"
        if lines[0] == "NOTE" or lines[0].startswith("NOTE "):
            assert "-->" not in block
            continue
        cues.append(read_cue(lines))
    for one, after in pairwise(cues):
        assert one.end_ms <= after.start_ms, "cues overlap"
    return cues


def read_cue(lines: list[str]) -> Cue:
    identifier, timing, *payload = lines
    assert "-->" not in identifier
    start, arrow, end = timing.split(" ")
    assert arrow == "-->"
    start_ms, end_ms = clock(start), clock(end)
    assert start_ms < end_ms
    text = "\n".join(payload)
    assert text
    assert "-->" not in text
    return CueText(text, start_ms, end_ms).read(identifier)


def clock(text: str) -> int:
    found = re.fullmatch(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})", text)
    assert found, text
    hours, minutes, seconds, ms = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


class CueText:
    """A cue's text, character by character."""

    def __init__(self, text: str, start_ms: int, end_ms: int) -> None:
        self.rest, self.start_ms, self.end_ms = text, start_ms, end_ms
        self.voice = ""
        self.text = ""
        self.stamps: list[tuple[int, int]] = []
        self.open = False

    def read(self, identifier: str) -> Cue:
        while self.rest:
            character = self.rest[0]
            if character == "<":
                self.tag()
            elif character == "&":
                self.text += self.entity()
            else:
                assert self.open, "text outside the voice"
                self.text += character
                self.rest = self.rest[1:]
        assert not self.open, "the voice is not closed"
        return Cue(identifier, self.start_ms, self.end_ms, self.voice, self.text, self.stamps)

    def tag(self) -> None:
        tag, closed, self.rest = self.rest[1:].partition(">")
        assert closed, "a tag is not closed"
        if tag.startswith("v "):
            assert not self.open
            self.open = True
            annotation = CueText(tag[2:], 0, 1)
            while annotation.rest:
                assert annotation.rest[0] not in "<\n"
                self.voice += annotation.entity() if annotation.rest[0] == "&" else annotation.one()
        elif tag == "/v":
            assert self.open
            self.open = False
        else:
            last_ms = self.stamps[-1][1] if self.stamps else self.start_ms
            assert last_ms < clock(tag) < self.end_ms, "inner timestamps rise inside their cue"
            self.stamps.append((len(self.text), clock(tag)))

    def one(self) -> str:
        character, self.rest = self.rest[0], self.rest[1:]
        return character

    def entity(self) -> str:
        name = self.rest[: self.rest.index(";") + 1]
        self.rest = self.rest[len(name) :]
        return ENTITIES[name]


def cues_of(timeline: Timeline) -> list[Cue]:
    return read(export("vtt", timeline, BOOK, mp3_name="01-the-lamp.mp3"))


def bare(text: str) -> str:
    """What is left to see when white space and control characters are taken away."""
    return "".join(c for c in text if not c.isspace() and not re.match(r"[\x00-\x1f\x7f-\x9f]", c))


def test_captions_as_they_are_written() -> None:
    timeline = chapter([Said("One <two> three.", role="Mara & Co", samples=RATE * 3)], head=0)

    assert export("vtt", timeline, BOOK, mp3_name="01-the-lamp.mp3") == (
        "WEBVTT\n\n"
        "NOTE\nThe Keeper's Light: The Lamp\nAnn Author\nlanguage en\n01-the-lamp.mp3\n\n"
        "c01-u001\n00:00:00.000 --> 00:00:03.000\n"
        "<v Mara &amp; Co>One <00:00:00.643>&lt;two&gt; <00:00:01.714>three.</v>\n"
    )


def test_every_word_has_its_own_time() -> None:
    said = Said("The lamp had burned for forty years before anyone asked. " * 3, samples=RATE * 12)
    timeline = chapter([said])

    cues = cues_of(timeline)

    assert len(cues) > 1
    heard = {}
    for cue in cues:
        heard[cue.start_ms] = cue.text.split()[0]
        heard |= {ms: cue.text[offset:].split()[0] for offset, ms in cue.stamps}
    assert heard == {
        milliseconds(word.start_sample, RATE): word.text for word in timeline.placements[0].words
    }


def test_a_long_utterance_is_cut_at_its_words_and_the_parts_meet() -> None:
    timeline = chapter([Said("It was the best of times, it was the worst of times. " * 4, samples=RATE * 20)])

    cues = cues_of(timeline)

    starts = {milliseconds(word.start_sample, RATE) for word in timeline.placements[0].words}
    assert {cue.start_ms for cue in cues} <= starts
    assert [cue.end_ms for cue in cues[:-1]] == [cue.start_ms for cue in cues[1:]]
    assert [cue.id for cue in cues] == ["c01-u001", "c01-u001.2", "c01-u001.3"]
    assert all(cue.text.endswith((",", ".")) for cue in cues)


def test_without_word_times_long_utterances_are_shared_out_by_their_letters() -> None:
    said = Said("abcd efgh ijkl mnop " * 16, samples=RATE * 16, pause=0, word_times=False)

    cues = cues_of(chapter([said], head=0))

    assert not any(cue.stamps for cue in cues)
    for cue in cues:
        assert cue.end_ms - cue.start_ms == pytest.approx(len(cue.text.replace("\n", " ")) * 50, abs=120)
    assert cues[-1].end_ms == 16_000


def test_a_note_says_in_how_many_cues_times_are_estimated() -> None:
    """Once, at the head; a file whose times were all measured says nothing of it."""
    said = [Said("One two."), Said("Three four."), Said("Five six. " * 20, samples=9 * RATE)]
    guessed = [said[0], *(each._replace(measured=False) for each in said[1:])]
    before, after = (
        export("vtt", chapter(each), BOOK, mp3_name="01-the-lamp.mp3") for each in (said, guessed)
    )

    assert len(read(after)) == 5
    assert "estimated" not in before
    assert after == before.replace(
        "01-the-lamp.mp3\n", "01-the-lamp.mp3\nword times are estimated in 4 of 5 cues\n"
    )


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_comes_back(text: str) -> None:
    timeline = chapter([Said("Before."), Said(text, role=text.replace("\u2028", "") or "x"), Said("After.")])

    cues = cues_of(timeline)

    assert "".join(bare(cue.text) for cue in cues[1:-1]) == bare(text)
    assert (cues[0].text, cues[-1].text) == ("Before.", "After.")


@pytest.mark.parametrize("title", AWKWARD)
def test_awkward_titles_stay_in_the_note(title: str) -> None:
    book = BOOK.model_copy(update={"title": title, "author": title})

    vtt = export("vtt", chapter([Said("Hi.")], title=title), book, mp3_name="01-the-lamp.mp3")

    assert [cue.text for cue in read(vtt)] == ["Hi."]


@given(timelines())
@settings(max_examples=40, deadline=None)
def test_any_chapter_keeps_the_rules_and_every_character(timeline: Timeline) -> None:
    cues = cues_of(timeline)

    by_utterance: dict[str, str] = {}
    for cue in cues:
        name = cue.id.partition(".")[0]
        by_utterance[name] = by_utterance.get(name, "") + bare(cue.text)
    assert by_utterance == {
        placement.utterance_id: bare(placement.text)
        for placement in timeline.placements
        if bare(placement.text)
    }
    times = {
        milliseconds(word.start_sample, timeline.rate)
        for placement in timeline.placements
        for word in placement.words
    }
    assert {ms for cue in cues for _, ms in cue.stamps} <= times


def test_words_at_the_edges_of_a_cue_carry_no_time() -> None:
    """An inner timestamp must be greater than the cue's start and less than its end."""
    timeline = chapter([Said("One two three four.")], head=RATE)
    placement = timeline.placements[0]
    start, end = placement.start_sample, placement.end_sample
    middle = (start + end) // 2
    edges = ((start, start), (start + 10, middle), (middle, end - 10), (end - 10, end))
    words = tuple(
        word._replace(start_sample=first, end_sample=last)
        for word, (first, last) in zip(placement.words, edges, strict=True)
    )
    timeline = timeline.model_copy(update={"placements": (placement.model_copy(update={"words": words}),)})

    assert cues_of(timeline)[0].stamps == [(8, 1500)]
