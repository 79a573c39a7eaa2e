"""Whatever is written, it is read whole or refused."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from narrator.coverage import prove
from narrator.errors import NarratorError
from narrator.parsing import Source, read_manuscript
from tests.parsing.reading import CAST

BLOCKS = [
    "# ",
    "## ",
    "***",
    "---",
    "===",
    "> ",
    "- ",
    "1. ",
    "1984. ",
    "\n# T\n",
    "\n===\n",
    "\n---\n",
    "    ",
    "\t",
]
INLINE = [
    "*",
    "**",
    "_",
    "`",
    "``",
    "[",
    "]",
    "(",
    ")",
    "](",
    "](<http://a>)",
    "![",
    "{",
    "}",
    "\\",
    "\\*",
    "<b>",
    "<br>",
]
NOTES = [
    "[^1]",
    "\n\n[^1]: note\n",
    "^[",
    "\n\n[x]: http://a.b\n\n",
    "[x]",
    "<http://x.y>",
    "<!-- c -->",
    "<!-- a\n\nb -->",
]
OURS = [
    "]{.mara}",
    '[a]{say="b"}',
    "]{guide=a/b.wav}",
    '[“A. b.” C.]{.mara guide="a.wav"}',
    "{pause=1}",
    "{.silent}\n",
    "\n{.mara}\nx",
    "MARA: ",
    "MARA (low): ",
    "**MARA:** ",
    "Mara",
]
SKIPPED = ["\n\n```\ncode\n```\n", "\n\n| a | b |\n|---|---|\n", "\n\n<div>\n", "![p](q){width=5%}", "<?x?>"]
WORDS = [
    "word",
    "Two words.",
    "Stop!",
    "…",
    "e.g. ",
    "日本。",
    "🎉",
    "e\u0301",
    "1",
    "a",
    "…",
    "“",
    "”",
    '"',
    "'",
    "«",
    "»",
]
SPACES = [
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "  \n",
    "\\\n",
    "\u00a0",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\x0b",
    "\x1c",
    "\x85",
]
ENTITIES = ["&amp;", "&nbsp;", "&#10;", "&#x22;", "&foo;", "&#0;", "&#128;", "&fjlig;", "&"]

ANYTHING = BLOCKS + INLINE + NOTES + OURS + SKIPPED + WORDS * 2 + SPACES * 2 + ENTITIES


@given(
    st.lists(st.sampled_from(ANYTHING), max_size=40).map("".join),
    st.sampled_from(["", "# T\n\n", "\ufeff# T\r\n\r\n", "---\ntitle: t\n---\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=250)
def test_nothing_is_lost(text: str, before: str, read_notes: bool) -> None:
    """Reading either names what is wrong, or accounts for every character."""
    sources = [Source("manuscript/01.md", before + text)]
    try:
        manuscript = read_manuscript(sources, cast=CAST, footnotes="read" if read_notes else "skip")
    except NarratorError:
        return
    coverage = prove(manuscript, sources)

    assert coverage.missing == ()
    assert "".join(piece.source for piece in manuscript.files[0].pieces) == before + text
    assert coverage.spoken + coverage.markup + sum(count for _, count in coverage.skipped) == len(
        before + text
    )
    guided = sum(u.guide is not None for chapter in manuscript.chapters for u in chapter.utterances)
    spans = sum("guide=" in p.source for p in manuscript.files[0].pieces if p.source.startswith("]{"))
    assert guided == spans or (guided < spans and "silent" in dict(coverage.skipped))
    for chapter in manuscript.chapters:
        for utterance in chapter.utterances:
            assert utterance.text == " ".join(utterance.text.split())
            assert any(char.isalnum() for char in utterance.text)
            assert all(0 <= mark.start <= mark.end <= len(utterance.text) for mark in utterance.marks)


class Words(HTMLParser):
    """The text of an HTML page, paragraphs apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.text += " " if tag in ("p", "br") else ""

    def handle_data(self, data: str) -> None:
        self.text += data


PLAIN = [
    "*",
    "**",
    "_",
    "`",
    "``",
    "[",
    "](http://a.b)",
    "\\*",
    "\\q",
    "&amp;",
    "&nbsp;",
    "&x;",
    "<http://x.y>",
    "é",
    "word",
    "Two.",
]


@given(
    st.lists(
        st.sampled_from([*PLAIN, " ", "\n", "\n\n", "  \n", "\\\n", "“", "”", "…", "!", "a", "B"]),
        max_size=30,
    )
    .map("".join)
    .filter(lambda text: "```" not in text and "![" not in text)
)
@settings(deadline=None, max_examples=200)
def test_same_words_as_html(text: str) -> None:
    """What is spoken is what a browser would show of the same Markdown."""
    text = f"First {text} last"
    page = Words()
    page.feed(MarkdownIt("commonmark").render(text))
    manuscript = read_manuscript([Source("a.md", text)], cast=CAST)
    spoken = " ".join(u.text for chapter in manuscript.chapters for u in chapter.utterances)
    skipped = {piece.detail for piece in manuscript.files[0].pieces if piece.kind == "skip"}

    assert skipped <= {"no words"}
    if not skipped:
        assert "".join(spoken.split()) == "".join(page.text.split())


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "[",
        "[a]{.mara} ",
        "[a]{guide=b/c.wav} ",
        "> ",
        "- ",
        "1. ",
        "*a* ",
        "MARA: a\n",
        "> a\n",
        "- a\n",
        "“a ",
        "{pause=1} ",
        "a\r\n",
        "&amp;",
    ],
)
def test_a_great_many(unit: str) -> None:
    """Thousands of anything are read in a moment, or refused."""
    sources = [Source("a.md", "First.\n\n" + unit * (20_000 // len(unit)))]
    try:
        manuscript = read_manuscript(sources, cast=CAST)
    except NarratorError:
        return

    prove(manuscript, sources)


@pytest.mark.parametrize("unit", ["> ", "- ", "1) ", "> - "])
def test_nested_too_deep(unit: str) -> None:
    """What Markdown leaves unread is not lost in silence: the proof names its line."""
    sources = [Source("a.md", f"First.\n\n{unit * 150}Deep down.\n")]
    coverage = prove(read_manuscript(sources, cast=CAST), sources)

    assert not coverage.complete
    assert {(loss.file, loss.line) for loss in coverage.missing} == {("a.md", 3)}
    assert any("Deep down." in loss.text for loss in coverage.missing)


@pytest.mark.parametrize("unit", ["> ", "- ", "1) ", "> - "])
def test_nested_deep(unit: str) -> None:
    """Forty levels are read."""
    sources = [Source("a.md", f"{unit * (40 // len(unit.split()))}Deep down.\n")]
    manuscript = read_manuscript(sources, cast=CAST)

    assert prove(manuscript, sources).complete
    assert manuscript.chapters[0].utterances[0].text == "Deep down."
