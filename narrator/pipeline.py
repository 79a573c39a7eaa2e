"""Record and assemble beside each other: a chapter is mastered as soon as its last take is in."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import NamedTuple

from narrator.assembly import Assembled, Setting, assemble
from narrator.errors import (
    BudgetExceeded,
    DamagedTake,
    Interrupted,
    MissingTake,
    NarratorError,
    ProviderError,
)
from narrator.findings import Findings
from narrator.ledger import Ledger
from narrator.manuscript import Notice
from narrator.needing import Needs
from narrator.planning import Line, PlannedChapter, to_record
from narrator.progress import ChapterState, Progress
from narrator.providers.base import Provider
from narrator.recording import FindTimes, ReadGuide, Recording
from narrator.takes import Take
from narrator.timeline import milliseconds

SHOWN = 10
"""Failed lines that are named one by one."""
MASTERING = "master-"
"""What the names of threads begin with that make chapters."""
MASTERING_THREADS = os.cpu_count() or 1
"""Resampling and encoding release the interpreter lock, so threads use every core."""
WAITING = "interrupted; answers that are under way are waited for and kept: Ctrl-C again ends without them"


class Outcome(NamedTuple):
    """What a run of the pipeline did."""

    assembled: tuple[Assembled, ...]
    """In the order of the book; chapters that failed are missing."""
    taken: Mapping[str, Take]
    """The take of each utterance that has one, by utterance id."""
    recorded: tuple[Take, ...]
    """The takes recorded in this run."""
    requests: int
    """HTTP requests made."""
    kept: tuple[Take, ...]
    """Every take stored in this run: the same, and those beyond the first answer to a request."""
    notices: tuple[Notice, ...]
    errors: tuple[NarratorError, ...]
    awaited: tuple[Line, ...] = ()
    """Lines that another process is recording, or has recorded meanwhile."""


class Pipeline:
    """One run over some chapters."""

    def __init__(
        self,
        chapters: Sequence[tuple[int, PlannedChapter]],
        *,
        setting: Setting,
        providers: Mapping[str, Provider],
        progress: Progress,
        ledger: Ledger,
        needs: Needs,
        only: Collection[str] | None = None,
        read_guide: ReadGuide | None = None,
        find_times: FindTimes | None = None,
        gone: Collection[str] = (),
    ) -> None:
        """
        Args:
            chapters: each with its place in the book, from 1.
            needs: what the whole book asks for.
            only: ids of the utterances that may be recorded, all by default; a chapter that lacks the
                take of another one is left as it is.
            read_guide: reads the recording that an utterance is to follow.
            find_times: for takes without word times.
            gone: providers that are not asked any more.
        """
        self._chapters = {planned.chapter.number: (track, planned) for track, planned in chapters}
        self._setting, self._providers, self._progress = setting, providers, progress
        self._only, self._find_times = only, find_times
        self._recording = Recording(
            providers,
            setting.store,
            ledger=ledger,
            needs=needs,
            on_take=self._on_take,
            read_guide=read_guide,
            find_times=find_times,
            gone=gone,
        )
        self._lock = threading.Lock()
        self._done: SimpleQueue[Future[None]] = SimpleQueue()
        self._in_work = 0
        self._assembled: dict[int, Assembled] = {}
        self._recorded: list[Take] = []
        self._notices: list[Notice] = []
        self._errors: list[NarratorError] = []
        self._mended: set[int] = set()
        self._unmended: set[str] = set()
        """Ids of the lines whose takes are damaged, and that may not be recorded."""
        self._taken: dict[str, Take] = {}
        self._waiting: dict[str, list[Line]] = {}
        self._left: dict[int, int] = {}
        for number, (_, planned) in self._chapters.items():
            self._left[number] = sum(line.take is None for line in planned.lines)
            self._taken |= {line.utterance.id: line.take for line in planned.lines if line.take is not None}

    def run(self) -> Outcome:
        """
        Make the chapters. What fails is in the outcome; the rest is made all the same.

        Raises:
            Interrupted: Ctrl-C; requests in flight were finished and kept.
        """
        try:
            recording = self._make_all()
        except KeyboardInterrupt:
            raise Interrupted(self._kept()) from None
        self._errors += [*failures(recording), *self._not_made(recording.awaited)]
        for notice in (*recording.notices, *self._doubts()):
            self._note(notice)
        return Outcome(
            tuple(self._assembled[number] for number in self._chapters if number in self._assembled),
            self._taken,
            tuple(self._recorded),
            recording.requests,
            tuple(recording.kept),
            tuple(self._notices),
            tuple(self._errors),
            tuple(recording.awaited),
        )

    def _make_all(self) -> Recording:
        """Record and assemble; however it ends, what was begun is finished first."""
        with (
            self._recording as recording,
            ThreadPoolExecutor(MASTERING_THREADS, thread_name_prefix=MASTERING) as self._mastering,
        ):
            try:
                for number, left in self._left.items():
                    if left == 0:
                        self._assemble(number)
                self._record([line for _, planned in self._chapters.values() for line in planned.lines])
                self._wait()
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and recording.requests:
                    self._progress.notice(Notice(message=WAITING))  # an engine of ours is done at once
                recording.stop()
                raise
            finally:
                self._setting.stopping.set()
        return recording

    def _record(self, lines: Sequence[Line]) -> None:
        with self._lock:
            for line in lines:
                if line.take is None:
                    self._waiting.setdefault(line.request.key, []).append(line)
        self._track(self._recording.start(self._needed(lines), self._taken))

    def _needed(self, lines: Sequence[Line]) -> list[Line]:
        """Those that a take is recorded for."""
        return to_record(filter(self._may_record, lines), self._providers)

    def _shared(self, line: Line) -> bool:
        """Whether one take serves every line that says the same."""
        return self._providers[line.request.provider].models[line.request.model].deterministic

    def _may_record(self, line: Line) -> bool:
        return self._only is None or line.utterance.id in self._only

    def _on_take(self, line: Line, take: Take) -> None:
        """A take serves its line, and on a deterministic engine every line that says the same."""
        finished = []
        with self._lock:
            self._recorded.append(take)
            served = self._waiting.pop(line.request.key, []) if self._shared(line) else [line]
            for each in served:
                self._taken[each.utterance.id] = take
                self._left[each.chapter] -= 1
                if self._left[each.chapter] == 0:
                    finished.append(each.chapter)
        self._progress.recorded(
            chapter=self._chapters[line.chapter][1].chapter.title,
            utterance_id=line.utterance.id,
            text=line.utterance.text,
            milliseconds=milliseconds(take.samples, take.rate),
            lines=len(served),
        )
        for number in finished:
            self._assemble(number)

    def _assemble(self, number: int) -> None:
        if not self._setting.stopping.is_set():
            self._track([self._mastering.submit(self._make, number)])

    def _make(self, number: int) -> None:
        track, planned = self._chapters[number]
        title = planned.chapter.title
        self._progress.chapter(title, "mastering", milliseconds=0)
        try:
            self._time(planned)
            made = assemble(
                planned,
                self._taken,
                track,
                self._setting,
                on_wait=lambda pid: self._progress.notice(_making(pid, title)),
            )
        except DamagedTake as error:
            if number in self._mended:
                raise
            self._mend(number, error)
            return
        except NarratorError:
            self._progress.chapter(title, "failed", milliseconds=0)
            raise
        with self._lock:
            self._assembled[number] = made
        state: ChapterState = "made" if made.changed else "unchanged"
        self._progress.chapter(title, state, milliseconds=made.outline.duration_ms)

    def _time(self, planned: PlannedChapter) -> None:
        """Find the word times of takes that were recorded before anybody could."""
        if self._find_times is None:
            return
        for line in planned.lines:
            take = self._taken[line.utterance.id]
            if take.word_source == "estimated" and take.alignment is None:
                found = self._find_times(take)
                with self._lock:
                    self._taken[line.utterance.id] = found

    def _doubts(self) -> Iterator[Notice]:
        """Of the takes that were not there, or not looked at, when the plan was made."""
        findings = Findings()
        for _, planned in self._chapters.values():
            for line in planned.lines:
                take = self._taken.get(line.utterance.id)
                if (
                    not line.vouched
                    and take is not None
                    and (line.take is None or line.take.alignment is None)
                ):
                    findings.doubted(line.utterance, take)
        return findings.notices()

    def _mend(self, number: int, error: DamagedTake) -> None:
        """Record a chapter's damaged takes again, all of them at once, and then make the chapter."""
        self._mended.add(number)
        planned = self._chapters[number][1]
        store = self._setting.store
        lost: list[Line] = []
        for line in planned.lines:
            take = self._taken[line.utterance.id]
            try:
                store.pcm(take.key, take.id)
            except DamagedTake:
                store.set_aside(take.key, take.id)
                lost.append(line._replace(take=None))
        self._note(Notice(message=str(error)))
        with self._lock:
            for line in lost:
                del self._taken[line.utterance.id]
            self._left[number] = len(lost)
            self._unmended |= {line.utterance.id for line in lost if not self._may_record(line)}
        if lost:
            self._progress.more(to_record=len(self._needed(lost)))
            self._record(lost)
        else:
            self._assemble(number)

    def _note(self, notice: Notice) -> None:
        with self._lock:
            self._notices.append(notice)
        self._progress.notice(notice)

    def _track(self, futures: Sequence[Future[None]]) -> None:
        with self._lock:
            self._in_work += len(futures)
        for future in futures:
            future.add_done_callback(lambda done: self._done.put(done))

    def _wait(self) -> None:
        """Until nothing is in work; the first error that is not one provider's ends the recording."""
        while self._in_work:
            try:
                # With a timeout, because a wait without one would not let Ctrl-C through everywhere.
                future = self._done.get(timeout=1)
            except Empty:
                continue
            with self._lock:
                self._in_work -= 1
            if future.cancelled():
                continue
            error = future.exception()
            if isinstance(error, NarratorError):
                if str(error) not in map(str, self._errors):  # every chain may meet the same wall
                    self._errors.append(error)
                if is_fatal(error):
                    self._recording.stop()
            elif error is not None:
                raise error

    def _not_made(self, awaited: Sequence[Line]) -> list[NarratorError]:
        """A refusal by name for every chapter that lacks a take that was to be recorded here."""
        refusals: list[NarratorError] = []
        awaited_keys = {line.request.key for line in awaited if self._shared(line)}
        others = {line.utterance.id for line in awaited}
        for _, planned in self._chapters.values():
            lacking = [line for line in planned.lines if line.utterance.id not in self._taken]
            missing = [
                line.utterance.id
                for line in lacking
                if (self._may_record(line) or line.utterance.id in self._unmended)
                and line.utterance.id not in others
                and line.request.key not in awaited_keys
            ]
            if missing:
                refusals.append(MissingTake(missing, chapter=planned.chapter.title))
        return refusals

    def _kept(self) -> str:
        takes = f"{len(self._recorded)} new take{'' if len(self._recorded) == 1 else 's'}"
        return f"interrupted; {takes} kept, and the next run goes on from there{given_up(self._recording)}"


