"""What the ledger says, added up by chapter, role, provider and day, and compared with the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from narrator.ledger import Ledger, read_spent, read_tally
from narrator.ledger.tally import ChapterSpend, Spend
from narrator.spending import Bill
from narrator.store import TakeStore
from narrator.takes import Take
from tests.ledger.shelf import NOTHING, PRICE, errand, ledger, put, rows


def record(book: Ledger, store: TakeStore, text: str, *, chapter: int, role: str, broken: int = 0) -> Take:
    account = book.account(errand(text, f"c{chapter:02}-u001", chapter=chapter, role=role))
    for _ in range(broken):
        account.send(PRICE).ended("broken", reason="cut in the middle")
    account.send(PRICE).ended("refused", reason="slow down")
    account.send(PRICE).ended("answered")
    take = put(store, text)
    account.kept([take])
    return take


@pytest.fixture
def book(tmp_path: Path) -> Path:
    store = TakeStore(tmp_path / "takes")
    with ledger(tmp_path / "takes") as book:
        record(book, store, "One.", chapter=1, role="narrator")
        record(book, store, "Two.", chapter=2, role="narrator", broken=2)
        record(book, store, "Three.", chapter=2, role="mara", broken=1)
        book.account(errand("Four.", "c02-u004", chapter=2, role="mara")).send(PRICE)
        book.account(errand("Five.", "c02-u005", chapter=2, role="mara")).send(Bill(7, 90, "EUR"))
        book.account(errand("Six.", chapter=1)).send(NOTHING).ended("answered")
    return tmp_path / "takes"


def test_sums(book: Path) -> None:
    """In every grouping, each request counts once."""
    tally = read_tally(book)
    assert tally.totals == (
        Spend("EUR", requests=1, free=0, open=1, characters=7, paid=0, wasted=0, in_flight=90),
        Spend("USD", requests=11, free=3, open=2, characters=320, paid=12_000, wasted=12_000, in_flight=4000),
    )
    for groups in (tally.chapters, tally.roles, tally.services, tally.days):
        spends = [group.spend for group in groups]
        for total in tally.totals:
            ours = [spend for spend in spends if spend.currency == total.currency]
            assert (
                Spend(total.currency, *(sum(column) for column in list(zip(*ours, strict=True))[1:])) == total
            )
    assert read_spent(book) == {"EUR": 90, "USD": 28_000}


def test_groups(book: Path) -> None:
    tally = read_tally(book)
    assert tally.chapters == (
        ChapterSpend(1, "Chapter 1", Spend("USD", 3, 1, 1, 80, 4000, 0, 0)),
        ChapterSpend(2, "Chapter 2", Spend("EUR", 1, 0, 1, 7, 0, 0, 90)),
        ChapterSpend(2, "Chapter 2", Spend("USD", 8, 2, 1, 240, 8000, 12_000, 4000)),
    )
    assert [(of.role, of.spend.currency, of.spend.requests) for of in tally.roles] == [
        ("mara", "EUR", 1),
        ("mara", "USD", 4),
        ("narrator", "USD", 7),
    ]
    assert [(of.provider, of.model) for of in tally.services] == [("hume", "2"), ("hume", "2")]
    ((today,),) = rows(book, "SELECT DISTINCT substr(sent_at, 1, 10) FROM requests")
    assert {of.day for of in tally.days} == {today}


def test_wasted_requests_are_listed(book: Path) -> None:
    wasted = read_tally(book).wasted
    assert [(w.utterance_id, w.chapter, w.role, w.outcome, w.reason, w.amount) for w in wasted] == [
        ("c02-u001", 2, "narrator", "broken", "cut in the middle", 4000),
        ("c02-u001", 2, "narrator", "broken", "cut in the middle", 4000),
        ("c02-u001", 2, "mara", "broken", "cut in the middle", 4000),
    ]
    assert [w.key for w in wasted] == [errand(text).key for text in ("Two.", "Two.", "Three.")]


def test_kept_takes_are_those_of_the_store(book: Path) -> None:
    tally = read_tally(book)
    stored = sorted(TakeStore(book).every(), key=lambda take: take.key)
    assert [(kept.key, kept.take_id, kept.amount, kept.currency, kept.pruned) for kept in tally.kept] == [
        (take.key, take.id, 4000, "USD", False) for take in stored
    ]


def test_pruned_takes_are_not_missed_and_stay_paid(book: Path) -> None:
    one, two, _ = read_tally(book).kept
    with ledger(book) as open_book:
        open_book.pruned([one.take_id, "0123456789abcdef"])
        before = open_book.spent
    tally = read_tally(book)
    assert [kept.pruned for kept in tally.kept] == [True, False, False]
    assert read_spent(book) == before
    takes = [take for take in TakeStore(book).every() if take.id in (one.take_id, two.take_id)]
    with ledger(book) as open_book:
        assert open_book.adopt(takes) == 0
    assert [kept.pruned for kept in read_tally(book).kept] == [False] * 3


@pytest.mark.parametrize("asked", [1, 2, 3, 4, 5, 12])
def test_few_takes_are_known_among_many(tmp_path: Path, asked: int) -> None:
    """However many are asked about, those that rows know are told from those that none does."""
    store = TakeStore(tmp_path / "takes")
    takes = [put(store, f"Line {number}.") for number in range(12)]
    with ledger(tmp_path / "takes") as book:
        book.adopt(takes)
    new = [put(store, f"Another {number}.") for number in range(2)]
    with ledger(tmp_path / "takes") as book:
        assert book.adopt([*takes[:asked], *new]) == 2
        assert book.adopt([*takes, *new]) == 0


def test_takes_from_elsewhere_are_adopted_once(book: Path, tmp_path: Path) -> None:
    """A shard's store was copied over this one: what it cost counts, for the budget too."""
    store = TakeStore(book)
    shard = [put(store, "Six.", 1), put(store, "Six.", 2), put(store, "Seven.", cost=0.5)]
    with ledger(book, budget=0.6) as open_book:
        known = list(store.every())
        assert open_book.adopt(known) == 3
        assert open_book.adopt(known) == 0
        assert open_book.adopt([]) == 0
        assert open_book.spent == {"EUR": 90, "USD": 536_000}
        assert open_book.run_spent == {}
    with ledger(book) as open_book:
        assert open_book.adopt(shard) == 0
    tally = read_tally(book)
    assert (tally.chapters[-1].number, tally.chapters[-1].title) == (None, "")
    assert (tally.chapters[-1].spend.requests, tally.chapters[-1].spend.paid) == (3, 508_000)
    assert tally.roles[-1].role == ""
    assert tally.days[0].day == "2026-11-20"


