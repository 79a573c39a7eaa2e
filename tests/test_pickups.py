"""Pickups: other takes of some lines, and nothing else."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.casting import Abilities
from narrator.errors import BudgetExceeded, MissingTake, ProjectErrors, ServiceGone, UsageError
from narrator.estimating import Estimate
from narrator.ordering import fewer
from narrator.pickups import Wanted, pick_up_in, record_again_in
from narrator.project import open_project
from narrator.providers.espeak import Espeak
from narrator.recording import FindTimes
from narrator.results import LineTakes, Pickups, Production
from narrator.selecting import Chooser, use_take_in
from narrator.session import Session
from narrator.store import TakeStore
from narrator.takes import Generation, Request, Take
from tests.commands import ended, outputs, told
from tests.octave_books import CAST, sentences, served, stored, write_book
from tests.runs import Runs
from tests.sessions import at_work, lines_of, produced, prove_spliced, sounding
from tests.studio import write_project
from tests.tones import RATE, Tones
from tests.troupe import Troupe

TWO = ("# One\n\nFirst. Second. Third. Fourth.\n", "# Two\n\nFifth. Sixth.\n")
QUICK = "loudness: none\ncredits: false\nformats: [json]\n"


def book(folder: Path, *chapters: str, more: str = "") -> Path:
    return write_project(folder, *(chapters or TWO), book=QUICK + more)


def picked(folder: Path, provider: Tones, *ids: str, **wanted: Any) -> Pickups:
    """`narrator pickup`."""
    with at_work(folder, provider) as session:
        return pick_up_in(session, Wanted(ids=ids, **wanted))


def again(folder: Path, provider: Tones, *numbers: int) -> Production:
    """`narrator chapter --again`."""
    with at_work(folder, provider) as session:
        return record_again_in(session, numbers)


def chosen(folder: Path, provider: Tones, utterance_id: str, which: str) -> LineTakes:
    """`narrator takes --choose`."""
    with at_work(folder, provider) as session:
        return use_take_in(session, utterance_id, which)[0]


def in_use(folder: Path, provider: Tones) -> dict[str, str | None]:
    lines = lines_of(folder, provider).items()
    return {name: line.take.id if line.take is not None else None for name, line in lines}


def test_another_take_is_recorded_and_used_and_the_first_is_kept(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    before, files = in_use(folder, tones), outputs(folder)

    result = picked(folder, tones, "c01-u003")

    after = in_use(folder, tones)
    assert tones.asked[-1] == ("Second.", before["c01-u002"])
    assert len(tones.asked) == len(before) + 1
    assert result.recorded == 1
    assert [(each.id, each.before, each.in_use) for each in result.pickups] == [
        ("c01-u003", before["c01-u003"], after["c01-u003"])
    ]
    assert {name for name in before if before[name] != after[name]} == {"c01-u003"}
    assert {take.id for take in stored(folder)} == {*before.values(), after["c01-u003"]}
    assert [made.number for made in result.chapters] == [1]
    assert {name for name in files if outputs(folder)[name] != files[name]} >= {"build/chapters/01-one.json"}
    assert outputs(folder)["build/chapters/02-two.json"] == files["build/chapters/02-two.json"]
    assert result.exit_code == 0


def test_the_next_run_records_nothing_and_changes_nothing(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    picked(folder, tones, "c01-u003", "c02-u002", takes=2)
    files, asked = outputs(folder), len(tones.asked)

    outcome = produced(folder, tones)

    assert len(tones.asked) == asked
    assert not any(made.changed for made in outcome.assembled)
    assert outputs(folder).items() >= {n: d for n, d in files.items() if "/chapters/" in n}.items()


def test_several_takes_of_a_line_follow_the_same_line_and_the_first_is_used(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)

    result = picked(folder, tones, "c01-u003", takes=3)

    assert tones.asked[-3:] == [("Second.", before["c01-u002"])] * 3
    (line,) = result.pickups
    assert len(set(line.takes)) == 3
    assert line.in_use == line.takes[0] == in_use(folder, tones)["c01-u003"]


def test_lines_that_follow_each_other_are_told_of_the_first_new_take(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)

    result = picked(folder, tones, "c01-u004", "c01-u003", takes=2)

    second, third = result.pickups
    asked = tones.asked[-4:]
    assert [told for text, told in asked if text == "Third."] == [second.takes[0]] * 2
    assert second.id == "c01-u003"
    assert third.in_use == third.takes[0]


def test_a_ripple_goes_on_through_the_chain(tmp_path: Path) -> None:
    folder, tones = book(tmp_path, "# One\n\nFirst. Second. Third.\n\n***\n\nFourth.\n"), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)

    result = picked(folder, tones, "c01-u002", ripple=9, takes=2)

    assert [each.id for each in result.pickups] == ["c01-u002", "c01-u003", "c01-u004"]
    assert [len(each.takes) for each in result.pickups] == [2, 1, 1]
    first, second, _ = (each.takes[0] for each in result.pickups)
    assert ("Second.", first) in tones.asked
    assert ("Third.", second) in tones.asked
    assert in_use(folder, tones)["c01-u005"] == before["c01-u005"]
    assert "--ripple 9 finds fewer lines after c01-u002 (2): the scene ends there" in result.warnings


@pytest.mark.parametrize(
    ("more", "text", "found", "why"),
    [
        ("", "First. Second.\n\n***\n\nThird.", 2, "the scene ends there"),
        ("continuity: chapter\n", "First. Second.\n\n***\n\nThird.", 3, "the chapter ends there"),
        ("continuity: none\n", "First. Second.", 0, "`continuity: none`"),
        ("", "First. Second.\n\nMARA: Third.", 2, "the rest of the scene is spoken by espeak"),
        ("", "MARA: First.\n\nMARA: Second.", 0, "espeak is not told of the line before"),
    ],
)
def test_a_ripple_that_finds_fewer_lines_says_why(
    tmp_path: Path, more: str, text: str, found: int, why: str
) -> None:
    cast = "narrator: tones/low\nMara: espeak/en+f2\n"
    folder, tones = write_project(tmp_path, f"# One\n\n{text}\n", cast=cast, book=QUICK + more), Tones()
    first = "c01-u002" if text.startswith("MARA") else "c01-u001"
    with at_work(folder, tones, embedded=True) as session:
        plan, continuity = session.prepare().plan, session.project.book.continuity
        short = {
            count: [
                each.message
                for each in fewer(plan, [first], count, providers=session.providers, continuity=continuity)
            ]
            for count in (found, 9)
        }

    assert short[found] == []
    (said,) = short[9]
    assert said.startswith(f"--ripple 9 finds fewer lines after {first} ({found}): ")
    assert why in said


def test_a_direction_is_for_this_take_alone(tmp_path: Path) -> None:
    folder, tones = book(tmp_path, "# One\n\nMARA (dry): First.\n\nSecond.\n"), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)

    picked(folder, tones, "c01-u002", direction="+softly")

    line = lines_of(folder, tones)["c01-u002"]
    assert line.take is not None
    assert line.request.direction == "dry"
    assert line.take.request.direction == "dry, softly"
    (choice,) = open_project(folder).choices.chosen
    assert (choice.key, choice.lies_under) == (line.request.key, line.take.key)
    listed = chosen(folder, tones, "c01-u002", "1")
    assert [take.direction for take in listed.takes] == ["dry", "dry, softly"]
    assert in_use(folder, tones) == before
    assert len(tones.asked) == len(before) + 1


def test_an_empty_direction_takes_the_lines_own_away(tmp_path: Path) -> None:
    folder, tones = book(tmp_path, "# One\n\nMARA (dry): First.\n"), Tones()
    produced(folder, tones)

    picked(folder, tones, "c01-u002", direction="")

    take = lines_of(folder, tones)["c01-u002"].take
    assert take is not None
    assert take.request.direction is None


def test_a_direction_needs_a_model_that_acts_it(tmp_path: Path) -> None:
    """The line's own model times words; another one of the voice acts, and goes on from what was said."""
    cast = "narrator: troupe/low\n"
    folder = write_project(tmp_path / "open", "# One\n\nFirst. Second.\n", book=QUICK, cast=cast)
    troupe = Troupe()
    produced(folder, troupe)
    assert {take.request.model for take in stored(folder)} == {"timing"}

    picked(folder, troupe, "c01-u003", direction="softly")

    request, before, _, _ = troupe.heard[-1]
    assert (request.model, request.direction) == ("acting", "softly")
    assert before is not None
    assert before.request.spoken.text == "First."

    cast = "narrator: {voice: troupe/low, settings: {version: timing}}\n"
    settled = write_project(tmp_path / "settled", "# One\n\nFirst. Second.\n", book=QUICK, cast=cast)
    produced(settled, troupe)
    asked = len(troupe.asked)
    with pytest.raises(
        UsageError, match=r"c01-u002: troupe: timing acts no directions.*\n.*c01-u003"
    ) as caught:
        picked(settled, troupe, "c01-u002", "c01-u003", direction="softly")
    assert caught.value.exit_code == 2
    assert len(troupe.asked) == asked


