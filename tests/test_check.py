"""`narrator check`: what a book would cost, how long it will be, what was spent."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrator.checking import checked
from narrator.estimating import estimate
from narrator.ledger.tally import read_tally
from narrator.planning import to_record
from narrator.preparing import prepare
from narrator.project import open_project
from narrator.results import Check
from narrator.store import TakeStore
from tests import paid_books
from tests.commands import QUICK, ended, told
from tests.octave_books import served, stored, write_book
from tests.spoken_book import ONE, another_voice, check, copy, edit, guide, speak
from tests.studio import write_project
from tests.troupe import Troupe

KEYS = {
    "chapters": {"number", "title", "utterances", "characters", "to_record", "on_hand", "seconds"}
    | {"requests", "cost", "unattributed", "roles"},
    "coverage": {"complete", "missing", "files", "characters", "spoken", "markup", "skipped"},
    "estimate": {"seconds", "requests", "characters", "amount", "currency", "costs", "by_model"},
}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that a service has spoken; nobody is to change it."""
    return speak(tmp_path_factory.mktemp("spoken"))


@pytest.fixture
def book(spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be edited, without a service and without a key."""
    return copy(spoken, tmp_path, monkeypatch)


def facts(project: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a project, its date and its size."""
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in project.rglob("*")}


def test_a_check_writes_nothing(book: Path) -> None:
    another_voice(book)
    before = facts(book)

    check(book)
    told("check", book)

    assert facts(book) == before


def test_a_check_loads_nothing_that_it_does_not_need(book: Path) -> None:
    """It has to be quick, and neither network nor key is there."""
    another_voice(book)
    command = [sys.executable, "-X", "importtime", "-m", "narrator", "check", str(book)]

    done = run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "pydantic" in loaded
    assert not loaded & {"httpx", "httpcore", "tenacity", "fastapi", "uvicorn", "langcodes", "mutagen"}


# What it costs


def test_figures_have_all_their_keys(book: Path) -> None:
    found = check(book)

    assert set(found["chapters"][0]) == KEYS["chapters"]
    assert set(found["coverage"]) == KEYS["coverage"]
    assert set(found["estimate"]) == KEYS["estimate"]
    assert found["coverage"]["complete"] is True
    assert found["errors"] == []


def test_what_is_on_hand_is_measured(spoken: Path) -> None:
    """A chapter that was made lasts as long as its check says."""
    found = check(spoken)

    for chapter, name in zip(found["chapters"], ("01-one", "02-two"), strict=True):
        made = json.loads((spoken / "build" / "chapters" / f"{name}.json").read_text())
        assert chapter["seconds"] == pytest.approx(made["duration_ms"] / 1000, abs=0.005)
        assert chapter["on_hand"] == chapter["utterances"]
        assert (chapter["to_record"], chapter["requests"], chapter["cost"]) == (0, 0, [])
    assert found["estimate"]["by_model"] == found["estimate"]["costs"] == []


def test_what_is_on_hand_tells_how_long_the_rest_will_be(tmp_path: Path) -> None:
    """A voice that speaks fast is known to: half of the book is measured, and the other half judged by it."""
    lines = " ".join(f"Line {number} of the long story of the harbour." for number in range(60))
    cast = "narrator: {voice: espeak/en-gb, settings: {rate: 350}}\n"
    project = write_project(tmp_path, f"# One\n\n{lines}\n", cast=cast, book=f"{QUICK}formats: [json]\n")
    before = check(project)["estimate"]["seconds"]
    ended(told("book", project), 0)
    true = check(project)["estimate"]["seconds"]
    for path in sorted((project / "takes").rglob("*.flac"))[::2]:
        path.unlink()

    found = check(project)

    assert found["chapters"][0]["on_hand"] == found["to_record"] - 1 == 30
    assert before > 1.5 * true
    assert found["estimate"]["seconds"] == pytest.approx(true, rel=0.03)


DESIGNED = """narrator: hume/Imani Carter
Mara: {voice: hume, description: a girl in a hurry, direction: calm}
Jon: {voice: hume, description: an old sailor}
"""


