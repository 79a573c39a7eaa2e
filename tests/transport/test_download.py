"""Files that lie elsewhere: where a request for one may go, and what is made of what comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import ProviderError, RequestRefused, ServiceFailed
from narrator.transport import Downloads, FileLost
from narrator.transport.address import public
from narrator.transport.network import Network
from tests.outside import DROP, RESET, Answer, Outside, closed_port
from tests.transport.calling import QUICK

HOSTS = ("files.example.com", ".cdn.example.com")


@contextmanager
def fetching(base_url: str, **patience: Any) -> Iterator[Downloads]:
    with closing(
        Downloads(
            provider="octave",
            base_url=base_url,
            hosts=HOSTS,
            patience=QUICK._replace(**patience),
            connections=2,
        )
    ) as downloads:
        yield downloads


def test_a_file_is_fetched_whole() -> None:
    with Outside(Answer([b"one", b"two"])) as outside, fetching(outside.url) as downloads:
        assert downloads.fetch(f"{outside.url}/a?b=c%20d#e", size=6) == b"onetwo"
        assert downloads.requests == 1
    assert outside.seen[0].path == "/a?b=c%20d"
    assert set(outside.seen[0].headers) <= {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize(
    "first", [RESET, DROP, Answer(b"", status=503), Answer(b"", status=429), Answer(b"onetwo", cut=3)]
)
def test_what_may_pass_is_tried_again(first: Answer) -> None:
    with Outside(first, Answer(b"onetwo")) as outside, fetching(outside.url) as downloads:
        assert downloads.fetch(f"{outside.url}/a", size=6) == b"onetwo"


def test_but_not_for_ever() -> None:
    with Outside(then=Answer(b"", status=500)) as outside, fetching(outside.url) as downloads:
        with pytest.raises(ServiceFailed, match=r"failed 4 times; .* could not be fetched: status 500"):
            downloads.fetch(f"{outside.url}/a")
        assert downloads.requests == 4
    with fetching(outside.url) as downloads, pytest.raises(ServiceFailed, match="connection refused"):
        downloads.fetch(f"http://127.0.0.1:{closed_port()}/a")


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 410])
def test_a_file_that_is_not_there_is_lost(status: int) -> None:
    with (
        Outside(Answer(b"", status=status)) as outside,
        fetching(outside.url) as downloads,
        pytest.raises(FileLost, match=f"status {status}"),
    ):
        downloads.fetch(f"{outside.url}/a")


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_may_not_be_there_yet(status: int) -> None:
    """A store of files takes its time, and says so with either."""
    away = Answer(b"<Error>NoSuchKey</Error>", status=status)
    with Outside(away, away, Answer(b"onetwo")) as outside, fetching(outside.url) as downloads:
        assert downloads.fetch(f"{outside.url}/a") == b"onetwo"
    with Outside(then=away) as outside, fetching(outside.url) as downloads:
        with pytest.raises(FileLost, match=rf"the file is not there \(status {status}\)"):
            downloads.fetch(f"{outside.url}/a")
        assert downloads.requests == 4


def test_a_file_is_read_no_further_than_it_may_be() -> None:
    """However large it says it is, or does not say."""
    endless = threading.Event()
    for answer in (
        Answer([b"x" * 60_000, endless]),
        Answer(b"x" * 60_000, length=10**12, ending="hang"),
        Answer([b"x" * 60_000, endless], chunked=False, length=-1),
    ):
        with (
            Outside(answer) as outside,
            fetching(outside.url, body_bytes=50_000) as downloads,
            pytest.raises(FileLost, match="larger than 50,000 bytes"),
        ):
            downloads.fetch(f"{outside.url}/a")


@pytest.mark.parametrize(
    ("size", "match"), [(5, "should have 5 bytes and has more"), (7, "7 bytes and has 6")]
)
def test_a_file_has_the_size_it_should_have(size: int, match: str) -> None:
    with Outside(then=Answer(b"onetwo")) as outside, fetching(outside.url) as downloads:
        with pytest.raises(FileLost, match=match):
            downloads.fetch(f"{outside.url}/a", size=size)
        assert downloads.requests > 1  # it may have been cut without anybody's noticing


LEFT_ALONE = (
    "https://files.example.org/a",
    "https://afiles.example.com/a",
    "https://files.example.com.evil.example/a",
    "https://cdn.example.com/a",
    "https://files.example.com:8443/a",
    "http://files.example.com/a",
    "http://api.example.net/a",
    "https://me@files.example.com/a",
    "https://127.0.0.1/a",
    "http://127.0.0.1/a",
    "https://localhost/a",
    "https://[::1]/a",
    "https://169.254.169.254/a",
    "https://0/a",
    "https://2130706433/a",
    "file:///etc/passwd",
    "data:audio/wav,RIFF",
    "gopher://files.example.com/a",
    "",
    "/a",
    "https://",
    "https://[",
    "https://files.example.com\\@evil.example/a",
)


@pytest.mark.parametrize("address", LEFT_ALONE)
def test_no_request_goes_where_files_have_no_reason_to_be(address: str) -> None:
    with fetching("https://api.example.net/v2") as downloads:
        with pytest.raises(RequestRefused, match="it is not fetched"):
            downloads.fetch(address)
        assert downloads.requests == 0


@pytest.mark.parametrize("address", [each for each in LEFT_ALONE if "://" in each and "127.0" not in each])
def test_nor_by_a_redirect(address: str) -> None:
    if "localhost" in address or "[::1]" in address:
        return  # which the server in this test is as well
    step = Answer(b"", status=302, headers={"Location": address})
    with Outside(step) as outside, fetching(outside.url) as downloads:
        with pytest.raises(RequestRefused, match="sends us on to"):
            downloads.fetch(f"{outside.url}/a")
        assert downloads.requests == 1


def test_a_redirect_may_lead_to_a_known_place() -> None:
    step = Answer(b"", status=301, headers={"Location": "b?c"})
    with Outside(step, Answer(b"x")) as outside, fetching(outside.url) as downloads:
        assert downloads.fetch(f"{outside.url}/v2/a") == b"x"
    assert [seen.path for seen in outside.seen] == ["/v2/a", "/v2/b?c"]


def test_what_is_closed_fetches_nothing() -> None:
    with fetching("http://127.0.0.1:1") as downloads:
        downloads.close()
        with pytest.raises(ProviderError, match="closed"):
            downloads.fetch("http://127.0.0.1:1/a")


def test_a_name_of_the_internet_that_stands_for_this_machine_is_left_at_once() -> None:
    """Whoever holds a host's name can have it stand for anything; nothing is sent before that is known."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        network = Network(
            httpx.URL(f"http://localhost:{door.getsockname()[1]}"), connections=1, provider="x", public=True
        )
        with closing(network), pytest.raises(httpx.ConnectError, match="private network"):
            network.handle_request(
                httpx.Request("GET", f"http://localhost:{door.getsockname()[1]}/", extensions={"timeout": {}})
            )
        door.settimeout(5)
        connection, _ = door.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(100) == b""


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nobody listens here
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("224.0.0.1", False),
        ("not a number", False),
    ],
)
def test_addresses_of_the_internet(address: str, found: bool) -> None:
    assert public(address) is found


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z0-9.@:\[\]/?#%\\-]{1,30}", fullmatch=True))
def test_any_address_is_refused_or_one_of_a_few(address: str) -> None:
    with fetching("https://api.example.net/v2") as downloads:
        with pytest.raises(ProviderError):
            downloads.fetch(address)
        assert downloads.requests == 0
