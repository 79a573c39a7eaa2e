"""Takes, receipts and outputs that are not what was written: met, named, mended, and nothing else lost."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import CAST, QUICK, ended, left, litter, outputs, told
from tests.studio import write_project

Change = Callable[[Path], object]

SEAL = "written_sha256"
NOT_WRITTEN = "its sidecar is not what was written"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished book of two chapters and five takes."""
    folder = write_project(
        tmp_path_factory.mktemp("finished") / "book",
        "# One\n\nHello there. My friend.\n\nMARA: Hi.\n",
        "# Two\n\nHello there.\n",
        cast=CAST,
        book=QUICK,
    )
    assert told("book", folder, "--json").result["recorded"] == 5
    return folder


@pytest.fixture
def book(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "book")


def audio(book: Path) -> Path:
    """One of its takes."""
    return min((book / "takes").rglob("*.flac"))


def sidecar(book: Path) -> Path:
    """That take's sidecar."""
    return audio(book).with_suffix(".json")


def another(book: Path) -> Path:
    """Another take's sidecar."""
    return max((book / "takes").rglob("*.flac")).with_suffix(".json")


def flipped(path: Path) -> None:
    """One bit in the middle is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def edited(path: Path, **changes: Any) -> None:
    """A JSON file says something else."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def unsealed(path: Path, **changes: Any) -> None:
    """A sidecar from before there were seals says something else."""
    edited(path, **changes)
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != SEAL}))


def mistimed(path: Path) -> None:
    """One digit of one word's time is another: nothing that a parser would notice."""
    text = path.read_text()
    at = text.rindex(',"words":[[') + len(',"words":[[')
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


def instead(path: Path, put: Callable[[Path], None]) -> None:
    """Something else stands where a file was."""
    path.unlink()
    put(path)


TAKES: dict[str, tuple[Change, str]] = {
    "audio cut short": (lambda book: os.truncate(audio(book), 100), "has 100 bytes instead of"),
    "audio empty": (lambda book: os.truncate(audio(book), 0), "has 0 bytes instead of"),
    "a bit of the audio": (lambda book: flipped(audio(book)), "its audio is not what was written"),
    "audio gone": (lambda book: audio(book).unlink(), "its audio is missing"),
    "audio a link": (
        lambda book: instead(audio(book), lambda path: path.symlink_to("/dev/zero")),
        "its audio is not a regular file",
    ),
    "audio a pipe": (lambda book: instead(audio(book), os.mkfifo), "its audio is not a regular file"),
    "audio of another take": (
        lambda book: audio(book).write_bytes(another(book).with_suffix(".flac").read_bytes()),
        "bytes instead of",
    ),
    "sidecar garbage": (lambda book: sidecar(book).write_bytes(b"\xff\0{" * 99), "does not parse"),
    "sidecar empty": (lambda book: os.truncate(sidecar(book), 0), "does not parse"),
    "sidecar cut short": (lambda book: os.truncate(sidecar(book), 200), "does not parse"),
    "sidecar deep": (lambda book: sidecar(book).write_bytes(b"[" * 99_999), "does not parse"),
    "sidecar of another take": (
        lambda book: sidecar(book).write_bytes(another(book).read_bytes()),
        "its sidecar is that of take",
    ),
    "sidecar of a later narrator": (lambda book: edited(sidecar(book), mood="grim"), "does not parse"),
    "sidecar with another request": (
        lambda book: edited(
            sidecar(book), request=json.loads(sidecar(book).read_text())["request"] | {"voice": "x"}
        ),
        "its sidecar holds another request",
    ),
    "sidecar with another length": (lambda book: edited(sidecar(book), samples=10**12), NOT_WRITTEN),
    "sidecar with another rate": (lambda book: edited(sidecar(book), rate=8000), NOT_WRITTEN),
    "a digit of a word's time": (lambda book: mistimed(sidecar(book)), NOT_WRITTEN),
    "unsealed sidecar with another length": (
        lambda book: unsealed(sidecar(book), samples=10**12),
        "says otherwise",
    ),
    "unsealed sidecar with another rate": (lambda book: unsealed(sidecar(book), rate=8000), "says otherwise"),
    "sidecar gone": (lambda book: sidecar(book).unlink(), ""),
}


