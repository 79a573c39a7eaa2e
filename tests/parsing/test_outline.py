"""What is a block, and where CommonMark is not followed (see `parsing.markdown`)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import NarratorError
from narrator.parsing.outline import outline
from narrator.parsing.source import Page, Source, Unreadable
from tests.parsing.reading import pieces, read, said


def blocks(text: str) -> list[tuple[str, str]]:
    """Kind and text of every block of a page."""
    page = Page(Source("a.md", text))
    return [
        (block.kind, page.text[block.start : block.end])
        for block in outline(page).blocks
        if block.kind not in ("open", "close")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    An indented paragraph.", [("paragraph", "An indented paragraph.")]),
        ("\tTab.\n\tMore.", [("paragraph", "Tab.\n\tMore.")]),
        ("Prose\n---\nMore", [("paragraph", "Prose"), ("break", "---"), ("paragraph", "More")]),
        ("Prose\n--\nMore", [("paragraph", "Prose\n--\nMore")]),
        ("Title\n=====", [("heading", "Title")]),
        ("> - a\n>   b\n> - c", [("paragraph", "a\n>   b"), ("paragraph", "c")]),
        ("* * *", [("break", "* * *")]),
        ("- ***", [("break", "***")]),
        ("###### Six ##", [("heading", "Six")]),
        ("#No heading", [("paragraph", "#No heading")]),
        ("{.x}\nText", [("attributes", "{.x}"), ("paragraph", "Text")]),
        ("Text\n{.x}", [("paragraph", "Text\n{.x}")]),
        ("{.x} Text", [("paragraph", "{.x} Text")]),
        ("<!-- a\n\nb --> Text", [("skip", "<!-- a\n\nb -->"), ("paragraph", "Text")]),
        ("<!-- a --> Text", [("paragraph", "<!-- a --> Text")]),
        ("Text\n<!-- a -->\nMore", [("paragraph", "Text"), ("skip", "<!-- a -->"), ("paragraph", "More")]),
        ("> <!-- a\n> b -->\n> Text", [("skip", "<!-- a\n> b -->"), ("paragraph", "Text")]),
        ("[a]: http://b.c\n", [("markup", "[a]: http://b.c")]),
        ("[Mara]: no\n", [("paragraph", "[Mara]: no")]),
        ("[Mara]: No! Never.\n", [("paragraph", "[Mara]: No! Never.")]),
        ("--- words\n\nmore", [("paragraph", "--- words"), ("paragraph", "more")]),
        ("- ---\n\nb\n\n---", [("break", "- ---"), ("paragraph", "b"), ("break", "---")]),
        ("---\ntitle: x\n---\nText", [("front matter", "---\ntitle: x\n---"), ("paragraph", "Text")]),
        ("\u00a0\nText", [("paragraph", "Text")]),
        ("\x85a\n\u00a0", [("paragraph", "\x85a")]),
    ],
)
def test_blocks(text: str, expected: list[tuple[str, str]]) -> None:
    assert blocks(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("Text\n\n```\ncode", 6, "never closed"),
        ("Text\n\n~~~\n\nA scene, and no break after it.", 6, r"write \*\*\*"),
        ("- ```\ncode", 2, "never closed"),
        ("<!-- a\n\nb", 0, "comment"),
        ("<script>\nlet a", 0, "</script>"),
        ("<?php a", 0, r"\?>"),
        ("---\ntitle: x\n\nText.", 0, "front matter"),
    ],
)
def test_never_closed(text: str, at: int, words: str) -> None:
    """What would swallow the rest of the book is an error instead."""
    with pytest.raises(Unreadable, match=words) as caught:
        outline(Page(Source("a.md", text)))

    assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1984. What a year.", ["1984.", "What a year."]),
        ("1984.\n\nWhat a year.", ["1984.", "What a year."]),
        ("3. Third\n4. Fourth", ["3.", "Third", "4.", "Fourth"]),
        ("1. First\n2. Second", ["First", "Second"]),
        ("0. Zero", ["Zero"]),
        ("1.\n\nAnd so it began.", ["1.", "And so it began."]),
        ("7. > quoted", ["7.", "quoted"]),
        ("7. - a", ["7.", "a"]),
        ("2) two", ["2) two"]),
        ("- 7. 1. One", ["7.", "One"]),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    """A number that does not count a list is text, and is heard."""
    assert said(text) == expected


def test_places_in_containers() -> None:
    """Quote marks, bullets and indentation belong to no words."""
    text = "> - One *two*\r\n>   three\r\n>\r\n>\t10) four\r\n"

    assert pieces(text) == [
        ("markup", "quote mark", "> "),
        ("markup", "list bullet", "-"),
        ("spoken", "", "One "),
        ("markup", "emphasis", "*"),
        ("spoken", "", "two"),
        ("markup", "emphasis", "*"),
        ("spoken", "", "\r\n"),
        ("markup", "quote mark", ">   "),
        ("spoken", "", "three"),
        ("markup", "quote mark", ">\r\n"[:1]),
        ("markup", "quote mark", ">\t"),
        ("spoken", "", "10) four"),
    ]


LINES = [
    "word",
    "two words",
    "\u00a0",
    "> ",
    ">",
    "- ",
    "1. ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "# ",
    "***",
    "*a*",
]


@given(st.lists(st.sampled_from(LINES), max_size=30).map("".join))
@settings(deadline=None, max_examples=200)
def test_containers_lose_nothing(text: str) -> None:
    """However quotes, lists, tabs and odd spaces are mixed, every word is read once."""
    try:
        manuscript = read(f"First\n\n{text}")
    except NarratorError as error:
        assert "this heading has no title" in str(error) or "nothing is spoken" in str(error)  # noqa: PT017
        return
    spoken = " ".join(u.text for chapter in manuscript.chapters for u in chapter.utterances)

    assert sum(spoken.count(word) for word in ("word",)) == text.count("word")
