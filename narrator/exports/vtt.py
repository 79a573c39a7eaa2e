"""WebVTT captions (.vtt) with the role of each cue and the time of each word inside it.

Where word times are estimated, the comment at its head says in how many cues.

Kept to (W3C WebVTT): a cue's text holds no `-->` and no bare `&` or `<`; inner timestamps are greater
than the cue's start, less than its end, and rise. A word that begins with its cue needs none.
"""

from __future__ import annotations

from narrator.book import Book
from narrator.exports.base import one_line
from narrator.exports.captions import Caption, captions, clock
from narrator.timeline import Timeline, milliseconds


def write_vtt(timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """See `Export`."""
    cues = list(captions(timeline, milliseconds))
    note = [f"{book.title}: {timeline.title}", book.author, f"language {book.language}", mp3_name]
    if guessed := sum(caption.estimated for caption in cues):
        note.append(f"word times are estimated in {guessed} of {len(cues)} cues")
    blocks = ["WEBVTT", "\n".join(["NOTE", *(_comment(line) for line in note)])]
    blocks += [_cue(caption, timeline.rate) for caption in cues]
    return "\n\n".join(blocks) + "\n"


def _comment(line: str) -> str:
    """A line of a comment: the spec forbids `-->` in one, and an empty line would end it."""
    return one_line(line).replace("-->", "→") or "-"


def _cue(caption: Caption, rate: int) -> str:
    start, end = clock(caption.start_tick, point="."), clock(caption.end_tick, point=".")
    identifier = _comment(caption.id)
    return f"{identifier}\n{start} --> {end}\n<v {_escaped(caption.role)}>{_words(caption, rate)}</v>"


def _words(caption: Caption, rate: int) -> str:
    last_ms = caption.start_tick
    parts: list[str] = []
    for number, line in enumerate(caption.lines):
        for index, token in enumerate(line):
            if index:
                parts.append("" if token.glued else " ")
            elif number:
                parts.append("\n")
            ms = milliseconds(token.sample, rate)
            if token.timed and last_ms < ms < caption.end_tick:
                parts.append(f"<{clock(ms, point='.')}>")
                last_ms = ms
            parts.append(_escaped(token.text))
    return "".join(parts)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
