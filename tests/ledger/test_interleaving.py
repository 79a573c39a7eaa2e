"""Whatever runs do in whatever order, the sums are those of a plain list of requests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import BudgetExceeded
from narrator.ledger import Claim, Ledger, read_spent, read_tally
from narrator.ledger.accounts import LineAccount, WrittenAttempt
from narrator.spending import FREE, WASTED, Bill, Outcome
from tests.ledger.shelf import errand, ledger, rows

BUDGET = 60
"""Millionths of a dollar."""

ENDS: list[Outcome] = ["unsent", "refused", "broken", "answered"]


class Sent(NamedTuple):
    """A request as the test knows it."""

    run: Ledger
    bill: Bill
    account: LineAccount
    attempt: WrittenAttempt


step = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 1), st.integers(0, 3), st.sampled_from(["USD", "USD", "EUR"])),
    st.tuples(st.just("end"), st.integers(0, 30), st.sampled_from(ENDS), st.none()),
    st.tuples(st.sampled_from(["kept", "lost"]), st.integers(0, 30), st.none(), st.none()),
    st.tuples(st.just("claim"), st.integers(0, 1), st.integers(1, 3), st.none()),
    st.tuples(st.just("release"), st.integers(0, 1), st.none(), st.none()),
    st.tuples(st.just("again"), st.integers(0, 1), st.none(), st.none()),
)


def sums(sent: list[Sent], outcomes: list[Outcome], *, run: Ledger | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for one, outcome in zip(sent, outcomes, strict=True):
        if outcome not in FREE and one.bill.amount and (run is None or run is one.run):
            found[one.bill.currency] = found.get(one.bill.currency, 0) + one.bill.amount
    return found


@settings(deadline=None, max_examples=25)
@given(st.lists(step, max_size=40))
def test_the_sums_are_right_at_any_time(steps: list[tuple[str, int, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        takes = Path(folder)
        books = [open_book(takes), open_book(takes)]
        sent: list[Sent] = []
        outcomes: list[Outcome] = []
        held = [0, 0]
        for what, at, detail, currency in steps:
            if what == "send":
                assert isinstance(detail, int)
                bill = Bill(1, 10 * detail, str(currency))
                account = books[at].account(errand(f"Line {len(sent)}."))
                fits = bill.currency != "USD" or sums(sent, outcomes).get("USD", 0) + bill.amount <= BUDGET
                try:
                    sent.append(Sent(books[at], bill, account, account.send(bill)))
                    outcomes.append("sent")
                    assert fits or not bill.amount
                except BudgetExceeded:
                    assert not fits
            elif what == "end" and at < len(sent):
                outcome = next(end for end in ENDS if end == detail)
                if outcomes[at] == "sent" and is_open(books, sent[at]):
                    sent[at].attempt.ended(outcome)
                    outcomes[at] = outcome
            elif what in ("kept", "lost") and at < len(sent) and is_open(books, sent[at]):
                if what == "kept":
                    sent[at].account.kept([])
                else:
                    sent[at].account.lost("no room")
                if outcomes[at] == "answered":
                    outcomes[at] = "kept" if what == "kept" else "lost"
            elif what == "claim":
                assert isinstance(detail, int)
                granted = books[at].claim([Claim("a", 3)] * detail, lambda _: 0)
                assert granted == min(detail, 3 - sum(held))
                held[at] += granted
            elif what == "release":
                books[at].release(["a"])
                held[at] = max(0, held[at] - 1)
            elif what == "again":
                left = [
                    index
                    for index, one in enumerate(sent)
                    if one.run is books[at] and outcomes[index] in ("sent", "answered")
                ]
                books[at].__exit__()
                held[at] = 0
                books[at] = open_book(takes)
                for index in left:
                    outcomes[index] = "lost"
            for book in books:
                assert book.spent == sums(sent, outcomes)
                assert book.run_spent == sums(sent, outcomes, run=book)
        for book in books:
            book.__exit__()
        with ledger(takes) as book:
            assert book.spent == sums(sent, outcomes)
        outcomes = ["lost" if outcome in ("sent", "answered") else outcome for outcome in outcomes]
        found = rows(takes, "SELECT outcome, amount, currency FROM requests")
        assert sorted(found) == sorted(
            (outcome, one.bill.amount, one.bill.currency) for one, outcome in zip(sent, outcomes, strict=True)
        )
        tally = read_tally(takes)
        assert tally.notices == ()
        assert {
            spend.currency: spend.paid + spend.wasted for spend in tally.totals if spend.paid + spend.wasted
        } == (read_spent(takes))
        assert len(tally.wasted) == sum(outcome in WASTED for outcome in outcomes)


def open_book(takes: Path) -> Ledger:
    return ledger(takes, budget=BUDGET / 1e6, EUR=1.0).__enter__()


def is_open(books: list[Ledger], one: Sent) -> bool:
    return any(book is one.run for book in books)
