"""Files are whole or not there; litter goes; one narrator at a time."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrator.errors import OutputError
from narrator.files import locked, replacing, sweep, write_bytes, write_if_changed, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere, so let go of that for a moment."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def small_files(limit: int) -> Iterator[None]:
    """No file may grow past *limit* bytes, which is met as a full disk is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def start(code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python process, which says `ready` once it is."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def never(pid: int) -> None:
    pytest.fail(f"waited for {pid}")


def end(process: subprocess.Popen[str], sign: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(sign)
    process.communicate()


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.mp3"]


def test_a_writer_may_go_back(tmp_path: Path) -> None:
    """An MP3's first frame is known only when the last one is."""
    with replacing(tmp_path / "a") as file:
        file.write(b"....end")
        file.seek(0)
        file.write(b"head")
        file.seek(0)
        assert file.read() == b"headend"
    assert (tmp_path / "a").read_bytes() == b"headend"


@pytest.mark.parametrize(
    "error", [RuntimeError("no"), KeyboardInterrupt(), OSError(errno.ECONNRESET, "gone")]
)
def test_a_failure_leaves_the_last_good_version_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    """And it comes through as it is, when it has nothing to do with the disk."""
    path = tmp_path / "a"
    path.write_bytes(b"good")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert path.read_bytes() == b"good"
    assert names(tmp_path) == ["a"]


def test_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "build" / "chapters" / "a.cue", 'TITLE "Ä"\r\n', durable=True)
    assert (tmp_path / "build" / "chapters" / "a.cue").read_bytes() == 'TITLE "Ä"\r\n'.encode()


def test_an_unfinished_file_can_lie_elsewhere(tmp_path: Path) -> None:
    with replacing(tmp_path / "deep" / "er" / "a", beside=tmp_path) as file:
        file.write(b"x")
        assert names(tmp_path / "deep" / "er") == []
        assert len(names(tmp_path)) == 2
    assert names(tmp_path / "deep" / "er") == ["a"]
    assert names(tmp_path) == ["deep"]


def test_files_are_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "a").symlink_to(outside)
    write_bytes(tmp_path / "a", b"new")
    assert outside.read_bytes() == b"mine"
    assert not (tmp_path / "a").is_symlink()


def test_threads_do_not_meet(tmp_path: Path) -> None:
    """Of many that write one file at once, one wins whole."""
    path = tmp_path / "a"
    gate = threading.Barrier(8)

    def write(content: bytes) -> None:
        gate.wait()
        write_bytes(path, content)

    contents = [bytes([i]) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["a"]


def test_a_full_disk_is_said_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"good")
    with (
        small_files(1 << 16),
        pytest.raises(OutputError, match=r"a\.mp3: File too large; .*raise the limit") as caught,
    ):
        write_bytes(path, bytes(1 << 20))
    assert caught.value.exit_code == 6
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own
    assert path.read_bytes() == b"good"
    assert names(tmp_path) == ["a.mp3"]


def test_a_disk_that_fills_up_in_the_last_bytes_is_noticed(tmp_path: Path) -> None:
    """What is still in the buffer when the block ends counts too."""
    with (
        small_files(4),
        pytest.raises(OutputError, match="File too large"),
        replacing(tmp_path / "a") as file,
    ):
        file.write(b"12345")
    assert names(tmp_path) == []


def test_a_read_only_folder_is_said_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "build").mkdir(mode=0o555)
    monkeypatch.chdir(tmp_path / "build")
    with unprivileged(), pytest.raises(OutputError, match=r"cannot write a\.mp3: Permission denied; .*chmod"):
        write_bytes(Path("a.mp3"), b"x")


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "build").write_bytes(b"")
    with pytest.raises(OutputError, match="a file is in the way of a folder; rename it"):
        write_bytes(tmp_path / "build" / "a", b"x")


def test_a_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="a folder is in the way; rename it"):
        write_bytes(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]


def test_what_has_not_changed_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert write_if_changed(path, b"one")
    os.utime(path, ns=(1, 1))
    assert not write_if_changed(path, b"one")
    assert path.stat().st_mtime_ns == 1
    assert write_if_changed(path, b"two")
    assert path.read_bytes() == b"two"


