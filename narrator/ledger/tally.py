"""What the ledger says, added up; read without writing anything."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from narrator.ledger import runs
from narrator.ledger.coming import Coming, coming
from narrator.ledger.database import NAME
from narrator.ledger.reading import Damaged, read
from narrator.ledger.rows import totals
from narrator.manuscript import Notice
from narrator.spending import FREE, WASTED, Outcome

_OPEN: frozenset[Outcome] = frozenset({"sent", "answered"})


class Spend(NamedTuple):
    """What some requests came to, in one currency. Amounts are millionths: `spending.amount` divides them.

    What counts against the budget is `paid + wasted + in_flight`.
    """

    currency: str
    requests: int
    """All of them: retries, and those that cost nothing, included."""
    free: int
    """Of them, those that were not billed: refused, or never sent whole."""
    open: int
    """Of them, those without an end: in flight now, or when a run was killed and no run came since."""
    characters: int
    """Of the requests that are not free."""
    paid: int
    """Millionths, for requests whose takes were stored (takes pruned since included)."""
    wasted: int
    """Millionths, for requests that brought nothing and were, or may have been, billed."""
    in_flight: int
    """Millionths, for the open ones."""


class ChapterSpend(NamedTuple):
    """Of one chapter, as it was numbered and called when the requests were made."""

    number: int | None
    """None where it is not known: takes that came from elsewhere, or a ledger made from sidecars."""
    title: str
    spend: Spend


class RoleSpend(NamedTuple):
    """Of one role."""

    role: str
    """`""` where it is not known."""
    spend: Spend


class ServiceSpend(NamedTuple):
    """Of one provider's model."""

    provider: str
    model: str
    spend: Spend


class DaySpend(NamedTuple):
    """Of the requests sent on one day."""

    day: str
    """UTC, `YYYY-MM-DD`."""
    spend: Spend


class WastedRequest(NamedTuple):
    """One request that may have cost something and brought nothing."""

    utterance_id: str
    """`""` where it is not known."""
    chapter: int | None
    title: str
    """Of the chapter."""
    role: str
    provider: str
    model: str
    key: str
    """Of the take that was asked for."""
    sent_at: str
    """UTC, ISO 8601 with milliseconds."""
    outcome: str
    """`broken` or `lost`."""
    reason: str
    characters: int
    amount: int
    """Millionths of `currency`."""
    currency: str


class KeptTake(NamedTuple):
    """One take the ledger knows to have been stored, for comparing with what the store holds."""

    key: str
    take_id: str
    utterance_id: str
    """Of the line it was first asked for; `""` where it is not known."""
    chapter: int | None
    title: str
    """Of the chapter."""
    amount: int
    """Millionths of `currency`: its share of its requests' price."""
    currency: str
    pruned: bool
    """Whether it was removed on purpose, so that nobody misses it."""


class Tally(NamedTuple):
    """The whole ledger, added up. Every group has one entry for each of its currencies."""

    totals: tuple[Spend, ...] = ()
    """By currency, sorted; empty where nothing was ever asked."""
    chapters: tuple[ChapterSpend, ...] = ()
    """By number, unknown ones last."""
    roles: tuple[RoleSpend, ...] = ()
    services: tuple[ServiceSpend, ...] = ()
    days: tuple[DaySpend, ...] = ()
    wasted: tuple[WastedRequest, ...] = ()
    """Oldest first."""
    kept: tuple[KeptTake, ...] = ()
    """By key, then id; each take once."""
    unpriced: int = 0
    """Requests that may have been billed, at a price that nobody had said."""
    coming: Coming = Coming()
    """What is spent already on takes that are not in the store yet."""
    notices: tuple[Notice, ...] = ()
    """Why this may not be the whole truth: the ledger is damaged."""


def read_tally(takes: Path) -> Tally:
    """Add up the ledger in the folder *takes*; an empty tally where there is none.

    Writes nothing, so it works on a disk that is read-only, and beside runs at work. A damaged ledger is a
    notice: the next run sets it aside and makes another one from the sidecars.

    Raises:
        OutputError: it is there and cannot be read, or a newer narrator made it.
    """
    found = read(takes, lambda connection: _tally(connection, takes / runs.FOLDER), examined=True)
    if isinstance(found, Damaged):
        return Tally(notices=(_damage(takes, found),))
    return found or Tally()


def read_spent(takes: Path) -> dict[str, int]:
    """Millionths by currency that count against the budget so far, of all runs; costs next to nothing.

    Writes nothing. A damaged ledger counts as empty here; `read_tally` has the notice.

    Raises:
        OutputError: as `read_tally`.
    """
    found = read(takes, totals, examined=False)
    return {} if isinstance(found, Damaged) else found or {}


