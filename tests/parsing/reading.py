"""Reads manuscripts for tests, and says briefly what was read."""

from __future__ import annotations

from typing import Literal

from narrator.attribution import Attributor, Unattributed
from narrator.casting import Cast, Role
from narrator.coverage import prove
from narrator.manuscript import Manuscript, Utterance
from narrator.parsing import Source, read_manuscript

PATH = "manuscript/01-the-lamp.md"
CAST = Cast(
    roles=(
        Role(name="narrator"),
        Role(name="Mara", aliases=("Mara Kvist", "the keeper")),
        Role(name="Old Tom"),
    )
)


def read(
    *texts: str,
    cast: Cast = CAST,
    footnotes: Literal["skip", "read"] = "skip",
    language: str = "en",
    attributor: Attributor | None = None,
    first_number: int = 1,
) -> Manuscript:
    """Read files and insist that nothing of them is lost."""
    paths = [PATH, *(f"manuscript/{number:02d}.md" for number in range(2, len(texts) + 1))]
    sources = [Source(path, text) for path, text in zip(paths, texts, strict=True)]
    manuscript = read_manuscript(
        sources,
        cast=cast,
        footnotes=footnotes,
        language=language,
        attributor=attributor or Unattributed(),
        first_number=first_number,
    )
    coverage = prove(manuscript, sources)
    assert coverage.missing == ()
    for file, source in zip(manuscript.files, sources, strict=True):
        assert "".join(piece.source for piece in file.pieces) == source.text
    return manuscript


def utterances(
    text: str, *, footnotes: Literal["skip", "read"] = "skip", language: str = "en"
) -> list[Utterance]:
    """Every utterance of one file."""
    chapters = read(text, footnotes=footnotes, language=language).chapters
    return [utterance for chapter in chapters for utterance in chapter.utterances]


def said(text: str, *, footnotes: Literal["skip", "read"] = "skip", language: str = "en") -> list[str]:
    """`role: text` of every utterance of one file; the narrator's without a role."""
    return [
        each.text if each.role == "narrator" else f"{each.role}: {each.text}"
        for each in utterances(text, footnotes=footnotes, language=language)
    ]


def pieces(text: str) -> list[tuple[str, str, str]]:
    """Kind, detail and source of every piece that is not white space; spoken ones without their id."""
    return [
        (piece.kind, "" if piece.kind == "spoken" else piece.detail, piece.source)
        for piece in read(text).files[0].pieces
        if piece.detail != "white space"
    ]
