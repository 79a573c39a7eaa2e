"""Every shape in which Hume says no, and what it becomes (contract 12)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from narrator.errors import KeyMissing, KeyRefused, OutOfCredit, ProviderError, RequestRefused
from narrator.providers.hume import refusals
from narrator.providers.hume.bodies import Body
from narrator.providers.hume.refusals import ContextRefused
from narrator.providers.hume.settings import STATUS
from narrator.providers.refusals import EdgeRefused
from narrator.transport import BrokenAnswer

BY_ID: Body = {"generation_id": "9f0c8ffc-1111-2222-3333-444455556666"}
BY_TEXT: Body = {"utterances": [{"text": "One."}]}

CREDIT = "Exhausted credit balance. Please visit the portal."
NO_VOICE = "Octave Custom Voice (ID: 5bb7) does not exist or is not accessible to you."


def judged(
    status: int, body: object, *, keyed: bool = True, context: Body | None = None
) -> ProviderError | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusals.judge(keyed=keyed, context=context)(status, {}, raw)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            {
                "status_code": 400,
                "message": CREDIT,
                "details": {"type": "error", "code": "E0300", "slug": "zero_credits"},
            },
        ),
        (400, {"message": "No.", "details": {"code": "e0300"}}),
        (400, {"error": {"slug": "zero_credits", "message": CREDIT}}),
        (400, {"detail": CREDIT}),
        (400, {"detail": {"message": "No.", "code": "E0300"}}),
        (402, {"message": "Payment Required"}),
        (402, b""),
        (403, {"message": "Your credits are exhausted"}),
        (429, {"message": "credit limit reached"}),
        (500, {"code": "E0300", "message": "No."}),
    ],
)
def test_an_empty_account(status: int, body: object) -> None:
    error = judged(status, body, context=BY_ID)

    assert isinstance(error, OutOfCredit)
    assert error.stops
    assert "add credit" in str(error)


@pytest.mark.parametrize("body", [{"message": "Invalid API key"}, {"error": "unauthorized"}, {}, b"no", b""])
def test_a_key_that_is_not_known(body: object) -> None:
    error = judged(401, body, context=BY_ID)

    assert isinstance(error, KeyRefused)
    assert "HUME_API_KEY" in str(error)
    assert isinstance(judged(401, body, keyed=False), KeyMissing)


def test_the_edge_is_not_the_key() -> None:
    """A program without a name of its own is turned away before the service sees it (contract 12.4)."""
    for body in (b"error code: 1010", b"<html><title>Attention Required!</title></html>", b""):
        error = judged(403, body, context=BY_ID)
        assert isinstance(error, EdgeRefused)
        assert error.stops
        assert "User-Agent" in str(error)
        assert "not about the key" in str(error)


def test_the_service_may_forbid_a_key() -> None:
    assert isinstance(judged(403, {"message": "key is disabled"}), KeyRefused)
    assert isinstance(judged(403, {"message": "forbidden"}, keyed=False), KeyMissing)


@pytest.mark.parametrize(
    ("body", "said", "field"),
    [
        (
            {
                "detail": [
                    {"loc": ["body", "utterances", 0, "text"], "msg": "field required", "type": "missing"}
                ]
            },
            "field required",
            "utterances[0].text",
        ),
        (
            {
                "detail": [
                    {"loc": ["body", "format", "type"], "msg": "not a format", "type": "enum"},
                    {"loc": ["query", "page_size"], "msg": "too large", "type": "less_than"},
                ]
            },
            "not a format; page_size: too large",
            "format.type",
        ),
        ({"detail": [{"msg": "all wrong"}, "this too"]}, "all wrong; this too", ""),
        ({"detail": "utterances may not be empty"}, "utterances may not be empty", ""),
        ({"detail": [{"loc": "text", "msg": 3}]}, "is wrong", ""),
        ([{"loc": ["body", "x"], "msg": "no"}], "no", "x"),
        (b"unprocessable text", "unprocessable text", ""),
    ],
)
def test_a_schema_violation_names_the_field(body: object, said: str, field: str) -> None:
    error = judged(422, body)

    assert isinstance(error, RequestRefused)
    assert (error.said, error.status, error.field) == (said, 422, field)


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Octave 2 does not support the 'description' parameter"},
        {"error": "Bad Request", "message": "Octave 2 does not support the 'description' parameter"},
        {"error": {"message": "Octave 2 does not support the 'description' parameter"}, "code": 17},
        {"details": {"message": "Octave 2 does not support the 'description' parameter"}},
        {"title": "Octave 2 does not support the 'description' parameter"},
        b"Octave 2 does not support the 'description' parameter",
        b"<p>Octave 2 does not support\n the 'description' parameter</p>",
    ],
)
def test_a_bad_request_in_any_shape(body: object) -> None:
    for context in (None, BY_ID):
        error = judged(400, body, context=context)
        assert type(error) is RequestRefused
        assert error.said == "Octave 2 does not support the 'description' parameter"
        assert not error.stops


def test_a_voice_that_is_not_there_says_where_else_to_look() -> None:
    error = judged(
        404, {"status": 404, "error": "Not Found", "message": NO_VOICE, "path": "/v0/tts"}, context=BY_ID
    )

    assert type(error) is RequestRefused
    assert NO_VOICE.rstrip(".") in str(error)
    assert "hume/custom/NAME" in str(error)
    assert "narrator voices hume --search" in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "Not Found"}),
        (404, {"status": 404, "error": "Not Found", "message": "No message available"}),
        (404, b"<html><h1>404 Not Found</h1></html>"),
        (404, b""),
        (410, {"message": "this page was not found"}),
        (410, b"gone"),
        (408, {}),
        (409, {"message": "conflict"}),
        (425, b""),
        (429, {"message": "Too many requests"}),
        (500, {"message": "context lost"}),
        (503, b"<html>"),
    ],
)
def test_what_is_not_about_the_request_is_left_to_the_transport(status: int, body: object) -> None:
    assert judged(status, body) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "Invalid context"}),
        (400, {"message": "Unknown generation"}),
        (400, {"message": f"{BY_ID['generation_id']} has expired"}),
        (404, {"detail": f"Generation {str(BY_ID['generation_id']).upper()} not found"}),
        (404, {"detail": "Not Found"}),
        (404, {"error": {"message": "generation_id does not exist"}}),
        (400, {"error": "Bad Request"}),
        (400, {"message": "Octave 1 cannot continue from Octave 2 speech"}),
        (410, {"message": "this generation is gone"}),
        (422, {"detail": [{"loc": ["body", "context", "generation_id"], "msg": "not a uuid"}]}),
        (
            422,
            {
                "detail": [
                    {"loc": ["body", "utterances", 0], "msg": "no"},
                    {"loc": ["body", "context"], "msg": "no"},
                ]
            },
        ),
        (422, {"detail": "the previous take is unknown"}),
    ],
)
def test_a_context_that_is_not_known_any_more(status: int, body: object) -> None:
    """How it is worded is not known (contract 11.2): each of these lets the line be spoken without."""
    assert isinstance(judged(status, body, context=BY_ID), ContextRefused)
    assert not isinstance(judged(status, body), ContextRefused)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"detail": [{"loc": ["body", "utterances", 0, "text"], "msg": "no such previous context"}]}),
        (400, {"message": "num_generations must be 1"}),
        (400, {"message": "too many generations"}),
        (404, b"<h1>404</h1>"),
        (401, {"message": "context"}),
        (500, {"message": "context"}),
        (429, {"message": "context"}),
    ],
)
def test_what_is_not_about_the_context(status: int, body: object) -> None:
    assert not isinstance(judged(status, body, context=BY_TEXT), ContextRefused)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"text"',
        b"[" * 5000,
        b'{"detail": {"detail": {"detail": []}}}',
        b'{"message": null, "error": [], "code": {}, "detail": [null, {"loc": [null, {}, true]}]}',
        b"\xff\xfe\x00",
        b'{"message": "' + b"x" * 5000 + b'"}',
        json.dumps({"message": "one\nline\x1b[31m\u2028only"}).encode(),
    ],
)
def test_no_body_is_too_odd(body: bytes) -> None:
    """One short line comes of anything, without control characters."""
    error = judged(400, body)

    assert isinstance(error, RequestRefused)
    assert error.said
    assert error.said.isprintable()
    assert len(error.said) <= 300


def in_band(found: dict[str, Any], *, context: Body | None = None) -> Exception:
    return refusals.in_band(keyed=True, context=context)(found)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (
            {"type": "error", "code": "E0300", "slug": "zero_credits", "message": CREDIT, "request_id": "r"},
            OutOfCredit,
        ),
        ({"error": {"message": CREDIT}}, OutOfCredit),
        ({"status_code": 401, "message": "no such key"}, KeyRefused),
        ({"status": 400, "message": NO_VOICE}, RequestRefused),
        ({"status": 404, "message": NO_VOICE}, RequestRefused),
        ({"type": "error", "code": "E0101", "message": "invalid structure"}, RequestRefused),
        ({"type": "error", "message": "generation is unknown"}, ContextRefused),
        ({"status": 404, "message": "Not Found"}, ContextRefused),
        ({"type": "error", "code": "E0500", "message": "Internal server error"}, BrokenAnswer),
        ({"type": "error", "message": "error"}, BrokenAnswer),
        ({"type": "error"}, BrokenAnswer),
        ({"status": 429, "message": "Too many requests"}, BrokenAnswer),
        ({"status_code": 503, "message": "previous context overloaded"}, BrokenAnswer),
        ({"status": "failed", "message": "voice of no status"}, BrokenAnswer),
    ],
)
def test_an_error_within_a_good_answer(found: dict[str, Any], kind: type[Exception]) -> None:
    """It is as final as with a status of its own; what may pass is asked again, as an answer that broke."""
    assert type(in_band(found, context=BY_ID)) is kind


def test_errors_within_an_answer_keep_their_words() -> None:
    error = in_band({"type": "error", "message": "the decoder\nfell over"})

    assert isinstance(error, BrokenAnswer)
    assert "the decoder fell over" in error.reason


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": "E0300"}, "OutOfCredit"),
        ({"status": 404, "message": NO_VOICE}, "RequestRefused"),
        ({"message": "try again"}, "ServiceFailed"),
        ([1], "ServiceFailed"),
    ],
)
def test_text_where_audio_should_be(body: object, kind: str) -> None:
    assert type(refusals.instead_of_audio(json.dumps(body).encode(), keyed=True)).__name__ == kind


def test_a_web_page_where_audio_should_be() -> None:
    error = refusals.instead_of_audio(b"<html><b>Welcome</b></html>", keyed=True)

    assert "Welcome" in str(error)


def test_the_end_of_the_service_is_told() -> None:
    assert "2026-11-13" in STATUS.note
