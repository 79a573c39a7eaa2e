"""Takes on disk under their key: a FLAC file and a sidecar for each, never changed, never deleted.

    takes/<key[:2]>/<key>/<take id>.flac     the audio as received
    takes/<key[:2]>/<key>/<take id>.json     the sidecar: a Take as JSON, sealed (`sidecar`)
    takes/<key[:2]>/<key>/<key>.pickup       empty: takes under this other key were asked for in place of
                                             one under the folder's, with another direction

The sidecar is written last, so a FLAC file without one is not a take yet. A damaged entry is a
notice and counts as missing; putting the same take again repairs it. No symbolic link below the
store is followed: a project may come from anywhere, and its takes with it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np

from narrator import sidecar
from narrator.audio import flac, measuring
from narrator.errors import DamagedTake, OutputError
from narrator.files import refusing, write_bytes
from narrator.manuscript import Notice
from narrator.takes import Alignment, Generation, Pcm, Request, Take, WordSource, WordTime

_TWO = re.compile(r"[0-9a-f]{2}")
_KEY = re.compile(r"[0-9a-f]{64}")
_ID_LENGTH = 16
_TAKE_ID = re.compile(rf"[0-9a-f]{{{_ID_LENGTH}}}")
_NO_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO})
"""What opening says of a symbolic link (the second on FreeBSD) and of a socket."""
ROOM_BYTES = 1 << 20
"""More than the files of a usual take: a line of ten seconds at 48 kHz takes half of it."""


class TakeStore:
    """The takes of a project. Safe to use from several threads and by several processes."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: where the takes are, or will be; made at the first `put`.
        """
        self.folder = folder
        self._root = str(folder)
        self._plain: set[str] = set()
        self._notices: dict[str, Notice] = {}

    @property
    def notices(self) -> list[Notice]:
        """The damaged entries met so far, each once."""
        return list(self._notices.values())

    def path(self, key: str, take_id: str) -> Path:
        """The FLAC file of a take, whether it is there or not."""
        return Path(self._stem(key, take_id) + ".flac")

    def takes(self, key: str) -> tuple[Take, ...]:
        """Every good take under *key*, the one recorded first at the front.

        Good as far as the sidecar and the size of the audio tell; `pcm` looks into the audio itself.

        Raises:
            OutputError: something is there and cannot be read; to call that missing would cost money.
        """
        found = []
        for stem in self._stems(key):
            try:
                found.append(_load(stem, key))
            except DamagedTake as damage:
                self._notice(stem + ".json", damage.reason)
        if len(found) > 1:
            found.sort(key=lambda take: (take.recorded_at, take.nth, take.answer, take.id))
        return tuple(found)

    def every(self) -> Iterator[Take]:
        """Every take that has a good sidecar, in no order, whatever has become of its audio.

        Raises:
            OutputError: something is there and cannot be read.
        """
        for folder in _folders(self.folder, _TWO):
            for key in _folders(self.folder / folder, _KEY):
                for stem in self._stems(key):
                    try:
                        yield _read(stem, key)
                    except DamagedTake as damage:
                        self._notice(stem + ".json", damage.reason)

    def assert_writable(self, key: str) -> None:
        """Make sure, before a take of *key* is paid for, that there is a place for it. Leaves nothing behind.

        Raises:
            OutputError: it could not be written.
        """
        if link := self._link(key):
            raise OutputError(f"cannot write below {link}: it is a symbolic link; remove it and run again")
        entry = Path(self._entry(key))
        # The folders are not made here: `put` sees to it that the disk keeps those that it makes.
        there = next(folder for folder in (entry, *entry.parents) if folder.exists())
        with refusing(entry), tempfile.TemporaryFile(dir=there, buffering=0) as file:
            left = ROOM_BYTES
            while left:  # the end of a disk takes a part
                left -= file.write(bytes(left))

    def put(
        self,
        request: Request,
        generation: Generation,
        *,
        took_ms: int,
        recorded_at: str,
        after: str | None = None,
        answer: int = 0,
        nth: int = 1,
        durable: bool = True,
    ) -> Take:
        """Keep what a provider answered. The same answer under the same key is one take, the first.

        Two answers of a service are two takes even if they sound the same, since each may serve a line.

        Args:
            took_ms: how long the provider took.
            recorded_at: UTC, ISO 8601, whole seconds.
            after: id of the take that came before it in its context chain.
            answer: its place among the answers to one request.
            nth: of the places in the book that ask for the same, the one it is recorded for, from 1.
            durable: survive a power cut; not needed for what costs nothing to record again.

        Raises:
            OutputError: it cannot be written.
            ValueError: it is not mono 16-bit audio with a time for each word, or for none.
        """
        pcm, rate = np.ascontiguousarray(generation.pcm), generation.rate
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise ValueError(f"a take is mono 16-bit samples, not {pcm.dtype} of shape {pcm.shape}")
        if len(generation.words) not in (0, len(request.spoken.words)):
            raise ValueError(f"{len(generation.words)} word times for {len(request.spoken.words)} words")
        take_id = identify(generation)
        if link := self._link(request.key):
            raise OutputError(f"cannot write below {link}: it is a symbolic link; remove it and run again")
        if kept := self._kept(request.key, take_id):
            return kept
        audio = flac.encode(pcm, rate)
        take = Take(
            id=take_id,
            key=request.key,
            flac_bytes=len(audio),
            flac_sha256=hashlib.sha256(audio).hexdigest(),
            rate=rate,
            samples=len(pcm),
            request=request,
            words=generation.words,
            word_source=generation.word_source,
            phonemes=generation.phonemes,
            ids=generation.ids,
            transcript=generation.transcript,
            characters=generation.characters,
            cost=generation.cost,
            currency=generation.currency,
            level=measuring.measure(pcm, rate),
            after=after,
            answer=answer,
            nth=nth,
            context=generation.context,
            recorded_at=recorded_at,
            took_ms=took_ms,
        )
        text, take = sidecar.write(take)
        for suffix, content in ((".flac", audio), (".json", text)):
            path = self.path(take.key, take.id).with_suffix(suffix)
            # In one folder for the whole store, where litter is found without looking into every key.
            write_bytes(path, content, durable=durable, beside=self.folder)
        return take

    def amend(
        self, take: Take, *, words: tuple[WordTime, ...], word_source: WordSource, alignment: Alignment
    ) -> Take:
        """The take with what was found out about it since; its audio and its id stay.

        Raises:
            OutputError: it cannot be written.
            ValueError: there is not a time for each word, or for none.
        """
        if len(words) not in (0, len(take.request.spoken.words)):
            raise ValueError(f"{len(words)} word times for {len(take.request.spoken.words)} words")
        if link := self._link(take.key):
            raise OutputError(f"cannot write below {link}: it is a symbolic link; remove it and run again")
        known = {field.name: getattr(take, field.name) for field in fields(Take)}
        found = {"words": words, "word_source": word_source, "alignment": alignment}
        text, amended = sidecar.write(Take(**known | found))
        path = self.path(take.key, take.id).with_suffix(".json")
        write_bytes(path, text, durable=True, beside=self.folder)  # it replaces one that is paid for
        return amended

    def relate(self, key: str, other: str) -> None:
        """Remember that takes under *other* are asked for in place of one under *key*.

        Raises:
            OutputError: it cannot be written.
        """
        if link := self._link(key):
            raise OutputError(f"cannot write below {link}: it is a symbolic link; remove it and run again")
        path = Path(f"{self._entry(key)}/{other}.pickup")
        if not path.exists():
            write_bytes(path, b"", durable=True, beside=self.folder)

    def related(self, key: str) -> tuple[str, ...]:
        """The keys under which takes were asked for in place of one under *key*, sorted."""
        names = self._names(key, ".pickup")
        return tuple(sorted(name for name in names if _KEY.fullmatch(name)))

    def pcm(self, key: str, take_id: str, *, known: Take | None = None) -> Pcm:
        """The samples of a take at its own rate, checked against its sidecar.

        Args:
            known: what its sidecar holds, where that was read before; it is not read again.

        Raises:
            DamagedTake: it is missing, or it is not what was written.
            OutputError: it is there and cannot be read.
        """
        if self._link(key):
            raise DamagedTake(take_id, "it is behind a symbolic link")
        stem = self._stem(key, take_id)
        try:
            return _decode(known or _load(stem, key), stem + ".flac")
        except DamagedTake as damage:
            self._notice(stem + ".flac", damage.reason)
            raise

    def set_aside(self, key: str, take_id: str) -> None:
        """Let a damaged take count as missing in every later run, until it is put again.

        Its audio stays beside it as `.flac.damaged`.

        Raises:
            OutputError: it cannot be renamed.
        """
        path = self.path(key, take_id)
        if self._link(key):
            return
        try:
            path.rename(path.with_suffix(".flac.damaged"))
        except FileNotFoundError:
            return
        except OSError as exc:
            raise OutputError(f"cannot set {path} aside: {exc.strerror}; remove it and run again") from exc

    def _stem(self, key: str, take_id: str) -> str:
        """A take's path without its suffix. Plain strings here: a large book asks thousands of times."""
        if not _TAKE_ID.fullmatch(take_id):
            raise ValueError(f"not a take id: {take_id!r}")
        return f"{self._entry(key)}/{take_id}"

    def _entry(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a take key: {key!r}")
        return f"{self._root}/{key[:2]}/{key}"

    def _link(self, key: str) -> str | None:
        """The folder on the way to a key's takes that is a symbolic link, if one is."""
        entry = self._entry(key)
        for folder in (entry[: -len(key) - 1], entry):
            if os.path.islink(folder):  # noqa: PTH114 - a large book asks ten thousand times; pathlib doubles it
                return folder
        return None

    def _stems(self, key: str) -> list[str]:
        """As `_stem`, of every take under *key* that has a sidecar."""
        names = self._names(key, ".json")
        return [f"{self._entry(key)}/{name}" for name in names if _TAKE_ID.fullmatch(name)]

    def _names(self, key: str, suffix: str) -> list[str]:
        """The files under *key* with that suffix, without it."""
        entry = self._entry(key)
        try:
            names = os.listdir(entry)  # noqa: PTH208 - names, not paths, as above
        except FileNotFoundError:
            return []
        except OSError as exc:
            if self._leads_away(key):
                return []
            raise _unreadable(entry, exc) from exc
        # Looked at only now, since most keys of a new book have no folder.
        return [] if self._leads_away(key) else [n[: -len(suffix)] for n in names if n.endswith(suffix)]

    def _leads_away(self, key: str) -> bool:
        """Whether a symbolic link is on the way to a key's takes, which is a notice."""
        if key[:2] in self._plain:
            entry = self._entry(key)
            link = entry if os.path.islink(entry) else None  # noqa: PTH114
        else:
            link = self._link(key)
        if link:
            self._notice(link, "a symbolic link; the takes behind it are not used")
        else:
            self._plain.add(key[:2])
        return link is not None

    def _kept(self, key: str, take_id: str) -> Take | None:
        """The take if it is in the store already, down to the last byte."""
        with contextlib.suppress(DamagedTake):
            stem = self._stem(key, take_id)
            take = _load(stem, key)
            with _opened(stem + ".flac", take_id) as fd:
                if _sha256(fd) == take.flac_sha256:
                    return take
        return None

    def _notice(self, path: str, reason: str) -> None:
        file = f"{self.folder.name}/{os.path.relpath(path, self.folder)}"
        self._notices.setdefault(file, Notice(message=f"damaged, counts as missing: {reason}", file=file))


def _load(stem: str, key: str) -> Take:
    """A take whose sidecar, and the size of whose audio, are right; the caller has looked for a `_link`.

    Raises:
        DamagedTake: they are not.
    """
    take = _read(stem, key)
    if problem := _audio_problem(take, stem + ".flac"):
        raise DamagedTake(take.id, problem)
    return take


def _read(stem: str, key: str) -> Take:
    """A take as its sidecar has it.

    Raises:
        DamagedTake: that is not right.
    """
    path, take_id = stem + ".json", stem[-_ID_LENGTH:]
    fd, size = _open(path, take_id)
    try:
        content = os.read(fd, size)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    finally:
        os.close(fd)
    return sidecar.read(content, key=key, take_id=take_id)


@contextmanager
def _opened(path: str, take_id: str) -> Iterator[int]:
    """Descriptor of a regular file that is not a symbolic link.

    Raises:
        DamagedTake: there is no such file.
        OutputError: there is, and it cannot be read.
    """
    fd, _ = _open(path, take_id)
    try:
        yield fd
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    finally:
        os.close(fd)


def _open(path: str, take_id: str) -> tuple[int, int]:
    """As `_opened`, with the file's size, and for the caller to close."""
    try:
        # Without waiting for whoever might write into a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise DamagedTake(take_id, f"{Path(path).name} is missing") from exc
    except OSError as exc:
        if exc.errno in _NO_FILE:
            raise _irregular(path, take_id) from exc
        raise _unreadable(path, exc) from exc
    there = os.fstat(fd)
    if not stat.S_ISREG(there.st_mode):
        os.close(fd)
        raise _irregular(path, take_id)
    return fd, there.st_size


def _irregular(path: str, take_id: str) -> DamagedTake:
    return DamagedTake(take_id, f"{Path(path).name} is not a regular file")


def _folders(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    """The names of the folders in *folder* that are like *pattern*, and no symbolic links."""
    try:
        with os.scandir(folder) as entries:
            return [e.name for e in entries if pattern.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise _unreadable(str(folder), exc) from exc


def _unreadable(path: str, exc: OSError) -> OutputError:
    if exc.errno == errno.ENOTDIR:
        return OutputError(f"cannot read {path}: {exc.strerror}; remove the file in the way and run again")
    return OutputError(
        f"cannot read {path}: {exc.strerror or exc}; make it readable and run again"
        " (what may be there is not recorded a second time)"
    )


def _audio_problem(take: Take, path: str) -> str:
    """What is wrong with the audio file as far as its size tells."""
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return "its audio is missing"
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    if not stat.S_ISREG(there.st_mode):
        return "its audio is not a regular file"
    if there.st_size != take.flac_bytes:
        return f"its audio has {there.st_size} bytes instead of {take.flac_bytes}"
    return ""


def _decode(take: Take, path: str) -> Pcm:
    with _opened(path, take.id) as fd:
        if _sha256(fd) != take.flac_sha256:
            raise DamagedTake(take.id, "its audio is not what was written")
        try:
            pcm, rate = flac.decode(fd)
        except ValueError as exc:
            raise DamagedTake(take.id, f"its audio does not decode: {exc}") from exc
    if (len(pcm), rate) != (take.samples, take.rate):
        raise DamagedTake(
            take.id, f"its audio has {len(pcm)} samples at {rate} Hz, its sidecar says otherwise"
        )
    return pcm


def _sha256(fd: int) -> str:
    digest, done = hashlib.sha256(), 0
    while content := os.pread(fd, 1 << 20, done):
        digest.update(content)
        done += len(content)
    return digest.hexdigest()


def identify(generation: Generation) -> str:
    """A take's id: the rate as four bytes and the samples, little-endian, and the provider's ids, hashed."""
    digest = hashlib.sha256(generation.rate.to_bytes(4, "little"))
    digest.update(np.ascontiguousarray(generation.pcm).astype("<i2", copy=False).data)
    for name, value in generation.ids:
        digest.update(f"\0{name}\0{value}".encode())
    return digest.hexdigest()[:16]
