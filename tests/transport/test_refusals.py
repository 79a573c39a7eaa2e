"""Answers that are final: what the judge says of them, and what the transport says where he says nothing."""

from __future__ import annotations

import os
import pickle
import socket
import ssl
import threading
import time
from collections.abc import Mapping

import httpx
import pytest

from narrator.errors import (
    KeyRefused,
    OutOfCredit,
    ProviderError,
    RequestRefused,
    ServiceGone,
)
from narrator.transport.losses import Lost, Trail, lost_before_the_answer
from tests.outside import Answer, Outside, closed_port, drip, said
from tests.transport.calling import QUICK, ask, calling

NEWS = "it was to end on 13 November"


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_the_judge_comes_first(status: int) -> None:
    """He gets the status, headers by lower-case name and the body; what he returns is raised at once."""
    judged = []

    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        judged.append((status, headers["x-request-id"], body))
        return OutOfCredit("E0300", provider="octave")

    answer = Answer(b'{"code": "E0300"}', status=status, headers={"X-Request-Id": "r1"})
    with Outside(answer) as outside, calling(outside) as transport, pytest.raises(OutOfCredit, match="E0300"):
        ask(transport, judge=judge)

    assert judged == [(status, "r1", b'{"code": "E0300"}')]


def test_the_judge_gets_the_beginning_of_a_long_body() -> None:
    """And of one that is cut, what came."""
    judged = []

    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        judged.append(body)
        return RequestRefused("no", provider="octave")

    long = Answer(b"x" * 200_000, status=400)
    cut = Answer(b"y" * 200, status=400, cut=100)
    for answer in (long, cut):
        with Outside(answer) as outside, calling(outside) as transport, pytest.raises(RequestRefused):
            ask(transport, judge=judge)

    assert 60_000 < len(judged[0]) <= 65_536
    assert judged[1] == b"y" * 100


def test_a_refusal_that_does_not_end_is_not_waited_for() -> None:
    began_at = time.monotonic()
    for answer in (
        Answer(b"no such voice", status=400, length=100, ending="hang"),
        drip(b"no such voice" * 1000, every_s=0.01, status=400),
    ):
        with (
            Outside(answer) as outside,
            calling(outside, idle_s=0.2) as transport,
            pytest.raises(RequestRefused, match="no such"),
        ):
            ask(transport)

    assert time.monotonic() - began_at < 5


def test_the_judge_is_not_asked_about_good_answers_and_redirects() -> None:
    def judge(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return RequestRefused("judged", provider="octave")

    with Outside(Answer(b"x"), Answer(status=304)) as outside, calling(outside) as transport:
        assert ask(transport, judge=judge) == b"x"
        with pytest.raises(RequestRefused, match="304"):
            ask(transport, judge=judge)


@pytest.mark.parametrize("status", [400, 405, 406, 411, 413, 415, 422, 451])
def test_other_refusals_are_final(status: int) -> None:
    """The request is made once, and the error says what the body says."""
    refusal = said({"message": "speed is out of range"}, status=status)
    with (
        Outside(refusal) as outside,
        calling(outside, key_variable="OCTAVE_KEY") as transport,
        pytest.raises(RequestRefused) as it,
    ):
        ask(transport)

    assert (it.value.status, it.value.provider) == (status, "octave")
    assert f"refused with status {status}" in str(it.value)
    assert "speed is out of range" in it.value.said
    assert str(pickle.loads(pickle.dumps(it.value))) == str(it.value)  # noqa: S301  our own


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "without a word"),
        (b"  two\r\n\tlines \x1b[31m red\x00 \x7f ", "two lines [31m red"),
        ("right\u202eleft\u2028next".encode(), "right left next"),
        (b"<!DOCTYPE html><html><body class='a>b'><h1>Bad &amp; wrong</h1></body></html>", "Bad & wrong"),
        (b"\xff\xfebinary", "\ufffd\ufffdbinary"),
        (b"word " * 1000, "word " * 47 + "word…"),
    ],
)
def test_what_a_body_says_is_one_short_clean_line(body: bytes, shown: str) -> None:
    with (
        Outside(Answer(body, status=400)) as outside,
        calling(outside) as transport,
        pytest.raises(RequestRefused) as it,
    ):
        ask(transport)

    assert it.value.said == shown


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable(status: int) -> None:
    answer = Answer(b"error code: 1010", status=status)
    with Outside(answer, answer) as outside:
        with calling(outside, key_variable="OCTAVE_KEY") as transport, pytest.raises(KeyRefused) as it:
            ask(transport)
        with calling(outside) as transport, pytest.raises(RequestRefused, match="error code: 1010"):
            ask(transport)

    assert it.value.variable == "OCTAVE_KEY"
    assert f"status {status}: error code: 1010" in str(it.value)
    assert it.value.stops


def test_payment_required_is_out_of_credit() -> None:
    with (
        Outside(Answer(b"pay up", status=402)) as outside,
        calling(outside) as transport,
        pytest.raises(OutOfCredit, match="status 402: pay up"),
    ):
        ask(transport)


@pytest.mark.parametrize("status", [404, 410])
def test_a_path_that_is_not_there_any_more_means_the_service_is_gone(status: int) -> None:
    with (
        Outside(Answer(b"Not Found", status=status)) as outside,
        calling(outside, news=NEWS) as transport,
        pytest.raises(ServiceGone, match=f"status {status}: Not Found") as it,
    ):
        ask(transport)

    assert it.value.base_url == outside.url
    assert NEWS in str(it.value)
    assert str(pickle.loads(pickle.dumps(it.value))) == str(it.value)  # noqa: S301  our own


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://new.example.com/v1?key=1", "https://new.example.com"),
        ("http://user:word@new.example.com:8080/", "http://new.example.com:8080"),
        ("//new.example.com/", "http://new.example.com"),
        ("/speak/", "another path of the same host, /speak/"),
        ("http://[bad", "an address that is none"),
        ("http://new.example.com:port/", "an address that is none"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, location: str, shown: str) -> None:
    """The key would go along. The error names the host that they lead to, and nothing else of the address."""
    with (
        Outside(Answer(status=status, headers={"Location": location})) as outside,
        calling(outside) as transport,
        pytest.raises(ServiceGone) as it,
    ):
        ask(transport)

    assert it.value.reason == f"status {status}: it sends us on to {shown}"


