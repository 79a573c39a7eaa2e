"""What a listener's player shows, read back by mutagen and, where it is installed, by FFmpeg."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3

from narrator.audio.mp3 import Mp3Writer, decode
from narrator.audio.tags import clean, id3_tag
from narrator.book import Book
from narrator.timeline import Placement, ScenePlacement, Timeline

RATE = 44_100
BOOK = Book(
    title="The Lamp",
    subtitle="A story of light",
    author="Ann Ó Author",
    narrator="Mara & the others",
    language="pt-BR",
    publisher="Small Press",
    year=2026,
    isbn="978-3-16-148410-0",
    series="Lights, 2",
)


def placement(voice: str) -> Placement:
    return Placement(
        utterance_id="c01-u001",
        role="narrator",
        voice=voice,
        text="Hello.",
        direction=None,
        scene=0,
        paragraph=0,
        heading=False,
        take_key="",
        take_id="",
        take_rate=RATE,
        take_start_sample=0,
        take_end_sample=RATE,
        start_sample=0,
        end_sample=RATE,
        words=(),
        word_source="engine",
    )


def timeline(
    title: str = "The Keeper",
    scenes: Sequence[str] = ("One", "Two"),
    voices: Sequence[str] = ("espeak/en-US", "espeak/en-GB", "espeak/en-US"),
) -> Timeline:
    """Scenes of 1.5 s each."""
    length = RATE * 3 // 2
    return Timeline(
        number=1,
        title=title,
        rate=RATE,
        samples=length * len(scenes),
        scenes=tuple(
            ScenePlacement(title=scene, start_sample=i * length, end_sample=(i + 1) * length)
            for i, scene in enumerate(scenes)
        ),
        placements=tuple(placement(voice) for voice in voices),
    )


def read(tag: bytes) -> Any:
    """The tag as mutagen reads it, in its own terms (TYER shows as TDRC)."""
    from_bytes: Any = ID3
    return from_bytes(io.BytesIO(tag))


def texts(tag: bytes) -> dict[str, str]:
    return {key: str(frame) for key, frame in read(tag).items() if key[0] == "T"}


def test_everything_a_shelf_asks_for() -> None:
    tag = id3_tag(BOOK, timeline(), track=3, of=12)

    assert texts(tag) == {
        "TIT2": "The Keeper",
        "TIT3": "A story of light",
        "TALB": "The Lamp",
        "TPE1": "Ann Ó Author",
        "TPE2": "Ann Ó Author",
        "TCOM": "Mara & the others",
        "TXXX:NARRATOR": "Mara & the others",
        "TXXX:SERIES": "Lights, 2",
        "TXXX:ISBN": "978-3-16-148410-0",
        "TXXX:AI-VOICE": "espeak/en-GB, espeak/en-US",
        "TPUB": "Small Press",
        "TDRC": "2026",
        "TLAN": "por",
        "TRCK": "3/12",
        "TCON": "Audiobook",
        "TSSE": f"narrator {version('narrator')}",
    }
    assert read(tag).version == (2, 3, 0)


def test_what_the_book_does_not_say_is_left_out() -> None:
    book = Book(title="T", author="A", language="x-elvish")

    assert set(texts(id3_tag(book, timeline(), track=1, of=1))) == {
        *("TIT2", "TALB", "TPE1", "TPE2", "TRCK", "TCON", "TSSE", "TXXX:AI-VOICE"),
    }


def test_it_says_in_plain_words_that_no_person_reads() -> None:
    (comment,) = read(id3_tag(BOOK, timeline(), track=1, of=1)).getall("COMM")

    assert str(comment) == (
        "Read by synthetic (AI-generated) voices, not by a person: espeak/en-GB, espeak/en-US."
    )


def test_it_says_nothing_of_people_that_are_heard() -> None:
    """Who speaks in a recording that was brought in is not narrator's to say."""
    own = timeline(voices=["recording/own"])
    mixed = timeline(voices=["recording/own", "espeak/en-US"])

    assert "TXXX:AI-VOICE" not in texts(id3_tag(BOOK, own, track=1, of=1))
    assert read(id3_tag(BOOK, own, track=1, of=1)).getall("COMM") == []
    assert texts(id3_tag(BOOK, mixed, track=1, of=1))["TXXX:AI-VOICE"] == "espeak/en-US"
    (comment,) = read(id3_tag(BOOK, mixed, track=1, of=1)).getall("COMM")
    assert str(comment) == (
        "Read in part by synthetic (AI-generated) voices: espeak/en-US; other lines were brought in."
    )


def test_the_cover_is_there_as_it_is() -> None:
    cover = bytes(range(256)) * 1000
    (picture,) = read(id3_tag(BOOK, timeline(), track=1, of=1, cover=cover, mime="image/png")).getall("APIC")

    assert (picture.data, picture.mime, int(picture.type)) == (cover, "image/png", 3)


