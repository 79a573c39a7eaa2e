"""A project, and how its folder is opened."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from narrator.book import Book
from narrator.casting import Cast
from narrator.choices import Choices
from narrator.errors import ProjectError, ProjectErrors, UsageError
from narrator.lexicon import Lexicon
from narrator.manuscript import Notice
from narrator.project.folder import Folder
from narrator.project.sources import ManuscriptFile, Sources, read_sources
from narrator.settings import LIMIT_BYTES, Settings, parse, read_book, read_cast, read_choices, read_lexicon
from narrator.settings.nodes import Scalar

BOOK, CAST, LEXICON, CHOICES = "book.yaml", "cast.yaml", "lexicon.yaml", "choices.yaml"
MANUSCRIPT, TEMPLATES, TAKES, BUILD = "manuscript", "templates", "takes", "build"
IN_BUILD = (f"{BUILD}/chapters", f"{BUILD}/.receipts")
LIMIT_COVER_BYTES = 10_000_000
LIMIT_CHOICES_BYTES = 50_000_000
"""narrator writes that file itself: a choice is some 300 bytes, and a book has up to 100,000 lines."""

_COVERS = {"cover.jpg": "image/jpeg", "cover.jpeg": "image/jpeg", "cover.png": "image/png"}
_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}

NO_CHOICES = Choices()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture on the book."""

    path: str
    """Relative to the project."""
    mime: str
    """`image/jpeg` or `image/png`, which its bytes are."""
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Of the bytes, as 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Project:
    """One book: its settings and its text, as they were when the folder was opened."""

    root: Path
    """Absolute, symbolic links followed."""
    book: Book
    cast: Cast
    lexicon: Lexicon
    sources: tuple[ManuscriptFile, ...] = field(repr=False)
    """The manuscript, in reading order."""
    choices: Choices = NO_CHOICES
    cover: Cover | None = None
    inputs: tuple[Path, ...] = ()
    """Every file that was read, and the project's templates; all under `root`."""
    notices: tuple[Notice, ...] = ()

    @property
    def takes(self) -> Path:
        """The folder of recordings."""
        return self.root / TAKES

    @property
    def build(self) -> Path:
        """The folder of what is produced."""
        return self.root / BUILD


def open_project(folder: Path, *, rehearse: bool = False) -> Project:
    """
    Read a project folder: settings, cast, pronunciations, the manuscript's bytes, the cover.

    Args:
        rehearse: roles may have no voice, since a rehearsal gives them one.

    Raises:
        UsageError: *folder* is no folder.
        ProjectError: it is no project.
        ProjectErrors: everything that is wrong with its settings and files, together.
    """
    _require_project(folder)
    opening = _Opening(folder)
    of_book, of_cast, of_lexicon = (opening.settings(name) for name in (BOOK, CAST, LEXICON))
    book = read_book(of_book) if of_book else None
    language = book.language if book else "en"
    cast = read_cast(of_cast, language=language, rehearse=rehearse) if of_cast else None
    lexicon = read_lexicon(of_lexicon) if of_lexicon else None
    of_choices = opening.settings(CHOICES, limit=LIMIT_CHOICES_BYTES)
    choices = read_choices(of_choices) if of_choices else None
    sources = opening.sources(of_book) if of_book else None
    cover = opening.cover()
    opening.check_folders()
    if opening.problems or not (book and cast and lexicon and choices and sources):
        raise ProjectErrors(_in_order(opening.problems))
    return Project(
        root=opening.folder.root,
        book=book,
        cast=cast,
        lexicon=lexicon,
        sources=sources.files,
        choices=choices,
        cover=cover,
        inputs=tuple(opening.folder.root / path for path in opening.inputs),
        notices=(*opening.notices, *sources.notices),
    )


