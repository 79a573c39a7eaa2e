"""Progress for people: bars on a terminal, plain lines elsewhere (CI, a file)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from narrator.cli.output import PEOPLE, clock, count, say, shown, warn
from narrator.manuscript import Notice
from narrator.progress import ChapterState
from narrator.progress import Progress as ProgressHook

EVERY_S = 10.0
"""Between two plain lines about recording."""


@contextmanager
def following() -> Iterator[ProgressHook]:
    """A progress hook for this run: bars if stderr is a terminal, lines if not."""
    log, told = logging.getLogger("narrator"), _Told(logging.WARNING)
    log.addHandler(told)
    try:
        if not PEOPLE.is_terminal:
            yield Lines()
            return
        bars = Bars()
        with bars.display:
            yield bars
    finally:
        log.removeHandler(told)


class _Told(logging.Handler):
    """Shows what is logged deep inside, such as that a service has us wait."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        warn([record.getMessage()])


class Lines:
    """Plain lines: one a chapter, and one every few seconds of recording."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._to_record = self._recorded = 0
        self._milliseconds = 0
        self._began = self._said = time.monotonic()

    def planned(self, *, chapters: int, lines: int, to_record: int) -> None:
        """See `Progress`."""
        self._to_record, self._recorded, self._milliseconds = to_record, 0, 0  # it may be another pass
        self._began = self._said = time.monotonic()
        say(
            f"{count(chapters, 'chapter')}, {count(lines, 'utterance')}, {count(to_record, 'take')} to record"
        )

    def more(self, *, to_record: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._to_record += to_record

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._recorded += 1
            self._milliseconds += milliseconds
            now = time.monotonic()
            last = self._recorded >= self._to_record
            if now - self._said < EVERY_S and not last:
                return
            self._said = now
            passed = max(now - self._began, 1e-3)
            left = passed / self._recorded * (self._to_record - self._recorded)
        say(
            f"recorded {self._recorded:,} of {self._to_record:,} ({chapter}, {utterance_id}),"
            f" {self._milliseconds / 1000 / passed:.0f} x real time, {clock(left)} left"
        )

    def chapter(self, title: str, state: ChapterState, *, milliseconds: int) -> None:
        """See `Progress`."""
        if state != "mastering":
            say(f"{state}: {title}" + (f" ({clock(milliseconds / 1000)})" if milliseconds else ""))

    def notice(self, notice: Notice) -> None:
        """See `Progress`."""
        warn([str(notice)])


class Bars:
    """Two bars: takes recorded (with the line being spoken, and its rate), chapters made."""

    def __init__(self) -> None:
        self.display = Progress(
            TextColumn("{task.description:>9}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}", markup=False),
            console=PEOPLE,
            transient=True,
        )
        self._recording: TaskID | None = None
        self._making: TaskID | None = None
        self._milliseconds = self._to_record = 0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def planned(self, *, chapters: int, lines: int, to_record: int) -> None:
        """See `Progress`."""
        self._began, self._milliseconds, self._to_record = time.monotonic(), 0, to_record
        for task in self.display.task_ids:  # of the pass before
            self.display.remove_task(task)
        self._recording = None
        add = self.display.add_task
        if to_record:
            self._recording = self._add_recording(to_record)
        self._making = add("making", total=chapters, unit="chapters", rate="", now="")

    def _add_recording(self, to_record: int) -> TaskID:
        return self.display.add_task("recording", total=to_record, unit="takes", rate="", now="")

    def more(self, *, to_record: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._to_record += to_record
            if self._recording is None:
                self._recording = self._add_recording(self._to_record)
            self.display.update(self._recording, total=self._to_record)

    def recorded(self, *, chapter: str, utterance_id: str, text: str, milliseconds: int, lines: int) -> None:
        """See `Progress`."""
        if self._recording is None:
            return
        self._milliseconds += milliseconds
        rate = self._milliseconds / 1000 / max(time.monotonic() - self._began, 1e-3)
        opening = text if len(text) <= 40 else f"{text[:39]}…"
        now = shown(f"{chapter} · {utterance_id} · {opening}")
        self.display.update(self._recording, advance=1, rate=f"{rate:.0f}x", now=now)

    def chapter(self, title: str, state: ChapterState, *, milliseconds: int) -> None:
        """See `Progress`."""
        if self._making is None:
            return
        self.display.update(self._making, advance=0 if state == "mastering" else 1, now=shown(title))
        if state != "mastering":
            say(f"{state}: {title}" + (f" ({clock(milliseconds / 1000)})" if milliseconds else ""))

    def notice(self, notice: Notice) -> None:
        """See `Progress`."""
        warn([str(notice)])