def test_scenes_are_chapters() -> None:
    """Times in milliseconds, in the order they are heard, all of them in the table of contents."""
    scenes = ("One", "", "Łódź " * 50, "x" * 300)
    tag = read(id3_tag(BOOK, timeline(scenes=scenes), track=1, of=1))
    chapters = tag.getall("CHAP")
    (contents,) = tag.getall("CTOC")

    assert [(c.start_time, c.end_time) for c in chapters] == [
        (0, 1500),
        (1500, 3000),
        (3000, 4500),
        (4500, 6000),
    ]
    assert [str(c.sub_frames["TIT2"]) for c in chapters] == [
        "One",
        "The Keeper (2)",
        ("Łódź " * 50).strip(),
        "x" * 300,
    ]
    assert contents.child_element_ids == [c.element_id for c in chapters]
    assert int(contents.flags) == 3


def test_more_scenes_than_one_table_holds() -> None:
    scenes = [f"Scene {n}" for n in range(600)]
    tag = read(id3_tag(BOOK, timeline(scenes=scenes), track=1, of=1))
    tables = {table.element_id: table.child_element_ids for table in tag.getall("CTOC")}
    chapters = {chapter.element_id for chapter in tag.getall("CHAP")}

    assert len(chapters) == 600
    assert [len(tables[part]) for part in tables["contents"]] == [255, 255, 90]
    assert {child for part in tables["contents"] for child in tables[part]} == chapters


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ('He said "don\'t" / \\ ; <b>', 'He said "don\'t" / \\ ; <b>'),
        ("👩‍👩‍👧 family 🏳️‍🌈", "👩‍👩‍👧 family 🏳️‍🌈"),
        ("שלום עולם, the \u202ereversed\u202c text", "שלום עולם, the \u202ereversed\u202c text"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("nul\x00bell\x07next\x85line\u2028end", "nul bell next line end"),
        ("\ufeffwith a mark", "with a mark"),
        ("half a \ud83d pair", "half a \ufffd pair"),
        ("灯台" * 5000, "灯台" * 5000),
        ("  spaces   galore ", "spaces galore"),
    ],
)
def test_awkward_titles(title: str, shown: str) -> None:
    tag = read(id3_tag(BOOK, timeline(title, scenes=[title]), track=1, of=1))

    assert str(tag["TIT2"]) == shown
    assert str(tag["CHAP:scene-1"].sub_frames["TIT2"]) == shown


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_title_survives_or_is_cleaned(title: str) -> None:
    """Whatever a title holds, the tag can be read and says what `clean` says."""
    tag = read(id3_tag(BOOK, timeline(title, scenes=["a", "b"]), track=1, of=1))

    assert str(tag.get("TIT2", "")) == clean(title)
    assert len(tag.getall("CHAP")) == 2
    assert str(tag["TALB"]) == BOOK.title


def test_the_same_bytes_each_time() -> None:
    first, second = (id3_tag(BOOK, timeline(), track=1, of=2, cover=b"x", mime="image/png") for _ in range(2))

    assert first == second


def test_a_large_tag_in_front_does_not_disturb_the_sound(tmp_path: Path) -> None:
    tag = id3_tag(BOOK, timeline(), track=1, of=1, cover=bytes(range(256)) * 12_000, mime="image/jpeg")
    with (tmp_path / "a.mp3").open("wb") as file, Mp3Writer(file, tag=tag) as mp3:
        mp3.write(np.full(50_000, 1000, np.int16))

    assert sum(map(len, decode(tmp_path / "a.mp3"))) == 50_000


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs ffprobe")
def test_ffprobe_reads_the_same(tmp_path: Path) -> None:
    scenes = ("One", "x" * 300, "Łódź " * 50 + "🏮")
    with (tmp_path / "a.mp3").open("w+b") as file:
        tag = id3_tag(BOOK, timeline(scenes=scenes), track=3, of=12)
        with Mp3Writer(file, tag=tag) as mp3:
            mp3.write(np.zeros(RATE * 9 // 2, np.int16))
    command = ["ffprobe", "-v", "error", "-show_format", "-show_chapters", "-of", "json"]
    seen = json.loads(subprocess.run([*command, tmp_path / "a.mp3"], capture_output=True, check=True).stdout)

    assert [(c["start"], c["end"], c["tags"]["title"]) for c in seen["chapters"]] == [
        (0, 1500, scenes[0]),
        (1500, 3000, scenes[1]),
        (3000, 4500, scenes[2]),
    ]
    assert seen["format"]["tags"] == {
        "title": "The Keeper",
        "TIT3": "A story of light",
        "album": "The Lamp",
        "artist": "Ann Ó Author",
        "album_artist": "Ann Ó Author",
        "composer": "Mara & the others",
        "publisher": "Small Press",
        "date": "2026",
        "language": "por",
        "track": "3/12",
        "genre": "Audiobook",
        "encoder": f"narrator {version('narrator')}",
        "NARRATOR": "Mara & the others",
        "SERIES": "Lights, 2",
        "ISBN": "978-3-16-148410-0",
        "AI-VOICE": "espeak/en-GB, espeak/en-US",
        "comment": "Read by synthetic (AI-generated) voices, not by a person: espeak/en-GB, espeak/en-US.",
    }