class _Opening:
    """One reading of a project folder: a part that cannot be read is noted, and the next one is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = Folder(folder)
        self.names = self.folder.names()
        self.inputs: list[str] = []
        self.problems: list[ProjectError] = []
        self.notices: list[Notice] = []

    def settings(self, name: str, *, limit: int = LIMIT_BYTES) -> Settings | None:
        """A settings file, empty where there is none, None where it cannot be read."""
        other = name.replace(".yaml", ".yml")
        if name not in self.names and other in self.names:
            self.problems.append(ProjectError(f"this must be called {name}; rename it", file=other))
            return None
        data = self._attempt(lambda: self._read(name, limit=limit) or b"")
        table = None if data is None else parse(data, file=name, problems=self.problems)
        return None if table is None else Settings(table, file=name, problems=self.problems)

    def sources(self, settings: Settings) -> Sources | None:
        """The manuscript that book.yaml names, whatever else is wrong there."""
        node, line = settings.node("manuscript"), settings.line("manuscript")
        path = (node.text if isinstance(node, Scalar) else "") or MANUSCRIPT
        sources = self._attempt(lambda: read_sources(self.folder, path, file=BOOK, line=line))
        if sources is not None:
            self.inputs.extend(file.path for file in sources.files)
        return sources

    def cover(self) -> Cover | None:
        """The picture, if there is one; a second one is left alone and said so."""
        names = [name for name in self.names if name.lower() in _COVERS]
        for name in names[1:]:
            self.notices.append(Notice(message=f"not used: the cover is {names[0]}", file=name))
        return self._attempt(lambda: self._cover(names[0])) if names else None

    def check_folders(self) -> None:
        """Templates are read elsewhere, takes and build written elsewhere; none of them may lead out."""
        if self._is_folder(TEMPLATES):
            self._attempt(self._templates)
        self._is_folder(TAKES)
        if self._is_folder(BUILD):
            for name in IN_BUILD:
                self._is_folder(name)

    def _is_folder(self, name: str) -> bool:
        """Whether there is one; that something else is there, or that it leads out, is a problem."""
        place = self._attempt(lambda: self.folder.locate(name))
        if place and place.kind != "folder":
            self.problems.append(ProjectError("this must be a folder; rename it", file=name))
        return place is not None and place.kind == "folder"

    def _templates(self) -> None:
        # No template is called otherwise (`rendering`), and such a name can be written down.
        paths = [f"{TEMPLATES}/{name}" for name in self.folder.names(TEMPLATES) if name.isascii()]
        places = ((path, self.folder.locate(path)) for path in paths)
        self.inputs.extend(path for path, place in places if place and place.kind == "file")

    def _cover(self, name: str) -> Cover:
        data = self._read(name, limit=LIMIT_COVER_BYTES) or b""
        mime = _COVERS[name.lower()]
        really = next((kind for kind, magic in _MAGIC.items() if data.startswith(magic)), None)
        if really is None:
            raise ProjectError("this is neither a JPEG nor a PNG picture", file=name)
        if really != mime:
            suffix = really.replace("image/", "").replace("jpeg", "jpg")
            raise ProjectError(f"this is a {suffix.upper()} picture; rename it to cover.{suffix}", file=name)
        return Cover(name, mime, data)

    def _read(self, path: str, *, limit: int) -> bytes | None:
        data = self.folder.read(path, limit=limit)
        if data is not None:
            self.inputs.append(path)
        return data

    def _attempt(self, reading: Callable[[], T]) -> T | None:
        try:
            return reading()
        except ProjectError as error:
            self.problems.append(error)
        except ProjectErrors as errors:
            self.problems.extend(errors.errors)
        return None


def _require_project(folder: Path) -> None:
    shown = repr(str(folder))
    try:
        names = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        new = f"`narrator new {shlex.quote(str(folder))}`"
        raise UsageError(f"there is no folder {shown}; {new} makes a project there") from None
    except NotADirectoryError:
        raise UsageError(f"{shown} is not a folder; name the one that holds {BOOK}") from None
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from None
    if not names & {BOOK, BOOK.replace(".yaml", ".yml")}:
        message = f"{shown} is no project, for it holds no {BOOK}; `narrator new DIR` makes one to start from"
        raise ProjectError(message)


def _in_order(problems: Sequence[ProjectError]) -> list[ProjectError]:
    """File by file as they were read, each from top to bottom."""
    files = list(dict.fromkeys(problem.file for problem in problems))
    return sorted(problems, key=lambda problem: (files.index(problem.file), problem.line or 0))
