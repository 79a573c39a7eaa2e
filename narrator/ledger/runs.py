"""Which runs are alive. A run holds a lock on its file in `takes/.runs`; the system lets go of that when its
process ends, however it ends, on whichever computer that shares the disk.

Process ids say nothing across containers and computers, and are used again; locks tell the truth.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import weakref
from pathlib import Path

from narrator.errors import OutputError
from narrator.files import make_folders, refusing

FOLDER = ".runs"
"""In the folder of the takes."""
OPENING = "opening"
"""In `FOLDER`: the lock that one run holds while it opens the ledger, and so becomes one."""

_RUN = re.compile(r"[0-9a-f]{16}")


class Run:
    """This process's place among the runs of a project."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: `takes/.runs`.

        Raises:
            OutputError: nothing can be written there, or it cannot be locked.
        """
        self.id = secrets.token_hex(8)
        self.folder = folder
        self._path = folder / self.id
        with refusing(self._path):
            refuse_link(folder)
            make_folders(folder)
            self._fd: int | None = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666
            )
            try:
                # Not refused for long: who looks whether it is alive holds a shared lock for a moment.
                fcntl.flock(self._fd, fcntl.LOCK_EX)
                os.write(self._fd, f"{os.getpid()}\n".encode())
            except BaseException:
                self.leave()
                raise
        _here.add(self)

    def leave(self) -> None:
        """Not be alive any more; harmless twice."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        # Said aloud, because a child that was forked may hold a copy of the descriptor.
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)

    def assert_known(self) -> None:
        """
        Raises:
            OutputError: it has ended, or its file was removed, so that other runs take it for dead.
        """
        if self._fd is None:
            raise OutputError("this run has ended; nothing more is sent")
        with contextlib.suppress(OSError):
            if os.path.samestat(os.lstat(self._path), os.fstat(self._fd)):
                return
        raise OutputError(
            f"{self._path} was removed while narrator runs, so that others take this run for dead; nothing"
            " more is sent: end every narrator of this project, and run again"
        )

    def _forked(self) -> None:
        """In a child: it is not the run, and must not keep it alive after its parent's end."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


_here: weakref.WeakSet[Run] = weakref.WeakSet()


def _in_child() -> None:
    for run in list(_here):
        run._forked()


os.register_at_fork(after_in_child=_in_child)


def is_alive(folder: Path, run: str) -> bool:
    """Whether a run holds its lock. What cannot be looked at counts as alive: nothing is bought twice for it.

    Asked by two at once, both get the true answer, for the lock they try is a shared one.
    """
    if not _RUN.fullmatch(run):
        return False
    try:
        fd = os.open(folder / run, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as exc:
        return exc.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def others(folder: Path, *, but: str = "") -> dict[str, int]:
    """The runs that are alive, as their files tell, with their process ids (0 where that is not known)."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError:
        return {}
    return {name: _pid(folder / name) for name in names if name != but and is_alive(folder, name)}


def sweep(folder: Path, *, but: str) -> None:
    """Remove the files of runs that ended without doing so. Only while no run can begin."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - names, not paths
            if name != but and _RUN.fullmatch(name) and not is_alive(folder, name):
                with contextlib.suppress(OSError):
                    (folder / name).unlink()


def refuse_link(folder: Path) -> None:
    """
    Raises:
        OSError: *folder* is a symbolic link, and may lead out of the project.
    """
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISLNK(folder.lstat().st_mode):
            raise OSError(errno.ELOOP, "it is behind a symbolic link")


def _pid(path: Path) -> int:
    try:
        with path.open("rb") as file:
            text = file.read(16).strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0
