"""What is kept of an answer, whatever happens while it is put into the store."""

from __future__ import annotations

from pathlib import Path

from narrator.errors import OutputError
from narrator.ledger import read_tally
from narrator.spending import MILLION
from tests.sessions import at_work, produced
from tests.studio import write_project
from tests.troupe import Troupe

CAST = "narrator: {voice: troupe/low, settings: {version: timing}}\n"
TEXT = "# One\n"


def test_takes_stored_before_the_disk_failed_count_as_kept(tmp_path: Path) -> None:
    """Where there is no place for the second of two answers, the first is not lost, and counts once."""
    other = produced(write_project(tmp_path / "other", TEXT, cast=CAST), Troupe(answers=2))
    first, second = other.kept
    folder = write_project(tmp_path / "book", TEXT, cast=CAST)
    (folder / "takes" / second.key[:2] / second.key / f"{second.id}.flac").mkdir(parents=True)

    outcome = produced(folder, Troupe(answers=2))

    assert any(isinstance(error, OutputError) for error in outcome.errors)
    provider = Troupe(answers=2)
    again = produced(folder, provider)
    assert provider.asked == []
    assert again.errors == ()
    assert again.taken["c01-u001"].id == first.id
    (totals,) = read_tally(folder / "takes").totals
    assert (totals.requests, totals.wasted) == (2, 0)
    assert totals.paid == round((first.cost + second.cost) * MILLION)
    with at_work(folder, provider) as session:
        assert session.ledger.spent == {"EUR": totals.paid}