def test_a_take_in_flight_is_left_to_its_request(tmp_path: Path) -> None:
    """Another process has stored it, and is about to write that down: it is not paid for twice."""
    store = TakeStore(tmp_path)
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        account = one.account(errand("Hello."))
        account.send(PRICE).ended("answered")
        take = put(store, "Hello.")
        assert other.adopt([take]) == 0
        account.kept([take])
        assert other.adopt([take]) == 0
        assert other.spent == {"USD": 4000}


def test_a_request_that_comes_late_takes_the_place_of_the_sidecar(tmp_path: Path) -> None:
    """What costs nothing is written later than it is stored; it counts once all the same."""
    store = TakeStore(tmp_path)
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        account = one.account(errand("Hello.", "c01-u009"))
        account.send(NOTHING).ended("answered")
        take = put(store, "Hello.", cost=0)
        account.kept([take])
        assert other.adopt([take]) == 1
    (kept,) = read_tally(tmp_path).kept
    assert (kept.take_id, kept.utterance_id) == (take.id, "c01-u009")
    assert rows(tmp_path, "SELECT count(*) FROM requests") == [(1,)]


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_sidecar_with_nonsense_in_it_costs_nothing(tmp_path: Path, cost: float) -> None:
    take = put(TakeStore(tmp_path), "Hello.", cost=0.004)
    with ledger(tmp_path / "other") as book:
        assert book.adopt([replace(take, cost=cost, took_ms=-5, recorded_at="yesterday")]) == 1
        assert book.spent == {}
    assert read_tally(tmp_path / "other").notices == ()
