"""Several passes over one book: what others record meanwhile, what is damaged, what is said at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from narrator.errors import BudgetExceeded, MissingTake, ProviderError
from narrator.ledger import Claim, Ledger
from narrator.manuscript import Notice
from narrator.pipeline import Outcome
from narrator.progress import Silent
from narrator.session import Session, make
from narrator.store import TakeStore
from narrator.takes import Take
from tests.sessions import at_work, produced
from tests.studio import write_project
from tests.tones import Tones


class Patient(Silent):
    """Has another process let go of its claims when it is waited for."""

    def __init__(self, other: Ledger, keys: list[str]) -> None:
        self._other, self._keys = other, keys

    def notice(self, notice: Notice) -> None:
        if "; waiting for" in notice.message:
            self._other.release(self._keys)


@contextmanager
def awaiting(folder: Path, provider: Tones, *keys: str) -> Iterator[Session]:
    """The project at work, while another process holds the claims to some takes until it is waited for."""
    store = TakeStore(folder / "takes")
    with Ledger(folder / "takes", store=store) as other, at_work(folder, provider) as session:
        assert other.claim([Claim(key, 1) for key in keys], lambda _: 0) == len(keys)
        yield session._replace(progress=Patient(other, list(keys)))


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
