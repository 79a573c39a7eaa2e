"""Which takes a line has, and putting one of them to use."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from narrator.choices import Choices
from narrator.errors import UsageError
from narrator.findings import doubts_of
from narrator.manuscript import Notice
from narrator.ordering import Order, select
from narrator.pinning import Pinning
from narrator.pipeline import Outcome
from narrator.planning import Line, Plan
from narrator.preparing import Prepared, prepare
from narrator.production import publish
from narrator.progress import Progress, Silent
from narrator.project import open_project, rewrite_choices
from narrator.providers import Providers
from narrator.results import LineTakes, ListedDoubt, ListedTake
from narrator.session import Made, Session, collecting_rarely, make, open_session, tracks
from narrator.store import TakeStore
from narrator.summary import produced
from narrator.takes import Take
from narrator.timeline import milliseconds

NONE = "none"
"""What takes a choice back."""


class Chooser:
    """Writes choices.yaml as choices are made. Safe to use from several threads."""

    def __init__(self, session: Session, plan: Plan, *, unheard: bool = False) -> None:
        """
        Args:
            unheard: nobody has said that the takes it is given are good.
        """
        self._unheard = unheard
        self.choices = session.project.choices
        """What the file held when it was last looked at."""
        self._root, self._store = session.project.root, session.store
        self._pinning = Pinning(tuple(plan.lines), session.providers)
        self._takes: dict[str, tuple[Take, ...]] = {}
        self._waiting: dict[str, Take | None] = {}
        self._writing = False
        self._lock = threading.Lock()

    def choose(self, wanted: Mapping[str, Take | None]) -> None:
        """
        Put takes to use, by utterance id; None takes a choice back.

        Where another thread is writing already, that one writes these too.

        Raises:
            ProjectErrors: choices.yaml is damaged; it is left as it is.
            OutputError: it cannot be written.
        """
        with self._lock:
            self._waiting |= wanted
            if self._writing:
                return
            self._writing = True
        try:
            while waiting := self._next():
                self._write(waiting)
        except BaseException:
            with self._lock:
                self._writing = False
            raise

    def _next(self) -> dict[str, Take | None]:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._writing = bool(waiting)
            return waiting

    def _write(self, wanted: Mapping[str, Take | None]) -> None:
        for take in filter(None, wanted.values()):
            self._takes.pop(take.key, None)
        self.choices = rewrite_choices(
            self._root,
            lambda choices: self._pinning.rewrite(
                choices, wanted, on_hand=self._on_hand, unheard=self._unheard
            ),
        )

    def _on_hand(self, key: str) -> tuple[Take, ...]:
        if key not in self._takes:
            self._takes[key] = self._store.takes(key)
        return self._takes[key]


def remake(session: Session, choices: Choices, numbers: Collection[int]) -> Made:
    """
    Make those of some chapters that are complete, recording nothing.

    Args:
        choices: as they are now.
    """
    session = session._replace(project=replace(session.project, choices=choices))
    prepared = session.prepare()
    concerned = [planned for _, planned in tracks(prepared, numbers)]
    notices = []
    for planned in concerned:
        if lacking := sum(line.take is None for line in planned.lines):
            number = planned.chapter.number
            lines = "1 of its lines has" if lacking == 1 else f"{lacking:,} of its lines have"
            notices.append(
                Notice(
                    message=f"chapter {number} is not made: {lines} no take yet;"
                    f" `narrator chapter PROJECT {number}` records what is missing"
                )
            )
    for notice in notices:
        session.progress.notice(notice)
    complete = [planned for planned in concerned if planned.complete]
    if not complete:
        return Made(prepared, _nothing_made(prepared, tuple(notices)), stood_in=False)
    made = make(session, prepared, {planned.chapter.number for planned in complete}, only=())
    outcome = made.outcome._replace(notices=(*notices, *made.outcome.notices))
    return made._replace(outcome=publish(session, made.prepared, outcome))


def list_takes(folder: Path, utterance_id: str) -> LineTakes:
    """
    Every take of a line, the one recorded first at the front; spends and writes nothing.

    Raises:
        UsageError: there is no such line.
        ProjectErrors: whatever is wrong with the project.
    """
    project = open_project(folder)
    with collecting_rarely(), Providers(project.book.providers, language=project.book.language) as providers:
        store = TakeStore(project.takes)
        return line_takes(prepare(project, store, providers), store, utterance_id)


def use_take(
    folder: Path, utterance_id: str, which: str, *, progress: Progress | None = None
) -> tuple[LineTakes, bool]:
    """
    Put one take of a line to use, write that into choices.yaml, and make its chapter if it is complete.

    Args:
        which: its number in `list_takes`, or how its id begins; `none` leaves it to narrator again.

    Returns:
        The line's takes as they are used then, and whether choices.yaml holds anything else than before.

    Raises:
        UsageError: there is no such line or take.
        NarratorError: the work could not be begun, or was interrupted.
    """
    with open_session(open_project(folder), progress=progress or Silent(), command="takes") as session:
        return use_take_in(session, utterance_id, which)


def use_take_in(session: Session, utterance_id: str, which: str) -> tuple[LineTakes, bool]:
    """The same, in a project that is open."""
    prepared = session.prepare()
    line = _line(prepared.plan, utterance_id)
    takes = _takes(line, prepared, session.store)
    take = None if which == NONE else _find(takes, which, utterance_id)
    chooser = Chooser(session, prepared.plan)
    chooser.choose({utterance_id: take})
    made = remake(session, chooser.choices, {line.chapter})
    listed = line_takes(made.prepared, session.store, utterance_id)
    return with_outcome(listed, made, session), chooser.choices != session.project.choices


def _nothing_made(prepared: Prepared, notices: tuple[Notice, ...]) -> Outcome:
    taken = {line.utterance.id: line.take for line in prepared.plan.lines if line.take is not None}
    return Outcome((), taken, (), 0, (), notices, ())


def with_outcome(listed: LineTakes, made: Made, session: Session) -> LineTakes:
    """With what became of the chapter."""
    told = produced(made.prepared, (), made.outcome, session.setting(made.prepared), session.ledger)
    return listed.model_copy(
        update={
            "chapters": told.chapters,
            "warnings": told.warnings,
            "errors": told.errors,
            "exit_code": told.exit_code,
        }
    )


def _line(plan: Plan, utterance_id: str) -> Line:
    return select(plan, [Order(utterance_id)])[0][0]


def _takes(line: Line, prepared: Prepared, store: TakeStore) -> list[Take]:
    """Those under the line's key, and those that were asked for with another direction in their place."""
    key = line.request.key
    chosen = (choice.lies_under for choice in prepared.project.choices.chosen if choice.key == key)
    # Recordings that were brought in are those of the words, whoever is asked for them now.
    keys = dict.fromkeys((key, *store.related(key), *chosen, line.request.as_own().key))
    found = [take for each in keys for take in store.takes(each)]
    spoken = line.request.spoken.text
    return sorted(
        (take for take in found if take.request.spoken.text == spoken),
        key=lambda take: (take.recorded_at, take.nth, take.answer, take.id),
    )


