"""Runs of narrator in processes of their own that begin at once, forked from one that has imported it all.

    run = runs.begin("book", project, "--json", environment={"HUME_BASE_URL": url})
    run.send(signal.SIGKILL)
    assert run.wait().code == -signal.SIGKILL

What is imported takes most of the time of a short run, so a test that needs many of them takes a fifth of
it; and a run that is killed early is killed while it does something.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.commands import Told, hears_ctrl_c

PATIENCE_S = 60.0
_LOOK_S = 0.003
_IMPORTED = (
    "jinja2.sandbox",
    "langcodes.language_distance",
    "lameenc",
    "mutagen.id3",
    "narrator.cli",
    "narrator.mastering",
    "narrator.providers.espeak",
    "narrator.providers.hume.service",
    "narrator.rendering",
    "soundfile",
    "soxr",
)


class Run:
    """One process."""

    def __init__(self, runs: Runs, pid: int, files: tuple[Path, Path]) -> None:
        self.pid = pid
        self._runs, self._files = runs, files
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """How it ended, minus the signal that ended it; None while it goes on."""
        if self._code is None:
            self._code = self._runs.ask(ended=self.pid)
        return self._code

    @property
    def told(self) -> Told:
        """What it has said so far."""
        out, err = (file.read_text(errors="replace") for file in self._files)
        return Told(self._code if self._code is not None else -1000, out, err)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; whether the process was there to get it."""
        if self.code is not None:
            return False
        os.kill(self.pid, number)  # nobody else has its number until it was asked how it ended
        return True

    def wait(self, within_s: float = PATIENCE_S) -> Told:
        """Until it has ended."""
        deadline = time.monotonic() + within_s
        while self.code is None:
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                raise AssertionError(f"it did not end within {within_s:g} s: {self.told}")
            time.sleep(_LOOK_S)
        return self.told


class Runs:
    """Where they come from. Use as a context manager: leaving it kills those that go on."""

    def __init__(self, *, preload: Path | None = None) -> None:
        """
        Args:
            preload: a shared library that every run has before its own (`LD_PRELOAD`).
        """
        self._folder = TemporaryDirectory()
        self._begun: list[Run] = []
        self._asking = threading.Lock()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUME_")}
        environment["OPENBLAS_NUM_THREADS"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment | ({"LD_PRELOAD": str(preload)} if preload else {}),
            text=True,
            preexec_fn=hears_ctrl_c,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._process.communicate(timeout=PATIENCE_S)
        self._folder.cleanup()

    def begin(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Run:
        """Begin a run of `narrator`, with these variables added to the environment."""
        base = Path(self._folder.name, str(len(self._begun)))
        files = base.with_suffix(".out"), base.with_suffix(".err")
        for file in files:
            file.touch()
        pid = self.ask(
            begin=list(map(str, arguments)), files=list(map(str, files)), environment=dict(environment or {})
        )
        run = Run(self, pid, files)
        self._begun.append(run)
        return run

    def end(self) -> None:
        """Kill those that go on."""
        for run in self._begun:
            if run.send(signal.SIGKILL):
                run.wait()

    def ask(self, **order: object) -> Any:
        """For `Run`."""
        with self._asking:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class _Order(NamedTuple):
    """What a new process is to be."""

    arguments: Sequence[str]
    files: Sequence[str]
    environment: Mapping[str, str]


def _take_orders() -> _Order | None:
    """Serve the orders on the standard input; gives one in each process that is forked for it."""
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            done, status = os.waitpid(order["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if done else None
        elif answer := os.fork():
            pass
        else:
            return _Order(order["begin"], order["files"], order["environment"])
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer
    return None


def _become(order: _Order) -> None:
    os.setsid()
    for place, (name, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), *((file, os.O_WRONLY) for file in order.files)]
    ):
        fd = os.open(name, flags)
        os.dup2(fd, place)
        os.close(fd)
    os.environ.update(order.environment)


def _main() -> int:
    for name in _IMPORTED:
        __import__(name)
    from narrator.cli import main

    gc.freeze()  # or looking for garbage copies all of it into each process
    if (order := _take_orders()) is None:
        return 0
    _become(order)
    code = main(order.arguments)
    # As Python ends, but for taking apart what was imported, which takes as long as a short run.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(_main())
