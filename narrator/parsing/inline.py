"""The inside of a paragraph: markdown-it's inline rules, run so that every token knows its place.

markdown-it gives inline tokens no position. Here its rules run over a state that keeps pending
text as a range of the content, and what a rule pushed is placed between where it began and
where it ended: **`token.map` of an inline token is `[start, end)` in the content**.

What differs from CommonMark, and why:

- brackets are matched once for a whole content (`brackets`), links and pictures with them;
- `[text]{...}` is a span and `{...}` an attributes token;
- the content of pictures and of inline footnotes is not parsed here: one is skipped, the other is
  read as a content of its own;
- a comment that does not end in its paragraph is an error: its text would be spoken.
"""

from __future__ import annotations

import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline, RuleFuncInlineType
from markdown_it.rules_inline import (
    StateInline,
    autolink,
    backtick,
    emphasis,
    entity,
    escape,
    html_inline,
    link_pairs,
    newline,
)
from markdown_it.token import Token

from narrator.parsing.attributes import Found, find_attributes
from narrator.parsing.brackets import Brackets
from narrator.parsing.comments import inline_comment
from narrator.parsing.source import Unreadable

DEEPEST = 40
"""How many spans and links may stand inside each other; each level costs a few Python frames."""

_STOP = re.compile(r"[\n\\`*_\[<&{]|!(?=\[)|\^(?=\[)")
_SIZES = re.compile(r"\{[^{}\n]*\}")
_NOTE = re.compile(r"\[\^([^\]\s]{1,200})\]")