def line_takes(prepared: Prepared, store: TakeStore, utterance_id: str) -> LineTakes:
    """The takes of a line.

    Raises:
        UsageError: there is no such line.
    """
    line = _line(prepared.plan, utterance_id)
    used: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in prepared.plan.lines:
        if each.take is not None:
            used[each.take.key, each.take.id].append(each.utterance.id)
    utterance = line.utterance
    takes = _takes(line, prepared, store)
    return LineTakes(
        id=utterance.id,
        text=utterance.text,
        file=utterance.file,
        line=utterance.line,
        role=utterance.role,
        chosen=line.chosen is not None,
        takes=tuple(
            _facts(take, number, used[take.key, take.id], line, store)
            for number, take in enumerate(takes, start=1)
        ),
        warnings=tuple(str(notice) for notice in store.notices),
    )


def _facts(take: Take, number: int, users: list[str], line: Line, store: TakeStore) -> ListedTake:
    return ListedTake(
        number=number,
        id=take.id,
        key=take.key,
        in_use=line.utterance.id in users,
        used_by=tuple(users),
        recorded_at=take.recorded_at,
        milliseconds=milliseconds(take.samples, take.rate),
        cost=take.cost,
        currency=take.currency,
        provider=take.request.provider,
        model=take.request.model,
        voice=take.request.voice,
        direction=take.request.direction,
        path=str(store.path(take.key, take.id)),
        holds=take.alignment.holds if take.alignment else None,
        doubts=listed_doubts(take, line.utterance.text),
    )


def listed_doubts(take: Take, text: str) -> tuple[ListedDoubt, ...]:
    """Those about a take of the line that is written so."""
    return tuple(
        ListedDoubt(kind=each.kind, words=each.words, start_ms=each.start_ms, end_ms=each.end_ms)
        for each in doubts_of(take, text)
    )


def _find(takes: list[Take], which: str, utterance_id: str) -> Take:
    """By number, else by the beginning of the id."""
    if which.isascii() and which.isdigit() and 1 <= int(which) <= len(takes):
        return takes[int(which) - 1]
    found = [take for take in takes if which and take.id.startswith(which.lower())]
    if len({take.id for take in found}) == 1:
        return found[0]
    if found:
        raise UsageError(f"several takes of {utterance_id} begin with {which!r}; write more of the id")
    if not takes:
        raise UsageError(f"{utterance_id} has no take yet; `narrator pickup` records one")
    known = ", ".join(f"{number} ({take.id})" for number, take in enumerate(takes, start=1))
    raise UsageError(f"{utterance_id} has no take {which!r}; it has {known}; `{NONE}` takes a choice back")
