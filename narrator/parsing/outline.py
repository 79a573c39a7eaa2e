"""The outline of a page: its blocks in order, each with its exact place.

A block's content can be followed back to the page character by character (`Content`), whatever
quote marks, bullets and indentation stand before its lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal, NamedTuple

from markdown_it.token import Token

from narrator.parsing.attributes import Found
from narrator.parsing.markdown import Env, block_tokens, inline_tokens
from narrator.parsing.source import Page

Kind = Literal[
    "paragraph", "heading", "break", "skip", "markup", "front matter", "attributes", "open", "close", "note"
]


class Content(NamedTuple):
    """The inline content of a block: its lines without what stands before them, and where they stand."""

    text: str
    starts: tuple[int, ...]
    """Where each line begins in `text`."""
    shifts: tuple[int, ...]
    """Added to an offset in that line, it gives the offset in the page."""

    def at(self, offset: int) -> int:
        """The place in the page of the character at *offset*."""
        if len(self.starts) == 1:
            return offset + self.shifts[0]
        return offset + self.shifts[bisect_right(self.starts, offset) - 1]

    def part(self, start: int, end: int) -> Content:
        """A stretch of it, as a content of its own."""
        lines = range(bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1))
        return Content(
            self.text[start:end],
            tuple(max(self.starts[line] - start, 0) for line in lines),
            tuple(self.shifts[line] + start for line in lines),
        )


class Block(NamedTuple):
    """One thing of the outline, in the order of the page."""

    kind: Kind
    start: int
    """First character, as an offset in the page's text."""
    end: int
    detail: str = ""
    """`skip`: why. `markup`: what. `note`: the label; the blocks up to its `close` belong to the footnote."""
    content: Content | None = None
    """Of a paragraph or heading."""
    level: int = 0
    """Of a heading."""
    nested: bool = False
    """True inside a quote, a list or a footnote."""
    found: Found | None = None
    """Of a line of attributes."""
    number: tuple[int, int] | None = None
    """Place of a list number that is part of the text."""


class Outline(NamedTuple):
    """A page's blocks, and what the inline parser must know to read their contents."""

    blocks: tuple[Block, ...]
    env: Env

    def tokens(self, content: Content) -> list[Token]:
        """The inline tokens of one content; each has its place in the content as `map`.

        Raises:
            Unreadable: `at` is an offset in the content.
        """
        return inline_tokens(content.text, self.env)


def outline(page: Page) -> Outline:
    """Take a page apart into blocks.

    Raises:
        Unreadable: something is opened and never closed.
    """
    tokens, env = block_tokens(page.text)
    return Outline(tuple(_Outliner(page, tokens).blocks()), env)


_SKIPPED = {"fence": "code", "html_block": "html", "comment": "comment", "table_open": "table"}
_PLAIN: dict[str, tuple[Kind, str]] = {
    "hr": ("break", ""),
    "definition": ("markup", "link definition"),
    "attributes": ("attributes", ""),
    "front_matter": ("front matter", ""),
}
_CONTAINERS = frozenset({"blockquote", "bullet_list", "ordered_list", "list_item"})


class _Number(NamedTuple):
    """The number of a list item that has had no text yet."""

    written: str
    line: int
    spoken: bool
    """True in a list that does not begin at 0 or 1."""


