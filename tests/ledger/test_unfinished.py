"""Requests that a service knows by an id, and whose answers are fetched later."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from narrator.errors import BudgetExceeded, OutputError
from narrator.ledger import LineAccount, read_spent, read_tally
from narrator.ledger.coming import FETCHED_H, Coming
from narrator.ledger.schema import MIGRATIONS, migrate
from narrator.spending import Bill, Ids, Unfinished
from narrator.store import TakeStore
from tests.ledger.dying import die
from tests.ledger.shelf import NOTHING, PRICE, errand, ledger, outcomes, put, rows, statement

JOB: Ids = (("job", "f0gZrOKBKL7veJ6o1M"),)


def lose(takes: Path, *, bill: Bill = PRICE, ids: Ids = JOB) -> None:
    """A run whose request was identified and brought none."""
    with ledger(takes) as book:
        attempt = book.account(errand("Hello.")).send(bill)
        attempt.identified(ids)
        attempt.ended("broken", reason="it took too long")


def only(account: LineAccount) -> Unfinished:
    """The one that it is given."""
    found = account.unfinished()
    assert found is not None
    return found


def test_what_the_service_calls_it_is_written_at_once(tmp_path: Path) -> None:
    """Even where the price is not known: whatever costs nothing else is written in batches."""
    with ledger(tmp_path) as book:
        for bill in (PRICE, NOTHING):
            book.account(errand("Hello.")).send(bill).identified(JOB)
        book.account(errand("Hello.")).send(NOTHING)
        assert (
            rows(tmp_path, "SELECT ids, outcome FROM requests")
            == [('[["job","f0gZrOKBKL7veJ6o1M"]]', "sent")] * 2
        )


def test_a_lost_answer_is_fetched_by_the_next_run(tmp_path: Path) -> None:
    """The same row is kept then, and nothing is wasted any more; it costs the run nothing."""
    lose(tmp_path)
    assert read_tally(tmp_path).totals[0].wasted == 4000
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        found = only(account)
        assert (found.ids, found.bill) == (JOB, PRICE)
        assert outcomes(tmp_path) == ["sent"]
        assert account.unfinished() is None
        found.attempt.ended("answered")
        assert outcomes(tmp_path) == ["answered"]
        account.kept([put(TakeStore(tmp_path), "Hello.")])
        assert book.run_spent == book.run_wasted == {}
        assert book.spent == {"USD": 4000}
    (spend,) = read_tally(tmp_path).totals
    assert (spend.requests, spend.paid, spend.wasted, spend.in_flight) == (1, 4000, 0, 0)
    assert rows(tmp_path, "SELECT outcome, reason, attempt, took_ms >= 0 FROM requests") == [
        ("kept", "", 1, 1)
    ]
    with ledger(tmp_path) as book:
        assert book.notices == []
        assert book.account(errand("Hello.")).unfinished() is None


def test_one_that_failed_in_this_run_is_found_again(tmp_path: Path) -> None:
    """Once; and the run's own waste is none any more."""
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        attempt = account.send(PRICE)
        attempt.identified(JOB)
        attempt.ended("broken")
        assert book.run_wasted == {"USD": 4000}
        again = book.account(errand("Hello."))
        found = only(again)
        assert (book.run_spent, book.run_wasted) == ({"USD": 4000}, {})
        assert account.unfinished() is None
        found.attempt.ended("answered")
        again.kept([put(TakeStore(tmp_path), "Hello.")])
        assert (book.run_spent, book.run_wasted) == ({"USD": 4000}, {})
    assert outcomes(tmp_path) == ["kept"]


def test_what_could_not_be_fetched_is_there_for_whoever_asks_next(tmp_path: Path) -> None:
    """But is not given twice to one who has come to nothing with it. It costs this run nothing, as before."""
    lose(tmp_path)
    for _ in range(2):
        with ledger(tmp_path) as book:
            for _ in range(2):
                account = book.account(errand("Hello."))
                only(account).attempt.ended("lost", reason="nobody answers")
                assert account.unfinished() is None
                assert book.run_spent == book.run_wasted == {}
        assert rows(tmp_path, "SELECT outcome, reason FROM requests") == [("lost", "nobody answers")]
    assert read_spent(tmp_path) == {"USD": 4000}
    assert read_tally(tmp_path).totals[0].wasted == 4000


