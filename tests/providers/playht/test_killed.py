"""A run that is killed while its jobs are under way, and the next one."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from narrator.ledger import read_tally
from narrator.store import TakeStore
from tests.commands import QUICK, ended, told, words
from tests.ledger.shelf import outcomes
from tests.providers.playht.jobs_server import PlayHTServer, until_asked_for
from tests.studio import write_project

TEXT = "The lamp was lit. Nobody came. The boats were late that night."
AT_ONCE = 2
BOOK = (
    f"{QUICK}formats: [cue]\nproviders: {{playht: {{concurrency: {AT_ONCE}, price_per_1000: 1,"
    " follow: polling, poll_seconds: 0.05}}\n"
)


@pytest.mark.parametrize("gone", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_jobs_of_a_killed_run_are_fetched_and_not_bought_again(
    tmp_path: Path, server: PlayHTServer, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    """But for those that the service has forgotten."""
    project = write_project(tmp_path, f"# One\n\n{TEXT}\n", cast="narrator: playht/Jennifer\n", book=BOOK)
    monkeypatch.setenv("PLAYHT_BASE_URL", server.url)
    server.busy = 10**9
    run = subprocess.Popen(words("book", project), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_asked_for(server, jobs=AT_ONCE)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait(10)
    bought, first = server.billed, dict(server.made)
    assert bought == AT_ONCE
    assert outcomes(project / "takes") == ["sent"] * bought

    server.busy = 0
    for job in first.values():
        job.left = 0
    if gone:
        server.made.clear()
    answer = told("book", project, "--json")

    ended(answer, 0)
    takes = list(TakeStore(project / "takes").every())
    lines = 4  # three sentences and a title
    assert len(takes) == lines
    fetched = {dict(take.ids)["job"] for take in takes} & set(first)
    assert len(fetched) == (0 if gone else bought)
    assert server.billed == lines + (bought if gone else 0)
    tally = read_tally(project / "takes")
    (spend,) = tally.totals
    assert spend.paid == sum(round(take.cost * 1e6) for take in takes)
    assert len(tally.wasted) == (bought if gone else 0)
    assert spend.in_flight == 0
    assert told("book", project).code == 0
    assert server.billed == lines + (bought if gone else 0)
