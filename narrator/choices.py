"""Which take is used for a line where somebody chose: the contents of choices.yaml."""

from __future__ import annotations

from pydantic import BaseModel


class ChosenTake(BaseModel, frozen=True, extra="forbid"):
    """One choice. It follows its line wherever that moves, and rests while the line asks otherwise."""

    line: str
    """Utterance id when it was chosen; for people."""
    text: str
    """The line's text then; for people."""
    key: str
    """Key of what the manuscript asks for this line."""
    take: str
    """Id of the take."""
    recorded_as: str | None = None
    """Key the take lies under, where it was asked with another direction than the manuscript's."""
    after: str | None = None
    """Key of the line before it in its chapter; tells identical lines from each other."""
    nth: int | None = None
    """Where several lines have that key and that line before them: which of them it is, from 1."""

    unheard: bool = False
    """Put to use as it came in, or to stay where it was: nobody has said that it is good."""

    @property
    def lies_under(self) -> str:
        """Key of the take itself."""
        return self.recorded_as or self.key


class Choices(BaseModel, frozen=True, extra="forbid"):
    """Every choice, in the order of the file."""

    chosen: tuple[ChosenTake, ...] = ()
