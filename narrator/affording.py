"""Whether lines can be paid for, before anything is asked for; the ledger stops what comes to more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from narrator.book import Budget
from narrator.budgeting import within
from narrator.estimating import Estimate, estimate
from narrator.ledger import Ledger
from narrator.planning import Line, Plan
from narrator.providers import Providers


def assert_affordable(
    lines: Iterable[Line], plan: Plan, *, providers: Providers, ledger: Ledger, budgets: Sequence[Budget]
) -> None:
    """
    Refuse to record what is missing of some lines, if that would pass the budget.

    Args:
        plan: of the whole book.

    Raises:
        See `refuse_beyond_budget`.
    """
    if not budgets:
        return
    wanted = estimate(lines, providers, book=plan.lines, coming=ledger.coming.all)
    refuse_beyond_budget(wanted, ledger=ledger, budgets=budgets, what="recording what is missing")


def refuse_beyond_budget(wanted: Estimate, *, ledger: Ledger, budgets: Sequence[Budget], what: str) -> None:
    """
    Refuse what would pass the budget.

    Args:
        what: costs that much, as the error says it.

    Raises:
        BudgetExceeded: it is more than is left.
        ConfigurationError: the budget has no amount in a currency that would be charged.
    """
    within(wanted, spent=ledger.spent, budgets=budgets, what=what)
