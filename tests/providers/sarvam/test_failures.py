"""Everything that can fail with Sarvam, and the key, which nobody is told."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from narrator.errors import (
    BudgetExceeded,
    ConfigurationError,
    KeyMissing,
    KeyRefused,
    OutOfCredit,
    ProviderError,
    RequestRefused,
    ServiceFailed,
    ServiceGone,
)
from narrator.providers.sarvam import Sarvam
from tests.outside import DROP, HANG, RESET, Answer, Outside, Step, closed_port, drip, said
from tests.providers.accounts import Notebook
from tests.providers.sarvam.asking import HASTY, at, request, within
from tests.providers.sarvam.bulbul import Bulbul, encoded, in_pieces, samples, wrong

KEY = "sesame-0123456789-open"
SOUND = encoded("One.", "linear16")
LATER = wrong("Rate limit exceeded", status=429, code="rate_limit_exceeded_error")
EMPTY = wrong("No credits left", status=429, code="insufficient_quota_error")


def test_without_a_key_nothing_is_asked_of_the_service() -> None:
    for settings in ({}, {"base_url": "https://sarvam.example.org"}):
        with closing(Sarvam(settings)) as sarvam:
            with pytest.raises(KeyMissing, match="SARVAM_API_KEY"):
                sarvam.generate(request("One."))
            assert sarvam.requests == 0


def test_a_server_on_this_machine_needs_no_key(bulbul: Bulbul, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", "  ")
    with closing(at(bulbul)) as sarvam:
        sarvam.generate(request("One."))
    assert "api-subscription-key" not in bulbul.seen[0].headers


def test_the_environment_leads_to_another_server(bulbul: Bulbul, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_BASE_URL", bulbul.url)
    with closing(Sarvam({"base_url": "https://api.sarvam.ai"})) as sarvam:
        sarvam.generate(request("One."))
    assert len(bulbul.seen) == 1


def test_a_key_is_sent_in_its_header_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", f" {KEY}\n")
    with Bulbul(key=KEY) as outside, closing(at(outside)) as sarvam:
        (made,) = sarvam.generate(request("Kvothe.", lexicon={"Kvothe": "quoth"}))
        list(sarvam.stream(request("One."), "wav"))
    assert len(outside.seen) == 4
    assert {seen.headers["api-subscription-key"] for seen in outside.seen} == {KEY}
    for seen in outside.seen:
        assert KEY.encode() not in seen.path.encode() + seen.body
    assert KEY not in repr(made) + repr(sarvam) + repr(vars(sarvam))


def test_a_key_goes_unprotected_to_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", KEY)
    sarvam = Sarvam({"base_url": "http://sarvam.example.org"})
    with closing(sarvam), pytest.raises(ConfigurationError) as caught:
        sarvam.generate(request("One."))
    assert KEY not in told(caught.value)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (wrong(f"unknown key {KEY}", status=403, code="invalid_api_key_error"), KeyRefused),
        (wrong(f"no credit for {KEY}", status=429, code="insufficient_quota_error"), OutOfCredit),
        (wrong(f"bad {KEY}", status=400, code="invalid_request_error"), RequestRefused),
        (Answer(f"<html>{KEY}</html>".encode(), status=403), ProviderError),
        (said({"error": {"message": f"echo {KEY}", "code": "invalid_request_error"}}), RequestRefused),
        (Answer(f"<html>{KEY}</html>".encode()), ServiceFailed),
        (Answer(f"<html>{KEY}</html>".encode(), status=502), ServiceFailed),
        (Answer(KEY.encode(), status=404), ServiceGone),
    ],
)
def test_a_key_that_is_sent_back_is_not_shown(
    step: Answer, kind: type[ProviderError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", KEY)
    account = Notebook()
    with Outside(then=step) as outside, closing(at(outside)) as sarvam:
        with pytest.raises(kind) as caught:
            sarvam.generate(request("One."), account=account)
        with pytest.raises(kind) as heard:
            list(sarvam.stream(request("One."), "wav"))
    assert KEY not in told(caught.value) + told(heard.value) + "".join(account.reasons)


def told(error: BaseException) -> str:
    """Everything an error tells anybody: its words and facts, and those of what it came from."""
    seen = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        seen += [str(link), repr(link), repr(link.args), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(seen)


FAILURES: Mapping[str, tuple[Step, type[ProviderError], int]] = {
    "credit": (EMPTY, OutOfCredit, 1),
    "credit, 402": (said({"message": "pay"}, status=402), OutOfCredit, 1),
    "later": (LATER, ServiceFailed, 3),
    "overload": (wrong("busy", status=503, code="rate_limit_exceeded_error"), ServiceFailed, 3),
    "fault": (wrong("oops", status=500, code="model_call_error"), ServiceFailed, 3),
    "gateway": (Answer(b"<html>Bad gateway</html>", status=502), ServiceFailed, 3),
    "gateway that waited": (Answer(b"<html>Timeout</html>", status=504), ServiceFailed, 2),
    "key": (wrong("no", status=403, code="invalid_api_key_error"), KeyMissing, 1),
    "edge": (Answer(b"Forbidden", status=403), RequestRefused, 1),
    "refused": (wrong("no", status=400, code="invalid_request_error"), RequestRefused, 1),
    "path": (wrong("no", status=404, code="not_found_error"), ServiceGone, 1),
    "web page": (Answer(b"<html>Welcome to the internet</html>"), ServiceFailed, 2),
    "no sound": (Answer(b""), ServiceFailed, 2),
    "JSON": (said({"audios": ["AAAA"]}), ServiceFailed, 2),
    "in-band credit": (said({"error": {"code": "insufficient_quota_error", "message": "x"}}), OutOfCredit, 1),
    "in-band refusal": (
        said({"error": {"code": "invalid_request_error", "message": "x"}}),
        RequestRefused,
        1,
    ),
    "in-band fault": (said({"error": {"code": "internal_server_error", "message": "x"}}), ServiceFailed, 2),
    "cut": (Answer([SOUND, SOUND], cut=5000), ServiceFailed, 2),
    "cut at its end": (Answer(SOUND, cut=len(SOUND) - 2), ServiceFailed, 2),
    "half a sample": (Answer(SOUND[:-1]), ServiceFailed, 2),
    "next to nothing": (Answer(SOUND[:2000]), ServiceFailed, 2),
    "half a file": (Answer(encoded("One.", "wav")[:30]), ServiceFailed, 2),
    "reset": (RESET, ServiceFailed, 2),
    "dropped": (DROP, ServiceFailed, 2),
    "says nothing": (HANG, ServiceFailed, 2),
    "stops in the middle": (Answer([SOUND, SOUND], cut=5000, ending="hang"), ServiceFailed, 2),
    "slow drip": (drip(SOUND[:500], every_s=0.05), ServiceFailed, 2),
}
SLOW = ("says nothing", "stops in the middle", "slow drip")


@pytest.mark.parametrize("name", FAILURES)
def test_failures(name: str) -> None:
    """Each is the right error, after as many attempts as it is worth; each attempt has its end."""
    step, kind, attempts = FAILURES[name]
    account = Notebook()
    with Outside(then=step) as outside:
        with closing(at(outside, patience=within(0.2) if name in SLOW else HASTY)) as sarvam:
            with pytest.raises(kind, match="sarvam: ") as caught:
                sarvam.generate(request("One."), account=account)
            assert type(caught.value) is kind or isinstance(caught.value, RequestRefused)
            assert sarvam.requests == attempts
        assert len(account.written) == attempts
        free = kind is not ServiceFailed or attempts == 3
        assert set(account.outcomes) == ({"refused"} if free else {"broken"})
        account.check_foresaw(outside.seen)


@pytest.mark.parametrize(
    "name", sorted(FAILURES.keys() - {"half a sample", "next to nothing", "half a file"})
)
def test_listening_in_vain(name: str) -> None:
    """What can be told before all of it has come."""
    step, kind, _ = FAILURES[name]
    with Outside(then=step) as outside:
        patience = within(0.2) if name in SLOW else HASTY
        with closing(at(outside, patience=patience)) as sarvam, pytest.raises(kind):
            list(sarvam.stream(request("One."), "wav"))


@pytest.mark.parametrize(
    "step",
    [LATER, Answer(SOUND, cut=100), Answer(SOUND[:-1]), Answer(b"<html>x</html>", status=502), RESET, DROP],
)
def test_the_next_answer_is_a_good_one(step: Step) -> None:
    with Outside(step, Answer(in_pieces(SOUND, 333))) as outside, closing(at(outside)) as sarvam:
        account = Notebook()
        (made,) = sarvam.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert account.outcomes[-1] == "answered"
    assert len(account.written) == 2


def whole(*audios: Any, **rest: Any) -> Answer:
    return said({"request_id": None, "audios": list(audios), **rest})


GOOD = base64.b64encode(encoded("One.", "wav")).decode()
BARE = base64.b64encode(SOUND).decode()


@pytest.mark.parametrize(
    "step",
    [
        whole(),
        whole(GOOD, GOOD),
        whole(3),
        whole(""),
        whole("????"),
        whole(GOOD[:-1]),
        whole(base64.b64encode(b"RIFF").decode()),
        whole(base64.b64encode(SOUND[:-1]).decode()),
        whole(base64.b64encode(b"OggS" + b"\0" * 5000).decode()),
        said({"request_id": "r"}),
        said([GOOD]),
        said({"audios": GOOD}),
        Answer(json.dumps({"audios": [GOOD]}).encode(), cut=3000),
        Answer(b""),
        Answer(SOUND),
    ],
)
def test_answers_in_one_piece_that_cannot_be_used(step: Step) -> None:
    """Are asked for once more."""
    with Outside(step, whole(GOOD)) as outside, closing(at(outside, stream=False)) as sarvam:
        account = Notebook()
        (made,) = sarvam.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert account.outcomes == ["broken", "answered"]


@pytest.mark.parametrize("audio_format", ["linear16", "wav"])
@pytest.mark.parametrize("sound", [GOOD, BARE, f"\n{BARE[:60]}\n{BARE[60:]}\n"])
def test_what_came_in_letters_is_told_by_its_first_bytes(sound: str, audio_format: str) -> None:
    with Outside(whole(sound)) as outside, closing(at(outside, stream=False, format=audio_format)) as sarvam:
        (made,) = sarvam.generate(request("One."))
    assert np.array_equal(made.pcm, samples("One."))
    assert [name for name, _ in made.ids] == ["answer"]  # the service gives none


@pytest.mark.parametrize(
    ("sent", "wanted"), [("language_code", "target_language_code"), ("target_language_code", "language_code")]
)
def test_a_service_that_calls_the_language_otherwise(sent: str, wanted: str) -> None:
    with Bulbul(language_field=wanted) as outside:
        with closing(at(outside, language_field=sent)) as sarvam:
            with pytest.raises(RequestRefused, match=f"`language_field: {wanted}`") as caught:
                sarvam.generate(request("One."))
            assert caught.value.stops
        with closing(at(outside, language_field=wanted)) as sarvam:
            assert sarvam.generate(request("One."))
    assert set(outside.asked[-1]) & {"language_code", "target_language_code"} == {wanted}


def test_nobody_is_there() -> None:
    sarvam = Sarvam({"base_url": f"http://127.0.0.1:{closed_port()}"}, patience=HASTY)
    account = Notebook()
    with closing(sarvam), pytest.raises(ServiceGone, match=r"November 2026.*look at the address"):
        sarvam.generate(request("One."), account=account)
    assert set(account.outcomes) == {"unsent"}


def test_a_budget_that_is_passed_stops_the_request(bulbul: Bulbul) -> None:
    """The dictionary costs nothing, and is in no account."""
    refusal = BudgetExceeded("no more")
    with closing(at(bulbul)) as sarvam, pytest.raises(BudgetExceeded):
        sarvam.generate(
            request("Kvothe.", lexicon={"Kvothe": "x"}), account=Notebook(allows=0, refusal=refusal)
        )
    assert bulbul.billed == 0


# Answers that end too early


LINE = "The lamp was lit before the boats came in, and nobody spoke of it again."


def lines(count: int) -> list[str]:
    return [f"{LINE} {'x' * (number % 7)}" for number in range(count)]


@pytest.mark.parametrize("text", ["Run!", "He did.", "Go"])
def test_a_short_text_is_not_said_in_a_moment_nor_without_a_sound(bulbul: Bulbul, text: str) -> None:
    """What comes instead is paid for and asked for again."""
    moment, nothing = Answer(encoded(text, "linear16")[: 62 * 48]), Answer(bytes(3 * 48_000))
    for bad, reason in ((moment, "62 ms of sound came"), (nothing, "silence came")):
        account = Notebook()
        with closing(at(bulbul)) as sarvam:
            bulbul.add(bad)
            (made,) = sarvam.generate(request(text), account=account)
            assert np.array_equal(made.pcm, samples(text))
            assert account.outcomes == ["broken", "answered"]
            assert reason in account.reasons[0]

            bulbul.add(bad, bad)
            with pytest.raises(ServiceFailed, match=reason):
                sarvam.generate(request(text))


def test_a_text_without_letters_may_be_silent(bulbul: Bulbul) -> None:
    bulbul.add(Answer(bytes(2400)))
    with closing(at(bulbul)) as sarvam:
        (made,) = sarvam.generate(request("…"))
    assert len(made.pcm) == 1200


def test_a_missing_key_is_no_news_of_the_service() -> None:
    with closing(Sarvam()) as sarvam, pytest.raises(KeyMissing, match=r"`--rehearse`$"):
        sarvam.generate(request("One."))


def short(text: str) -> Answer:
    """An answer that ends well after a third."""
    sound = encoded(text, "linear16")
    return Answer(sound[: len(sound) // 6 * 2])


def test_an_answer_that_ends_early_is_asked_for_once_more(bulbul: Bulbul) -> None:
    """Once it is known how this voice speaks."""
    account = Notebook()
    with closing(at(bulbul)) as sarvam:
        for text in lines(8):
            sarvam.generate(request(text))
        bulbul.add(short(LINE))
        (made,) = sarvam.generate(request(LINE), account=account)

    assert np.array_equal(made.pcm, samples(LINE))
    assert account.outcomes == ["broken", "answered"]
    assert "much less than this voice" in account.reasons[0]


def test_what_is_as_short_again_is_how_it_is_spoken(bulbul: Bulbul) -> None:
    with closing(at(bulbul)) as sarvam:
        for text in lines(8):
            sarvam.generate(request(text))
        bulbul.add(short(LINE), short(LINE))
        (made,) = sarvam.generate(request(LINE))

    assert len(made.pcm) < len(samples(LINE)) / 2


def test_a_voice_is_compared_with_itself_alone(bulbul: Bulbul) -> None:
    with closing(at(bulbul)) as sarvam:
        for text in lines(8):
            sarvam.generate(request(text))
        for other in (request(LINE, voice="ritu"), request(LINE, speed=2.0), request("Come in.")):
            bulbul.add(short(other.spoken.text))
            sarvam.generate(other)
        assert sarvam.requests == 11
