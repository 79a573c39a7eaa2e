"""Files that are whole or not there: written beside, then moved; and one narrator a project.

A reader never sees half a file, and a failed write leaves the last good version alone. An
unfinished file is locked by the process that writes it; the system lets go of the lock when the
process ends, however it ends, so `sweep` can tell litter from work in progress in any container.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from narrator.errors import OutputError

_PREFIX, _SUFFIX = ".narrator-", ".part"

_REMEDIES = {
    errno.ENOSPC: "make room on the disk and run again",
    errno.EDQUOT: "the disk quota is used up; make room and run again",
    errno.EFBIG: "files may not grow this large here; raise the limit (`ulimit -f`) and run again",
    errno.EROFS: "the disk is read-only; choose another folder or make it writable",
    errno.EACCES: "allow writing there (`chmod u+w`) or choose another folder",
    errno.EPERM: "allow writing there (`chmod u+w`) or choose another folder",
    errno.ENOTDIR: "a file is in the way of a folder; rename it",
    errno.EEXIST: "a file is in the way of a folder; rename it",
    errno.EISDIR: "a folder is in the way; rename it",
    errno.ENAMETOOLONG: "shorten the name",
    errno.ELOOP: "a symbolic link is in the way; remove it",
    errno.ENOLCK: "this file system has no locks; keep the project on a local disk",
    errno.EIO: "the disk reports a fault; check it before trusting what is on it",
}
_WHILE_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""What can go wrong with the disk once a file is open; any other OSError came from somewhere else."""


@contextmanager
def replacing(path: Path, *, durable: bool = False, beside: Path | None = None) -> Iterator[BinaryIO]:
    """A new file, open for writing and seeking, that takes the place of *path* when the block ends well.

    Folders on the way are made. After any exception, Ctrl-C included, *path* is as it was.

    Args:
        path: what to replace; a symbolic link is replaced itself, not what it points at.
        durable: wait until the disk has it, so that it survives a power cut.
        beside: folder of the unfinished file, on the same file system; that of *path* by default.

    Raises:
        OutputError: it cannot be written; says which file, why, and what to do.
    """
    with refusing(path):
        if path.is_dir() and not path.is_symlink():
            # Now and not when it is to be moved: other files may have been moved with it by then.
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        changed = make_folders(path.parent)
        if beside is not None:
            make_folders(beside)
        unfinished, fd = _begin(beside or path.parent)
    try:
        with os.fdopen(fd, "w+b") as file:
            yield file
            with refusing(path):
                file.flush()
                if durable:
                    os.fsync(fd)
                unfinished.replace(path)
                if durable:
                    for folder in (path.parent, *changed):
                        sync_folder(folder)
    except BaseException as exc:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        if isinstance(exc, OSError) and exc.errno in _WHILE_WRITING:
            raise refusal(path, exc) from exc
        raise


def write_bytes(path: Path, data: bytes, *, durable: bool = False, beside: Path | None = None) -> None:
    """Replace *path* by a file that holds *data*.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path, durable=durable, beside=beside) as file, refusing(path):
        file.write(data)


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace *path* by a file that holds *text* in UTF-8, line ends as they are.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, text.encode(), durable=durable)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Replace *path* unless it holds *data* already; say whether it was written.

    Raises:
        OutputError: it cannot be written.
    """
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return False
    write_bytes(path, data)
    return True


def sweep(folder: Path, *, within: bool = True) -> int:
    """Remove the unfinished files whose writer is gone (`kill -9`) from *folder* and the folders right in it.

    Returns how many there were. What cannot be looked at or removed is left for another time.

    Args:
        within: look into those folders. A store has very many and writes in none of them (`beside`).
    """
    swept = sum(map(_remove_litter, _litter(folder)))
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries if within else ():
            if entry.is_dir(follow_symlinks=False):
                swept += sum(map(_remove_litter, _litter(entry.path)))
    return swept


@contextmanager
def locked(path: Path, on_wait: Callable[[int], None], *, shared: bool = False) -> Iterator[None]:
    """Hold the lock file *path*; wait while another process (or another thread) holds it.

    The system frees the lock when its holder ends, however it ends. The file stays; it holds the
    holder's process id while the lock is held.

    Args:
        path: the lock file.
        on_wait: called once, before waiting, with the holder's process id, 0 where it is not known; what
            it raises ends the waiting.
        shared: hold it together with others who hold it so; those who want it for themselves wait.

    Raises:
        OutputError: the file cannot be made, or cannot be locked on this file system.
    """
    with refusing(path):
        fd = _lock(path, on_wait, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    try:
        if not shared:
            _sign(fd, f"{os.getpid()}\n")
        yield
    finally:
        if not shared:
            _sign(fd, "")
        # Said aloud, because a forked helper may hold a copy of the descriptor.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn any OSError of the block into an OutputError about *path*."""
    try:
        yield
    except OSError as exc:
        raise refusal(path, exc) from exc


def refusal(path: Path, exc: OSError) -> OutputError:
    """What to say where *path* cannot be written: why, and what to do."""
    reason = exc.strerror or str(exc)
    remedy = _REMEDIES.get(exc.errno or 0, "make that possible and run again")
    return OutputError(f"cannot write {path}: {reason}; {remedy}")


def _begin(folder: Path) -> tuple[Path, int]:
    """A new, empty, locked file of its own name, readable by whoever the umask lets read."""
    while True:
        unfinished = folder / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        fd = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # a sweeper came between the two calls
            os.close(fd)
            continue
        except OSError:  # no locks on this file system: nothing can be swept there either
            return unfinished, fd
        if os.fstat(fd).st_nlink:
            return unfinished, fd
        os.close(fd)


def _litter(folder: str | Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        names = os.listdir(folder)  # noqa: PTH208 - of thousands of names, few become paths
        yield from (Path(folder, n) for n in names if n.startswith(_PREFIX) and n.endswith(_SUFFIX))


def _remove_litter(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def make_folders(folder: Path) -> list[Path]:
    """Make *folder* and those it is in; gives the folders that have a new entry by it."""
    if folder.is_dir():  # nearly always: a book has thousands of takes
        return []
    new = list(itertools.takewhile(lambda missing: not missing.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    return [made.parent for made in new]


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the entries of *folder*."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _lock(path: Path, on_wait: Callable[[int], None], kind: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    waited = False
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if not waited:
                    waited = True
                    on_wait(_holder(fd))
                fcntl.flock(fd, kind)
            if _names(path, fd):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # the file was removed meanwhile: what we hold locks nobody out


def _sign(fd: int, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk: whoever waits is not told for whom
        os.ftruncate(fd, 0)
        os.pwrite(fd, text.encode(), 0)


def _holder(fd: int) -> int:
    text = os.pread(fd, 32, 0).strip()
    return int(text) if text.isdigit() else 0


def _names(path: Path, fd: int) -> bool:
    """Whether *path* still leads to the file that is open as *fd*."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(there.st_mode) and os.path.samestat(there, os.fstat(fd))
