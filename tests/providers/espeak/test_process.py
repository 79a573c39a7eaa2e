"""The engine's processes: when they start, how they die, and that nothing of them is left."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from narrator.errors import ProviderError
from narrator.providers.espeak import Espeak
from narrator.providers.espeak.process import Answer, Engines, Order
from narrator.providers.espeak.voices import find_engine

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

SENTENCE = b"The old lighthouse keeper walked slowly along the shore."
LONG = b"A sentence that takes a while. " * 250
"""Some three minutes of speech."""


def order(text: bytes = SENTENCE, voice: bytes = b"gmw/en-US") -> Order:
    return Order(voice, 160, 50, 50, 50, 0, text, phonemes_allowed=False)


@pytest.fixture
def engines() -> Iterator[Engines]:
    engines = Engines(find_engine().folder, limit=2)
    yield engines
    engines.close()


def status(pid: int) -> list[str]:
    """State, parent, ... of a process, as in proc(5); empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> list[int]:
    """Every living or unburied process below *pid*, the nearest first."""
    parents = {
        int(path.name): int(facts[1])
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and (facts := status(int(path.name)))
    }
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]


def ended(pids: list[int]) -> bool:
    """Whether these processes end, within 10 seconds."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], 10)[0]:
                return False
        finally:
            os.close(descriptor)
    return True


def mine() -> list[int]:
    """The engine's processes below this one."""
    return [pid for pid in descendants(os.getpid()) if b"espeak/engine" in command(pid)]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def at_rest() -> tuple[int, int]:
    """The one engine there is, and the fork that waits for the next order."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        found = mine()
        if len(found) == 2 and [status(pid)[:1] for pid in found] == [["S"], ["S"]]:
            return found[0], found[1]
    raise AssertionError("the engine does not come to rest")


def same(one: Answer, other: Answer) -> bool:
    return (one.pcm, one.events) == (other.pcm, other.events)


def test_nothing_starts_before_something_is_to_be_said() -> None:
    with closing(Espeak()) as provider:
        provider.voices()
        provider.choose("es+f3", {})
        assert provider.understood("whispering")
        assert mine() == []


def test_the_engine_is_never_in_this_process(engines: Engines) -> None:
    """Its licence is not ours, and it crashes with threads."""
    engines.ask(order())
    assert "espeak" not in Path("/proc/self/maps").read_text()


def test_closing_leaves_nothing(engines: Engines) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(engines.ask, [order()] * 8))
    assert 2 <= len(mine()) <= 4  # two engines, each with the fork that waits for the next order
    engines.close()
    engines.close()
    assert mine() == []


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda s: s.name)
@pytest.mark.parametrize("which", ["engine", "fork", "both"])
def test_a_killed_engine_is_replaced(engines: Engines, which: str, signal_: signal.Signals) -> None:
    first = engines.ask(order())
    engine, fork = at_rest()
    for pid in {"engine": [engine], "fork": [fork], "both": [engine, fork]}[which]:
        os.kill(pid, signal_)
    assert same(engines.ask(order()), first)
    assert same(engines.ask(order()), first)


def test_a_fork_killed_at_its_work_is_asked_again(engines: Engines) -> None:
    """Killed while it speaks: the answer comes all the same, and is the same."""
    long = order(LONG)
    whole = engines.ask(long)
    engine, _ = at_rest()
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(engines.ask, long)
        killed = False
        while not killed and not answer.done():
            for fork in descendants(engine):
                if status(fork)[:1] == ["R"]:
                    os.kill(fork, signal.SIGKILL)
                    killed = True
        assert killed
        assert same(answer.result(), whole)


def test_an_engine_that_dies_twice_is_an_error_that_says_how(engines: Engines) -> None:
    engines.ask(order())
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(engines.ask, order(LONG))
        while not answer.done():
            for fork in mine():
                if status(fork)[:1] == ["R"] and int(status(fork)[1]) != os.getpid():
                    os.kill(fork, signal.SIGSEGV)
    with pytest.raises(ProviderError, match=r"died twice \(SIGSEGV\) at 'A sentence that"):
        answer.result()


def test_ctrl_c_is_not_for_the_engine(engines: Engines) -> None:
    """It is in a process group of its own, and ignores the signal as well."""
    first = engines.ask(order())
    before = at_rest()
    assert all(os.getpgid(pid) != os.getpgid(0) for pid in before)
    for pid in before:
        os.kill(pid, signal.SIGINT)
    assert same(engines.ask(order()), first)
    assert before[0] in mine()


def test_closing_gives_up_what_is_being_said(engines: Engines) -> None:
    """The thread that waits gets an error, and nothing is left behind."""
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(engines.ask, order(b"A sentence that takes a while. " * 2000))
        while not any(status(fork)[:1] == ["R"] for pid in mine() for fork in descendants(pid)):
            pass
        engines.close()
        with pytest.raises(ProviderError, match="closed"):
            answer.result()
    assert mine() == []


def test_engines_end_with_a_killed_parent() -> None:
    """However narrator ends, its engines end by themselves."""
    script = (
        "from narrator.providers.espeak.process import Engines, Order\n"
        "from narrator.providers.espeak.voices import find_engine\n"
        "engines = Engines(find_engine().folder, limit=1)\n"
        "engines.ask(Order(b'gmw/en', 160, 50, 50, 50, 0, b'One.', False))\n"
        "print('ready', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        below = descendants(parent.pid)
        assert below
        parent.kill()
    assert ended(below)


def test_the_engine_works_from_a_very_deep_folder(tmp_path: Path) -> None:
    """espeak-ng cuts the path of its data at 160 bytes."""
    deep = tmp_path.joinpath(*["a-rather-long-name-for-a-folder"] * 8, "espeakng_loader")
    shutil.copytree(find_engine().folder, deep, copy_function=os.symlink)
    with closing(Engines(deep, limit=1)) as there, closing(Engines(find_engine().folder, limit=1)) as here:
        assert same(there.ask(order()), here.ask(order()))


Damage = Callable[[Path], None]


def without_data(folder: Path) -> None:
    shutil.rmtree(folder / "espeak-ng-data")


def without_library(folder: Path) -> None:
    for library in folder.glob("libespeak-ng*"):
        library.unlink()


@pytest.mark.parametrize(
    ("damage", "says"), [(without_data, "data in .* cannot be used"), (without_library, "does not load")]
)
def test_a_damaged_installation_is_an_error(
    tmp_path: Path, damage: Callable[[Path], None], says: str
) -> None:
    folder = tmp_path / "espeakng_loader"
    shutil.copytree(find_engine().folder, folder, copy_function=os.symlink)
    damage(folder)
    with closing(Engines(folder, limit=1)) as engines, pytest.raises(ProviderError, match=says):
        engines.ask(order())


def test_what_the_engine_refuses_is_an_error_and_the_engine_lives(engines: Engines) -> None:
    with pytest.raises(ProviderError, match=r"no voice 'gmw/nowhere'"):
        engines.ask(order(voice=b"gmw/nowhere"))
    assert engines.ask(order()).pcm
    at_rest()


def test_no_more_engines_than_asked_for(engines: Engines) -> None:
    seen = 0
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(engines.ask, order(SENTENCE * 8)) for _ in range(8)]
        while not all(answer.done() for answer in answers):
            seen = max(seen, sum(status(pid)[1:2] == [str(os.getpid())] for pid in mine()))
    assert seen == 2
