"""Everything that can fail with Hume, and the key, which nobody is told."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import numpy as np
import pytest

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
from narrator.providers.hume import Hume
from narrator.providers.refusals import EdgeRefused
from tests.outside import DROP, HANG, RESET, Answer, Outside, Step, closed_port, drip, lines, said
from tests.providers.hume.asking import HASTY, at, request, within
from tests.providers.hume.octave import Octave, samples

KEY = "sesame-0123456789-open"


def test_without_a_key_nothing_is_asked_of_the_service() -> None:
    for settings in ({}, {"base_url": "https://octave.example.org"}):
        with closing(Hume(settings)) as hume:
            for ask in (hume.voices, lambda: hume.generate(request("One."))):
                with pytest.raises(KeyMissing, match="HUME_API_KEY"):
                    ask()
            assert hume.requests == 0


def test_a_server_on_this_machine_needs_no_key(octave: Octave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUME_API_KEY", "  ")
    with closing(at(octave)) as hume:
        hume.generate(request("One."))
    assert "x-hume-api-key" not in octave.seen[0].headers


def test_the_environment_leads_to_another_server(octave: Octave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUME_BASE_URL", octave.url)
    with closing(Hume({"base_url": "https://api.hume.ai"})) as hume:
        hume.generate(request("One."))
    assert len(octave.seen) == 1


def test_a_key_is_sent_in_its_header_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUME_API_KEY", f" {KEY}\n")
    with Octave(key=KEY) as octave, closing(at(octave)) as hume:
        (made,) = hume.generate(request("One."))
        hume.voices()
        list(hume.stream(request("One."), "wav"))
    assert {seen.headers["x-hume-api-key"] for seen in octave.seen} == {KEY}
    for seen in octave.seen:
        assert KEY.encode() not in seen.path.encode() + seen.body
    assert KEY not in repr(made) + repr(hume) + repr(vars(hume))


def test_a_key_goes_unprotected_to_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUME_API_KEY", KEY)
    hume = Hume({"base_url": "http://octave.example.org"})
    with closing(hume), pytest.raises(ConfigurationError) as caught:
        hume.generate(request("One."))
    assert KEY not in told(caught.value)


@pytest.mark.parametrize("key", ["two\nlines", "sm“art”"])
def test_a_key_that_cannot_be_sent_is_not_shown(
    key: str, octave: Octave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUME_API_KEY", key)
    with closing(at(octave)) as hume, pytest.raises(ProviderError) as caught:
        hume.generate(request("One."))
    assert key not in told(caught.value)
    assert repr(key)[1:-1] not in told(caught.value)


def told(error: BaseException) -> str:
    """Everything an error tells anybody: its words and facts, and those of what it came from."""
    seen = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        seen += [str(link), repr(link), repr(link.args), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(seen)


def audio(
    index: int = 0, *, last: bool = True, data: str = "", text: str = "One.", **rest: Any
) -> dict[str, Any]:
    """One line of a stream."""
    return {
        "type": "audio",
        "request_id": "r",
        "generation_id": "g",
        "snippet_id": "s",
        "chunk_index": index,
        "is_last_chunk": last,
        "audio": data,
        "audio_format": "wav",
        "text": text,
        **rest,
    }


NEVER_ENDS = [part for _ in range(200) for part in (b": still here\n", 0.02)]
SLOW = ("never ends", "slow drip", "says nothing", "stops in the middle")
FAILURES: Mapping[str, tuple[Step, type[ProviderError], int]] = {
    "credit, 400": (
        said(
            {
                "status_code": 400,
                "message": f"Exhausted credit balance of {KEY}.",
                "details": {"type": "error", "code": "E0300", "slug": "zero_credits"},
            },
            status=400,
        ),
        OutOfCredit,
        1,
    ),
    "credit, a line of a stream": (
        lines({"type": "error", "code": "E0300", "slug": "zero_credits", "message": f"Exhausted. {KEY}"}),
        OutOfCredit,
        1,
    ),
    "credit, after some audio": (
        lines(audio(last=False), {"type": "error", "code": "E0300", "message": f"{KEY} is empty"}),
        OutOfCredit,
        1,
    ),
    "credit, nothing at all": (Answer(b""), OutOfCredit, 2),
    "the edge": (Answer(f"error code: 1010 {KEY}".encode(), status=403), EdgeRefused, 1),
    "key": (said({"message": f"Invalid API key {KEY}"}, status=401), KeyRefused, 1),
    "key, in text": (Answer(f"no such key: {KEY}".encode(), status=401), KeyRefused, 1),
    "schema": (
        said({"detail": [{"loc": ["body", "utterances", 0, "text"], "msg": f"too long {KEY}"}]}, status=422),
        RequestRefused,
        1,
    ),
    "voice": (
        said({"status": 404, "message": f"Octave Custom Voice (ID: {KEY}) does not exist"}, status=404),
        RequestRefused,
        1,
    ),
    "too many": (said({"message": f"slow down {KEY}"}, status=429), ServiceFailed, 3),
    "too many, with a hint": (Answer(status=429, headers={"Retry-After": "1"}), ServiceFailed, 3),
    "fault": (Answer(f"<html>{KEY}</html>".encode(), status=503), ServiceFailed, 3),
    "cut in a line": (Answer(json.dumps(audio(data="A" * 4000)).encode(), cut=900), ServiceFailed, 2),
    "cut between lines": (lines(audio(last=False, data="AAAA")), ServiceFailed, 2),
    "reset": (RESET, ServiceFailed, 2),
    "dropped": (DROP, ServiceFailed, 2),
    "garbage base64": (lines(audio(data="!!!!")), ServiceFailed, 2),
    "no audio in it": (lines(audio()), ServiceFailed, 2),
    "garbage": (Answer(f"\x00\xff{KEY}\n".encode("latin-1")), ServiceFailed, 2),
    "another type": (Answer(f"<html><b>{KEY}</b></html>".encode()), ServiceFailed, 2),
    "a JSON value that is no object": (lines(KEY), ServiceFailed, 2),
    "an error that may pass": (lines({"type": "error", "message": f"overloaded {KEY}"}), ServiceFailed, 2),
    "never ends": (Answer(NEVER_ENDS), ServiceFailed, 2),
    "slow drip": (drip(b"x" * 50, every_s=0.05), ServiceFailed, 2),
    "says nothing": (HANG, ServiceFailed, 2),
    "stops in the middle": (
        Answer(json.dumps(audio()).encode(), length=10**6, ending="hang"),
        ServiceFailed,
        2,
    ),
    "no path": (Answer(b"<html>404</html>", status=404), ServiceGone, 1),
    "gone": (Answer(b"", status=410), ServiceGone, 1),
    "moved": (Answer(status=301, headers={"Location": f"https://elsewhere.example/{KEY}"}), ServiceGone, 1),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_one_error_of_ours_and_tells_no_key(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again only where it may help; the key is nowhere, even where the service says it back."""
    monkeypatch.setenv("HUME_API_KEY", KEY)
    step, kind, requests = FAILURES[failure]
    patience = within(0.25) if failure in SLOW else HASTY
    with Outside(then=step) as outside, closing(at(outside, patience=patience)) as hume:
        with pytest.raises(ProviderError) as caught:
            hume.generate(request("One."))
        assert hume.requests == requests
    assert type(caught.value) is kind
    assert str(caught.value).startswith("hume: ")
    assert KEY not in told(caught.value)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_that_passes_leaves_no_trace(failure: str, octave: Octave) -> None:
    """What is asked again and answered is the answer, and nothing of the first attempt is in it."""
    step, _, requests = FAILURES[failure]
    octave.add(step)
    patience = within(0.6) if failure in SLOW else HASTY  # longer: the second answer must come in time
    with closing(at(octave, patience=patience)) as hume:
        if requests == 1:
            with pytest.raises(ProviderError):
                hume.generate(request("One."))
            return
        (made,) = hume.generate(request("One."))
        assert hume.requests == 2
    assert np.array_equal(made.pcm, samples("One."))


def test_a_door_that_is_closed_names_the_end_of_the_service() -> None:
    hume = Hume({"base_url": f"http://127.0.0.1:{closed_port()}"}, patience=HASTY)
    with closing(hume), pytest.raises(ServiceGone) as caught:
        hume.generate(request("One."))
    assert "2026-11-13" in str(caught.value)
    assert "--rehearse" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"generations": []}',
        b'{"generations": [{"audio": "!"}]}',
        b"<html>",
        b'{"generations"',
    ],
)
def test_a_whole_answer_that_cannot_be_used_is_asked_for_once_more(octave: Octave, body: bytes) -> None:
    octave.add(Answer(body))
    with closing(at(octave, stream=False)) as hume:
        (made,) = hume.generate(request("One."))
        assert hume.requests == 2
    assert np.array_equal(made.pcm, samples("One."))