def test_a_direction_that_is_too_long_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    listed = tmp_path / "orders.txt"
    listed.write_text(f"c01-u002\n\nc01-u003: {'x' * 101}  # softly\n")

    with pytest.raises(ProjectErrors, match=r"orders\.txt:3: this direction has 101 characters"):
        picked(folder, tones, listed=listed)

    assert len(tones.asked) == 8


def test_a_list_says_which_lines_and_how(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    listed = tmp_path / "orders.txt"
    listed.write_text("# after listening\r\nc01-u003: softly # she is tired\r\n\r\n  c02-u002\r\n")

    result = picked(folder, tones, listed=listed, direction="loud")

    assert [each.id for each in result.pickups] == ["c01-u003", "c02-u002"]
    takes = {take.id: take.request.direction for take in stored(folder)}
    assert [takes[each.takes[0]] for each in result.pickups] == ["softly", "loud"]


def test_lines_are_found_by_their_words(tmp_path: Path) -> None:
    folder, tones = book(tmp_path, "# One\n\n“Don’t  move,” she said. She said nothing. Done.\n"), Tones()
    produced(folder, tones)

    result = picked(folder, tones, search="DON'T move")

    assert ["Don’t" in each.text for each in result.pickups] == [True]
    with pytest.raises(
        UsageError, match=r"^2 lines hold 'she said'.*--all.*\n  c01-u002  .*01\.md:3  .*\n  c01-u003"
    ):
        picked(folder, tones, search="she said")
    assert len(picked(folder, tones, search="she said", every=True).pickups) == 2
    with pytest.raises(UsageError, match="no line holds 'nobody'"):
        picked(folder, tones, search="nobody")


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("c02-u009",), "no line 'c02-u009'; chapter 2 has c02-u001 to c02-u003"),
        (("c1-u3",), "no line 'c1-u3'; chapter 1 has c01-u001 to c01-u005"),
        (("c01u003",), "did you mean 'c01-u003'"),
        (("Fifth.",), "such as c01-u001"),
        (("c02-u009", "c02-u008"), "c02-u009.*\n.*c02-u008"),
    ],
)
def test_a_line_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, ids: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        picked(book(tmp_path), Tones(), *ids)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c01-u002\nc01-u003 softly\n", r"orders\.txt:2: write `c03-u014`"),
        ("c01-u002:\n", r"orders\.txt:1: "),
        ("c01-u002: a\nc01-u002: b\n", r"orders\.txt:2: c01-u002 is ordered twice"),
        ("\n\nc09-u001\n", r"orders\.txt:3: no line 'c09-u001'"),
    ],
)
def test_what_is_wrong_in_a_list_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    listed = tmp_path / "orders.txt"
    listed.write_text(text)

    with pytest.raises(UsageError, match=said):
        picked(book(tmp_path), Tones(), listed=listed)


