"""Requests are written down before they are sent and after they end, and nothing else is."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from narrator.errors import BudgetExceeded, OutputError
from narrator.ledger import Claim, Ledger, read_spent, read_tally
from narrator.ledger.database import Database
from narrator.ledger.register import BATCH
from narrator.ledger.schema import MIGRATIONS
from narrator.spending import FREE, WASTED, Bill
from narrator.store import TakeStore
from narrator.takes import Take
from tests.ledger.shelf import NOTHING, PRICE, errand, ledger, outcomes, put, rows


def test_a_request_is_there_before_it_is_sent(tmp_path: Path) -> None:
    """Another process sees it as soon as `send` returns, with all that is known of it."""
    with ledger(tmp_path) as book:
        book.account(errand("Hello.", "c03-u014", chapter=3, role="mara")).send(PRICE)
        (row,) = rows(
            tmp_path,
            "SELECT utterance_id, chapter, title, role, provider, model, voice, pickup, attempt, characters,"
            " amount, currency, outcome, reason, ended_at, took_ms FROM requests",
        )
    assert row == (
        *("c03-u014", 3, "Chapter 3", "mara", "hume", "2", "Ada", 0, 1, 40, 4000, "USD", "sent", ""),
        *(None, None),
    )


def test_what_must_survive_a_power_cut_waits_for_the_disk(tmp_path: Path) -> None:
    """FULL (2) syncs every commit of a write-ahead log; NORMAL (1) does not (sqlite.org/pragma.html)."""
    database = Database(tmp_path / "x.sqlite")
    levels = []
    for durable in (True, False, False, True):
        with database.changing(durable=durable) as connection:
            levels += connection.execute("PRAGMA synchronous").fetchone()
    database.close()
    assert levels == [2, 1, 1, 2]


def test_the_end_of_a_request_is_written_at_once(tmp_path: Path) -> None:
    store = TakeStore(tmp_path)
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE).ended("broken", reason="the answer was cut")
        assert outcomes(tmp_path) == ["broken"]
        account.send(PRICE).ended("answered")
        assert outcomes(tmp_path) == ["broken", "answered"]
        take = put(store, "Hello.")
        account.kept([take])
        assert rows(
            tmp_path, "SELECT attempt, outcome, reason, ended_at >= sent_at, took_ms >= 0 FROM requests"
        ) == [(1, "broken", "the answer was cut", 1, 1), (2, "kept", "", 1, 1)]
        ((key, take_id, ids),) = rows(tmp_path, "SELECT key, id, ids FROM takes WHERE request = 2")
    assert (key, take_id, json.loads(ids)) == (take.key, take.id, [["generation", "Hello. 1 0"]])


def test_an_answer_that_could_not_be_stored_is_lost(tmp_path: Path) -> None:
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE).ended("refused", reason="too many requests")
        account.send(PRICE).ended("answered")
        account.lost("the disk is full")
        assert book.run_wasted == {"USD": 4000}
    assert rows(tmp_path, "SELECT outcome, reason FROM requests") == [
        ("refused", "too many requests"),
        ("lost", "the disk is full"),
    ]


@pytest.mark.parametrize(
    ("outcome", "spent", "wasted"),
    [
        ("sent", 4000, 0),
        ("unsent", 0, 0),
        ("refused", 0, 0),
        ("broken", 4000, 4000),
        ("answered", 4000, 0),
        ("kept", 4000, 0),
        ("lost", 4000, 4000),
    ],
)
def test_what_each_outcome_costs(tmp_path: Path, outcome: str, spent: int, wasted: int) -> None:
    """What may have been billed counts as spent."""
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        attempt = account.send(PRICE)
        if outcome in ("kept", "lost"):
            attempt.ended("answered")
            account.kept([]) if outcome == "kept" else account.lost("")
        elif outcome != "sent":
            attempt.ended(outcome)  # type: ignore[arg-type]
        assert book.run_spent == book.spent == ({"USD": spent} if spent else {})
        assert book.run_wasted == ({"USD": wasted} if wasted else {})
        assert rows(tmp_path, "SELECT spent, wasted FROM totals") == [(spent, wasted)]
    assert book.spent == read_spent(tmp_path) == ({"USD": spent} if spent else {})


def test_the_tables_know_the_same_outcomes_as_the_words() -> None:
    """A released migration is never changed, so it spells them out."""
    sql = "\n".join(statement for migration in MIGRATIONS for statement in migration)
    assert "NOT IN ('unsent', 'refused')" in sql
    assert set(FREE) == {"unsent", "refused"}
    assert "IN ('broken', 'lost')" in sql
    assert set(WASTED) == {"broken", "lost"}


def test_currencies_are_never_added_up(tmp_path: Path) -> None:
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE)
        book.account(errand("Hello.")).send(Bill(10, 70, "EUR"))
        assert book.spent == book.run_spent == {"EUR": 70, "USD": 4000}


def test_a_second_run_adds_to_the_first(tmp_path: Path) -> None:
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE).ended("broken")
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE).ended("answered")
        assert book.run_spent == {"USD": 4000}
        assert book.run_wasted == {}
        assert book.spent == {"USD": 8000}


def test_the_budget_is_a_hard_stop(tmp_path: Path) -> None:
    """Up to the last millionth, and what may have been billed counts."""
    with ledger(tmp_path, budget=0.012) as book:
        account = book.account(errand("Hello.", "c02-u007"))
        account.send(PRICE).ended("broken", reason="timed out")
        account.send(PRICE).ended("refused")
        account.send(PRICE).ended("answered")
        account.send(PRICE)
        with pytest.raises(BudgetExceeded) as stopped:
            account.send(Bill(1, 1, "USD"))
        assert book.run_spent == book.spent == {"USD": 12_000}
    assert outcomes(tmp_path) == ["broken", "refused", "answered", "sent"]
    assert str(stopped.value) == (
        "the budget of 0.012 USD would be passed by the request for c02-u007 (0.000001 USD): 0.012 USD are"
        " spent, 0.004 USD of it on requests that brought nothing; what was recorded is kept: raise `budget`"
        " in book.yaml and run again"
    )


def test_the_budget_holds_for_every_run_at_once(tmp_path: Path) -> None:
    with ledger(tmp_path, budget=0.01) as one, ledger(tmp_path, budget=0.01) as other:
        one.account(errand("Hello.")).send(PRICE)
        other.account(errand("Bye.")).send(PRICE)
        with pytest.raises(BudgetExceeded):
            one.account(errand("Hello.")).send(PRICE)
        other.account(errand("Bye.")).send(Bill(20, 2000, "USD"))


def test_what_costs_nothing_passes_no_budget(tmp_path: Path) -> None:
    """Not even one that was lowered below what is spent."""
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE).ended("answered")
    with ledger(tmp_path, budget=0.001) as book:
        book.account(errand("Hello.")).send(NOTHING).ended("answered")


def test_each_currency_has_its_own_stop(tmp_path: Path) -> None:
    with ledger(tmp_path, budget=1.0, EUR=0.1) as book:
        book.account(errand("Hello.")).send(Bill(40, 90_000, "EUR")).ended("answered")
        with pytest.raises(BudgetExceeded, match=r"budget of 0\.10 EUR would be passed"):
            book.account(errand("There.")).send(Bill(40, 90_000, "EUR"))
        book.account(errand("There.")).send(Bill(40, 900_000, "USD")).ended("answered")
    assert read_spent(tmp_path) == {"EUR": 90_000, "USD": 900_000}


def test_another_currency_than_the_budget_passes_it(tmp_path: Path) -> None:
    """Nothing is converted, so no budget would hold: not even a stand-in's that speaks for a service which is
    gone in the middle of a run."""
    with ledger(tmp_path, budget=1.0) as book:
        with pytest.raises(BudgetExceeded, match="no amount in EUR, in which hume charges;"):
            book.account(errand("Hello.")).send(Bill(40, 90_000, "EUR"))
        book.account(errand("Hello.")).send(Bill(40, 0, "EUR"))
    assert read_spent(tmp_path) == {}


def test_what_a_sum_of_money_would_not_say_is_told_once(tmp_path: Path) -> None:
    """A price that nobody knows; nothing of what was refused."""
    with ledger(tmp_path) as book:
        for outcome in ("refused", "answered", "broken"):
            book.account(errand("Hello.")).send(Bill(40, 0, "USD", known=False)).ended(outcome)
            assert len(book.notices) == (outcome != "refused")
        (notice,) = book.notices
    assert "what hume costs is not known" in notice.message


def test_what_costs_nothing_is_written_in_batches(tmp_path: Path) -> None:
    """Of a killed process's, no more is missing than fits in one."""
    store = TakeStore(tmp_path)
    with ledger(tmp_path) as book:
        take = put(store, "Hello.", cost=0)
        for _ in range(BATCH):
            account = book.account(errand("Hello."))
            account.send(NOTHING).ended("answered")
            account.kept([take])
        assert len(outcomes(tmp_path)) >= BATCH - 1
    assert outcomes(tmp_path) == ["kept"] * BATCH


