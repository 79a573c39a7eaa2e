"""What Sarvam's refusals become, in every shape in which they are known to come."""

from __future__ import annotations

import json

import pytest

from narrator.errors import KeyMissing, KeyRefused, OutOfCredit, ProviderError, RequestRefused
from narrator.providers.refusals import EdgeRefused
from narrator.providers.sarvam.refusals import (
    Asking,
    DictionaryLost,
    LanguageFieldRefused,
    in_place_of_audio,
    judge,
)
from narrator.transport import BrokenAnswer

SPEECH = Asking(keyed=True, speaker="shubh")


def envelope(message: str, code: str) -> dict[str, object]:
    return {"error": {"message": message, "code": code, "request_id": None}}


def judged(status: int, body: object, asking: Asking = SPEECH) -> ProviderError | None:
    return judge(asking)(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "insufficient_quota_error", OutOfCredit),
        (402, "anything", OutOfCredit),
        (403, "insufficient_quota_error", OutOfCredit),
        (429, "rate_limit_exceeded_error", None),
        (503, "rate_limit_exceeded_error", None),
        (403, "invalid_api_key_error", KeyRefused),
        (401, "", KeyRefused),
        (400, "authentication_error", KeyRefused),
        (400, "invalid_request_error", RequestRefused),
        (413, "invalid_request_error", RequestRefused),
        (422, "unprocessable_entity_error", RequestRefused),
        (404, "not_found_error", None),  # nothing that knows this path
        (500, "internal_server_error", None),
        (500, "model_call_error", None),
        (502, "gateway_timeout_error", None),
        (504, "billing_service_unavailable_error", None),
        (408, "", None),
    ],
)
def test_the_code_decides_before_the_status(status: int, code: str, kind: type[ProviderError] | None) -> None:
    error = judged(status, envelope("something is wrong", code))

    assert type(error) is (kind or type(None))
    if kind is not None:
        assert "something is wrong" in str(error)


def test_without_a_key_it_is_missing() -> None:
    asking = Asking(keyed=False, speaker="shubh")

    assert isinstance(judged(403, envelope("no", "invalid_api_key_error"), asking), KeyMissing)


def test_the_edge_is_not_the_key() -> None:
    error = judged(403, b"<html><h1>Forbidden</h1></html>")

    assert isinstance(error, EdgeRefused)
    assert error.stops
    assert "Forbidden" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        envelope("pace is wrong", "invalid_request_error"),
        {"error": "pace is wrong"},
        {"message": "pace is wrong"},
        {"detail": "pace is wrong"},
        {"detail": [{"loc": ["body", "pace"], "msg": "is wrong", "type": "x"}]},
        "pace is wrong",
        b"pace is wrong",
        b"<html><body>pace is wrong</body></html>",
    ],
)
def test_a_bad_request_in_any_shape(body: object) -> None:
    error = judged(400, body)

    assert isinstance(error, RequestRefused)
    assert not error.stops
    assert "wrong" in error.said
    assert "pace" in str(error)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"{" * 5000, b"[[[]]]", b"null", b"3", b'{"error": {}}']
)
def test_no_body_is_too_odd(body: bytes) -> None:
    assert isinstance(judged(400, body), RequestRefused)
    assert judged(500, body) is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("language_code", "'target_language_code' is required"),
        ("language_code", "unknown field language_code; target_language_code is missing"),
        ("target_language_code", "'language_code' is required"),
    ],
)
def test_another_name_of_the_language_says_which_setting_to_flip(sent: str, said: str) -> None:
    asking = SPEECH._replace(language_field=sent)  # type: ignore[arg-type]  # one of the two
    other = {"language_code": "target_language_code"}.get(sent, "language_code")
    for body in (
        envelope(said, "invalid_request_error"),
        {"detail": [{"loc": ["body", other], "msg": "Field required"}]},
    ):
        error = judged(422, body, asking)
        assert isinstance(error, LanguageFieldRefused)
        assert error.stops
        assert f"language_field: {other}`" in str(error)


def test_a_language_that_is_refused_is_not_about_its_name() -> None:
    error = judged(400, envelope("language_code must be one of ...", "invalid_request_error"))

    assert type(error) is RequestRefused


def test_a_voice_that_was_renamed_names_the_nearest() -> None:
    asking = SPEECH._replace(speaker="aravind_ta_suspens")
    error = judged(
        400, envelope("Speaker 'aravind_ta_suspens' is not recognized", "invalid_request_error"), asking
    )

    assert "may mean aravind_ta_suspense" in str(error)


def test_a_setting_that_the_model_refuses_is_named() -> None:
    message = "Pitch and loudness parameters are currently not supported for the Bulbul V4 model"

    assert "take `pitch` out of the role's settings" in str(
        judged(400, envelope(message, "invalid_request_error"))
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, envelope("not found", "not_found_error")),
        (400, envelope("dict_id is not valid", "invalid_request_error")),
        (422, envelope("No such pronunciation dictionary", "unprocessable_entity_error")),
        (400, envelope("p_1 is unknown", "invalid_request_error")),
        (404, b"<html>gone</html>"),
    ],
)
def test_a_dictionary_that_is_not_there(status: int, body: object) -> None:
    assert isinstance(judged(status, body, SPEECH._replace(dict_id="p_1")), DictionaryLost)
    assert not isinstance(judged(status, body), DictionaryLost)


def test_what_is_not_about_the_dictionary() -> None:
    asking = SPEECH._replace(dict_id="p_1")

    assert type(judged(400, envelope("text is too long", "invalid_request_error"), asking)) is RequestRefused
    assert judged(500, envelope("dictionary service is down", "internal_server_error"), asking) is None


def test_about_dictionaries_nothing_is_gone() -> None:
    error = judged(404, envelope("not found", "not_found_error"), Asking(keyed=True))

    assert isinstance(error, RequestRefused)
    assert error.status == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(envelope("no credit", "insufficient_quota_error")).encode(), OutOfCredit),
        (json.dumps(envelope("bad", "invalid_request_error")).encode(), RequestRefused),
        (json.dumps(envelope("key", "invalid_api_key_error")).encode(), KeyRefused),
        (json.dumps(envelope("later", "rate_limit_exceeded_error")).encode(), BrokenAnswer),
        (b'\n {"message": "decoder fell over"}', BrokenAnswer),
        (b"{}", BrokenAnswer),
        (b"<!doctype html><title>Bad gateway</title>", BrokenAnswer),
        (b'{"audios": ["' + b"A" * 200_000, BrokenAnswer),
        (('{"message": "' + "ü" * 65_536 + '"}').encode(), BrokenAnswer),
    ],
)
def test_text_where_audio_should_be(body: bytes, kind: type[Exception]) -> None:
    assert isinstance(in_place_of_audio(body, SPEECH), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"{\x22\x01\x00" * 100,
        b"<\x00" * 100,
        b"[ \xff\xfe" * 50,
        b"RIFF....WAVE",
        b"\x00" * 50,
        b"{\x80",
        b"<a",
    ],
)
def test_samples_that_begin_like_text_are_samples(body: bytes) -> None:
    assert in_place_of_audio(body, SPEECH) is None