def test_nothing_is_recorded_that_was_not_ordered(tmp_path: Path) -> None:
    """A chapter that lacks other takes is not made, and that is said."""
    folder, tones = book(tmp_path), Tones(refuse=lambda request: request.spoken.text == "Fourth.")
    produced(folder, tones)
    tones = Tones()

    result = picked(folder, tones, "c01-u003")

    assert [text for text, _ in tones.asked] == ["Second."]
    assert result.chapters == ()
    assert any("chapter 1 is not made: 1 of its lines has no take yet" in text for text in result.warnings)
    assert result.exit_code == 0
    assert in_use(folder, tones)["c01-u003"] == result.pickups[0].takes[0]


def test_a_line_that_was_never_recorded_can_be_ordered(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()

    result = picked(folder, tones, "c01-u003")

    assert [text for text, _ in tones.asked] == ["Second."]
    assert result.pickups[0].before is None


def test_what_fails_leaves_its_line_as_it_was(tmp_path: Path) -> None:
    folder = book(tmp_path)
    produced(folder, Tones())
    tones = Tones(refuse=lambda request: request.spoken.text == "Second.")
    before = in_use(folder, tones)

    result = picked(folder, tones, "c01-u003", "c01-u005", takes=2)

    assert result.exit_code == 4
    assert "refused 'Second.'" in result.errors[0]
    assert [text for text, _ in tones.asked].count("Second.") == 1, "a refusal is not asked for again"
    after = in_use(folder, tones)
    assert {name for name in before if before[name] != after[name]} == {"c01-u005"}
    assert [made.number for made in result.chapters] == [1]


def test_the_price_is_told_and_the_budget_holds(tmp_path: Path) -> None:
    folder, tones = book(tmp_path, more="budget: {amount: 0.6, currency: EUR}\n"), Tones()
    produced(folder, tones)
    estimates: list[Estimate] = []
    with at_work(folder, tones) as session:
        pick_up_in(session, Wanted(("c01-u003",), takes=2), estimates.append)
    (estimate,) = estimates
    assert (estimate.requests, estimate.characters) == (2, 2 * len("Second."))
    assert estimate.amount == pytest.approx(0.14)
    asked = len(tones.asked)

    with pytest.raises(BudgetExceeded, match=r"recording what was ordered would cost about 0\.07 EUR"):
        picked(folder, tones, "c01-u003")

    assert len(tones.asked) == asked


def test_every_answer_of_a_request_is_kept_and_can_be_chosen(tmp_path: Path) -> None:
    folder = write_project(tmp_path, "# One\n\nFirst.\n", book=QUICK, cast="narrator: troupe/low\n")
    troupe = Troupe(answers=2)
    produced(folder, troupe)

    picked(folder, troupe, "c01-u002")

    listed = chosen(folder, troupe, "c01-u002", "4")
    assert [take.in_use for take in listed.takes] == [False, False, False, True]


def test_takes_are_chosen_by_number_and_by_id_and_left_to_narrator_again(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)
    (first,) = (take for take in stored(folder) if take.request.spoken.text == "Second.")
    picked(folder, tones, "c01-u003", direction="softly")
    asked = len(tones.asked)

    listed = chosen(folder, tones, "c01-u003", first.id)
    assert [take.id for take in listed.takes if take.in_use] == [first.id]
    assert in_use(folder, tones) == before
    other = next(take for take in stored(folder) if take.request.direction == "softly")
    number = next(str(take.number) for take in listed.takes if take.id == other.id)
    for which in (other.id[:6], number):
        listed = chosen(folder, tones, "c01-u003", which)
        assert [take.id for take in listed.takes if take.in_use] == [other.id]
    assert not chosen(folder, tones, "c01-u003", "none").chosen
    assert open_project(folder).choices.chosen == ()
    assert in_use(folder, tones) == before
    with pytest.raises(UsageError, match=rf"no take '7'; it has 1 .*{first.id}"):
        chosen(folder, tones, "c01-u003", "7")
    assert len(tones.asked) == asked


def test_choosing_the_take_that_serves_anyway_pins_it(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)

    listed = chosen(folder, tones, "c01-u003", "1")

    assert listed.chosen
    assert [choice.take for choice in open_project(folder).choices.chosen] == [listed.takes[0].id]


def test_a_choice_taken_out_of_the_file_by_hand_is_undone(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)
    picked(folder, tones, "c01-u003", direction="softly")

    (folder / "choices.yaml").unlink()

    assert in_use(folder, tones) == before


def test_choices_name_their_lines_as_they_are_called_now(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    picked(folder, tones, "c01-u003")
    (folder / "manuscript" / "01.md").write_text("# One\n\nZeroth. First. Second. Third. Fourth.\n")
    produced(folder, tones)

    picked(folder, tones, "c02-u002")

    assert [choice.line for choice in open_project(folder).choices.chosen] == ["c01-u004", "c02-u002"]


def test_a_take_borrowed_from_an_identical_line_moves_nothing_else(tmp_path: Path) -> None:
    """What follows was recorded after one or the other; it stays where it is."""
    folder, tones = book(tmp_path, "# One\n\nYes. And then. Yes. And then.\n"), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)

    chosen(folder, tones, "c01-u002", before["c01-u004"] or "")

    assert in_use(folder, tones) == before | {"c01-u002": before["c01-u004"]}


def test_two_who_choose_at_once_keep_what_the_other_chose(tmp_path: Path) -> None:
    """Both have planned before either writes; identical lines are those of the one as of the other."""
    folder, tones = book(tmp_path, "# One\n\nYes. No. Yes. No.\n"), Tones()
    produced(folder, tones)
    before = in_use(folder, tones)
    with at_work(folder, tones) as one, at_work(folder, tones) as other:
        choosers = [Chooser(session, session.prepare().plan) for session in (one, other)]
        names = [f"c01-u{number:03d}" for number in range(2, 6)]
        takes = {take.id: take for take in stored(folder)}
        swapped = dict(
            zip(names, (takes[before[name] or ""] for name in (names[2:] + names[:2])), strict=True)
        )
        with ThreadPoolExecutor(4) as pool:
            chosen_ = pool.map(lambda name: choosers[name in names[:2]].choose({name: swapped[name]}), names)
            assert list(chosen_) == [None] * 4

    assert in_use(folder, tones) == before | {name: take.id for name, take in swapped.items()}


def test_a_damaged_file_of_choices_stops_a_pickup_before_it_costs_anything(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    (folder / "choices.yaml").write_text("choices:\n- {key: 1\n")

    with pytest.raises(ProjectErrors, match=r"choices\.yaml:2: "):
        picked(folder, tones, "c01-u003")

    assert (tones.asked, (folder / "choices.yaml").read_text()) == ([], "choices:\n- {key: 1\n")


def test_a_take_that_turns_out_damaged_is_not_bought_again_by_a_pickup(tmp_path: Path) -> None:
    folder, tones = write_project(tmp_path, *TWO), Tones()
    produced(folder, tones)
    fourth = lines_of(folder, tones)["c01-u005"].take
    assert fourth is not None
    path = TakeStore(folder / "takes").path(fourth.key, fourth.id)
    path.write_bytes(bytes(reversed(path.read_bytes())))
    asked = len(tones.asked)

    result = picked(folder, tones, "c01-u003")

    assert len(tones.asked) == asked + 1
    assert result.exit_code == MissingTake.exit_code
    assert "no take for c01-u005" in result.errors[0]


# Chapters recorded anew


def test_a_chapter_is_recorded_anew_in_the_order_of_its_chain(tmp_path: Path) -> None:
    folder, tones = book(tmp_path), Tones()
    produced(folder, tones)
    before, asked = in_use(folder, tones), len(tones.asked)

    result = again(folder, tones, 1)

    after = in_use(folder, tones)
    assert [text for text, _ in tones.asked[asked:]] == ["One", "First.", "Second.", "Third.", "Fourth."]
    names = [name for name in after if name.startswith("c01")]
    assert [told for _, told in tones.asked[asked:]] == [None, *(after[name] for name in names[:-1])]
    assert {name for name in before if before[name] != after[name]} == set(names)
    assert (result.recorded, [made.number for made in result.chapters]) == (5, [1])
    assert len(stored(folder)) == len(before) + 5
    assert not any(made.changed for made in produced(folder, tones).assembled if made.chapter.number == 1)


def test_a_chapter_recorded_anew_goes_on_after_the_service_has_gone(tmp_path: Path) -> None:
    """What came in is used, the rest is what it was, and a plain run buys nothing."""
    left = [100]

    class Fading(Tones):
        def generate(self, request: Request, **known: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise ServiceGone("http://x", "closed", provider=self.name)
            return super().generate(request, **known)

    folder, fading = book(tmp_path), Fading()
    produced(folder, fading)
    before = in_use(folder, fading)
    left[0] = 2

    result = again(folder, fading, 1)

    assert result.exit_code == 4
    after = in_use(folder, fading)
    assert {name for name in before if before[name] != after[name]} == {"c01-u001", "c01-u002"}
    asked = len(fading.asked)
    assert not produced(folder, fading).errors
    assert len(fading.asked) == asked


# On the embedded voice, as a user


@pytest.fixture
def embedded(tmp_path: Path) -> Path:
    folder = write_project(
        tmp_path / "book",
        "# One\n\nHello there. Good night.\n",
        book=QUICK,
        cast="narrator: espeak/en\n",
    )
    ended(told("book", folder), 0)
    return folder


def test_a_voice_that_answers_the_same_each_time_is_not_asked_again(embedded: Path) -> None:
    files = outputs(embedded)

    answer = told("pickup", embedded, "c01-u002", "--takes", "3", "--json")

    ended(answer, 0, "answers the same each time", "--direction")
    assert answer.result["recorded"] == 0
    assert answer.result["pickups"] == []
    assert len(answer.result["warnings"]) == 1
    assert not (embedded / "choices.yaml").exists()
    assert outputs(embedded) == files
    ended(told("chapter", embedded, "1", "--again"), 0, "c01-u001, c01-u002, c01-u003")


def test_a_direction_changes_what_it_says_and_the_way_back_is_told(embedded: Path) -> None:
    before = {name: data for name, data in outputs(embedded).items() if "/chapters/" in name}

    answer = told("pickup", embedded, "c01-u002", "--direction", "very slowly", "--takes", "2")

    ended(answer, 0, "1 take to record: 12 characters", "to go back: narrator takes")
    way_back = answer.err.partition("to go back: narrator ")[2].split("\n")[0].split()
    ended(told("pickup", embedded, "c01-u002", "--direction", "very slowly"), 0)
    listed = told("takes", embedded, "c01-u002", "--json").result
    assert [(take["direction"], take["in_use"]) for take in listed["takes"]] == [
        (None, False),
        ("very slowly", True),
    ]
    lengths = [take["milliseconds"] for take in listed["takes"]]
    assert lengths[1] > lengths[0]
    assert all(Path(take["path"]).is_file() for take in listed["takes"])
    assert {name: outputs(embedded)[name] for name in before} != before
    ended(told(*way_back), 0, "take 1")
    assert {name: outputs(embedded)[name] for name in before} == before
    assert "very slowly" in told("takes", embedded, "c01-u002").out


def test_a_take_that_sounds_as_before_is_told(embedded: Path) -> None:
    """The embedded voice honours words of a direction, and knows nothing of the rest."""
    ended(told("pickup", embedded, "c01-u002", "--direction", "slow"), 0)

    answer = told("pickup", embedded, "c01-u002", "--direction", "slow, like a lighthouse")

    ended(answer, 0, "the new take of c01-u002 sounds exactly as the one before")
    ended(told("takes", embedded, "c01-u002", "--choose", "3"), 0)


def test_a_direction_that_means_nothing_to_the_voice_is_refused(embedded: Path) -> None:
    answer = told("pickup", embedded, "c01-u002", "--direction", "like a lighthouse")

    ended(answer, 2, "c01-u002: espeak cannot act the direction 'like a lighthouse'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which lines?"),
        (("c01-u002", "--all"), "--all goes with --search"),
        (("--from", "nowhere.txt"), "nowhere.txt cannot be read"),
        (("--search", " "), "--search needs words"),
        (("c01-u002", "--takes", "0"), "--takes"),
    ],
)
def test_orders_that_cannot_be_understood(embedded: Path, words: tuple[str, ...], said: str) -> None:
    ended(told("pickup", embedded, *words), 2, said)


def test_looking_at_takes_leaves_everything_alone(embedded: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in embedded.rglob("*")}

    ended(told("takes", embedded, "c01-u002"), 0)

    assert {file: file.stat().st_mtime_ns for file in embedded.rglob("*")} == before


def test_a_rehearsal_is_not_recorded_anew(embedded: Path) -> None:
    ended(told("chapter", embedded, "1", "--again", "--rehearse"), 2, "leave --again out")


# What is heard


@pytest.mark.parametrize("loudness", ["none", "acx"])
def test_a_pickup_leaves_every_sample_outside_its_splice_alone(tmp_path: Path, loudness: str) -> None:
    """With a real voice, whose rate is not that of the master."""
    text = "# One\n\nShe waited by the door. Nobody came. She waited.\n\n***\n\nShe waited. Then it rang.\n"
    settings_ = f"loudness: {loudness}\ncredits: false\nformats: [mp3, json]\n"
    folder = write_project(tmp_path, text, book=settings_, cast="narrator: espeak/en\n")
    ended(told("book", folder), 0)
    with closing(Espeak()) as espeak:
        before = sounding(folder, espeak)

        ended(told("pickup", folder, "c01-u003", "c01-u005", "--direction", "very slowly"), 0)

        after = sounding(folder, espeak)
    assert after[1][0].samples > before[1][0].samples
    prove_spliced(before[1], after[1], {"c01-u003", "c01-u005"})
    with pytest.raises(AssertionError):
        prove_spliced(before[1], after[1], {"c01-u003"})


WORDS = ("Yes.", "No.", "He nodded.", "Then what?")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_no_pickup_ever_changes_another_line(seed: int) -> None:
    """Books of few sentences said over and over; pickups, choices, and chapters recorded anew."""
    random_ = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, tones = book(Path(name), *_chapters(random_)), Tones()
        produced(folder, tones)
        for _ in range(3):
            _change_something(folder, tones, random_)
        asked, used = len(tones.asked), in_use(folder, tones)
        produced(folder, tones)
        assert (len(tones.asked), in_use(folder, tones)) == (asked, used)


def _chapters(random_: random.Random) -> list[str]:
    def lines() -> str:
        return " ".join(random_.choice(WORDS) for _ in range(random_.randint(1, 4)))

    return [
        f"# {WORDS[0]}\n\n{lines()}\n\n***\n\n{lines()}\n\n{lines()}\n" for _ in range(random_.randint(1, 2))
    ]


def _change_something(folder: Path, tones: Tones, random_: random.Random) -> None:
    before, heard = in_use(folder, tones), sounding(folder, tones, rate=RATE)
    names: Sequence[str] = sorted(before)
    wanted = random_.sample(names, random_.randint(1, 2))
    what = random_.choice(("pickup", "directed", "ripple", "again", "choose", "none"))
    if what == "again":
        again(folder, tones, 1)
        changed = {name for name in names if name.startswith("c01")}
    elif what in ("choose", "none"):
        which = "none" if what == "none" else random_.choice(["1", "2"])
        try:
            chosen(folder, tones, wanted[0], which)
        except UsageError:
            assert which == "2"
        changed = {wanted[0]}
    else:
        result = picked(
            folder,
            tones,
            *wanted,
            direction="softly" if what == "directed" else None,
            ripple=int(what == "ripple"),
            takes=random_.randint(1, 2),
        )
        changed = {each.id for each in result.pickups}
        assert set(wanted) <= changed
        assert all(each.in_use == each.takes[0] for each in result.pickups)
    after, now = in_use(folder, tones), sounding(folder, tones, rate=RATE)
    assert {name for name in names if before[name] != after[name]} <= changed
    for number, chapter in now.items():
        prove_spliced(heard[number], chapter, changed)


# A kill


def test_a_kill_while_a_chapter_is_recorded_anew_costs_nothing_but_what_was_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Runs
) -> None:
    folder = write_book(tmp_path / "book", "# One\n\n" + " ".join(sentences(12)) + "\n", cast=CAST)
    with served(tmp_path / "state", monkeypatch) as server:
        environment = {"HUME_BASE_URL": server.base_url}
        ended(told("book", folder), 0)
        before = {take.id for take in stored(folder)}
        run = runs.begin("chapter", folder, "1", "--again", environment=environment)
        while len(stored(folder)) < len(before) + 4 and run.code is None:
            time.sleep(0.002)
        assert run.send(signal.SIGKILL)
        assert run.wait().code == -signal.SIGKILL
        used = {choice.take for choice in open_project(folder).choices.chosen}
        new = {take.id for take in stored(folder)} - before
        assert used <= new
        assert len(new) - len(used) <= 2, "one being stored and one just stored"

        made = told("chapter", folder, "1", "--json")

        ended(made, 0)
        assert (made.result["recorded"], made.result["requests"]) == (0, 0)
        lines = [told("takes", folder, f"c01-u{number:03d}", "--json").result for number in range(1, 4)]
        assert [len(line["takes"]) for line in lines] == [2, 2, 2]
        assert not before & {take["id"] for line in lines for take in line["takes"] if take["in_use"]}


