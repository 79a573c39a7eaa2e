"""Writing choices.yaml: whatever is on disk is read, changed and put back, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from narrator.choices import Choices
from narrator.errors import ProjectError, ProjectErrors
from narrator.files import locked, write_text
from narrator.project.folder import Folder
from narrator.project.opening import CHOICES, LIMIT_CHOICES_BYTES, TAKES
from narrator.settings import Settings, parse, read_choices, write_choices

LOCK = ".choices.lock"


def rewrite_choices(root: Path, change: Callable[[Choices], Choices]) -> Choices:
    """
    Put choices.yaml in order.

    Args:
        root: the project.
        change: from what the file holds now to what it is to hold. Called while no other process writes.

    Returns:
        What it holds then.

    Raises:
        ProjectErrors: it does not say something narrator understands; it is left as it is.
        OutputError: it cannot be written; it is left as it is.
    """
    with locked(root / TAKES / LOCK, on_wait=lambda _pid: None):  # for moments, so nobody need be told
        folder = Folder(root)
        content = folder.read(CHOICES, limit=LIMIT_CHOICES_BYTES)
        before = _read(content or b"")
        after = change(before)
        if after != before:
            there = folder.locate(CHOICES)
            write_text(there.path if there else folder.root / CHOICES, write_choices(after), durable=True)
        return after


def _read(content: bytes) -> Choices:
    problems: list[ProjectError] = []
    table = parse(content, file=CHOICES, problems=problems)
    choices = read_choices(Settings(table, file=CHOICES, problems=problems)) if table else None
    if problems or choices is None:
        raise ProjectErrors(sorted(problems, key=lambda problem: problem.line or 0))
    return choices
