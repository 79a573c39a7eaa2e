"""Lyrics (.lrc): one timed line a caption, for players that scroll text along with the sound.

Plain line times only: players that do not know the word times of "enhanced" LRC show them as text, and
the .vtt and .json have them. Hundredths of a second, strictly rising, because some players take two
lines at one time for a text and its translation. Square and angle brackets inside the text would be read
as times or tags, so they are written as their nearest harmless kin. A last, empty line ends the text.
Where lines begin at a word whose time is estimated, the tag `times`, which players pass over, says how many.
"""

from __future__ import annotations

from narrator.book import Book
from narrator.exports.base import one_line
from narrator.exports.captions import captions
from narrator.timeline import Timeline, centiseconds, seconds

HARMLESS = str.maketrans("[]<>", "()‹›")


def write_lrc(timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """See `Export`. Players find the file by its name, so the MP3's is not in it."""
    del mp3_name
    minutes, whole = divmod(seconds(timeline.samples, timeline.rate), 60)
    lines = [
        f"[ti:{_plain(timeline.title)}]",
        f"[ar:{_plain(book.author)}]",
        f"[al:{_plain(book.title)}]",
        f"[length:{minutes:02d}:{whole:02d}]",
    ]
    timed = list(captions(timeline, centiseconds))
    if guessed := sum(caption.estimated and not caption.opens for caption in timed):
        lines.append(f"[times:estimated for {guessed} of {len(timed)} lines]")
    lines += [f"[{_clock(caption.start_tick)}]{_plain(' '.join(caption.plain_lines()))}" for caption in timed]
    if timed:
        lines.append(f"[{_clock(timed[-1].end_tick)}]")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return one_line(text).translate(HARMLESS)


def _clock(hundredths: int) -> str:
    whole, hundredths = divmod(hundredths, 100)
    minutes, whole = divmod(whole, 60)
    return f"{minutes:02d}:{whole:02d}.{hundredths:02d}"
