"""What a user sees when Octave fails in a book: one sentence, what is paid for kept, and a way on."""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import Told, ended, left, litter, told
from tests.octave_books import sentences, stored, write_book
from tests.outside import HANG, Answer, Outside, Seen, Step, lines, said
from tests.providers.hume.octave import Octave, Refused, wrong
from tests.runs import Run, Runs

KEY = "wistful-0123456789-otter"
SOON_S = 2.0
"""How long a command may take to end once nothing is in flight."""
LINES = 15


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HUME_API_KEY", "HUME_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def chapter(name: str, count: int = 5) -> str:
    """A chapter of one scene: its title, and lines."""
    return "\n\n".join([f"# {name}", *sentences(count - 1, of=name)]) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three chapters of five lines, asked for one after another."""
    chapters = (chapter(name) for name in ("One", "Two", "Three"))
    return write_book(tmp_path / "project", *chapters, settings="version: 2, concurrency: 1")


def spoken(octave: Octave) -> Counter[str]:
    """How often each text was spoken, which is what is paid for."""
    return Counter(made.text for made in octave.made.values())


def book(project: Path, octave: Outside, *options: str, key: str | None = KEY) -> Told:
    """Run `narrator book`, in this process, with Octave there."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HUME_BASE_URL", octave.url)
        if key is not None:
            environment.setenv("HUME_API_KEY", key)
        return told("book", project, "--json", *options)


def begun(runs: Runs, project: Path, url: str) -> Run:
    """`narrator book`, left to itself."""
    return runs.begin("book", project, "--json", environment={"HUME_BASE_URL": url, "HUME_API_KEY": KEY})


def kept(project: Path) -> set[str]:
    """The texts that have a take."""
    return {take.request.spoken.text for take in stored(project)}


def finish(project: Path, before: set[str]) -> None:
    """The next run makes the book, and asks only for what the last ones did not get."""
    with Octave() as octave:
        made = book(project, octave)
    ended(made, 0)
    assert (made.result["recorded"], made.result["reused"]) == (LINES - len(before), len(before))
    assert len(made.result["chapters"]) == 3
    paid = spoken(octave)
    assert not before & paid.keys()
    assert set(paid.values()) <= {1}
    assert len(kept(project)) == len(stored(project)) == LINES


WAYS_ON = ("2026-11-13", "--rehearse", "stand_in", "base_url", "narrator serve")


def test_a_key_that_is_refused(project: Path, tmp_path: Path, runs: Runs) -> None:
    """Asked once and no more; no file, no message and no traceback has the key that was wrong."""
    refused = said({"message": f"Invalid API key {KEY}"}, status=401)
    with Outside(then=refused) as outside:
        environment = {"HUME_BASE_URL": outside.url, "HUME_API_KEY": KEY}
        made, listed, heard = (
            runs.begin(*words, "--debug", environment=environment).wait()
            for words in (
                ("book", project, "--json"),
                ("voices", "hume"),
                ("say", "Hello.", "--voice", "hume/Ava Song", "-o", tmp_path / "x.mp3"),
            )
        )
        assert len(outside.seen) == 3

    ended(made, 4, "error: hume: the key in HUME_API_KEY is refused (Invalid API key ***); correct it")
    assert (made.result["recorded"], made.result["requests"], made.result["chapters"]) == (0, 1, [])
    assert listed.code == heard.code == 1  # a traceback, as --debug wants it
    for answer in (made, listed, heard):
        assert KEY not in answer.out + answer.err
        assert "KeyRefused" in answer.err or answer is made
    assert not any(KEY.encode() in content for content in left(project).values())
    assert not (tmp_path / "x.mp3").exists()


