"""A project comes from anyone: nothing in it has narrator read, write or remove what lies outside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import CAST, ended, left, litter, outputs, told
from tests.studio import write_project

SECRET = b"# Secret\n\nSecret words.\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished book of two chapters."""
    folder = write_project(
        tmp_path_factory.mktemp("finished") / "book",
        "# One\n\nHello.\n\nMARA: Hi.\n",
        "# Two\n\nHello.\n",
        cast=CAST,
        book="loudness: none\n",
    )
    assert told("book", folder).code == 0
    return folder


@pytest.fixture
def book(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "book")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What must stay as it is, and must not be read."""
    folder = tmp_path / "outside"
    (folder / "folder").mkdir(parents=True)
    for name in ("secret.md", "cover.jpg", "opening-credits.en.md.j2", "folder/01.md"):
        (folder / name).write_bytes(SECRET)
    return folder


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Everything in a folder."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


LINKS = {
    "book.yaml": "secret.md",
    "cast.yaml": "secret.md",
    "lexicon.yaml": "secret.md",
    "cover.jpg": "cover.jpg",
    "manuscript/03.md": "secret.md",
    "templates": "folder",
    "templates/opening-credits.en.md.j2": "opening-credits.en.md.j2",
    "takes": "folder",
    "build": "folder",
    "build/chapters": "folder",
    "build/.receipts": "folder",
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_a_link_out_of_the_project(book: Path, outside: Path, name: str, relative: bool) -> None:
    """Wherever it lies: refused by name before anything is written, on either side."""
    place, target = book / name, outside / LINKS[name]
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent) if relative else target)
    within, beyond = left(book), contents(outside)

    answer = told("book", book)

    ended(answer, 3, f"{name}: this leads out of the project; keep everything inside its folder")
    assert b"ecret" not in answer.err.encode()
    assert (left(book), contents(outside)) == (within, beyond)


@pytest.mark.parametrize(
    "path", ["../outside/secret.md", "manuscript/../../outside/folder", "{outside}/secret.md"]
)
def test_a_manuscript_elsewhere(book: Path, outside: Path, path: str) -> None:
    written = path.format(outside=outside)
    (book / "book.yaml").write_text(f"title: A\nauthor: B\nmanuscript: {written}\n")

    answer = told("check", book)

    ended(answer, 3, f"book.yaml:3: {written!r} ")
    assert "leads out of the project" in answer.err or "is an absolute path" in answer.err


@pytest.mark.parametrize(
    "name",
    ["report.html", "report.json", "chapters/01-one.mp3", ".receipts/run.json", ".receipts/01-one.json"],
)
def test_an_output_that_is_a_link_is_replaced_itself(book: Path, outside: Path, name: str) -> None:
    before, beyond = outputs(book), contents(outside)
    (book / "build" / ".receipts" / "run.json").unlink()
    (book / "build" / name).unlink(missing_ok=True)
    (book / "build" / name).symlink_to(outside / "secret.md")

    ended(told("book", book), 0)

    assert contents(outside) == beyond
    assert outputs(book) == before
    assert not (book / "build" / name).is_symlink()


def test_a_store_made_of_links(book: Path, outside: Path) -> None:
    """Takes behind a link are neither used nor written over."""
    shutil.rmtree(book / "takes")
    (book / "takes").mkdir()
    for number in range(256):
        (book / "takes" / f"{number:02x}").symlink_to(outside / "folder")
    before, beyond = outputs(book), contents(outside)

    answer = told("book", book)

    ended(answer, 6, "a symbolic link", "remove it and run again")
    assert contents(outside) == beyond
    assert {name: data for name, data in outputs(book).items() if "chapters" in name} == {
        name: data for name, data in before.items() if "chapters" in name
    }


def test_a_lock_that_is_a_link(book: Path, outside: Path) -> None:
    (book / "takes" / ".lock").unlink()
    (book / "takes" / ".lock").symlink_to(outside / "new")
    (book / "build" / "report.html").unlink()

    ended(told("book", book), 6, ".lock: ", "a symbolic link is in the way; remove it")

    assert not (outside / "new").exists()


@pytest.mark.parametrize("name", ["../../../outside/secret.md", "{outside}/secret.md", "..", ""])
def test_a_receipt_that_names_somebody_s_file(book: Path, outside: Path, name: str) -> None:
    """A crafted receipt of a former chapter: its files are removed only from where chapters lie."""
    victim = outside / "secret.md"
    there = victim.stat()
    facts = [
        name.format(outside=outside),
        there.st_size,
        there.st_mtime_ns,
        hashlib.sha256(SECRET).hexdigest(),
    ]
    receipts = book / "build" / ".receipts"
    (receipts / "99-former.json").write_text(json.dumps({"files": [facts], "details": {}}))
    (receipts / "run.json").unlink()
    before = outputs(book)

    ended(told("book", book), 0)

    assert victim.read_bytes() == SECRET
    assert outputs(book) == before


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Whatever waits longer than that, for a pipe to be written, is ended."""

    def too_long(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def pipe(path: Path) -> None:
    """A pipe in place of a file: whoever opens it waits for ever."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def folder(path: Path) -> None:
    """A folder with something in it in place of a file."""
    path.unlink(missing_ok=True)
    path.mkdir()
    (path / "kept").write_text("kept")


@pytest.mark.parametrize("name", ["book.yaml", "cast.yaml", "cover.jpg", "manuscript/01.md"])
def test_a_pipe_in_place_of_a_file(book: Path, name: str) -> None:
    """A finished book too, whose files are looked at before they are read."""
    pipe(book / name)

    with at_most(30):
        ended(told("book", book), 3, f"{name}: this is a device, a socket or a pipe, not a file")


@pytest.mark.parametrize("put", [pipe, folder])
def test_something_odd_in_place_of_an_output(book: Path, put: Callable[[Path], None]) -> None:
    """A pipe is replaced; a folder may be somebody's, so it is named and left, and nothing else is lost."""
    before = outputs(book)
    put(book / "build" / "chapters" / "02-two.mp3")

    answer = told("book", book)

    if put is pipe:
        ended(answer, 0)
        assert outputs(book) == before
        return
    ended(answer, 6, "02-two.mp3: Is a directory; a folder is in the way; rename it")
    after = outputs(book)
    assert {name: data for name, data in before.items() if after.get(name) != data}.keys() <= {
        "build/chapters/02-two.mp3",
        "build/report.html",
        "build/report.json",
    }
    shutil.rmtree(book / "build" / "chapters" / "02-two.mp3")
    ended(told("book", book), 0)
    assert outputs(book) == before
    assert not litter(book)


@pytest.mark.parametrize("name", ["takes", "build", "build/chapters", "build/.receipts", "templates"])
def test_a_file_in_place_of_a_folder(book: Path, name: str) -> None:
    before = left(book, "takes")
    place = book / name
    if place.exists():
        place.rename(book / "kept")
    place.write_text("in the way")

    ended(told("book", book), 3, f"{name}: this must be a folder; rename it")

    assert place.read_text() == "in the way"
    place.unlink()
    if (book / "kept").exists():
        (book / "kept").rename(place)
    ended(told("book", book), 0)
    assert left(book, "takes") == before
