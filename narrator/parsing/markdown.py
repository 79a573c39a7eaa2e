"""markdown-it's block rules, wrapped so that every block knows exactly where it begins.

markdown-it knows a block's lines only; `token.meta["start"]` is its first character, behind the quote
marks, bullets and indentation of what it is in. Inside a block, `inline` takes over.

What differs from CommonMark, and why:

- indented code is off: writers indent paragraphs;
- `---` under a paragraph is a scene break, never a heading: dropping a scene into a title by
  leaving out a blank line would cost the reader the text. `===` is a heading, as it means nothing else;
- a list that begins at a number other than 0 or 1 keeps its numbers as words, `1984. What a year.`,
  and so does an item that has nothing else, `1984.`;
- a link definition must point at something like an address: `[Mara]: no` is prose;
- a comment ends at `-->`, and what follows it on the line is read;
- a comment, code or raw HTML block that is never closed is an error, where CommonMark takes the
  rest of the book.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.rules_block import (
    StateBlock,
    fence,
    heading,
    hr,
    html_block,
    lheading,
    paragraph,
    reference,
    table,
)
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def
from mdit_py_plugins.front_matter import front_matter_plugin

from narrator.parsing.attributes import find_attributes
from narrator.parsing.comments import block_comment
from narrator.parsing.inline import PlacedInline
from narrator.parsing.source import Unreadable

DEEPEST = 100
"""Levels of quotes and lists in each other (an item counts twice). Deeper text is left unread, which
the proof of coverage reports."""

_ADDRESS = re.compile(r"[#/<]|\w[@:./#]+\w")
# Its plugin would also take `--- words`, and a rule inside a list on the first line.
_FRONT_MATTER = re.compile(r"---[ \t]*\n")
_OPEN_FRONT_MATTER = re.compile(r"---[ \t]*\n\s*(?:title|direction|speed|silent)[ \t]*:")
_UNDERLINE = re.compile(r"=[ \t]*$", re.MULTILINE)
_NEVER_CLOSED = {
    "<script": "</script>",
    "<style": "</style>",
    "<pre": "</pre>",
    "<textarea": "</textarea>",
    "<?": "?>",
    "<![cdata[": "]]>",
    "<!": ">",
}
BlockRule = Callable[[StateBlock, int, int, bool], bool]
Env = dict[str, Any]
"""What one page's blocks tell its inline rules: `references` and `footnotes` as markdown-it and its
plugin keep them; `stray`, labels of footnotes that are referred to and not defined."""


def block_tokens(text: str) -> tuple[list[Token], Env]:
    """The block tokens of a page; the contents of `inline` tokens are not parsed yet.

    Raises:
        Unreadable: something is opened and never closed.
    """
    env: Env = {"setext": _UNDERLINE.search(text) is not None}
    tokens: list[Token] = []
    markdown = _markdown(front_matter=_FRONT_MATTER.match(text) is not None)
    markdown.block.parse(text, markdown, env, tokens)
    if _OPEN_FRONT_MATTER.match(text) and tokens[0].type != "front_matter":
        raise Unreadable("front matter opens here and is never closed; end it with a line of `---`", 0)
    return tokens, env


def inline_tokens(content: str, env: Env) -> list[Token]:
    """The tokens of a content, each with its place in the content as `map`.

    Raises:
        Unreadable: `at` is an offset in the content.
    """
    markdown = _markdown(front_matter=False)
    return cast(PlacedInline, markdown.inline).read(content, markdown, env)


@cache
def _markdown(*, front_matter: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": DEEPEST, "inline_definitions": True})
    markdown.enable("table").disable("code")
    markdown.use(footnote_plugin, move_to_end=False)
    if front_matter:
        markdown.use(front_matter_plugin)
    markdown.inline = PlacedInline()
    ruler = markdown.block.ruler
    everything = ["paragraph", "reference", "blockquote", "list"]
    ruler.at("table", _placed(table), {"alt": ["paragraph", "reference"]})
    ruler.at("fence", _placed(_closed_fence), {"alt": everything})
    ruler.at("hr", _placed(hr), {"alt": everything})
    ruler.at("footnote_def", _placed(footnote_def), {"alt": ["paragraph", "reference"]})
    ruler.at("reference", _placed(_definition))
    ruler.at("html_block", _placed(_closed_html), {"alt": everything[:3]})
    ruler.at("heading", _placed(heading), {"alt": everything[:3]})
    ruler.at("lheading", _placed(_underlined))
    ruler.at("paragraph", _placed(paragraph))
    ruler.before("html_block", "comment", block_comment, {"alt": everything[:3]})
    ruler.before("table", "attributes", _attributes)
    return markdown


def _placed(rule: BlockRule) -> BlockRule:
    """*rule*, with `meta["start"]` of the first token it pushes saying where its block begins."""

    def placed(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if silent:
            return rule(state, start, end, silent)
        at = state.bMarks[start] + state.tShift[start]
        first = len(state.tokens)
        if not rule(state, start, end, silent):
            return False
        state.tokens[first].meta["start"] = at
        return True

    return placed


def _closed_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not fence(state, start, end, silent):
        return False
    if not silent:
        token, last = state.tokens[-1], state.line - 1
        closing = state.src[state.bMarks[last] + state.tShift[last] : state.eMarks[last]].strip()
        if last == start or not closing.startswith(token.markup) or closing.strip(token.markup[0]):
            raise Unreadable(
                f"a block of code opens here with {token.markup} and is never closed;"
                " close it, or write *** if it is a scene break",
                state.bMarks[start] + state.tShift[start],
            )
    return True


def _closed_html(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    if state.src.startswith("<!--", at) or not html_block(state, start, end, silent):
        return False
    if not silent:
        written = state.tokens[-1].content.lower()
        head = written.lstrip()
        for opening, closing in _NEVER_CLOSED.items():
            if head.startswith(opening):
                if closing not in written:
                    raise Unreadable(f"{opening} opens here and is never closed by {closing}", at)
                break
    return True


def _underlined(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A heading underlined with `=`."""
    if not state.env["setext"]:
        return False
    parent, first, line = state.parentType, len(state.tokens), state.line
    found = lheading(state, start, end, silent)
    if found and state.tokens[first].markup == "-":
        del state.tokens[first:]
        state.line = line
        found = False
    # lheading leaves its own mark on the state where it finds nothing.
    state.parentType = parent
    return found


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A link definition whose target looks like an address."""
    line, first = state.line, len(state.tokens)
    if not reference(state, start, end, silent):
        return False
    token = state.tokens[first]
    if _ADDRESS.search(token.meta["url"]):
        return True
    if state.env["references"][token.meta["id"]]["map"] == token.map:
        del state.env["references"][token.meta["id"]]
    del state.tokens[first:]
    state.line = line
    return False


def _attributes(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: ARG001
    """A line that is `{...}` and nothing else, at the beginning of a block."""
    at = state.bMarks[start] + state.tShift[start]
    if silent or not state.src.startswith("{", at):
        return False
    last = state.skipSpacesBack(state.eMarks[start], at)
    attributes = find_attributes(state.src, at, last)
    if attributes is None or attributes[0] != last:
        return False
    token = state.push("attributes", "", 0)
    token.meta |= {"start": at, "end": last, "found": attributes[1]}
    state.line = start + 1
    return True