@pytest.mark.parametrize("what", TAKES)
def test_a_damaged_take_is_recorded_again_and_only_that(book: Path, what: str) -> None:
    """With a warning that says what is wrong, once; and what comes out is what was there before."""
    change, said = TAKES[what]
    before, takes = outputs(book), left(book, "takes")
    change(book)
    shutil.rmtree(book / "build")

    made = told("book", book, "--json")

    ended(made, 0, said)
    assert made.result["recorded"] == 1
    assert any(said in warning for warning in made.result["warnings"]) or not said
    assert outputs(book) == before
    assert takes.keys() <= left(book, "takes").keys()
    again = told("book", book, "--json")
    assert again.result["warnings"] == []
    assert "nothing to do" in again.err


def test_takes_are_what_is_counted_and_a_damaged_one_is_one_more(book: Path) -> None:
    """Two lines share the take that is gone; that another one is damaged turns out when both are made."""
    takes = {
        json.loads(path.read_text())["request"]["spoken"]["text"]: path
        for path in (book / "takes").rglob("*.json")
    }
    takes["Hello there."].unlink()
    flipped(takes["Hi."].with_suffix(".flac"))
    shutil.rmtree(book / "build")

    checked, made = told("check", book), told("book", book, "--json")

    ended(checked, 0, "6 utterances", "1 take to record")
    ended(made, 0, "2 chapters, 6 utterances, 1 take to record")
    assert re.findall(r"recorded ([0-9]+) of ([0-9]+)", made.err) == [("1", "1"), ("2", "2")]
    assert (made.result["recorded"], made.result["reused"]) == (2, 4)


@pytest.mark.parametrize("of", [audio, sidecar])
def test_a_folder_in_place_of_a_take_is_named_and_left_alone(book: Path, of: Callable[[Path], Path]) -> None:
    """It may be somebody's; the chapters that do not need it stand, and those that do keep their files."""
    before, place = outputs(book), of(book)
    instead(place, Path.mkdir)
    (book / "build" / ".receipts" / "run.json").unlink()

    ended(told("book", book), 6, f"{place.name}: Is a directory; a folder is in the way; rename it")

    after = outputs(book)
    assert {name for name, data in before.items() if after.get(name) != data} <= {
        "build/report.html",
        "build/report.json",
    }
    place.rmdir()
    ended(told("book", book), 0)
    assert outputs(book) == before


def test_a_file_in_place_of_a_key(book: Path) -> None:
    place = audio(book).parent
    shutil.rmtree(place)
    place.write_text("")
    before = left(book)

    ended(told("book", book), 6, "Not a directory; remove the file in the way and run again")

    assert left(book) == before


