"""Books whose takes were paid for, without a service: as a run leaves its store and its ledger."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from narrator.ledger import Ledger
from narrator.needing import needs
from narrator.planning import Line
from narrator.preparing import Prepared, prepare
from narrator.project import open_project
from narrator.providers import Providers
from narrator.spending import MILLION, Bill, Outcome
from narrator.store import TakeStore
from narrator.takes import Generation, Take
from tests.studio import write_project

RATE = 8000
CAST = "narrator: hume/Ava Song\nMara: espeak/en-gb\n"
AT = "2026-11-20T10:00:00Z"


def write_book(folder: Path, *chapters: str, cast: str = CAST) -> Path:
    """A project whose narrator is paid, and whose Mara is not."""
    return write_project(folder, *chapters, cast=cast)


def planned(folder: Path) -> Prepared:
    """The project as it is now."""
    project = open_project(folder)
    with Providers(project.book.providers) as providers:
        return prepare(project, TakeStore(project.takes), providers)


def lines(folder: Path) -> list[Line]:
    """Every line, with the take that serves it."""
    return list(planned(folder).plan.lines)


def buy(
    folder: Path,
    *,
    cost: float = 0.01,
    currency: str = "USD",
    only: Collection[str] | None = None,
    again: bool = False,
    written_down: bool = True,
) -> list[Take]:
    """
    Record what is missing; what Mara says costs nothing.

    Args:
        only: ids of the lines; all by default.
        again: record lines that have a take as well.
        written_down: whether in the ledger; a store of another machine's is not.
    """
    project = open_project(folder)
    store = TakeStore(project.takes)
    bought = []
    with Providers(project.book.providers) as providers:
        plan = prepare(project, store, providers).plan
        wanted = needs(plan, providers)
    with Ledger(project.takes, store=store, command="test") as ledger:
        for number, line in enumerate(plan.lines):
            if (line.take and not again) or (only is not None and line.utterance.id not in only):
                continue
            price = cost if line.request.provider == "hume" else 0.0
            take = put(store, line, number + 100 * again, cost=price, currency=currency)
            if written_down:
                account = ledger.account(wanted.errand(line, pickup=again))
                attempt = account.send(Bill(take.characters, round(price * MILLION), currency))
                attempt.ended("answered")
                account.kept([take])
            bought.append(take)
    return bought


def lose(folder: Path, line: Line, outcome: Outcome, *, cost: float = 0.01, reason: str = "") -> None:
    """A request for a line that brought nothing."""
    project = open_project(folder)
    store = TakeStore(project.takes)
    with Providers(project.book.providers) as providers:
        wanted = needs(prepare(project, store, providers).plan, providers)
    with Ledger(project.takes, store=store, command="test") as ledger:
        attempt = ledger.account(wanted.errand(line)).send(
            Bill(len(line.request.spoken.text), round(cost * MILLION), "USD")
        )
        attempt.ended(outcome, reason=reason)


def put(
    store: TakeStore,
    line: Line,
    number: int,
    *,
    cost: float = 0.01,
    currency: str = "USD",
    after: Take | None = None,
    nth: int = 1,
) -> Take:
    """Another take of a line; *number* tells it from others."""
    text = line.request.spoken.text
    return store.put(
        line.request,
        Generation(
            pcm=np.full(len(text) * 100, 1000 + number, dtype=np.int16),
            rate=RATE,
            words=(),
            word_source="estimated",
            ids=(("generation", f"g{number}"),),
            characters=len(text),
            cost=cost,
            currency=currency,
        ),
        took_ms=5,
        recorded_at=AT,
        after=after.id if after else None,
        nth=nth,
        durable=False,
    )
