"""Whether what is about to be recorded fits the budget of book.yaml.

Asked before the first request, with an estimate; the ledger asks again before each one, with its bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from narrator.book import Budget
from narrator.errors import BudgetExceeded, ConfigurationError
from narrator.estimating import Estimate
from narrator.spending import MILLION, money


def millionths_of(budget: Budget) -> int:
    """Its amount, as the ledger counts."""
    return round(budget.amount * MILLION)


def assert_covered(wanted: Estimate, budgets: Sequence[Budget]) -> None:
    """
    Make sure that what is about to be charged can be held against the budget.

    Raises:
        ConfigurationError: a provider that is to be asked charges in a currency that the budget has no amount
            in, or nobody knows what.
    """
    if not budgets:
        return
    for model in wanted.models:
        if not model.price_known:
            raise ConfigurationError(
                f"there is a budget, and what {model.provider} costs is not known; set its price under"
                f" `providers: {{{model.provider}: ...}}` (`price_per_1000` characters, or `price_per_minute`"
                " where sound is billed; 0 where it costs nothing)",
                file="book.yaml",
                line=budgets[0].line,
            )
        if model.amount and model.currency not in {budget.currency for budget in budgets}:
            raise ConfigurationError(
                uncovered(budgets, model.provider, model.currency), file="book.yaml", line=budgets[-1].line
            )


def uncovered(budgets: Iterable[Budget], provider: str, currency: str) -> str:
    """That the budget says nothing of a currency, and how it can."""
    there = ", ".join(f"{{amount: {budget.amount:g}, currency: {budget.currency}}}" for budget in budgets)
    return (
        f"the budget has no amount in {currency}, in which {provider} charges; add one:"
        f" `budget: [{there}, {{amount: ..., currency: {currency}}}]`"
    )


def within(
    wanted: Estimate,
    *,
    spent: Mapping[str, int],
    budgets: Sequence[Budget],
    what: str = "recording what is missing",
) -> None:
    """
    Refuse what would pass the budget, before anything is asked for. What costs nothing always fits.

    Args:
        wanted: of the lines that are to be recorded.
        spent: millionths by currency that count against the budget already, of all runs.
        what: costs that much, as the error says it.

    Raises:
        ConfigurationError: see `assert_covered`.
        BudgetExceeded: the message has the amounts, and what can be done.
    """
    assert_covered(wanted, budgets)
    for budget in budgets:
        if reason := passed(wanted, spent=spent, budget=budget, what=what):
            raise BudgetExceeded(
                f"{reason}; nothing was asked for. Raise `budget:`, or record less, such as some chapters"
                " only (`narrator check` has the cost of each)"
            )


def passed(
    wanted: Estimate,
    *,
    spent: Mapping[str, int],
    budget: Budget,
    what: str = "recording what is missing",
) -> str | None:
    """By what one amount of the budget would be passed, in words, if it would be."""
    cost, before = wanted.costs.get(budget.currency, 0), spent.get(budget.currency, 0)
    if not cost or before + cost <= millionths_of(budget):
        return None
    return (
        f"{what} would cost about {money(cost, budget.currency)}; with"
        f" {money(before, budget.currency)} spent that passes the budget of"
        f" {money(millionths_of(budget), budget.currency)} in book.yaml"
    )