WRITER = """
    import sys, pathlib, signal
    from narrator.files import replacing
    with replacing(pathlib.Path(sys.argv[1])) as file:
        file.write(b"half")
        file.flush()
        print("ready", flush=True)
        signal.pause()
"""


def test_litter_of_a_killed_process_is_swept_and_work_in_progress_is_not(tmp_path: Path) -> None:
    project = tmp_path / "build"
    killed = start(WRITER, project / "chapters" / "a.mp3")
    end(killed)
    alive = start(WRITER, project / "chapters" / "b.mp3")
    killed_above = start(WRITER, project / "book.m4b")
    end(killed_above)
    try:
        with replacing(project / "c.mp3"):
            assert len(names(project / "chapters")) == 2
            assert sweep(project) == 2
            assert len(names(project / "chapters")) == 1
            assert len(names(project)) == 2
        assert names(project) == ["c.mp3", "chapters"]
    finally:
        end(alive)
    assert sweep(project) == 1
    assert names(project / "chapters") == []


def test_a_store_is_swept_without_looking_into_its_folders(tmp_path: Path) -> None:
    """There are hundreds of them, and what is unfinished lies beside them."""
    (tmp_path / "ab").mkdir()
    for folder in (tmp_path, tmp_path / "ab"):
        (folder / ".narrator-0123.part").write_bytes(b"")
    assert sweep(tmp_path, within=False) == 1
    assert names(tmp_path) == ["ab"]
    assert sweep(tmp_path) == 1


def test_sweeping_takes_nothing_else(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    kept = ["a.part", ".narrator-notes.txt", ".hidden"]
    for name in [*kept, ".narrator-0123.part"]:
        (outside / name).write_bytes(b"")
    swept = tmp_path / "build"
    swept.mkdir()
    (swept / "link").symlink_to(outside)
    (swept / ".narrator-0123.part").symlink_to(outside / "a.part")
    assert sweep(swept) == 0
    assert sweep(outside) == 1
    assert names(outside) == sorted(kept)
    assert sweep(tmp_path / "nowhere") == 0


HOLDER = """
    import sys, pathlib, signal
    from narrator.files import locked
    with locked(pathlib.Path(sys.argv[1]), print):
        print("ready", flush=True)
        signal.pause()
"""


def test_a_second_narrator_waits_for_the_first(tmp_path: Path) -> None:
    """It is told once for whom, and goes on when the first is gone, even by `kill -9`."""
    lock = tmp_path / "takes" / ".lock"
    holder = start(HOLDER, lock)
    waited_for: list[int] = []

    def on_wait(pid: int) -> None:
        waited_for.append(pid)
        end(holder)

    with locked(lock, on_wait):
        assert lock.read_text() == f"{os.getpid()}\n"
    assert waited_for == [holder.pid]
    assert lock.read_text() == ""


def test_nobody_waits_for_nobody(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "lock", never):
            pass


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", never):
        raise ZeroDivisionError
    with locked(tmp_path / "lock", never):
        pass


def test_threads_wait_for_each_other_too(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    inside: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with locked(lock, lambda _: waiting.set()):
            inside.append("second")

    thread = threading.Thread(target=second)
    with locked(lock, never):
        thread.start()
        assert waiting.wait(10)
        inside.append("first")
    thread.join()
    assert inside == ["first", "second"]


def test_removing_the_lock_file_lets_nobody_in_beside_the_one_who_waits(tmp_path: Path) -> None:
    """`build/` may be deleted at any time: who waited for a deleted file starts again with the new one."""
    lock = tmp_path / "lock"
    holder = start(HOLDER, lock)

    def on_wait(pid: int) -> None:
        lock.unlink()
        end(holder)

    with locked(lock, on_wait):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_a_lock_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "takes").write_bytes(b"")
    with (
        pytest.raises(OutputError, match="a file is in the way of a folder"),
        locked(tmp_path / "takes" / "lock", never),
    ):
        pass
