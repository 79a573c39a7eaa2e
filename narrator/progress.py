"""How long work tells about itself. A face implements it; flows call it, from any thread."""

from __future__ import annotations

from typing import Literal, Protocol

from narrator.manuscript import Notice

ChapterState = Literal["mastering", "made", "unchanged", "failed"]


class Progress(Protocol):
    """What a face may want to show."""

    def planned(self, *, chapters: int, lines: int, to_record: int) -> None:
        """Everything is parsed, proved and planned; so many takes are to be recorded."""
        ...

    def more(self, *, to_record: int) -> None:
        """So many takes are to be recorded in addition, since some that were there are damaged."""
        ...

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        """A take was stored: `milliseconds` of audio that serve so many `lines`."""
        ...

    def chapter(self, title: str, state: ChapterState, *, milliseconds: int) -> None:
        """A chapter changed state; `milliseconds` is its length."""
        ...

    def notice(self, notice: Notice) -> None:
        """Something worth saying that does not stop the work."""
        ...


class Silent:
    """Says nothing."""

    def planned(self, *, chapters: int, lines: int, to_record: int) -> None:
        """See `Progress`."""

    def more(self, *, to_record: int) -> None:
        """See `Progress`."""

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        """See `Progress`."""

    def chapter(self, title: str, state: ChapterState, *, milliseconds: int) -> None:
        """See `Progress`."""

    def notice(self, notice: Notice) -> None:
        """See `Progress`."""