class PlacedState(StateInline):
    """markdown-it's inline state; text not yet flushed is a range of the content, not a copy."""

    def __init__(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> None:
        self._from = self._to = 0
        self._brackets: Brackets | None = None
        super().__init__(src, md, env, tokens)

    @property
    def pending(self) -> str:
        """Literal text not yet flushed to a token."""
        return self.src[self._from : self._to]

    @pending.setter
    def pending(self, value: str) -> None:
        # Rules only ever empty it or cut its end.
        self._to = self._from + len(value)

    def append_pending(self, text: str) -> None:
        """Add *text*, which stands at `pos`."""
        self.extend_pending(self.pos + len(text))

    def extend_pending(self, end: int) -> None:
        """Add the content from `pos` to *end*."""
        if self._from == self._to:
            self._from = self.pos
        self._to = end

    def pushPending(self) -> Token:  # noqa: N802 - markdown-it's name
        """Flush pending text as a token that knows its place."""
        place = [self._from, self._to]
        token = super().pushPending()
        token.map = place
        return token

    @property
    def brackets(self) -> Brackets:
        """The brackets of the whole content."""
        if self._brackets is None:
            self._brackets = Brackets(self)
        return self._brackets


class PlacedInline(ParserInline):
    """Runs markdown-it's inline rules, chosen by the character they begin with."""

    def read(self, content: str, md: MarkdownIt, env: Any) -> list[Token]:
        """The tokens of a content, in order, each with its place in `map`.

        Raises:
            Unreadable: spans too deep, a comment not closed; `at` is an offset in the content.
        """
        tokens: list[Token] = []
        state = PlacedState(content, md, env, tokens)
        self.tokenize(state)
        link_pairs(state)
        emphasis.postProcess(state)
        return tokens

    def tokenize(self, state: StateInline) -> None:
        """Run the rules from `pos` to `posMax`."""
        assert isinstance(state, PlacedState)  # noqa: S101 - for the type checker: only `read` makes states
        if state.level > DEEPEST:
            raise Unreadable(
                f"brackets stand more than {DEEPEST} deep in each other; take some out", state.pos
            )
        src, end = state.src, state.posMax
        while state.pos < end:
            stop = _STOP.search(src, state.pos, end)
            at = stop.start() if stop else end
            if at > state.pos:
                state.extend_pending(at)
                state.pos = at
            if stop is None:
                break
            first = len(state.tokens)
            for rule in _RULES[src[at]]:
                if rule(state, False):
                    _place(state.tokens, first, at, state.pos)
                    break
            else:
                state.extend_pending(at + 1)
                state.pos = at + 1
        if state.pending:
            state.pushPending()


def _place(tokens: list[Token], first: int, start: int, end: int) -> None:
    """Give places to what one rule, which began at *start* and ended at *end*, pushed."""
    new = [token for token in tokens[first:] if token.map is None]
    if len(new) == 1:
        new[0].map = [start, end]
    elif new and new[0].type == "text":  # a run of emphasis marks, one token each
        for offset, token in enumerate(new):
            token.map = [start + offset, start + offset + 1]
    elif new:
        new[0].map = [start, start + 1]
        if len(new) == 3:  # an autolink: `<`, address, `>`
            new[1].map = [start + 1, end - 1]
        inner = tokens[-2].map
        new[-1].map = [inner[1] if inner else end, end]


# Rules of our own. Same shape as markdown-it's: move `pos` on and say True, or leave it and say False.


def _span(state: StateInline, silent: bool) -> bool:
    """`[text]{...}`."""
    assert isinstance(state, PlacedState)  # noqa: S101 - as in `tokenize`
    opening, outer = state.pos, state.posMax
    closing = state.brackets.closing(opening)
    if closing < 0 or closing + 1 >= outer or state.src[closing + 1] != "{":
        return False
    attributes = find_attributes(state.src, closing + 1, outer)
    if attributes is None:
        return False
    end, found = attributes
    if not silent:
        state.pos, state.posMax = opening + 1, closing
        state.push("span_open", "span", 1).meta["found"] = found
        state.md.inline.tokenize(state)
        state.push("span_close", "span", -1)
    state.pos, state.posMax = end, outer
    return True


def _attributes(state: StateInline, silent: bool) -> bool:
    """`{...}` on its own."""
    attributes = find_attributes(state.src, state.pos, state.posMax)
    if attributes is None:
        return False
    if not silent:
        state.push("attributes", "", 0).meta["found"] = attributes[1]
    state.pos = attributes[0]
    return True


def _note(state: StateInline, silent: bool) -> bool:
    """`[^label]`, where a footnote of that label is defined."""
    found = _NOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    label = found.group(1)
    if f":{label}" not in state.env.get("footnotes", {}).get("refs", {}):
        state.env.setdefault("stray", []).append(label)
        return False
    if not silent:
        state.push("footnote_ref", "", 0).meta["label"] = label
    state.pos = found.end()
    return True


def _inline_note(state: StateInline, silent: bool) -> bool:
    """`^[text]`."""
    assert isinstance(state, PlacedState)  # noqa: S101 - as in `tokenize`
    closing = state.brackets.closing(state.pos + 1)
    if not 0 <= closing < state.posMax:
        return False
    if not silent:
        state.push("footnote_inline", "", 0)
    state.pos = closing + 1
    return True


def _link(state: StateInline, silent: bool) -> bool:
    """`[text](address)`, `[text][label]`, `[label]`."""
    assert isinstance(state, PlacedState)  # noqa: S101 - as in `tokenize`
    opening, outer = state.pos, state.posMax
    link = state.brackets.link(opening)
    if link is None or link.end > outer:
        return False
    if not silent:
        state.pos, state.posMax = opening + 1, state.brackets.closing(opening)
        state.push("link_open", "a", 1).meta["label"] = link.label
        state.md.inline.tokenize(state)
        state.push("link_close", "a", -1)
    state.pos, state.posMax = link.end, outer
    return True


def _picture(state: StateInline, silent: bool) -> bool:
    """`![description](address)`, with the attributes Pandoc allows after it (`{width=50%}`)."""
    assert isinstance(state, PlacedState)  # noqa: S101 - as in `tokenize`
    link = state.brackets.link(state.pos + 1)
    if link is None or link.end > state.posMax:
        return False
    if not silent:
        state.push("image", "img", 0).meta["label"] = link.label
    sizes = _SIZES.match(state.src, link.end, state.posMax)
    state.pos = sizes.end() if sizes else link.end
    return True


_RULES: dict[str, tuple[RuleFuncInlineType, ...]] = {
    "\n": (newline,),
    "\\": (escape,),
    "`": (backtick,),
    "*": (emphasis.tokenize,),
    "_": (emphasis.tokenize,),
    "[": (_note, _span, _link),
    "!": (_picture,),
    "^": (_inline_note,),
    "<": (inline_comment, autolink, html_inline),
    "&": (entity,),
    "{": (_attributes,),
}


def found_of(token: Token) -> Found:
    """The attributes that a `span_open` or `attributes` token carries."""
    found: Found = token.meta["found"]
    return found
