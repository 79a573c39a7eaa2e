"""What an edit since the last build has to be recorded for, and why, as `narrator check` tells it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from narrator.changes import Former, compare
from narrator.planning import Line
from narrator.preparing import prepare
from narrator.project import open_project
from narrator.store import TakeStore
from tests.commands import QUICK, ended, told
from tests.octave_books import stored
from tests.spoken_book import JON, Edit, check, copy, edit, guide, speak
from tests.studio import write_project
from tests.troupe import Troupe

Found = tuple[str, str, str | None, str | None]
"""Utterance id, reason, from, to."""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that a service has spoken; nobody is to change it."""
    return speak(tmp_path_factory.mktemp("spoken"))


@pytest.fixture
def book(spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be edited, without a service and without a key."""
    return copy(spoken, tmp_path, monkeypatch)


def lexicon(project: Path) -> None:
    (project / "lexicon.yaml").write_text("Siobhan: shi-VAWN\n", encoding="utf-8")


def take_of(project: Path, text: str) -> Path:
    """The audio of the only take that says *text*."""
    (take,) = (take for take in stored(project) if take.request.spoken.text == text)
    return project / "takes" / take.key[:2] / take.key / f"{take.id}.flac"


def lose(project: Path) -> None:
    take_of(project, "Let it rain.").unlink()


def damage(project: Path) -> None:
    with take_of(project, "Let it rain.").open("ab") as file:
        file.write(b"more")


def first(project: Path) -> None:
    (project / "manuscript" / "02.md").rename(project / "manuscript" / "00.md")


def first_in_another_voice(project: Path) -> None:
    first(project)
    edit("cast.yaml", "Colton Rivers", "Vince Douglas")(project)


EDITS: dict[str, tuple[Edit, list[Found]]] = {
    "a word": (edit("manuscript/01.md", "boats", "ships"), [("c01-u002", "new text", None, None)]),
    "a pause": (edit("manuscript/01.md", "0.8", "2.5"), [("c01-u008", "new text", None, None)]),
    "a voice": (
        edit("cast.yaml", "Colton Rivers", "Vince Douglas"),
        [(line, "voice", JON, "hume/Vince Douglas") for line in ("c01-u004", "c01-u005", "c02-u002")],
    ),
    "a direction": (
        edit("manuscript/01.md", "softly", "shouting"),
        [("c01-u006", "direction", "softly", "shouting")],
    ),
    "a speed": (
        edit("cast.yaml", "Colton Rivers}", "Colton Rivers, speed: 0.9}"),
        [(line, "speed", "1", "0.9") for line in ("c01-u004", "c01-u005", "c02-u002")],
    ),
    "a setting": (
        edit("cast.yaml", "Colton Rivers}", "Colton Rivers, settings: {temperature: 0.5}}"),
        [
            (line, "settings", "temperature unset", "temperature 0.5")
            for line in ("c01-u004", "c01-u005", "c02-u002")
        ],
    ),
    "the model": (
        edit("book.yaml", "version: auto", "version: 2"),
        [
            ("c01-u006", "direction", "softly", "none"),
            ("c01-u007", "model", "octave-1", "octave-2"),
            ("c01-u008", "model", "octave-1", "octave-2"),
        ],
    ),
    "a pronunciation": (lexicon, [("c01-u003", "pronunciation", "Siobhan", "shi-VAWN")]),
    "a guide": (guide, [("c02-u003", "guide", None, None)]),
    "a line twice": (
        edit("manuscript/02.md", "MARA: Let it rain.", "MARA: Let it rain.\n\nMARA: Let it rain."),
        [("c02-u004", "another occurrence", None, None)],
    ),
    "a lost take": (lose, [("c02-u003", "take damaged or gone", None, None)]),
    "a damaged take": (damage, [("c02-u003", "take damaged or gone", None, None)]),
    "a paragraph": (
        edit("manuscript/02.md", "JON: It", "It got late.\n\nJON: It"),
        [("c02-u002", "new text", None, None)],
    ),
    "a title": (edit("manuscript/02.md", "# Two", "# Two {.silent}"), []),
    "a chapter's place": (first, []),
    "a chapter's place and a voice": (
        first_in_another_voice,
        [(line, "voice", JON, "hume/Vince Douglas") for line in ("c01-u002", "c02-u004", "c02-u005")],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_told_with_its_reason(name: str, book: Path) -> None:
    """Every line that will be recorded is there, with what changed about it; and no other."""
    change, expected = EDITS[name]
    change(book)

    found = check(book)

    changes = found["changes"]
    assert [(each["id"], each["reason"], each["from"], each["to"]) for each in changes] == expected
    assert found["built"] is True
    assert found["to_record"] == len(expected)


@pytest.mark.parametrize("name", ["a voice", "a direction", "a speed", "a word", "a lost take"])
def test_without_timelines_lines_are_known_by_what_was_spoken(name: str, book: Path) -> None:
    """`formats` may leave the JSON out, and somebody may have removed it."""
    for timeline in (book / "build" / "chapters").glob("*.json"):
        timeline.unlink()
    change, expected = EDITS[name]
    change(book)

    changes = check(book)["changes"]

    assert [(each["id"], each["reason"], each["from"], each["to"]) for each in changes] == expected


def test_of_two_lines_that_shared_a_take_the_edited_one_is_known_again(tmp_path: Path) -> None:
    """The embedded voice needs one take for both, which is still in use."""
    text = "# One\n\nMARA: Well.\n\nNobody spoke.\n\nMARA: Well.\n"
    cast = "narrator: espeak/en-gb\nMara: espeak/en-gb+f2\n"
    project = write_project(tmp_path, text, cast=cast, book=f"{QUICK}formats: [json]\n")
    ended(told("book", project), 0)
    edit("manuscript/01.md", "spoke.\n\nMARA:", "spoke.\n\nMARA (slow):")(project)

    (change,) = check(project)["changes"]

    assert (change["id"], change["reason"]) == ("c01-u004", "direction")
    assert (change["from"], change["to"]) == ("none", "slow")


def test_a_voice_that_is_described_otherwise_is_another_voice(tmp_path: Path) -> None:
    provider = Troupe()
    providers = {provider.name: provider}

    def lines(description: str) -> list[Line]:
        cast = f"narrator: {{voice: troupe, description: {description}}}\n"
        project = open_project(write_project(tmp_path, "# One\n\nIt rained.\n", cast=cast))
        return list(prepare(project, TakeStore(tmp_path / "takes"), providers).plan.lines)

    before, after = lines("an old sailor"), lines("a young sailor")
    former = [
        Former("narrator", line.utterance.text, True, "troupe/", None, line.request.key, "0" * 16)
        for line in before
    ]
    asked = {line.request.key: line.request for line in before}

    changes = compare(after, former, lambda key, _: asked[key])

    assert [(change.reason, change.was, change.now) for change in changes] == [
        ("voice", "troupe (an old sailor)", "troupe (a young sailor)")
    ] * 2


def test_a_change_has_its_place_and_the_beginning_of_its_text(book: Path) -> None:
    edit("manuscript/01.md", "Nobody saw", "Nobody in all of the long grey harbour town had ever seen")(book)

    (change,) = check(book)["changes"]

    assert (change["file"], change["line"], change["role"]) == ("manuscript/01.md", 3, "narrator")
    assert change["text"] == "Nobody in all of the long grey harbour town had ever seen Siobhan"[:60]


def test_people_are_told_how_much_for_which_reason(book: Path) -> None:
    edit("cast.yaml", "Colton Rivers", "Vince Douglas")(book)
    edit("manuscript/01.md", "boats", "ships")(book)

    said = told("check", book).out

    assert "to be recorded since the last build: 4 lines (3 voice, 1 new text)" in said
    assert (
        "manuscript/01.md:5  c01-u004  Jon  voice: hume/Colton Rivers -> hume/Vince Douglas  I saw her."
        in said
    )


def test_many_changes_are_counted_and_the_first_twenty_listed(tmp_path: Path) -> None:
    text = "# One\n\n" + " ".join(f"This is line {number}." for number in range(1, 31))
    project = write_project(tmp_path, text, cast="narrator: espeak/en-gb\n", book=f"{QUICK}formats: [json]\n")
    ended(told("book", project), 0)
    (project / "cast.yaml").write_text("narrator: espeak/en-us\n")

    answer = told("check", project)

    assert "to be recorded since the last build: 31 lines (31 voice)" in answer.out
    assert answer.out.count("voice: espeak/gmw/en -> espeak/gmw/en-US") == 20
    assert "and 11 more, which --json lists" in answer.out


def test_a_book_that_was_never_built_has_nothing_to_compare_with(tmp_path: Path) -> None:
    project = write_project(
        tmp_path, "# One\n\nA line.\n", cast="narrator: espeak/es\n", book=f"{QUICK}formats: [json]\n"
    )
    before = check(project)
    ended(told("book", project, "--rehearse"), 0)
    rehearsed, of_rehearsals = check(project), check(project, "--rehearse")
    said = told("check", project).out

    for found in (before, rehearsed):
        assert (found["built"], found["changes"], found["to_record"]) == (False, [], 2)
    assert of_rehearsals["built"] is True
    assert "never built" in said


@pytest.mark.parametrize("shape", ["pipe", "link", "garbage", "other"])
def test_a_build_folder_from_anywhere_is_not_trusted(shape: str, book: Path) -> None:
    """What is no timeline counts as none: check neither waits for it nor fails."""
    timeline = book / "build" / "chapters" / "02-two.json"
    timeline.unlink()
    match shape:
        case "pipe":
            os.mkfifo(timeline)
        case "link":
            timeline.symlink_to("/dev/zero")
        case "garbage":
            timeline.write_bytes(b"\xff[" * 50_000)
        case _:
            said = {
                "role": "Jon",
                "text": "x",
                "voice": "x",
                "direction": None,
                "take": {"key": "../..", "id": "x"},
            }
            timeline.write_text(json.dumps({"utterances": [said]}))
    EDITS["a speed"][0](book)

    changes = check(book)["changes"]

    assert [each["reason"] for each in changes] == ["speed"] * 3


def test_a_receipt_from_anywhere_is_not_trusted(book: Path) -> None:
    receipt = book / "build" / ".receipts" / "run.json"
    told_ = json.loads(receipt.read_text())
    receipt.write_text(json.dumps({**told_, "takes": [["../../../etc/passwd", 3], ["", 0]]}))
    EDITS["a speed"][0](book)
    strange = check(book)
    receipt.write_text("{}")
    none = check(book)
    receipt.unlink()
    os.mkfifo(receipt)
    pipe = check(book)

    assert len(strange["changes"]) == 3
    for found in (none, pipe):
        assert (found["built"], found["changes"]) == (False, [])
