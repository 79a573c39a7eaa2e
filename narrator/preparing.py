"""Gather everything before the first request: read, parse, prove coverage, cast, plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from narrator.assigning import assign_voices, rehearsal
from narrator.casting import Assignment
from narrator.coverage import Coverage, prove
from narrator.errors import CoverageError, ProjectErrors
from narrator.lexicon import EMBEDDED
from narrator.manuscript import Manuscript, Notice
from narrator.parsing import Source, decode, read_manuscript
from narrator.planning import Plan, plan_takes
from narrator.project import Guides, Project, read_guides
from narrator.providers.base import Provider
from narrator.rendering import Which, render_credits
from narrator.store import TakeStore


class Prepared(NamedTuple):
    """A project, ready to be recorded."""

    project: Project
    manuscript: Manuscript
    """Chapters in order, the credits among them."""
    coverage: Coverage
    plan: Plan
    guides: Guides
    notices: tuple[Notice, ...]


def prepare(
    project: Project,
    store: TakeStore,
    providers: Mapping[str, Provider],
    *,
    rehearse: bool = False,
    gone: Collection[str] = (),
) -> Prepared:
    """
    Everything a run needs to know before it spends anything.

    Args:
        gone: providers whose service is gone, and whose roles speak with their stand-ins.

    Raises:
        ProjectErrors: whatever is wrong with the project, all of it together.
    """
    book = project.book
    sources = [decode(path, data) for path, data in project.sources]
    manuscript = read_manuscript(sources, cast=project.cast, footnotes=book.footnotes, language=book.language)
    manuscript, spoken_credits, notices = _with_credits(manuscript, project)
    coverage = prove(manuscript, [*sources, *spoken_credits])
    if not coverage.complete:
        raise ProjectErrors(
            [
                CoverageError(
                    f"{loss.reason}: {loss.text[:60].strip()!r} would be lost; write it more simply, with"
                    " fewer quotes and lists inside each other",
                    file=loss.file,
                    line=loss.line,
                )
                for loss in coverage.missing
            ]
        )
    guides = read_guides(project.root, manuscript)
    plan = plan_takes(
        manuscript,
        book=book,
        cast=project.cast,
        lexicon=project.lexicon,
        assignments=_assign(project, manuscript, providers, rehearse=rehearse, gone=gone),
        providers=providers,
        on_hand=store.takes,
        choices=project.choices,
        guide_sha256=guides.sha256,
    )
    found = (*project.notices, *manuscript.notices, *notices, *plan.notices)
    return Prepared(project, manuscript, coverage, plan, guides, found)


def _assign(
    project: Project,
    manuscript: Manuscript,
    providers: Mapping[str, Provider],
    *,
    rehearse: bool,
    gone: Collection[str],
) -> dict[str, Assignment]:
    language = project.book.language
    if rehearse:
        return rehearsal(manuscript, project.cast, providers[EMBEDDED], language=language)
    named = (settings.name for settings in project.book.providers)
    return assign_voices(project.cast, providers, language=language, named=tuple(named), gone=gone)


def _with_credits(manuscript: Manuscript, project: Project) -> tuple[Manuscript, list[Source], list[Notice]]:
    """Opening credits become chapter 0, closing credits the chapter after the last."""
    book = project.book
    chapters, files, sources = list(manuscript.chapters), list(manuscript.files), []
    notices: list[Notice] = []
    wanted: dict[Which, bool] = {"opening": book.credits.opening, "closing": book.credits.closing}
    for which in (name for name, spoken in wanted.items() if spoken):
        rendered = render_credits(which, book, project=project.root)
        source = Source(rendered.name, rendered.text)
        notices += rendered.notices
        number = 0 if which == "opening" else manuscript.chapters[-1].number + 1
        read = read_manuscript([source], cast=project.cast, language=book.language, first_number=number)
        if len(read.chapters) != 1:
            raise ProjectErrors([CoverageError("credits must be one chapter", file=rendered.name)])
        chapters.insert(0 if which == "opening" else len(chapters), read.chapters[0])
        files += read.files
        notices += read.notices
        sources.append(source)
    digits = max(2, len(str(chapters[-1].number)))
    numbered = (chapter.model_copy(update={"digits": digits}) for chapter in chapters)
    whole = Manuscript(chapters=tuple(numbered), files=tuple(files), notices=manuscript.notices)
    return whole, sources, notices
