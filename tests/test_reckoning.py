"""What a book cost so far, and whether the ledger and the store say the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from narrator import sidecar
from narrator.errors import NarratorError, UsageError
from narrator.reckoning import reckon
from narrator.results import Spent
from narrator.store import TakeStore
from narrator.takes import Take
from tests.commands import ended, told
from tests.paid_books import AT, buy, lines, lose, write_book
from tests.serving.running import running

ONE = "# One\n\nA line. Another line.\n\nMARA: Mine costs nothing.\n"
TWO = "# Two\n\nThe last line.\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two chapters: four lines in three sentences and two titles that are paid, one line that is not."""
    return write_book(tmp_path / "book", ONE, TWO)


def flac(book: Path, take: Take) -> Path:
    return TakeStore(book / "takes").path(take.key, take.id)


def lose_take(book: Path, take: Take) -> None:
    """Somebody deletes it."""
    flac(book, take).unlink()
    flac(book, take).with_suffix(".json").unlink()


def usd(amount: float) -> Spent:
    return Spent(amount=amount, currency="USD")


def test_spending_is_summed_by_chapter_role_provider_and_day(book: Path) -> None:
    buy(book)

    reckoning = reckon(book)

    total = reckoning.totals[0]
    assert (total.currency, total.requests, total.spent, total.paid) == ("USD", 6, 0.05, 0.05)
    assert total.characters == sum(len(line.request.spoken.text) for line in lines(book))
    assert [(each.number, each.title, each.requests, each.paid) for each in reckoning.chapters] == [
        (1, "One", 4, 0.03),
        (2, "Two", 2, 0.02),
    ]
    assert [(each.role, each.requests, each.paid) for each in reckoning.roles] == [
        ("Mara", 1, 0.0),
        ("narrator", 5, 0.05),
    ]
    assert [(each.provider, each.paid) for each in reckoning.services] == [("espeak", 0.0), ("hume", 0.05)]
    assert len(reckoning.days) == 1
    assert reckoning.stock.takes == 6
    assert (reckoning.warnings, reckoning.errors, reckoning.exit_code) == ((), (), 0)


def test_currencies_are_never_added_to_each_other(book: Path) -> None:
    buy(book, only=["c01-u001"], cost=0.5)
    buy(book, cost=0.25, currency="EUR")

    reckoning = reckon(book)

    assert [(each.currency, each.paid) for each in reckoning.totals] == [("EUR", 1.0), ("USD", 0.5)]
    chapter = [(each.title, each.currency, each.paid) for each in reckoning.chapters]
    assert chapter == [("One", "EUR", 0.5), ("One", "USD", 0.5), ("Two", "EUR", 0.5)]
    assert reckoning.stock.cost == (Spent(amount=1.0, currency="EUR"), usd(0.5))


def test_what_was_wasted_is_told_one_by_one(book: Path) -> None:
    lose(book, lines(book)[1], "broken", reason="the answer broke off")
    lose(book, lines(book)[1], "refused", reason="no")

    reckoning = reckon(book)

    total = reckoning.totals[0]
    assert (total.requests, total.free, total.wasted, total.spent) == (2, 1, 0.01, 0.01)
    waste = reckoning.wasted[0]
    assert (waste.line, waste.role, waste.outcome, waste.reason) == (
        "c01-u002",
        "narrator",
        "broken",
        "the answer broke off",
    )


def test_takes_that_were_paid_for_and_serve_no_line_are_told(book: Path) -> None:
    buy(book)
    (book / "manuscript" / "02.md").write_text("# Two\n\nAnother last line.\n")

    assert reckon(book).stock.unused == (usd(0.01),)


def test_a_merged_store_is_adopted_with_what_it_cost_and_where_it_belongs(book: Path) -> None:
    """Takes that another machine recorded: their chapter and role are those of the line they serve."""
    buy(book, only=["c01-u001"])
    buy(book, only=["c01-u002", "c01-u004", "c02-u001"], written_down=False)

    first, second = reckon(book), reckon(book)

    assert (first.stock.adopted, second.stock.adopted) == (3, 0)
    assert [(each.number, each.requests, each.paid) for each in first.chapters] == [
        (1, 3, 0.02),
        (2, 1, 0.01),
    ]
    assert [(each.role, each.characters) for each in first.roles] == [("Mara", 19), ("narrator", 13)]
    assert first.totals[0].paid == 0.03
    assert second.chapters == first.chapters


def test_identical_lines_of_a_merged_store_count_where_they_stand(tmp_path: Path) -> None:
    """Their takes lie under one key, and each serves a place of its own."""
    book = write_book(tmp_path / "book", "# One\n\nNo. No.\n", "# Two\n\nNo. No. No.\n")
    buy(book, written_down=False)

    assert [(each.number, each.requests, each.paid) for each in reckon(book).chapters] == [
        (1, 3, 0.03),
        (2, 4, 0.04),
    ]


def test_what_serves_no_line_any_more_stays_unknown(book: Path) -> None:
    buy(book, written_down=False)
    (book / "manuscript" / "02.md").unlink()

    reckoning = reckon(book)

    assert [(each.number, each.title, each.paid) for each in reckoning.chapters] == [
        (1, "One", 0.03),
        (None, "", 0.02),
    ]
    assert [each.role for each in reckoning.roles] == ["Mara", "narrator", ""]