RUN, ONE = "build/.receipts/run.json", "build/.receipts/01-one.json"
RECEIPTS: dict[str, Change] = {
    "garbage": lambda path: path.write_bytes(b"\xff\0{"),
    "empty": lambda path: os.truncate(path, 0),
    "cut short": lambda path: os.truncate(path, 60),
    "something else": lambda path: path.write_text("[1, 2]"),
    "deep": lambda path: path.write_text("[" * 99_999),
    "of a later narrator": lambda path: edited(path, mood="grim"),
    "a folder's": lambda path: instead(path, lambda place: place.symlink_to("..")),
}
OF_THE_RUN: dict[str, Change] = {
    "result": lambda path: edited(path, result={"recorded": 0}),
    "input": lambda path: edited(path, inputs=[["a\0b", "0" * 64]]),
    "take": lambda path: edited(path, takes=[["a\0b", 1]]),
    "output": lambda path: edited(path, outputs=[["a\0b", 1, 1, "0" * 64, ""]]),
}
OF_A_CHAPTER: dict[str, Change] = {
    "garbage": lambda path: path.write_bytes(b"\xff\0{"),
    "details": lambda path: edited(path, details={}),
    "loudness": lambda path: edited(
        path, details=json.loads(path.read_text())["details"] | {"loudness": "x"}
    ),
    "names": lambda path: edited(
        path, files=[["mp3", *facts[1:]] for facts in json.loads(path.read_text())["files"]]
    ),
    "elsewhere": lambda path: edited(
        path,
        files=[[f"../chapters/{facts[0]}", *facts[1:]] for facts in json.loads(path.read_text())["files"]],
    ),
}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *((RUN, change) for change in RECEIPTS.values()),
        *((RUN, change) for change in OF_THE_RUN.values()),
        *((ONE, change) for change in OF_A_CHAPTER.values()),
    ],
    ids=[
        *(f"run {what}" for what in RECEIPTS),
        *(f"run {what}" for what in OF_THE_RUN),
        *(f"chapter {what}" for what in OF_A_CHAPTER),
    ],
)
def test_a_damaged_receipt_counts_as_none(book: Path, name: str, change: Change) -> None:
    """The chapter is looked at again, or made again; no take is."""
    before, takes = outputs(book), left(book, "takes")
    change(book / name)
    if name != RUN:
        (book / RUN).unlink()

    made = told("book", book, "--json")

    ended(made, 0)
    assert (made.result["recorded"], made.result["reused"], made.result["warnings"]) == (0, 6, [])
    assert outputs(book) == before
    assert left(book, "takes") == takes
    assert "nothing to do" in told("book", book).err


OUTPUTS: dict[str, tuple[str, Change]] = {
    "edited audio": ("chapters/01-one.mp3", flipped),
    "longer audio": ("chapters/01-one.mp3", lambda path: path.write_bytes(path.read_bytes() + b"x")),
    "edited cues": ("chapters/01-one.cue", lambda path: path.write_text("mine")),
    "no audio": ("chapters/02-two.mp3", Path.unlink),
    "no timeline": ("chapters/02-two.json", Path.unlink),
    "no page": ("report.html", Path.unlink),
    "edited report": ("report.json", lambda path: path.write_text("{}")),
}


@pytest.mark.parametrize("what", OUTPUTS)
def test_an_output_that_was_changed_by_hand_is_made_again_and_no_other(book: Path, what: str) -> None:
    name, change = OUTPUTS[what]
    before = outputs(book)
    dates = {path: path.stat().st_mtime_ns for path in (book / "build" / "chapters").iterdir()}
    change(book / "build" / name)

    made = told("book", book, "--json")

    ended(made, 0)
    assert made.result["recorded"] == 0
    assert outputs(book) == before
    touched = {path.name for path, date in dates.items() if path.stat().st_mtime_ns != date}
    assert touched == ({Path(name).name} if "chapters" in name else set())


def test_a_stranger_s_file_in_the_build_folder_stays(book: Path) -> None:
    (book / "build" / "chapters" / "99-mine.mp3").write_bytes(b"mine")
    (book / RUN).unlink()

    ended(told("book", book), 0)

    assert (book / "build" / "chapters" / "99-mine.mp3").read_bytes() == b"mine"


@pytest.mark.parametrize("date", [1, 4_000_000_000], ids=["long ago", "to come"])
def test_the_clock_does_not_matter(book: Path, date: int) -> None:
    """Files from the future, or from a copy that lost its dates: contents decide."""
    before = outputs(book)
    for path in book.rglob("*"):
        os.utime(path, (date, date))

    made = told("book", book, "--json")

    ended(made, 0, "nothing to do")
    assert outputs(book) == before


@pytest.mark.parametrize("held", ["", "999999999\n", "garbage", "-1", "1\n"])
def test_a_stale_lock_holds_nobody_up(book: Path, held: str) -> None:
    (book / "takes" / ".lock").write_text(held)
    (book / RUN).unlink()

    ended(told("book", book), 0, "nothing to do")


def test_litter_of_a_killed_run_is_swept_up(book: Path) -> None:
    for folder in ("takes", "build", "build/chapters", "build/.receipts"):
        (book / folder / ".narrator-0123456789abcdef.part").write_text("half a fi")
    (book / RUN).unlink()

    ended(told("book", book), 0)

    assert litter(book) == []
