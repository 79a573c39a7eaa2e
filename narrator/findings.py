"""What is found that stops nothing but is worth knowing: what is heard otherwise than it was asked.

Lines that share a finding are told of together, at the place of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from narrator.manuscript import Notice, Utterance
from narrator.takes import Take
from narrator.timeline import milliseconds

DOUBTS: Mapping[str, str] = {"missing": "left out", "repeated": "said twice", "otherwise": "something else"}
"""What each kind of doubt says of its words."""
NOT_THE_LINE = "not what the line says"
"""What a take seems to be that holds its text nowhere."""


class Doubted(NamedTuple):
    """A place where a take does not seem to hold its text."""

    kind: Literal["missing", "repeated", "otherwise"]
    what: str
    """The same in plain words."""
    words: str
    """As written."""
    start_ms: int
    """Where in the take, from here to `end_ms`."""
    end_ms: int


def doubts_of(take: Take, text: str) -> list[Doubted]:
    """
    Every doubt about a take. Where it does not hold its text at all they are guesses.

    Args:
        text: of its line, as written.
    """
    found = []
    for doubt in take.alignment.doubts if take.alignment else ():
        words = take.request.spoken.words[doubt.first : doubt.last + 1]
        said = text[words[0].start : words[-1].end] if words else ""
        start_ms, end_ms = (milliseconds(at, take.rate) for at in (doubt.start_sample, doubt.end_sample))
        found.append(Doubted(doubt.kind, DOUBTS[doubt.kind], said, start_ms, end_ms))
    return found


class Findings:
    """The findings of one plan, or of recording it."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str | None], list[Utterance]] = {}

    def unheard(self, line: Utterance, provider: str, direction: str) -> None:
        """A direction of which the provider understands no word."""
        self._add(line, f"{provider} cannot act the direction {direction!r}; it is spoken without it")

    def unstyled(self, line: Utterance, provider: str) -> None:
        """A direction that none of the ways of speaking which the service knows by name is for."""
        self._add(
            line,
            f"{provider}: ",
            "spoken without their directions, for which no style is named (a role's `styles` in cast.yaml say"
            " which style a direction means)",
        )

    def unacted(self, line: Utterance, provider: str, model: str) -> None:
        """A direction, and a model that takes none."""
        self._add(line, f"{provider}: {model} acts no directions; ", "spoken without")

    def untimed(self, line: Utterance, provider: str, model: str, timing: str) -> None:
        """A model that was chosen for the directions in a scene, where another would time words."""
        self._add(
            line,
            f"{provider}: ",
            f"recorded with {model}, for the directions in their scenes, which does not time words;"
            f" {timing} times words, and acts no directions (`version` in book.yaml or cast.yaml settles it)",
        )

    def slowed(self, line: Utterance, provider: str, asked: float, given: float) -> None:
        """A speed that the provider does not have."""
        self._add(line, f"{provider} cannot speak at speed {asked:g}; it speaks at {given:g}")

    def cut_inside_a_word(self, line: Utterance, provider: str, limit: int) -> None:
        """A run of letters that is longer than a provider takes in one go; most likely a space is missing."""
        self._add(
            line,
            f"{provider} takes {limit:,} characters in one go, and ",
            "cut inside a word for it; put spaces where they can be divided",
        )

    def unguided(self, line: Utterance, provider: str) -> None:
        """A guide recording, and a provider that follows none."""
        self._add(line, f"{provider} cannot follow a guide recording; ", "spoken from the text")

    def recorded_otherwise(self, line: Utterance, provider: str, model: str, other: str) -> None:
        """A line that has a take from another model than the one its chain takes now: it costs again."""
        self._add(
            line,
            f"{provider}: ",
            f"to be recorded again with {model}, since a direction in the scene came or went; their takes"
            f" from {other} are kept (`version` in book.yaml or cast.yaml settles on one)",
        )

    def forgotten(self, line: Utterance, provider: str) -> None:
        """A take that the provider should have gone on from."""
        self._add(
            line,
            f"{provider}: ",
            "recorded after a take that the provider no longer knew; it was told of its text, or of nothing",
        )

    def mistimed(self, line: Utterance, provider: str) -> None:
        """Word times that cannot be those of the line's words."""
        self._add(
            line,
            f"{provider}: ",
            "left without the word times that came, since those do not fit their words",
        )

    def doubted(self, line: Utterance, take: Take) -> None:
        """A take that does not seem to hold what the line says."""
        found = take.alignment
        if found is None:
            return
        remedy = (
            f"listen to it: `narrator pickup PROJECT {line.id}` records another one, and"
            f" `narrator takes PROJECT {line.id} --choose` settles that it is good"
        )
        if not found.holds:  # where exactly it differs is a guess then
            self._add(line, f"{line.id}: the take is {NOT_THE_LINE}, as far as can be heard; {remedy}")
            return
        for doubted in doubts_of(take, line.text):
            at = f"at {doubted.start_ms / 1000:.1f} s of take {take.id}"
            self._add(line, f"{line.id}: {doubted.words!r} seems to be {doubted.what} ({at}); {remedy}")

    def notices(self) -> Iterator[Notice]:
        """All of them, in the order in which they were met."""
        for (before, after), lines in self._lines.items():
            counted = "1 line is" if len(lines) == 1 else f"{len(lines):,} lines are"
            message = before if after is None else f"{before}{counted} {after}"
            yield Notice(message=message, file=lines[0].file, line=lines[0].line, utterance=lines[0].id)

    def _add(self, line: Utterance, before: str, after: str | None = None) -> None:
        self._lines.setdefault((before, after), []).append(line)
