"""SubRip captions (.srt): the captions of the .vtt without its inner times.

A role other than the narrator is named before the first caption of each of its utterances: prose needs
no name, and a name on every line is noise. SubRip has no escape, and players read `<...>` and `{...}` as
formatting and drop what is inside, so these four characters are written as their nearest harmless kin.
"""

from __future__ import annotations

from narrator.book import Book
from narrator.exports.captions import captions, clock
from narrator.timeline import Timeline, milliseconds

HARMLESS = str.maketrans("<>{}", "‹›()")


def write_srt(timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """See `Export`. The format has no place for the book's facts or the file's name."""
    del book, mp3_name
    blocks = []
    for number, caption in enumerate(captions(timeline, milliseconds), start=1):
        start, end = clock(caption.start_tick, point=","), clock(caption.end_tick, point=",")
        text = "\n".join(caption.plain_lines()).translate(HARMLESS)
        blocks.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(blocks)
