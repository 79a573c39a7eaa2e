"""What each output was made from, so that a second run knows there is nothing to do.

A receipt lies in `build/.receipts/`: one for each chapter (its recipe, its files, what was measured)
and one for the whole run (the project's files, every take used, the result). A file that is not what
its receipt says counts as not made.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError, field_validator

from narrator.errors import OutputError
from narrator.files import write_text
from narrator.recalling import Span
from narrator.results import Production

FOLDER = ".receipts"

Model = TypeVar("Model", bound=BaseModel)


class FileFacts(NamedTuple):
    """A file as it was when its receipt was written."""

    name: str
    """Relative to the folder the receipt speaks of, with `/`."""
    size: int
    mtime_ns: int
    sha256: str
    recipe: str = ""
    """sha256 of all that decides the file's bytes."""


class Receipt(BaseModel, frozen=True, extra="forbid"):
    """What a chapter's files were made from."""

    files: tuple[FileFacts, ...]
    details: dict[str, Any]
    """What was measured while making them, for the report."""
    basis: str = ""
    """sha256 of all that the files were made of, the code included: the same gives the same files."""
    samples: int = 0
    """Length of the chapter."""
    spans: tuple[Span, ...] = ()
    """Where its utterances are."""

    @field_validator("files")
    @classmethod
    def _lie_in_one_folder(cls, files: tuple[FileFacts, ...]) -> tuple[FileFacts, ...]:
        """A receipt can come with a project from anywhere; it must not make us remove somebody's files."""
        for facts in files:
            if facts.name in ("", ".", "..") or "/" in facts.name or "\0" in facts.name:
                raise ValueError(f"{facts.name!r} is not a plain name")
        return files


class RunReceipt(BaseModel, frozen=True, extra="forbid"):
    """What a whole run read and left."""

    code: str
    """Identifies the installed narrator and the options of the run."""
    inputs: tuple[tuple[str, str], ...]
    """Path relative to the project, sha256 of a file's bytes or of a folder's sorted names."""
    takes: tuple[tuple[str, int], ...]
    """Path of each FLAC used, relative to takes/, and its size."""
    outputs: tuple[FileFacts, ...]
    result: Production
    """Its paths are bare names, and its warnings those that still hold at the next run."""


def recipe(facts: Mapping[str, Any]) -> str:
    """sha256 of *facts* as canonical JSON."""
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def facts_of(folder: Path, name: str, *, recipe: str = "", sha256: str | None = None) -> FileFacts:
    """The facts of a file that was just written; *sha256* where it is known already."""
    path = folder / name
    stat = path.stat()
    return FileFacts(name, stat.st_size, stat.st_mtime_ns, sha256 or file_sha256(path), recipe)


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unchanged(folder: Path, files: Iterable[FileFacts]) -> bool:
    """Whether every file is still what its receipt says; the bytes are read only where the date differs."""
    for facts in files:
        path = os.path.join(folder, facts.name)  # noqa: PTH118 - thousands of them; Path costs more than stat
        try:
            stat = os.stat(path)  # noqa: PTH116
            if stat.st_size != facts.size:
                return False
            if stat.st_mtime_ns != facts.mtime_ns and file_sha256(Path(path)) != facts.sha256:
                return False
        except (OSError, ValueError):  # the latter for a name that no file can have
            return False
    return True


def read_receipt(build: Path, stem: str) -> Receipt | None:
    """The receipt of a chapter, or None where there is none that can be read."""
    return _read(build / FOLDER / f"{stem}.json", Receipt)


def read_run(build: Path) -> RunReceipt | None:
    """The receipt of the last complete run, or None."""
    return _read(build / FOLDER / "run.json", RunReceipt)


def lock_of(build: Path, stem: str) -> Path:
    """What whoever makes a chapter holds."""
    return build / FOLDER / f"{stem}.lock"


def write_receipt(build: Path, stem: str, receipt: Receipt) -> None:
    """Put a chapter's receipt in place."""
    write_text(build / FOLDER / f"{stem}.json", receipt.model_dump_json())


def write_run(build: Path, receipt: RunReceipt) -> None:
    """Put the run's receipt in place."""
    write_text(build / FOLDER / "run.json", receipt.model_dump_json())


def stems(build: Path) -> tuple[str, ...]:
    """The chapters that have a receipt."""
    folder = build / FOLDER
    return tuple(sorted(path.stem for path in folder.glob("*.json") if path.stem != "run"))


def discard(build: Path, stem: str) -> None:
    """Remove a chapter's files and its receipt; a file that was edited since stays.

    Raises:
        OutputError: one of them cannot be removed.
    """
    receipt = read_receipt(build, stem)
    remove(build, receipt.files if receipt else ())
    _unlink(build / FOLDER / f"{stem}.json")
    _unlink(lock_of(build, stem))


def remove(build: Path, files: Iterable[FileFacts]) -> None:
    """Remove files of chapters; one that was edited since stays.

    Raises:
        OutputError: one of them cannot be removed.
    """
    for facts in files:
        if unchanged(build / "chapters", [facts]):
            _unlink(build / "chapters" / facts.name)


def all_there(takes: Path, used: Iterable[tuple[str, int]]) -> bool:
    """Whether every take, named without suffix, still has its FLAC file of that size and its sidecar."""
    folder = os.fspath(takes)
    try:
        for name, size in used:
            if os.stat(f"{folder}/{name}.flac").st_size != size:  # noqa: PTH116 - thousands of them
                return False
            os.stat(f"{folder}/{name}.json")  # noqa: PTH116
    except (OSError, ValueError):
        return False
    return True


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot remove {path}: {exc.strerror}; remove it and run again") from exc


def _read(path: Path, model: type[Model]) -> Model | None:
    try:
        if not path.is_file():  # but a pipe, say, which would keep us waiting
            return None
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
