"""A project at work: opened, its ledger and its providers with it, and made chapter by chapter.

Several processes may work on one project. Each claims the lines that it records; those that another one has
claimed are awaited, and planned anew when that one is done with them.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from narrator.affording import assert_affordable
from narrator.assembly import Setting
from narrator.errors import (
    BudgetExceeded,
    ConfigurationError,
    MissingTake,
    NarratorError,
    ProviderError,
    ServiceGone,
)
from narrator.files import locked, sweep
from narrator.ledger import Claim, Ledger
from narrator.lexicon import EMBEDDED
from narrator.manuscript import Notice
from narrator.needing import Needs, designed_voice, needs, voice_name
from narrator.pipeline import Outcome, Pipeline, is_fatal
from narrator.planning import Line, PlannedChapter, takes_of, to_record
from narrator.preparing import Prepared, prepare
from narrator.progress import Progress
from narrator.project import Project
from narrator.providers import Providers
from narrator.recording import FindTimes, announce
from narrator.splitting import paid_for
from narrator.standing_in import gone, keeping_recordings, together, told
from narrator.store import TakeStore
from narrator.takes import Take
from narrator.timing import Timing

LOOK_S = 0.25
"""Between two looks at whether another process is done."""
VAIN = 20
"""How often in a row the same lines are awaited for nothing before they count as missing."""


class Session(NamedTuple):
    """A project that is being worked on in this process."""

    project: Project
    store: TakeStore
    ledger: Ledger
    providers: Providers
    progress: Progress
    rehearse: bool

    def prepare(self, gone: Collection[str] = ()) -> Prepared:
        """Everything there is to know before something is spent; as the store is now."""
        prepared = prepare(self.project, self.store, self.providers, rehearse=self.rehearse, gone=gone)
        paid = (
            take for line in prepared.plan.lines for take in takes_of(line, self.store.takes) if take.cost
        )
        self.ledger.adopt(paid_for(paid))
        return prepared

    def assert_affordable(
        self, prepared: Prepared, numbers: Collection[int], only: Collection[str] | None
    ) -> None:
        """
        Refuse to record what is missing in some chapters, if that would pass the budget.

        Args:
            numbers: of the chapters.
            only: ids of the utterances that may be recorded; all of those chapters by default.

        Raises:
            See `affording.refuse_beyond_budget`.
        """
        lines = (
            line
            for _, planned in tracks(prepared, numbers)
            for line in planned.lines
            if only is None or line.utterance.id in only
        )
        assert_affordable(
            lines,
            prepared.plan,
            providers=self.providers,
            ledger=self.ledger,
            budgets=self.project.book.budget,
        )

    @property
    def find_times(self) -> FindTimes | None:
        """For takes that come without word times; None where there is no embedded voice to compare with."""
        if EMBEDDED not in self.providers:
            return None
        return Timing(self.store, self.providers, language=self.project.book.language).of

    def setting(self, prepared: Prepared) -> Setting:
        """What is the same for every chapter."""
        return Setting(
            book=self.project.book,
            cover=self.project.cover,
            of=len(prepared.plan.chapters),
            rehearsal=self.rehearse,
            build=self.project.build,
            store=self.store,
            stopping=threading.Event(),
        )


@contextmanager
def open_session(
    project: Project, *, rehearse: bool = False, progress: Progress, command: str = ""
) -> Iterator[Session]:
    """
    Work on a project; what was left unfinished by a process that was killed is cleared up first.

    Args:
        command: what this is for, as the ledger writes it down.

    Raises:
        OutputError: nothing can be written there.
    """
    with (
        # Shared by all who record; who removes takes has it alone.
        locked(project.takes / ".lock", on_wait=lambda pid: progress.notice(_busy(pid)), shared=True),
        collecting_rarely(),
        Providers(
            project.book.providers, language=project.book.language, title=project.book.title
        ) as providers,
    ):
        sweep(project.takes, within=False)
        sweep(project.build)
        store = TakeStore(project.takes)
        with Ledger(project.takes, store=store, budget=project.book.budget, command=command) as ledger:
            told = len(ledger.notices)
            for notice in ledger.notices[:told]:
                progress.notice(notice)
            yield Session(project, store, ledger, providers, progress, rehearse)
        for notice in ledger.notices[told:]:  # of other runs meanwhile, or of its end
            progress.notice(notice)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let Python look for reference cycles a hundred times less often while the block runs.

    A book is millions of small values that live to the end. Looking through them again and again for
    cycles, of which there are next to none, takes as long as all the rest of reading it.
    """
    before = gc.get_threshold()
    # The second figure: a book of 100,000 lines reaches 50, and looking through all of it once takes a tenth
    # as long as reading it.
    gc.set_threshold(100_000, 500, 100)
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # as long as nobody else relies on that
            # What lives now counts as old. Else all of it would be looked through at the next occasion, which
            # costs a tenth of reading the book, right before the process ends.
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*before)


