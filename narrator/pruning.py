"""Takes that serve no line any more, shown and removed: for `narrator prune`.

What the book uses now, what somebody chose, what was paid for and what somebody brought in stay, each of the
last two unless it is asked for by name: money buys the former again, and nothing the latter. The takes that
lines are served by are the same before and after: that is tried out on a plan of the store without what
is to go. Each take is marked in the ledger before it is removed, its sidecar first: a crash leaves a take
that is none any more, and the next time it is litter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from narrator.errors import DamagedTake, NarratorError, OutputError
from narrator.files import locked, sweep
from narrator.ledger import Ledger, read_tally
from narrator.planning import Line
from narrator.preparing import Prepared, prepare
from narrator.project import Project, open_project
from narrator.providers import Providers
from narrator.reckoning import Name, by_currency, in_use, is_whole, missing
from narrator.results import Spent
from narrator.session import collecting_rarely
from narrator.shelf import Lying, Shelf, forget, look, remove
from narrator.spending import amount
from narrator.splitting import parts_of
from narrator.stocktaking import Doubt, Pruning, Removable
from narrator.store import TakeStore
from narrator.takes import Take

OPENING = 60
"""Characters of a take's text that are shown."""
LEFT = ".flac.damaged"


def prune(
    folder: Path,
    *,
    remove_now: bool = False,
    paid: bool = False,
    recordings: bool = False,
    announce: Callable[[Pruning], None] | None = None,
) -> Pruning:
    """
    Find, and on demand remove, the takes that serve no line of the book as it is now.

    Args:
        remove_now: remove them; otherwise nothing is changed.
        paid: those as well that cost something, or may have.
        recordings: those as well that somebody brought in, or may have.
        announce: told what is going to be removed, before it is.

    Raises:
        ProjectError, ProjectErrors: the project is wrong, so that nothing is known to be unused.
        OutputError: something cannot be read or removed, or another narrator works on the project.
    """
    project = open_project(folder)
    with ExitStack() as stack:
        stack.enter_context(collecting_rarely())
        if remove_now and project.takes.is_dir():
            stack.enter_context(locked(project.takes / ".lock", on_wait=_refuse))
        found = _look_through(project)
        going = found.going(paid=paid, recordings=recordings)
        if not remove_now:
            return found.told(going, paid=paid, removed=False, unfinished=0)
        if announce:
            announce(found.told(going, paid=paid, removed=False, unfinished=0))
        if project.takes.is_dir():
            _remove(project, found, going, paid=paid)
        unfinished = sweep(project.takes)
        return found.told(going, paid=paid, removed=True, unfinished=unfinished)


class _Candidate(NamedTuple):
    """A take that may go."""

    lying: Lying
    shown: Removable
    take: Take | None
    """None where it has no sidecar that can be read."""
    free: bool
    """Whether it is known to have cost nothing, or is nothing that could be used."""
    own: bool = False
    """Whether somebody brought it in, or may have."""


class _Found(NamedTuple):
    """What was found in the store."""

    candidates: tuple[_Candidate, ...]
    shelf: Shelf
    missing: tuple[Doubt, ...]
    warnings: tuple[str, ...]

    def going(self, *, paid: bool, recordings: bool) -> tuple[_Candidate, ...]:
        return tuple(each for each in self.candidates if (recordings if each.own else paid or each.free))

    def told(self, going: tuple[_Candidate, ...], *, paid: bool, removed: bool, unfinished: int) -> Pruning:
        there = {(each.lying.key, each.lying.take_id) for each in going}
        left = [each for each in self.candidates if (each.lying.key, each.lying.take_id) not in there]
        staying = tuple(each for each in left if not each.own)
        return Pruning(
            removed=removed,
            takes=tuple(each.shown for each in going),
            kept=tuple(each.shown for each in staying),
            own=tuple(each.shown for each in left if each.own),
            cost=by_currency(each.take for each in going if each.take),
            kept_cost=by_currency(each.take for each in staying if each.take),
            given_up=self.missing if paid else (),
            missing=0 if paid else len(self.missing),
            bytes=sum(each.shown.bytes for each in going),
            unfinished=unfinished,
            warnings=self.warnings,
        )

    def unrelated(self, going: Iterable[_Candidate]) -> list[tuple[str, str]]:
        """Notes that other takes were asked for in place of a line's, where there is none of these left."""
        gone = {(each.lying.key, each.lying.take_id) for each in going}
        left = {each.key for each in self.shelf.lying if (each.key, each.take_id) not in gone}
        return [(key, other) for key, other in self.shelf.related if other not in left]


def _look_through(project: Project) -> _Found:
    store = _Store(project.takes)
    tally = read_tally(project.takes)  # before the store: what another narrator adds meanwhile is not missing
    shelf = look(project.takes)
    sidecars = {(take.key, take.id): take for take in store.every()}
    whole = {
        (each.key, each.take_id): sidecars[each.key, each.take_id]
        for each in shelf.lying
        if (each.key, each.take_id) in sidecars and is_whole(sidecars[each.key, each.take_id], each)
    }
    with Providers(project.book.providers, language=project.book.language) as providers:
        prepared = prepare(project, store, providers)
        used = in_use(prepared, providers, store)
        own_keys = {line.request.as_own().key for line in prepared.plan.lines}
        unused = _unused(project, prepared, providers, store, whole, used)
        free = frozenset(name for name, take in sidecars.items() if _came_for_nothing(take, providers))
    asked_for = frozenset((each.key, each.take_id) for each in tally.kept)
    candidates = (_candidate(each, sidecars, whole, used, unused, free, asked_for) for each in shelf.lying)
    own_keys |= {take.key for take in sidecars.values() if take.is_own}
    absent = tuple(
        Doubt(
            key=each.key,
            take=each.take_id,
            line=each.utterance_id,
            ledger=Spent(amount=amount(each.amount), currency=each.currency),
            sidecar=None,
        )
        for each in missing(tally, whole)
        if each.amount and (each.key, each.take_id) not in sidecars
    )
    return _Found(
        tuple(each._replace(own=_may_be_own(each, own_keys, asked_for)) for each in candidates if each),
        shelf,
        absent,
        tuple(str(notice) for notice in store.notices),
    )


