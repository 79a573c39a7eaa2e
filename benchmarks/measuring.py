"""How everything here is measured: work in a process of its own, rounds in turn, medians with their range."""

from __future__ import annotations

import math
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Cost(NamedTuple):
    """What some work took."""

    wall_s: float
    cpu_s: float
    """Of this process with all its threads, and of the processes it started and waited for."""
    peak_mib: float
    """The most memory this process has had, from its beginning on."""
    others_s: float
    """CPU time that everything else on the machine took meanwhile: what makes a clock lie."""


class Timing:
    """Measures the block it is the context of; `cost` holds the figures afterwards."""

    cost: Cost

    def __enter__(self) -> Timing:
        self._wall, self._cpu, self._busy = time.perf_counter(), cpu_s(), _busy_s()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, cpu, busy = time.perf_counter() - self._wall, cpu_s() - self._cpu, _busy_s() - self._busy
        self.cost = Cost(wall, cpu, peak_mib(), max(0.0, busy - cpu))


class Spread(NamedTuple):
    """The same figure from several rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of at least one value."""
        known = list(values)
        return cls(statistics.median(known), min(known), max(known))

    def __str__(self) -> str:
        return f"{figure(self.median)} ({figure(self.low)} to {figure(self.high)})"


def figure(value: float) -> str:
    """Three figures, as many as mean something here."""
    places = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def apart(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """*work*'s result, from a fresh process: its peak of memory is its own, and nothing is warm."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()


def cpu_s() -> float:
    """CPU time of this process, its threads and the processes it waited for, in seconds."""
    return _spent_s(resource.RUSAGE_SELF) + children_s()


def children_s() -> float:
    """CPU time of the processes that this one started and waited for, in seconds."""
    return _spent_s(resource.RUSAGE_CHILDREN)


def _busy_s() -> float:
    """CPU time that the whole machine has spent since it started; 0 where the system does not say."""
    facts = Path("/proc/stat")
    if not facts.exists():
        return 0.0
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, facts.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _spent_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> float:
    """The most memory this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the parent had when it started us
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def children_peak_mib() -> float:
    """The most memory that one of the processes had which this one started and waited for, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 2**20


def cores() -> int:
    """Processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def machine(*packages: str) -> str:
    """The machine, its load and the versions that the figures depend on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("narrator", *packages))
    return (
        f"machine: {cores()} cores, {_processor()}, {platform.system()}, Python {platform.python_version()};"
        f" load {os.getloadavg()[0]:.1f} at the start\nversions: {versions}"
    )


def verdict(value: float, goal: float) -> str:
    """Whether a figure meets the most it may be."""
    return f"goal <= {goal:g}: {'met' if value <= goal else 'MISSED'}"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    names = (
        [line for line in facts.read_text().splitlines() if "model name" in line] if facts.exists() else []
    )
    return names[0].partition(":")[2].strip() if names else platform.machine()