def test_they_are_given_one_by_one_the_newest_first_and_only_those_of_the_take(tmp_path: Path) -> None:
    for number in range(3):
        lose(tmp_path, ids=(("job", str(number)),))
    with ledger(tmp_path) as book:
        book.account(errand("Bye.")).send(PRICE).identified((("job", "other"),))
        book.account(errand("Hello.")).send(PRICE)
        refused = book.account(errand("Hello.")).send(PRICE)
        refused.identified((("job", "refused"),))
        refused.ended("refused")
        one, other = (book.account(errand("Hello.")) for _ in range(2))
        newest = only(one)
        assert newest.ids == (("job", "2"),)
        assert outcomes(tmp_path)[:3] == ["broken", "broken", "sent"]
        assert only(other).ids == (("job", "1"),)
        newest.attempt.ended("lost")
        assert only(one).ids == (("job", "0"),)
        assert only(other).ids == (("job", "2"),)
        assert one.unfinished() is other.unfinished() is None


def test_what_a_live_run_has_given_up_another_may_fetch(tmp_path: Path) -> None:
    """Not what it waits for still. What it has paid for is no other's spending, nor any less its own."""
    with ledger(tmp_path) as one:
        attempt = one.account(errand("Hello.")).send(PRICE)
        attempt.identified(JOB)
        with ledger(tmp_path) as other:
            account = other.account(errand("Hello."))
            assert account.unfinished() is None
            attempt.ended("broken")
            found = only(account)
            assert found.ids == JOB
            assert one.account(errand("Hello.")).unfinished() is None
            found.attempt.ended("answered")
            account.kept([put(TakeStore(tmp_path), "Hello.")])
            assert (one.run_spent, other.run_spent) == ({"USD": 4000}, {})
    assert outcomes(tmp_path) == ["kept"]
    assert read_spent(tmp_path) == {"USD": 4000}


def test_two_runs_never_fetch_the_same(tmp_path: Path) -> None:
    lose(tmp_path)
    with ledger(tmp_path) as one, ledger(tmp_path) as other:
        only(one.account(errand("Hello.")))
        assert other.account(errand("Hello.")).unfinished() is None


def test_no_service_keeps_an_answer_for_ever(tmp_path: Path) -> None:
    lose(tmp_path)
    lose(tmp_path, ids=(("job", "fresh"),))
    ago = f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{FETCHED_H} hours', '-1 second')"
    statement(tmp_path, f"UPDATE requests SET sent_at = {ago} WHERE id = 1")  # noqa: S608 - our own words
    with ledger(tmp_path) as book:
        assert only(book.account(errand("Hello."))).ids == (("job", "fresh"),)


def test_a_voice_is_there_for_every_line_in_it_and_for_ever(tmp_path: Path) -> None:
    """Unlike an answer: the account at the service keeps it."""
    voice = "voice:0123"
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello.")._replace(voice=voice))
        attempt = account.of_voice().send(PRICE)
        attempt.identified((("design", "g-1"),))
        attempt.ended("answered")
        account.lost("the line was refused")
    statement(tmp_path, "UPDATE requests SET sent_at = '2020-01-01T00:00:00.000Z'")
    assert read_tally(tmp_path).coming.all == Counter({voice: 1})
    with ledger(tmp_path) as book:
        assert book.account(errand("Bye.")._replace(voice="voice:4567")).of_voice().unfinished() is None
        account = book.account(errand("Bye.")._replace(voice=voice))
        assert account.unfinished() is None
        found = only(account.of_voice())
        assert found.ids == (("design", "g-1"),)
        found.attempt.ended("answered")
        assert account.voice_ids() is None
        account.kept([put(TakeStore(tmp_path), "Bye.")])
        assert account.voice_ids() is None  # it was kept as another line's
    assert outcomes(tmp_path) == ["kept"]


