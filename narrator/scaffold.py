"""`narrator new`: a project to start from, which can be heard at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from narrator.errors import UsageError
from narrator.settings import standard_language
from narrator.settings.nodes import UNPRINTABLE

SHIPPED = Path(__file__).parent / "templates" / "scaffold"
"""A folder for each language that a project can start in, and `gitignore` for all of them."""


def new_project(folder: Path, *, title: str | None = None, language: str = "en") -> list[Path]:
    """
    Write a small project into a new or empty folder.

    Args:
        title: of the book; the folder's name by default.
        language: BCP 47. Texts and comments are Spanish for `es-...` and English for any other.

    Returns:
        The files written.

    Raises:
        UsageError: the folder holds something or cannot be written; the title or the language is none.
    """
    standard = standard_language(language)
    if standard is None:
        raise UsageError(f"{language!r} is not a BCP 47 language tag such as en, en-GB or es-MX")
    if title is not None and not _clean(title):
        raise UsageError("the title is empty; give one with letters in it")
    _make(folder)
    named = _clean(title) if title else _title_of(folder.resolve().name, standard)
    facts = {"title": _quoted(named), "language": standard}
    written = []
    for source, place in _files(standard):
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".yaml":
            text = Template(text).substitute(facts)
        written.append(_write(folder / place, text))
    return written


def _files(language: str) -> Iterator[tuple[Path, Path]]:
    """Each shipped file and where it goes."""
    shipped = SHIPPED / language.partition("-")[0]
    if not shipped.is_dir():
        shipped = SHIPPED / "en"
    for source in sorted(shipped.rglob("*")):
        if source.is_file():
            yield source, source.relative_to(shipped)
    # Shipped without its dot: git and the wheel's builder would obey it here.
    yield SHIPPED / "gitignore", Path(".gitignore")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = min((path.name for path in folder.iterdir()), default=None)
    except FileExistsError:
        raise UsageError(f"{str(folder)!r} is a file; name a folder to make") from None
    except OSError as error:
        raise UsageError(f"{str(folder)!r} cannot be made: {error.strerror}") from None
    if held is not None:
        raise UsageError(f"{str(folder)!r} is not empty (it holds {held!r}); name a new folder")


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    return path


def _title_of(name: str, language: str) -> str:
    """`the-late_ferry` is The Late Ferry (La lancha tardía in Spanish); capitals it has are kept."""
    words = [word for word in re.split(r"[\s_-]+", _clean(name)) if word]
    capitals = 0 if not name.islower() else len(words) if language.startswith("en") else 1
    words[:capitals] = [word[0].upper() + word[1:] for word in words[:capitals]]
    return " ".join(words) or "Untitled"


def _clean(text: str) -> str:
    """On one line, and only of characters that YAML can hold."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def _quoted(text: str) -> str:
    """As YAML between single quotes, where only the quote itself means anything."""
    return "'" + text.replace("'", "''") + "'"
