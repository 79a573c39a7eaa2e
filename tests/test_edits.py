"""After an edit a server is asked for the lines that the edit touched, and for nothing else.

A book is recorded once. Each test edits a copy of it in one way, says which lines that is to cost, and holds
against it what `narrator check` foretells and what then arrives at a server.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from narrator.preparing import prepare
from narrator.project import open_project
from narrator.providers import Providers
from narrator.store import TakeStore
from tests.brief_octave import Brief
from tests.commands import ended, told
from tests.octave_books import built, write_book
from tests.providers.hume.octave import Made

CAST = "narrator: hume/Imani Carter\nMara: {voice: hume/Ava Song}\nJon: hume/Colton Rivers\n"
LEXICON = {"Siobhan": "shi-VAWN", "Rourke": "rork"}
BOOK = "credits: true\nformats: [cue, json]\nloudness: none\nproviders: {hume: {version: 2}}\n"
CREDITS = 7
"""Lines in the credits."""
CHAPTER = 25
"""Lines in a chapter, its title included where that is spoken: in those of odd number."""
SCENE = 8
AYE = "Aye."
"""A line that Jon says once in each chapter."""


class Spoken(NamedTuple):
    """A line of the manuscript, a paragraph of its own."""

    role: str
    text: str

    def __str__(self) -> str:
        return self.text if self.role == "narrator" else f"{self.role}: {self.text}"


def lines(chapter: int) -> list[Spoken]:
    """What is said in a chapter, its title apart."""
    found = []
    for number in range(1, CHAPTER + (chapter + 1) % 2):
        role = {1: "Mara", 3: "Jon"}.get(number % 5, "narrator")
        whom = {2: "Siobhan", 6: "Rourke", 7: "Siobhanne"}.get(number % 10, "nobody")
        text = AYE if number == 13 else f"This is line {number} of chapter {chapter}, and {whom} hears it."
        found.append(Spoken(role, text))
    return found


def respelt(text: str, **lexicon: str) -> str:
    return " ".join(lexicon.get(word, word) for word in text.split())


def title(chapter: int) -> str:
    return f"Chapter {chapter} begins"


def text(chapter: int) -> str:
    """A chapter's file."""
    said = list(map(str, lines(chapter)))
    scenes = ["\n\n".join(said[start : start + SCENE]) for start in range(0, len(said), SCENE)]
    silent = "" if chapter % 2 else " {.silent}"
    return f"# {title(chapter)}{silent}\n\n" + "\n\n***\n\n".join(scenes) + "\n"


class Recorded(NamedTuple):
    """A book that is finished."""

    folder: Path
    chapters: int

    @property
    def lines(self) -> list[Spoken]:
        return [line for number in range(1, self.chapters + 1) for line in lines(number)]

    def of(self, role: str) -> list[str]:
        """What a role says, as it is sent."""
        return [respelt(line.text, **LEXICON) for line in self.lines if line.role == role]

    def holding(self, word: str, **lexicon: str) -> list[str]:
        """The lines with a word in them, as they are sent with that lexicon."""
        return [respelt(line.text, **lexicon) for line in self.lines if word in line.text.split()]


def record(folder: Path, chapters: int) -> None:
    """Make the book, and write down what the server knows afterwards."""
    project = write_book(folder / "project", *map(text, range(1, chapters + 1)), cast=CAST)
    (project / "book.yaml").write_text(f"title: A Book\nauthor: An Author\n{BOOK}")
    (project / "lexicon.yaml").write_text("".join(f"{word}: {said}\n" for word, said in LEXICON.items()))
    with Brief() as octave, pytest.MonkeyPatch.context() as environment:
        environment.delenv("HUME_API_KEY", raising=False)
        environment.setenv("HUME_BASE_URL", octave.url)
        made = told("book", project, "--json")
    ended(made, 0)
    asked = octave.spoken()
    assert made.result["recorded"] == asked.total() == len(octave.seen) == chapters * CHAPTER + CREDITS
    assert asked[AYE] == chapters
    (folder / "made.json").write_text(json.dumps(octave.made))


