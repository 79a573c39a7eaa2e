"""Comments, `<!-- ... -->`, inside paragraphs and as blocks: they are never spoken.

A comment ends at the first `-->` (CommonMark 0.31, 6.6). One that is never closed is an error: as
CommonMark has it, its text would be spoken, or the rest of the book would not.
"""

from __future__ import annotations

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from narrator.parsing.source import Unreadable


def inline_comment(state: StateInline, silent: bool) -> bool:
    """An inline rule."""
    if not state.src.startswith("<!--", state.pos):
        return False
    end = comment_end(state.src, state.pos)
    if not 0 <= end <= state.posMax:
        raise Unreadable(
            "a comment opens here and does not close in its paragraph; end it with `-->`,"
            " or begin it on a line of its own if it goes over several paragraphs",
            state.pos,
        )
    if not silent:
        state.push("comment", "", 0)
    state.pos = end
    return True


def comment_end(src: str, at: int) -> int:
    """Where the comment that opens at *at* ends, -1 if nowhere."""
    for short in ("<!-->", "<!--->"):
        if src.startswith(short, at):
            return at + len(short)
    end = src.find("-->", at + 4)
    return end + 3 if end >= 0 else -1


def block_comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: ARG001 - a rule's
    """A block rule; text that follows the comment on its last line is a block of its own.

    One that begins and ends on a line with text after it is left to the paragraph it begins.
    """
    at = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("<!--", at, state.eMarks[start]):
        return False
    after = comment_end(state.src, at)
    if after < 0:
        raise Unreadable("a comment opens here and is never closed; end it with `-->`", at)
    line = start
    while state.eMarks[line] < after:
        line += 1
    rest = state.skipSpaces(after)
    ends_line = rest >= state.eMarks[line]
    if line == start and not ends_line:
        return False
    if silent:
        return True
    token = state.push("comment", "", 0)
    token.meta |= {"start": at, "end": after}
    state.line = line + 1
    if not ends_line:
        state.line = line
        state.bMarks[line], state.tShift[line] = after, rest - after
        state.sCount[line] = state.blkIndent
    return True
