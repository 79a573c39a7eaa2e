"""A chapter's timeline as text: one small module a format, all of one shape (`base`)."""

from __future__ import annotations

from narrator.book import Book
from narrator.errors import ConfigurationError, nearest
from narrator.exports.base import Export
from narrator.exports.cuesheet import write_cue_sheet
from narrator.exports.lrc import write_lrc
from narrator.exports.srt import write_srt
from narrator.exports.timeline_json import write_timeline_json
from narrator.exports.vtt import write_vtt
from narrator.timeline import Timeline

EXPORTS: dict[str, Export] = {
    "cue": write_cue_sheet,
    "vtt": write_vtt,
    "srt": write_srt,
    "lrc": write_lrc,
    "json": write_timeline_json,
}

FORMATS = tuple(EXPORTS)
"""The names `export` knows; each is also the file's suffix."""


def export(name: str, timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """The chapter in the format *name*, as the text of a file.

    Raises:
        ConfigurationError: no such format.
    """
    if name not in EXPORTS:
        hint = f"did you mean {nearest(name, FORMATS)!r}? " if nearest(name, FORMATS) else ""
        raise ConfigurationError(
            f"unknown format {name!r}; {hint}known: {', '.join(FORMATS)}", file="book.yaml"
        )
    return EXPORTS[name](timeline, book, mp3_name=mp3_name)


__all__ = ["EXPORTS", "FORMATS", "export"]
