"""Takes that serve no line: which they are, that only they go, and that the book stays as it is."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrator.errors import ProjectError
from narrator.pruning import prune
from narrator.reckoning import reckon
from narrator.results import Spent
from narrator.store import TakeStore
from narrator.takes import Take
from tests.commands import ended, left, told
from tests.paid_books import buy, lines, put, write_book

ONE = "# One\n\nA line. Another line.\n\nMARA: Mine costs nothing.\n"
TWO = "# Two\n\nThe last line.\n\nMARA: Free again.\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book of seven lines, all recorded; two of them cost nothing."""
    folder = write_book(tmp_path / "book", ONE, TWO)
    buy(folder)
    return folder


def cut(book: Path) -> None:
    """The second chapter loses a line that was paid for and one that was not."""
    (book / "manuscript" / "02.md").write_text("# Two\n")


def flac(book: Path, take: Take) -> Path:
    return TakeStore(book / "takes").path(take.key, take.id)


def served(book: Path) -> list[str | None]:
    """The take of each line."""
    return [line.take.id if line.take else None for line in lines(book)]


def takes(book: Path) -> int:
    return len(list((book / "takes").rglob("*.flac")))


@contextmanager
def at_work(book: Path) -> Iterator[None]:
    """Another narrator records."""
    with (book / "takes" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def test_a_book_in_use_has_nothing_to_prune(book: Path) -> None:
    before = served(book)
    answer = told("prune", book, "--yes", "--paid")

    ended(answer, 0, "nothing to remove")
    assert (served(book), takes(book)) == (before, 7)


def test_nothing_is_removed_before_somebody_says_yes(book: Path) -> None:
    cut(book)
    before = left(book)
    answer = told("prune", book, "--paid")

    ended(answer, 0, "2 takes", "which cost 0.01 USD: add --yes to remove them")
    assert "Free again." in answer.out
    assert "The last line." in answer.out
    assert left(book) == before


def test_what_cost_nothing_goes_and_what_was_paid_for_stays(book: Path) -> None:
    cut(book)
    answer = told("prune", book, "--yes", "--json")

    ended(answer, 0, "1 take", "which cost 0.01 USD: paid for and without use; removed with --paid only")
    assert [each["text"] for each in answer.result["takes"]] == ["Free again."]
    assert [each["text"] for each in answer.result["kept"]] == ["The last line."]
    assert takes(book) == 6


def test_paid_takes_go_when_asked_and_are_told_before(book: Path) -> None:
    cut(book)
    kept = served(book)
    folders = {line.take.key for line in lines(book) if line.take}

    answer = told("prune", book, "--yes", "--paid")

    ended(answer, 0)
    said = answer.err.splitlines()
    assert said[0] == "removing takes that cost 0.01 USD"
    assert said[1].startswith("removed 2 takes")
    assert served(book) == kept
    assert {path.parent.name for path in (book / "takes").rglob("*.json")} == folders
    assert not [path for path in (book / "takes").glob("??/*") if not any(path.iterdir())]


def test_the_ledger_knows_what_was_removed(book: Path) -> None:
    """It stays paid for, and nobody misses it."""
    cut(book)
    prune(book, remove_now=True, paid=True)

    reckoning = reckon(book)

    assert (reckoning.exit_code, reckoning.totals[0].paid) == (0, 0.05)
    assert (reckoning.stock.pruned, reckoning.stock.takes, reckoning.stock.gone) == (2, 5, 0)


def test_takes_of_another_machine_are_paid_for_too(tmp_path: Path) -> None:
    """What they cost is written down before they go."""
    book = write_book(tmp_path / "book", ONE, TWO)
    buy(book, written_down=False)
    cut(book)

    prune(book, remove_now=True, paid=True)

    assert reckon(book).totals[0].paid == 0.05


def test_prices_are_told_by_currency(tmp_path: Path) -> None:
    book = write_book(tmp_path / "book", ONE, TWO)
    buy(book, only=["c02-u001"], currency="EUR", cost=2.5)
    buy(book)
    (book / "manuscript" / "02.md").unlink()

    pruning = prune(book, paid=True)

    assert pruning.cost == (Spent(amount=2.5, currency="EUR"), Spent(amount=0.01, currency="USD"))


def test_a_take_that_somebody_chose_stays_even_if_its_line_rests(book: Path) -> None:
    line = next(line for line in lines(book) if line.utterance.text == "Free again.")
    assert line.take
    choice = {"line": "c02-u003", "text": "Free again.", "key": line.take.key, "take": line.take.id}
    (book / "choices.yaml").write_text(json.dumps({"choices": [choice]}))
    cut(book)

    prune(book, remove_now=True, paid=True)

    assert flac(book, line.take).exists()
    assert takes(book) == 6


def test_other_takes_of_a_line_are_not_in_use(book: Path) -> None:
    kept = served(book)
    buy(book, only=["c01-u003"], again=True)

    pruning = prune(book, remove_now=True, paid=True)

    assert [each.text for each in pruning.takes] == ["Another line."]
    assert served(book) == kept


def test_identical_lines_keep_their_takes(tmp_path: Path) -> None:
    """
    A take that serves no line stays where it tells which of two identical lines another take is for:
    the first and the last "Yes." were recorded after takes that pickups have replaced since.
    """
    book = write_book(
        tmp_path / "book", "# One\n\nAnn. Yes. Ben. Yes. Cut. Yes.\n", cast="narrator: hume/Ava Song\n"
    )
    title, ann, first, ben, second, cut_, third = lines(book)
    store = TakeStore(book / "takes")
    put(store, title, 0)
    old_ann, new_ann = (put(store, ann, number) for number in (1, 2))
    old_cut, new_cut = (put(store, cut_, number) for number in (3, 4))
    spare = put(store, title, 5)
    put(store, first, 6, after=old_ann, nth=3)
    put(store, second, 7, after=put(store, ben, 8), nth=2)
    put(store, third, 9, after=old_cut, nth=1)
    choices = [
        {"line": line.utterance.id, "text": line.utterance.text, "key": take.key, "take": take.id}
        for line, take in ((ann, new_ann), (cut_, new_cut))
    ]
    (book / "choices.yaml").write_text(json.dumps({"choices": choices}))
    kept = served(book)

    pruning = prune(book, remove_now=True, paid=True)

    assert served(book) == kept
    assert len({each for each in kept if each}) == 7
    assert len(pruning.takes) == 1, [each.text for each in pruning.takes]
    assert spare.id in kept or pruning.takes[0].take == spare.id
    assert flac(book, old_ann).exists()
    assert flac(book, old_cut).exists()


def test_a_project_that_is_wrong_is_not_pruned(book: Path) -> None:
    (book / "manuscript" / "02.md").write_text("# Two\n\nNOBODY: Who am I?\n")
    before = left(book)

    with pytest.raises(ProjectError, match=r"02\.md:3"):
        prune(book, remove_now=True, paid=True)
    assert left(book) == before


def test_nothing_is_removed_while_another_narrator_works(book: Path) -> None:
    cut(book)
    before = left(book)
    with at_work(book):
        assert len(prune(book).takes) == 1
        answer = told("prune", book, "--yes")

    ended(answer, 6, "another narrator", "nothing was removed")
    assert left(book) == before


def test_what_another_narrator_stores_meanwhile_is_not_missing(tmp_path: Path) -> None:
    """Each look beside its work finds every take that its ledger knows."""
    book = write_book(tmp_path / "book", "# One\n\n" + "".join(f"Line {n}.\n\n" for n in range(150)))
    with ThreadPoolExecutor(1) as elsewhere:
        recording = elsewhere.submit(buy, book)
        looks = [prune(book)]
        while not recording.done():
            looks.append(prune(book))

    assert len(recording.result()) == 151
    assert [each.missing for each in looks] == [0] * len(looks)


def test_damaged_takes_go_as_far_as_they_cost_nothing(book: Path) -> None:
    paid, free = (
        next(line.take for line in lines(book) if line.utterance.role == role)
        for role in ("narrator", "Mara")
    )
    assert paid
    assert free
    store = TakeStore(book / "takes")
    for take in (paid, free):
        store.set_aside(take.key, take.id)

    careful, bold = prune(book, remove_now=True), prune(book, remove_now=True, paid=True)

    assert [(each.take, each.kind) for each in careful.takes] == [(free.id, "damaged")]
    assert [(each.take, each.kind) for each in bold.takes] == [(paid.id, "damaged")]
    assert reckon(book).exit_code == 0
    assert not list((book / "takes").rglob("*.damaged"))


def test_what_is_left_of_takes_is_removed(book: Path) -> None:
    """Audio without a sidecar; audio that was set aside before it was recorded again; unfinished files."""
    first, second = (line.take for line in lines(book)[:2])
    assert first
    assert second
    kept = served(book)
    flac(book, first).with_suffix(".flac.damaged").write_bytes(b"old")
    orphan = flac(book, second).with_name("0123456789abcdef.flac")
    orphan.write_bytes(b"fLaC")
    unfinished = book / "takes" / ".narrator-0123.part"
    unfinished.write_bytes(b"half")
    strange = flac(book, second).with_name("notes.txt")
    strange.write_text("mine")

    answer = told("prune", book, "--yes")

    ended(answer, 0, "removed 2 takes", "removed 1 unfinished file")
    assert not list((book / "takes").rglob("*.damaged"))
    assert not orphan.exists()
    assert not unfinished.exists()
    assert strange.read_text() == "mine"
    assert served(book) == kept


def test_a_sidecar_that_cannot_be_read_may_have_been_paid_for(book: Path) -> None:
    take = lines(book)[0].take
    assert take
    flac(book, take).with_suffix(".json").write_text("{")

    assert prune(book).takes == ()
    assert [(each.take, each.cost) for each in prune(book).kept] == [(take.id, None)]


def test_audio_that_was_paid_for_and_lost_its_sidecar_stays(book: Path) -> None:
    """The sidecar may be in another copy of the store."""
    take = lines(book)[0].take
    assert take
    sidecar = flac(book, take).with_suffix(".json")
    content = sidecar.read_bytes()
    sidecar.unlink()

    answer = told("prune", book, "--yes")

    ended(answer, 0, "1 take, ", "paid for and without use", "1 paid take gone")
    sidecar.write_bytes(content)
    assert lines(book)[0].take == take
    sidecar.unlink()
    ended(told("prune", book, "--yes", "--paid"), 0, "removed 1 take")
    assert not flac(book, take).exists()


def test_paid_takes_that_are_gone_are_given_up_when_asked(book: Path) -> None:
    take = lines(book)[0].take
    assert take
    flac(book, take).unlink()
    flac(book, take).with_suffix(".json").unlink()
    assert reckon(book).exit_code == 6

    assert prune(book, remove_now=True).missing == 1
    assert reckon(book).exit_code == 6
    answer = told("prune", book, "--yes", "--paid")

    ended(answer, 0, "1 paid take gone: given up")
    assert reckon(book).exit_code == 0


def test_takes_behind_a_symbolic_link_are_not_touched(book: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    cut(book)
    unused = next(
        path
        for path in (book / "takes").glob("??")
        if not any(line.take and line.take.key.startswith(path.name) for line in lines(book))
    )
    unused.rename(outside)
    unused.symlink_to(outside)
    before = left(tmp_path, "outside")

    prune(book, remove_now=True, paid=True)

    assert left(tmp_path, "outside") == before


def test_what_cannot_be_removed_is_an_error(book: Path) -> None:
    """The sidecar is removed first, so what is left is no take; the next time it is litter."""
    cut(book)
    before = len(list((book / "takes").rglob("*.json")))
    pruning = prune(book)
    (gone,) = pruning.takes
    place = TakeStore(book / "takes").path(gone.key, gone.take)
    place.unlink()
    place.mkdir()  # no file, so it cannot be unlinked

    pruning = prune(book)
    assert [each.kind for each in pruning.takes] == ["damaged"]
    prune(book, remove_now=True)
    assert len(list((book / "takes").rglob("*.json"))) == before - 1


def test_a_process_that_is_killed_while_it_removes_does_no_harm(book: Path) -> None:
    """At every step: the takes in use are served as before, and the next time the rest is removed."""
    cut(book)
    kept = served(book)
    script = (
        "import os, pathlib, signal, sys\n"
        "from narrator.pruning import prune\n"
        "steps = int(sys.argv[2])\n"
        "def watch(event, arguments):\n"
        "    global steps\n"
        "    if event == 'os.remove' and str(arguments[0]).endswith(('.json', '.flac')):\n"
        "        steps -= 1\n"
        "        if steps < 0:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(watch)\n"
        "prune(pathlib.Path(sys.argv[1]), remove_now=True, paid=True)\n"
    )
    for step in (1, 0):
        done = subprocess.run(
            [sys.executable, "-c", script, str(book), str(step)], check=False, env=dict(os.environ)
        )
        assert done.returncode == -signal.SIGKILL
        assert served(book) == kept
        assert reckon(book).exit_code == 0

    prune(book, remove_now=True, paid=True)

    assert takes(book) == 5
    assert served(book) == kept
    assert reckon(book).exit_code == 0
