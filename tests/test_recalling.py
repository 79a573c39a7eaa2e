"""A chapter is known again exactly where it would be laid out as before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

from narrator import sidecar
from narrator.book import Pauses
from narrator.manuscript import Chapter, Scene
from narrator.recalling import basis_of, recall, spans
from narrator.stitching import lay_out
from narrator.takes import Request, Spoken, Take, Word, WordTime
from narrator.timeline import Timeline
from tests.commands import CAST, command, ended, left, outputs, told
from tests.exports.timelines import timelines
from tests.studio import write_project
from tests.test_stitching import PAUSES, chapter, take, utterance

RATE = 44_100


class Laid(NamedTuple):
    """What a chapter is laid out from."""

    chapter: Chapter
    takes: dict[str, Take]
    pauses: Pauses
    requests: dict[str, Request]

    @property
    def timeline(self) -> Timeline:
        return lay_out(self.chapter, self.takes, pauses=self.pauses, rate=RATE, requests=self.requests)

    @property
    def basis(self) -> str | None:
        return basis_of(self.chapter, self.takes, pauses=self.pauses, rate=RATE, requests=self.requests)

    def but(self, number: int, **changes: Any) -> Laid:
        """With another utterance in place of one."""
        utterances = list(self.chapter.utterances)
        utterances[number] = utterances[number].model_copy(update=changes)
        return self._replace(chapter=self.chapter.model_copy(update={"utterances": tuple(utterances)}))

    def with_take(self, **changes: Any) -> Laid:
        """With another take of the second utterance."""
        return self._replace(
            takes=self.takes | {"c01-u002": sealed(replace(self.takes["c01-u002"], **changes))}
        )

    def asking(self, *words: Word) -> Laid:
        """With a request for the second utterance that has other words."""
        request = self.requests["c01-u002"]
        spoken = Spoken(text=request.spoken.text, words=words)
        return self._replace(
            requests=self.requests | {"c01-u002": request.model_copy(update={"spoken": spoken})}
        )


def sealed(one: Take) -> Take:
    return sidecar.write(one)[1]


@pytest.fixture
def laid() -> Laid:
    first, second, third = (
        utterance(1, heading=True, paragraph=0),
        utterance(2, paragraph=1),
        utterance(3, paragraph=1, scene=1, role="mara"),
    )
    takes = {
        first.id: sealed(take(length=20_000)),
        second.id: sealed(take(length=30_000, words=[(0, 9000), (9000, 22_050)])),
        third.id: sealed(take(length=40_000)),
    }
    requests = {name: each.request for name, each in takes.items()}
    scenes = [Scene(title="Before"), Scene(title="After")]
    return Laid(chapter(first, second, third, scenes=scenes), takes, PAUSES, requests)


CHANGES: dict[str, Callable[[Laid], Laid]] = {
    "number": lambda laid: laid._replace(chapter=laid.chapter.model_copy(update={"number": 2})),
    "title": lambda laid: laid._replace(chapter=laid.chapter.model_copy(update={"title": "The Lantern"})),
    "scene's title": lambda laid: laid._replace(
        chapter=laid.chapter.model_copy(update={"scenes": (Scene(title="Before"), Scene(title="Later"))})
    ),
    "id": lambda laid: Laid(
        laid.chapter.model_copy(
            update={
                "utterances": tuple(u.model_copy(update={"id": f"{u.id}0"}) for u in laid.chapter.utterances)
            }
        ),
        {f"{name}0": each for name, each in laid.takes.items()},
        laid.pauses,
        {f"{name}0": each for name, each in laid.requests.items()},
    ),
    "role": lambda laid: laid.but(1, role="tobias"),
    "text": lambda laid: laid.but(1, text="Hello where."),
    "scene": lambda laid: laid.but(1, scene=1),
    "paragraph": lambda laid: laid.but(2, paragraph=2),
    "heading": lambda laid: laid.but(0, heading=False),
    "pause": lambda laid: laid.but(1, pause_after_ms=77),
    "order": lambda laid: laid._replace(
        chapter=laid.chapter.model_copy(update={"utterances": laid.chapter.utterances[::-1]})
    ),
    "one less": lambda laid: laid._replace(
        chapter=laid.chapter.model_copy(update={"utterances": laid.chapter.utterances[:2]})
    ),
    "words asked for": lambda laid: laid.asking(Word(0, 12, 0, 12)),
    "take": lambda laid: laid.with_take(id="f" * 16),
    "take's length": lambda laid: laid.with_take(samples=29_999),
    "take's rate": lambda laid: laid.with_take(rate=24_000),
    "take's sound": lambda laid: laid.with_take(
        level=replace(laid.takes["c01-u002"].level, speech_end_sample=29_000)
    ),
    "take's words": lambda laid: laid.with_take(words=(WordTime(0, 9000), WordTime(9001, 22_050))),
    "where its words are from": lambda laid: laid.with_take(word_source="service"),
    "what it was asked with": lambda laid: laid.with_take(
        request=laid.requests["c01-u001"].model_copy(update={"direction": "loud"})
    ),
    "pauses": lambda laid: laid._replace(pauses=PAUSES.model_copy(update={"chapter_tail_ms": 1})),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_laid_out_otherwise_has_another_basis(laid: Laid, what: str) -> None:
    changed = CHANGES[what](laid)
    assert changed.timeline != laid.timeline
    assert changed.basis not in (None, laid.basis)


@pytest.mark.parametrize("change", [{"line": 99}, {"start": 99}, {"end": 99}, {"file": "manuscript/02.md"}])
def test_where_a_line_stands_in_its_file_does_not_matter(laid: Laid, change: dict[str, Any]) -> None:
    """Else an edit would have all that follows in the same file laid out again."""
    assert laid.but(1, **change).basis == laid.basis


def test_a_take_without_a_seal_or_none_at_all_has_no_basis(laid: Laid) -> None:
    unsealed = laid.takes | {"c01-u001": replace(laid.takes["c01-u001"], written_sha256="")}
    assert laid._replace(takes=unsealed).basis is None
    del unsealed["c01-u001"]
    assert laid._replace(takes=unsealed).basis is None


def test_what_is_recalled_is_what_was_laid_out(laid: Laid) -> None:
    outline = laid.timeline.outline
    assert recall(laid.chapter, laid.takes, spans(outline), rate=RATE, samples=outline.samples) == outline
    assert outline.duration_ms == laid.timeline.duration_ms


@settings(deadline=None, max_examples=20)
@given(timelines())
def test_an_outline_is_the_timeline_without_words(timeline: Timeline) -> None:
    outline = timeline.outline
    assert (outline.number, outline.title, outline.rate, outline.samples, outline.scenes) == (
        timeline.number,
        timeline.title,
        timeline.rate,
        timeline.samples,
        timeline.scenes,
    )
    for heard, placement in zip(outline.placements, timeline.placements, strict=True):
        assert heard._asdict() == placement.model_dump(include=set(heard._fields))


BOOK = "loudness: none\ncredits: false\nformats: [json, cue]\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = write_project(
        tmp_path / "book",
        "# One\n\nHello there. My friend.\n\nMARA: Hi.\n\n***\n\nGood night.\n",
        "# Two\n\nHello there.\n",
        cast=CAST,
        book=BOOK,
    )
    ended(told("book", folder), 0)
    return folder


def edit(book: Path) -> None:
    with (book / "manuscript" / "02.md").open("a") as file:
        file.write("\nAnd now something else.\n")


def test_after_an_edit_all_is_as_if_it_were_made_anew(book: Path) -> None:
    """The report too, where the other chapters are recalled from what was noted when they were made."""
    edit(book)
    made = told("book", book, "--json")
    assert [each["unchanged"] for each in made.result["chapters"]] == [True, False]
    recalled = outputs(book)
    shutil.rmtree(book / "build")

    anew = told("book", book, "--json")

    assert outputs(book) == recalled
    assert [each["duration_ms"] for each in anew.result["chapters"]] == [
        each["duration_ms"] for each in made.result["chapters"]
    ]
    assert anew.result["seconds"] == made.result["seconds"]


def test_takes_from_before_there_were_seals_serve_as_well(book: Path) -> None:
    """Their chapters are laid out each time, and found unchanged; no receipt is written for that."""
    for path in (book / "takes").glob("*/*/*.json"):
        fields = json.loads(path.read_text())
        del fields["written_sha256"]
        path.write_text(json.dumps(fields))
    before = outputs(book)
    for again in range(2):
        (book / "build" / ".receipts" / "run.json").unlink()
        receipts = left(book, "build/.receipts")
        made = told("book", book, "--json")
        assert (made.result["recorded"], made.result["warnings"]) == (0, [])
        assert all(each["unchanged"] for each in made.result["chapters"])
        assert outputs(book) == before
        if again:
            assert left(book, "build/.receipts").items() >= receipts.items()


def test_another_process_finds_the_same_basis(book: Path) -> None:
    """Else every chapter would be laid out in every run, and its receipt written."""
    path = book / "build" / ".receipts" / "01-one.json"
    before = path.read_bytes()
    for seed in ("1", "2"):
        (path.parent / "run.json").unlink()
        ended(command("book", book, environment={"PYTHONHASHSEED": seed}), 0)
        assert path.read_bytes() == before
    assert len(json.loads(before)["basis"]) == 64


@pytest.mark.parametrize(
    "changes",
    [{"spans": []}, {"spans": [[0, 1, "a", "b"]]}, {"samples": "many"}, {"basis": "0" * 64}, {"files": []}],
    ids=["no spans", "too few", "no number", "another basis", "no files"],
)
def test_a_receipt_that_does_not_fit_is_not_believed(book: Path, changes: dict[str, Any]) -> None:
    before = outputs(book)
    path = book / "build" / ".receipts" / "01-one.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    (path.parent / "run.json").unlink()

    ended(told("book", book), 0)

    assert outputs(book) == before