def test_a_redirect_does_not_reach_the_other_host() -> None:
    with Outside() as other, Outside(Answer(status=307, headers={"Location": other.url})) as outside:
        with calling(outside) as transport, pytest.raises(ServiceGone, match=f":{other.port}"):
            ask(transport)
        assert not other.connections


def test_a_closed_door_means_the_service_is_gone() -> None:
    """After a few quick attempts, all of which cost nothing."""
    with (
        calling(f"http://127.0.0.1:{closed_port()}", news=NEWS, door_attempts=3) as transport,
        pytest.raises(ServiceGone, match=r"\(connection refused\); it was to end") as it,
    ):
        ask(transport)

    assert transport.requests == 3
    assert it.value.stops


def test_fewer_attempts_than_doors_are_enough() -> None:
    with (
        calling(f"http://127.0.0.1:{closed_port()}", attempts=2, door_attempts=4) as transport,
        pytest.raises(ServiceGone),
    ):
        ask(transport)

    assert transport.requests == 2


def test_a_server_that_starts_again_is_waited_for() -> None:
    port = closed_port()
    opened: list[Outside] = []

    def open_later() -> None:
        opened.append(Outside(Answer(b"back"), port=port))

    with calling(
        f"http://127.0.0.1:{port}", attempts=80, door_attempts=60, first_wait_s=0.05, longest_wait_s=0.05
    ) as transport:
        timer = threading.Timer(0.08, open_later)
        timer.start()
        assert ask(transport) == b"back"
        timer.join()
        opened[0].close()


def test_doors_are_counted_in_a_row() -> None:
    """An answer in between shows that somebody is there."""
    trail = Trail()
    for lost in [Lost("shut", door=True), Lost("shut", door=True), Lost("busy"), Lost("shut", door=True)]:
        trail.lose(lost, QUICK)
        assert not trail.gone(QUICK._replace(door_attempts=3))
    trail.lose(Lost("shut", door=True), QUICK)

    assert not trail.gone(QUICK._replace(door_attempts=3))
    assert trail.gone(QUICK._replace(door_attempts=2))


def test_a_server_without_tls_is_no_service() -> None:
    with (
        Outside() as outside,
        calling(f"https://127.0.0.1:{outside.port}", door_attempts=2) as transport,
        pytest.raises(ServiceGone, match=r"no connection: .*SSL"),
    ):
        ask(transport)
    outside.close()


def chained(cause: Exception) -> httpx.ConnectError:
    """What httpx makes of it."""
    error = httpx.ConnectError(str(cause))
    error.__cause__ = Exception("of httpcore")
    error.__cause__.__cause__ = cause
    return error


def test_a_name_that_is_not_known_is_a_closed_door() -> None:
    """Asked again, since a resolver may fail for a moment."""
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("no.such.host", 80, flags=socket.AI_NUMERICHOST)

    lost = lost_before_the_answer(chained(unknown.value), QUICK)

    assert (lost.reason, lost.door, lost.final, lost.paid) == ("its name is not known", True, False, False)


def test_a_certificate_of_another_host_is_a_door_closed_for_good() -> None:
    wrong = ssl.SSLCertVerificationError()
    wrong.verify_message = "Hostname mismatch"

    lost = lost_before_the_answer(chained(wrong), QUICK)

    assert (lost.reason, lost.door, lost.final, lost.paid) == (
        "its certificate is not valid: Hostname mismatch",
        True,
        True,
        False,
    )
    trail = Trail()
    trail.lose(lost, QUICK)
    assert trail.gone(QUICK)
    assert trail.over(QUICK, now=0)


@pytest.mark.parametrize(
    ("error", "door", "paid"),
    [
        (httpx.ConnectTimeout(""), True, False),
        (httpx.ProxyError("407 Proxy Authentication Required"), True, False),
        (httpx.PoolTimeout(""), False, False),
        (httpx.WriteTimeout(""), False, False),
        (httpx.WriteError(""), False, False),
        (httpx.ReadTimeout(""), False, True),
        (httpx.ReadError(""), False, True),
        (httpx.RemoteProtocolError(""), False, True),
    ],
)
def test_only_what_was_sent_whole_may_be_billed(error: httpx.TransportError, door: bool, paid: bool) -> None:
    lost = lost_before_the_answer(error, QUICK)

    assert (lost.door, lost.paid, lost.final) == (door, paid, False)


def test_a_proxy_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Outside(Answer(b"by proxy"), Answer(b"direct")) as outside:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{outside.port}")
        with calling("http://octave.internal") as transport:
            assert ask(transport) == b"by proxy"
        with calling(outside) as transport:
            assert ask(transport) == b"direct"

    assert [seen.path for seen in outside.seen] == ["http://octave.internal/speak", "/speak"]


@pytest.mark.parametrize(
    "proxy", ["socks5://user:hush@127.0.0.1:1", "gopher://user:hush@127.0.0.1:1", "http://[::1"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_of_ours(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with pytest.raises(ProviderError, match="proxy") as it, calling("https://octave.example.com"):
        pass

    assert "hush" not in str(it.value)
