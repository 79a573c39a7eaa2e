"""Several passes over one book: what others record meanwhile, what is damaged, what is said at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrator.errors import BudgetExceeded, MissingTake, ProviderError
from narrator.files import locked
from narrator.ledger import Claim, Ledger
from narrator.manuscript import Notice
from narrator.needing import voice_name
from narrator.pickups import Wanted, pick_up_in
from narrator.pipeline import Outcome
from narrator.progress import Silent
from narrator.receipts import lock_of
from narrator.session import Session, make
from narrator.store import TakeStore
from narrator.takes import Take
from tests.sessions import at_work, produced
from tests.studio import write_project
from tests.tones import Tones
from tests.troupe import Troupe

PATIENCE_S = 20.0


class Patient(Silent):
    """Has something happen when another process is waited for."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.waited: list[str] = []
        """What was said of it."""
        self._then = then

    def notice(self, notice: Notice) -> None:
        if "; waiting for" in notice.message:
            self.waited.append(notice.message)
            self._then()


@contextmanager
def awaiting(
    folder: Path, provider: Tones, *names: str, then: Callable[[], object] = lambda: None
) -> Iterator[Session]:
    """The project at work, while another process holds some claims until it is waited for.

    Args:
        then: happens right after.
    """
    store = TakeStore(folder / "takes")
    with Ledger(folder / "takes", store=store) as other, at_work(folder, provider) as session:
        assert other.claim([Claim(name, 1) for name in names], lambda _: 0) == len(names)

        def let_go() -> None:
            other.release(names)
            then()

        # Whatever is said of the waiting, or not: no test waits for ever.
        late = threading.Timer(PATIENCE_S, other.release, [names])
        late.start()
        progress = Patient(let_go)
        try:
            yield session._replace(progress=progress)
        finally:
            late.cancel()
            late.join()
        assert progress.waited, "it did not say that it waits"


def made(session: Session) -> Outcome:
    prepared = session.prepare()
    return make(session, prepared, {planned.chapter.number for planned in prepared.plan.chapters}).outcome


def flac(folder: Path, take: Take) -> Path:
    return TakeStore(folder / "takes").path(take.key, take.id)


def damage(folder: Path, take: Take) -> None:
    """As a disk does it, without a word."""
    file = flac(folder, take)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


def forget(folder: Path, take: Take) -> None:
    """Of the chapters, what depends on it as well."""
    flac(folder, take).unlink()
    flac(folder, take).with_suffix(".json").unlink()
    for file in (folder / "build").rglob("*.mp3"):
        file.unlink()


def test_damage_that_is_met_after_waiting_for_another_process_is_mended(tmp_path: Path) -> None:
    """The chapter was not looked into before, since it lacked a line."""
    folder = write_project(tmp_path, "# One\n\nFirst.\n\n***\n\nSecond.\n")
    taken = produced(folder, Tones()).taken
    damage(folder, taken["c01-u002"])
    forget(folder, taken["c01-u003"])
    provider = Tones()

    with awaiting(folder, provider, taken["c01-u003"].key) as session:
        outcome = made(session)

    assert [text for text, _ in provider.asked] == ["Second.", "First."]
    assert outcome.errors == ()
    assert [each.chapter.title for each in outcome.assembled] == ["One"]


def test_a_chapter_whose_damage_may_not_be_mended_is_an_error(tmp_path: Path) -> None:
    """Never done without a word: the line is another share's."""
    folder = write_project(tmp_path, "# One\n\nFirst. Second.\n")
    taken = produced(folder, Tones()).taken
    damage(folder, taken["c01-u002"])
    (folder / "build" / "chapters" / "01-one.mp3").unlink()
    provider = Tones()

    with at_work(folder, provider) as session:
        outcome = make(session, session.prepare(), {1}, only={"c01-u003"}).outcome

    assert provider.asked == []
    assert outcome.assembled == ()
    (error,) = outcome.errors
    assert isinstance(error, MissingTake)
    assert error.utterance_ids == ("c01-u002",)


