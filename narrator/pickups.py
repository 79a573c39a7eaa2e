"""Another take of some lines: ordered, priced, recorded, put to use, and their chapters made again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import NamedTuple

from narrator.affording import refuse_beyond_budget
from narrator.errors import Interrupted, NarratorError, UsageError
from narrator.estimating import Estimate, estimate
from narrator.findings import Findings
from narrator.manuscript import Notice
from narrator.ordering import (
    Order,
    direct_lines,
    fewer,
    following,
    merged,
    named,
    parse_orders,
    search,
    select,
)
from narrator.pipeline import WAITING, failures, given_up
from narrator.planning import Line
from narrator.preparing import Prepared
from narrator.production import numbered
from narrator.progress import Progress, Silent
from narrator.project import open_project
from narrator.recording import Recording, announce
from narrator.results import PickedUp, Pickups, Production
from narrator.selecting import Chooser, remake
from narrator.session import Made, Session, having_voices, open_session, tracks
from narrator.summary import produced
from narrator.takes import Take
from narrator.timeline import milliseconds

LIMIT_LIST_BYTES = 1_000_000

Announce = Callable[[Estimate], None]
"""Told what is about to be recorded and what it will cost, before anything is."""


class Wanted(NamedTuple):
    """What somebody orders; lines by their ids, by their words, from a list."""

    ids: tuple[str, ...] = ()
    search: str | None = None
    every: bool = False
    """All lines that hold the words that are searched for."""
    listed: Path | None = None
    """See `ordering.parse_orders`."""
    direction: str | None = None
    """For the lines that the list has none for."""
    takes: int = 1
    """Of each line."""
    ripple: int = 0
    """How many lines after each, in its context chain, are recorded again as well."""


def pick_up(
    folder: Path, wanted: Wanted, *, progress: Progress | None = None, announce: Announce = lambda _: None
) -> Pickups:
    """
    Record other takes of some lines and put the first new one of each to use; all takes are kept.

    Nothing is recorded that was not ordered: a chapter that lacks other takes is left as it is.

    Raises:
        UsageError: the order cannot be understood, or nothing new would be heard.
        BudgetExceeded: it would cost more than is left; nothing was asked for.
        NarratorError: the work could not be begun, or was interrupted. What goes wrong with one line or
            chapter is in `Pickups.errors`.
    """
    _refuse_nothing(wanted)
    with open_session(open_project(folder), progress=progress or Silent(), command="pickup") as session:
        return pick_up_in(session, wanted, announce)


def pick_up_in(session: Session, wanted: Wanted, announce: Announce = lambda _: None) -> Pickups:
    """The same, in a project that is open."""
    orders = _orders(wanted)
    prepared = _prepared(session)
    plan, project = prepared.plan, session.project
    if wanted.search is not None:
        found = search(plan, wanted.search, every=wanted.every)
        orders += [Order(line.utterance.id, wanted.direction) for line in found]
    picked = select(plan, merged(orders))
    lines = direct_lines(picked, plan, book=project.book, cast=project.cast, providers=session.providers)
    asked = {line.utterance.id: _Asked(line, wanted.takes) for line in lines}
    first, providers, continuity = tuple(asked), session.providers, project.book.continuity
    short = fewer(plan, first, wanted.ripple, providers=providers, continuity=continuity)
    for line in _not_brought_in(session, following(plan, first, wanted.ripple)):
        asked.setdefault(line.utterance.id, _Asked(line, 1))
    return _record(session, prepared, asked.values(), announce, found=short)


def record_again(
    folder: Path,
    numbers: Iterable[int],
    *,
    progress: Progress | None = None,
    announce: Announce = lambda _: None,
) -> Production:
    """
    Record every line of some chapters anew, each told of the new take before it; then make them.

    Raises:
        See `pick_up`.
    """
    with open_session(open_project(folder), progress=progress or Silent(), command="again") as session:
        return record_again_in(session, numbers, announce)


def record_again_in(
    session: Session, numbers: Iterable[int], announce: Announce = lambda _: None
) -> Production:
    """The same, in a project that is open."""
    prepared = _prepared(session)
    chosen = numbered(prepared, frozenset(numbers))
    lines = _not_brought_in(
        session, [line for _, planned in tracks(prepared, chosen) for line in planned.lines]
    )
    again = _record(session, prepared, [_Asked(line, 1) for line in lines], announce, chapters=chosen)
    return Production(**{name: getattr(again, name) for name in Production.model_fields})


def _not_brought_in(session: Session, lines: Iterable[Line]) -> list[Line]:
    """Those whose take somebody else did not speak: who did is not asked by us, and nobody named the line."""
    lines = list(lines)
    own = [line.utterance.id for line in lines if line.take is not None and line.take.is_own]
    if own:
        session.progress.notice(
            Notice(
                message=f"the recordings that were brought in for {named(own)} stay in use;"
                " `narrator pickup` records such a line if it is named"
            )
        )
    return [line for line in lines if line.take is None or not line.take.is_own]


class _Asked(NamedTuple):
    """A line with the request that is made of it, and how often it is made."""

    line: Line
    times: int


class _New:
    """The takes that come in; the first one of each line is put to use at once."""

    def __init__(self, session: Session, prepared: Prepared) -> None:
        self.takes: dict[str, list[Take]] = {}
        """By utterance id."""
        self.in_use = {line.utterance.id: line.take for line in prepared.plan.lines if line.take is not None}
        self.chooser = Chooser(session, prepared.plan, unheard=True)
        self.findings = Findings()
        """What is doubtful about those that are in use now: nobody has listened to them yet."""
        self._titles = {planned.chapter.number: planned.chapter.title for planned in prepared.plan.chapters}
        self._progress = session.progress
        self._lock = threading.Lock()

    def stored(self, line: Line, take: Take) -> None:
        """See `recording.OnTake`. Nothing comes between: who is killed after it finds the take in use."""
        name = line.utterance.id
        with self._lock:
            takes = self.takes.setdefault(name, [])
            takes.append(take)
            first = len(takes) == 1
            if first:
                self.in_use[name] = take
        if first:
            self.chooser.choose({name: take})

    def timed(self, line: Line, take: Take) -> None:
        """See `recording.OnTake`; once the take was held against its text."""
        name = line.utterance.id
        with self._lock:
            if take.id == self.takes[name][0].id:
                self.findings.doubted(line.utterance, take)
        self._progress.recorded(
            chapter=self._titles[line.chapter],
            utterance_id=name,
            text=line.utterance.text,
            milliseconds=milliseconds(take.samples, take.rate),
            lines=1,
        )


def _refuse_nothing(wanted: Wanted) -> None:
    if not wanted.ids and wanted.listed is None and wanted.search is None:
        raise UsageError(
            "which lines? Name them (c03-u014), or give --search or --from; ids are in build/report.html"
        )
    if wanted.every and wanted.search is None:
        raise UsageError("--all goes with --search")


def _orders(wanted: Wanted) -> list[Order]:
    """Those that name their lines."""
    orders = [Order(name, wanted.direction) for name in wanted.ids]
    if wanted.listed is not None:
        listed = parse_orders(_read(wanted.listed), file=str(wanted.listed))
        orders += [o._replace(direction=wanted.direction) if o.direction is None else o for o in listed]
    return orders


def _read(listed: Path) -> str:
    try:
        with listed.open("rb") as file:
            content = file.read(LIMIT_LIST_BYTES + 1)
        if len(content) > LIMIT_LIST_BYTES:
            raise UsageError(f"{listed} is longer than {LIMIT_LIST_BYTES:,} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{listed} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{listed} is not UTF-8; save it as UTF-8") from error


def _prepared(session: Session) -> Prepared:
    prepared = session.prepare()
    for notice in (*prepared.notices, *session.store.notices):
        session.progress.notice(notice)
    return prepared


def _record(
    session: Session,
    prepared: Prepared,
    asked: Iterable[_Asked],
    announce: Announce,
    *,
    chapters: Iterable[int] = (),
    found: Sequence[Notice] = (),
) -> Pickups:
    """
    Record what can be heard anew, and make the chapters concerned, and these *chapters* in any case.

    Args:
        found: about the order.
    """
    planned = {line.utterance.id: line for line in prepared.plan.lines}
    order = {name: place for place, name in enumerate(planned)}
    ordered = sorted(asked, key=lambda each: order[each.line.utterance.id])
    ordered, ready, unchanging = _anew(session, planned, ordered)
    notices = [*found, *unchanging]
    for notice in notices:
        session.progress.notice(notice)
    if ordered:
        _price(session, prepared, ordered, announce)
    new = _New(session, prepared)
    new.chooser.choose(ready)
    new.in_use |= ready
    errors, recording = _ask(session, prepared, ordered, planned, new)
    concerned = {planned[name].chapter for name in (*new.takes, *ready)} | set(chapters)
    made = remake(session, new.chooser.choices, concerned)
    heard = [*_unheard(new, planned), *new.findings.notices()]
    for notice in heard:
        session.progress.notice(notice)
    outcome = made.outcome._replace(
        recorded=tuple(take for takes in new.takes.values() for take in takes),
        kept=tuple(recording.kept),
        requests=recording.requests,
        notices=(*notices, *recording.notices, *heard, *made.outcome.notices),
        errors=(*errors, *failures(recording), *made.outcome.errors),  # what ended the recording first
    )
    made = made._replace(outcome=outcome)
    picked = [line for name, line in planned.items() if name in new.takes or name in ready]
    return _result(session, made, concerned, picked, new)


def _anew(
    session: Session, planned: dict[str, Line], ordered: Sequence[_Asked]
) -> tuple[list[_Asked], dict[str, Take], list[Notice]]:
    """
    What is to be recorded; takes that are there already and need only be used; what cannot be had.

    A voice that answers the same each time has one take of a request, and no other.
    """
    left: list[_Asked] = []
    ready: dict[str, Take] = {}
    same: dict[str, list[str]] = {}
    for each in ordered:
        request, name = each.line.request, each.line.utterance.id
        abilities = session.providers[request.provider].models[request.model]
        takes = session.store.takes(request.key) if abilities.deterministic else ()
        if not abilities.deterministic:
            left.append(each)
        elif not takes:
            left.append(each._replace(times=1))
        elif request.key != planned[name].request.key:
            ready[name] = takes[0]
        else:
            same.setdefault(f"{request.provider}/{request.voice}", []).append(name)
    return left, ready, [_says_the_same(voice, names) for voice, names in same.items()]


def _says_the_same(voice: str, names: Sequence[str]) -> Notice:
    return Notice(
        message=f"{voice} answers the same each time, so there is no other take of {named(names)};"
        " a direction changes it (`narrator pickup --direction`), or another voice in cast.yaml"
    )


def _unheard(new: _New, planned: dict[str, Line]) -> list[Notice]:
    """Takes that came out as the ones before, sample for sample."""
    names = [
        name
        for name, line in planned.items()
        if name in new.takes
        and line.take is not None
        and new.takes[name][0].flac_sha256 == line.take.flac_sha256
    ]
    if not names:
        return []
    return [Notice(message=f"the new take of {named(names)} sounds exactly as the one before")]


def _price(session: Session, prepared: Prepared, ordered: Sequence[_Asked], announce: Announce) -> None:
    """
    Say what it will cost.

    Raises:
        BudgetExceeded: more than is left.
    """
    lines = [_priced(each.line, again=bool(time)) for each in ordered for time in range(each.times)]
    coming = session.ledger.coming.for_pickups
    wanted = estimate(lines, session.providers, book=prepared.plan.lines, coming=coming)
    budgets = session.project.book.budget
    refuse_beyond_budget(wanted, ledger=session.ledger, budgets=budgets, what="recording what was ordered")
    announce(wanted)


def _priced(line: Line, *, again: bool) -> Line:
    """The line without its take; what an earlier stop left of its parts is used the first time."""
    parts = tuple(part._replace(take=None) for part in line.parts) if again else line.parts
    return line._replace(take=None, parts=parts)


def _ask(
    session: Session, prepared: Prepared, ordered: Sequence[_Asked], planned: dict[str, Line], new: _New
) -> tuple[list[NarratorError], Recording]:
    """First one take of each line, in the order of their context chains; then the others, each after that."""
    if ordered:
        session.progress.planned(
            chapters=len({each.line.chapter for each in ordered}),
            lines=len(ordered),
            to_record=sum(each.times for each in ordered),
        )
    for each in ordered:
        asked, own = each.line.request.key, planned[each.line.utterance.id].request.key
        if asked != own:
            session.store.relate(own, asked)
    announce(prepared.plan, session.providers)
    with having_voices(session, prepared, [each.line for each in ordered]) as needed:
        recording = Recording(
            session.providers,
            session.store,
            ledger=session.ledger,
            needs=needed,
            on_stored=new.stored,
            on_take=new.timed,
            read_guide=prepared.guides.read,
            find_times=session.find_times,
        )
        try:
            with recording:
                return _ask_in_rounds(recording, ordered, new, session.progress), recording
        except KeyboardInterrupt:
            kept = len(recording.kept)
            raise Interrupted(
                f"interrupted; {kept} new take{'' if kept == 1 else 's'} kept, the first of each line in use;"
                f" `narrator book` makes the chapters{given_up(recording)}"
            ) from None


def _ask_in_rounds(
    recording: Recording, ordered: Sequence[_Asked], new: _New, progress: Progress
) -> list[NarratorError]:
    """What went wrong, other than with one line."""
    try:
        errors = _await(recording.start([each.line for each in ordered], new.in_use, pickup=True))
        # Not again what was refused.
        others = [each for each in ordered if each.line.utterance.id in new.takes]
        more = [each.line for each in others for _ in range(each.times - 1)]
        begun = [recording.start([line], new.in_use, pickup=True) for line in more]
        errors += _await([future for futures in begun for future in futures])
    except KeyboardInterrupt:
        if recording.requests:  # an engine inside narrator is done at once
            progress.notice(Notice(message=WAITING))
        raise
    return list({str(error): error for error in errors}.values())


def _await(futures: Sequence[Future[None]]) -> list[NarratorError]:
    """Wait for all of them; what went wrong."""
    pending = set(futures)
    while pending:
        # With a timeout, because a wait without one would not let Ctrl-C through everywhere.
        _, pending = wait(pending, timeout=1)
    errors: list[NarratorError] = []
    for future in futures:
        error = future.exception()
        if isinstance(error, NarratorError):
            errors.append(error)
        elif error is not None:
            raise error
    return errors


def _result(session: Session, made: Made, concerned: set[int], picked: Sequence[Line], new: _New) -> Pickups:
    chapters = [each for _, each in tracks(made.prepared, concerned)]
    result = produced(made.prepared, chapters, made.outcome, session.setting(made.prepared), session.ledger)
    now = {line.utterance.id: line.take for line in made.prepared.plan.lines}
    return Pickups(
        **dict(result)
        | {
            "reused": sum(
                line.take is not None and line.utterance.id not in new.takes
                for each in chapters
                for line in each.lines
            )
        },
        pickups=tuple(
            PickedUp(
                id=line.utterance.id,
                text=line.utterance.text,
                takes=tuple(take.id for take in new.takes.get(line.utterance.id, ())),
                in_use=_id(now[line.utterance.id]),
                before=_id(line.take),
            )
            for line in picked
        ),
    )


def _id(take: Take | None) -> str | None:
    return take.id if take is not None else None