class Watched(Session):
    """A session in which looking for word times finds out what is in use by then."""

    @property
    def find_times(self) -> FindTimes:
        def look(take: Take) -> Take:
            chosen = open_project(self.project.root).choices.chosen
            assert take.id in {choice.take for choice in chosen}
            return take

        return look


def test_a_take_is_in_use_before_its_words_are_looked_for(tmp_path: Path) -> None:
    """That takes long enough to be killed in."""
    folder, tones = book(tmp_path / "book"), Tones()
    produced(folder, tones)
    with at_work(folder, tones) as session:
        result = pick_up_in(Watched(*session), Wanted(ids=("c01-u002",)))
    assert result.errors == ()
    assert len(result.pickups) == 1


class Mute(Tones):
    """It tells no word times, and what it says are no words."""

    abilities = Tones.abilities.model_copy(update={"word_times": False})
    models: Mapping[str, Abilities] = {"1": abilities}

    def generate(self, *asked: Any, **more: Any) -> tuple[Generation, ...]:
        """See `Provider`."""
        return tuple(
            replace(each, words=(), word_source="estimated") for each in super().generate(*asked, **more)
        )


def test_a_new_take_that_does_not_hold_its_line_is_told(tmp_path: Path) -> None:
    """In every run, until somebody chooses it by hand: it is in use, but nobody has listened to it."""
    folder, mute = book(tmp_path / "book", "# One\n\nThe lamp was lit before the boats came in.\n"), Mute()
    produced(folder, mute, embedded=True)
    with at_work(folder, mute, embedded=True) as session:
        result = pick_up_in(session, Wanted(ids=("c01-u002",)))
    (warning,) = [each for each in result.warnings if "c01-u002" in each]
    assert "seems to be left out" in warning

    with at_work(folder, mute, embedded=True) as session:
        after = session.prepare()
        assert warning in map(str, after.notices)
        (line,) = [line for line in after.plan.lines if line.utterance.id == "c01-u002"]
        assert line.take is not None
        _, changed = use_take_in(session, "c01-u002", line.take.id)
    with at_work(folder, mute, embedded=True) as session:
        assert changed
        assert "c01-u002" not in " ".join(map(str, session.prepare().notices))
