"""Several processes on one ledger, killed at random: nothing is lost, and nothing is bought twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from narrator.ledger import read_tally
from narrator.store import TakeStore
from tests.ledger.crowd import KILLED, LINES
from tests.ledger.dying import ROOT
from tests.ledger.shelf import ledger, request, rows


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.soak)])
def test_many_processes_some_of_them_killed(tmp_path: Path, seed: int) -> None:
    takes = tmp_path / "takes"
    crowd = [sys.executable, "-m", "tests.ledger.crowd", str(takes), str(seed)]
    subprocess.run(crowd, cwd=ROOT, timeout=120, check=True)
    with ledger(takes) as book:
        book.adopt(TakeStore(takes).every())
    tally = read_tally(takes)
    (total,) = tally.totals
    assert tally.notices == ()

    stored = Counter(take.key for take in TakeStore(takes).every())
    assert stored == {request(text).key: places for text, places in LINES.items()}
    assert Counter(kept.key for kept in tally.kept) == stored
    assert (total.open, total.paid) == (0, 4000 * sum(LINES.values()))

    # The service was asked once for each take, and for what was in flight when somebody was killed.
    asked = Counter(request(text).key for text in (tmp_path / "asked").read_text().splitlines())
    lost = Counter(wasted.key for wasted in tally.wasted)
    assert lost.total() <= KILLED
    assert all(stored[key] <= asked[key] <= stored[key] + lost[key] for key in stored)
    assert total.wasted == 4000 * lost.total()
    assert book.spent == {"USD": total.paid + total.wasted}

    assert rows(takes, "SELECT count(*) FROM claims") == [(0,)]
    assert rows(takes, "SELECT count(*) FROM runs WHERE ended_at IS NULL") == [(0,)]
    assert [path.name for path in (takes / ".runs").iterdir()] == ["opening"]
