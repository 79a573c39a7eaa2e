"""Timelines made by hand, for whoever tests what is made of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from narrator.book import Book
from narrator.timeline import PlacedWord, Placement, ScenePlacement, Timeline

RATE = 44_100
BOOK = Book(title="The Keeper's Light", author="Ann Author", year=2026)

AWKWARD = (
    'He said "don\'t" \\ "do"',
    "ends in a backslash\\",
    "two\nlines\r\n\tand a tab",
    "nul \x00 bell \x07 next line \x85 separator \u2028 done",
    "👩‍👩‍👧 family 🏳️‍🌈",
    "שלום עולם, the \u202ereversed\u202c text",
    "a --> b",
    "00:00:01.000 --> 00:00:02.000",
    "<v Mara>&amp; <00:01.000> </v> <i>x</i> {\\an8} & done",
    "[00:12.00] lyrics [ti:no]",
    "</script><img src=x onerror=alert(1)>",
    "word" * 60,
    "灯台守は毎晩その灯をともした。" * 8,
    "—",
    " ",
    "NOTE not a note",
    "WEBVTT",
    "1",
    "STYLE",
)
"""Texts that some format would misread."""


class Said(NamedTuple):
    """An utterance to be laid out."""

    text: str
    role: str = "narrator"
    scene: int = 0
    paragraph: int = 0
    samples: int = RATE
    pause: int = RATE // 4
    """After it, in samples."""
    word_times: bool = True
    measured: bool = True
    """False where the word times are estimated."""


def chapter(
    said: Sequence[Said], *, number: int = 1, title: str = "The Lamp", rate: int = RATE, head: int = RATE // 2
) -> Timeline:
    """*said* one after the other, after *head* samples; words share an utterance's time by their length."""
    placements = []
    at = head
    for index, each in enumerate(said, start=1):
        placements.append(_placement(f"c{number:02d}-u{index:03d}", each, at))
        at += each.samples + each.pause
    return Timeline(
        number=number,
        title=title,
        rate=rate,
        samples=at,
        scenes=_scenes(placements, at),
        placements=tuple(placements),
    )


def _placement(utterance_id: str, said: Said, start: int) -> Placement:
    return Placement(
        utterance_id=utterance_id,
        role=said.role,
        voice=f"espeak/{said.role}",
        text=said.text,
        direction=None,
        scene=said.scene,
        paragraph=said.paragraph,
        heading=False,
        take_key=utterance_id * 8,
        take_id=f"take-{utterance_id}",
        take_rate=22_050,
        take_start_sample=0,
        take_end_sample=said.samples // 2,
        start_sample=start,
        end_sample=start + said.samples,
        words=_words(said, start) if said.word_times else (),
        word_source="engine" if said.word_times and said.measured else "estimated",
    )


def _words(said: Said, start: int) -> tuple[PlacedWord, ...]:
    runs = said.text.split()
    letters = max(sum(map(len, runs)), 1)
    words = []
    before = 0
    for run in runs:
        begin, before = start + said.samples * before // letters, before + len(run)
        if any(character.isalnum() for character in run):
            words.append(PlacedWord(run, begin, start + said.samples * before // letters))
    return tuple(words)


def _scenes(placements: Sequence[Placement], samples: int) -> tuple[ScenePlacement, ...]:
    firsts = {placement.scene: placement.start_sample for placement in reversed(placements)}
    starts = [0, *(firsts[scene] for scene in sorted(firsts)[1:])]
    return tuple(
        ScenePlacement(title="", start_sample=start, end_sample=end)
        for start, end in zip(starts, [*starts[1:], samples], strict=True)
    )


def _said(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Said]:
    return st.builds(
        Said,
        text=texts,
        role=st.sampled_from(["narrator", "Mara", 'Old <Tom> & "Co"']),
        samples=st.integers(0, 400) | st.integers(0, 400_000),
        pause=st.just(0) | st.integers(0, 90_000),
        word_times=st.booleans(),
        measured=st.booleans(),
    )


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Any chapter: awkward texts, utterances of no length, no words, several in one millisecond."""
    texts = st.sampled_from(AWKWARD) | st.text(max_size=120) | st.text("ab cdefg,. ", max_size=400)
    said = draw(st.lists(_said(texts), max_size=12))
    breaks = draw(
        st.lists(st.sampled_from(["", "paragraph", "scene"]), min_size=len(said), max_size=len(said))
    )
    scene = paragraph = 0
    placed = []
    for each, boundary in zip(said, breaks, strict=True):
        paragraph += boundary != ""
        scene += boundary == "scene"
        placed.append(each._replace(scene=scene, paragraph=paragraph))
    rate = draw(st.sampled_from([8_000, 22_050, 44_100, 48_000]))
    title = draw(st.sampled_from(AWKWARD) | st.text(min_size=1, max_size=40))
    return chapter(placed, title=title, rate=rate, head=draw(st.integers(0, 50_000)))
