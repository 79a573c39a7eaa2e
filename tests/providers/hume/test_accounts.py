"""What Hume's requests cost, and what becomes of each in the account of its line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from narrator.errors import BudgetExceeded, OutOfCredit, ProviderError, RequestRefused, ServiceGone
from narrator.manuscript import Mark
from narrator.providers.hume import Hume
from narrator.spending import MILLION, Bill, Outcome
from narrator.takes import Generation
from tests.outside import Answer, Outside, closed_port, lines, said
from tests.providers.accounts import Notebook
from tests.providers.hume.asking import HASTY, at, request, take, within
from tests.providers.hume.octave import Octave, tone
from tests.providers.hume.test_failures import FAILURES, SLOW, audio

SENTENCE = "The old man of the sea said: “No.”"
PAUSE = Mark(kind="pause", start=4, end=4, value="300")


def told(made: tuple[Generation, ...]) -> Bill:
    """What generations say that they cost, all of them."""
    (currency,) = {each.currency for each in made}
    millionths = [each.cost * MILLION for each in made]
    assert [round(each) for each in millionths] == pytest.approx(millionths, abs=1e-6)
    return Bill(sum(each.characters for each in made), sum(map(round, millionths)), currency)


@pytest.mark.parametrize("generations", [1, 3])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("model", "millionths"), [("octave-1", 150), ("octave-2", 75)])
def test_speech_is_billed_by_the_characters_that_are_sent(
    model: str, millionths: int, stream: bool, generations: int, octave: Octave
) -> None:
    """The service's marks among them, for every reading."""
    asked, account = request("One, two.", PAUSE, model=model), Notebook()
    with closing(at(octave, stream=stream, num_generations=generations)) as hume:
        made = hume.generate(asked, account=account)
        estimated = hume.characters(asked)

    sent = octave.asked[0]["utterances"][0]["text"]
    assert sent == "One, [pause] two."
    assert estimated == len(sent)
    characters = len(sent) * generations
    assert [each.bill for each in account.written] == [Bill(characters, characters * millionths, "USD")]
    assert account.outcomes == ["answered"]
    assert told(made) == account.written[0].bill
    account.check_foresaw(octave.seen)


def test_an_odd_price_is_divided_to_the_millionth(octave: Octave) -> None:
    account = Notebook()
    with closing(at(octave, num_generations=3, price_per_1000=0.0333)) as hume:
        made = hume.generate(request("Seven, a"), account=account)

    assert account.written[0].bill == Bill(24, 799, "USD")  # 799.2
    assert [each.cost for each in made] == [0.000267, 0.000266, 0.000266]
    assert told(made) == account.written[0].bill


def test_a_free_server_is_billed_nothing(octave: Octave) -> None:
    account = Notebook()
    with closing(at(octave, price_per_1000=0)) as hume:
        made = hume.generate(request("One."), account=account)

    assert account.written[0].bill == told(made) == Bill(4, 0, "USD")


def test_a_recording_is_converted_once(octave: Octave) -> None:
    account = Notebook()
    asked = request("what the guide says", guide="0" * 64)
    with closing(at(octave, num_generations=3)) as hume:
        made = hume.generate(asked, guide=tone("what the guide says"), account=account)

    assert [each.bill for each in account.written] == [told(made)] == [Bill(19, 19 * 75, "USD")]


def sailor(text: str, **rest: Any) -> Any:
    return request(text, model="octave-1", voice="", description="an old sailor", **rest)


def test_a_voice_is_billed_with_the_line_that_makes_it(octave: Octave) -> None:
    """Keeping it costs nothing, and is in no account."""
    account = Notebook()
    with closing(at(octave, num_generations=2)) as hume:
        made = hume.generate(sailor("Ahoy."), account=account)
        assert hume.requests == 2

    assert [each.bill for each in account.written] == [told(made)] == [Bill(5, 750, "USD")]
    assert account.outcomes == ["answered"]


def test_a_voice_and_a_direction_are_billed_apart(octave: Octave) -> None:
    """One reading for the voice, as many as are wanted for the line; its takes carry both."""
    account = Notebook()
    with closing(at(octave, num_generations=2)) as hume:
        made = hume.generate(sailor("Ahoy.", direction="whispering"), account=account)

    assert [each.bill for each in account.written] == [Bill(5, 750, "USD"), Bill(10, 1500, "USD")]
    assert account.outcomes == ["answered", "answered"]
    assert [(each.characters, round(each.cost * MILLION)) for each in made] == [(8, 1125), (7, 1125)]
    assert told(made) == Bill(15, 2250, "USD")


def test_a_voice_that_passes_the_budget_with_its_line(octave: Octave) -> None:
    """What was sent has its end, and the line is not sent."""
    refusal = BudgetExceeded("no more")
    account = Notebook(allows=1, refusal=refusal)
    with closing(at(octave)) as hume, pytest.raises(BudgetExceeded) as caught:
        hume.generate(sailor("Ahoy.", direction="whispering"), account=account)

    assert caught.value is refusal
    assert account.outcomes == ["answered"]
    assert len(octave.asked) == 1