class _Outliner:
    """Turns markdown-it's block tokens into blocks."""

    def __init__(self, page: Page, tokens: list[Token]) -> None:
        self._page = page
        self._tokens = iter(tokens)
        self._depth = 0
        self._spoken: list[bool] = []
        """For each list that is open, whether its numbers are spoken."""
        self._numbers: list[_Number] = []
        self._numbered = 0
        """Where the last number that was given back to the text ends."""

    def blocks(self) -> Iterator[Block]:
        for token in self._tokens:
            kind = token.type
            name, _, nesting = kind.rpartition("_")
            if name in _CONTAINERS:
                yield from self._container(token, name, nesting)
            elif kind == "footnote_reference_open":
                yield Block("note", *_extent(self._page, token), token.meta["label"], nested=self._depth > 0)
                self._depth += 1
            elif kind == "footnote_reference_close":
                self._depth -= 1
                yield Block("close", 0, 0, "note")
            else:
                yield from self._leaf(token, kind)

    def _container(self, token: Token, name: str, nesting: str) -> Iterator[Block]:
        self._depth += token.nesting
        if nesting == "close":
            if name == "list_item" and self._numbers:
                yield from self._give_back(self._numbers)
            elif name.endswith("_list"):
                self._spoken.pop()
            yield Block("close", 0, 0)
            return
        yield Block("open", 0, 0)
        if name.endswith("_list"):
            self._spoken.append(name == "ordered_list" and token.attrs.get("start", 1) not in (0, 1))
        elif name == "list_item" and token.info and token.map:
            self._numbers.append(_Number(token.info + token.markup, token.map[0], self._spoken[-1]))

    def _leaf(self, token: Token, kind: str) -> Iterator[Block]:
        nested = self._depth > 0
        if kind in ("paragraph_open", "heading_open"):
            block = _with_content(self._page, token, next(self._tokens), nested)
        elif kind in _SKIPPED:
            block = Block("skip", *_extent(self._page, token), _SKIPPED[kind], nested=nested)
            if kind == "table_open":
                for inner in self._tokens:
                    if inner.type == "table_close":
                        break
        elif kind in _PLAIN:
            of, detail = _PLAIN[kind]
            block = Block(
                of, *_extent(self._page, token), detail, nested=nested, found=token.meta.get("found")
            )
        else:  # the other half of a paragraph or heading
            return
        if self._numbers:
            numbers = list(self._give_back([number for number in self._numbers if number.spoken]))
            last = numbers[-1] if numbers and block.kind == "paragraph" else None
            if last and not self._page.text[last.end : block.start].strip():
                block = block._replace(number=(last.start, last.end))
                numbers.pop()
            yield from numbers
        yield block

    def _give_back(self, numbers: list[_Number]) -> Iterator[Block]:
        """Numbers as paragraphs: those that are spoken, or have nothing to number."""
        for number in list(numbers):
            start = max(self._page.line_start(number.line), self._numbered)
            start = self._page.text.index(number.written, start)
            self._numbered = end = start + len(number.written)
            content = Content(number.written, (0,), (start,))
            yield Block("paragraph", start, end, content=content, nested=True)
        self._numbers.clear()


def _extent(page: Page, token: Token) -> tuple[int, int]:
    first, after = token.map or [0, 0]
    start: int = token.meta.get("start", page.line_start(first))
    end: int = token.meta.get("end", page.line_end(max(first, after - 1)))
    return start, start + len(page.text[start:end].rstrip())


def _with_content(page: Page, opening: Token, inline: Token, nested: bool) -> Block:
    content = _content(page, opening, inline)
    start = content.at(0) if content.text else opening.meta["start"]
    end = content.at(len(content.text) - 1) + 1 if content.text else start
    if opening.type == "heading_open":
        return Block("heading", start, end, content=content, level=int(opening.tag[1:]), nested=nested)
    return Block("paragraph", start, end, content=content, nested=nested)


def _content(page: Page, opening: Token, inline: Token) -> Content:
    """Follow an inline token's content back to the page: its lines are ends of the page's lines.

    Only the first line has lost something before its text, and only the last something after it.
    """
    text, (first, after) = inline.content, inline.map or [0, 0]
    start = opening.meta["start"]
    if not text:
        return Content("", (0,), (start,))
    lines = text.split("\n")
    if opening.markup.startswith("#"):
        return Content(text, (0,), (page.text.index(text, start + len(opening.markup)),))
    last = _last_line(page, lines, first, after)
    starts, shifts, offset = [], [], 0
    for number, line in enumerate(lines, last - len(lines) + 1):
        tail = line.lstrip(" \t")
        end = page.line_end(number)
        if number == last:
            end = page.text.rindex(tail, page.line_start(number), end) + len(tail)
        starts.append(offset)
        shifts.append(end - offset - len(line))
        offset += len(line) + 1
    return Content(text, tuple(starts), tuple(shifts))


def _last_line(page: Page, lines: list[str], first: int, after: int) -> int:
    """The page's line that holds the last line of a content: lines of exotic spaces may have been trimmed."""
    tail = lines[-1].lstrip(" \t")
    for last in range(after - 1, first + len(lines) - 2, -1):
        if tail in page.text[page.line_start(last) : page.line_end(last)]:
            return last
    return after - 1
