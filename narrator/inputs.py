"""Has anything a run reads changed since the last one? Answered from file contents, without parsing them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from narrator.receipts import file_sha256

OURS = frozenset({"takes", "build"})
"""Folders of a project that narrator writes; everything else there is an input."""


def fingerprint(root: Path, read: Iterable[Path]) -> tuple[tuple[str, str], ...]:
    """
    Identify every file in *read*, and the names in every folder that holds one.

    Args:
        root: the project.
        read: files of the project that a run reads.

    Returns:
        (path relative to the project, sha256), sorted; a folder's hash is that of its sorted names.
    """
    files = sorted(set(read))
    # An empty templates/ counts too: a first template put there changes the credits.
    empty = [folder for folder in (root / "templates",) if folder.is_dir()]
    folders = sorted({root, *empty, *(path.parent for path in files)})
    return (
        *((_relative(root, path), file_sha256(path)) for path in files),
        *((_relative(root, folder) + "/", _names(root, folder)) for folder in folders),
    )


def same(root: Path, recorded: Iterable[tuple[str, str]]) -> bool:
    """Whether every recorded file and folder is still what it was."""
    try:
        for name, sha256 in recorded:
            path = root / name
            if name.endswith("/"):
                found = _names(root, path)
            elif path.is_file():  # not a pipe, which would keep us waiting
                found = file_sha256(path)
            else:
                return False
            if found != sha256:
                return False
    except (OSError, ValueError):  # the latter for a name that no file can have
        return False
    return True


def code_identity(package: Path) -> str:
    """Identifies the installed code: path, size and date of every module and template of *package*."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118 - runs at every start
            stat = os.stat(path)  # noqa: PTH116
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _names(root: Path, folder: Path) -> str:
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    if folder.resolve() == root.resolve():
        names = [name for name in names if name not in OURS]
    return hashlib.sha256(os.fsencode("\0".join(names))).hexdigest()
