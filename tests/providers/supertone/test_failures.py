"""What Supertone refuses and what it fails at: what is asked again, what is final, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import (
    ConfigurationError,
    KeyMissing,
    KeyRefused,
    OutOfCredit,
    ProviderError,
    RequestRefused,
    ServiceFailed,
    ServiceGone,
)
from narrator.providers.supertone import Supertone, refusals
from tests.outside import DROP, RESET, Answer, Outside, closed_port, said
from tests.providers.supertone.asking import HASTY, at, request
from tests.providers.supertone.sona import Sona, no

KEY = "sesame-0123456789-open"

SHAPES: Mapping[str, tuple[object, str]] = {
    "the documented one": (
        {"status": "error", "message": {"message": "No such thing", "error": "Not Found", "statusCode": 400}},
        "No such thing",
    ),
    "the described one": (
        {"status": "error", "message": {"message": "No such thing", "status_code": 400}},
        "No such",
    ),
    "a list": (
        {
            "status": "error",
            "message": {"message": ["text must be shorter", "and kinder"], "statusCode": 400},
        },
        "text must be shorter; and kinder",
    ),
    "text alone": ({"status": "error", "message": "just no"}, "just no"),
    "nothing outside": ({"message": ["just", "no"], "error": "Bad Request", "statusCode": 400}, "just; no"),
    "an error without a message": ({"status": "error", "message": {"error": "Bad Request"}}, "Bad Request"),
    "something else": ({"detail": [{"loc": ["body"]}]}, "detail"),
    "no object": (["no", 4], "no"),
}


@pytest.mark.parametrize(("body", "match"), SHAPES.values(), ids=SHAPES)
def test_every_shape_of_an_error_is_read(body: object, match: str, sona: Sona) -> None:
    sona.add(sona.answer, said(body, status=400))
    with closing(at(sona)) as supertone, pytest.raises(RequestRefused, match=match) as caught:
        supertone.generate(request("One."))

    assert caught.value.status == 400
    assert sona.billed() == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html><h1>Bad Request</h1></html>", b"\xff\xfe{", b'{"message": {}}']
)
def test_an_error_without_sense_is_an_error_all_the_same(body: bytes, sona: Sona) -> None:
    sona.add(sona.answer, Answer(body, status=400))
    with closing(at(sona)) as supertone, pytest.raises(RequestRefused, match=r"refused with status 400: ."):
        supertone.generate(request("One."))


FINAL: Mapping[str, tuple[Answer, type[ProviderError], bool]] = {
    "bad request": (no(400, "no"), RequestRefused, False),
    "no credit": (no(402, "no credits"), OutOfCredit, True),
    "no credit, at a gateway": (Answer(b"<html>Payment Required</html>", status=402), OutOfCredit, True),
    "no key": (no(401, "no"), KeyRefused, True),
    "forbidden": (no(403, "no"), KeyRefused, True),
    "no voice": (no(404, "Voice not found"), RequestRefused, False),
    "too large": (no(413, "no"), RequestRefused, False),
    "another kind": (no(415, "no"), RequestRefused, False),
    "nothing there": (Answer(b"<html>404 Not Found</html>", status=404), ServiceGone, True),
    "no such path": (no(404, "Cannot POST /v1/text-to-speech/x"), ServiceGone, True),
    "another's words": (said({"detail": "Not Found"}, status=404), ServiceGone, True),
    "gone": (Answer(b"", status=410), ServiceGone, True),
    "moved": (Answer(status=308, headers={"Location": "https://elsewhere.test/sunset"}), ServiceGone, True),
}


@pytest.mark.parametrize(("step", "kind", "stops"), FINAL.values(), ids=FINAL)
def test_what_is_final_is_asked_once(
    step: Answer, kind: type[ProviderError], stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTONE_API_KEY", KEY)
    with Sona(key=KEY) as sona, closing(at(sona)) as supertone:
        sona.add(sona.answer, step)
        with pytest.raises(ProviderError) as caught:
            supertone.generate(request("One."))
        assert sona.billed() == 1

    assert type(caught.value).__mro__[:2].count(kind) == 1
    assert caught.value.stops == stops
    assert KEY not in str(caught.value)
    if kind is ServiceGone:
        assert "2026-08-31" in str(caught.value)
        assert "stand_in" in str(caught.value)


AGAIN: Mapping[str, Answer] = {
    "timed out": no(408, "timeout"),
    "too many": no(429, "Too many requests"),
    "too many, wait": replace(no(429, "Too many requests"), headers={"Retry-After": "0.001"}),
    "out of order": no(500, "oops"),
    "bad gateway": Answer(b"<html>502</html>", status=502),
    "unavailable": Answer(b"", status=503),
    "gateway timed out": Answer(b"", status=504),
    "reset": RESET,
    "dropped": DROP,
    "cut": Answer(b"RIFF....WAVEfmt ", length=9000, cut=16),
    "an error in place of sound": said({"status": "error", "message": "busy"}),
}


@pytest.mark.parametrize("step", AGAIN.values(), ids=AGAIN)
def test_what_may_pass_is_asked_again(step: Answer, sona: Sona) -> None:
    sona.add(sona.answer, step)
    with closing(at(sona)) as supertone:
        assert supertone.generate(request("One."))
        assert (sona.billed(), supertone.requests) == (2, 3)


@pytest.mark.parametrize("step", AGAIN.values(), ids=AGAIN)
def test_it_is_not_asked_for_ever(step: Answer, sona: Sona) -> None:
    sona.add(sona.answer, *[step] * 3)
    with closing(at(sona)) as supertone, pytest.raises(ServiceFailed):
        supertone.generate(request("One."))
    assert sona.billed() <= HASTY.attempts


def test_no_server_is_a_service_that_is_gone() -> None:
    with closing(Supertone({"base_url": f"http://127.0.0.1:{closed_port()}"}, patience=HASTY)) as supertone:
        with pytest.raises(ServiceGone, match="refused") as caught:
            supertone.generate(request("One."))
        assert "announced the end" in caught.value.news


def test_a_server_that_wants_a_key_is_told_of_where_it_comes_from() -> None:
    with (
        Sona(key=KEY) as sona,
        closing(at(sona)) as supertone,
        pytest.raises(KeyMissing, match="SUPERTONE_API_KEY"),
    ):
        supertone.generate(request("One."))


def test_the_key_is_sent_and_never_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service sends a wrong key back."""
    monkeypatch.setenv("SUPERTONE_API_KEY", KEY)
    with Sona(key="another") as sona, closing(at(sona)) as supertone:
        with pytest.raises(KeyRefused) as caught:
            supertone.generate(request("One."))
        assert sona.seen[0].headers["x-sup-api-key"] == KEY
    assert KEY not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_key_does_not_travel_unprotected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTONE_API_KEY", KEY)
    supertone = Supertone({"base_url": "http://supertone.example"})
    with closing(supertone), pytest.raises(ConfigurationError, match="unprotected"):
        supertone.generate(request("One."))


