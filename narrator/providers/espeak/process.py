"""The engine's processes, seen from narrator: started when first needed, each with one order at a time.

They live in process groups of their own, so Ctrl-C on a terminal does not reach them, and they end when
their pipe closes, however narrator ends.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, NamedTuple, cast

from narrator.errors import ProviderError
from narrator.providers.espeak.voices import NAME

_ENGINE = Path(__file__).with_name("engine.py")
_PATIENCE_S = 2.0
"""For a process to end by itself."""


class Order(NamedTuple):
    """What the engine is asked to say: the fields that `engine` documents."""

    voice: bytes
    rate: int
    """Words a minute."""
    pitch: int
    range: int
    volume: int
    word_gap: int
    """In units of 10 ms at the normal rate."""
    text: bytes
    phonemes_allowed: bool
    ipa: bool = False
    """Whether phonemes are named in IPA, and pauses by nothing; otherwise by mnemonics."""


class Answer(NamedTuple):
    """What the engine said: the fields that `engine` documents."""

    refusal: str
    rate: int
    """Samples a second."""
    pcm: bytes
    """Mono 16-bit samples in native order."""
    events: list[tuple[str, int, int]]
    """(mnemonic, position in the order's text, sample), as they sound; the mnemonic is `""` at the start of
    a word, and begins with `_` for a pause."""


class EngineDied(Exception):
    """A process of the engine ended in the middle of its work; says how."""


class Engines:
    """Up to *limit* processes of the engine. Safe to use from several threads."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        """
        Args:
            folder: where the library and its data are.
        """
        self._folder = folder
        self._places = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._idle: list[_Engine] = []
        self._busy: set[_Engine] = set()
        self._closed = False

    def ask(self, order: Order) -> Answer:
        """
        Have one order spoken; if a process dies over it, once more by another.

        Raises:
            ProviderError: refused, or two processes died.
        """
        with self._places:
            try:
                answer = self._ask(order)
            except EngineDied:
                try:
                    answer = self._ask(order)
                except EngineDied as error:
                    words = order.text.decode()[:60]
                    raise ProviderError(
                        f"the engine died twice ({error}) at {words!r}", provider=NAME
                    ) from error
        if answer.refusal:
            raise ProviderError(answer.refusal, provider=NAME)
        return answer

    def close(self) -> None:
        """End every process; what is being spoken is given up. Harmless twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for engine in self._busy:
                engine.interrupt()  # the thread that waits for it does the rest
        for engine in idle:
            engine.dismiss()

    def _ask(self, order: Order) -> Answer:
        engine = self._take()
        try:
            answer = engine.ask(order)
        except (OSError, EOFError) as error:
            raise EngineDied(_ending(self._drop(engine, patience_s=_PATIENCE_S))) from error
        except BaseException:
            self._drop(engine, patience_s=0)  # an answer may be on its way, to nobody
            raise
        with self._lock:
            if not self._closed:
                self._busy.remove(engine)
                self._idle.append(engine)
                return answer
        self._drop(engine, patience_s=0)
        return answer

    def _take(self) -> _Engine:
        with self._lock:
            if self._closed:
                raise ProviderError("already closed", provider=NAME)
            engine = self._idle.pop() if self._idle else _Engine(self._folder)
            self._busy.add(engine)
            return engine

    def _drop(self, engine: _Engine, *, patience_s: float) -> int:
        with self._lock:
            self._busy.remove(engine)
        return engine.end(patience_s=patience_s)


class _Engine:
    """One process of the engine."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            ProviderError: no process can be started here.
        """
        try:
            # -I -S: none of the user's environment, no site-packages; it starts in some 30 ms.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_ENGINE), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            raise ProviderError(
                f"the engine's process cannot be started: {error.strerror or error};"
                " free some memory, processes or open files and run again",
                provider=NAME,
            ) from error
        self._orders = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        self._ending = threading.Lock()

    def ask(self, order: Order) -> Answer:
        """Have one order spoken.

        Raises:
            OSError, EOFError: the process ended before it had answered.
        """
        frame = marshal.dumps(tuple(order))
        self._orders.write(struct.pack("<I", len(frame)) + frame)
        self._orders.flush()
        (size,) = struct.unpack("<I", self._read(4))
        return Answer(*marshal.loads(self._read(size)))  # noqa: S302 - from the process started above

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def interrupt(self) -> None:
        """End it in the middle of its work."""
        with self._ending:
            if self._process.poll() is None:
                self._kill()

    def dismiss(self) -> None:
        """Let it end by itself; one that does not is killed."""
        with contextlib.suppress(OSError):
            self._orders.write(struct.pack("<I", 0))
            self._orders.flush()
        self.end(patience_s=_PATIENCE_S)

    def end(self, *, patience_s: float) -> int:
        """Wait for its end, kill it if that takes longer than *patience_s*; the exit status."""
        with self._ending:
            try:
                status = self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._kill()
                status = self._process.wait()
        for pipe in (self._orders, self._answers):
            with contextlib.suppress(OSError):  # what was not sent is lost with it
                pipe.close()
        return status

    def _kill(self) -> None:
        # The group, because a fork may be speaking; not reaped yet, so the number is still its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _ending(status: int) -> str:
    """An exit status in words; `engine` passes on the signal that ended its fork as 128 + n."""
    if 0 <= status <= 128:
        return f"exit status {status}"
    try:
        return signal.Signals(-status if status < 0 else status - 128).name
    except ValueError:
        return f"status {status}"
