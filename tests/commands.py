"""Commands as a user gives them, and what a project's folders hold before and after."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from narrator.cli import main

CAST = "narrator: espeak/en-gb\nMara: espeak/en-gb+f2\n"
QUICK = "credits: false\nloudness: none\n"
"""The rest of a book.yaml whose chapters take no time to level."""


class Told(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The one result of `--json`."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def told(*arguments: str | Path) -> Told:
    """Run a command in this process, which takes a tenth of the time."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
    finally:
        signal.signal(signal.SIGTERM, before)
    return Told(code, out.getvalue(), err.getvalue())


def words(*arguments: str | Path) -> list[str]:
    """A command line for a process of its own."""
    return [sys.executable, "-m", "narrator", *map(str, arguments)]


def command(
    *arguments: str | Path,
    environment: Mapping[str, str | None] | None = None,
    folder: Path | None = None,
    first: Callable[[], None] | None = None,
    timeout: float = 120,
) -> Told:
    """
    Run a command in a process of its own.

    Args:
        environment: added to this one's; None takes a variable out.
        folder: where it runs.
        first: what the process does before the command.
    """
    changed = {**os.environ, **(environment or {})}
    done = subprocess.run(
        words(*arguments),
        capture_output=True,
        env={name: value for name, value in changed.items() if value is not None},
        cwd=folder,
        preexec_fn=first,
        timeout=timeout,
        check=False,
    )
    return Told(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def hears_ctrl_c() -> None:
    """Whoever runs the tests in the background of a script has Ctrl-C ignored, for all it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(answer: Told, code: int, *said: str) -> None:
    """The command ended with that exit code, said all that, and showed nobody a traceback."""
    assert answer.code == code, answer
    for words_ in said:
        assert words_ in answer.err, answer.err
    assert "Traceback" not in answer.err
    assert "unexpected" not in answer.err


def left(project: Path, *folders: str) -> dict[str, bytes]:
    """Every file in *folders* of a project (takes and build by default), by its path.

    But for those that every run writes: locks, and the ledger.
    """
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for folder in folders or ("takes", "build")
        for path in sorted((project / folder).rglob("*"))
        if path.is_file() and not path.name.endswith(".lock") and not path.name.startswith("ledger.sqlite")
    }


def outputs(project: Path) -> dict[str, bytes]:
    """What a build leaves for listeners: all but the receipts."""
    return {name: data for name, data in left(project, "build").items() if "/.receipts/" not in name}


def litter(project: Path) -> list[Path]:
    """Unfinished files."""
    return [path for path in project.rglob(".narrator-*") if path.is_file()]
