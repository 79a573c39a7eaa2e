"""Manuscripts: from the bytes of files to chapters of utterances, with every character accounted for.

    source -> page -> outline (markdown, inline) -> wording -> drafts (chapters) -> utterances, pieces

Parsers take content, not paths. What is wrong with the text is gathered and raised together, each
with its file and line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from narrator.attribution import Attributor, Unattributed
from narrator.casting import Cast
from narrator.errors import ManuscriptError, ProjectError, ProjectErrors
from narrator.manuscript import Chapter, Manuscript, Notice, SourceFile
from narrator.parsing.attributes import Reader
from narrator.parsing.chapters import Chapters
from narrator.parsing.drafts import Drafted
from narrator.parsing.pieces import tile
from narrator.parsing.source import Page, Source, decode, refuse_nul
from narrator.parsing.utterances import Finisher

_NOBODY = Unattributed()


def read_manuscript(
    sources: Sequence[Source],
    *,
    cast: Cast,
    footnotes: Literal["skip", "read"] = "skip",
    language: str = "en",
    attributor: Attributor = _NOBODY,
    first_number: int = 1,
) -> Manuscript:
    """Read a manuscript.

    Args:
        sources: its files, in reading order.
        cast: the roles that may speak in it.
        footnotes: `read` has the narrator read each one after the paragraph that first refers to it.
        language: BCP 47; for sentence ends.
        attributor: asked for the speakers of quotations that the author did not settle.
        first_number: of the first chapter.

    Raises:
        ManuscriptError, ConfigurationError, UncastRole, ...: the one thing that is wrong.
        ProjectErrors: several things are.
    """
    errors: list[ProjectError] = []
    walk = Chapters(Reader(cast, errors), read_notes=footnotes == "read")
    chapters: list[Chapter] = []
    files: list[SourceFile] = []
    notices: list[Notice] = walk.notices
    for source in sources:
        refuse_nul(source.path, source.text)
        faults = len(errors)
        drafted = walk.draft(Page(source))
        finisher = Finisher(drafted, cast=cast, attributor=attributor, language=language, notices=notices)
        for draft in drafted.chapters:
            chapters.append(finisher.finish(draft, first_number + len(chapters)))
        if len(errors) == faults:
            errors += _silent(drafted, chapters)
        files.append(SourceFile(path=source.path, pieces=tile(drafted.page, drafted.placed)))
    if not sources:
        errors.append(ManuscriptError("the manuscript has no text; write it into manuscript/01-....md"))
    if errors:
        raise errors[0] if len(errors) == 1 else ProjectErrors(errors)
    return Manuscript(chapters=tuple(chapters), files=tuple(files), notices=tuple(notices))


def _silent(drafted: Drafted, chapters: list[Chapter]) -> list[ProjectError]:
    """An error for each chapter of a file in which nothing is spoken."""
    page = drafted.page
    if not drafted.chapters:
        message = "nothing is written here; write the chapter's text, or take the file out of the manuscript"
        return [ManuscriptError(message, file=page.path)]
    return [
        ManuscriptError(
            f"nothing is spoken in chapter {chapter.number}, {chapter.title!r};"
            " write its text, or take it out",
            file=page.path,
            line=chapter.line,
        )
        for chapter in chapters[len(chapters) - len(drafted.chapters) :]
        if not chapter.utterances
    ]


__all__ = ["Source", "decode", "read_manuscript"]