class Made(NamedTuple):
    """What became of some chapters."""

    prepared: Prepared
    """As planned last."""
    outcome: Outcome
    stood_in: bool
    """Whether stand-ins spoke for a service that is gone, which may be back for the next run."""


def make(
    session: Session, prepared: Prepared, numbers: Collection[int], *, only: Collection[str] | None = None
) -> Made:
    """
    Record what is missing in some chapters, and assemble them.

    Args:
        numbers: of the chapters.
        only: ids of the utterances that may be recorded; all of those chapters by default.

    Raises:
        Interrupted: Ctrl-C; requests in flight were finished and kept.
    """
    lost: dict[str, ServiceGone] = {}
    planned = prepared.plan
    outcome = _run(session, prepared, numbers, only)
    in_vain = 0
    while not any(map(is_fatal, outcome.errors)):
        # A service that has said no to all further requests is not asked again, whatever it is that it said.
        closed = {
            error.provider for error in outcome.errors if isinstance(error, ProviderError) and error.stops
        }
        if found := gone(prepared, outcome):
            lost |= found
            before, prepared = prepared.plan, keeping_recordings(session.prepare(lost), planned)
            waiting = _wanting(prepared, numbers)
            for error in found.values():
                session.progress.notice(told(error, partly=error.provider in waiting))
            try:
                session.assert_affordable(prepared, numbers, only)
            except (BudgetExceeded, ConfigurationError) as error:
                outcome = outcome._replace(errors=(error, *outcome.errors))
                break
            again = _run(session, prepared, numbers, only, gone=closed | lost.keys())
            outcome = together(
                outcome, again, tuple(found.values()), plan=before, requests=session.providers.requests
            )
        elif (awaited := _left_to_us(outcome, closed)) and in_vain < VAIN:
            _wait_for_others(session, _claimed_by(awaited), awaited)
            prepared = keeping_recordings(session.prepare(lost), planned)
            ours = _still(prepared, only, outcome.awaited)
            second = _run(session, prepared, numbers, ours, gone=closed | lost.keys())
            in_vain = in_vain + 1 if _ids(second.awaited) == _ids(awaited) else 0
            outcome = _after(outcome, second, session)
        else:
            break
    return Made(prepared, _complete(outcome, prepared), bool(lost))


def tracks(prepared: Prepared, numbers: Collection[int]) -> list[tuple[int, PlannedChapter]]:
    """The chapters of those numbers, each with its place in the book."""
    return [
        (track, planned)
        for track, planned in enumerate(prepared.plan.chapters, start=1)
        if planned.chapter.number in numbers
    ]


def _run(
    session: Session,
    prepared: Prepared,
    numbers: Collection[int],
    only: Collection[str] | None,
    *,
    gone: Collection[str] = (),
) -> Outcome:
    chapters = tracks(prepared, numbers)
    lines = [line for _, planned in chapters for line in planned.lines]
    ours = (line for line in lines if only is None or line.utterance.id in only)
    session.progress.planned(
        chapters=len(chapters), lines=len(lines), to_record=len(to_record(ours, session.providers))
    )
    announce(prepared.plan, session.providers)
    return Pipeline(
        chapters,
        setting=session.setting(prepared),
        providers=session.providers,
        progress=session.progress,
        ledger=session.ledger,
        needs=needs(prepared.plan, session.providers),
        only=only,
        read_guide=prepared.guides.read,
        find_times=session.find_times,
        gone=gone,
    ).run()


def _wanting(prepared: Prepared, numbers: Collection[int]) -> set[str]:
    """The providers that lines of some chapters wait for."""
    lines = (line for _, planned in tracks(prepared, numbers) for line in planned.lines)
    return {line.request.provider for line in lines if line.take is None}


def _left_to_us(outcome: Outcome, closed: Collection[str]) -> list[Line]:
    """The awaited lines that this process may record if the others do not."""
    return [line for line in outcome.awaited if line.request.provider not in closed]


