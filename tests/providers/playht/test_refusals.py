"""Errors of the service in their three shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from narrator.errors import KeyMissing, KeyRefused, OutOfCredit, RequestRefused
from narrator.providers.playht.jobs import JobMissing
from narrator.providers.playht.refusals import judge, said
from narrator.providers.playht.settings import (
    BASE_URL_VARIABLE,
    KEY_VARIABLE,
    OF_BOOK,
    OF_ROLE,
    USER_VARIABLE,
)

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"error_message": "Invalid voice", "error_id": "BAD_REQUEST"}', "Invalid voice"),
        (b'{"message": "Something went wrong", "error": "Internal Server Error"}', "Something went wrong"),
        (b'"Rate limit exceeded for this plan"', "Rate limit exceeded for this plan"),
        (b"Rate limit\nexceeded", "Rate limit exceeded"),
        (b"<html><b>502</b> Bad Gateway</html>", "502 Bad Gateway"),
        (b'{"error_message": null, "message": ""}', '{"error_message": null, "message": ""}'),
        (b"[1]", "[1]"),
        (b"", ""),
        (b"\xff\x00\x1b[31m", "\ufffd [31m"),
        (b"x" * 1000, "x" * 239 + "…"),
    ],
)
def test_what_an_error_says(body: bytes, found: str) -> None:
    assert said(body) == found


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_left_to_the_transport(status: int) -> None:
    for of_job in (False, True):
        assert judge(keyed=True, named=True, of_job=of_job)(status, {}, b'"credit"') is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error_message": "speed must be from 0.1 to 5"}, RequestRefused),
        (401, {"error_message": "bad key"}, KeyRefused),
        (402, {"error_message": ""}, OutOfCredit),
        (403, {"error_message": "You have run out of credits"}, OutOfCredit),
        (403, {"error_message": "Your monthly character limit is used up"}, OutOfCredit),
        (403, {"error_message": "API access is not in your plan"}, KeyRefused),
        (404, {"error_message": "No such voice", "error_id": "X"}, RequestRefused),
        (406, {"error_message": "not MP3"}, RequestRefused),
    ],
)
def test_what_an_error_means(status: int, body: object, kind: type[Exception]) -> None:
    assert type(judge(keyed=True, named=True)(status, {}, json.dumps(body).encode())) is kind


@pytest.mark.parametrize(
    ("said_of_it", "named", "kind", "variable"),
    [
        ("X-USER-ID: the user id is missing.", False, KeyMissing, "PLAYHT_USER_ID"),
        ("Unknown user-id", True, KeyRefused, "PLAYHT_USER_ID"),
        ("The API key or the user id is wrong", False, KeyMissing, "PLAYHT_USER_ID"),
        ("The API key or the user id is wrong", True, KeyRefused, "PLAYHT_API_KEY"),
        ("The API key is wrong", False, KeyRefused, "PLAYHT_API_KEY"),
    ],
)
def test_a_user_id_is_called_by_its_own_name(
    said_of_it: str, named: bool, kind: type[Exception], variable: str
) -> None:
    error = judge(keyed=True, named=named)(401, {}, json.dumps({"error_message": said_of_it}).encode())
    assert type(error) is kind
    assert variable in str(error)
    assert ("PLAYHT_API_KEY" in str(error)) == (variable == "PLAYHT_API_KEY")


@pytest.mark.parametrize(
    ("body", "certain"),
    [
        (b'{"error_message": "No such job", "error_id": "NOT_FOUND"}', True),
        (b'{"error_id": "NOT_FOUND"}', True),
        (b'{"message": "Cannot GET /", "error": "Not Found"}', False),
        (b'{"message": "no Route matched with those values"}', False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_a_job_that_is_not_found_is_no_service_that_is_gone(body: bytes, certain: bool) -> None:
    """And who says so may be something that knows nothing of jobs."""
    for status in (404, 410):
        missing = judge(keyed=True, named=True, of_job=True)(status, {}, body)
        assert isinstance(missing, JobMissing)
        assert missing.certain is certain
    assert judge(keyed=True, named=True)(404, {}, b"<html>no voices here</html>") is None


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "services.md").read_text(encoding="utf-8").partition("## PlayHT")[2]
    for name in (*OF_BOOK, *OF_ROLE, KEY_VARIABLE, USER_VARIABLE, BASE_URL_VARIABLE):
        assert f"`{name}`" in page, f"docs/services.md says nothing of {name}"
