"""Whole books from servers that answer in each way that the contract leaves open (contract 18 and 19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrator.store import TakeStore
from tests.commands import ended, told
from tests.octave_books import built, planned, sentences, stored, write_book
from tests.octave_dialects import (
    Dialect,
    Native,
    crumbs,
    events,
    generous,
    lines,
    null,
    one_line,
    raw_lines,
    resized,
    sparing,
    spoken_form,
    stripped,
    true_words_ms,
)
from tests.outside import Answer, Outside, Seen, said
from tests.providers.hume.octave import Body, Octave
from tests.providers.hume.shapes import Object

TEXT = "# One\n\n" + "\n\n".join(sentences(3)) + "\n\n“Who’s there — 42?” she\u2028said\n"

DIALECTS = {
    "as the SDKs read it": Dialect(lines),
    "events, times afterwards": Dialect(events, {"times": "after"}),
    "events, a header on every piece": Dialect(events, {"headers": "every", "times": "between"}, change=null),
    "crumbs, sizes of 0": Dialect(crumbs, {"pieces": 7}, change=resized(0)),
    "one line, endless sizes": Dialect(one_line, {"headers": "every"}, change=resized(2**32 - 1)),
    "raw lines, no header": Dialect(raw_lines, {"headers": "none"}),
    "raw samples in odd pieces": Dialect(crumbs, {"pieces": 40}, settings=", format: pcm"),
    "as little as possible": Dialect(lines, change=sparing),
    "as much as possible": Dialect(events, {"times": "both"}, change=generous),
    "times in the snippet alone": Dialect(lines, {"times": "snippet"}, snippets=2),
    "words as they are heard": Dialect(lines, change=spoken_form),
    "labelled as JSON": Dialect(raw_lines, headers={"Content-Type": "application/json; charset=utf-8"}),
    "labelled as anything": Dialect(lines, headers={"Content-Type": "application/octet-stream"}),
    "snippets, each with its clock": Dialect(events, {"clock": "snippet"}, snippets=2, change=null),
    "snippets, clock of the utterance": Dialect(lines, {"clock": "utterance"}, snippets=3, change=sparing),
    "snippets, clock of the generation": Dialect(
        lines, {"clock": "generation", "headers": "every"}, snippets=2
    ),
    "in one piece": Dialect(lines, settings=", stream: false"),
    "in one piece, no headers within": Dialect(
        lines, {"header": False, "clock": "generation"}, snippets=2, settings=", stream: false"
    ),
    "in one piece, samples": Dialect(
        lines, {"clock": "snippet"}, snippets=2, settings=", stream: false, format: pcm"
    ),
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HUME_API_KEY", "HUME_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def book(folder: Path, outside: Outside, *chapters: str, settings: str = "version: 2") -> dict[str, Any]:
    """What `narrator book` makes of a text."""
    project = write_book(folder, *chapters, settings=f"base_url: '{outside.url}', {settings}")
    made = told("book", project, "--json")
    ended(made, 0)
    return made.result


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_book_is_the_same_whatever_the_dialect(dialect: str, tmp_path: Path) -> None:
    """Each line asked for once, its sound kept to the sample and its words where they sound."""
    with Native(DIALECTS[dialect]) as native:
        result = book(tmp_path, native, TEXT, settings=f"version: 2{DIALECTS[dialect].settings}")

    assert (result["recorded"], result["requests"], result["warnings"]) == (5, 5, [])
    said_ = built(tmp_path)
    store, before = TakeStore(tmp_path / "takes"), None
    for line, asked in zip(planned(tmp_path), native.asked, strict=True):
        each = said_[line.id]
        spoken = native.made[each.generation]
        assert np.array_equal(store.pcm(each.take.key, each.take.id), spoken.pcm())
        assert each.source == "service"
        assert np.allclose(each.words, true_words_ms(spoken), rtol=0, atol=1)
        assert asked.get("context") == (before and {"generation_id": before})
        before = each.generation


def test_an_answer_without_times_is_kept_and_its_words_are_looked_for(tmp_path: Path) -> None:
    """What this server sends is no speech, so some may not be found."""
    with Native(Dialect(lines, change=stripped, settings=", stream: false")) as native:
        result = book(tmp_path, native, TEXT, settings="version: 2, stream: false")

    assert (result["recorded"], result["requests"]) == (5, 5)
    assert {each.source for each in built(tmp_path).values()} <= {"aligned", "estimated"}


class Curt(Native):
    """Ends the first answer to every text between two snippets, as cleanly as a whole one ends."""

    def __init__(self) -> None:
        super().__init__(Dialect(lines))
        self.heard: set[str] = set()

    def answer(self, seen: Seen) -> Answer:
        text = seen.json()["utterances"][0]["text"]
        self.dialect = Dialect(lines if text in self.heard else first_snippet, snippets=2)
        self.heard.add(text)
        return super().answer(seen)


def first_snippet(found: Sequence[Object]) -> list[bytes]:
    """The objects up to the end of the first snippet."""
    return lines(found[: [each.get("is_last_chunk") for each in found].index(True) + 1])


def test_an_answer_that_ends_between_two_snippets_is_not_whole(tmp_path: Path) -> None:
    """A stream has no end mark; that words are missing is all there is to see."""
    with Curt() as native:
        text = "# One is one\n\nThe sea was calm that day.\n"
        result = book(tmp_path, native, text, settings="version: 2, concurrency: 1")

    assert (result["recorded"], result["requests"]) == (2, 4)
    for take in stored(tmp_path):
        assert take.samples == len(native.made[dict(take.ids)["generation"]].pcm())


# The line before


FORGOTTEN: dict[str, tuple[int, object]] = {
    "400": (400, {"status_code": 400, "message": "The context generation does not exist.", "details": {}}),
    "404": (404, {"status": 404, "error": "Not Found", "message": "Generation not found", "path": "/v0/tts"}),
    "409": (409, {"message": "the previous utterance has expired"}),
    "410, in text": (410, "context expired"),
    "422": (
        422,
        {"detail": [{"loc": ["body", "context", "generation_id"], "msg": "unknown"}]},
    ),
    "422, in a word": (422, {"detail": "Unknown generation_id"}),
    "an error of an answer": (
        200,
        {"type": "error", "code": "E0998", "message": "cannot continue there"},
    ),
    "an error without a name": (400, {"error": {"message": "Invalid request."}}),
}


class Forgetful(Octave):
    """Refuses to go on by id from any take, in words of its own."""

    def __init__(self, status: int, words: object, *, texts: bool = True) -> None:
        super().__init__()
        self.refusal = said(words, status=status)
        self.texts = texts

    def answer(self, seen: Seen) -> Answer:
        context = seen.json().get("context", {})
        if "generation_id" in context or (context and not self.texts):
            return self.refusal
        return super().answer(seen)


@pytest.mark.parametrize(
    ("words", "texts"),
    [*((words, True) for words in FORGOTTEN), ("400", False), ("an error of an answer", False)],
)
def test_a_service_that_will_not_go_on_by_id(words: str, texts: bool, tmp_path: Path) -> None:
    """However it says so, the line is spoken after the text of the one before, or else after nothing."""
    with Forgetful(*FORGOTTEN[words], texts=texts) as octave:
        result = book(tmp_path, octave, "# One\n\nThe sea was calm.\n\nNobody came.\n")

    assert result["recorded"] == 3
    assert result["requests"] == (5 if texts else 7)
    (warning,) = result["warnings"]
    assert "2 lines are recorded after a take that the provider no longer knew" in warning
    assert [context_of(body) for body in octave.asked] == (
        [None, "One", "The sea was calm."] if texts else [None, None, None]
    )
    assert sorted(take.context for take in stored(tmp_path)) == ["none", *["text" if texts else "none"] * 2]


def context_of(body: Body) -> str | None:
    """The text that a request goes on from."""
    if "context" not in body:
        return None
    text: str = body["context"]["utterances"][0]["text"]
    return text


# Pressure


class Busy(Octave):
    """Puts off every text once, each in another way."""

    def __init__(self) -> None:
        super().__init__()
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        self.excuses = [
            Answer(status=429),
            Answer(status=429, headers={"Retry-After": soon}),
            Answer(b"<html><title>503</title></html>", status=503, headers={"Content-Type": "text/html"}),
            Answer(b"upstream request timeout", status=504),
            Answer(b""),
        ]
        self.put_off: set[str] = set()

    def answer(self, seen: Seen) -> Answer:
        text = seen.json()["utterances"][0]["text"]
        if text in self.put_off:
            return super().answer(seen)
        self.put_off.add(text)
        return self.excuses[len(self.put_off) - 1]


def test_answers_that_pass_are_waited_for(tmp_path: Path) -> None:
    """With a hint or without, as a date, as a page for people, empty: every line is asked for once more."""
    with Busy() as octave:
        scenes = "\n\n***\n\n".join(sentences(4))
        result = book(tmp_path, octave, f"# One\n\n***\n\n{scenes}\n")

    assert (result["recorded"], result["requests"]) == (5, 10)
    assert len(octave.made) == len(stored(tmp_path)) == 5