@pytest.mark.parametrize("readings", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_an_estimate_is_what_the_ledger_says_afterwards(
    readings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses, directions, repeated lines, a guide, voices that are made: to the millionth."""
    repeated = "JON: It was raining by then.\n\n" * 2
    with served(tmp_path / "state", monkeypatch):
        project = write_book(
            tmp_path / "book",
            ONE,
            f"# Two\n\n{repeated}MARA: Let it rain.\n",
            "# Three\n\nIt rained, {pause=1.2} and it rained. It rained.\n",
            cast=DESIGNED,
            # One request at a time: whose line comes first and makes a voice is known.
            settings=f"version: auto, num_generations: {readings}, concurrency: 1",
        )
        guide(project)
        estimate = check(project)["estimate"]
        made = told("book", project, "--json")
    ended(made, 0)

    (total,) = read_tally(project / "takes").totals
    kept = sum(take.cost for take in stored(project))
    assert round(estimate["amount"] * 1e6) == total.paid
    assert estimate["amount"] == pytest.approx(kept, abs=1e-6)
    assert estimate["characters"] == total.characters
    assert sum(model["amount"] for model in estimate["by_model"]) == pytest.approx(estimate["amount"])
    assert {model["model"] for model in estimate["by_model"]} == {"octave-1", "octave-2"}
    after = check(project)
    assert after["estimate"]["amount"] == 0
    assert [(each["amount"], each["currency"], each["wasted"]) for each in after["spent"]] == [
        (total.paid / 1e6, "USD", 0)
    ]


def test_prices_are_told_with_their_day_or_as_the_book_s_own(book: Path) -> None:
    another_voice(book)
    listed, known = told("check", book).out, check(book)["estimate"]["by_model"]
    edit("book.yaml", "version: auto", "version: auto, price_per_1000: 0.5")(book)
    own, set_ = told("check", book).out, check(book)["estimate"]["by_model"]
    edit("book.yaml", "price_per_1000: 0.5", "price_per_1000: 0")(book)
    free = told("check", book).out

    (model,) = known
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", model["priced_on"])
    assert f"USD for 1,000 characters; price of {model['priced_on']}" in listed
    assert set_[0]["priced_on"] is None
    assert set_[0]["amount"] == pytest.approx(set_[0]["characters"] * 0.5 / 1000)
    assert "0.5 USD for 1,000 characters; price from book.yaml" in own
    assert "which cost nothing" in free


def test_what_has_no_price_is_a_warning_and_what_costs_nothing_is_not(tmp_path: Path) -> None:
    prices = "providers: {supertone: {price_per_minute: 0}, playht: {price_per_1000: 0}}\n"
    cast = "narrator: supertone/Bela\nJon: playht/Jennifer\n"
    book = write_project(tmp_path, "# One\n\nA line.\n\nJON: Another.\n", cast=cast, book=QUICK)

    unknown = told("check", book, "--strict", "--json")
    with (book / "book.yaml").open("a") as file:
        file.write(prices)
    free = told("check", book, "--strict", "--json")

    ended(unknown, 6)
    said = unknown.result["warnings"]
    assert [line.split(";")[0] for line in said] == [
        "book.yaml: what supertone costs is not known: 2 requests are in no sum",
        "book.yaml: what playht costs is not known: 1 request is in no sum",
    ]
    assert all("price_per_minute" in line and "0 where it costs nothing" in line for line in said)
    ended(free, 0)


def test_some_lines_of_a_book_cost_what_the_rest_of_it_leaves_to_do(tmp_path: Path) -> None:
    """A voice that another chapter has made is not made again."""
    provider, store = Troupe(), TakeStore(tmp_path / "takes")
    providers = {provider.name: provider}
    cast = "narrator: troupe/low\nMara: {voice: troupe, description: a girl, direction: calm}\n"
    project = open_project(
        write_project(tmp_path, "# One\n\nMARA: Yes.\n", "# Two\n\nMARA: No.\n", cast=cast)
    )
    plan = prepare(project, store, providers).plan
    second = plan.chapters[1].lines
    alone = estimate(second, providers, book=plan.lines)
    made = next(line for line in plan.lines if line.utterance.text == "Yes.")
    answer = provider.generate(made.request)[0]
    store.put(made.request, answer, took_ms=1, recorded_at="2026-01-01T00:00:00Z")
    plan = prepare(project, store, providers).plan

    after = estimate(plan.chapters[1].lines, providers, book=plan.lines)

    assert (alone.requests, alone.characters) == (3, len("Two") + 2 * len("No."))
    assert (after.requests, after.characters) == (2, len("Two") + len("No."))
    assert [chapter.number for chapter in after.chapters] == [2]


# Spent, and left


def test_money_spent_is_told_with_what_is_left(book: Path) -> None:
    (book / "book.yaml").write_text(f"{(book / 'book.yaml').read_text()}budget: {{amount: 1}}\n")
    (total,) = read_tally(book / "takes").totals

    found, said = check(book), told("check", book).out

    assert found["budget"] == [
        {
            "amount": 1,
            "currency": "USD",
            "spent": total.paid / 1e6,
            "left": pytest.approx(1 - total.paid / 1e6),
            "enough": True,
        }
    ]
    assert f"spent so far: {total.paid / 1e6:.4f} USD\n" in said
    assert f"budget: 1.00 USD, {1 - total.paid / 1e6:.4f} USD left\n" in said


def test_without_a_ledger_the_sidecars_say_what_was_spent(book: Path) -> None:
    before = check(book)["spent"]
    for path in (book / "takes").glob("ledger.sqlite*"):
        path.unlink()

    assert check(book)["spent"] == before != []


def test_a_budget_that_is_not_enough_is_a_warning_and_stops_the_book(book: Path) -> None:
    """The check says what the run would say, and exits 0 all the same."""
    another_voice(book)
    lines = len((book / "book.yaml").read_text().splitlines())
    (book / "book.yaml").write_text(f"{(book / 'book.yaml').read_text()}budget: {{amount: 0.02}}\n")
    takes = facts(book / "takes")

    found, said, made = check(book), told("check", book), told("book", book)

    (budget,) = found["budget"]
    assert budget["enough"] is False
    (warning,) = (each for each in found["warnings"] if each.startswith(f"book.yaml:{lines + 1}: "))
    assert "`narrator book` would stop with exit code 5" in warning
    assert f"warning: {warning}" in said.err
    assert "which is not enough" in said.out
    cost, spent = found["estimate"]["amount"], budget["spent"]
    amounts = (
        f"would cost about {cost:.4f} USD; with {spent:.4f} USD spent that passes the budget of 0.02 USD"
    )
    assert amounts in warning
    ended(made, 5, amounts, "Raise `budget:`", "some chapters only")
    assert {name for name in facts(book / "takes") if name.endswith(".flac")} == {
        name for name in takes if name.endswith(".flac")
    }


def test_a_budget_in_another_currency_than_the_provider_s_is_an_error(book: Path) -> None:
    lines = len((book / "book.yaml").read_text().splitlines())
    (book / "book.yaml").write_text(
        f"{(book / 'book.yaml').read_text()}budget:\n  amount: 5\n  currency: EUR\n"
    )
    nothing_to_ask = told("check", book)
    another_voice(book)

    for verb in ("check", "book"):
        said = f"book.yaml:{lines + 3}: the budget has no amount in USD, in which hume charges; add one:"
        remedy = "`budget: [{amount: 5, currency: EUR}, {amount: ..., currency: USD}]`"
        ended(told(verb, book), 3, f"{said} {remedy}")
    ended(nothing_to_ask, 0)


# Sums

TEXTS = st.lists(
    st.sampled_from(
        ["Yes.", "No.", "MARA: Yes.", "MARA (calm): It rained.", "JON: Well, well.", "Nobody spoke.", "***"]
    ),
    max_size=6,
)
VOICES = """narrator: troupe/low
Mara: {voice: troupe, description: a girl, settings: {version: acting}}
Jon: {voice: troupe/high, settings: {version: timing}, speed: 0.8}
"""


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    chapters=st.lists(TEXTS, min_size=1, max_size=4), recorded=st.integers(0, 5), answers=st.integers(1, 3)
)
def test_figures_of_chapters_add_up_to_those_of_the_book(
    chapters: list[list[str]], recorded: int, answers: int
) -> None:
    """Whatever is on hand: lines, requests, money by chapter and by model, seconds."""
    with TemporaryDirectory() as folder:
        found = planned(Path(folder), chapters, recorded=recorded, answers=answers)

    estimate = found.estimate
    assert found.utterances == sum(chapter.utterances for chapter in found.chapters)
    assert found.to_record == sum(chapter.to_record for chapter in found.chapters)
    for chapter in found.chapters:
        assert chapter.on_hand + chapter.to_record == chapter.utterances
        assert chapter.requests >= chapter.to_record
        assert bool(chapter.cost) == bool(chapter.to_record)
    assert estimate.seconds == pytest.approx(sum(chapter.seconds for chapter in found.chapters), abs=0.01)
    for figures in (found.chapters, estimate.by_model):
        assert estimate.requests == sum(each.requests for each in figures)
    assert estimate.characters == sum(model.characters for model in estimate.by_model)
    by_chapter: Counter[str] = Counter()
    for chapter in found.chapters:
        for cost in chapter.cost:
            by_chapter[cost.currency] += round(cost.amount * 1e6)
    by_model: Counter[str] = Counter()
    for model in estimate.by_model:
        by_model[model.currency] += round(model.amount * 1e6)
    assert by_chapter == by_model == {cost.currency: round(cost.amount * 1e6) for cost in estimate.costs}


def planned(folder: Path, chapters: list[list[str]], *, recorded: int, answers: int) -> Check:
    """The check of a book of which so many lines are on hand."""
    texts = ["\n\n".join([f"# Chapter {number}", *text]) for number, text in enumerate(chapters, start=1)]
    project = open_project(write_project(folder, *texts, cast=VOICES))
    provider, store = Troupe(answers=answers), TakeStore(folder / "takes")
    providers = {provider.name: provider}
    missing = to_record(prepare(project, store, providers).plan.lines, providers)
    for line in missing[:recorded]:
        store.put(
            line.request, provider.generate(line.request)[0], took_ms=1, recorded_at="2026-01-01T00:00:00Z"
        )
    return checked(prepare(project, store, providers), providers, store)


def test_without_a_ledger_takes_that_are_not_in_use_were_paid_for_too(tmp_path: Path) -> None:
    """So that a budget which is enough by the check is enough for the book."""
    folder = paid_books.write_book(tmp_path, "# One\n\nThe lamp was lit.\n")
    paid_books.buy(folder, cost=0.5)
    (folder / "manuscript" / "01.md").write_text("# One\n\nThe lamp was out.\n", encoding="utf-8")
    for file in (folder / "takes").glob("ledger.sqlite*"):
        file.unlink()

    assert told("check", folder, "--json").result["spent"][0]["amount"] == 1.0
