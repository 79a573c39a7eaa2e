"""Voices that were made for lines which then were not spoken: each is paid for once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from narrator.errors import ProviderError
from narrator.estimating import Estimate, estimate
from narrator.ledger import read_tally
from narrator.pickups import Wanted, pick_up_in
from narrator.reckoning import reckon
from narrator.session import make
from narrator.spending import MILLION
from tests.outside import HANG, Answer
from tests.providers.accounts import Notebook
from tests.providers.hume.asking import at, request
from tests.providers.hume.octave import Octave, Refused
from tests.sessions import at_work, produced
from tests.studio import write_project

CAST = "narrator: {voice: hume, description: an old sailor, direction: softly}\n"


class Prudish(Octave):
    """Will not say a line of which somebody has told it so."""

    def __init__(self) -> None:
        super().__init__()
        self.improper: set[str] = set()

    def _check_voice(self, voice: dict[str, Any] | None) -> None:
        if voice is not None and self.asked[-1]["utterances"][0]["text"] in self.improper:
            raise Refused(400, {"message": "not that line"})
        super()._check_voice(voice)

    @property
    def designs(self) -> int:
        """Requests that made a voice."""
        return sum("voice" not in body["utterances"][0] for body in self.asked)


def book(folder: Path, *lines: str) -> Path:
    """A chapter without a title that is spoken."""
    return write_project(folder, "# One {.silent}\n\n" + "\n\n".join(lines) + "\n", cast=CAST)


def test_a_voice_whose_line_is_refused_serves_the_next_line(tmp_path: Path) -> None:
    """In the same run; what it cost is no waste then."""
    folder = book(tmp_path, "Bad.", "Good.")
    with Prudish() as octave, closing(at(octave)) as hume:
        octave.improper.add("Bad.")
        produced(folder, hume)
        assert octave.designs == 1

    (totals,) = read_tally(folder / "takes").totals
    assert (totals.requests, totals.free, totals.wasted) == (3, 1, 0)


def test_a_voice_whose_line_is_refused_serves_a_later_run(tmp_path: Path) -> None:
    """However the line reads by then. The estimate knows; the take costs what both requests cost."""
    folder = book(tmp_path, "Bad.")
    with Prudish() as octave:
        octave.improper.add("Bad.")
        with closing(at(octave)) as hume:
            assert produced(folder, hume).errors
        assert read_tally(folder / "takes").totals[0].wasted == 600
        book(folder, "Better.")
        with closing(at(octave)) as hume, at_work(folder, hume) as session:
            prepared = session.prepare()
            expected = estimate(
                prepared.plan.lines, session.providers, coming=read_tally(folder / "takes").coming.all
            )
            outcome = make(session, prepared, {1}).outcome
        assert outcome.errors == ()
        assert octave.designs == 1
        (take,) = outcome.taken.values()
        (kept,) = octave.kept.values()

    assert dict(take.ids)["voice"] == kept
    assert dict(take.ids)["design"] in octave.made
    assert (expected.requests, expected.costs) == (1, {"USD": 1050})
    assert round(take.cost * MILLION) == 600 + 1050
    (totals,) = read_tally(folder / "takes").totals
    assert (totals.paid, totals.wasted) == (600 + 1050, 0)
    (known,) = read_tally(folder / "takes").kept
    assert known.amount == 600 + 1050


def test_the_ledger_and_the_takes_tell_the_same_of_several_readings(tmp_path: Path) -> None:
    folder = book(tmp_path, "Good line.")
    with Octave() as octave, closing(at(octave, num_generations=2)) as hume:
        produced(folder, hume)
    assert reckon(folder).stock.unequal == ()


@pytest.mark.parametrize("lost", ["nothing", "takes", "ledger"])
def test_a_voice_is_kept_where_all_its_lines_are_asked_for_otherwise(tmp_path: Path, lost: str) -> None:
    """Another direction is another way to speak, and not another speaker."""
    folder = book(tmp_path, "One line.", "And another.")
    with Prudish() as octave:
        with closing(at(octave)) as hume:
            first = produced(folder, hume)
        (folder / "cast.yaml").write_text(CAST.replace("softly", "loudly"), encoding="utf-8")
        if lost == "takes":
            for each in (folder / "takes").glob("??"):
                shutil.rmtree(each)
        elif lost == "ledger":
            (folder / "takes" / "ledger.sqlite").unlink()
            with closing(at(octave)) as hume, at_work(folder, hume):
                pass
        with closing(at(octave)) as hume, at_work(folder, hume) as session:
            prepared = session.prepare()
            expected = estimate(prepared.plan.lines, session.providers, coming=session.ledger.coming.all)
            second = make(session, prepared, {1}).outcome
        assert octave.designs == 1
    assert expected.requests == len(second.recorded) == 2
    voices = {dict(take.ids)["voice"] for each in (first, second) for take in each.taken.values()}
    assert len(voices) == 1


def test_a_pickup_is_told_the_price_without_a_voice_that_is_made_already(tmp_path: Path) -> None:
    """Even if no take in it is left."""
    folder, told = book(tmp_path, "One line."), list[Estimate]()
    with Prudish() as octave, closing(at(octave)) as hume:
        produced(folder, hume)
        for each in (folder / "takes").glob("??"):
            shutil.rmtree(each)
        with at_work(folder, hume) as session:
            assert pick_up_in(session, Wanted(ids=("c01-u001",)), told.append).errors == ()
        assert octave.designs == 1
    assert [each.requests for each in told] == [1]


def test_a_voice_that_could_not_be_kept_is_kept_by_the_next_run(tmp_path: Path) -> None:
    folder = book(tmp_path, "Good.")
    with Octave() as octave:
        octave.add(octave.answer, *[Answer(status=500)] * 3)
        with closing(at(octave)) as hume:
            assert produced(folder, hume).errors
        with closing(at(octave)) as hume:
            assert produced(folder, hume).errors == ()
        assert ["voice" in body["utterances"][0] for body in octave.asked] == [False, True]


def test_a_voice_that_is_gone_is_made_anew_where_no_take_has_it(tmp_path: Path) -> None:
    folder = book(tmp_path, "Bad.")
    with Prudish() as octave:
        octave.improper.add("Bad.")
        with closing(at(octave)) as hume:
            assert produced(folder, hume).errors
        octave.kept.clear()
        octave.forget()
        octave.improper.clear()
        with closing(at(octave)) as hume:
            assert produced(folder, hume).errors == ()
        assert octave.designs == 2
    assert read_tally(folder / "takes").totals[0].wasted == 600


def test_no_voice_is_made_while_it_cannot_be_asked_for_one_that_there_is(tmp_path: Path) -> None:
    account = Notebook(left=[(("design", "g-1"),)])
    with Octave() as octave, closing(at(octave)) as hume:
        octave.add(*[Answer(status=503)] * 3)
        line = request("Ahoy.", model="octave-1", voice="", description="an old sailor", direction="softly")
        with pytest.raises(ProviderError):
            hume.generate(line, account=account)
        assert octave.asked == []
    assert [each.outcome for each in account.found] == ["lost"]


@pytest.mark.soak
def test_a_voice_outlives_a_process_that_is_killed_before_its_line_came(tmp_path: Path) -> None:
    folder = book(tmp_path, "One line.", "And another.")
    with Octave() as octave:
        octave.add(octave.answer, octave.answer, HANG)
        narrator = [sys.executable, "-m", "narrator", "book", str(folder)]
        environment = {**os.environ, "HUME_BASE_URL": octave.url}
        killed = subprocess.Popen(narrator, env=environment, stderr=subprocess.DEVNULL)
        octave.wait_for(3, within_s=60)
        killed.kill()
        killed.wait()
        again = subprocess.run(narrator, env=environment, check=False, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert ["voice" in body["utterances"][0] for body in octave.asked] == [False, True, True]
    (totals,) = read_tally(folder / "takes").totals
    assert (totals.requests, totals.wasted) == (4, 9 * 150)
