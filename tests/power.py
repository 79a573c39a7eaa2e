"""Power cuts, worked out from what a process asked of its disk (the log of `disk_faults.c`).

A disk keeps what was synced. Of everything after that it may keep any part: of the writes to a file each one
or not; of a folder the names that it had when it was synced, or at some moment since. POSIX promises no more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Call(NamedTuple):
    """One record of the log."""

    kind: str
    fields: tuple[str, ...]
    data: bytes


def read_log(log: Path) -> list[Call]:
    """Every record, in order."""
    found, content, at = [], log.read_bytes(), 0
    while at < len(content):
        end = content.index(b"\n", at)
        kind, *fields = content[at:end].decode().split("\t")
        length = int(fields[2]) if kind == "write" else 0
        found.append(Call(kind, tuple(fields), content[end + 1 : end + 1 + length]))
        at = end + 1 + length
    return found


@dataclass(slots=True)
class _File:
    """What is safe of a file, and what was written since: an offset and bytes, or a new length and None."""

    safe: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.safe, self.since = self.with_changes(self.since), []

    def with_changes(self, changes: list[tuple[int, bytes | None]]) -> bytes:
        content = bytearray(self.safe)
        for at, data in changes:
            content[len(content) :] = bytes(max(0, at - len(content)))
            if data is None:
                del content[at:]
            else:
                content[at : at + len(data)] = data
        return bytes(content)


class Disk:
    """A folder that was empty, after some of the calls in a log."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._files: dict[str, _File] = {}
        """By inode; an inode may be another file's when that one is gone."""
        self._folders: dict[str, list[dict[str, _File | None]]] = {self._root: [{}]}
        """By path: what it held when it was synced, and after each change since; None stands for a folder."""

    def follow(self, call: Call) -> None:
        """What one call does."""
        match call:
            case Call("create", (inode, path)):
                self._files[inode] = _File()
                self._change(path, add=self._files[inode])
            case Call("mkdir", (path,)) if path != self._root:
                self._folders[path] = [{}]
                self._change(path, add=None)
            case Call("rename", (old, new)):
                folder, name = os.path.split(old)
                moved = self._folders[folder][-1][name]
                self._change(old)
                self._change(new, add=moved)
            case Call("unlink", (path,)):
                self._change(path)
            case Call("write", (inode, offset, _)):
                self._files[inode].since.append((int(offset), call.data))
            case Call("truncate", (inode, length)):
                self._files[inode].since.append((int(length), None))
            case Call("sync", (_, path)) if path in self._folders:
                del self._folders[path][:-1]
            case Call("sync", (inode, _)):
                self._files[inode].sync()

    def _change(self, path: str, **add: _File | None) -> None:
        folder, name = os.path.split(path)
        states = self._folders[folder]
        states.append({key: value for key, value in states[-1].items() if key != name})
        states[-1].update((name, there) for there in add.values())

    def cut(self, into: Path, random_: random.Random) -> None:
        """Write what is left when the power goes, in one of the ways that are possible; the folder is new."""
        written, named = (random_.choice((0.0, 0.5, 1.0)) for _ in range(2))
        """How much there is, of what need not be there."""
        for path, file in self._left(self._root, random_, named):
            target = into / os.path.relpath(path, self._root)
            if file is None:
                target.mkdir()
            else:
                kept = [change for change in file.since if random_.random() < written]
                target.write_bytes(file.with_changes(kept))

    def _left(self, folder: str, random_: random.Random, named: float) -> Iterator[tuple[str, _File | None]]:
        states = self._folders[folder]
        state = states[-1] if random_.random() < named else random_.choice(states)
        yield folder, None
        for name, file in state.items():
            path = f"{folder}/{name}"
            if file is None:
                yield from self._left(path, random_, named)
            elif not name.endswith("-shm"):  # memory that SQLite shares, and makes anew
                yield path, file
