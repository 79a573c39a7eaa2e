"""Settings from a text, as the tests beside this write them."""

from __future__ import annotations

from textwrap import dedent

from narrator.errors import ProjectError
from narrator.settings import Settings, parse


def settings_of(text: str, *, file: str = "book.yaml") -> tuple[Settings, list[ProjectError]]:
    """Settings to ask, and the list that gets what is wrong."""
    problems: list[ProjectError] = []
    table = parse(dedent(text).encode(), file=file, problems=problems)
    assert table is not None, problems
    return Settings(table, file=file, problems=problems), problems


def said(problems: list[ProjectError]) -> list[str]:
    """What a user reads."""
    return [str(problem) for problem in problems]
