"""The verbs for what was paid: the ledger, and takes that are not needed any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len

from narrator.cli.output import cost, count, print_json, say, say_error, shown, tell, warn
from narrator.pruning import prune as prune_project
from narrator.reckoning import reckon
from narrator.results import Spent
from narrator.spending import MILLION, money
from narrator.stocktaking import Pruning, Reckoning, Removable, Stock, Sum, Waste

Project = Annotated[Path, typer.Argument(help="Folder that holds book.yaml.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result on stdout.")]

WASTES = 20
"""Wasted requests that are shown."""
_TITLE_CELLS = 40


def ledger(project: Project, json: Json = False) -> int:
    """Show what was spent, by chapter, role, provider and day."""
    reckoning = reckon(project)
    if json:
        print_json(reckoning)
    else:
        _tell(reckoning)
    warn(reckoning.warnings)
    for error in reckoning.errors:
        say_error(error, json=False)
    return reckoning.exit_code


def prune(
    project: Project,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; otherwise they are only shown.")] = False,
    paid: Annotated[bool, typer.Option("--paid", help="Those as well that were paid for.")] = False,
    recordings: Annotated[
        bool,
        typer.Option("--recordings", help="Those as well that somebody brought in (`takes --add`)."),
    ] = False,
    json: Json = False,
) -> int:
    """Show, and with --yes remove, takes that serve no line of the book any more."""
    pruning = prune_project(project, remove_now=yes, paid=paid, recordings=recordings, announce=_announce)
    if json:
        print_json(pruning)
    else:
        for each in pruning.takes:
            tell(_removable(each))
    warn(pruning.warnings)
    _say_pruned(pruning, yes=yes)
    return 0


def _tell(reckoning: Reckoning) -> None:
    rows: list[tuple[str, str, Sum]] = []
    for chapter in reckoning.chapters:
        name = "(unknown)" if chapter.number is None else f"{chapter.number:3d}  {chapter.title}"
        rows.append(("chapter", name, chapter))
    rows += (("role", each.role or "(unknown)", each) for each in reckoning.roles)
    rows += (("provider", f"{each.provider} {each.model}".strip(), each) for each in reckoning.services)
    rows += (("day", each.day, each) for each in reckoning.days)
    rows += (("total", "", each) for each in reckoning.totals)
    if not rows:
        say("the ledger is empty: nothing was ever asked for")
    else:
        for line in _table(rows):
            tell(line)
    for each in reckoning.wasted[:WASTES]:
        tell(_waste(each))
    if (more := len(reckoning.wasted) - WASTES) > 0:
        tell(f"wasted    and {more:,} more (--json names them)")
    if reckoning.unpriced:
        say(
            f"{count(reckoning.unpriced, 'request')} at a price that is not known, counted as 0; book.yaml"
            " may say it under `providers:`, for the next ones"
        )
    for budget in reckoning.budget:
        _say_budget(budget, reckoning.totals)
    _say_stock(reckoning.stock)


def _table(rows: Sequence[tuple[str, str, Sum]]) -> Iterable[str]:
    """Aligned columns, with a heading."""
    cells: list[tuple[str, ...]] = [("", "", "requests", "characters", "paid", "wasted", "in flight")]
    cells += (
        (
            kind,
            _cut(shown(name)),
            f"{each.requests:,}",
            f"{each.characters:,}",
            _money(each.paid, each.currency),
            *(_money(part, each.currency) if part else "-" for part in (each.wasted, each.in_flight)),
        )
        for kind, name, each in rows
    )
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for kind, name, *figures in cells:
        left = f"{kind:{widths[0]}}  {name}{' ' * (widths[1] - cell_len(name))}"
        yield "  ".join(
            (left, *(f"{text:>{width}}" for text, width in zip(figures, widths[2:], strict=True)))
        )


def _cut(name: str) -> str:
    """At most so many cells of a terminal."""
    if cell_len(name) <= _TITLE_CELLS:
        return name
    while cell_len(name) >= _TITLE_CELLS:
        name = name[:-1]
    return f"{name}…"


def _waste(each: Waste) -> str:
    where = " ".join(filter(None, (each.line, each.role, each.provider)))
    told = "  ".join((each.sent_at[:19], cost(each.cost), each.outcome, where, each.reason))
    return f"wasted    {told}".rstrip()


def _say_budget(budget: Spent, totals: Sequence[Sum]) -> None:
    spent = sum(each.spent for each in totals if each.currency == budget.currency)
    of, used, left = (_money(each, budget.currency) for each in (budget.amount, spent, budget.amount - spent))
    say(f"budget {of}: {used} spent, {left} left")


def _say_stock(stock: Stock) -> None:
    say(f"{count(stock.takes, 'take')} in the store{_at(stock.cost)}")
    if stock.adopted:
        say(f"{count(stock.adopted, 'take')} came from elsewhere and are in the ledger now")
    if stock.unused:
        say(f"paid for and not used by the book now: {cost(*stock.unused)}")
    if stock.pruned:
        say(f"{count(stock.pruned, 'take')} removed with `narrator prune`")
    if stock.gone:
        say(f"{count(stock.gone, 'take')} that cost nothing are not there any more")


def _announce(pruning: Pruning) -> None:
    if pruning.cost:
        say(f"removing takes that cost {cost(*pruning.cost)}")


def _say_pruned(pruning: Pruning, *, yes: bool) -> None:
    size = f"{pruning.bytes / 1e6:,.1f} MB"
    if not pruning.takes:
        say("nothing to remove that cost nothing" if pruning.kept or pruning.own else "nothing to remove")
    elif pruning.removed:
        say(f"removed {count(len(pruning.takes), 'take')}, {size}{_at(pruning.cost)}")
    else:
        say(f"{count(len(pruning.takes), 'take')}, {size}{_at(pruning.cost)}: add --yes to remove them")
    if pruning.kept:
        kept = count(len(pruning.kept), "take")
        size = f"{sum(each.bytes for each in pruning.kept) / 1e6:,.1f} MB"
        say(f"{kept}, {size}{_at(pruning.kept_cost)}: paid for and without use; removed with --paid only")
    if pruning.own:
        size = f"{sum(each.bytes for each in pruning.own) / 1e6:,.1f} MB"
        say(
            f"{count(len(pruning.own), 'recording')}, {size}: brought in and without use; removed with"
            " --recordings only"
        )
    if pruning.given_up:
        done = "given up" if yes else "given up with --yes"
        say(f"{count(len(pruning.given_up), 'paid take')} gone: {done}")
    if pruning.missing:
        say(f"{count(pruning.missing, 'paid take')} gone: `narrator ledger` says which")
    if pruning.unfinished:
        say(f"removed {count(pruning.unfinished, 'unfinished file')}")


def _removable(each: Removable) -> str:
    price = "cost ?" if each.cost is None else cost(each.cost)
    if each.kind == "leftover":
        price = "-"
    said = f"  {each.text!r}" if each.text else ""
    return f"{each.take}  {each.kind:8}  {each.bytes / 1e6:8.3f} MB  {price:>10}  {each.voice}{said}".rstrip()


def _at(costs: Sequence[Spent]) -> str:
    return f", which cost {cost(*costs)}" if costs else ""


def _money(units: float, currency: str) -> str:
    return money(round(units * MILLION), currency)