FEW, MANY = 8, 200
"""Chapters: 200 lines and 5,000."""
SIZES = [FEW, pytest.param(MANY, marks=pytest.mark.soak)]


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A book of so many chapters, recorded once for all processes that test."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / f"edits-{request.param}"
    with (base / f"edits-{request.param}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made.json").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one who failed
            record(folder, request.param)
    return Recorded(folder, request.param)


class Desk(NamedTuple):
    """Where the book is edited, and a server that knows its takes."""

    project: Path
    octave: Brief
    book: Recorded

    def file(self, chapter: int) -> Path:
        return self.project / "manuscript" / f"{chapter:02d}.md"

    def replace(self, file: Path | str, old: str, new: str) -> None:
        """Put *new* for every *old* in a file."""
        path = self.project / file
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))


@pytest.fixture
def desk(recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A copy of the book, takes being links: narrator never changes a file of theirs."""

    def copy(source: str, target: str) -> None:
        put = os.link if "/takes/" in source and source.endswith((".flac", ".json")) else shutil.copy
        put(source, target)

    project = tmp_path / "project"
    shutil.copytree(recorded.folder / "project", project, copy_function=copy)
    monkeypatch.delenv("HUME_API_KEY", raising=False)
    with Brief() as octave:
        known = json.loads((recorded.folder / "made.json").read_text())
        octave.made.update({generation: Made(*facts) for generation, facts in known.items()})
        monkeypatch.setenv("HUME_BASE_URL", octave.url)
        yield Desk(project, octave, recorded)


def costs(desk: Desk, *expected: str) -> None:
    """`check` foretells what `book` then asks for, which is *expected*; every line has the take it should."""
    foretold = told("check", desk.project, "--json")
    made = told("book", desk.project, "--json")

    ended(foretold, 0)
    ended(made, 0)
    asked = Counter(body["utterances"][0]["text"] for body in desk.octave.asked)
    assert asked == Counter(expected)
    assert len(desk.octave.seen) == made.result["requests"] == made.result["recorded"] == len(expected)
    assert foretold.result["to_record"] == foretold.result["estimate"]["requests"] == len(expected)
    prove_current(desk.project)


def prove_current(project: Path) -> None:
    """What lies in build/ is the book as it is written now, line for line."""
    opened = open_project(project)
    with Providers(opened.book.providers) as providers:
        plan = prepare(opened, TakeStore(opened.takes), providers).plan
    said = built(project)
    wanted = {line.utterance.id: line.request.key for line in plan.lines}
    assert {id_: each.take.key for id_, each in said.items()} == wanted
    assert len({each.take.id for each in said.values()}) == len(wanted), "a take serves two lines"


Edit = Callable[[Desk], list[str]]
"""Edits the book; gives the texts that are to be spoken."""

# The edits that a book sees most, each of them alone


def one_line(desk: Desk) -> list[str]:
    desk.replace(desk.file(3), "This is line 10 of chapter 3,", "That is line 10 of chapter 3,")
    return ["That is line 10 of chapter 3, and nobody hears it."]


def a_chapter_moved(desk: Desk) -> list[str]:
    desk.file(1).rename(desk.file(1).with_name("999.md"))
    return []


def a_voice(desk: Desk) -> list[str]:
    desk.replace("cast.yaml", "hume/Ava Song", "hume/Ellie")
    return desk.book.of("Mara")


def an_entry_of_the_lexicon(desk: Desk) -> list[str]:
    desk.replace("lexicon.yaml", "shi-VAWN", "shuh-VORN")
    return desk.book.holding("Siobhan", Siobhan="shuh-VORN")


def a_role_renamed(desk: Desk) -> list[str]:
    desk.replace("cast.yaml", "Mara:", "Ottoline:")
    for file in (desk.project / "manuscript").iterdir():
        desk.replace(file, "Mara:", "Ottoline:")
    return []


def a_title_that_is_not_spoken(desk: Desk) -> list[str]:
    desk.replace(desk.file(4), "# Chapter 4 begins {", "# Chapter four begins {")
    return []


# Others that touch many lines


def a_speed(desk: Desk) -> list[str]:
    desk.replace("cast.yaml", "hume/Ava Song", "hume/Ava Song, speed: 1.1")
    return desk.book.of("Mara")


def an_entry_less(desk: Desk) -> list[str]:
    desk.replace("lexicon.yaml", "Siobhan: shi-VAWN\n", "")
    return desk.book.holding("Siobhan")


def an_entry_more(desk: Desk) -> list[str]:
    desk.replace("lexicon.yaml", "Siobhan:", "Siobhanne: shi-VAHN\nSiobhan:")
    return desk.book.holding("Siobhanne", Siobhanne="shi-VAHN")


# Others that touch few; all of them can be made together


def a_line_more(desk: Desk) -> list[str]:
    desk.replace(desk.file(2), "This is line 10 of", "Nobody had heard that before.\n\nThis is line 10 of")
    return ["Nobody had heard that before."]


def a_line_less(desk: Desk) -> list[str]:
    desk.replace(desk.file(2), f"{lines(2)[19]}\n\n", "")
    return []


def lines_that_change_places(desk: Desk) -> list[str]:
    one, other = lines(2)[1], lines(2)[2]
    desk.replace(desk.file(2), f"{one}\n\n{other}", f"{other}\n\n{one}")
    return []


def a_line_said_once_more(desk: Desk) -> list[str]:
    desk.replace(desk.file(2), f"Jon: {AYE}", f"Jon: {AYE}\n\nJon: {AYE}")
    return [AYE]


def a_line_said_once_less(desk: Desk) -> list[str]:
    desk.replace(desk.file(3), f"Jon: {AYE}\n\n", "")
    return []


def a_line_given_to_another(desk: Desk) -> list[str]:
    desk.replace(desk.file(4), str(lines(4)[17]), f"Mara: {lines(4)[17].text}")
    return [lines(4)[17].text]


def a_chapter_divided(desk: Desk) -> list[str]:
    """At a scene break, where there is a title from then on."""
    first, second, *rest = desk.file(4).read_text().split("\n\n***\n\n")
    desk.file(4).write_text(first + "\n")
    (desk.project / "manuscript" / "04-b.md").write_text(
        "\n\n***\n\n".join(["# A title\n\n" + second, *rest])
    )
    return ["A title"]


def chapters_joined(desk: Desk) -> list[str]:
    """A chapter becomes scenes of the one before."""
    joined = desk.file(6).read_text().replace(f"# {title(6)} {{.silent}}", "***")
    desk.file(6).unlink()
    desk.file(5).write_text(f"{desk.file(5).read_text()}\n{joined}")
    return []


def a_scene_divided(desk: Desk) -> list[str]:
    desk.replace(desk.file(7), "\n\nThis is line 5", "\n\n***\n\nThis is line 5")
    return []


def a_comment(desk: Desk) -> list[str]:
    desk.replace(desk.file(7), "\n\nThis is line 15", "\n\n<!-- is it? -->\n\nThis is line 15")
    return []


def an_alias(desk: Desk) -> list[str]:
    desk.replace("cast.yaml", "hume/Colton Rivers", "{voice: hume/Colton Rivers, aliases: [The Keeper]}")
    desk.replace(desk.file(7), "Jon:", "The Keeper:")
    return []


def a_title_that_is_spoken(desk: Desk) -> list[str]:
    desk.replace(desk.file(7), "# Chapter 7 begins", "# Chapter seven begins")
    return ["Chapter seven begins"]


def a_direction_that_the_model_does_not_hear(desk: Desk) -> list[str]:
    desk.replace("cast.yaml", "hume/Ava Song", "hume/Ava Song, direction: dry")
    return []


def an_entry_that_nobody_says(desk: Desk) -> list[str]:
    desk.replace("lexicon.yaml", "Siobhan:", "Niamh: neev\nSiobhan:")
    return []


def how_it_is_produced(desk: Desk) -> list[str]:
    desk.replace("book.yaml", "loudness: none", "pauses: {sentence: 0.4, scene: 2}\ncontinuity: chapter")
    desk.replace("book.yaml", "formats: [cue, json]", "formats: [cue, json, lrc]\nisbn: 9783161484100")
    return []


def the_title_of_the_book(desk: Desk) -> list[str]:
    """Which the credits say, twice."""
    desk.replace("book.yaml", "A Book", "The Book")
    return ["The Book.", "You have been listening to The Book, written by An Author."]


MOST: list[Edit] = [
    one_line,
    a_chapter_moved,
    a_voice,
    an_entry_of_the_lexicon,
    a_role_renamed,
    a_title_that_is_not_spoken,
]
WIDE: list[Edit] = [a_speed, an_entry_less, an_entry_more]
NARROW: list[Edit] = [
    a_line_more,
    a_line_less,
    lines_that_change_places,
    a_line_said_once_more,
    a_line_given_to_another,
    a_chapter_divided,
    chapters_joined,
    a_scene_divided,
    a_comment,
    an_alias,
    a_title_that_is_spoken,
    a_direction_that_the_model_does_not_hear,
    an_entry_that_nobody_says,
    how_it_is_produced,
    the_title_of_the_book,
]


@pytest.mark.parametrize(
    ("recorded", "edit"),
    [
        *((FEW, edit) for edit in MOST),
        *(
            pytest.param(FEW, edit, marks=pytest.mark.soak)
            for edit in (*WIDE, *NARROW, a_line_said_once_less)
        ),
        *(pytest.param(MANY, edit, marks=pytest.mark.soak) for edit in MOST),
    ],
    indirect=["recorded"],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_edit_costs_the_lines_that_it_touches(edit: Edit, desk: Desk) -> None:
    costs(desk, *edit(desk))


@pytest.mark.parametrize("recorded", SIZES, indirect=True)
def test_many_edits_cost_the_lines_that_each_touches(desk: Desk) -> None:
    costs(desk, *(text for edit in NARROW for text in edit(desk)))


@pytest.mark.parametrize("recorded", [FEW], indirect=True)
def test_a_take_that_is_free_again_serves_where_the_same_is_said(desk: Desk) -> None:
    assert a_line_said_once_more(desk) == [AYE]
    a_line_said_once_less(desk)

    costs(desk)


@pytest.mark.parametrize("recorded", SIZES, indirect=True)
def test_an_edit_that_is_taken_back_costs_nothing(desk: Desk) -> None:
    """And the line that was changed goes on from the take of the line before it."""
    before = desk.file(3).read_text()
    costs(desk, *one_line(desk))
    (asked,) = desk.octave.asked
    assert desk.octave.made[asked["context"]["generation_id"]].text == lines(3)[8].text
    desk.file(3).write_text(before)
    desk.octave.seen.clear()
    desk.octave.asked.clear()

    costs(desk)


@pytest.mark.parametrize("recorded", [FEW], indirect=True)
def test_a_pickup_stays_chosen_where_its_line_goes(desk: Desk) -> None:
    """Into another chapter, another file, under another name of its role."""
    said = lines(1)[5].text
    (first,) = (each for each in built(desk.project).values() if each.text == said)
    ended(told("pickup", desk.project, first.id), 0)
    (before,) = (each for each in built(desk.project).values() if each.text == said)
    assert (before.id, before.take.id != first.take.id) == (first.id, True)
    assert len(desk.octave.asked) == 1
    desk.octave.seen.clear()
    desk.octave.asked.clear()
    a_chapter_moved(desk)
    a_role_renamed(desk)

    costs(desk)

    (after,) = (each for each in built(desk.project).values() if each.text == said)
    assert (after.id != before.id, after.take.id) == (True, before.take.id)
