"""What Supertone's requests cost: foreseen before each is sent, measured on the sound that came."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from narrator.errors import BudgetExceeded, OutOfCredit, ProviderError, RequestRefused
from narrator.manuscript import Mark
from narrator.spending import MILLION, Bill, Outcome
from tests.outside import Answer
from tests.providers.accounts import Notebook
from tests.providers.supertone.asking import at, request
from tests.providers.supertone.sona import Sona, cut_off, no, seconds, whole

SENTENCE = "The old man of the sea said: “No.”"
SPOKEN_S = 0.1 + 0.04 * len(SENTENCE) + 0.06
"""How long the fake speaks it."""
PRICE = 1.2


def priced(amount_s: float, characters: int = len(SENTENCE)) -> Bill:
    """What so much sound costs."""
    return Bill(characters, round(amount_s * PRICE * MILLION / 60), "USD")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_sound_is_billed_by_its_length(speed: float, stream: bool, sona: Sona) -> None:
    """Foreseen from the characters and the speed; measured on the samples."""
    account = Notebook()
    with closing(at(sona, price_per_minute=PRICE, stream=stream)) as supertone:
        (made,) = supertone.generate(request(SENTENCE, speed=speed), account=account)

    (written,) = account.written
    assert account.outcomes == ["answered"]
    assert written.bill == priced(len(SENTENCE) / 14.5 / speed)
    assert written.paid == priced(len(made.pcm) / made.rate)
    assert len(made.pcm) / made.rate == pytest.approx(SPOKEN_S / speed, abs=0.001)
    assert (made.characters, made.currency) == (len(SENTENCE), "USD")
    assert round(made.cost * MILLION) == written.paid.amount
    assert not sona.predicted


def test_the_service_is_asked_beforehand_where_that_is_wanted(sona: Sona) -> None:
    account, asked = Notebook(), request(SENTENCE)
    with closing(at(sona, price_per_minute=PRICE, predict=True)) as supertone:
        foreseen_ms = supertone.predict_ms(asked)
        supertone.generate(asked, account=account)

    assert len(sona.predicted) == 1
    assert account.written[0].bill == priced(foreseen_ms / 1000)
    assert foreseen_ms == round(SPOKEN_S * 1000)


def test_silence_that_is_put_in_by_narrator_costs_nothing(sona: Sona) -> None:
    account = Notebook()
    pause = Mark(kind="pause", start=0, end=0, value="5000")
    with closing(at(sona, price_per_minute=PRICE)) as supertone:
        (made,) = supertone.generate(request(SENTENCE, pause), account=account)

    assert len(made.pcm) / made.rate > 5
    assert account.written[0].paid == priced(SPOKEN_S)


def test_where_there_is_nothing_to_say_nothing_is_paid(sona: Sona) -> None:
    account = Notebook()
    with closing(at(sona, price_per_minute=PRICE)) as supertone:
        (made,) = supertone.generate(request("…"), account=account)

    assert [(each.paid, each.outcome) for each in account.written] == [(Bill(0, 0, "USD"), "answered")]
    assert (made.characters, made.cost) == (0, 0)
    assert not sona.seen


def test_without_a_price_nothing_is_counted_but_characters(sona: Sona) -> None:
    account = Notebook()
    with closing(at(sona)) as supertone:
        (made,) = supertone.generate(request(SENTENCE), account=account)
        assert not supertone.models["sona_speech_1"].price_known

    assert account.written[0].paid == Bill(len(SENTENCE), 0, "USD", known=False)
    assert made.cost == 0


ENDS: Mapping[str, tuple[Answer, Outcome]] = {
    "refused": (no(400, "no"), "refused"),
    "no credit": (no(402, "no"), "refused"),
    "too many": (no(429, "no"), "refused"),
    "out of order": (no(500, "no"), "refused"),
    "gateway timed out": (Answer(status=504), "broken"),
    "garbage": (Answer(b"<html></html>"), "broken"),
    "empty": (Answer(b""), "broken"),
}


@pytest.mark.parametrize(("step", "outcome"), ENDS.values(), ids=ENDS)
def test_every_attempt_is_written_down_with_its_end(step: Answer, outcome: Outcome, sona: Sona) -> None:
    account = Notebook()
    sona.add(sona.answer, *[step] * 3)
    with closing(at(sona, price_per_minute=PRICE)) as supertone, pytest.raises(ProviderError):
        supertone.generate(request(SENTENCE), account=account)

    assert set(account.outcomes) == {outcome}
    assert len(account.written) == sona.billed()
    assert all(account.reasons)


def test_a_cut_answer_is_perhaps_paid_and_asked_for_once_more(sona: Sona) -> None:
    account = Notebook()
    sona.add(sona.answer, lambda seen: cut_off(whole(seen.json()), 999))
    with closing(at(sona, price_per_minute=PRICE)) as supertone:
        supertone.generate(request(SENTENCE), account=account)

    assert account.outcomes == ["broken", "answered"]
    assert account.written[0].paid == account.written[0].bill


def test_a_prediction_that_is_refused_leaves_the_line_to_be_asked_for(sona: Sona) -> None:
    account = Notebook()
    sona.add(sona.answer, no(400, "not today"))
    with closing(at(sona, price_per_minute=PRICE, predict=True)) as supertone:
        supertone.generate(request(SENTENCE), account=account)
    assert account.written[0].bill == priced(len(SENTENCE) / 14.5)


def test_an_empty_account_stops_at_the_prediction(sona: Sona) -> None:
    account = Notebook()
    sona.add(sona.answer, no(402, "no credits"))
    with closing(at(sona, predict=True)) as supertone, pytest.raises(OutOfCredit):
        supertone.generate(request(SENTENCE), account=account)
    assert account.written == []


def test_much_less_sound_than_was_foreseen_is_no_whole_answer(sona: Sona) -> None:
    """Nothing in the answer itself betrays that."""

    def short(body: Mapping[str, Any]) -> Answer:
        return whole({**body, "text": body["text"][:12]})

    sona.add(sona.answer, sona.answer, lambda seen: short(seen.json()))
    account = Notebook()
    with closing(at(sona, predict=True)) as supertone:
        (made,) = supertone.generate(request(SENTENCE), account=account)

    assert account.outcomes == ["broken", "answered"]
    assert len(made.pcm) / made.rate == pytest.approx(seconds(sona.asked[-1]), abs=0.001)


def test_what_is_refused_beforehand_is_in_no_account(sona: Sona) -> None:
    account = Notebook()
    with closing(at(sona)) as supertone:
        for bad in ({"direction": "furious"}, {"voice": "Nobody"}, {"speed": 9.0}):
            with pytest.raises(RequestRefused):
                supertone.generate(request(SENTENCE, **bad), account=account)
        with pytest.raises(BudgetExceeded):
            supertone.generate(
                request(SENTENCE), account=Notebook(allows=0, refusal=BudgetExceeded("no more"))
            )
    assert account.written == []
    assert sona.billed() == 0
