"""No key in anything that can be read: errors, what they came from, logs, reprs."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest

from narrator.errors import NarratorError, ProviderError, RequestRefused
from narrator.transport import BrokenAnswer
from narrator.transport.redaction import Redaction
from tests.outside import Answer, Outside, Step
from tests.transport.calling import KEY, ask, calling, nothing_to_say, whole

SPELLINGS = [
    KEY,
    KEY.upper(),
    quote(KEY, safe=""),
    json.dumps(KEY),
    KEY.replace("/", "\\/"),
    base64.b64encode(KEY.encode()).decode(),
]


def printed(error: BaseException) -> str:
    """All that an error could ever show, and all that it came from."""
    shown = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None:
            shown += [str(one), repr(one), repr(one.args), repr(vars(one)), *traceback.format_exception(one)]
            todo += [one.__cause__, one.__context__]
    return "\n".join(shown)


def in_garbage(key: bytes) -> Answer:
    return Answer(head=b"HTTP/9.9 " + key + b"\r\n\r\n", ending="close")


def in_a_field(key: bytes) -> Answer:
    return Answer(head=b"HTTP/1.1 200 OK\r\n" + key + b"\x01: x\r\n\r\n", ending="close")


def in_a_redirect(key: bytes) -> Answer:
    return Answer(status=307, headers={"Location": f"https://{key.decode()}:x@example.com/{key.decode()}"})


@pytest.mark.parametrize(
    "answer",
    [
        *[Answer(f"your key {text} is bad".encode(), status=400) for text in SPELLINGS],
        Answer(f"your key {KEY} is bad".encode(), status=401),
        Answer(f"your key {KEY} is bad".encode(), status=402),
        Answer(f"your key {KEY} is bad".encode(), status=404),
        Answer(f"your key {KEY} is bad".encode(), status=503),
        Answer(f"<p title='{KEY}'>{KEY}</p>".encode(), status=400),
        in_garbage(KEY.encode()),
        in_garbage(KEY.upper().encode()),
        in_a_field(b"sk-0123-very-secret"),
        in_a_redirect(KEY.encode()),
    ],
)
def test_a_service_that_echoes_the_key_does_not_make_us_show_it(answer: Step) -> None:
    with (
        Outside(then=answer) as outside,
        calling(outside, headers={"X-Octave-Key": KEY, "X-Id": "sk-0123-very-secret"}) as transport,
        pytest.raises(NarratorError) as it,
    ):
        ask(transport)

    shown = printed(it.value) + printed(pickle.loads(pickle.dumps(it.value)))  # noqa: S301  our own
    for text in [*SPELLINGS, "sk-0123-very-secret"]:
        assert text.lower() not in shown.lower()


def test_the_judge_never_sees_the_key() -> None:
    """So that an error made from part of the body holds no part of it, either."""
    judged = []

    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        judged.append((headers["x-echo"], body))
        return RequestRefused("no", provider="octave")

    answer = Answer(f"a {KEY} b".encode(), status=400, headers={"X-Echo": f"a {KEY} b"})
    with Outside(answer) as outside, calling(outside) as transport, pytest.raises(RequestRefused):
        ask(transport, judge=judge)

    assert judged == [("a *** b", b"a *** b")]


def test_a_key_at_the_edge_of_what_is_judged_is_not_left_in_half() -> None:
    judged = []

    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        judged.append(body)
        return RequestRefused("no", provider="octave")

    for shift in range(len(KEY)):
        body = b"x" * (64 * 1024 - shift) + KEY.encode() + b"x" * 1000
        with (
            Outside(Answer(body, status=400)) as outside,
            calling(outside) as transport,
            pytest.raises(RequestRefused),
        ):
            ask(transport, judge=judge)

    assert len(judged) == len(KEY)
    assert all(not body.strip(b"x*") for body in judged)


def test_errors_of_judges_and_readers_are_cleared() -> None:
    """Even where they decode what the service had encoded."""

    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return RequestRefused(json.loads(body)["said"], provider="octave", field=json.loads(body)["said"])

    def read(pieces: Iterator[bytes]) -> bytes:
        text = json.loads(b"".join(pieces))["said"]
        try:
            raise ValueError(text)
        except ValueError as error:
            raise RequestRefused(text, provider="octave") from error

    def lose(pieces: Iterator[bytes]) -> bytes:
        text = json.loads(b"".join(pieces))["said"]
        try:
            raise ValueError(text)
        except ValueError as error:
            raise BrokenAnswer(text) from error

    hidden = '{"said": "key ' + "".join(f"\\u{ord(c):04x}" for c in KEY) + '"}'
    with Outside(Answer(hidden.encode(), status=400), then=Answer(hidden.encode())) as outside:
        for reader in (whole, read, lose):
            with calling(outside) as transport, pytest.raises(ProviderError, match=r"key \*\*\*") as it:
                ask(transport, judge=judge, read=reader)
            assert KEY not in printed(it.value)


def test_streams_are_cleared_too() -> None:
    with (
        Outside(Answer([b"x", b"y"], cut=1)) as outside,
        calling(outside) as transport,
        pytest.raises(ProviderError) as it,
    ):
        list(transport.stream("POST", "/speak", judge=nothing_to_say))

    assert it.value.__context__ is None
    assert KEY not in printed(it.value)


def test_logs_show_neither_keys_nor_addresses(caplog: pytest.LogCaptureFixture) -> None:
    """At any level: httpx writes addresses with their queries into its log, its core the answers' headers."""
    with (
        caplog.at_level(logging.DEBUG),
        Outside(Answer(KEY.encode(), status=503, headers={"X-Echo": "harmless"}), Answer()) as outside,
        calling(outside) as transport,
    ):
        ask(transport, "GET", params={"api_key": "sk-in-the-query"})

    assert KEY not in caplog.text
    assert "sk-in-the-query" not in caplog.text


def test_nothing_of_a_transport_shows_its_key() -> None:
    with calling("https://api.example.com") as transport:
        assert KEY not in repr(transport) + str(transport)


@pytest.mark.parametrize(
    "key", ["sk-0123\n", "sk-0123\r\nX: y", "sk–0123", "“sk-0123”", " sk-0123", "", "sk\x00"]
)
def test_a_key_that_no_header_can_carry_is_not_shown(key: str) -> None:
    """A line end from a file, a dash that a word processor made."""
    with (
        pytest.raises(ProviderError, match=r"X-Octave-Key .*correct the key") as it,
        calling("https://api.example.com", headers={"X-Octave-Key": key}),
    ):
        pass

    assert "0123" not in printed(it.value)


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        ({"Authorization": "Bearer sk-0123456"}, ["sk-0123456", "Bearer sk-0123456"]),
        (
            {"authorization": "Basic " + base64.b64encode(b"myself:open sesame").decode()},
            ["open sesame", "myself"],
        ),
        ({"X-User-Id": "user-0123"}, ["user-0123"]),
    ],
)
def test_what_counts_as_a_secret(header: dict[str, str], secrets: list[str]) -> None:
    redaction = Redaction(header)

    assert redaction.needed
    for secret in secrets:
        assert redaction.text(f"a {secret} b") == "a *** b"
        assert redaction.body(f"a {secret} b".encode(), cut=False) == b"a *** b"


def test_ordinary_words_stay() -> None:
    """The name of a scheme, what every request says, and what is too short to be told from a word."""
    redaction = Redaction({"Authorization": "Bearer sk-0123456", "Accept": "application/json", "X-Id": "an"})

    text = "Bearer tokens and application/json"
    assert redaction.text(text) == text
    assert not Redaction({"Accept": "application/json"}).needed
