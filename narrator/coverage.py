"""The proof that no character of a manuscript is lost.

Parsing says what became of every character (`manuscript.Piece`). Here that is not believed but
checked against the files, with rules of its own:

1. the pieces of a file, end to end, are the file, character for character;
2. each spoken piece belongs to an utterance of that file, and each utterance's text is what its
   pieces spell, once escapes and entities are decoded and white space is collapsed;
3. markup holds no letter or digit, unless it is of a kind that may, and then it has that kind's shape;
4. a skip has a reason from a closed list, and looks like what it says it is.

Whatever fails is a `Loss`, with its place and its text.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import BaseModel

from narrator.manuscript import Manuscript, Piece, Utterance

SHOWN = 500
"""Characters of a lost text that are shown."""

_WORD = re.compile(r"[^\W_]")
_LINE_END = re.compile(r"\r\n?|\n")
_BLANK_LINE = re.compile(r"(?:\r\n|\r(?!\n)|\n)[ \t]*(?:\r|\n)")
_ESCAPE_OR_ENTITY = re.compile(
    r"\\([!-/:-@\[-`{-~])|&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{1,31}));"
)
_NUMBER = re.compile(r"\d{1,9}[.)]\s*")
_BEFORE_A_NUMBER = frozenset(
    {
        "white space",
        "quote mark",
        "list bullet",
        "list number",
        "footnote label",
        "comment",
        "byte order mark",
    }
)

MARKUP_WITH_WORDS = {
    "attributes": re.compile(r"\]?\{[^{}]*\}", re.DOTALL),
    "footnote label": re.compile(r"\[\^[^\]\s]+\]:"),
    "footnote mark": re.compile(r"\[\^[^\]\s]+\]|\^\[|\]"),
    "front matter": re.compile(r"---+[ \t]*\r?[\r\n].*?(?:---+|\.\.\.)", re.DOTALL),
    "html tag": re.compile(r"</?[A-Za-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"),
    "link definition": re.compile(r"\[(?:[^\[\]\\]|\\.)+\]:.*", re.DOTALL),
    "link target": re.compile(r"\](?:\(.*\)|\[.*\])?", re.DOTALL),
    "list number": re.compile(r"\d{1,9}[.)]"),
    "space entity": re.compile(r"&#?\w+;"),
    "speaker label": re.compile(r"[^\n\r]*"),  # judged as a whole, see `_Labels`
}
"""The shape of each kind of markup that may hold letters or digits."""

SKIPS = {
    "code": re.compile(r"(`{3,}|~{3,}).*\1[`~]*", re.DOTALL),
    "comment": re.compile(r"<!--(?:(?!-->).)*-->|<!-->|<!--->", re.DOTALL),
    "footnote": re.compile(r"\[\^[^\]]+\]:.*|\^\[.*\]", re.DOTALL),
    "html": re.compile(r"<[A-Za-z/!?].*", re.DOTALL),
    "image": re.compile(r"!\[.*[\])}]", re.DOTALL),
    "no words": re.compile(r".*", re.DOTALL),  # judged by what it says, see `_skip_fault`
    "silent": re.compile(r".*", re.DOTALL),  # judged by where it stands, see `_misplaced`
    "table": re.compile(r"[^\r\n]*(?:\r\n?|\n)[ \t>]*[|:-][ \t|:-]*(?:(?:\r\n?|\n).*)?", re.DOTALL),
}
"""The shape of each kind of skip."""

_LABEL = re.compile(r"[^:：]{1,80}[:：]\s*")


class SourceText(Protocol):
    """What is asked of a source: `parsing.Source` has it."""

    @property
    def path(self) -> str: ...
    @property
    def text(self) -> str: ...


class Loss(BaseModel, frozen=True, extra="forbid"):
    """Text that would not be spoken, or not as it is written."""

    file: str
    line: int
    text: str
    """At most 500 characters of it."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.text!r}"