def _unused(
    project: Project,
    prepared: Prepared,
    providers: Providers,
    store: _Store,
    whole: Mapping[Name, Take],
    used: frozenset[Name],
) -> frozenset[Name]:
    """
    The good takes that can go without any line being served by another take than before. Where identical
    lines are told apart by the takes before them, some of those must stay.
    """
    unused = frozenset(whole) - used
    while unused:
        store.hidden = unused
        without = prepare(project, store, providers)
        store.hidden = frozenset()
        pairs = zip(prepared.plan.lines, without.plan.lines, strict=True)
        changed = [before for before, after in pairs if _take(before) != _take(after)]
        if not changed:
            break
        keys = {line.request.key for line in changed} | {
            line.before_request.key for line in changed if line.before_request
        }
        staying = frozenset(name for name in unused if name[0] in keys)
        unused = unused - staying if staying else frozenset()
    return unused


def _take(line: Line) -> Name | None:
    return (line.take.key, line.take.id) if line.take else None


class _Store(TakeStore):
    """The store as it would be without some takes; each key is read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.hidden: frozenset[Name] = frozenset()
        self._read = cache(super().takes)

    def takes(self, key: str) -> tuple[Take, ...]:
        """See `TakeStore`."""
        return tuple(take for take in self._read(key) if (take.key, take.id) not in self.hidden)


def _candidate(
    lying: Lying,
    sidecars: Mapping[Name, Take],
    whole: Mapping[Name, Take],
    used: frozenset[Name],
    unused: frozenset[Name],
    free: frozenset[Name],
    asked_for: frozenset[Name],
) -> _Candidate | None:
    name = lying.key, lying.take_id
    take = sidecars.get(name)
    if name in unused:
        return _Candidate(lying, _shown(lying, take, "unused"), take, name in free)
    if name in whole or name in used:  # what is beside it was set aside before it was put again
        aside = tuple(file for file in lying.files if file[0] == LEFT and name in whole)
        rest = lying._replace(files=aside)
        return _Candidate(rest, _shown(rest, take, "leftover"), None, True) if aside else None
    if lying.size_of(".json") is None:
        # What the ledger knows lacks its sidecar only, which may be put back.
        return _Candidate(lying, _shown(lying, None, "leftover"), None, name not in asked_for)
    return _Candidate(lying, _shown(lying, take, "damaged"), take, name in free)


def _may_be_own(candidate: _Candidate, own_keys: Container[str], asked_for: Container[Name]) -> bool:
    """Whether somebody brought it in, or nobody can tell any more: of a take without a sidecar to be read."""
    if candidate.take is not None:
        return candidate.take.is_own
    lying = candidate.lying
    if lying.size_of(".json") is None:
        return lying.key in own_keys and lying.size_of(".flac") is not None
    return (lying.key, lying.take_id) not in asked_for


def _came_for_nothing(take: Take, providers: Providers) -> bool:
    """Whether it is known to have cost nothing, rather than what nobody knows."""
    if take.cost or take.is_own:
        return False
    with contextlib.suppress(DamagedTake, NarratorError):
        if take.request.provider not in providers:
            return False  # a later narrator's
        able = providers[take.request.provider].models.get(take.request.model)
        return able is not None and able.free
    return False


def _shown(lying: Lying, take: Take | None, kind: Literal["unused", "damaged", "leftover"]) -> Removable:
    voice = text = ""
    if take:
        with contextlib.suppress(DamagedTake):  # a sidecar whose request is of no use
            voice = f"{take.request.provider}/{take.request.voice}"
            text = take.request.spoken.text[:OPENING]
    return Removable(
        key=lying.key,
        take=lying.take_id,
        kind=kind,
        voice=voice,
        text=text,
        cost=Spent(amount=take.cost, currency=take.currency) if take and kind != "leftover" else None,
        bytes=lying.size,
    )


def _remove(project: Project, found: _Found, going: tuple[_Candidate, ...], *, paid: bool) -> None:
    given_up = [each.take for each in found.missing] if paid else []
    takes = [each.take for each in going if each.take]
    if takes or given_up:
        with Ledger(project.takes, store=TakeStore(project.takes), command="prune") as ledger:
            # What they cost stays written down, even where they came from another machine. What a take was
            # joined from is written down by itself.
            ledger.adopt(take for take in takes if not parts_of(take) and not take.is_own)
            ledger.pruned([*(take.id for take in takes), *given_up])
    for each in going:
        remove(project.takes, each.lying)
    forget(project.takes, found.unrelated(going))


def _refuse(pid: int) -> None:
    who = f"another narrator (process {pid})" if pid else "another narrator"
    raise OutputError(f"{who} is working on this project; nothing was removed; run again when it has ended")