def test_a_killed_run_leaves_the_voice_that_it_made(tmp_path: Path) -> None:
    """No take can have come of that, and none is looked for."""
    with ledger(tmp_path) as book:
        attempt = book.account(errand("Hello.")._replace(voice="voice:0123")).of_voice().send(PRICE)
        attempt.identified((("design", "g-1"),))
    statement(tmp_path, "UPDATE requests SET outcome = 'answered'")
    statement(tmp_path, "UPDATE runs SET ended_at = NULL")
    with ledger(tmp_path) as book:
        (notice,) = book.notices
        assert "1 request was in flight when narrator was killed (c01-u001)" in notice.message
        assert only(book.account(errand("Bye.")._replace(voice="voice:0123")).of_voice()).ids


def test_a_killed_run_leaves_what_was_identified(tmp_path: Path) -> None:
    die(tmp_path, ["identified"])
    takes = tmp_path / "identified"
    with ledger(takes) as book:
        assert [str(notice) for notice in book.notices] == [
            "identified/ledger.sqlite: 2 requests were in flight when narrator was killed (c01-u004) and"
            " brought no take; together they may have cost 0.008 USD; what 1 of them brought is fetched, not"
            " bought again, if it is still there"
        ]
        assert outcomes(takes) == ["lost", "lost", "lost"]
        for text, number in (("Hello.", "j-1"), ("Bye.", "j-2")):
            account = book.account(errand(text))
            found = only(account)
            assert found.ids == (("job", number),)
            found.attempt.ended("answered")
            account.kept([put(TakeStore(takes), text)])
    assert outcomes(takes) == ["kept", "lost", "kept"]


def test_a_run_that_is_killed_with_a_fetched_take_in_the_store_has_kept_it(tmp_path: Path) -> None:
    """It is in flight while it is fetched, so the next run finds its take; nothing is counted twice."""
    die(tmp_path, ["fetched"])
    takes = tmp_path / "fetched"
    with ledger(takes) as book:
        assert book.notices == []
        assert book.adopt(TakeStore(takes).every()) == 0
    assert outcomes(takes) == ["kept"]
    assert read_spent(takes) == {"USD": 4000}


@pytest.mark.parametrize("ids", ["no JSON", "[[1, 2, 3]]", "{}", "[null]", "7"])
def test_ids_that_somebody_wrote_do_no_harm(tmp_path: Path, ids: str) -> None:
    lose(tmp_path)
    statement(tmp_path, f"UPDATE requests SET ids = '{ids}'")  # noqa: S608 - our own words
    with ledger(tmp_path) as book:
        assert only(book.account(errand("Hello."))).ids == ()


def test_after_its_end_a_run_finds_nothing(tmp_path: Path) -> None:
    lose(tmp_path)
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
    with pytest.raises(OutputError, match="closed"):
        account.unfinished()


# What is to come


def test_what_is_to_come_is_not_bought_again(tmp_path: Path) -> None:
    """What can be fetched, and what another run waits for; not what this one does, nor pickups of others."""
    die(tmp_path, ["identified"])
    takes = tmp_path / "identified"
    hello, bye = errand("Hello.").key, errand("Bye.").key
    assert read_tally(takes).coming == Coming(Counter({hello: 1, bye: 1}))
    with ledger(takes) as one, ledger(takes) as other:
        assert one.coming == Coming(Counter({hello: 1, bye: 1}))
        one.account(errand("Hello.")).send(PRICE)
        one.account(errand("Hello.")).send(PRICE).ended("broken")
        one.account(errand("Hello.")._replace(pickup=True)).send(PRICE)
        only(one.account(errand("Bye."))).attempt.ended("answered")
        lost, awaited = Counter({hello: 1}), Counter({hello: 1, bye: 1})
        assert one.coming == Coming(lost)
        assert other.coming == read_tally(takes).coming == Coming(lost, awaited)
        assert other.coming.all == Counter({hello: 2, bye: 1})
    statement(takes, "UPDATE requests SET sent_at = '2020-01-01T00:00:00.000Z'")
    assert read_tally(takes).coming == Coming()


