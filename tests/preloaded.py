"""Runs of narrator on disks that fail: `disk_faults.c`, compiled where that is possible."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("disk_faults.c")


def compile_faults(folder: Path) -> Path:
    """The shared library; skips the test where there is no compiler, or no C library that it knows."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        pytest.skip("what is put before the C library is written for glibc")
    if compiler is None:
        pytest.skip("no C compiler here")
    library = folder / "disk_faults.so"
    done = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the C compiler here cannot do it: {done.stderr[:200]}")
    return library


def failing(calls: str, path: str, how: int, *, after: int = 0, times: int = 0) -> dict[str, str]:
    """The environment of a run for which *calls* on files like *path* fail."""
    return {
        "DISK_FAULT": calls,
        "DISK_FAULT_PATH": path,
        "DISK_FAULT_ERRNO": str(how),
        "DISK_FAULT_AFTER": str(after),
        "DISK_FAULT_TIMES": str(times),
    }


def logged(log: Path, below: Path) -> dict[str, str]:
    """The environment of a run that writes down what it asks of its disk."""
    return {"DISK_LOG": str(log), "DISK_LOG_BELOW": os.fspath(below)}