def test_a_ledger_that_was_lost_is_made_anew(book: Path) -> None:
    buy(book)
    before = reckon(book)
    for file in (book / "takes").glob("ledger.sqlite*"):
        file.unlink()

    after = reckon(book)

    assert (after.totals, after.chapters, after.roles, after.services) == (
        before.totals,
        before.chapters,
        before.roles,
        before.services,
    )
    assert any("ledger" in warning for warning in after.warnings)
    assert [each.day for each in after.days] == [AT[:10]]


def test_a_paid_take_that_is_gone_is_an_error(book: Path) -> None:
    take = buy(book)[1]
    lose_take(book, take)

    reckoning = reckon(book)

    assert reckoning.exit_code == 6
    assert [(each.take, each.line, each.ledger) for each in reckoning.stock.missing] == [
        (take.id, "c01-u002", usd(0.01))
    ]
    assert "0.01 USD" in reckoning.errors[0]
    assert f"{take.id} of c01-u002" in reckoning.errors[1]


def test_a_take_that_cost_nothing_may_be_gone(book: Path) -> None:
    free = next(take for take in buy(book) if not take.cost)
    lose_take(book, free)

    reckoning = reckon(book)

    assert (reckoning.exit_code, reckoning.stock.gone, reckoning.stock.missing) == (0, 1, ())


def test_a_paid_take_that_was_cut_short_is_an_error(book: Path) -> None:
    take = buy(book)[0]
    flac(book, take).write_bytes(b"fLaC")

    assert "cut short" in reckon(book).errors[1]


def test_a_price_that_is_told_in_two_ways_is_a_warning(book: Path) -> None:
    take = buy(book)[0]
    text, _ = sidecar.write(replace(take, cost=0.02))
    flac(book, take).with_suffix(".json").write_bytes(text)

    reckoning = reckon(book)

    assert reckoning.exit_code == 0
    assert [each.take for each in reckoning.stock.unequal] == [take.id]
    assert "0.01 USD, its sidecar 0.02 USD" in reckoning.warnings[0]


def test_a_project_that_is_wrong_has_a_ledger_all_the_same(book: Path) -> None:
    buy(book)
    (book / "manuscript" / "02.md").write_text("# Two\n\nNOBODY: Who am I?\n")
    badly_cast = reckon(book)
    (book / "book.yaml").write_text("title: [\n")
    unreadable = reckon(book)

    for reckoning in (badly_cast, unreadable):
        assert reckoning.totals[0].paid == 0.05
        assert reckoning.stock.unused is None
        assert any("cannot be planned" in warning for warning in reckoning.warnings)
    assert any("02.md:3" in warning for warning in badly_cast.warnings)


def test_a_folder_that_is_no_project_is_an_error(tmp_path: Path, book: Path) -> None:
    with pytest.raises(UsageError):
        reckon(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NarratorError, match=r"book\.yaml"):
        reckon(tmp_path / "empty")
    shutil.move(book / "book.yaml", tmp_path / "book.yaml")
    (book / "takes").symlink_to(tmp_path)
    with pytest.raises(NarratorError):
        reckon(book)


def test_before_anything_is_recorded_nothing_is_written(book: Path) -> None:
    answer = told("ledger", book)

    ended(answer, 0, "the ledger is empty")
    assert answer.out == ""
    assert not (book / "takes").exists()


def test_the_table_is_aligned_and_shows_what_is_free(book: Path) -> None:
    (book / "manuscript" / "01.md").write_text(
        ONE.replace("# One", "# Ein sehr langer Titel der Ära 東京 " + "x" * 50)
    )
    with (book / "book.yaml").open("a") as file:
        file.write("budget: {amount: 2, currency: USD}\n")
    buy(book)
    lose(book, lines(book)[0], "broken", reason="cut\x1b[31m short")

    answer = told("ledger", book)

    ended(
        answer,
        0,
        "6 takes in the store, which cost 0.05 USD",
        "budget 2.00 USD: 0.06 USD spent, 1.94 USD left",
    )
    rows = answer.out.splitlines()
    assert "role      Mara" in answer.out
    assert next(row for row in rows if "Mara" in row).split()[2:] == ["1", "19", "0.00", "USD", "-", "-"]
    total = next(row for row in rows if row.startswith("total"))
    assert total.split()[1:2] + total.split()[3:] == ["7", "0.05", "USD", "0.01", "USD", "-"]
    assert len({len(row) for row in rows if row.startswith(("role", "provider", "day", "total"))}) == 1
    assert r"cut\x1b[31m short" in answer.out


def test_json_holds_everything_and_nothing_else_is_printed(book: Path) -> None:
    lose_take(book, buy(book)[0])

    answer = told("ledger", book, "--json")

    ended(answer, 6, "put them back")
    assert answer.result["stock"]["missing"][0]["ledger"] == {"amount": 0.01, "currency": "USD"}
    assert answer.result["exit_code"] == 6


def test_the_ledger_says_what_the_service_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = write_book(tmp_path / "book", ONE, TWO)
    with running(logged=True) as server:
        monkeypatch.setenv("HUME_BASE_URL", server.base_url)
        ended(told("book", book), 0)
        asked = [entry for entry in server.log() if entry["method"] == "POST"]

    reckoning = reckon(book)

    hume = next(each for each in reckoning.services if each.provider == "hume")
    assert hume.requests == len(asked) == 5
    assert hume.paid > 0
    assert reckoning.stock.cost == (Spent(amount=hume.paid, currency="USD"),)
    assert reckoning.stock.unused == ()
    assert reckoning.warnings == ()
