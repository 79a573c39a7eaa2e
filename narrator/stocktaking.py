"""What `ledger --json` and `prune --json` print.

Amounts are units of their currency. Every sum is of one currency; where there are several, so are the sums.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from narrator.results import Spent


class Sum(BaseModel, frozen=True, extra="forbid"):
    """What some requests came to, in one currency. What counts against the budget is `spent`."""

    currency: str
    requests: int
    """All of them, retries included."""
    free: int
    """Of them, those that were refused or never arrived, and cost nothing."""
    open: int
    """Of them, those in flight now."""
    characters: int
    """Of the requests that are not free."""
    spent: float
    """`paid`, `wasted` and `in_flight` together."""
    paid: float
    """For takes that were stored."""
    wasted: float
    """For answers that broke off or were lost, and may have been billed."""
    in_flight: float
    """For requests without an end."""


class ChapterSum(Sum, frozen=True, extra="forbid"):
    """Of a chapter."""

    number: int | None
    """None where it is not known."""
    title: str


class RoleSum(Sum, frozen=True, extra="forbid"):
    """Of a role."""

    role: str
    """`""` where it is not known."""


class ServiceSum(Sum, frozen=True, extra="forbid"):
    """Of a provider's model."""

    provider: str
    model: str


class DaySum(Sum, frozen=True, extra="forbid"):
    """Of a day."""

    day: str
    """UTC, `YYYY-MM-DD`."""


class Waste(BaseModel, frozen=True, extra="forbid"):
    """A request that may have been billed and brought nothing."""

    line: str
    """Utterance id when it was made; `""` where it is not known."""
    chapter: int | None
    role: str
    provider: str
    sent_at: str
    outcome: str
    reason: str
    cost: Spent


class Doubt(BaseModel, frozen=True, extra="forbid"):
    """A take about which the ledger and the store do not agree."""

    key: str
    take: str
    line: str
    """Utterance id when it was recorded; `""` where it is not known."""
    ledger: Spent
    """What it cost as the ledger has it."""
    sidecar: Spent | None
    """And as its sidecar has it; None where the store has no such take."""


class Stock(BaseModel, frozen=True, extra="forbid"):
    """The takes in the store, beside what the ledger knows of them."""

    takes: int
    cost: tuple[Spent, ...]
    """Of all of them, by currency."""
    adopted: int
    """Of them, those that the ledger did not know and knows now: a merged store's."""
    unused: tuple[Spent, ...] | None
    """What those cost that serve no line of the book now; None where the book cannot be planned."""
    pruned: int
    """Takes that were removed on purpose."""
    gone: int
    """Takes that cost nothing and are not there any more."""
    missing: tuple[Doubt, ...]
    """Takes that were paid for and are not there any more."""
    unequal: tuple[Doubt, ...]
    """Takes whose sidecar and whose ledger tell different prices."""


class Reckoning(BaseModel, frozen=True, extra="forbid"):
    """What `ledger --json` prints. Every group has one entry a currency."""

    totals: tuple[Sum, ...]
    chapters: tuple[ChapterSum, ...]
    roles: tuple[RoleSum, ...]
    services: tuple[ServiceSum, ...]
    days: tuple[DaySum, ...]
    wasted: tuple[Waste, ...]
    unpriced: int
    """Requests that may have been billed, at a price that nobody had said: no sum holds them."""
    stock: Stock
    budget: tuple[Spent, ...]
    """As book.yaml sets it, by currency."""
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    exit_code: int = 0


class Removable(BaseModel, frozen=True, extra="forbid"):
    """A take that can be removed, or what is left of one."""

    key: str
    take: str
    kind: Literal["unused", "damaged", "leftover"]
    """It serves no line now; or its audio or its sidecar is not what it was; or it has no sidecar."""
    voice: str
    """`provider/voice`; `""` where it is not known."""
    text: str
    """What it says, the beginning; `""` where it is not known."""
    cost: Spent | None
    """None where it is not known."""
    bytes: int


class Pruning(BaseModel, frozen=True, extra="forbid"):
    """What `prune --json` prints."""

    removed: bool
    """Whether it was done, or only shown."""
    takes: tuple[Removable, ...]
    """That are removed, by key."""
    kept: tuple[Removable, ...]
    """That serve no line either, and are kept since they were paid for; `--paid` removes them too."""
    own: tuple[Removable, ...] = ()
    """That serve no line either, and are kept since somebody brought them in, or may have, and nobody could
    give them again; `--recordings` removes them too."""
    cost: tuple[Spent, ...]
    """What `takes` cost, by currency."""
    kept_cost: tuple[Spent, ...]
    """What `kept` cost."""
    given_up: tuple[Doubt, ...]
    """Takes that were paid for and are gone already: nobody asks for them any more."""
    missing: int
    """The same, where nobody said so."""
    bytes: int
    """Of `takes`."""
    unfinished: int
    """Unfinished files of runs that were killed, removed as well."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
