"""Faults: the file that orders them, who is struck, and what a client then meets on the wire."""

from __future__ import annotations

import base64
import binascii
import collections
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import get_args

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from narrator.errors import ProjectErrors
from narrator.serving.faults import Dealer, Faults, Kind, read_faults
from narrator.serving.tampering import Tampering
from tests.serving.echoing import LINES, Address, Plain, Switch, read_to_end, send_raw, served


def faults(text: str) -> Faults:
    return read_faults(dedent(text).encode(), file="faults.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(ProjectErrors) as caught:
        faults(text)
    return [str(error) for error in caught.value.errors]


def names(dealer: Dealer, requests: int, path: str = "/", method: str = "POST") -> list[str]:
    """The fates of so many requests, `-` for none."""
    fates = [dealer.deal(method, path) for _ in range(requests)]
    return [fate.fault.name if fate else "-" for fate in fates]


Spoilt = Callable[..., Address]


@pytest.fixture(scope="module")
def switched() -> Iterator[tuple[Switch, Address]]:
    switch = Switch()
    with served(switch) as address:
        yield switch, address


@pytest.fixture
def spoilt(switched: tuple[Switch, Address]) -> Spoilt:
    """A server whose answers go wrong as a text says, over `Plain` or another application."""
    switch, address = switched

    def set_up(text: str, app: Plain | None = None) -> Address:
        switch.app = Tampering(app or Plain(), Dealer(faults(text)))
        return address

    return set_up


def take(url: str, *, into: list[bytes], timeout: float = 5) -> None:
    """Read an answer, keeping what came of one that fails."""
    with httpx.stream("POST", url, timeout=timeout) as answer:
        into.extend(answer.iter_raw())


# The file


def test_an_empty_file_has_no_faults() -> None:
    assert faults("") == Faults()
    assert faults("seed: 4\nfaults: []\n") == Faults(seed=4)


def test_a_rule_says_everything_a_fault_needs() -> None:
    (rule,) = faults("""
        faults:
          - kind: status
            status: 429
            headers: {Retry-After: 2}
            body: {error: slow down, codes: [1, two, null]}
            requests: [3, 7]
            path: /v0/tts
            method: POST
            delay_ms: 5
            name: pressure
    """).rules

    assert rule.requests == {3, 7}
    assert (rule.kind, rule.name, rule.status, rule.path, rule.method) == (
        "status",
        "pressure",
        429,
        "/v0/tts",
        "POST",
    )
    assert rule.headers == (("Retry-After", "2"),)
    assert json.loads(rule.body) == {"error": "slow down", "codes": [1, "two", None]}
    assert rule.delay_ms == 5


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("fualts: []", "faults.yaml:1: unknown key 'fualts'; did you mean 'faults'?"),
        ("faults: {kind: cut}", "faults.yaml:1: `faults` must be a list of mappings, not a mapping"),
        ("faults: [cut]", "faults.yaml:1: each of `faults` must be a mapping, not 'cut'"),
        ("faults:\n  - rate: 1", "faults.yaml:2: a fault needs a `kind`: one of none, delay,"),
        ("faults:\n  - kind: cutt", "did you mean 'cut'?"),
        ("faults:\n  - {kind: cut, at: 1, bytes: 3}", "faults.yaml:2: unknown key 'bytes'"),
        ("faults:\n  - kind: cut", "faults.yaml:2: this kind of fault needs `at`"),
        ("faults:\n  - kind: status", "this kind of fault needs `status`"),
        ("faults:\n  - kind: delay", "this kind of fault needs `delay_ms`"),
        ("faults:\n  - {kind: status, status: 99}", "`status` must be a whole number from 200 to 599"),
        ("faults:\n  - {kind: hang, rate: 1.5}", "`rate` must be a number from 0 to 1"),
        ("faults:\n  - {kind: hang, rate: 1, every: 2}", "`every` and `rate` cannot both choose"),
        ("faults:\n  - {kind: hang, requests: [0]}", "`requests` must hold numbers counted from 1, not '0'"),
        ("faults:\n  - {kind: hang, requests: []}", "`requests` is empty"),
        ("faults:\n  - {kind: hang, path: v0}", "`path` must begin with a slash"),
        ('faults:\n  - {kind: status, status: 200, headers: {A: "b\\nc"}}', "cannot be a header"),
        ("faults:\n  - {kind: status, status: 200, headers: {Content-Length: 3}}", "follows from the body"),
        ("faults:\n  - {kind: hang, rate: 0.6}\n  - {kind: empty, rate: 0.6}", "add up to 1.2"),
        ("faults: &a []", "anchors"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(written: str, said: str) -> None:
    assert said in problems(written)[0]


def test_the_page_for_users_is_right_about_faults() -> None:
    """Its examples are understood, and it names every kind."""
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    examples = [each for each in re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S) if "faults:" in each]

    assert [rule.kind for rule in faults(examples[0]).rules] == ["status", "cut", "error_line", "delay"]
    assert all(f"| `{kind}` |" in page for kind in get_args(Kind))


def test_one_reading_shows_every_problem() -> None:
    found = problems("seed: x\nfaults:\n  - {kind: cut, at: -1}\n  - {kind: drip, byte: 3}\n")

    assert [line.partition(": ")[0] for line in found] == ["faults.yaml:1", "faults.yaml:3", "faults.yaml:4"]


def test_rates_on_different_paths_are_apart() -> None:
    written = "faults:\n  - {kind: hang, rate: 0.6, path: /a}\n  - {kind: empty, rate: 0.6, path: /b}\n"

    assert len(faults(written).rules) == 2
    assert "add up" in problems(written + "  - {kind: end, at: 3, rate: 0.5}\n")[0]


# Who is struck

KINDS = (("hang", "at: 1"), ("empty", "times: 4000"), ("cut", "at: 3"), ("drip", "bytes: 1"))


def test_requests_are_counted_from_one() -> None:
    rules = faults("faults:\n  - {kind: hang, requests: [2, 5]}\n  - {kind: empty, every: 3}\n")

    assert names(Dealer(rules), 6) == ["-", "hang", "empty", "-", "hang", "empty"]


def test_a_star_stands_for_the_rest_of_a_path() -> None:
    dealer = Dealer(faults("faults:\n  - {kind: empty, path: /a/*, method: PUT, requests: [1, 3]}\n"))

    asked = [("PUT", "/a/b"), ("GET", "/a/b"), ("PUT", "/a"), ("PUT", "/a/c"), ("PUT", "/a/")]
    fates = [dealer.deal(method, path) for method, path in asked]
    assert [fate is not None for fate in fates] == [True, False, False, False, True]


@pytest.mark.parametrize(("path", "together"), [("/a/b", True), ("/a*", True), ("/b", False), ("/a", False)])
def test_rates_on_paths_that_overlap_add_up(path: str, together: bool) -> None:
    rules = f"[{{kind: hang, rate: 0.6, path: /a/*}}, {{kind: empty, rate: 0.6, path: {path}}}]"

    if together:
        with pytest.raises(ProjectErrors, match=r"add up to 1\.2"):
            faults(f"faults: {rules}")
    else:
        assert len(faults(f"faults: {rules}").rules) == 2


def test_a_rule_with_a_path_counts_that_path_only() -> None:
    dealer = Dealer(faults("faults:\n  - {kind: hang, requests: [2], path: /a, method: POST}\n"))

    assert names(dealer, 2, "/b") == ["-", "-"]
    assert names(dealer, 2, "/a", "GET") == ["-", "-"]
    assert names(dealer, 3, "/a") == ["-", "hang", "-"]


def test_the_first_rule_that_fits_decides_and_none_shields() -> None:
    dealer = Dealer(faults("faults:\n  - {kind: none, path: /health}\n  - kind: empty\n    times: 2\n"))

    assert names(dealer, 1, "/health") == ["-"]
    assert names(dealer, 3) == ["empty", "empty", "-"]


def test_rates_add_up_and_the_same_seed_strikes_the_same_requests() -> None:
    text = "\n".join(["faults:", *(f"  - {{kind: {kind}, rate: 0.05, {more}}}" for kind, more in KINDS)])
    struck = names(Dealer(faults(f"seed: 7\n{text}")), 4000)

    count = collections.Counter(struck)
    assert 0.18 < 1 - count["-"] / 4000 < 0.22
    assert all(150 < count[kind] < 250 for kind, _ in KINDS)
    assert struck == names(Dealer(faults(f"seed: 7\n{text}")), 4000)
    assert struck != names(Dealer(faults(f"seed: 8\n{text}")), 4000)


def test_a_request_is_struck_by_its_number_whatever_comes_before() -> None:
    """With `rate`, what other requests are does not matter: another path, another rule used up."""
    rules = faults("seed: 3\nfaults:\n  - {kind: empty, rate: 0.3, times: 2}\n  - {kind: hang, rate: 0.3}\n")
    alone = names(Dealer(rules), 60)
    longer = Dealer(
        rules.model_copy(
            update={"rules": (rules.rules[0].model_copy(update={"times": None}), *rules.rules[1:])}
        )
    )

    assert alone.count("empty") == 2
    assert [at for at, name in enumerate(alone) if name == "hang"] == [
        at for at, name in enumerate(names(longer, 60)) if name == "hang"
    ]


# What a client meets


def test_a_status_comes_with_headers_and_body_and_nothing_is_asked(spoilt: Spoilt) -> None:
    app = Plain()
    text = """
        faults:
          - {kind: status, status: 429, headers: {Retry-After: 3}, body: {message: slow}, requests: [1]}
          - {kind: status, status: 502, body: "<html><h1>Bad Gateway</h1></html>", requests: [2]}
          - {kind: status, status: 403, body: "error code: 1010", requests: [3]}
          - {kind: empty, requests: [4]}
    """
    address = spoilt(text, app)
    with httpx.Client(base_url=address.url) as client:
        answers = [client.post("/", content=b"x" * 200_000) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [429, 502, 403, 200, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert answers[0].json() == {"message": "slow"}
    assert answers[1].headers["content-type"] == "text/html; charset=utf-8"
    assert answers[2].text == "error code: 1010"
    assert answers[3].content == b""
    assert answers[4].content == LINES
    assert app.asked == ["/?"]


@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("at", [0, 1, 250, len(LINES), 10**6])
def test_a_cut_answer_is_incomplete_for_http_itself(spoilt: Spoilt, path: str, at: int) -> None:
    """Whether its length was announced or it comes chunked, and even where all but the end came."""
    app = Plain()
    address = spoilt(f"faults:\n  - {{kind: cut, at: {at}}}", app)
    got: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError):
        take(address.url + path, into=got)

    assert b"".join(got) == LINES[: min(at, len(LINES) - 1)]
    assert app.asked, "a cut is made in a real answer"


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_an_answer_that_ends_early_looks_whole(spoilt: Spoilt, path: str) -> None:
    address = spoilt("faults:\n  - {kind: end, at: 250}")
    answer = httpx.post(address.url + path)

    assert answer.content == LINES[:250]


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_garbage_bytes_lie_where_they_were_ordered(spoilt: Spoilt, path: str) -> None:
    address = spoilt("faults:\n  - {kind: garbage, at: 190, bytes: 30}")
    first, second = httpx.post(address.url + path).content, httpx.post(address.url + path).content

    assert len(first) == len(LINES)
    assert first[:190] + first[220:] == LINES[:190] + LINES[220:]
    assert first[190:220] != LINES[190:220]
    assert second[190:220] != first[190:220]


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_garbage_in_base64_is_in_one_line_only(spoilt: Spoilt, path: str) -> None:
    address = spoilt("faults:\n  - {kind: garbage, form: base64, after: 2}")
    lines = httpx.post(address.url + path).content.splitlines()

    audio = [json.loads(line)["audio"] for line in lines]
    with pytest.raises(binascii.Error):
        base64.b64decode(audio.pop(2), validate=True)
    assert all(base64.b64decode(each, validate=True) == b"ABC" * 40 for each in audio)
    assert len(audio) == 7


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_a_broken_line_stands_among_good_ones(spoilt: Spoilt, path: str) -> None:
    address = spoilt("faults:\n  - {kind: garbage, form: line, after: 3}")
    lines = httpx.post(address.url + path).content.split(b"\n")

    broken = lines.pop(3)
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    assert b"\n".join(lines) == LINES


@pytest.mark.parametrize(("after", "asked"), [(0, 0), (2, 1)])
def test_an_error_line_ends_a_stream_that_is_200(spoilt: Spoilt, after: int, asked: int) -> None:
    app = Plain()
    address = spoilt(f"faults:\n  - {{kind: error_line, after: {after}}}", app)
    answer = httpx.post(f"{address.url}/stream")

    *before, last, end = answer.content.split(b"\n")
    assert answer.status_code == 200
    assert before == LINES.split(b"\n")[:after]
    assert json.loads(last)["slug"] == "zero_credits"
    assert json.loads(last)["code"] == "E0300"
    assert end == b""
    assert len(app.asked) == asked


def test_a_drip_comes_whole_and_slowly(spoilt: Spoilt) -> None:
    text = "faults:\n  - {kind: drip, bytes: 100, pause_ms: 5}"
    address = spoilt(text)
    with httpx.stream("POST", address.url) as answer:
        began = time.monotonic()
        assert answer.read() == LINES
        took = time.monotonic() - began

    assert took >= len(LINES) / 100 * 0.004


def test_a_delay_holds_the_answer_back(spoilt: Spoilt) -> None:
    address = spoilt("faults:\n  - {kind: delay, delay_ms: 80}")
    began = time.monotonic()
    assert httpx.post(address.url).content == LINES

    assert time.monotonic() - began >= 0.08


@pytest.mark.parametrize(("at", "asked"), [("", 0), (", at: 150", 1)])
def test_a_server_that_hangs_says_nothing_more(spoilt: Spoilt, at: str, asked: int) -> None:
    app = Plain()
    address = spoilt(f"faults:\n  - {{kind: hang{at}}}", app)
    got: list[bytes] = []
    with pytest.raises(httpx.ReadTimeout):
        take(f"{address.url}/stream", into=got, timeout=0.2)

    assert b"".join(got) == (LINES[:150] if at else b"")
    assert len(app.asked) == asked


def test_an_endless_answer_goes_on_until_the_client_leaves(spoilt: Spoilt) -> None:
    text = "faults:\n  - {kind: endless, pause_ms: 1}"
    address = spoilt(text)
    with httpx.stream("POST", f"{address.url}/stream") as answer:
        got = b""
        for piece in answer.iter_raw():
            got += piece
            if len(got) > len(LINES) + 20:
                break

    assert got.startswith(LINES)
    assert not got[len(LINES) :].strip()


def test_what_was_not_struck_is_untouched(spoilt: Spoilt) -> None:
    request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    address = spoilt("faults:\n  - {kind: cut, at: 3, requests: [2]}")
    answers = [read_to_end(send_raw(address.port, request)) for _ in range(3)]

    assert answers[0].endswith(b"\r\n\r\n" + LINES)
    assert answers[1].endswith(b"\r\n\r\n" + LINES[:3])
    assert answers[2] == answers[0] or answers[2].endswith(LINES)


# WebSockets


def test_a_handshake_can_be_refused(spoilt: Spoilt) -> None:
    address = spoilt("faults:\n  - {kind: status, status: 503, body: {message: no}, method: WS}")
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(address.websocket),
    ):
        pass

    assert refused.value.response.status_code == 503
    assert json.loads(refused.value.response.body) == {"message": "no"}


def test_a_websocket_is_cut_without_a_word(spoilt: Spoilt) -> None:
    address = spoilt("faults:\n  - {kind: cut, at: 60}")
    got: list[str | bytes] = []
    with connect(address.websocket) as socket, pytest.raises(ConnectionClosedError) as closed:
        got.extend(socket)

    assert sum(map(len, got)) == 60
    assert closed.value.rcvd is None


def test_a_websocket_ends_early_or_with_an_error(spoilt: Spoilt) -> None:
    text = """
        faults:
          - {kind: end, at: 29, requests: [1]}
          - {kind: error_line, after: 2, requests: [2]}
          - {kind: error_line, requests: [3]}
          - {kind: garbage, form: line, after: 1, requests: [4]}
          - {kind: drip, bytes: 3, requests: [5]}
    """
    address = spoilt(text)
    heard = []
    for _ in range(5):
        with connect(address.websocket) as socket:
            heard.append(list(socket))

    assert heard[0] == ['{"type": "line", "number": 0}']
    assert [json.loads(line)["type"] for line in heard[1]] == ["line", "line", "error"]
    assert [json.loads(line)["type"] for line in heard[2]] == ["error"]
    assert len(heard[3]) == 6
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard[3][1])
    assert len(heard[4]) == 5


def test_every_kind_is_tested_or_has_nothing_to_do() -> None:
    """A kind that is added comes with a test of what a client meets."""
    tested = {"delay", "status", "empty", "error_line", "cut", "end", "drip", "garbage", "hang", "endless"}

    assert {*get_args(Kind)} - tested == {"none"}