# What it really cost


def test_the_sums_follow_what_a_request_really_cost(tmp_path: Path) -> None:
    """Kept by the database itself, whichever way an amount changes."""
    with ledger(tmp_path) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE).ended("answered", bill=Bill(40, 1500, "USD"))
        assert book.run_spent == book.spent == {"USD": 1500}
        account.send(PRICE).ended("broken", bill=Bill(40, 9000, "USD"))
        assert book.run_wasted == {"USD": 9000}
        account.send(NOTHING).ended("answered", bill=Bill(0, 200, "EUR"))
        account.send(PRICE).ended("refused", bill=Bill(0, 7, "USD"))
        account.kept([put(TakeStore(tmp_path), "Hello.")])
        assert book.run_spent == book.spent == {"EUR": 200, "USD": 10_500}
        attempt = account.send(PRICE)
        with pytest.raises(ValueError, match="not a bill"):
            attempt.ended("answered", bill=Bill(0, -1, "USD"))
        attempt.ended("unsent")
        assert book.run_spent == book.spent == {"EUR": 200, "USD": 10_500}
    assert rows(tmp_path, "SELECT currency, spent, wasted FROM totals") == [
        ("EUR", 200, 0),
        ("USD", 10_500, 9_000),
    ]


def test_a_budget_is_compared_with_what_was_really_spent(tmp_path: Path) -> None:
    with ledger(tmp_path, budget=0.008) as book:
        account = book.account(errand("Hello."))
        account.send(PRICE).ended("answered", bill=Bill(40, 1000, "USD"))
        account.send(PRICE).ended("answered", bill=Bill(40, 1000, "USD"))
        account.send(PRICE)


def test_an_older_ledger_learns_of_ids(tmp_path: Path) -> None:
    """Its rows have none, its totals stay, and they follow amounts from then on."""
    connection = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    migrate(connection, MIGRATIONS[:1])
    connection.execute(
        "INSERT INTO requests (run, key, utterance_id, chapter, title, role, provider, model, voice, pickup,"
        " attempt, characters, amount, currency, sent_at, outcome, reason) VALUES"
        " (NULL, 'k', '', NULL, '', '', 'hume', '2', 'Ada', 0, 1, 40, 4000, 'USD', '2026', 'broken', '')"
    )
    connection.close()
    assert read_spent(tmp_path) == {"USD": 4000}
    with ledger(tmp_path) as book:
        assert book.notices == []
        assert book.spent == {"USD": 4000}
        book.account(errand("Hello.")).send(PRICE).ended("answered", bill=Bill(40, 100, "USD"))
    assert rows(tmp_path, "SELECT ids FROM requests") == [("",), ("",)]
    assert rows(tmp_path, "PRAGMA user_version") == [(2,)]
    assert read_spent(tmp_path) == {"USD": 4100}


def test_a_killed_request_of_unknown_price_is_told_of(tmp_path: Path) -> None:
    """It is as durable as a dear one; what it cost is not called nothing."""
    program = (
        "import os, sys; from pathlib import Path; from narrator.spending import Bill;"
        " from tests.ledger.shelf import errand, ledger;"
        " book = ledger(Path(sys.argv[1])).__enter__();"
        " book.account(errand('Hello.')).send(Bill(40, 0, 'USD', known=False)); os._exit(9)"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=False, cwd=Path(__file__).parent.parent.parent
    )
    with ledger(tmp_path) as book:
        (notice,) = book.notices
        assert "1 request was in flight" in notice.message
        assert "what they may have cost is not known" in notice.message
    assert read_tally(tmp_path).unpriced == 1


def test_a_price_that_nobody_knows_passes_no_budget(tmp_path: Path) -> None:
    with ledger(tmp_path, budget=1.0) as book, pytest.raises(BudgetExceeded, match="is not known"):
        book.account(errand("Hello.")).send(Bill(40, 0, "USD", known=False))
    assert outcomes(tmp_path) == []
