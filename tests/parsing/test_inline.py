from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from narrator.parsing.inline import DEEPEST
from narrator.parsing.markdown import inline_tokens
from narrator.parsing.source import Unreadable

WORDS = ["a", "b c", "é", "\n", "  \n", "\\\n", " ", "\t"]
MARKS = ["*", "**", "_", "`", "``", "[", "]", "](b)", '](b "t")', "](<b>)", "(", ")", "!", "![", "\\[", "\\"]
TAGS = ["<", ">", "<b>", "</b>", "<http://a.b>", "<me@a.b>", "&amp;", "&#65;", "&", "&nope;"]
OURS = ["]{.x}", "{pause=1}", "{", "}", "[^n]", "[^m]", "^[", "<!-- c -->"]


def composed(parts: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=25).map(lambda found: "".join(found).strip())


def shape(tokens: list[Token]) -> list[tuple[str, str]]:
    """Types, and the text of what is text."""
    found: list[tuple[str, str]] = []
    for token in tokens:
        kind = "text" if token.type == "text_special" else token.type
        content = token.content if kind in ("text", "code_inline", "html_inline") else ""
        if kind == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + content)
        elif kind != "text" or content:
            found.append((kind, content))
    return found


@given(composed(WORDS + MARKS + TAGS))
@settings(deadline=None, max_examples=200)
def test_same_as_markdown_it(content: str) -> None:
    """What CommonMark knows is read as markdown-it reads it."""
    # An escaped `!` before a bracket is where brackets matched beforehand could go astray.
    expected = MarkdownIt("commonmark", {"maxNesting": 1000}).parseInline(content)[0].children

    assert shape(inline_tokens(content, {})) == shape(expected or [])


@given(composed(WORDS + MARKS + TAGS + OURS))
@settings(deadline=None, max_examples=200)
def test_places_tile_the_content(content: str) -> None:
    """Every token has its place, in order; only spaces before a line end lie between two."""
    at = 0
    for token in inline_tokens(content, {"footnotes": {"refs": {":n": -1}}}):
        assert token.map is not None
        start, end = token.map
        assert content[at:start].strip(" ") == ""
        assert start <= end
        if token.type == "text":
            assert token.content in ("", content[start:end])
        at = end
    assert content[at:] == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a *b*", ["a ", "*", "b", "*"]),
        ("**a**", ["*", "*", "a", "*", "*"]),
        ("[a *b*]{.x} c", ["[", "a ", "*", "b", "*", "]{.x}", " c"]),
        ("[a [b]{.y}]{.x}", ["[", "a ", "[", "b", "]{.y}", "]{.x}"]),
        ('[a](b "t]") c', ["[", "a", '](b "t]")', " c"]),
        ("[a `]` b]{.x}", ["[", "a ", "`]`", " b", "]{.x}"]),
        ("[a [b](c) d](e)", ["[a ", "[", "b", "](c)", " d](e)"]),
        ("[![p](q) d](e)", ["[", "![p](q)", " d", "](e)"]),
        ("![p](q){width=50%} a", ["![p](q){width=50%}", " a"]),
        ("<http://a.b>", ["<", "http://a.b", ">"]),
        ("a\\\nb &amp; \\*", ["a", "\\\n", "b ", "&amp;", " ", "\\*"]),
        ("a<!-- b\nc -->d", ["a", "<!-- b\nc -->", "d"]),
        ("a[^n]^[b [c](d)]", ["a", "[^n]", "^[b [c](d)]"]),
        ("a {pause=1.5} b", ["a ", "{pause=1.5}", " b"]),
        ("[a]{b c} {TODO}", ["[a]{b c} {TODO}"]),
    ],
)
def test_places(content: str, expected: list[str]) -> None:
    tokens = inline_tokens(content, {"footnotes": {"refs": {":n": -1}}})

    assert [content[slice(*(token.map or ()))] for token in tokens] == expected


def test_references() -> None:
    """Full, collapsed and shortcut references; what is not defined is text."""
    env = {"references": {"R": {"href": "x", "title": "", "map": [0, 1]}}}
    content = "[a][r] [r][] [r] [s] [a][s] ![p][r]"
    tokens = inline_tokens(content, env)

    assert [content[slice(*(token.map or ()))] for token in tokens] == (
        ["[", "a", "][r]", " ", "[", "r", "][]", " ", "[", "r", "]", " [s] [a][s] ", "![p][r]"]
    )


def test_failed_address_loses_nothing() -> None:
    """Brackets whose address turns out to be none may still refer, and what was tried stays text."""
    env = {"references": {"R": {"href": "x", "title": "", "map": [0, 1]}}}

    assert shape(inline_tokens("[r](\\[](", env)) == [
        ("link_open", ""),
        ("text", "r"),
        ("link_close", ""),
        ("text", "([]("),
    ]


def test_open_comment() -> None:
    """It would be read aloud."""
    with pytest.raises(Unreadable, match="comment") as caught:
        inline_tokens("a <!-- b", {})

    assert caught.value.at == 2


def test_spans_too_deep() -> None:
    """A bound, rather than a RecursionError."""
    depth = DEEPEST + 2
    with pytest.raises(Unreadable, match="deep"):
        inline_tokens("[" * depth + "a" + "]{.x}" * depth, {})
    assert inline_tokens("[" * DEEPEST + "a" + "]{.x}" * DEEPEST, {})


@pytest.mark.parametrize(
    "unit", ["[", "]", "![", "^[", "[[a](b", "`", "*a ", "_a_", "<", "<a ", "<!x ", "{", "{a=", "&"]
)
def test_many_of_them(unit: str) -> None:
    """Brackets and marks in their thousands take no time that grows with their square, and no recursion."""
    content = unit * 10_000

    tokens = inline_tokens(content, {"footnotes": {"refs": {":n": -1}}})

    assert "".join(content[slice(*(token.map or ()))] for token in tokens) == content.rstrip(" ") + (
        " " if content.endswith(" ") else ""
    )