def test_what_was_refused_before_waiting_is_still_missing_after_it(tmp_path: Path) -> None:
    """It is not asked for again, and its chapter has its error."""
    folder = write_project(tmp_path, "# One\n\nBad.\n", "# Two\n\nFine.\n")
    with at_work(folder, Tones()) as session:
        (key,) = (line.request.key for line in session.prepare().plan.lines if line.utterance.text == "Fine.")
    provider = Tones(refuse=lambda request: request.spoken.text == "Bad.")

    with awaiting(folder, provider, key) as session:
        outcome = made(session)

    assert sorted(text for text, _ in provider.asked) == ["Bad.", "Fine.", "One", "Two"]
    assert [each.chapter.title for each in outcome.assembled] == ["Two"]
    refused, missing = outcome.errors
    assert isinstance(refused, ProviderError)
    assert isinstance(missing, MissingTake)
    assert missing.utterance_ids == ("c01-u002",)


def test_a_budget_that_is_used_up_gives_the_exit_code(tmp_path: Path) -> None:
    """Whatever went wrong before: here a line was refused, and another one waited for."""
    book = "loudness: none\ncredits: false\nbudget: {amount: 0.105, currency: EUR}\n"
    folder = write_project(tmp_path, "# One\n\nBad.\n", "# Two\n\nFine.\n", book=book)
    with at_work(folder, Tones()) as session:
        (key,) = (line.request.key for line in session.prepare().plan.lines if line.utterance.text == "Fine.")
    # The titles are 0.03 each; the refused line, while it is asked for, 0.04; the awaited one would be 0.05.
    provider = Tones(refuse=lambda request: request.spoken.text == "Bad.")

    with awaiting(folder, provider, key) as session:
        outcome = made(session)

    assert sorted(text for text, _ in provider.asked) == ["Bad.", "One", "Two"]
    assert isinstance(outcome.errors[0], BudgetExceeded)
    assert any(isinstance(error, ProviderError) for error in outcome.errors)
    missing = [
        name for error in outcome.errors if isinstance(error, MissingTake) for name in error.utterance_ids
    ]
    assert missing == ["c01-u002", "c02-u002"]


DESIGNED = "narrator: {voice: troupe, description: an old sailor}\n"


@pytest.mark.parametrize("makes", [True, False], ids=["made", "not made"])
def test_a_pickup_waits_for_a_voice_that_another_process_is_making(tmp_path: Path, makes: bool) -> None:
    """And speaks in it; or makes it, if that one has not."""
    folder = write_project(tmp_path, "# One\n\nFirst.\n", cast=DESIGNED)
    provider, voice = Troupe(), voice_name("troupe", "an old sailor")

    def make_it() -> None:
        if makes:
            assert produced(folder, Troupe()).errors == ()

    with awaiting(folder, provider, voice, then=make_it) as session:
        picked = pick_up_in(session, Wanted(ids=("c01-u002",)))

    assert picked.errors == ()
    ((_, _, designed, _),) = provider.heard
    assert (designed is not None) == makes
    with at_work(folder, provider) as session:
        assert session.ledger.claimants([voice]) == {}


def test_a_chapter_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    """And it is said for whom."""
    folder = write_project(tmp_path, "# One\n\nFirst.\n")
    lock = lock_of(folder / "build", "01-one")
    held, waited_for = threading.Event(), threading.Event()
    progress = Patient(waited_for.set)

    def hold() -> None:
        with locked(lock, on_wait=lambda _: None):
            held.set()
            waited_for.wait(PATIENCE_S)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(PATIENCE_S)
    with at_work(folder, Tones()) as session:
        outcome = made(session._replace(progress=progress))
    other.join()

    assert outcome.errors == ()
    assert progress.waited == [
        f"another narrator (process {os.getpid()}) is making the chapter 'One'; waiting for it"
    ]