@pytest.mark.parametrize(
    ("text", "rest", "match"),
    [
        ("a" * 301, {}, "has 301 characters and one request takes 300"),
        ("a" * 100 + "😀" * 101, {}, "has 302 characters"),
        ("One.", {"speed": 2.5}, "speed 2.5 is not from 0.5 to 2"),
    ],
)
def test_what_would_be_refused_is_not_sent(
    text: str, rest: Mapping[str, Any], match: str, sona: Sona
) -> None:
    with closing(at(sona)) as supertone, pytest.raises(RequestRefused, match=match):
        supertone.generate(request(text, **rest))
    assert not sona.seen


def test_the_longest_text_is_sent(sona: Sona) -> None:
    """Emoji count as two: whether the service counts code points is not known."""
    text = "a" * 100 + "😀" * 100
    with closing(at(sona)) as supertone:
        assert supertone.characters(request(text)) == 300
        supertone.generate(request(text))
    assert sona.asked[0]["text"] == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "error", "status", "statusCode", "status_code", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(JSON | st.binary(max_size=40), st.sampled_from([400, 401, 402, 404, 422, 429, 500]))
def test_no_body_is_too_odd(body: object, status: int) -> None:
    """Each says something, in one line."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    said_ = refusals.read(raw).said
    error = refusals.judge(keyed=True)(status, {}, raw)
    assert said_
    assert said_.splitlines() == [said_]
    assert (error is None) == (status in (429, 500) or (status == 404 and not refusals.read(raw).own))


def test_a_refusal_keeps_its_status_from_its_body() -> None:
    body = json.dumps({"message": {"message": "no", "status_code": 402}}).encode()
    assert refusals.read(body).status == 402
    assert refusals.read(b'{"message": {"message": "no", "statusCode": 7}}').status == 0


def test_nothing_that_is_asked_for_free_counts_as_paid(sona: Sona) -> None:
    """A lookup whose answer is broken is asked again, and is not among what may have been billed."""
    sona.add(*[Answer(b"{", length=400, cut=1)] * 3)
    with closing(at(sona)) as supertone, pytest.raises(ServiceFailed) as caught:
        supertone.generate(request("One."))
    assert (caught.value.attempts, caught.value.perhaps_paid) == (3, 0)


def test_the_outside_is_asked_only_for_what_is_needed() -> None:
    with Outside() as outside, closing(at(outside)) as supertone:
        supertone.choose("Aiden", {})
        supertone.characters(request("One."))
        assert not outside.seen
