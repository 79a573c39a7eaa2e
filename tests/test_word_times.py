"""Takes that came without word times: when those are looked for, and what is told of doubtful takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from narrator.casting import Abilities
from narrator.providers.espeak import Espeak
from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take
from tests.sessions import at_work, lines_of, produced
from tests.studio import write_project
from tests.tones import Tones

CAST = "narrator: {voice: tones/low}\n"
TEXT = "# One\n\nThe lamp was lit before the boats came in.\n\nNobody had seen who climbed the stairs.\n"


Make = Callable[..., "Untimed"]


class Untimed(Tones):
    """A service that speaks, and says nothing about its words; it may say another line than it was asked."""

    models: Mapping[str, Abilities] = {"1": Tones.abilities.model_copy(update={"word_times": False})}

    def __init__(self, *, instead: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._instead = dict(instead or {})
        self._engine = Espeak()

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
        (made,) = super().generate(request, before=before, account=account)
        said = self._instead.get(request.spoken.text, request.spoken.text)
        choice = self._engine.choose("en-us+f3", {"rate": 160})
        spoken = request.spoken.model_copy(update={"text": said, "marks": (), "words": ()})
        asked = Request(provider="espeak", voice=choice.voice, spoken=spoken, settings=choice.settings)
        (heard,) = self._engine.generate(asked)
        return (replace(made, pcm=heard.pcm, rate=heard.rate, words=(), word_source="estimated"),)

    def close(self) -> None:
        """See `Provider`."""
        self._engine.close()


def words_of(folder: Path) -> list[tuple[str, list[dict[str, object]]]]:
    """Source and words of each utterance, as the chapter's JSON has them."""
    (file,) = (folder / "build" / "chapters").glob("*.json")
    return [(each["word_source"], each["words"]) for each in json.loads(file.read_text())["utterances"]]


@pytest.fixture
def untimed() -> Iterator[Make]:
    """Makes services that are let go of at the end."""
    with ExitStack() as made:

        def make(**rest: Mapping[str, str]) -> Untimed:
            return made.enter_context(closing(Untimed(**rest)))

        yield make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path, TEXT, cast=CAST)


def test_words_are_timed_and_say_how_sure_they_are(folder: Path, untimed: Make) -> None:
    outcome = produced(folder, untimed(), embedded=True)

    assert outcome.errors == ()
    assert not [notice for notice in outcome.notices if "c01-" in notice.message]
    for source, words in words_of(folder):
        assert source == "aligned"
        assert all(0 <= int(str(word["confidence"])) <= 100 for word in words)


def test_a_take_is_looked_at_once(folder: Path, untimed: Make) -> None:
    """The next run finds what was found, changes no file, and makes no chapter again."""
    produced(folder, untimed(), embedded=True)
    sidecars = {path: path.read_bytes() for path in (folder / "takes").rglob("*.json")}

    again = produced(folder, untimed(), embedded=True)

    assert {path: path.read_bytes() for path in (folder / "takes").rglob("*.json")} == sidecars
    assert [made.changed for made in again.assembled] == [False]


def test_takes_from_before_there_was_an_aligner_are_timed(folder: Path, untimed: Make) -> None:
    produced(folder, untimed())
    assert {source for source, _ in words_of(folder)} == {"estimated"}

    provider = untimed()
    assert produced(folder, provider, embedded=True).errors == ()

    assert provider.asked == []
    assert {source for source, _ in words_of(folder)} == {"aligned"}


def test_a_take_that_does_not_hold_its_line_is_told_of_in_every_run(folder: Path, untimed: Make) -> None:
    """It is kept, since it is paid for, and nobody calls the book done without a word about it."""
    line = "Nobody had seen who climbed the stairs."
    provider = untimed(instead={line: "Seven yellow umbrellas were sold in Oslo."})
    first = produced(folder, provider, embedded=True)
    with at_work(folder, untimed()) as session:
        planned = session.prepare().notices
    lines = lines_of(folder, untimed())

    take = lines["c01-u003"].take
    assert take is not None
    assert take.alignment is not None
    assert not take.alignment.holds
    assert take.word_source == "estimated"
    told = [str(notice) for notice in first.notices if "c01-u003" in notice.message]
    assert len(told) == 1
    assert told[0].startswith("manuscript/01.md:5: c01-u003: the take is not what the line says")
    assert "narrator pickup PROJECT c01-u003" in told[0]
    assert told == [str(notice) for notice in planned if "c01-u003" in notice.message]


def test_a_take_that_somebody_chose_is_not_doubted_any_more(folder: Path, untimed: Make) -> None:
    """Whoever chose it has listened to it."""
    line = "Nobody had seen who climbed the stairs."
    produced(folder, untimed(instead={line: "Seven yellow umbrellas were sold in Oslo."}), embedded=True)
    take = lines_of(folder, untimed())["c01-u003"].take
    assert take is not None
    (folder / "choices.yaml").write_text(
        f"choices:\n- {{line: c01-u003, text: x, key: {take.key}, take: {take.id}}}\n"
    )

    outcome = produced(folder, untimed(), embedded=True)
    with at_work(folder, untimed()) as session:
        planned = session.prepare().notices

    assert not [notice for notice in (*outcome.notices, *planned) if "c01-u003" in notice.message]