def test_a_context_that_is_refused_costs_nothing(octave: Octave) -> None:
    """And each way to say it is a request of its own."""
    account = Notebook()
    octave.add(
        said({"message": "Unknown generation"}, status=400),
        lines({"type": "error", "message": "context generation not found"}),
    )
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("Two."), before=take("One.").precedent, account=account)

    assert account.outcomes == ["refused", "refused", "answered"]
    assert account.written[-1].bill == told((made,))
    assert made.context == "none"


def test_a_budget_ends_the_search_for_a_context(octave: Octave) -> None:
    account = Notebook(allows=1, refusal=BudgetExceeded("no more"))
    with closing(at(octave)) as hume, pytest.raises(BudgetExceeded):
        hume.generate(request("Two."), before=take("One.").precedent, account=account)

    assert account.outcomes == ["refused"]
    assert len(octave.seen) == 1


NOT_BROKEN: Mapping[str, list[Outcome]] = {
    "credit, 400": ["refused"],
    "credit, a line of a stream": ["refused"],
    "credit, nothing at all": ["broken", "refused"],
    "the edge": ["refused"],
    "key": ["refused"],
    "key, in text": ["refused"],
    "schema": ["refused"],
    "voice": ["refused"],
    "too many": ["refused"] * 3,
    "too many, with a hint": ["refused"] * 3,
    "fault": ["refused"] * 3,
    "no path": ["refused"],
    "gone": ["refused"],
    "moved": ["refused"],
}
"""Of the failures that are, or may be, no bill; every attempt of the others may be one."""


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_an_entry_of_its_own(failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there were requests, each before its request, none left open; and no reason has the key."""
    key = "sesame-0123456789-open"
    monkeypatch.setenv("HUME_API_KEY", key)
    step, kind, requests = FAILURES[failure]
    account = Notebook()
    patience = within(0.25) if failure in SLOW else HASTY
    with Outside(then=step) as outside, closing(at(outside, patience=patience)) as hume:
        with pytest.raises(kind):
            hume.generate(request("One."), account=account)
        assert hume.requests == len(outside.seen) == requests

    assert account.outcomes == NOT_BROKEN.get(failure, ["broken"] * requests)
    assert all(reason and key not in reason and "\n" not in reason for reason in account.reasons)
    assert {each.bill for each in account.written} == {Bill(4, 300, "USD")}
    account.check_foresaw(outside.seen)


@pytest.mark.parametrize(
    ("step", "kind", "outcomes"),
    [
        (lines({"type": "error", "code": "E0201", "message": "bad speed"}), RequestRefused, ["refused"]),
        (
            lines(audio(last=False), {"type": "error", "code": "E0201", "message": "bad speed"}),
            RequestRefused,
            ["broken"],
        ),
        (lines(audio(last=False), {"code": "E0300", "message": "No."}), OutOfCredit, ["broken"]),
        (said({"code": "E0300", "message": "No."}), OutOfCredit, ["refused"]),
    ],
)
def test_a_refusal_within_an_answer_costs_something_once_sound_came(
    step: Answer, kind: type[ProviderError], outcomes: list[Outcome], octave: Octave
) -> None:
    """Perhaps: how much of a line is billed that was begun is not known."""
    account = Notebook()
    octave.add(step)
    with closing(at(octave)) as hume, pytest.raises(kind):
        hume.generate(request("One."), account=account)

    assert account.outcomes == outcomes


def test_an_error_in_place_of_a_whole_answer(octave: Octave) -> None:
    account = Notebook()
    octave.add(said({"code": "E0300", "message": "No."}))
    with closing(at(octave, stream=False)) as hume, pytest.raises(OutOfCredit):
        hume.generate(request("One."), account=account)

    assert account.outcomes == ["refused"]


def test_a_line_that_arrives_at_the_second_try_has_both_in_its_account(octave: Octave) -> None:
    account = Notebook()
    octave.add(Answer(json.dumps(audio()).encode(), cut=40), Answer(status=429))
    with closing(at(octave)) as hume:
        (made,) = hume.generate(request("One."), account=account)

    assert account.outcomes == ["broken", "refused", "answered"]
    assert told((made,)) == account.written[-1].bill


@pytest.mark.parametrize("wrong", ["", "x" * 5001])
def test_what_is_refused_before_it_is_sent_is_in_no_account(wrong: str, octave: Octave) -> None:
    account = Notebook()
    with closing(at(octave)) as hume, pytest.raises(RequestRefused):
        hume.generate(request(wrong), account=account)

    assert account.outcomes == []
    assert octave.seen == []


def test_a_service_that_is_gone_is_sent_nothing() -> None:
    account = Notebook()
    hume = Hume({"base_url": f"http://127.0.0.1:{closed_port()}"}, patience=HASTY)
    with closing(hume), pytest.raises(ServiceGone):
        hume.generate(request(SENTENCE), account=account)

    assert set(account.outcomes) == {"unsent"}
    assert len(account.written) == hume.requests
