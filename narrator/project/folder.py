"""A folder that reading cannot leave."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal, NamedTuple

from narrator.errors import ProjectError

Kind = Literal["file", "folder", "special"]


class Found(NamedTuple):
    """Something that is there."""

    path: Path
    """Absolute, symbolic links followed, inside the folder."""
    kind: Kind
    """`special` is a device, a socket or a pipe, which is never opened."""
    size: int
    """Bytes."""


class Folder:
    """
    A folder whose contents come from anyone.

    Every path is followed through its symbolic links first, and refused where it leads out. Paths are
    relative to the folder, with `/`. Where no file and line are given to blame, an error blames the path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def locate(self, path: str, *, file: str = "", line: int | None = None) -> Found | None:
        """
        What is at *path*; None where nothing is.

        Raises:
            ProjectError: it leads out of the folder or to nothing, or cannot be followed.
        """
        subject = repr(path) if file else "this"
        if Path(path).is_absolute():
            message = f"{subject} is an absolute path; write it relative to the project"
            raise ProjectError(message, file=file or path, line=line)
        try:
            real = (self.root / path).resolve()
            if not real.is_relative_to(self.root):
                message = f"{subject} leads out of the project; keep everything inside its folder"
                raise ProjectError(message, file=file or path, line=line)
            facts = real.stat()
        except (FileNotFoundError, NotADirectoryError):
            if (self.root / path).is_symlink():
                message = f"{subject} is a link to nothing; mend it or take it out"
                raise ProjectError(message, file=file or path, line=line) from None
            return None
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links before Python 3.13; a NUL
            raise ProjectError(_unreadable(subject, error), file=file or path, line=line) from None
        return Found(real, _kind(facts.st_mode), facts.st_size)

    def read(self, path: str, *, limit: int, file: str = "", line: int | None = None) -> bytes | None:
        """
        The bytes of a plain file of at most *limit* bytes; None where nothing is.

        Raises:
            ProjectError: it leads out of the folder, is no plain file, is too long or cannot be read.
        """
        subject = repr(path) if file else "this"
        found = self.locate(path, file=file, line=line)
        if found is None:
            return None
        if found.kind != "file":
            message = f"{subject} is {_named(found.kind)}, not a file"
            raise ProjectError(message, file=file or path, line=line)
        try:
            with found.path.open("rb") as source:
                data = source.read(limit + 1)
        except OSError as error:
            raise ProjectError(_unreadable(subject, error), file=file or path, line=line) from None
        if len(data) > limit:
            raise ProjectError(f"{subject} is longer than {limit:,} bytes", file=file or path, line=line)
        return data

    def names(self, path: str = ".") -> tuple[str, ...]:
        """
        The names in a folder, sorted.

        Raises:
            ProjectError: it cannot be listed.
        """
        try:
            return tuple(sorted(os.listdir(self.root / path)))  # noqa: PTH208  names are all that is needed
        except OSError as error:
            raise ProjectError(_unreadable("this folder", error), file=path) from None


def _kind(mode: int) -> Kind:
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "special"


def _named(kind: Kind) -> str:
    return "a folder" if kind == "folder" else "a device, a socket or a pipe"


def _unreadable(subject: str, error: OSError | RuntimeError | ValueError) -> str:
    if isinstance(error, OSError):
        reason = error.strerror
    elif isinstance(error, ValueError):
        reason = "it holds a character that no path can have"
    else:
        reason = "its symbolic links go round in a ring"
    return f"{subject} cannot be read: {reason}"
