"""The ledger added up, and held against the takes in the store: for `narrator ledger`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from narrator.errors import NarratorError, OutputError, UsageError
from narrator.files import locked
from narrator.ledger import Ledger, Tally, read_tally
from narrator.ledger.tally import KeptTake, Spend
from narrator.needing import designed_voice, needs
from narrator.planning import Line, takes_of
from narrator.preparing import Prepared, prepare
from narrator.project import open_project
from narrator.providers import Providers
from narrator.results import Spent
from narrator.session import collecting_rarely
from narrator.shelf import Lying, look
from narrator.spending import MILLION, amount, money
from narrator.splitting import paid_for
from narrator.stocktaking import ChapterSum, DaySum, Doubt, Reckoning, RoleSum, ServiceSum, Stock, Sum, Waste
from narrator.store import TakeStore
from narrator.takes import Take

Name = tuple[str, str]
"""Key and id of a take."""
SLACK = 2
"""Millionths by which a sidecar and the ledger may differ: each is rounded on its own."""
SHOWN = 10
"""Takes that are named one by one."""

T = TypeVar("T")


class Known(NamedTuple):
    """A project as far as it can be read."""

    takes: Path
    budget: tuple[Spent, ...]
    in_use: frozenset[Name] | None
    """None where the book cannot be planned."""
    served: Mapping[Name, tuple[Line, str]]
    """The first line that each take serves, and the title of its chapter."""
    lines: Mapping[str, tuple[Line, str]]
    """The first line that asks for each key, likewise."""
    problems: tuple[str, ...]
    """Why it cannot be planned."""


def reckon(folder: Path) -> Reckoning:
    """
    Add up the ledger of a project, and hold it against the store. A project that is wrong has a ledger too.

    Takes of the store that the ledger does not know are written down in it; nothing else is changed.

    Raises:
        UsageError: *folder* is no folder.
        ProjectError: it is no project.
        OutputError: the ledger or the store cannot be read.
    """
    with collecting_rarely():
        known = _known(folder)
        store = TakeStore(known.takes)
        sidecars = {(take.key, take.id): take for take in store.every()}
        adopted, warnings = _adopt(known.takes, store, sidecars.values())
        tally = read_tally(known.takes)
        # Another narrator may have stored some since they were listed.
        late = {each.key for each in tally.kept if (each.key, each.take_id) not in sidecars}
        sidecars |= {(take.key, take.id): take for key in sorted(late) for take in store.takes(key)}
        whole = {(each.key, each.take_id): each for each in look(known.takes).lying}
        present = {name: take for name, take in sidecars.items() if is_whole(take, whole.get(name))}
    filled = _filled(tally, known, sidecars)
    stock = _stock(tally, known, present, adopted)
    errors = _missed(stock, sidecars)
    return Reckoning(
        totals=tuple(_sum(Sum, spend) for spend in tally.totals),
        chapters=filled.chapters,
        roles=filled.roles,
        services=tuple(
            _sum(ServiceSum, each.spend, provider=each.provider, model=each.model) for each in tally.services
        ),
        days=tuple(_sum(DaySum, each.spend, day=each.day) for each in tally.days),
        wasted=tuple(
            Waste(
                line=each.utterance_id,
                chapter=each.chapter,
                role=each.role,
                provider=each.provider,
                sent_at=each.sent_at,
                outcome=each.outcome,
                reason=each.reason,
                cost=_spent(each.amount, each.currency),
            )
            for each in tally.wasted
        ),
        unpriced=tally.unpriced,
        stock=stock,
        budget=known.budget,
        warnings=(
            *warnings,
            *(str(notice) for notice in (*tally.notices, *store.notices)),
            *known.problems,
            *_unequal(stock),
        ),
        errors=errors,
        exit_code=OutputError.exit_code if errors else 0,
    )


def in_use(prepared: Prepared, providers: Providers, store: TakeStore) -> frozenset[Name]:
    """
    The takes that the book needs as it is now: those that serve a line, those that these were joined from,
    those of stand-ins, which may be what is heard, those that somebody chose even if their line rests, and
    one in each voice that was made from a description.
    """
    project = prepared.project
    used = {(choice.lies_under, choice.take) for choice in project.choices.chosen}
    plans = [prepared.plan]
    if any(role.stand_in for role in project.cast.roles):
        plans.append(prepare(project, store, providers, gone=frozenset(providers)).plan)
    for plan in plans:
        needed = needs(plan, providers)
        voices = (designed_voice(name, needed, store.takes) for name in needed.voices)
        serving = (take for line in plan.lines for take in takes_of(line, store.takes))
        used |= {(take.key, take.id) for take in (*voices, *serving) if take}
    return frozenset(used)


def is_whole(take: Take, lying: Lying | None) -> bool:
    """Whether the audio of a take lies beside its sidecar, as far as its size tells."""
    return lying is not None and lying.size_of(".flac") == take.flac_bytes


def missing(tally: Tally, present: Iterable[Name]) -> list[KeptTake]:
    """The takes that the ledger knows to be stored, not removed on purpose, and that are not there."""
    there = set(present)
    return [each for each in tally.kept if not each.pruned and (each.key, each.take_id) not in there]


def by_currency(takes: Iterable[Take]) -> tuple[Spent, ...]:
    """What takes cost, by currency; none for those that cost nothing."""
    sums: dict[str, int] = {}
    for take in paid_for(takes):
        sums[take.currency] = sums.get(take.currency, 0) + millionths(take)
    return tuple(_spent(total, currency) for currency, total in sorted(sums.items()) if total)


def millionths(take: Take) -> int:
    """What a take cost, as its sidecar has it."""
    return round(take.cost * MILLION)


def _known(folder: Path) -> Known:
    try:
        project = open_project(folder)
    except UsageError:
        raise
    except NarratorError as error:
        takes = folder.resolve() / "takes"
        if takes.is_symlink() or not takes.is_dir():  # it may lead anywhere, or is no project at all
            raise
        return Known(takes, (), None, {}, {}, _unplanned(error))
    known = Known(
        project.takes,
        tuple(Spent(amount=each.amount, currency=each.currency) for each in project.book.budget),
        None,
        {},
        {},
        (),
    )
    store = TakeStore(project.takes)
    try:
        with Providers(project.book.providers, language=project.book.language) as providers:
            prepared = prepare(project, store, providers)
            used = in_use(prepared, providers, store)
    except OutputError:
        raise
    except NarratorError as error:
        return known._replace(problems=_unplanned(error))
    served: dict[Name, tuple[Line, str]] = {}
    lines: dict[str, tuple[Line, str]] = {}
    for planned in prepared.plan.chapters:
        for line in planned.lines:
            place = line, planned.chapter.title
            lines.setdefault(line.request.key, place)
            if line.take:
                served.setdefault((line.take.key, line.take.id), place)
    return known._replace(in_use=used, served=served, lines=lines)


def _unplanned(error: NarratorError) -> tuple[str, ...]:
    return (
        "the book cannot be planned as it is, so what serves it now is not known:",
        *str(error).split("\n"),
    )


def _adopt(takes: Path, store: TakeStore, sidecars: Iterable[Take]) -> tuple[int, tuple[str, ...]]:
    """Write down what the ledger does not know; how many, and what is to be said."""
    sidecars = list(sidecars)
    if not takes.is_dir() or not (sidecars or (takes / "ledger.sqlite").exists()):
        return 0, ()
    try:
        with (
            locked(takes / ".lock", on_wait=_removing, shared=True),
            Ledger(takes, store=store, command="ledger") as ledger,
        ):
            adopted = ledger.adopt(paid_for(sidecars))
    except OutputError as error:  # a read-only disk, for one: it can be looked at all the same
        return 0, (f"nothing was written down: {error}",)
    return adopted, tuple(str(notice) for notice in ledger.notices)


def _removing(_pid: int) -> None:
    raise OutputError("another narrator is removing takes of this project; run again when it has ended")


class _Filled(NamedTuple):
    chapters: tuple[ChapterSum, ...]
    roles: tuple[RoleSum, ...]


def _filled(tally: Tally, known: Known, sidecars: Mapping[Name, Take]) -> _Filled:
    """By chapter and by role: takes that came without either are given those of the line they serve now."""
    chapters = {(each.number, each.title, each.spend.currency): each.spend for each in tally.chapters}
    roles = {(each.role, each.spend.currency): each.spend for each in tally.roles}
    for kept in tally.kept:
        take = sidecars.get((kept.key, kept.take_id))
        place = known.served.get((kept.key, kept.take_id)) or known.lines.get(kept.key)
        if kept.chapter is not None or take is None or place is None:
            continue
        line, title = place
        one = Spend(kept.currency, 1, 0, 0, take.characters, kept.amount, 0, 0)
        _move(chapters, one, (None, "", kept.currency), (line.chapter, title, kept.currency))
        _move(roles, one, ("", kept.currency), (line.utterance.role, kept.currency))
    return _Filled(
        tuple(
            _sum(ChapterSum, chapters[name], number=name[0], title=name[1])
            for name in sorted(chapters, key=lambda name: (name[0] is None, name))
        ),
        tuple(
            _sum(RoleSum, roles[name], role=name[0])
            for name in sorted(roles, key=lambda name: (not name[0], name))
        ),
    )


def _move(groups: dict[T, Spend], one: Spend, unknown: T, place: T) -> None:
    """Take a request out of the group of those that are not known, and add it where it belongs."""
    if unknown not in groups:
        return
    left = _plus(groups[unknown], one, -1)
    if left.requests:
        groups[unknown] = left
    else:
        del groups[unknown]
    groups[place] = _plus(groups.get(place, Spend(one.currency, 0, 0, 0, 0, 0, 0, 0)), one, 1)


def _plus(some: Spend, one: Spend, times: int) -> Spend:
    counts = (a + times * b for a, b in zip(some[1:], one[1:], strict=True))
    return Spend(some.currency, *counts)


def _stock(tally: Tally, known: Known, present: Mapping[Name, Take], adopted: int) -> Stock:
    absent = missing(tally, present)
    used = known.in_use
    return Stock(
        takes=len(present),
        cost=by_currency(present.values()),
        adopted=adopted,
        unused=None
        if used is None
        else by_currency(take for name, take in present.items() if name not in used),
        pruned=sum(each.pruned for each in tally.kept),
        gone=sum(not each.amount for each in absent),
        missing=tuple(_doubt(each, None) for each in absent if each.amount),
        unequal=tuple(
            _doubt(each, take)
            for each in tally.kept
            if (take := present.get((each.key, each.take_id)))
            and (each.currency != take.currency or abs(each.amount - millionths(take)) > SLACK)
            and (each.amount or take.cost)
        ),
    )


def _doubt(kept: KeptTake, take: Take | None) -> Doubt:
    return Doubt(
        key=kept.key,
        take=kept.take_id,
        line=kept.utterance_id,
        ledger=_spent(kept.amount, kept.currency),
        sidecar=_spent(millionths(take), take.currency) if take else None,
    )


def _missed(stock: Stock, sidecars: Mapping[Name, Take]) -> tuple[str, ...]:
    if not stock.missing:
        return ()
    sums: dict[str, float] = {}
    for each in stock.missing:
        sums[each.ledger.currency] = sums.get(each.ledger.currency, 0) + each.ledger.amount
    cost = " and ".join(_told(Spent(amount=sums[currency], currency=currency)) for currency in sorted(sums))
    named = [
        f"take {each.take}{f' of {each.line}' if each.line else ''} ({_told(each.ledger)}):"
        f" {'its audio is missing or cut short' if (each.key, each.take) in sidecars else 'not there'}"
        for each in stock.missing[:SHOWN]
    ]
    more = len(stock.missing) - SHOWN
    return (
        f"takes that were paid for are not in the store ({len(stock.missing):,}, {cost}): put them back from"
        " another copy of takes/, or give them up with `narrator prune --paid --yes`",
        *named,
        *([f"and {more:,} more (--json names them)"] if more > 0 else []),
    )


def _unequal(stock: Stock) -> tuple[str, ...]:
    told = [
        f"take {each.take}: the ledger says it cost {_told(each.ledger)}, its sidecar {_told(each.sidecar)}"
        for each in stock.unequal[:SHOWN]
        if each.sidecar
    ]
    more = len(stock.unequal) - SHOWN
    return (*told, *([f"and {more:,} more takes whose price is told in two ways"] if more > 0 else []))


def _told(spent: Spent) -> str:
    return money(round(spent.amount * MILLION), spent.currency)


S = TypeVar("S", bound=Sum)


def _sum(kind: Callable[..., S], spend: Spend, **name: object) -> S:
    return kind(
        currency=spend.currency,
        requests=spend.requests,
        free=spend.free,
        open=spend.open,
        characters=spend.characters,
        spent=amount(spend.paid + spend.wasted + spend.in_flight),
        paid=amount(spend.paid),
        wasted=amount(spend.wasted),
        in_flight=amount(spend.in_flight),
        **name,
    )


def _spent(total: int, currency: str) -> Spent:
    return Spent(amount=amount(total), currency=currency)
