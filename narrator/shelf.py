"""What lies in the takes folder, file by file: for clearing out. What a take is, `store` knows.

No symbolic link is followed, and a file that is not narrator's is neither told of nor touched.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from narrator.errors import OutputError

_FIRST = re.compile(r"[0-9a-f]{2}")
_KEY = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"([0-9a-f]{16})(\.json|\.flac|\.flac\.damaged)|([0-9a-f]{64})\.pickup")


class Lying(NamedTuple):
    """The files of one take, or of what was one."""

    key: str
    take_id: str
    files: tuple[tuple[str, int], ...]
    """Suffix and size: the sidecar `.json` first, so that a take is none any more once that is removed."""

    @property
    def size(self) -> int:
        """Bytes, all together."""
        return sum(size for _, size in self.files)

    def size_of(self, suffix: str) -> int | None:
        """Bytes of one file; None where it is not there."""
        return dict(self.files).get(suffix)


class Shelf(NamedTuple):
    """Everything of narrator's in the folder."""

    lying: tuple[Lying, ...]
    """By key, then id."""
    related: tuple[tuple[str, str], ...]
    """Keys, and keys under which takes were asked for in their place (`TakeStore.relate`)."""


def look(folder: Path) -> Shelf:
    """
    Everything in a takes folder; nothing where there is none.

    Raises:
        OutputError: something is there and cannot be read.
    """
    lying: list[Lying] = []
    related: list[tuple[str, str]] = []
    for first in _folders(folder, _FIRST):
        for key in _folders(folder / first, _KEY):
            found: dict[str, dict[str, int]] = {}
            for name, size in _files(folder / first / key):
                take_id, suffix, other = match.groups() if (match := _FILE.fullmatch(name)) else ("", "", "")
                if other:
                    related.append((key, other))
                elif take_id:
                    found.setdefault(take_id, {})[suffix] = size
            lying += (
                Lying(key, take_id, tuple(sorted(files.items(), key=lambda file: file[0] != ".json")))
                for take_id, files in sorted(found.items())
            )
    return Shelf(tuple(lying), tuple(related))


def remove(folder: Path, lying: Lying) -> None:
    """
    Remove the files of a take, its sidecar first, and the folders that are empty after it.

    Raises:
        OutputError: one cannot be removed; what is left is no take any more, or still a whole one.
    """
    for suffix, _ in lying.files:
        _unlink(_place(folder, lying.key) / f"{lying.take_id}{suffix}")
    _tidy(folder, lying.key)


def forget(folder: Path, related: Iterable[tuple[str, str]]) -> None:
    """
    Remove what says that takes under one key were asked for in place of those under another.

    Raises:
        OutputError: it cannot be removed.
    """
    for key, other in related:
        _unlink(_place(folder, key) / f"{other}.pickup")
        _tidy(folder, key)


def _place(folder: Path, key: str) -> Path:
    return folder / key[:2] / key


def _tidy(folder: Path, key: str) -> None:
    with contextlib.suppress(OSError):  # not empty
        _place(folder, key).rmdir()
        (folder / key[:2]).rmdir()


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot remove {path}: {exc.strerror}; allow that and run again") from exc


def _folders(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    with _listing(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )


def _files(folder: Path) -> list[tuple[str, int]]:
    with _listing(folder) as entries:
        return [
            (entry.name, entry.stat(follow_symlinks=False).st_size)
            for entry in entries
            if entry.is_file(follow_symlinks=False)
        ]


@contextlib.contextmanager
def _listing(folder: Path) -> Iterator[Iterable[os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as entries:
            yield entries
    except FileNotFoundError:
        yield ()
    except OSError as exc:
        raise OutputError(
            f"cannot read {folder}: {exc.strerror or exc}; make it readable and run again"
        ) from exc
