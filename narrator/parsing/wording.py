"""A paragraph's words with white space collapsed, and where in the page each of them stands."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from markdown_it.token import Token

from narrator.errors import ManuscriptError
from narrator.parsing.attributes import NOTHING, SPAN, Attributes, Found, Reader
from narrator.parsing.inline import found_of
from narrator.parsing.outline import Content
from narrator.parsing.source import Page

WORD = re.compile(r"[^\W_]")
"""A letter or a digit: what makes text worth speaking."""

_UNEVEN = re.compile(r"[^\S ]|  ")
_WORDS_AND_SPACE = re.compile(r"\S+|\s+")
_TAG = re.compile(r"</?[A-Za-z]")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)

Kind = Literal["spoken", "skip", "markup"]


class Placed(NamedTuple):
    """A stretch of the page and what became of it; `manuscript.Piece` in the making."""

    start: int
    end: int
    kind: Kind
    detail: str


class Guide(NamedTuple):
    """A recording that says the words of one span."""

    path: str
    """As written."""
    at: int
    """Where in the page the span begins: two spans may name one recording."""


class Layer(NamedTuple):
    """A span that words stand in, and the span around that."""

    outer: Layer | None
    given: Attributes
    guide: Guide | None
    """Of this span, or of one around it."""


class Stress(NamedTuple):
    """`manuscript.Mark` in the making: offsets are in the wording."""

    kind: Literal["emphasis", "strong", "say"]
    start: int
    end: int
    value: str = ""


class Note(NamedTuple):
    """A footnote that is referred to."""

    label: str = ""
    content: Content | None = None
    """Of an inline footnote."""


class Wording:
    """The words of one paragraph or heading, taken from the page stretch by stretch in order."""

    def __init__(self, page: Page) -> None:
        self.text = ""
        """All words, once `done`; single spaces for white space."""
        self.placed: list[Placed] = []
        """What is not words: markup and skips."""
        self.layers: list[tuple[int, Layer | None]] = []
        """From each offset on, the innermost span."""
        self.stresses: list[Stress] = []
        self.attributes: list[tuple[int, int, int, Found]] = []
        """Attributes that stand alone: offset in the wording, start and end in the page, what they say."""
        self.labels: set[str] = set()
        """Labels of the link definitions it uses."""
        self.notes: list[Note] = []
        self.breaks: list[int] = []
        """Hard line breaks."""
        self.lines: list[tuple[int, int]] = []
        """Where lines after the first begin: offset in the wording, and in the page."""
        self.escaped: set[int] = set()
        """Offsets of characters written with a backslash."""
        self._page = page
        self._parts: list[str] = []
        self._length = 0
        self._spaced = True
        self._at: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    # Building

    def say(self, start: int, end: int) -> None:
        """Take words from the page as they stand, all on one line."""
        text = self._page.text[start:end]
        if _UNEVEN.search(text):
            for run in _WORDS_AND_SPACE.finditer(text):
                if run.group().isspace():
                    self.space(start + run.start(), start + run.end())
                else:
                    self.say_as(run.group(), start + run.start(), start + run.end())
        elif text == " ":
            self.space(start, end)
        elif self._spaced and text.startswith(" "):
            self.say_as(text[1:], start + 1, end)
        elif text:
            self.say_as(text, start, end)

    def say_as(self, text: str, start: int, end: int) -> None:
        """Take a stretch of the page that says *text*."""
        self._at.append(self._length)
        self._starts.append(start)
        self._ends.append(end)
        self._parts.append(text)
        self._length += len(text)
        self._spaced = text.endswith(" ")

    def space(self, start: int, end: int) -> bool:
        """Take white space; False where there is some already, and this is left to lie between."""
        if self._spaced:
            return False
        self.say_as(" ", start, end)
        return True

    def put(self, start: int, end: int, kind: Kind, detail: str) -> None:
        """Take a stretch of the page that says nothing."""
        if end > start:
            self.placed.append(Placed(start, end, kind, detail))

    def new_line(self, start: int, *, hard: bool) -> None:
        """Take the line end at *start*."""
        self.space(start, start + 1)
        self.lines.append((self._length, start + 1))
        if hard:
            self.breaks.append(self._length)

    @property
    def length(self) -> int:
        """How many characters of wording there are so far."""
        return self._length

    def done(self) -> None:
        """Close the wording: `text` is complete."""
        self.text = "".join(self._parts)
        self._parts.clear()

    # Finding places

    def start_of(self, offset: int) -> int:
        """Where in the page the character at *offset* begins."""
        run = bisect_right(self._at, offset) - 1
        return self._starts[run] + (offset - self._at[run] if self._verbatim(run) else 0)

    def end_of(self, offset: int) -> int:
        """Where in the page the character before *offset* ends."""
        run = bisect_right(self._at, offset - 1) - 1
        return self._starts[run] + offset - self._at[run] if self._verbatim(run) else self._ends[run]

    def _verbatim(self, run: int) -> bool:
        after = self._at[run + 1] if run + 1 < len(self._at) else self._length
        return self._ends[run] - self._starts[run] == after - self._at[run]

    def assign(self, parts: Sequence[tuple[int, Kind, str]]) -> Iterator[Placed]:
        """The words as placed stretches of the page.

        Args:
            parts: end in the wording, kind and detail of each part, in order; the last ends with it.
        """
        current = 0
        for run, at in enumerate(self._at):
            after = self._at[run + 1] if run + 1 < len(self._at) else self._length
            start = self._starts[run]
            while at < after:
                while parts[current][0] <= at:
                    current += 1
                until, kind, detail = parts[current]
                if until >= after or not self._verbatim(run):
                    end = self._ends[run]
                    at = after
                else:
                    end = start + until - at
                    at = until
                yield Placed(start, end, kind, detail)
                start = end

    def layer_at(self, offset: int) -> Layer | None:
        """The innermost span around the character at *offset*."""
        index = bisect_right(self.layers, offset, key=lambda change: change[0]) - 1
        return self.layers[index][1] if index >= 0 else None

    def guide_across(self, offset: int) -> Guide | None:
        """The recording that says the words on both sides of *offset*."""
        before, after = self.layer_at(offset - 1) if offset else None, self.layer_at(offset)
        return before.guide if before and after and before.guide == after.guide else None

    def layers_between(self, start: int, end: int) -> list[tuple[int, Layer | None]]:
        """The changes of span from *start* on and before *end*."""
        first = bisect_left(self.layers, start, key=lambda change: change[0])
        last = bisect_left(self.layers, end, key=lambda change: change[0])
        return self.layers[first:last]


class _Writer:
    """Writes the tokens of one content into a wording."""

    def __init__(
        self, wording: Wording, content: Content, page: Page, reader: Reader, *, read_notes: bool
    ) -> None:
        self.wording, self.content, self.page, self.reader = wording, content, page, reader
        self.read_notes = read_notes
        self.layer: Layer | None = None
        self.open: list[int] = []
        self.guided: list[tuple[int, int, Guide]] = []
        """Stretches of the wording that a recording says."""
        self.linked = False
        """True inside `<http://...>`, whose text is spoken as it stands."""

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            first, after = token.map or (0, 0)
            if token.type == "text" and not self.linked:
                start = self.content.at(first)
                if token.content:
                    self.wording.say(start, start + after - first)
                elif after > first:  # the outer of two marks that together are strong
                    self.wording.put(start, start + 1, "markup", "strong")
            else:
                self._write(token, first, after)

    def _write(self, token: Token, first: int, after: int) -> None:
        wording, kind = self.wording, token.type
        start = self.content.at(first)
        end = self.content.at(after - 1) + 1 if after > first else start
        match kind:
            case "softbreak":
                wording.new_line(start, hard=False)
            case "hardbreak":
                backslash = self.content.text[first] == "\\"
                wording.put(start, start + backslash, "markup", "line break")
                wording.new_line(start + backslash, hard=True)
            case "text":
                wording.say(start, end)
            case "text_special":
                self._special(token, start, end)
            case "code_inline":
                self._code(first, after, len(token.markup))
            case "em_open" | "strong_open" | "em_close" | "strong_close":
                self._stress("strong" if kind.startswith("strong") else "emphasis", token.nesting, start, end)
            case "span_open":
                wording.put(start, end, "markup", "bracket")
                line = self.page.line(start)
                given = self.reader.read(found_of(token), allowed=SPAN, file=self.page.path, line=line)
                self._open_layer(given, start)
            case "span_close":
                wording.put(start, end, "markup", "attributes")
                self._close_layer()
            case "link_open" | "link_close":
                self._link(token, start, end)
            case "attributes":
                wording.put(start, end, "markup", "attributes")
                wording.attributes.append((wording.length, start, end, found_of(token)))
            case "html_inline":
                tag = _TAG.match(token.content) is not None
                wording.put(start, end, "markup" if tag else "skip", "html tag" if tag else "html")
                if _BREAK_TAG.fullmatch(token.content):
                    wording.breaks.append(wording.length)
            case "footnote_ref":
                wording.put(start, end, "markup", "footnote mark")
                wording.notes.append(Note(label=token.meta["label"]))
            case "footnote_inline":
                self._note(first, after, start, end)
            case _:  # an image, a comment
                wording.labels.add(token.meta.get("label", ""))
                wording.put(start, end, "skip", kind)

    def _stress(self, kind: Literal["emphasis", "strong"], nesting: int, start: int, end: int) -> None:
        self.wording.put(start, end, "markup", kind)
        if nesting > 0:
            self.open.append(self.wording.length)
        else:
            self.wording.stresses.append(Stress(kind, self.open.pop(), self.wording.length))

    def _link(self, token: Token, start: int, end: int) -> None:
        opens, auto = token.nesting > 0, token.info == "auto"
        self.linked = opens and auto
        detail = "autolink" if auto else "bracket" if opens else "link target"
        self.wording.put(start, end, "markup", detail)
        self.wording.labels.add(token.meta.get("label", ""))

    def _special(self, token: Token, start: int, end: int) -> None:
        if token.content.isspace():
            if not self.wording.space(start, end):
                self.wording.put(start, end, "markup", "space entity")
            return
        if token.info == "escape":
            if len(token.content) > 1:  # a backslash before something that needs none
                self.wording.say(start, end)
                return
            self.wording.escaped.add(self.wording.length)
        self.wording.say_as(token.content, start, end)

    def _code(self, first: int, after: int, marks: int) -> None:
        at, put = self.content.at, self.wording.put
        put(at(first), at(first) + marks, "markup", "code mark")
        offset, code = first + marks, self.content.text[first + marks : after - marks]
        if code.strip(" ") and code[0] in " \n" and code[-1] in " \n":  # CommonMark 0.31, 6.1
            offset, code = offset + 1, code[1:-1]
        for number, line in enumerate(code.split("\n")):
            if number:
                self.wording.space(at(offset - 1), at(offset - 1) + 1)
            words = line.lstrip(" \t") if number else line
            if words:
                end = at(offset + len(line) - 1) + 1
                self.wording.say(end - len(words), end)
            offset += len(line) + 1
        put(at(after - 1) + 1 - marks, at(after - 1) + 1, "markup", "code mark")

    def _open_layer(self, given: Attributes, start: int) -> None:
        outer = self.layer
        guide = Guide(given.guide, start) if given.guide else None
        if outer and outer.guide:
            if given._replace(say=None) != NOTHING:
                self._fault(
                    f"one recording, {outer.guide.path!r}, says all the words of the brackets around these;"
                    " give them no role, direction, speed or guide of their own",
                    start,
                )
            guide = outer.guide
        self.layer = Layer(outer, given, guide)
        self.wording.layers.append((self.wording.length, self.layer))
        self.open.append(self.wording.length)

    def _close_layer(self) -> None:
        layer = self.layer
        if layer is None:
            return
        start = self.open.pop()
        if layer.guide and not (layer.outer and layer.outer.guide):
            self.guided.append((start, self.wording.length, layer.guide))
        if layer.given.say:
            self.wording.stresses.append(Stress("say", start, self.wording.length, layer.given.say))
        self.layer = layer.outer
        self.wording.layers.append((self.wording.length, self.layer))

    def check_guides(self) -> None:
        """Every recording has words to say; to be asked once the wording is done."""
        for start, end, guide in self.guided:
            if not WORD.search(self.wording.text, start, end):
                self._fault(f"there are no words here for the recording {guide.path!r} to say", guide.at)

    def _fault(self, message: str, at: int) -> None:
        line = self.page.line(at)
        self.reader.errors.append(ManuscriptError(message, file=self.page.path, line=line))

    def _note(self, first: int, after: int, start: int, end: int) -> None:
        wording = self.wording
        inner = self.content.part(first + 2, after - 1)
        if not self.read_notes or not inner.text:
            wording.put(start, end, "skip", "footnote")
            return
        wording.put(start, start + 2, "markup", "footnote mark")
        wording.put(end - 1, end, "markup", "footnote mark")
        wording.notes.append(Note(content=inner))


def write(
    wording: Wording,
    content: Content,
    tokens: Sequence[Token],
    *,
    page: Page,
    reader: Reader,
    read_notes: bool,
) -> Wording:
    """Write a content's tokens into *wording*, and close it.

    Args:
        read_notes: False skips inline footnotes; True leaves a hole where each stands, for the
            footnote to be read as a content of its own.
    """
    writer = _Writer(wording, content, page, reader, read_notes=read_notes)
    writer.write(tokens)
    wording.done()
    writer.check_guides()
    return wording
