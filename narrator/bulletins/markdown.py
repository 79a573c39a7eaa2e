"""Markdown for the summary page of a CI job: a table of chapters, then figures, errors and warnings.

GitHub takes at most a megabyte for a step and shows nothing of what is longer, so rows are counted past
a limit. In what others wrote, ASCII punctuation is written as character references, which Markdown
never reads as structure, by its specification, in tables or elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from narrator.bulletins.base import Bulletin, clock, one_line
from narrator.results import MadeChapter, RunSpent, UnmadeChapter

ROWS = 1000
"""Chapters that are shown."""
TEXTS = 50
"""Errors, and warnings, that are shown."""
_TITLE_LIMIT = 120

_PUNCTUATION = re.compile(r"[!-+\-.:<-@\[-`{-~]")
"""ASCII punctuation but for the comma, the semicolon and the slash, which mean nothing in Markdown."""


def as_markdown(bulletin: Bulletin) -> str:
    """Markdown that ends in an empty line, so that another summary may follow it."""
    ended = "complete" if bulletin.exit_code == 0 else f"failed, exit code {bulletin.exit_code}"
    warned = "Warnings, which `--strict` takes for errors" if bulletin.strict else "Warnings"
    parts = [
        f"## {_escaped(bulletin.project or 'narrator')}: {ended}",
        *_figures(bulletin),
        *_table(bulletin),
        *_listed("Errors", bulletin.errors),
        *_listed(warned, bulletin.warnings),
    ]
    return "\n\n".join(parts) + "\n\n"


def _figures(bulletin: Bulletin) -> list[str]:
    made = bulletin.production
    if made is None:
        return []
    spent = _money(made.spent)
    if made.wasted.costs:
        spent += f" ({_money(made.wasted)} of it for answers that were lost)"
    return [
        f"Recorded {made.recorded:,}, reused {made.reused:,}, requests {made.requests:,}, spent {spent};"
        f" {clock(round(made.seconds * 1000))} of audio."
    ]


def _money(spent: RunSpent) -> str:
    return " + ".join(f"{each.amount:,.2f} {_escaped(each.currency)}" for each in spent.costs or (spent,))


def _table(bulletin: Bulletin) -> list[str]:
    production = bulletin.production
    chapters: list[MadeChapter | UnmadeChapter] = (
        sorted([*production.chapters, *production.unmade], key=lambda each: each.number) if production else []
    )
    if not chapters:
        return []
    rows = ["| | chapter | length | |", "|---:|---|---:|---|", *map(_row, chapters[:ROWS])]
    if len(chapters) > ROWS:
        rows.append(f"| | and {len(chapters) - ROWS:,} more | | |")
    return ["\n".join(rows)]


def _row(chapter: MadeChapter | UnmadeChapter) -> str:
    title = _escaped(chapter.title, limit=_TITLE_LIMIT)
    if isinstance(chapter, UnmadeChapter):
        return f"| {chapter.number} | {title} | | not made |"
    state = "unchanged" if chapter.unchanged else "made"
    return f"| {chapter.number} | {title} | {clock(chapter.duration_ms)} | {state} |"


def _listed(heading: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    items = [f"- {_escaped(text)}" for text in texts[:TEXTS]]
    if len(texts) > TEXTS:
        items.append(f"- and {len(texts) - TEXTS:,} more")
    return [f"### {heading} ({len(texts):,})", "\n".join(items)]


def _escaped(text: str, *, limit: int = 500) -> str:
    return _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", one_line(text, limit=limit))