def test_what_costs_nothing_goes_along_with_what_does(tmp_path: Path) -> None:
    """What was asked for first stands first."""
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(NOTHING).ended("answered")
        book.account(errand("Hello.")).send(PRICE)
        assert outcomes(tmp_path) == ["answered", "sent"]


def test_threads_lose_nothing(tmp_path: Path) -> None:
    with ledger(tmp_path, budget=0.4) as book:

        def work() -> None:
            for _ in range(30):
                account = book.account(errand("Hello."))
                try:
                    account.send(PRICE).ended("answered")
                except BudgetExceeded:
                    return
                account.kept([])
                account.send(NOTHING).ended("answered")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert book.spent == book.run_spent == {"USD": 400_000}
    assert rows(tmp_path, "SELECT outcome, count(*) FROM requests WHERE amount > 0 GROUP BY 1") == [
        ("kept", 100)
    ]


def test_after_its_end_a_run_sends_nothing_more(tmp_path: Path) -> None:
    """What is in flight then (Ctrl-C twice) is left to the next run; nothing is raised at its thread."""
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello.", "c01-u005"))
        attempt = account.send(PRICE)
    attempt.ended("answered")
    account.kept([])
    book.release(["x"])
    for bill in (PRICE, NOTHING):
        with pytest.raises(OutputError, match="the ledger is closed"):
            account.send(bill)
    with pytest.raises(OutputError, match="this run has ended"):
        book.claim([Claim("x", 1)], lambda _: 0)
    assert outcomes(tmp_path) == ["sent"]
    assert book.spent == {"USD": 4000}
    with ledger(tmp_path) as later:
        assert "c01-u005" in str(later.notices[0])
    assert outcomes(tmp_path) == ["lost"]