def _damage(takes: Path, found: Damaged) -> Notice:
    return Notice(
        message=f"the ledger is damaged ({found.reason}) and was not read; the next `narrator book` sets it"
        " aside and makes it anew from the takes",
        file=f"{takes.name}/{NAME}",
    )


class _Alike(NamedTuple):
    """Requests that are the same in everything a tally tells apart, added up."""

    chapter: int | None
    title: str
    role: str
    provider: str
    model: str
    day: str
    currency: str
    outcome: Outcome
    requests: int
    characters: int
    amount: int


_ALIKE = """
    SELECT chapter, title, role, provider, model, substr(sent_at, 1, 10) AS day, currency, outcome,
        count(*), sum(characters), sum(amount)
    FROM requests GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_WASTED = f"""
    SELECT utterance_id, chapter, title, role, provider, model, key, sent_at, outcome, reason, characters,
        amount, currency
    FROM requests WHERE outcome IN ({", ".join(repr(name) for name in sorted(WASTED))})
    ORDER BY sent_at, id
"""  # noqa: S608 - our own words
_UNPRICED = f"""
    SELECT count(*) FROM requests
    WHERE unpriced AND outcome NOT IN ({", ".join(repr(name) for name in sorted(FREE))})
"""  # noqa: S608 - our own words
_KEPT = """
    SELECT takes.request, takes.key, takes.id, utterance_id, chapter, title, amount, currency, pruned
    FROM takes JOIN requests ON requests.id = takes.request WHERE outcome = 'kept'
    ORDER BY takes.key, takes.id, takes.request
"""


def _tally(connection: sqlite3.Connection, folder: Path) -> Tally:
    alike = [_Alike(*row) for row in connection.execute(_ALIKE)]
    (unpriced,) = connection.execute(_UNPRICED).fetchone()
    return Tally(
        unpriced=unpriced,
        totals=tuple(_spends(alike)),
        chapters=tuple(
            ChapterSpend(number, title, spend)
            for (number, title), spend in _by(alike, lambda a: (a.chapter, a.title))
        ),
        roles=tuple(RoleSpend(role, spend) for (role,), spend in _by(alike, lambda a: (a.role,))),
        services=tuple(
            ServiceSpend(provider, model, spend)
            for (provider, model), spend in _by(alike, lambda a: (a.provider, a.model))
        ),
        days=tuple(DaySpend(day, spend) for (day,), spend in _by(alike, lambda a: (a.day,))),
        wasted=tuple(WastedRequest(*row) for row in connection.execute(_WASTED)),
        kept=tuple(_kept(connection.execute(_KEPT).fetchall())),
        coming=coming(connection, folder),
    )


def _by(
    alike: list[_Alike], of: Callable[[_Alike], tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], Spend]]:
    """What is alike in some respects, added up: in order, what is not known last."""
    groups: dict[tuple[Any, ...], list[_Alike]] = {}
    for some in alike:
        groups.setdefault(of(some), []).append(some)
    for name in sorted(groups, key=lambda name: [(part in (None, ""), part or 0) for part in name]):
        for spend in _spends(groups[name]):
            yield name, spend


def _spends(alike: list[_Alike]) -> Iterator[Spend]:
    """An entry for each currency, sorted."""
    for currency in sorted({some.currency for some in alike}):
        ours = [some for some in alike if some.currency == currency]
        billed = [some for some in ours if some.outcome not in FREE]
        unended = [some for some in ours if some.outcome in _OPEN]
        yield Spend(
            currency=currency,
            requests=sum(some.requests for some in ours),
            free=sum(some.requests for some in ours if some.outcome in FREE),
            open=sum(some.requests for some in unended),
            characters=sum(some.characters for some in billed),
            paid=sum(some.amount for some in ours if some.outcome == "kept"),
            wasted=sum(some.amount for some in ours if some.outcome in WASTED),
            in_flight=sum(some.amount for some in unended),
        )


def _kept(rows: list[tuple[Any, ...]]) -> list[KeptTake]:
    """Each take once, though several requests may have brought it; a price is shared among its takes."""
    brought = Counter(row[0] for row in rows)
    begun: set[int] = set()
    found: list[KeptTake] = []
    for request, key, take_id, utterance_id, chapter, title, amount, currency, pruned in rows:
        share, rest = divmod(amount, brought[request])
        if request not in begun:
            begun.add(request)
            share += rest
        last = found[-1] if found else None
        if last is not None and (last.key, last.take_id) == (key, take_id):
            found[-1] = last._replace(amount=last.amount + share, pruned=last.pruned and bool(pruned))
        else:
            found.append(KeptTake(key, take_id, utterance_id, chapter, title, share, currency, bool(pruned)))
    return found
