"""Lines that are recorded in parts: each part is paid for once, whatever happens between them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from narrator.casting import Abilities
from narrator.estimating import Estimate, estimate
from narrator.ledger import read_tally
from narrator.pickups import Wanted, pick_up_in
from narrator.reckoning import in_use
from narrator.session import make
from narrator.spending import Account
from narrator.splitting import paid_for, parts_of
from narrator.store import TakeStore
from narrator.takes import Generation, Pcm, Precedent, Request, Take
from tests.sessions import at_work, lines_of, produced
from tests.studio import write_project
from tests.tones import RATE, Tones
from tests.troupe import ACTING, Troupe

CAST = "narrator: {voice: tones/low}\n"
FIRST, SECOND = "The lamp was lit before the boats came in,", "and nobody had seen who climbed the stairs;"
THIRD = "the keeper had been asleep."
TEXT = f"# One\n\n{FIRST} {SECOND} {THIRD}\n\nShe waited.\n"


class Brief(Tones):
    """Tones that take 60 characters at a time, and fail the test where they are asked for more."""

    models: Mapping[str, Abilities] = {"1": Tones.abilities.model_copy(update={"text_limit": 60})}

    @property
    def said(self) -> list[str]:
        """What was asked for, in order."""
        assert all(len(text) <= 60 for text, _ in self.asked)
        return [text for text, _ in self.asked]


class Faster(Brief):
    """The same at twice the rate."""

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
        return tuple(replace(each, rate=2 * RATE) for each in super().generate(request, account=account))


def long_take(folder: Path, provider: Tones) -> Take:
    """The take of the line that is too long."""
    take = lines_of(folder, provider)["c01-u002"].take
    assert take is not None
    return take


def test_a_long_line_is_asked_for_in_parts_and_is_one_take(tmp_path: Path) -> None:
    """Each part goes on from the one before, and the next line from the last of them."""
    folder, provider = write_project(tmp_path, TEXT, cast=CAST), Brief()
    outcome = produced(folder, provider)

    assert outcome.errors == ()
    assert provider.said == ["One", FIRST, SECOND, THIRD, "She waited."]
    take = long_take(folder, provider)
    words = take.request.spoken.words
    assert len(take.words) == len(words) == 22
    assert take.request.spoken.text == f"{FIRST} {SECOND} {THIRD}"
    assert len(parts_of(take)) == 3
    followed = [before for _, before in provider.asked]
    assert followed[-1] == take.id
    assert set(followed[2:4]) < parts_of(take)
    assert outcome.requests == 5
    assert len(outcome.recorded) == 3

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == []


def test_what_was_estimated_is_what_is_spent(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, TEXT, cast=CAST), Brief()
    expected = estimate(lines_of(folder, provider).values(), {"tones": provider})
    produced(folder, provider)

    (totals,) = read_tally(folder / "takes").totals
    assert (totals.requests, totals.paid) == (expected.requests, expected.costs["EUR"])
    assert totals.wasted == 0
    with at_work(folder, provider) as session:
        assert session.ledger.adopt(paid_for(TakeStore(folder / "takes").every())) == 0


def test_parts_that_came_before_a_failure_are_not_asked_for_again(tmp_path: Path) -> None:
    folder = write_project(tmp_path, TEXT, cast=CAST)
    provider = Brief(lambda request: request.spoken.text == SECOND)
    assert produced(folder, provider).errors
    assert FIRST in provider.said
    expected = estimate(lines_of(folder, Brief()).values(), {"tones": Brief()})

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == [SECOND, THIRD]
    assert expected.requests == 2


def test_an_edit_of_one_part_asks_for_that_part_alone(tmp_path: Path) -> None:
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief())
    before = long_take(folder, Brief())
    (folder / "manuscript" / "01.md").write_text(TEXT.replace("asleep", "away"))

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == [THIRD.replace("asleep", "away")]
    shared = parts_of(long_take(folder, again)) & parts_of(before)
    assert len(shared) == 2


def test_a_line_said_twice_is_two_takes_with_parts_of_their_own(tmp_path: Path) -> None:
    line = f"{FIRST} {SECOND} {THIRD}"
    folder = write_project(tmp_path, f"# One\n\n{line}\n\n{line}\n", cast=CAST)
    provider = Brief()
    assert produced(folder, provider).errors == ()

    assert provider.said.count(FIRST) == 2
    lines = lines_of(folder, provider)
    first, second = lines["c01-u002"].take, lines["c01-u003"].take
    assert first is not None
    assert second is not None
    assert not parts_of(first) & parts_of(second)


def test_a_joined_take_that_is_gone_is_joined_again(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, TEXT, cast=CAST), Brief()
    produced(folder, provider)
    store = TakeStore(folder / "takes")
    take = long_take(folder, provider)
    sound = store.pcm(take.key, take.id)
    shutil.rmtree(store.path(take.key, take.id).parent)

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == []
    rejoined = long_take(folder, again)
    assert np.array_equal(store.pcm(rejoined.key, rejoined.id), sound)
    assert rejoined.id == take.id


def test_a_damaged_part_is_asked_for_again(tmp_path: Path) -> None:
    folder, provider = write_project(tmp_path, TEXT, cast=CAST), Brief()
    produced(folder, provider)
    store = TakeStore(folder / "takes")
    take = long_take(folder, provider)
    shutil.rmtree(store.path(take.key, take.id).parent)
    part = lines_of(folder, provider)["c01-u002"].parts[1].take
    assert part is not None
    path = store.path(part.key, part.id)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == [SECOND]


def test_a_joined_take_that_has_rotted_is_joined_again(tmp_path: Path) -> None:
    """As large as before, so that only making the chapter finds it out."""
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief())
    take = long_take(folder, Brief())
    path = TakeStore(folder / "takes").path(take.key, take.id)
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    shutil.rmtree(folder / "build")

    again = Brief()
    assert produced(folder, again).errors == ()
    assert again.said == []


def test_parts_that_another_run_bought_since_the_plan_are_used(tmp_path: Path) -> None:
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief(lambda request: request.spoken.text == FIRST))
    second = Brief()
    with at_work(folder, second) as session:
        prepared = session.prepare()
        first = Brief(lambda request: request.spoken.text == THIRD)
        produced(folder, first)
        assert first.said == [FIRST, SECOND, THIRD]
        make(session, prepared, {1})
    assert second.said == [THIRD]


def test_a_pickup_goes_on_from_what_an_earlier_one_left(tmp_path: Path) -> None:
    """And is priced so; the next one after it buys every part again."""
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief())
    for refused, said in ((THIRD, [FIRST, SECOND, THIRD]), ("", [THIRD]), ("", [FIRST, SECOND, THIRD])):
        provider = Brief(lambda request, refused=refused: request.spoken.text == refused)  # type: ignore[misc]  # mypy: a default in a lambda
        with at_work(folder, provider) as session:
            pick_up_in(session, Wanted(ids=("c01-u002",)))
        assert provider.said == said


def test_a_pickup_of_an_unfinished_line_is_priced_by_what_is_missing(tmp_path: Path) -> None:
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief(lambda request: request.spoken.text == THIRD))
    priced: list[Estimate] = []
    with at_work(folder, Brief()) as session:
        pick_up_in(session, Wanted(ids=("c01-u002",), takes=2), priced.append)
        spent = session.ledger.run_spent
    assert [each.costs for each in priced] == [spent]
    assert priced[0].requests == 4


def test_parts_from_before_a_service_changed_its_rate_are_asked_for_again(tmp_path: Path) -> None:
    """Else the line could never be joined."""
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief(lambda request: request.spoken.text == THIRD))
    again = Faster()
    assert produced(folder, again).errors == ()
    assert again.said == [THIRD, FIRST, SECOND]
    assert long_take(folder, again).rate == 2 * RATE


def test_a_short_line_that_a_part_says_as_well_keeps_its_take(tmp_path: Path) -> None:
    for number, lines in enumerate(
        [(f"{FIRST} {SECOND} {THIRD}", FIRST), (FIRST, f"{FIRST} {SECOND} {THIRD}")]
    ):
        folder = write_project(tmp_path / str(number), "# One\n\n" + "\n\n".join(lines) + "\n", cast=CAST)
        outcome = produced(folder, Brief())
        assert outcome.errors == ()
        now = {name: line.take for name, line in lines_of(folder, Brief()).items()}
        assert now == dict(outcome.taken)


@pytest.mark.parametrize(("limit", "refused"), [(60, ""), (90, ""), (60, THIRD)])
def test_what_another_machine_paid_for_parts_counts(tmp_path: Path, limit: int, refused: str) -> None:
    """Its takes come without its ledger, perhaps to a project with another limit, which cuts elsewhere."""
    elsewhere = write_project(tmp_path / "elsewhere", TEXT, cast=CAST)
    produced(elsewhere, Brief(lambda request: request.spoken.text == refused))
    (paid,) = read_tally(elsewhere / "takes").totals
    here = write_project(tmp_path / "here", TEXT, cast=CAST)
    with at_work(here, Brief()):
        pass
    for each in (elsewhere / "takes").iterdir():
        if len(each.name) == 2:
            shutil.copytree(each, here / "takes" / each.name)

    provider = Brief()
    provider.models = {"1": Tones.abilities.model_copy(update={"text_limit": limit})}
    with at_work(here, provider) as session:
        session.prepare()
        assert session.ledger.spent == {"EUR": paid.paid}
    (here / "takes" / "ledger.sqlite").unlink()
    with at_work(here, provider) as session:
        assert session.ledger.spent == {"EUR": paid.paid}


def test_takes_of_parts_are_in_use_before_the_line_has_its_own(tmp_path: Path) -> None:
    """Else pruning would take away what the next run would have used."""
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief(lambda request: request.spoken.text == THIRD))
    with at_work(folder, Brief()) as session:
        used = in_use(session.prepare(), session.providers, session.store)
    assert used == {(take.key, take.id) for take in TakeStore(folder / "takes").every()}


def test_what_a_line_was_joined_from_is_in_use(tmp_path: Path) -> None:
    """Else pruning would take away what was paid for and leave what was made of it."""
    folder, provider = write_project(tmp_path, TEXT, cast=CAST), Brief()
    produced(folder, provider)
    with at_work(folder, provider) as session:
        used = in_use(session.prepare(), session.providers, session.store)
    every = {(take.key, take.id) for take in TakeStore(folder / "takes").every()}
    assert used == every


class Interrupted(Brief):
    """The same, while something else is done once, before a text is said for the first time."""

    def __init__(
        self, text: str, done: Callable[[], object], refuse: Callable[[Request], bool] = lambda _: False
    ) -> None:
        super().__init__(refuse)
        self._text, self._left = text, [done]

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
        if request.spoken.text == self._text and self._left:
            self._left.pop()()
        return super().generate(request, account=account)


@pytest.mark.parametrize("left", [False, True])
def test_two_processes_that_record_the_same_long_lines_share_no_part(tmp_path: Path, left: bool) -> None:
    """Neither what one of them has just bought, nor what a run before them left: else the two lines would be
    made of the same, and one of them would be asked for again some day."""
    line = f"{FIRST} {SECOND} {THIRD}"
    folder = write_project(tmp_path, f"# One\n\n{line}\n\n{line}\n", cast=CAST)
    if left:
        broken = Brief(lambda request: request.spoken.text != FIRST)
        broken.asked += [("", None)] * 50  # so that what it says is told from what the service says
        with at_work(folder, broken) as session:
            make(session, session.prepare(), {1}, only={"c01-u002"})

    def meanwhile() -> None:
        with at_work(folder, service) as session:
            make(session, session.prepare(), {1}, only={"c01-u003"})

    service = Interrupted(SECOND, meanwhile)
    with at_work(folder, service) as session:
        make(session, session.prepare(), {1}, only={"c01-u002"})

    takes = [line.take for line in lines_of(folder, Brief()).values() if line.parts]
    first, second = (parts_of(take) for take in takes if take is not None)
    assert not first & second
    assert Counter(service.said) == {FIRST: 1 if left else 2, SECOND: 2, THIRD: 2}


class Cast(Troupe):
    """A troupe that takes 60 characters at a time."""

    models: Mapping[str, Abilities] = {"acting": ACTING.model_copy(update={"text_limit": 60})}


def test_the_voice_that_the_first_part_of_a_line_made_speaks_the_others(tmp_path: Path) -> None:
    """In a later run, too: else the line would change its voice in the middle, and both would be paid for."""
    folder = write_project(
        tmp_path, TEXT, cast="narrator: {voice: troupe, description: an old sailor, direction: softly}\n"
    )
    text = f"# One {{.silent}}\n\n{FIRST} {SECOND} {THIRD}\n"
    (folder / "manuscript" / "01.md").write_text(text)
    produced(folder, Cast(lambda request: request.spoken.text == SECOND))
    (made,) = TakeStore(folder / "takes").every()
    expected = estimate(lines_of(folder, Cast()).values(), {"troupe": Cast()})

    again = Cast()
    assert produced(folder, again).errors == ()
    assert [designed and designed.id for _, _, designed, _ in again.heard] == [made.id] * 2
    assert expected.requests == 2


class Counting(TakeStore):
    """A store that counts how often it reads the samples of a take."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: Counter[str] = Counter()

    def pcm(self, key: str, take_id: str, *, known: Take | None = None) -> Pcm:
        """See `TakeStore`."""
        self.read[take_id] += 1
        return super().pcm(key, take_id, known=known)


