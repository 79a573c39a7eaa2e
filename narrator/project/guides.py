"""Guide recordings: files of the project that lines of the manuscript name, for a provider to follow.

A manuscript comes from anyone, so a path in it is followed only to a plain file of bounded size inside
the project that is what its suffix says. Whatever is wrong blames the line that names it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from narrator.errors import ProjectError, ProjectErrors, nearest
from narrator.manuscript import Manuscript, Utterance
from narrator.project.folder import Folder
from narrator.project.opening import BUILD, TAKES

LIMIT_BYTES = 50 * 1024 * 1024
"""Longest recording: five minutes as CDs hold them."""

_BEGINNINGS = {
    ".wav": re.compile(rb"(?:RIFF|RF64|BW64)....WAVE", re.DOTALL),
    ".mp3": re.compile(rb"ID3|\xff[\xe0-\xff]"),
    ".flac": re.compile(rb"fLaC"),
    ".ogg": re.compile(rb"OggS"),
    ".m4a": re.compile(rb"....ftyp", re.DOTALL),
}
"""What the bytes of a file begin with, by its suffix."""
_KNOWN = ", ".join(_BEGINNINGS)


@dataclass(frozen=True, slots=True)
class Guides:
    """The recordings that a manuscript names, as they were when it was planned."""

    folder: Folder
    hashes: Mapping[str, str]
    """sha256 of each, by its path as written."""

    def sha256(self, path: str) -> str:
        """Of the bytes of the recording at *path*, as 64 hex digits."""
        return self.hashes[path]

    def read(self, line: Utterance) -> bytes:
        """
        The recording that *line* names.

        Raises:
            ProjectError: it is not what was planned with any more.
        """
        data = _read(self.folder, line)
        if hashlib.sha256(data).hexdigest() != self.hashes[str(line.guide)]:
            message = f"the recording {line.guide!r} was changed while narrator was at work; run again"
            raise ProjectError(message, file=line.file, line=line.line)
        return data

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """(path relative to the project, sha256) of each, for the receipt of a run."""
        return tuple((PurePosixPath(path).as_posix(), sha256) for path, sha256 in sorted(self.hashes.items()))


def read_guides(root: Path, manuscript: Manuscript) -> Guides:
    """
    Find and identify every recording that a manuscript names.

    Args:
        root: the project.

    Raises:
        ProjectErrors: some are not there or cannot be used; each with the first line that names it.
    """
    folder = Folder(root)
    hashes: dict[str, str] = {}
    problems: dict[str, ProjectError] = {}
    for chapter in manuscript.chapters:
        for line in chapter.utterances:
            if line.guide is None or line.guide in hashes or line.guide in problems:
                continue
            try:
                hashes[line.guide] = hashlib.sha256(_read(folder, line)).hexdigest()
            except ProjectError as problem:
                problems[line.guide] = problem
    if problems:
        raise ProjectErrors(list(problems.values()))
    return Guides(folder, hashes)


def _read(folder: Folder, line: Utterance) -> bytes:
    """The bytes of the recording that *line* names, once nothing is wrong with its path."""
    path = str(line.guide)
    fault = _misplaced(folder, path, line)
    if fault:
        raise ProjectError(f"the recording {path!r} {fault}", file=line.file, line=line.line)
    data = folder.read(path, limit=LIMIT_BYTES, file=line.file, line=line.line)
    fault = _missing(folder, path) if data is None else _unlike(data, PurePosixPath(path).suffix.lower())
    if fault:
        raise ProjectError(f"the recording {path!r} {fault}", file=line.file, line=line.line)
    return data or b""


def _misplaced(folder: Folder, path: str, line: Utterance) -> str | None:
    """What is wrong with where *path* leads."""
    written = PurePosixPath(path)
    if ".." in written.parts:
        return "goes up with `..`; write its path from the project's folder"
    if written.suffix.lower() not in _BEGINNINGS:
        return f"is of no known kind; give it one of these suffixes: {_KNOWN}"
    found = folder.locate(path, file=line.file, line=line.line)
    if found and found.path.relative_to(folder.root).parts[:1] in ((TAKES,), (BUILD,)):
        return f"lies where narrator writes; keep it outside {TAKES}/ and {BUILD}/"
    return None


def _missing(folder: Folder, path: str) -> str:
    parent = PurePosixPath(path).parent
    try:
        near = nearest(PurePosixPath(path).name, folder.names(parent.as_posix()))
    except ProjectError:  # there is no such folder, so nothing to suggest
        near = None
    hint = f"did you mean {(parent / near).as_posix()!r}? Otherwise put" if near else "put"
    return f"is not there; {hint} it there, or take `guide` out"


def _unlike(data: bytes, suffix: str) -> str | None:
    """What is wrong with what a file holds."""
    if not data:
        return "is empty; export it again"
    if _BEGINNINGS[suffix].match(data):
        return None
    really = next((kind for kind, beginning in _BEGINNINGS.items() if beginning.match(data)), None)
    if really:
        return f"is really a {really} file; rename it"
    if data.startswith(b"version https://git-lfs"):
        return "was not fetched; run `git lfs pull`"
    return f"is no {suffix} file; export it again"