def _still(prepared: Prepared, only: Collection[str] | None, awaited: Iterable[Line]) -> frozenset[str]:
    """What another pass may record: what was awaited, and not again what has been refused.

    And what has a take by now, in case that one turns out to be damaged.
    """
    ours = (line for line in prepared.plan.lines if only is None or line.utterance.id in only)
    return _ids(awaited) | _ids(line for line in ours if line.take is not None)


@contextmanager
def having_voices(session: Session, prepared: Prepared, lines: Iterable[Line]) -> Iterator[Needs]:
    """
    What the book asks for, while nobody else makes a voice that recording *lines* would make.

    A voice that somebody is making from its description is waited for, and is one that there is then.
    """
    needed = needs(prepared.plan, session.providers)
    designed, claimed = dict(needed.designed), []
    described = {
        voice_name(line.request.provider, line.request.description): line
        for line in lines
        if line.request.description is not None
    }

    def made(name: str) -> Take | None:
        return designed_voice(name, needed, session.store.takes)

    try:
        # In one order everywhere, so that no two processes wait for what the other one has.
        for name, line in sorted(described.items()):
            while name not in designed and name not in claimed:
                if session.ledger.claim([Claim(name, 1)], lambda voice: int(made(voice) is not None)):
                    claimed.append(name)
                elif (take := made(name)) is not None:
                    designed[name] = take
                else:
                    _wait_for_others(session, {name}, [line])
        yield needed._replace(designed=designed)
    finally:
        session.ledger.release(claimed)


def _claimed_by(awaited: Sequence[Line]) -> set[str]:
    """The names of the claims that lines and their voices are recorded under."""
    names = {line.request.key for line in awaited}
    for request in (line.request for line in awaited):
        if request.description is not None:
            names.add(voice_name(request.provider, request.description))
    return names


def _wait_for_others(session: Session, names: Collection[str], awaited: Sequence[Line]) -> None:
    """Wait until no other process has a claim of one of those names; say so, once.

    Args:
        awaited: the lines that cannot be recorded before.
    """
    told = False
    while others := session.ledger.claimants(names):
        if not told:
            session.progress.notice(_recording(others, awaited))
            told = True
        time.sleep(LOOK_S)


def _ids(lines: Iterable[Line]) -> frozenset[str]:
    return frozenset(line.utterance.id for line in lines)


def _complete(outcome: Outcome, prepared: Prepared) -> Outcome:
    """The outcome, with an error for every chapter that lacks a line which was awaited to the end."""
    awaited = _ids(outcome.awaited) - outcome.taken.keys()
    refusals = [
        MissingTake(missing, chapter=planned.chapter.title)
        for planned in prepared.plan.chapters
        if (missing := [line.utterance.id for line in planned.lines if line.utterance.id in awaited])
    ]
    # What ended the run stands first: the exit code is its.
    errors = sorted((*outcome.errors, *refusals), key=lambda error: not is_fatal(error))
    return outcome._replace(errors=tuple(errors))


def _after(first: Outcome, second: Outcome, session: Session) -> Outcome:
    """Both passes as one run: the lines that another process recorded, or left to us, after our own."""
    changed = {made.chapter.number for made in first.assembled if made.changed}
    return Outcome(
        tuple(
            made._replace(changed=made.changed or made.chapter.number in changed) for made in second.assembled
        ),
        second.taken,
        (*first.recorded, *second.recorded),
        session.providers.requests,
        (*first.kept, *second.kept),
        (*first.notices, *second.notices),
        (*_standing(first, second), *second.errors),
        second.awaited,
    )


def _standing(first: Outcome, second: Outcome) -> Iterator[NarratorError]:
    """The errors of a pass that the next one has neither told again nor done away with."""
    told = set(map(str, second.errors))
    for error in first.errors:
        left = error
        if isinstance(error, MissingTake):
            missing = [name for name in error.utterance_ids if name not in second.taken]
            if not missing:
                continue
            left = MissingTake(missing, chapter=error.chapter)
        if str(left) not in told:
            yield left


def _busy(pid: int) -> Notice:
    who = f"another narrator (process {pid})" if pid else "another narrator"
    return Notice(message=f"{who} is removing takes of this project; waiting for it")


def _recording(others: dict[str, int], awaited: Iterable[Line]) -> Notice:
    pids = sorted(set(others.values()))
    many = len(pids) > 1
    who = f"{'processes' if many else 'process'} {', '.join(map(str, pids))}"
    count = sum(line.request.key in others for line in awaited)
    lines = f"{count} line{'' if count == 1 else 's'}" if count else "a voice"
    return Notice(
        message=f"{'others are' if many else 'another narrator is'} recording {lines} of this book ({who});"
        " waiting for that"
    )
