"""What stands between `---` lines at the top of a file: settings for the chapters in it.

    ---
    title: The lamp          # of a file without a `#` heading
    direction: wearily       # for every chapter of the file
    speed: 0.95
    silent: true             # its chapter titles are not spoken
    ---

It is YAML as book.yaml is, and as untrusted: see `settings`.
"""

from __future__ import annotations

from typing import NamedTuple

from narrator.errors import ConfigurationError, ProjectError
from narrator.parsing.attributes import SPEEDS
from narrator.settings import Settings, parse


class FrontMatter(NamedTuple):
    """Settings for the chapters of a file."""

    title: str | None = None
    direction: str | None = None
    speed: float | None = None
    silent: bool = False


def read_front_matter(text: str, *, file: str, line: int, errors: list[ProjectError]) -> FrontMatter:
    """Read what stands between the `---` lines; faults go to *errors*, with file and line.

    Args:
        text: the YAML, without the `---` lines.
        line: the 1-based line on which it begins.
        errors: where faults are added.
    """
    unreadable: list[ProjectError] = []
    # Empty lines mean nothing in YAML, so that the lines told are those of the file.
    table = parse(b"\n" * (line - 1) + text.encode(), file=file, problems=unreadable)
    if table is None:
        errors += [
            ConfigurationError(
                f"front matter: {error.message}; if `---` is a scene break here, write `***`",
                file=file,
                line=error.line,
            )
            for error in unreadable
        ]
        return FrontMatter()
    errors += unreadable
    settings = Settings(table, file=file, problems=errors)
    front = FrontMatter(
        settings.text("title"),
        settings.text("direction", clears=True),
        settings.number("speed", least=SPEEDS[0], most=SPEEDS[1]),
        settings.flag("silent") or False,
    )
    settings.finish()
    return front
