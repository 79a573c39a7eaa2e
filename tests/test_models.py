"""Books recorded through a provider with two models: what is chosen, said, chained and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from narrator.errors import NarratorError, OutOfCredit, ProviderError, RequestRefused
from narrator.needing import needs
from narrator.preparing import prepare
from narrator.project import open_project
from narrator.spending import Account
from narrator.store import TakeStore
from narrator.takes import Generation, Precedent, Request, Take
from tests.studio import run, write_project
from tests.troupe import Troupe

CAST = "narrator: troupe/low\nMara: troupe/high\n"
TEXT = "# One\n\nFirst. Second.\n\n***\n\nThird.\n\nMARA (whispering): Fourth.\n"


def notices(folder: Path, provider: Troupe) -> list[str]:
    """What planning the project has to say."""
    project = open_project(folder)
    prepared = prepare(project, TakeStore(project.takes), {provider.name: provider})
    return [str(notice) for notice in prepared.notices]


def test_a_scene_with_a_direction_is_acted_and_the_others_are_timed(tmp_path: Path) -> None:
    provider = Troupe()

    _, outcome = run(write_project(tmp_path, TEXT, cast=CAST), provider)

    asked = {request.spoken.text: (request.model, request.direction) for request, *_ in provider.heard}
    assert asked == {
        "One": ("timing", None),
        "First.": ("timing", None),
        "Second.": ("timing", None),
        "Third.": ("acting", None),
        "Fourth.": ("acting", "whispering"),
    }
    assert outcome.errors == ()


def test_what_the_choice_costs_is_said_before_anything_is_spent(tmp_path: Path) -> None:
    """Estimated word times on one side, directions that are not acted on the other; with a place each."""
    folder = write_project(tmp_path / "open", TEXT, cast=CAST)
    cast = "narrator: troupe/low\nMara: {voice: troupe/high, settings: {version: timing}}\n"
    settled = write_project(tmp_path / "settled", TEXT, cast=cast)

    (left_open,) = notices(folder, Troupe())
    (unacted,) = [notice for notice in notices(settled, Troupe()) if "acts no directions; 1" in notice]

    assert left_open.startswith("manuscript/01.md:7: troupe: 2 lines are recorded with acting")
    assert "timing times words" in left_open
    assert unacted == "manuscript/01.md:9: troupe: timing acts no directions; 1 line is spoken without"


def test_a_direction_that_moves_a_scene_to_another_model_says_what_is_recorded_again(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nFirst. Second.\n", cast=CAST)
    run(folder, Troupe())
    (folder / "manuscript" / "01.md").write_text('# One\n\n[First.]{direction="slowly"} Second.\n')

    said = notices(folder, Troupe())

    assert any("3 lines are to be recorded again with acting" in notice for notice in said)
    assert any("their takes from timing are kept" in notice for notice in said)


def test_a_line_after_a_refused_one_is_told_what_was_to_be_said_before_it(tmp_path: Path) -> None:
    provider = Troupe(refuse=lambda request: request.spoken.text == "Second.")

    run(write_project(tmp_path, "# One\n\nFirst. Second. Third.\n", cast=CAST), provider)

    before = {request.spoken.text: before for request, before, *_ in provider.heard}
    assert before["Second."] is not None
    assert before["Third."] is not None
    assert (before["Second."].request.spoken.text, bool(before["Second."].ids)) == ("First.", True)
    assert (before["Third."].request.spoken.text, before["Third."].ids) == ("Second.", ())


def test_every_answer_to_a_request_is_kept_and_counted(tmp_path: Path) -> None:
    """Three answers are three takes, all paid for; the first serves, in this run and in the next."""
    folder = write_project(tmp_path, "# One\n\nFirst.\n", cast=CAST)

    prepared, outcome = run(folder, Troupe(answers=3))
    again, later = run(folder, Troupe())

    assert len(outcome.recorded) == 2
    assert len(outcome.kept) == 6
    assert outcome.requests == 2
    store = TakeStore(folder / "takes")
    stored = [take for line in prepared.plan.lines for take in store.takes(line.request.key)]
    assert len(stored) == 6
    assert {take.id for take in later.taken.values()} == {take.id for take in outcome.taken.values()}
    assert later.recorded == ()
    assert sum(take.cost for take in outcome.kept) == pytest.approx(3 * 5.0 * len("OneFirst.") / 1000)
    assert [line.take and line.take.answer for line in again.plan.lines] == [0, 0]


def test_a_described_voice_is_made_once_and_kept(tmp_path: Path) -> None:
    """The first line makes it, alone; every other line of the role is given a take that has it."""
    cast = 'narrator: troupe/low\nMara: {voice: troupe, description: "an old sailor"}\n'
    text = "# One\n\n" + "\n\n***\n\n".join(f"MARA: Line {number}." for number in range(6)) + "\n"
    folder = write_project(tmp_path, text, cast=cast)
    provider = Troupe()

    run(folder, provider)

    asked = [(designed, request) for request, _, designed, _ in provider.heard if request.description]
    assert len(asked) == 6
    assert [designed for designed, _ in asked].count(None) == 1
    assert asked[0][0] is None
    assert len({designed.id for designed, _ in asked if designed}) == 1
    assert {(request.voice, request.description, request.model) for _, request in asked} == {
        ("", "an old sailor", "acting")
    }

    (folder / "manuscript" / "01.md").write_text(text + "\n***\n\nMARA: Another line.\n", encoding="utf-8")
    later = Troupe()
    run(folder, later)

    ((request, _, designed, _),) = later.heard
    assert request.spoken.text == "Another line."
    assert designed is not None
    assert dict(designed.ids)["voice"]


def test_a_role_with_a_description_alone_takes_the_one_provider_in_use_that_makes_voices(
    tmp_path: Path,
) -> None:
    cast = "narrator: troupe/low\nMara: {description: an old sailor}\n"
    provider = Troupe()

    prepared, _ = run(write_project(tmp_path, "# One\n\nMARA: Yes.\n", cast=cast), provider)

    assert prepared.plan.assignments["Mara"].description == "an old sailor"
    assert needs(prepared.plan, {"troupe": Troupe()}).designed == {}


class Broke(Troupe):
    """Its account is empty after so many requests."""

    def __init__(self, credit: int, error: ProviderError) -> None:
        super().__init__()
        self.credit, self.error = credit, error

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """See `Provider`."""
        with self._lock:
            self.credit -= 1
            empty = self.credit < 0
            self.requests += empty
        if empty:
            raise self.error
        return super().generate(request, before=before, designed=designed, guide=guide, account=account)


def test_an_empty_account_is_asked_no_further_and_told_of_once(tmp_path: Path) -> None:
    text = "# One\n\n" + "\n\n***\n\n".join(f"Line {number}." for number in range(50)) + "\n"
    provider = Broke(5, OutOfCredit("zero credits", provider="troupe"))

    _, outcome = run(write_project(tmp_path, text, cast=CAST), provider)

    refusals = [error for error in outcome.errors if isinstance(error, ProviderError)]
    assert [str(error) for error in refusals] == [str(provider.error)]
    assert provider.requests <= 5 + provider.concurrency
    assert len(outcome.kept) == 5
    assert outcome.errors[0].exit_code == 4


def test_a_refused_line_is_told_of_with_its_place(tmp_path: Path) -> None:
    provider = Broke(1, RequestRefused("too rude", provider="troupe", status=422, field="utterances.0.text"))

    _, outcome = run(write_project(tmp_path, "# One\n\nFirst.\n", cast=CAST), provider)

    first: NarratorError = outcome.errors[0]
    assert str(first) == "manuscript/01.md:3: troupe: refused with status 422 at utterances.0.text: too rude"


class Miscounting(Troupe):
    """It times a word too few."""

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """See `Provider`."""
        answers = super().generate(request, before=before, designed=designed, guide=guide, account=account)
        return tuple(replace(answer, words=answer.words[:-1]) for answer in answers)


def test_a_paid_answer_with_the_wrong_number_of_word_times_is_kept(tmp_path: Path) -> None:
    """Its word times are estimated, which is said; it is not thrown away and asked for again."""
    folder = write_project(tmp_path, "# The Book\n\nThe sea was calm.\n", cast=CAST)

    _, outcome = run(folder, Miscounting())

    assert outcome.errors == ()
    assert {(take.words, take.word_source) for take in outcome.kept} == {((), "estimated")}
    (said,) = map(str, outcome.notices)
    assert "2 lines are left without the word times that came, since those do not fit" in said
