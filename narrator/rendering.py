"""Words that a producer may change: Jinja2 templates, the project's own first and then the shipped ones.

The credits are Markdown that is read as part of the manuscript, so whatever comes from book.yaml goes
through the `markdown` filter, and a title such as `*Stars* [x]{.mara}` is spoken as it is written. The
report page is ours alone: it is evidence, and a project cannot word it.

A project's templates are not trusted. They run in Jinja2's sandbox: no attribute that begins with an
underscore, `range()` of at most 100,000, no import of Python, no file but plain ones in the project's
`templates/` folder, a result of at most 64 KiB. What the sandbox cannot do is stop a template that
counts for hours or asks for gigabytes: run other people's projects where you would run their Makefile.
"""

from __future__ import annotations

import base64
import hashlib
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Literal, NamedTuple

from narrator.book import Book
from narrator.errors import ConfigurationError, NarratorError
from narrator.manuscript import Notice

# Jinja2 takes as long to import as the rest of narrator, so it is imported where it is first needed.
if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

Which = Literal["opening", "closing"]

SHIPPED = Path(__file__).parent / "templates"
FOLDER = "templates"
"""Where a project keeps its own."""
FALLBACK_LANGUAGE = "en"
LARGEST_TEMPLATE = 64 * 1024
LARGEST_CREDITS = 64 * 1024
"""Bytes of a template, characters of what it gives."""

_FACTS = (  # plain values, so that a template finds no method to call
    "title",
    "subtitle",
    "author",
    "narrator",
    "language",
    "publisher",
    "year",
    "isbn",
    "series",
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ASCII_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_FULL_STOP = re.compile(r"[.!?…。！？।][\"'”’»)\]]*$")


class Rendered(NamedTuple):
    """A template's result, as a manuscript file."""

    name: str
    """`opening-credits.md`."""
    text: str
    notices: tuple[Notice, ...]


def render_credits(which: Which, book: Book, *, project: Path | None = None) -> Rendered:
    """The opening or closing credits as a manuscript file.

    The template is the first there is of `<which>-credits.<language>.md.j2`, the language with all its
    subtags first (`pt-BR`, then `pt`), and for each name the project's before the shipped one; English,
    with a notice, where there is none.

    Raises:
        ConfigurationError: the project's template cannot be read or does not render; names file and line.
    """
    name, notices = _choose(which, book.language, project)
    environment = _environment(lambda asked: _find(asked, project))
    text = ""
    with _explained(name):
        for piece in environment.get_template(name).generate(book=book.model_dump(include=set(_FACTS))):
            text += piece
            if len(text) > LARGEST_CREDITS:
                raise ConfigurationError(
                    f"these credits grow past {LARGEST_CREDITS} characters; look for a loop",
                    file=f"{FOLDER}/{name}",
                )
    return Rendered(f"{which}-credits.md", f"{text.rstrip()}\n", notices)


def render_report(facts: Mapping[str, object]) -> str:
    """The report page: one HTML file that runs nothing and loads nothing but what lies beside it.

    The policy in its head allows exactly the style and the script it carries, by hash, so that no text of
    the manuscript could run even if it escaped its place.
    """
    style = (SHIPPED / "report.css").read_text(encoding="utf-8")
    script = (SHIPPED / "report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_source_hash(style)}; script-src {_source_hash(script)};"
        " img-src 'self' file:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    return _report_page().render(facts, style=style, script=script, policy=policy)


@cache
def _report_page() -> Template:
    return _environment(_shipped).get_template("report.html.j2")


def _environment(source: Callable[[str], tuple[str, str] | None]) -> SandboxedEnvironment:
    """*source* gives a template's text and the file name to blame, or None."""
    from jinja2 import FunctionLoader, StrictUndefined, select_autoescape
    from jinja2.sandbox import SandboxedEnvironment

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        found = source(name)
        return None if found is None else (*found, lambda: True)

    environment = SandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=select_autoescape(("html", "html.j2"), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["markdown"] = markdown
    environment.filters["sentence"] = sentence
    return environment


def markdown(value: object) -> str:
    """*value* as Markdown that reads as exactly this text: one line, ASCII punctuation escaped."""
    return _ASCII_PUNCTUATION.sub(r"\\\1", " ".join(str(value).split()))


def sentence(value: object) -> str:
    """*value* with a full stop, unless it ends a sentence already."""
    text = str(value).strip()
    return text if _FULL_STOP.search(text) else f"{text}."


def _choose(which: Which, language: str, project: Path | None) -> tuple[str, tuple[Notice, ...]]:
    """The name of the template to use, and a notice if it is not in the book's language."""
    subtags = [subtag for subtag in re.split("[-_]", language) if subtag.isascii() and subtag.isalnum()]
    tags = ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]
    for tag in [*tags, *(tag.lower() for tag in tags[-1:])]:
        name = f"{which}-credits.{tag}.md.j2"
        if _find(name, project):
            return name, ()
    own = f"{FOLDER}/{which}-credits.{tags[0] if tags else 'und'}.md.j2"
    notice = Notice(
        message=f"there are no {which} credits in {language!r}, so they are in English; write {own}"
        f" or set `credits: {{{which}: false}}`",
        file="book.yaml",
    )
    return f"{which}-credits.{FALLBACK_LANGUAGE}.md.j2", (notice,)


def _find(name: str, project: Path | None) -> tuple[str, str] | None:
    own = None if project is None else _project_template(name, project)
    return own or _shipped(name)


def _shipped(name: str) -> tuple[str, str] | None:
    path = SHIPPED / name
    if not _PLAIN_NAME.fullmatch(name) or not path.is_file():
        return None
    return path.read_text(encoding="utf-8"), str(path)


def _project_template(name: str, project: Path) -> tuple[str, str] | None:
    """A plain file straight inside the project's templates folder."""
    shown = f"{FOLDER}/{name}"
    if not _PLAIN_NAME.fullmatch(name):
        raise ConfigurationError("a template's name is letters, digits, `.`, `-` and `_`", file=shown)
    path = project / FOLDER / name
    try:
        if path.parent.is_symlink() or path.is_symlink():
            raise ConfigurationError("this is a symbolic link; copy the file into the project", file=shown)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError("this is not a plain file", file=shown)
        if status.st_size > LARGEST_TEMPLATE:
            raise ConfigurationError(f"a template has at most {LARGEST_TEMPLATE} bytes", file=shown)
        return path.read_text(encoding="utf-8-sig"), shown
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"this is not UTF-8 (byte {exc.start})", file=shown) from exc
    except OSError as exc:
        raise ConfigurationError(f"cannot be read: {exc.strerror}", file=shown) from exc


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Whatever goes wrong in a template, as an error with its file and line."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

    file = f"{FOLDER}/{name}"
    try:
        yield
    except NarratorError:
        raise
    except TemplateSyntaxError as exc:
        file = exc.filename or file
        raise ConfigurationError(exc.message or "wrong syntax", file=file, line=exc.lineno) from exc
    except Exception as exc:  # a template can raise anything; all of it is about the template
        places = [
            (frame.f_code.co_filename, line)
            for frame, line in walk_tb(exc.__traceback__)
            if frame.f_code.co_filename.startswith(f"{FOLDER}/")
        ]
        blamed, line = places[-1] if places else (file, None)
        message = str(exc) or type(exc).__name__
        if isinstance(exc, UndefinedError):
            message += f"; known: {', '.join(f'book.{fact}' for fact in _FACTS)}"
        elif isinstance(exc, TemplateNotFound):
            message = f"there is no template {exc.name!r}"
        raise ConfigurationError(message, file=blamed, line=line) from exc


def _source_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
