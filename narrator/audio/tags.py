"""The ID3 tag of a chapter: what players, shops and shelves show.

ID3v2.3, because that is what everything reads: Windows, car radios and older players know nothing of
2.4, and FFmpeg reads the lengths inside a chapter frame (CHAP) as plain numbers, as 2.3 writes them,
so that chapter titles beyond 127 bytes are lost in 2.4. Text is ASCII where it can be, else UTF-16.
The tag goes in front of the frames and is never rewritten, so it has no padding; the same book and
timeline give the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from narrator.book import Book
from narrator.errors import OutputError
from narrator.takes import OWN
from narrator.timeline import ScenePlacement, Timeline, milliseconds

if TYPE_CHECKING:
    from mutagen.id3 import Frame

_FRONT_COVER = 3
_TOP_LEVEL, _ORDERED = 1, 2
_NO_OFFSET = 0xFFFFFFFF  # CHAP: go by the times, not by byte positions
_MOST_CHILDREN = 255  # CTOC counts them in one byte
_LATIN_1, _UTF_16 = 0, 1
_HEADER_BYTES = 10


def id3_tag(
    book: Book, timeline: Timeline, *, track: int, of: int, cover: bytes | None = None, mime: str = ""
) -> bytes:
    """The tag as bytes, to be put in front of the first MP3 frame.

    Args:
        book: title, author and the other facts of the whole.
        timeline: the chapter's title and scenes.
        track: the chapter's place in the book, from 1.
        of: how many chapters the book has.
        cover: a picture, as it is.
        mime: what kind of picture, e.g. `image/jpeg`.

    Raises:
        OutputError: the picture is too large for a tag.
    """
    frames = [
        *_texts(book, timeline, f"{track}/{of}"),
        *_disclosure(timeline),
        *_chapters(timeline),
    ]
    if cover is not None:
        frames.append(_frame("APIC", encoding=_LATIN_1, mime=mime, type=_FRONT_COVER, desc="", data=cover))
    body = b"".join(_rendered(frame) for frame in frames)
    if len(body) >= 1 << 28:
        raise OutputError("an ID3 tag holds less than 256 MiB: use a smaller cover picture")
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def _rendered(frame: Frame) -> bytes:
    """A frame as bytes. One at a time, because mutagen sorts a tag's frames by length, scenes too."""
    tag, file = _id3().ID3(), io.BytesIO()
    tag.add(frame)
    tag.save(file, v1=0, v2_version=3, padding=lambda _: 0)
    return file.getvalue()[_HEADER_BYTES:]


def _texts(book: Book, timeline: Timeline, position: str) -> Iterator[Frame]:
    """What has a frame of its own, and what the world writes into TXXX."""
    for name, value in (
        ("TIT2", timeline.title),
        ("TIT3", book.subtitle),
        ("TALB", book.title),
        ("TPE1", book.author),
        ("TPE2", book.author),  # the album's artist: players group by it
        ("TCOM", book.narrator),  # where audiobook players look for the reader
        ("TPUB", book.publisher),
        ("TYER", None if book.year is None else f"{book.year:04d}"),
        ("TLAN", _language(book.language)),
        ("TRCK", position),
        ("TCON", "Audiobook"),
        ("TSSE", f"narrator {version('narrator')}"),
    ):
        if value and (text := clean(value)):
            yield _text(name, text)
    for description, value in (
        ("NARRATOR", book.narrator),
        ("SERIES", book.series),
        ("ISBN", book.isbn),
    ):
        if value and (text := clean(value)):
            yield _text("TXXX", text, desc=description)


def _disclosure(timeline: Timeline) -> Iterator[Frame]:
    """That no person reads this: a law in places, a rule of most shops, and fair to the listener."""
    heard = {placement.voice for placement in timeline.placements}
    made = {voice for voice in heard if not voice.startswith(f"{OWN}/")}  # who speaks in those, others know
    if not made:
        return
    voices = clean(", ".join(sorted(made)))
    yield _text("TXXX", voices, desc="AI-VOICE")
    plain = f"Read by synthetic (AI-generated) voices, not by a person: {voices}."
    if made != heard:
        plain = f"Read in part by synthetic (AI-generated) voices: {voices}; other lines were brought in."
    yield _text("COMM", plain, lang="eng", desc="")


def _chapters(timeline: Timeline) -> Iterator[Frame]:
    """A CHAP for each scene, and tables of contents that list them."""
    names = [f"scene-{number}" for number in range(1, len(timeline.scenes) + 1)]
    for number, (name, scene) in enumerate(zip(names, timeline.scenes, strict=True), start=1):
        yield _frame(
            "CHAP",
            element_id=name,
            start_time=milliseconds(scene.start_sample, timeline.rate),
            end_time=milliseconds(scene.end_sample, timeline.rate),
            start_offset=_NO_OFFSET,
            end_offset=_NO_OFFSET,
            sub_frames=[_text("TIT2", _scene_title(scene, timeline, number))],
        )
    if len(names) <= _MOST_CHILDREN:
        if names:
            yield _contents("contents", _TOP_LEVEL | _ORDERED, names)
        return
    parts = [names[i : i + _MOST_CHILDREN] for i in range(0, len(names), _MOST_CHILDREN)]
    tables = [f"contents-{number}" for number in range(1, len(parts) + 1)]
    yield _contents("contents", _TOP_LEVEL | _ORDERED, tables)
    for table, part in zip(tables, parts, strict=True):
        yield _contents(table, _ORDERED, part)


def _contents(name: str, flags: int, children: Sequence[str]) -> Frame:
    return _frame("CTOC", element_id=name, flags=flags, child_element_ids=list(children), sub_frames=[])


def _scene_title(scene: ScenePlacement, timeline: Timeline, number: int) -> str:
    return clean(scene.title) or f"{clean(timeline.title)} ({number})"


def clean(text: str) -> str:
    """Text as one line that ID3 can hold: no control characters (NUL would end it), no lone surrogates."""
    line = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    whole = line.replace("\ufeff", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(" +", " ", whole).strip()


def _language(tag: str) -> str:
    """ISO 639-2, three letters; empty where a language has none."""
    import langcodes  # here, so that a run with nothing to do starts fast

    try:
        return langcodes.Language.get(tag).to_alpha3()
    except (LookupError, ValueError):
        return ""


def _text(name: str, text: str, **fields: str) -> Frame:
    return _frame(name, encoding=_LATIN_1 if text.isascii() else _UTF_16, text=[text], **fields)


def _frame(name: str, **fields: Any) -> Frame:
    frame: Frame = getattr(_id3(), name)(**fields)
    return frame


def _id3() -> Any:
    from mutagen import id3  # here, so that a run with nothing to do starts fast

    return id3