def given_up(recording: Recording) -> str:
    """What to add about requests that were not waited for; nothing where there are none."""
    count = recording.given_up
    if not count:
        return ""
    requests = f"{count} request{'' if count == 1 else 's'}"
    return f"; {requests} under way were not waited for and may be billed (`narrator ledger` lists them)"


def _making(pid: int, title: str) -> Notice:
    who = f"another narrator (process {pid})" if pid else "another narrator"
    return Notice(message=f"{who} is making the chapter {title!r}; waiting for it")


def is_fatal(error: NarratorError) -> bool:
    """Whether recording more lines would only meet the same wall: a budget, a disk that is full."""
    return isinstance(error, BudgetExceeded) or isinstance(error.__cause__, OSError)


def _placed(line: Line, error: ProviderError) -> ProviderError:
    """The error, saying which line of the manuscript it is about: the provider does not know."""
    if not error.stops:  # which would be the same for any line
        error.args = (f"{line.utterance.file}:{line.utterance.line}: {error}",)
    return error


def failures(recording: Recording) -> list[NarratorError]:
    """What providers refused: the first few in full, the rest counted."""
    errors = [_placed(line, error) for line, error in recording.failures]
    if len(errors) > SHOWN:
        rest = len(errors) - SHOWN
        errors[SHOWN:] = [ProviderError(f"and {rest} more lines failed", provider=errors[SHOWN].provider)]
    return list(errors)
