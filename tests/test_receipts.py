"""Receipts: what outputs were made from, and whether they are still what they were."""

from __future__ import annotations

import os
from pathlib import Path

from narrator.inputs import code_identity, fingerprint, same
from narrator.receipts import (
    Receipt,
    all_there,
    discard,
    facts_of,
    read_receipt,
    recipe,
    stems,
    unchanged,
    write_receipt,
)


def test_a_recipe_does_not_depend_on_the_order_of_its_facts() -> None:
    assert recipe({"a": 1, "b": [2]}) == recipe({"b": [2], "a": 1}) != recipe({"a": 1, "b": [3]})


def test_a_touched_file_is_unchanged_and_an_edited_one_is_not(tmp_path: Path) -> None:
    """The date alone proves nothing: the bytes decide."""
    file = tmp_path / "a.mp3"
    file.write_bytes(b"sound")
    facts = facts_of(tmp_path, "a.mp3")

    os.utime(file, ns=(1, 1))
    touched = unchanged(tmp_path, [facts])
    file.write_bytes(b"noise")

    assert touched
    assert not unchanged(tmp_path, [facts])


def test_a_missing_file_is_changed(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"sound")
    facts = facts_of(tmp_path, "a.mp3")
    (tmp_path / "a.mp3").unlink()

    assert not unchanged(tmp_path, [facts])


def test_a_damaged_receipt_counts_as_none(tmp_path: Path) -> None:
    write_receipt(tmp_path, "01-a", Receipt(files=(), details={}))
    path = tmp_path / ".receipts" / "01-a.json"
    before = read_receipt(tmp_path, "01-a")
    path.write_text(path.read_text()[:-4])

    assert before == Receipt(files=(), details={})
    assert read_receipt(tmp_path, "01-a") is None


def test_discarding_a_chapter_leaves_a_file_that_was_edited(tmp_path: Path) -> None:
    chapters = tmp_path / "chapters"
    chapters.mkdir()
    (chapters / "01-a.mp3").write_bytes(b"ours")
    (chapters / "01-a.srt").write_bytes(b"ours")
    files = tuple(facts_of(chapters, name) for name in ("01-a.mp3", "01-a.srt"))
    write_receipt(tmp_path, "01-a", Receipt(files=files, details={}))
    (chapters / "01-a.srt").write_bytes(b"corrected by hand")

    discard(tmp_path, "01-a")

    assert [path.name for path in chapters.iterdir()] == ["01-a.srt"]
    assert stems(tmp_path) == ()


def test_takes_are_there_with_their_size_and_sidecar(tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"1234")
    without_sidecar = all_there(tmp_path, [("x", 4)])
    (tmp_path / "x.json").write_bytes(b"{}")

    assert not without_sidecar
    assert all_there(tmp_path, [("x", 4)])
    assert not all_there(tmp_path, [("x", 5)])


def test_a_fingerprint_sees_edits_and_new_files(tmp_path: Path) -> None:
    (tmp_path / "manuscript").mkdir()
    book, first = tmp_path / "book.yaml", tmp_path / "manuscript" / "01.md"
    book.write_text("title: A")
    first.write_text("Hello.")
    recorded = fingerprint(tmp_path, [book, first])
    untouched = same(tmp_path, recorded)

    first.write_text("Hullo.")
    edited = same(tmp_path, recorded)
    first.write_text("Hello.")
    (tmp_path / "manuscript" / "02.md").write_text("More.")
    added = same(tmp_path, recorded)

    assert untouched
    assert not edited
    assert not added


def test_a_fingerprint_does_not_see_what_narrator_writes(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("title: A")
    recorded = fingerprint(tmp_path, [book])
    for folder in ("takes", "build", ".git"):
        (tmp_path / folder).mkdir()

    assert same(tmp_path, recorded)


def test_code_identity_changes_with_the_code(tmp_path: Path) -> None:
    module = tmp_path / "a.py"
    module.write_text("a = 1")
    before = code_identity(tmp_path)
    module.write_text("a = 22")

    assert code_identity(tmp_path) != before
