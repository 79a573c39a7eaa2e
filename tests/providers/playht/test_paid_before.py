"""Books whose jobs were paid for by runs that did not see their end."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from narrator.session import make
from tests.commands import QUICK, ended, told, words
from tests.ledger.shelf import outcomes, statement
from tests.outside import Answer, Seen
from tests.providers.playht.asking import HASTY, at
from tests.providers.playht.jobs_server import PlayHTServer, until_asked_for
from tests.sessions import at_work, produced
from tests.studio import write_project

CAST = "narrator: playht/Jennifer\n"
SHORT = HASTY._replace(total_s=0.2)
"""Does not wait for a job."""


def give_up(folder: Path, server: PlayHTServer) -> int:
    """A run that buys a job for each line and awaits the end of none; how many."""
    server.busy = 10**9
    playht = at(server, patience=SHORT, follow="polling", price_per_1000=1, concurrency=3)
    produced(folder, playht)
    playht.close()
    end(server)
    return server.billed


def end(server: PlayHTServer) -> None:
    """All jobs are done now."""
    server.busy = 0
    for job in server.made.values():
        job.left = 0


@pytest.mark.parametrize("concurrency", [1, 3])
def test_lines_that_say_the_same_fetch_a_job_each(
    tmp_path: Path, server: PlayHTServer, concurrency: int
) -> None:
    folder = write_project(tmp_path, "# One\n\nYes.\n\nYes.\n", cast=CAST)
    assert give_up(folder, server) == 3
    assert outcomes(folder / "takes") == ["broken"] * 3

    playht = at(server, follow="polling", price_per_1000=1, concurrency=concurrency)
    made = produced(folder, playht)
    playht.close()

    assert made.errors == ()
    assert server.billed == 3
    assert outcomes(folder / "takes") == ["kept"] * 3
    assert {dict(take.ids)["job"] for take in made.kept} == set(server.made)


def test_another_live_run_fetches_what_one_has_given_up(tmp_path: Path, server: PlayHTServer) -> None:
    """That one is at work on other chapters still, and does not ask again."""
    folder = write_project(tmp_path, "# One\n\nYes.\n", cast=CAST)
    server.busy = 10**9
    one = at(server, patience=SHORT, follow="polling", price_per_1000=1, concurrency=1)
    with at_work(folder, one) as session:
        assert make(session, session.prepare(), {1}).outcome.errors
        end(server)
        two = at(server, follow="polling", price_per_1000=1, concurrency=1)
        assert produced(folder, two).errors == ()
        two.close()
    one.close()
    assert server.billed == 2
    assert outcomes(folder / "takes") == ["kept"] * 2


@pytest.mark.parametrize("away", ["jobs", "files"])
def test_what_is_not_there_for_a_moment_is_not_bought_again(
    tmp_path: Path, server: PlayHTServer, away: str
) -> None:
    folder = write_project(tmp_path, "# One\n\nYes.\n", cast=CAST)
    seen_before: set[str] = set()

    def answer(seen: Seen) -> Answer:
        of = "/files/" if away == "files" else "/tts/"
        if seen.method == "GET" and of in seen.path and seen.path not in seen_before:
            seen_before.add(seen.path)
            return Answer(b"<html>404 Not Found</html>", status=404)
        return server.answer(seen)

    server.add(*[answer] * 40)
    playht = at(server, price_per_1000=1)
    assert produced(folder, playht).errors == ()
    playht.close()
    assert len(seen_before) >= 2
    assert server.billed == 2


def budgeted(tmp_path: Path) -> Path:
    """A book of 13 characters at 1 USD for 1000, and a budget of as much."""
    book = f"{QUICK}formats: [cue]\nbudget: {{amount: 0.013, currency: USD}}\n"
    book += "providers: {playht: {follow: polling, poll_seconds: 0.05, price_per_1000: 1}}\n"
    return write_project(tmp_path, "# One\n\nHello you.\n", cast=CAST, book=book)


def test_a_budget_that_is_spent_on_jobs_lets_them_be_fetched(
    tmp_path: Path, server: PlayHTServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are spent, and to be recorded; but not twice. What has to be bought in their place is refused."""
    monkeypatch.setenv("PLAYHT_BASE_URL", server.url)
    folder = budgeted(tmp_path)
    assert give_up(folder, server) == 2

    (folder / "manuscript" / "02.md").write_text("# Two\n")
    found = told("check", folder, "--json")
    ended(found, 0)
    assert found.result["to_record"] == 3
    assert found.result["estimate"]["amount"] == 0.003
    assert found.result["budget"][0]["enough"] is False
    ended(told("book", folder), 5, "would cost about 0.0030 USD; with 0.0130 USD spent")

    (folder / "manuscript" / "02.md").unlink()
    found = told("check", folder, "--json")
    assert (found.result["estimate"]["amount"], found.result["estimate"]["requests"]) == (0, 0)
    assert found.result["budget"][0]["enough"] is True
    ended(told("book", folder), 0)
    assert server.billed == 2


def test_jobs_that_are_not_kept_any_more_are_bought_again(
    tmp_path: Path, server: PlayHTServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And cost something again."""
    monkeypatch.setenv("PLAYHT_BASE_URL", server.url)
    folder = budgeted(tmp_path)
    give_up(folder, server)
    statement(folder / "takes", "UPDATE requests SET sent_at = '2026-01-01T00:00:00.000Z'")
    ended(told("book", folder), 5, "would cost about 0.0130 USD; with 0.0130 USD spent")
    assert server.billed == 2


def test_what_another_run_waits_for_is_not_counted_twice(
    tmp_path: Path, server: PlayHTServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in flight, and so spent; this run awaits it, and buys nothing."""
    monkeypatch.setenv("PLAYHT_BASE_URL", server.url)
    folder = budgeted(tmp_path)
    server.busy = 10**9
    playht = at(server, follow="polling", price_per_1000=1)
    with at_work(folder, playht) as session:
        first = threading.Thread(target=make, args=(session, session.prepare(), {1}))
        first.start()
        try:
            until_asked_for(server, jobs=2)
            (budget,) = told("check", folder, "--json").result["budget"]
            second = subprocess.Popen(words("book", folder), stderr=subprocess.PIPE, text=True)
            assert second.stderr is not None
            said = next((line for line in second.stderr if "waiting for that" in line), "")
        finally:
            end(server)
            first.join()
        _, rest = second.communicate(timeout=60)
    playht.close()
    assert said, rest
    assert second.returncode == 0, rest
    assert (budget["spent"], budget["enough"]) == (0.013, True)
    assert server.billed == 2