class Coverage(BaseModel, frozen=True, extra="forbid"):
    """What became of the characters of a manuscript."""

    files: int
    characters: int
    """In all files; the next three add up to it where nothing is missing."""
    spoken: int
    markup: int
    skipped: tuple[tuple[str, int], ...]
    """Characters by reason, most first."""
    missing: tuple[Loss, ...]

    @property
    def complete(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


def prove(manuscript: Manuscript, sources: Sequence[SourceText]) -> Coverage:
    """Check that every character of *sources* is spoken, skipped for a reason, or markup.

    Utterances of files that are not among the sources (credits) are not looked at.
    """
    missing: list[Loss] = []
    by_path: dict[str, dict[str, Utterance]] = {source.path: {} for source in sources}
    for chapter in manuscript.chapters:
        for utterance in chapter.utterances:
            if utterance.file not in by_path:
                continue
            if by_path[utterance.file].setdefault(utterance.id, utterance) is not utterance:
                missing.append(_twice(utterance))
    pieces = {file.path: file.pieces for file in manuscript.files}
    counted: dict[tuple[str, str], int] = {}
    for source in sources:
        found = pieces.get(source.path, ())
        missing += _Proof(source, found, by_path[source.path]).losses()
        for piece in found:
            key = (piece.kind, piece.detail if piece.kind == "skip" else "")
            counted[key] = counted.get(key, 0) + len(piece.source)
    skipped = [(reason, count) for (kind, reason), count in counted.items() if kind == "skip"]
    return Coverage(
        files=len(sources),
        characters=sum(len(source.text) for source in sources),
        spoken=counted.get(("spoken", ""), 0),
        markup=counted.get(("markup", ""), 0),
        skipped=tuple(sorted(skipped, key=lambda each: (-each[1], each[0]))),
        missing=tuple(missing),
    )


class _Proof:
    """The proof for one file."""

    def __init__(self, source: SourceText, pieces: Sequence[Piece], utterances: dict[str, Utterance]) -> None:
        self.path, self.text, self.pieces, self.utterances = source.path, source.text, pieces, utterances
        self._seen = (0, 1)

    def losses(self) -> Iterator[Loss]:
        yield from self._tiled()
        yield from self._spoken()
        yield from self._unspoken()

    def _loss(self, at: int, text: str, reason: str) -> Loss:
        shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
        return Loss(file=self.path, line=self._line(at), text=shown, reason=reason)

    def _line(self, at: int) -> int:
        """1-based; places are mostly asked for in order, so the last answer is where counting begins."""
        last, line = self._seen if at >= self._seen[0] else (0, 1)
        line += sum(1 for _ in _LINE_END.finditer(self.text, last, at))
        self._seen = (at, line) if self.text[at - 1 : at] != "\r" else (last, self._seen[1])
        return line

    def _tiled(self) -> Iterator[Loss]:
        """Rule 1."""
        at = 0
        for piece in self.pieces:
            if piece.start > at:
                yield self._loss(at, self.text[at : piece.start], "in no piece")
            elif piece.start < at:
                yield self._loss(piece.start, piece.source, "in two pieces")
            if self.text[piece.start : piece.end] != piece.source:
                yield self._loss(piece.start, piece.source, "the piece is not what the file says")
            at = max(at, piece.end)
        if at < len(self.text):
            yield self._loss(at, self.text[at:], "in no piece")

    def _spoken(self) -> Iterator[Loss]:
        """Rule 2."""
        spelled: dict[str, list[str]] = {}
        verbatim = False
        for piece in self.pieces:
            if piece.detail in ("code mark", "autolink"):
                verbatim = not verbatim
            elif piece.kind == "spoken":
                if piece.detail not in self.utterances:
                    yield self._loss(piece.start, piece.source, f"no utterance {piece.detail}")
                words = piece.source if verbatim else decoded(piece.source)
                spelled.setdefault(piece.detail, []).append(words)
        for name, utterance in self.utterances.items():
            words = " ".join("".join(spelled.get(name, ())).split())
            if words != utterance.text:
                yield self._loss(
                    utterance.start, words, f"utterance {name} says {_short(utterance.text)!r}, its pieces"
                )

    def _unspoken(self) -> Iterator[Loss]:
        """Rules 3 and 4."""
        label: list[Piece] = []
        numbering = speechless = True  # of the line so far: only what may stand before a number; no words
        for piece in self.pieces:
            reason = None
            if piece.kind == "markup":
                reason = self._markup_fault(piece, numbering)
            elif piece.kind == "skip":
                reason = self._skip_fault(piece)
            is_label = piece.detail == "speaker label" and not decoded(piece.source).isspace()
            if is_label and not label and not speechless:
                reason, is_label = "a speaker label in the middle of a line", False
            if reason:
                yield self._loss(piece.start, piece.source, reason)
            ends_line = "\n" in piece.source or "\r" in piece.source
            if label and (ends_line or piece.kind == "spoken"):
                yield from self._label_fault(label)
                label = []
            if is_label:
                label.append(piece)
            if ends_line:
                numbering = speechless = True
            if _LINE_END.split(piece.source)[-1].strip():
                number = piece.kind == "spoken" and _NUMBER.fullmatch(piece.source) is not None
                numbering = numbering and (number or piece.detail in _BEFORE_A_NUMBER)
                speechless = speechless and piece.kind != "spoken" and piece.detail != "no words"
        if label:
            yield from self._label_fault(label)

    @staticmethod
    def _markup_fault(piece: Piece, numbering: bool) -> str | None:
        if not _WORD.search(piece.source):
            return None
        shape = MARKUP_WITH_WORDS.get(piece.detail)
        if shape is None:
            return "text was read as nothing" if piece.detail == "unread" else f"words in {piece.detail}"
        fits = shape.fullmatch(piece.source) is not None
        if piece.detail == "list number":
            fits = fits and numbering
        elif piece.detail == "space entity":
            fits = fits and decoded(piece.source).isspace()
        return None if fits else f"this is no {piece.detail}"

    def _skip_fault(self, piece: Piece) -> str | None:
        shape = SKIPS.get(piece.detail)
        if shape is None:
            return f"skipped for no known reason ({piece.detail!r})"
        fits = shape.fullmatch(piece.source) is not None
        if piece.detail == "silent":
            fits = fits and self._in_heading(piece)
        elif piece.detail == "no words":
            fits = fits and not _WORD.search(decoded(piece.source))
        return None if fits else f"skipped as {piece.detail}, which it is not"

    def _label_fault(self, label: list[Piece]) -> Iterator[Loss]:
        if not _LABEL.fullmatch(_joined(label)):
            yield self._loss(label[0].start, _joined(label), "this is no speaker label")

    def _in_heading(self, piece: Piece) -> bool:
        start = max(self.text.rfind("\n", 0, piece.start), self.text.rfind("\r", 0, piece.start)) + 1
        if re.match(r"\ufeff?\s*#", self.text[start : piece.end]):
            return True
        block = _BLANK_LINE.split(self.text[piece.end : piece.end + 10_000], maxsplit=1)[0]
        return re.search(r"[\r\n][ \t]*=+[ \t]*(?=[\r\n]|\Z)", block) is not None


def _joined(label: list[Piece]) -> str:
    return "".join(decoded(piece.source) for piece in label)


def decoded(source: str) -> str:
    """Markdown text without its escapes and entities (CommonMark 0.31, 2.4 and 2.5)."""
    if "\\" not in source and "&" not in source:
        return source
    return _ESCAPE_OR_ENTITY.sub(_decoded_one, source)


def _decoded_one(found: re.Match[str]) -> str:
    escaped, hexadecimal, decimal, name = found.groups()
    if escaped:
        return str(escaped)
    if name:
        return html.entities.html5.get(f"{name};", found.group())
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    unusable = (
        code > 0x10FFFF
        or 0xD800 <= code <= 0xDFFF
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
        or (code < 0x20 and code not in (0x09, 0x0A, 0x0C, 0x0D))
        or 0x7F <= code <= 0x9F
    )
    return "\ufffd" if unusable else chr(code)


def _twice(utterance: Utterance) -> Loss:
    reason = f"two utterances are called {utterance.id}"
    return Loss(file=utterance.file, line=utterance.line, text=_short(utterance.text), reason=reason)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