def test_a_run_that_asked_for_nothing_leaves_no_trace(tmp_path: Path) -> None:
    with ledger(tmp_path):
        pass
    assert rows(tmp_path, "SELECT count(*) FROM runs") == [(0,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".runs", "ledger.sqlite"]
    assert [path.name for path in (tmp_path / ".runs").iterdir()] == ["opening"]


def test_a_run_is_written_down(tmp_path: Path) -> None:
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE).ended("refused")
        assert rows(tmp_path, "SELECT command, ended_at FROM runs") == [("book", None)]
    ((started_at, ended_at, pid),) = rows(tmp_path, "SELECT started_at, ended_at, pid FROM runs")
    assert len(started_at) == 24 and started_at <= ended_at and pid > 0  # noqa: PT018 - one row, one look


def test_reasons_are_kept_short_and_whole(tmp_path: Path) -> None:
    """A service says what it likes: a page of HTML, half a character, a zero byte."""
    with ledger(tmp_path) as book:
        book.account(errand("Hello.")).send(PRICE).ended("broken", reason="\ud800 a\0b ü" + "x" * 10_000)
    ((reason,),) = rows(tmp_path, "SELECT reason FROM requests")
    assert reason.startswith("? a\0b üx")
    assert len(reason) == 500


def test_nothing_of_the_environment_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are in the environment; the ledger is cached in CI and handed about."""
    for name in ("HUME_API_KEY", "SARVAM_API_KEY", "SOME_TOKEN"):
        monkeypatch.setenv(name, "s3cret-in-the-environment")
    store = TakeStore(tmp_path)
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE).ended("broken", reason="401")
        account.send(PRICE).ended("answered")
        account.kept([put(store, "Hello.")])
        written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    written += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 4
    assert not [content for content in written if b"s3cret-in-the-environment" in content]


def test_bills_are_not_negative(tmp_path: Path) -> None:
    with ledger(tmp_path) as book, pytest.raises(ValueError, match="not a bill"):
        book.account(errand("Hello.")).send(Bill(1, -1, "USD"))


def test_a_take_may_need_several_requests_and_a_request_bring_several_takes(tmp_path: Path) -> None:
    store = TakeStore(tmp_path)
    takes: list[Take] = [put(store, "Hello.", answer=answer) for answer in range(3)]
    (tmp_path / "fresh").mkdir()
    with Ledger(tmp_path / "fresh", store=TakeStore(tmp_path / "fresh")) as book:
        account = book.account(errand("Hello."))
        account.send(Bill(10, 10, "USD")).ended("answered")
        account.send(Bill(10, 1, "USD")).ended("answered")
        account.kept(takes)
    kept = read_tally(tmp_path / "fresh").kept
    assert {take.take_id: take.amount for take in kept}.keys() == {take.id for take in takes}
    assert sorted(take.amount for take in kept) == [3, 3, 5]