def test_the_samples_of_a_part_are_read_once_at_most(tmp_path: Path) -> None:
    folder = write_project(tmp_path, TEXT, cast=CAST)
    produced(folder, Brief(lambda request: request.spoken.text == THIRD))
    with at_work(folder, Brief()) as session:
        store = Counting(folder / "takes")
        made = make(session._replace(store=store), session.prepare(), {1})
    parts = parts_of(made.outcome.taken["c01-u002"])
    assert sorted(store.read[name] for name in parts) == [0, 1, 1]


def test_lines_that_begin_alike_are_made_of_the_part_that_an_earlier_run_left(tmp_path: Path) -> None:
    """As was estimated: a part is claimed for the lines that say the same, not for all that hold it."""
    folder = write_project(tmp_path, f"# One\n\n{FIRST} {SECOND}\n\n{FIRST} {THIRD}\n", cast=CAST)
    with at_work(folder, Brief(lambda request: request.spoken.text == SECOND)) as session:
        make(session, session.prepare(), {1}, only={"c01-u002"})
    expected = estimate(lines_of(folder, Brief()).values(), {"tones": Brief()})

    again = Brief()
    assert produced(folder, again).errors == ()
    assert sorted(again.said) == sorted(["One", SECOND, THIRD])
    assert expected.requests == 3


def test_what_a_run_bought_for_a_line_that_it_cannot_finish_is_there_for_a_run_beside_it(
    tmp_path: Path,
) -> None:
    text = f"# One\n\n{FIRST} {SECOND} {THIRD}\n\n---\n\nShe waited.\n"
    folder, beside = write_project(tmp_path, text, cast=CAST), Brief()

    def meanwhile() -> None:
        with at_work(folder, beside) as session:
            make(session, session.prepare(), {1}, only={"c01-u002"})

    service = Interrupted("She waited.", meanwhile, lambda request: request.spoken.text == SECOND)
    service.concurrency = 1
    with at_work(folder, service) as session:
        make(session, session.prepare(), {1}, only={"c01-u002", "c01-u003"})
    assert service.said == [FIRST, SECOND, "She waited."]
    assert beside.said == [SECOND, THIRD]
