"""What is sent and what is read where nothing goes wrong."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from tests.outside import Answer, Outside, Seen
from tests.transport.calling import KEY, ask, beside, calling, whole


def test_reads_the_body_and_sends_json() -> None:
    with Outside(Answer(b"spoken")) as outside, calling(outside) as transport:
        spoken = ask(transport, json={"text": "Grüße", "speed": 1})

    (seen,) = outside.seen
    assert spoken == b"spoken"
    assert (seen.method, seen.path) == ("POST", "/speak")
    assert seen.json() == {"text": "Grüße", "speed": 1}
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["content-length"] == str(len(seen.body))
    assert seen.headers["x-octave-key"] == KEY
    assert transport.requests == 1


def test_names_itself_and_asks_for_no_compression() -> None:
    """Whatever the provider would have said: some services refuse the name of a library."""
    given = {"user-agent": "Python-urllib/3", "Accept-Encoding": "gzip"}
    with Outside(Answer()) as outside, calling(outside, headers=given) as transport:
        ask(transport)

    headers = outside.seen[0].headers
    assert re.match(r"narrator/\d[\w.]* \(\+python", headers["user-agent"])
    assert headers["accept-encoding"] == "identity"


def test_pieces_are_read_as_they_come() -> None:
    """The reader has the first before the second is sent."""
    read_one = threading.Event()

    def read(pieces: Iterator[bytes]) -> list[bytes]:
        first = next(pieces)
        read_one.set()
        return [first, *pieces]

    with (
        Outside(Answer([b"one", read_one, b"two"])) as outside,
        calling(outside) as transport,
    ):
        assert ask(transport, read=read) == [b"one", b"two"]


def test_a_path_in_the_base_url_goes_before_the_paths() -> None:
    with Outside(then=Answer()) as outside:
        for path in ("/octave", "/octave/"):
            with calling(outside, path=path) as transport:
                ask(transport, "GET", "/voices", params={"name": "Ava Song", "page": "2"})
                ask(transport, "GET", "/voices", params=[("tag", "a&b"), ("tag", "c/d")])

    assert [seen.path for seen in outside.seen] == [
        "/octave/voices?name=Ava+Song&page=2",
        "/octave/voices?tag=a%26b&tag=c%2Fd",
    ] * 2


def test_sends_forms() -> None:
    with Outside(Answer()) as outside, calling(outside) as transport:
        ask(transport, form={"grant_type": "client credentials"})

    (seen,) = outside.seen
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.body == b"grant_type=client+credentials"


def parts(seen: Seen) -> list[Message]:
    """Of a multipart request."""
    message = message_from_bytes(
        f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode() + seen.body
    ).get_payload()
    assert isinstance(message, list)
    return [part for part in message if isinstance(part, Message)]


def test_sends_files_beside_a_form_again_whole() -> None:
    """Each attempt carries every field: nothing is used up by the first."""
    with (
        Outside(Answer(status=503), Answer()) as outside,
        calling(outside) as transport,
    ):
        ask(
            transport, form={"types[0]": "word"}, files={"audio": ("guide.wav", b"RIFF\x00\xff", "audio/wav")}
        )

    for seen in outside.seen:
        field, file = parts(seen)
        assert field.get_param("name", header="content-disposition") == "types[0]"
        assert field.get_payload() == "word"
        assert file.get_param("name", header="content-disposition") == "audio"
        assert (file.get_filename(), file.get_content_type()) == ("guide.wav", "audio/wav")
        assert file.get_payload(decode=True) == b"RIFF\x00\xff"
    assert len(outside.seen) == 2


def test_sends_files_alone() -> None:
    with Outside(Answer()) as outside, calling(outside) as transport:
        ask(transport, files={"audio": ("guide.wav", b"RIFF", "audio/wav")})

    assert [part.get_filename() for part in parts(outside.seen[0])] == ["guide.wav"]


@pytest.mark.parametrize(
    "answer", [Answer(b"x"), Answer([b"x", b"y"]), Answer(status=204), Answer(b"", status=201)]
)
def test_connections_are_used_again(answer: Answer) -> None:
    with Outside(then=answer) as outside, calling(outside) as transport:
        for _ in range(5):
            ask(transport)

    assert outside.connections == 1


def test_a_connection_that_the_service_has_closed_is_not_used_again() -> None:
    """An idle connection ends sooner or later, and no request is lost by it."""
    with Outside(then=Answer(b"x", ending="close")) as outside, calling(outside) as transport:
        for number in range(3):
            ask(transport)
            outside.wait_for_end(number + 1)

    assert transport.requests == 3


def test_many_threads_share_the_connections() -> None:
    with (
        Outside(then=lambda seen: Answer(seen.body)) as outside,
        calling(outside, concurrency=3) as transport,
    ):
        spoken = beside(lambda number: [ask(transport, json=[number, n]) for n in range(10)], threads=8)

    assert spoken == [[b"[%d,%d]" % (number, n) for n in range(10)] for number in range(8)]
    assert outside.connections <= 3
    assert outside.busiest <= 3
    assert transport.requests == 80


@pytest.mark.parametrize("length", [None, -1])
def test_what_is_compressed_all_the_same_is_unpacked(length: int | None) -> None:
    packed = Answer(gzip.compress(b"spoken" * 1000), headers={"Content-Encoding": "gzip"}, length=length)
    with Outside(packed) as outside, calling(outside) as transport:
        assert ask(transport) == b"spoken" * 1000


def test_no_cookie_comes_back() -> None:
    with (
        Outside(Answer(headers={"Set-Cookie": "session=1; Path=/"}), Answer()) as outside,
        calling(outside) as transport,
    ):
        ask(transport)
        ask(transport)

    assert "cookie" not in outside.seen[1].headers


def test_no_credentials_of_the_machine_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ~/.netrc says of the host is for others."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password something\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Outside(Answer()) as outside, calling(outside) as transport:
        ask(transport)

    assert "authorization" not in outside.seen[0].headers


def test_a_reader_may_leave_before_the_end() -> None:
    """The connection is not used again, and the next request has another."""
    with (
        Outside(Answer(b"x" * 300_000, ending="hang"), Answer(b"y")) as outside,
        calling(outside, concurrency=1) as transport,
    ):
        assert ask(transport, read=lambda pieces: next(pieces)[:1]) == b"x"
        assert ask(transport) == b"y"


def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    with Outside(Answer(b"spoken", length=-1)) as outside, calling(outside) as transport:
        assert ask(transport, read=whole) == b"spoken"
