"""What CI is told about a run: a JUnit file, a summary page, and no mercy where it wants none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from narrator.bulletins import Bulletin, as_junit, as_markdown, of_error, of_production, strictly
from narrator.cli.output import warn
from narrator.errors import OutputError
from narrator.files import write_text
from narrator.results import Production

Junit = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Gets JUnit XML, a test case a chapter, even if the run fails.",
        show_default=False,
    ),
]
Summary = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Gets a Markdown table at its end, even if the run fails.", show_default=False
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="A warning is an error: exit code 6.")]


class Wanted(NamedTuple):
    """What a run is to be told of."""

    junit: Path | None = None
    summary: Path | None = None
    strict: bool = False


def judged(work: Callable[[], Production], project: Path, wanted: Wanted) -> Production:
    """
    Do the work; write down how it ended, however it ends.

    Raises:
        BaseException: whatever the work raises.
    """
    name = _name(project)
    at, begun = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", time.monotonic()
    try:
        production = work()
    except BaseException as error:
        took_s = time.monotonic() - begun
        warn(_write(of_error(name, error, strict=wanted.strict, at=at, took_s=took_s), wanted))
        raise
    bulletin = of_production(name, production, strict=wanted.strict, at=at, took_s=time.monotonic() - begun)
    if wanted.strict:
        production = strictly(production)
    if unwritten := _write(bulletin, wanted):
        production = production.model_copy(
            update={
                "errors": (*production.errors, *unwritten),
                "exit_code": production.exit_code or OutputError.exit_code,
            }
        )
    return production


def _write(bulletin: Bulletin, wanted: Wanted) -> tuple[str, ...]:
    """What went wrong with writing; nothing where all is well."""
    wrong = []
    for path, write in ((wanted.junit, _write_junit), (wanted.summary, _append_summary)):
        if path is None:
            continue
        try:
            write(path, bulletin)
        except OutputError as error:
            wrong.append(str(error))
    return tuple(wrong)


def _write_junit(path: Path, bulletin: Bulletin) -> None:
    text = as_junit(bulletin)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        _pour(path, text, "w")  # /dev/stdout, a pipe: nothing to put another file in place of
    else:
        write_text(path, text)


def _append_summary(path: Path, bulletin: Bulletin) -> None:
    # At the end, since the steps of a CI job share one file.
    _pour(path, as_markdown(bulletin), "a")


def _pour(path: Path, text: str, mode: Literal["a", "w"]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}; choose another file") from exc


def _name(project: Path) -> str:
    try:
        return project.resolve().name
    except OSError:  # the current folder is gone
        return project.name
