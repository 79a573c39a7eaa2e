"""The files of a manuscript: which they are, in which order, and their bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

from narrator.errors import ManuscriptError, ProjectError, ProjectErrors
from narrator.manuscript import Notice
from narrator.project.folder import Folder
from narrator.settings.nodes import UNPRINTABLE

MARKDOWN = frozenset({".md", ".markdown"})
NOT_YET = frozenset({".epub", ".docx", ".fountain"})
"""Manuscripts that are promised and not read in this version."""
LIMIT_BYTES = 64_000_000
"""Longest manuscript, all files together: some ten million words."""

_ONE_FILE = MARKDOWN | {".txt"}
_BACKUP = re.compile(r"\..*|#.*#|.*~|.*\.(?:bak|orig|swp|tmp)", re.IGNORECASE | re.DOTALL)
_DIGITS = re.compile(r"([0-9]+)")


class ManuscriptFile(NamedTuple):
    """One file of the manuscript."""

    path: str
    """Relative to the project, with `/`."""
    data: bytes


class Sources(NamedTuple):
    """A manuscript before it is parsed."""

    files: tuple[ManuscriptFile, ...]
    """In reading order."""
    notices: tuple[Notice, ...]
    """Files beside them that are not read."""


def read_sources(folder: Folder, path: str, *, file: str, line: int | None) -> Sources:
    """
    Read the manuscript at *path*: one file, or a folder's Markdown files in the order of their names.

    Args:
        folder: the project.
        path: as `manuscript:` gives it.
        file: where it is set, for errors; with *line*.

    Raises:
        ProjectError: there is nothing to read, or *path* leads out of the project.
        ProjectErrors: some of the folder's files cannot be read.
    """
    found = folder.locate(path, file=file, line=line)
    if found is None:
        message = f"there is no {path!r}, where the text goes: {path}/01-first-chapter.md and so on"
        raise ProjectError(f"{message}{_elsewhere(folder, '.')}", file=file, line=line)
    place = found.path.relative_to(folder.root).as_posix()
    if found.kind == "folder":
        return _read_folder(folder, place)
    suffix = found.path.suffix.lower()
    if suffix in NOT_YET:
        message = f"{path!r}: {suffix} is not supported yet in this version; save the text as Markdown (.md)"
        raise ProjectError(message, file=file, line=line)
    if suffix not in _ONE_FILE:
        message = f"{path!r} is not a manuscript; name a folder of .md files, or one .md or .txt file"
        raise ProjectError(message, file=file, line=line)
    data = folder.read(place, limit=LIMIT_BYTES)
    assert data is not None  # noqa: S101  it was there a moment ago
    return Sources((ManuscriptFile(place, data),), ())


def name_order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts names as people count: `2-b.md` before `10-a.md`, whatever the case."""
    parts = (
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(name.casefold())
    )
    return [part for part in parts if part != (1, 0, "")], name


def _read_folder(folder: Folder, place: str) -> Sources:
    files: list[ManuscriptFile] = []
    notices: list[Notice] = []
    problems: list[ProjectError] = []
    left = LIMIT_BYTES
    for name in sorted(folder.names(place), key=name_order):
        if _BACKUP.fullmatch(name):
            continue
        path = _beneath(place, name)
        try:
            if _is_markdown(folder, path):
                data = folder.read(path, limit=left) or b""
                left -= len(data)
                files.append(ManuscriptFile(path, data))
            elif place != ".":
                notices.append(Notice(message=_not_read(name), file=_printable(path)))
        except ProjectError as error:
            problems.append(error)
    if problems:
        raise ProjectErrors(problems)
    if not files:
        message = "there is no .md file in this folder; the text goes there: 01-first-chapter.md and so on"
        raise ManuscriptError(f"{message}{_elsewhere(folder, place)}", file=place)
    return Sources(tuple(files), tuple(notices))


def _is_markdown(folder: Folder, path: str) -> bool:
    if not path.lower().endswith(tuple(MARKDOWN)):
        return False
    if _printable(path) != path:
        raise ManuscriptError("rename this file; its name cannot be printed", file=_printable(path))
    found = folder.locate(path)
    return found is None or found.kind != "folder"


def _beneath(place: str, name: str) -> str:
    return name if place == "." else f"{place}/{name}"


def _printable(path: str) -> str:
    """The path as it can be shown: a file's name may hold line ends, escape codes or half characters."""
    return ascii(path)[1:-1] if "\n" in path or UNPRINTABLE.search(path) else path


def _not_read(name: str) -> str:
    suffix = next((suffix for suffix in sorted(NOT_YET) if name.lower().endswith(suffix)), None)
    if suffix:
        return f"not read: {suffix} is not supported yet in this version"
    return "not read: the manuscript is the .md files directly in this folder"


def _elsewhere(folder: Folder, place: str) -> str:
    """A hint where one file lies that may be the manuscript."""
    names = (name for name in folder.names(place) if not _BACKUP.fullmatch(name))
    candidates = [name for name in names if name.lower().endswith(tuple(_ONE_FILE))]
    if len(candidates) != 1:
        return ""
    path = _printable(_beneath(place, candidates[0]))
    return f"; or write `manuscript: {path}` in book.yaml, if that is the text"
