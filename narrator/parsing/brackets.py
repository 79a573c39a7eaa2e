"""Which brackets of a content belong together, found once and in linear time.

markdown-it looks for a `]` anew from each `[`, which takes minutes on a line of brackets, and where an
address turns out to be none it may lose what it read of it. Which brackets make a link follows CommonMark
0.31, 6.3.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_inline import StateInline, autolink, html_inline

from narrator.parsing.attributes import find_attributes
from narrator.parsing.comments import inline_comment

_LABEL_LIMIT = 999  # CommonMark 0.31, 4.7

_BRACKET = re.compile(r"[\\`<\[\]{]")
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){0,999})\]", re.DOTALL)
_TICKS = re.compile("`+")


class Link(NamedTuple):
    """What makes a pair of brackets a link or a picture."""

    end: int
    """Where its `(address)` or `[label]` ends; after the brackets where they are their own label."""
    label: str = ""
    """Of the definition it refers to."""


class Brackets:
    """The brackets of one content; escapes, code, tags and attributes bind tighter than they do."""

    def __init__(self, state: StateInline) -> None:
        self._state = state
        self._ticks = _tick_runs(state.src)
        self._pairs: dict[int, int] = {}
        self._links: dict[int, Link] = {}
        self._match()

    def closing(self, opening: int) -> int:
        """The place of the `]` for the `[` at *opening*, or -1."""
        return self._pairs.get(opening, -1)

    def link(self, opening: int) -> Link | None:
        """The link that the brackets which open there make.

        Links hold no links (CommonMark 0.31, 6.3); a picture's description may.
        """
        return self._links.get(opening)

    def _match(self) -> None:
        src = self._state.src
        open_: list[tuple[int, bool, int]] = []  # where it stands, is it a picture's, how many were barred
        barred = 0  # how many of `open_`, from the bottom, hold a link
        at = escaped = 0
        while found := _BRACKET.search(src, at):
            start, mark = found.start(), found.group()
            if mark == "[":
                at = start + 1
                open_.append((start, start > escaped and src[start - 1] == "!", barred))
            elif mark != "]":
                at = self._past(mark, start)
                escaped = at if mark == "\\" else escaped
            elif open_:
                at = start + 1
                opening, picture, before = open_.pop()
                self._pairs[opening] = start
                holds_link = len(open_) < barred
                barred = min(barred, len(open_))
                link = _link(self._state, opening, start) if picture or not holds_link else None
                if link:
                    self._links[opening] = link
                    at, barred = link.end, before if picture else len(open_)
            else:
                at = start + 1

    def _past(self, mark: str, start: int) -> int:
        """Where what begins with *mark*, and is no bracket, ends."""
        state = self._state
        if mark == "\\":
            return start + 2
        if mark == "`":
            return _past_code(state.src, start, self._ticks)
        if mark == "<":
            return _past_tag(state, start)
        attributes = find_attributes(state.src, start, len(state.src))
        return attributes[0] if attributes else start + 1


def _tick_runs(src: str) -> dict[int, list[int]]:
    runs: dict[int, list[int]] = {}
    for run in _TICKS.finditer(src):
        runs.setdefault(run.end() - run.start(), []).append(run.start())
    return runs


def _past_code(src: str, start: int, ticks: dict[int, list[int]]) -> int:
    run = _TICKS.match(src, start)
    length = run.end() - start if run else 1
    places = ticks.get(length, [])
    closing = bisect_right(places, start)
    return (places[closing] if closing < len(places) else start) + length


def _past_tag(state: StateInline, start: int) -> int:
    before = state.pos
    state.pos = start
    try:
        known = inline_comment(state, True) or autolink(state, True) or html_inline(state, True)
        return state.pos if known else start + 1
    finally:
        state.pos = before


def _link(state: StateInline, opening: int, closing: int) -> Link | None:
    target = _past_target(state, closing + 1)
    if target:
        return Link(target)
    references = state.env.get("references")
    if not references:
        return None
    after, label = closing + 1, state.src[opening + 1 : min(closing, opening + 2 + _LABEL_LIMIT)]
    if named := _LABEL.match(state.src, after):
        after, label = named.end(), named.group(1) or label
    label = state.md.utils.normalizeReference(label) if len(label) <= _LABEL_LIMIT else ""
    return Link(after, label) if label in references else None


def _past_target(state: StateInline, at: int) -> int:
    """Where a link's `(address "title")` that begins at *at* ends, 0 if there is none."""
    src, end = state.src, state.posMax
    if not src.startswith("(", at):
        return 0
    at = _past_space(src, at + 1)
    address = parseLinkDestination(src, at, end)
    if address.ok:
        if not state.md.validateLink(state.md.normalizeLink(address.str)):
            return 0
        at = address.pos
    after = _past_space(src, at)
    title = parseLinkTitle(src, after, end) if after > at else None
    if title and title.ok:
        after = _past_space(src, title.pos)
    return after + 1 if src.startswith(")", after) else 0


def _past_space(src: str, at: int) -> int:
    while src[at : at + 1] in (" ", "\t", "\n"):
        at += 1
    return at
