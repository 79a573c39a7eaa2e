"""Walks the outline of a file and drafts its chapters: paragraphs with their words, breaks and pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from narrator.errors import ManuscriptError, ProjectError, UnknownKey
from narrator.manuscript import NARRATOR, Notice
from narrator.parsing.attributes import (
    BLOCK,
    HEADING,
    NOTHING,
    SPAN,
    Attributes,
    Found,
    Reader,
    add_direction,
)
from narrator.parsing.drafts import Break, Draft, Drafted, Paragraph, Pause, title_of
from narrator.parsing.frontmatter import FrontMatter, read_front_matter
from narrator.parsing.labels import Line, find_labels
from narrator.parsing.outline import Block, Content, Outline, outline
from narrator.parsing.source import Page, Unreadable
from narrator.parsing.styles import Speech, Style
from narrator.parsing.wording import WORD, Note, Placed, Wording, write

_PAUSE = frozenset({"pause"})


class Chapters:
    """Drafts the chapters of one file after another; faults and notices are gathered."""

    def __init__(self, reader: Reader, *, read_notes: bool) -> None:
        self.reader = reader
        self.errors: list[ProjectError] = reader.errors
        self.notices: list[Notice] = []
        self._read_notes = read_notes

    def draft(self, page: Page) -> Drafted:
        """Draft one file."""
        walk = _Walk(page, self.reader, self.notices, read_notes=self._read_notes)
        try:
            walk.run(outline(page))
        except Unreadable as fault:
            self.errors.append(ManuscriptError(fault.message, file=page.path, line=page.line(fault.at)))
        return walk.drafted


class _Footnote(NamedTuple):
    block: Block
    inner: list[Block]


class _Walk:
    def __init__(self, page: Page, reader: Reader, notices: list[Notice], *, read_notes: bool) -> None:
        self.page, self.reader, self.notices = page, reader, notices
        self.read_notes = read_notes
        self.front = FrontMatter()
        self.drafted = Drafted(page, [], [])
        self.styles = [Style(NARRATOR)]
        self.waiting: Attributes | None = None
        self.waiting_at = 0
        self.notes: dict[str, _Footnote] = {}
        self.referred: set[str] = set()
        self.linked: set[str] = set()
        self.in_note = False

    # The order of things

    def run(self, found: Outline) -> None:
        self.found = found
        for block in list(self._without_notes(found.blocks)):
            self._block(block)
        self._nothing_waits()
        self._close_notes()
        for label, reference in found.env.get("references", {}).items():
            if label not in self.linked:
                first = reference["map"][0] + 1
                self._notice(
                    "no link uses this definition, so it is not spoken; write `\\[` if it is text", first
                )
        chapters = self.drafted.chapters
        if len(chapters) > 1 and not chapters[0].headed and not chapters[0].has_words:
            for entry in chapters.pop(0).entries:
                if isinstance(entry, Paragraph):
                    self._unspoken(entry.wording, "no words")

    def _without_notes(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks outside footnotes; what is in one is kept for where it is referred to."""
        depth = 0
        footnote: _Footnote | None = None
        for block in blocks:
            if block.kind == "note":
                depth += 1
                if depth == 1:
                    footnote = _Footnote(block, [])
                    self._keep(footnote)
                    continue
            elif block.kind == "close" and block.detail == "note":
                depth -= 1
                continue
            if depth and footnote:
                footnote.inner.append(block)
            else:
                yield block

    def _keep(self, footnote: _Footnote) -> None:
        block = footnote.block
        if not self.read_notes:
            self._place(block, "skip", "footnote")
        if block.detail not in self.notes:
            self.notes[block.detail] = footnote
            return
        if self.read_notes:
            self._place(block, "skip", "footnote")
        self._notice(
            f"footnote [^{block.detail}] is defined twice; this one is not used", self._line(block.start)
        )

    def _block(self, block: Block) -> None:
        match block.kind:
            case "paragraph":
                self._paragraph(block)
            case "heading":
                self._heading(block)
            case "break":
                self._place(block, "markup", "scene break")
                self._nothing_waits()
                if not self.in_note:
                    self._draft().entries.append(Break())
            case "attributes":
                self._place(block, "markup", "attributes")
                self._block_attributes(block)
            case "open":
                self.styles.append(self._take_style())
            case "close":
                self._nothing_waits()
                self.styles.pop()
            case "front matter":
                self._place(block, "markup", "front matter")
                self._front_matter(block)
            case "note":  # inside another, which it is a part of
                self._place_label(block)
            case _:
                self._place(block, "skip" if block.kind == "skip" else "markup", block.detail)

    # Blocks

    def _front_matter(self, block: Block) -> None:
        lines = self.page.text[block.start : block.end].split("\n")
        self.front = read_front_matter(
            "\n".join(lines[1:-1]),
            file=self.page.path,
            line=self._line(block.start) + 1,
            errors=self.reader.errors,
        )

    def _block_attributes(self, block: Block) -> None:
        line = self._line(block.start)
        given = self._read(block.found or {}, BLOCK, line)
        if given.pause_ms is not None:
            self._draft().entries.append(Pause(given.pause_ms, line))
            given = given._replace(pause_ms=None)
        if given == NOTHING:
            return
        if self.waiting:
            given = Attributes(
                role=given.role or self.waiting.role,
                direction=add_direction(self.waiting.direction, given.direction),
                speed=self.waiting.speed if given.speed is None else given.speed,
                silent=given.silent or self.waiting.silent,
            )
        self.waiting, self.waiting_at = given, block.start

    def _take_style(self) -> Style:
        style = self.styles[-1]
        if self.waiting:
            if self.waiting.silent:
                self._fault(
                    "only a heading can be silent; put text that is not spoken in a comment", self.waiting_at
                )
            style = style.within(self.waiting)
            self.waiting = None
        return style

    def _nothing_waits(self) -> None:
        if self.waiting:
            self.waiting = None
            self._fault(
                "these attributes belong to no text; put them on the line before a paragraph", self.waiting_at
            )

    def _heading(self, block: Block) -> None:
        if block.nested:
            self._paragraph(block)
            return
        silent = self.front.silent and block.level == 1
        if self.waiting and self.waiting.silent:
            silent, self.waiting = True, self.waiting._replace(silent=False)
        style = self._take_style()
        wording = self._wording(block)
        given = self._heading_attributes(block, wording)
        title = wording.text.strip()
        line = self._line(block.start)
        if not title:
            self._fault("this heading has no title; write one, or take the heading out", block.start)
        draft = self._open_chapter(title, line, given) if block.level == 1 else self._draft()
        if block.level > 1:
            draft.entries.append(Break(title or None))
            style = style.within(Attributes(direction=given.direction, speed=given.speed))
        speech = Speech(0, len(wording.text), style)
        paragraph = Paragraph(wording, line, [speech], heading=True, title=block.level == 1)
        paragraph.pauses = self._pauses(wording)
        if silent or given.silent:
            self._unspoken(wording, "silent")
        else:
            draft.entries.append(paragraph)
        if given.pause_ms is not None:
            draft.entries.append(Pause(given.pause_ms, line))
        self._footnotes(wording.notes)

    def _open_chapter(self, title: str, line: int, given: Attributes) -> Draft:
        speed = self.front.speed if given.speed is None else given.speed
        draft = Draft(title, line, add_direction(self.front.direction, given.direction), speed)
        self.drafted.chapters.append(draft)
        return draft

    def _heading_attributes(self, block: Block, wording: Wording) -> Attributes:
        """The attributes that end a heading; they are taken out of the wording's own."""
        if not wording.attributes or wording.attributes[-1][2] != block.end:
            return NOTHING
        _, start, _, found = wording.attributes.pop()
        return self._read(found, HEADING, self._line(start))

    def _paragraph(self, block: Block) -> None:
        style = self._take_style()
        self._speak(self._wording(block), self._line(block.start), style, heading=block.kind == "heading")

    def _speak(self, wording: Wording, line: int, style: Style, *, heading: bool = False) -> None:
        """Draft the words of a paragraph, and then the footnotes it refers to."""
        text = wording.text
        paragraph = Paragraph(wording, line, [Speech(0, len(text), style)], heading=heading)
        if not heading and not self.in_note:
            self._script_lines(paragraph, style)
        paragraph.pauses = self._pauses(wording)
        self._draft().entries.append(paragraph)
        self._footnotes(wording.notes)

    def _script_lines(self, paragraph: Paragraph, style: Style) -> None:
        wording = paragraph.wording
        if wording.layer_at(0) is not None:  # a label is no part of a span
            return
        starts = [(0, paragraph.line), *((at, self._line(place)) for at, place in wording.lines)]
        ends = [*(start for start, _ in starts[1:]), len(wording.text)]
        lines = [
            Line(start, end, number)
            for (start, number), end in zip(starts, ends, strict=True)
            if wording.layer_at(start) is None
        ]
        labels = list(
            find_labels(wording.text, lines, escaped=wording.escaped, reader=self.reader, file=self.page.path)
        )
        if not labels:
            return
        paragraph.labels = [(label.start, label.end) for label in labels]
        # A block's direction is the line's own; a role it names gives way to the label's.
        base = style if not style.settled else Style(NARRATOR)
        paragraph.speeches = []
        for label, until in zip(
            labels, [*(label.start for label in labels[1:]), len(wording.text)], strict=True
        ):
            direction = add_direction(base.direction, label.direction)
            spoken = Style(label.role or NARRATOR, direction, base.speed, settled=True)
            paragraph.speeches.append(Speech(label.end, until, spoken))
            if label.role and not wording.text[label.end : until].strip():
                self._fault("this script line has no words", wording.start_of(label.start))

    # Footnotes

    def _footnotes(self, notes: list[Note]) -> None:
        """Read the footnotes that were referred to, and those that they refer to, each once."""
        if not self.read_notes:
            self.referred |= {note.label for note in notes}
        if self.in_note or not self.read_notes:
            return
        self.in_note = True
        waiting = list(reversed(notes))
        while waiting:
            note = waiting.pop()
            entries = self._draft().entries
            before = len(entries)
            if note.content:
                self._note_content(note.content)
            elif note.label in self.notes and note.label not in self.referred:
                self.referred.add(note.label)
                self._note_blocks(self.notes[note.label])
            more = [
                n for entry in entries[before:] if isinstance(entry, Paragraph) for n in entry.wording.notes
            ]
            waiting += reversed(more)
        self.in_note = False

    def _note_blocks(self, footnote: _Footnote) -> None:
        self._place_label(footnote.block)
        held = self.styles, self.waiting
        self.styles, self.waiting = [Style(NARRATOR, settled=True)], None
        for block in footnote.inner:
            self._block(block)
        self._nothing_waits()
        self.styles, self.waiting = held

    def _note_content(self, content: Content) -> None:
        wording = Wording(self.page)
        start = content.at(0)
        self._write(wording, content)
        self._speak(wording, self._line(start), Style(NARRATOR, settled=True))

    def _close_notes(self) -> None:
        for label, footnote in self.notes.items():
            if label not in self.referred:
                if self.read_notes:
                    self._place(footnote.block, "skip", "footnote")
                line = self._line(footnote.block.start)
                self._notice(f"footnote [^{label}] is referred to nowhere and is not spoken", line)

    # Words

    def _wording(self, block: Block) -> Wording:
        wording = Wording(self.page)
        if block.number:
            wording.say(*block.number)
            wording.space(block.number[1], block.start)
        if block.content:
            self._write(wording, block.content)
        return wording

    def _write(self, wording: Wording, content: Content) -> None:
        try:
            tokens = self.found.tokens(content)
        except Unreadable as fault:
            self._fault(fault.message, content.at(fault.at))
            return
        write(wording, content, tokens, page=self.page, reader=self.reader, read_notes=self.read_notes)
        self.drafted.placed += wording.placed
        self.linked |= wording.labels
        for label in self.found.env.pop("stray", ()):
            line = self._line(content.at(0))
            self._notice(f"[^{label}] is no footnote of this file, so it is read as text", line)

    def _pauses(self, wording: Wording) -> list[tuple[int, int]]:
        pauses = []
        for at, start, _, found in wording.attributes:
            line = self._line(start)
            if set(found) & SPAN or "class" in found:
                self._fault("these attributes belong to no words; write `[the words]{...}`", start)
                continue
            for key in found.keys() - _PAUSE - {"id"}:
                self.reader.errors.append(UnknownKey(key, _PAUSE, file=self.page.path, line=line))
            if "pause" in found:
                ms = self._read({"pause": found["pause"]}, _PAUSE, line).pause_ms
                if guide := wording.guide_across(at):
                    self._fault(
                        f"the recording {guide.path!r} sets the pauses between its words; take this one out",
                        start,
                    )
                pauses.append((at, ms or 0))
        return pauses

    def _unspoken(self, wording: Wording, reason: str) -> None:
        if wording.text:
            detail = reason if WORD.search(wording.text) else "no words"
            self.drafted.placed += wording.assign([(len(wording.text), "skip", detail)])

    # Where things are

    def _draft(self) -> Draft:
        """The chapter that text belongs to now."""
        if not self.drafted.chapters:
            title = self.front.title or title_of(self.page.path)
            speed, direction = self.front.speed, self.front.direction
            self.drafted.chapters.append(Draft(title, 1, direction, speed, headed=False))
        return self.drafted.chapters[-1]

    def _place(self, block: Block, kind: str, detail: str) -> None:
        self.drafted.placed.append(
            Placed(block.start, block.end, "skip" if kind == "skip" else "markup", detail)
        )

    def _place_label(self, block: Block) -> None:
        end = self.page.text.index("]:", block.start) + 2
        self.drafted.placed.append(Placed(block.start, end, "markup", "footnote label"))

    def _read(self, found: Found, allowed: frozenset[str], line: int) -> Attributes:
        return self.reader.read(found, allowed=allowed, file=self.page.path, line=line)

    def _line(self, at: int) -> int:
        return self.page.line(at)

    def _fault(self, message: str, at: int) -> None:
        self.reader.errors.append(ManuscriptError(message, file=self.page.path, line=self._line(at)))

    def _notice(self, message: str, line: int) -> None:
        self.notices.append(Notice(message=message, file=self.page.path, line=line))