def test_without_a_key_nothing_is_sent(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUME_BASE_URL", "https://octave.example.org")

    made = told("book", project)

    ended(made, 4, "no key; set HUME_API_KEY in the environment", "`narrator serve`", "--rehearse")
    assert stored(project) == []


def test_an_address_that_is_no_place_for_a_key_is_told_where_it_came_from(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUME_BASE_URL", "http://octave.example.org")
    monkeypatch.setenv("HUME_API_KEY", KEY)

    made = told("book", project)

    ended(
        made, 3, "error: `base_url` of hume would send your key unprotected", "(it comes from HUME_BASE_URL)"
    )
    assert KEY not in made.err


EMPTY_ACCOUNT = {"code": "E0300", "slug": "zero_credits"}
NO_CREDIT: dict[str, Step] = {
    "a status": said(
        {"status_code": 400, "message": "Exhausted credit balance.", "details": EMPTY_ACCOUNT}, status=400
    ),
    "a line": lines({"type": "error", "message": "Exhausted credit balance.", **EMPTY_ACCOUNT}),
    "nothing": Answer(b""),
}


@pytest.mark.parametrize("shape", NO_CREDIT)
def test_an_account_that_runs_empty(shape: str, project: Path) -> None:
    """What was paid for is kept, the chapter that is complete is made, and the next run goes on."""
    with Octave() as octave:
        octave.add(*[octave.answer] * 8, *[NO_CREDIT[shape]] * 2)
        made = book(project, octave)
    before = kept(project)

    ended(made, 4, "error: hume: out of credit (", "what was recorded is kept: add credit and run again")
    assert made.err.count("out of credit") == 1
    assert len(octave.seen) == (10 if shape == "nothing" else 9)
    assert (made.result["recorded"], len(before)) == (8, 8)
    spent, wasted = made.result["spent"]["amount"], made.result["wasted"]["amount"]
    assert spent - wasted == pytest.approx(sum(map(len, before)) * 0.075 / 1000)
    assert (wasted > 0) == (shape == "nothing"), "an empty answer may have been billed"
    assert [each["title"] for each in made.result["chapters"]] == ["One"]
    assert litter(project) == []
    finish(project, before)


@pytest.mark.soak
def test_a_service_that_is_gone(project: Path, tmp_path: Path, runs: Runs) -> None:
    """Its door closes in the middle, or its name is not known: what may be the cause, and three ways on."""
    elsewhere = shutil.copytree(project, tmp_path / "elsewhere")
    unknown = begun(runs, elsewhere, "https://octave.invalid")  # beside the other, for both are waited for
    with Octave() as octave:

        def last(seen: Seen) -> Answer:
            octave.refuse()
            return replace(octave.answer(seen), ending="close")

        octave.add(*[octave.answer] * 6, last)
        made = book(project, octave)
    before = kept(project)

    ended(made, 4, f"no service at {octave.url} (connection refused)", *WAYS_ON)
    assert (made.result["recorded"], len(before)) == (7, 7)
    assert [each["title"] for each in made.result["chapters"]] == ["One"]
    ended(unknown.wait(), 4, "at https://octave.invalid (its name is not known)", *WAYS_ON)
    finish(project, before)


def test_a_line_that_is_refused_is_named_by_its_place(project: Path) -> None:
    """No other line suffers: chapters without it are made, and the line after it goes on from its text."""

    class Prim(Octave):
        def answer(self, seen: Seen) -> Answer:
            if "line 2 of Two" in seen.json()["utterances"][0]["text"]:
                return Refused(422, wrong("utterances", 0, "text")).answer
            return super().answer(seen)

    with Prim() as octave:
        made = book(project, octave)

    ended(
        made,
        4,
        "error: manuscript/02.md:5: hume: refused with status 422 at utterances[0].text: is not valid",
    )
    assert (made.result["recorded"], made.result["requests"]) == (14, 15)
    assert [each["title"] for each in made.result["chapters"]] == ["One", "Three"]
    (after,) = (body for body in octave.asked if "line 3 of Two" in body["utterances"][0]["text"])
    assert after["context"]["utterances"][0]["text"] == "This is line 2 of Two."

    text = (project / "manuscript" / "02.md").read_text()
    (project / "manuscript" / "02.md").write_text(text.replace("line 2 of Two", "line two of Two"))
    finish(project, kept(project))


def test_a_budget_is_not_passed(project: Path) -> None:
    (project / "book.yaml").write_text(f"{(project / 'book.yaml').read_text()}budget: {{amount: 0.01}}\n")
    with Outside() as outside:
        made = book(project, outside)

        ended(made, 5, "would cost about 0.0212 USD", "passes the budget of 0.01 USD in book.yaml")
        assert outside.seen == []


# Ended from outside


class Slow(Octave):
    """Takes its time over every answer."""

    def answer(self, seen: Seen) -> Answer:
        return replace(super().answer(seen), wait=0.5)


@pytest.fixture
def wide(project: Path) -> Path:
    """The same, asked for three lines at a time."""
    (project / "book.yaml").write_text((project / "book.yaml").read_text().replace("ency: 1", "ency: 3"))
    return project


def test_ctrl_c_keeps_what_is_in_flight(wide: Path, runs: Runs) -> None:
    """Nothing more is asked for, the answers that are under way are kept, and the command ends at once."""
    with Slow() as octave:
        running = begun(runs, wide, octave.url)
        octave.wait_for(5, within_s=30)
        running.send(signal.SIGINT)
        sent_at = time.monotonic()
        done = running.wait()
        ended_at = time.monotonic()
        asked = spoken(octave)

    assert octave.seen[-1].at < sent_at + 0.1
    assert ended_at - max(sent_at, octave.seen[-1].at + 0.5) < SOON_S
    assert kept(wide) == asked.keys()
    said_last = f"interrupted; {len(asked)} new takes kept, and the next run goes on from there"
    waits = "warning: interrupted; answers that are under way are waited for and kept: Ctrl-C again"
    ended(done, 130, waits, f"error: {said_last}")
    assert done.result["errors"] == [said_last]
    finish(wide, kept(wide))


@pytest.mark.parametrize("step", [Answer(status=429, headers={"Retry-After": "60"}), Answer(status=503)])
def test_ctrl_c_does_not_wait_for_what_is_not_in_flight(step: Step, wide: Path, runs: Runs) -> None:
    with Outside(then=step) as outside:
        running = begun(runs, wide, outside.url)
        outside.wait_for(1, within_s=30)
        running.send(signal.SIGINT)
        sent_at = time.monotonic()
        running.wait()

    assert running.code == 130
    assert time.monotonic() - sent_at < SOON_S


def test_ctrl_c_twice_waits_for_nothing(wide: Path, runs: Runs) -> None:
    """A service that never answers holds nobody up for longer than he wants to wait."""
    with Outside(then=HANG) as outside:
        running = begun(runs, wide, outside.url)
        outside.wait_for(3, within_s=30)
        running.send(signal.SIGINT)
        while "Ctrl-C again" not in running.told.err:
            assert running.code is None
            time.sleep(0.003)
        running.send(signal.SIGINT)
        sent_at = time.monotonic()
        done = running.wait()

    assert time.monotonic() - sent_at < SOON_S
    given_up = "3 requests under way were not waited for and may be billed (`narrator ledger` lists them)"
    ended(done, 130, f"interrupted; 0 new takes kept, and the next run goes on from there; {given_up}")
    ended(told("ledger", wide), 0, "3 requests were in flight", "c01-u001", "c02-u001", "c03-u001")


def test_a_kill_loses_only_what_was_in_flight(wide: Path, runs: Runs) -> None:
    with Slow() as octave:
        running = begun(runs, wide, octave.url)
        octave.wait_for(9, within_s=30)
        running.send(signal.SIGKILL)
        running.wait()

    before = kept(wide)
    assert before < spoken(octave).keys()
    assert len(before) >= 3
    finish(wide, before)
