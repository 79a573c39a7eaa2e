"""What a reader is told beside the body: headers before it, trailers after it."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event

import pytest

from narrator.transport import Pieces
from tests.outside import Answer, Outside
from tests.transport.calling import ask, calling

CODED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def told(pieces: Pieces) -> tuple[bytes, Mapping[str, str], Mapping[str, str]]:
    """The whole body, headers, trailers."""
    body = b"".join(pieces)
    return body, pieces.headers, pieces.trailers


def coded(*bodies: bytes, end: bytes) -> Answer:
    """An answer in chunked coding, written out."""
    rows = [b"%x\r\n%b\r\n" % (len(body), body) for body in bodies]
    return Answer([*rows, end], head=CODED, chunked=False)


ENDS: Mapping[bytes, Mapping[str, str]] = {
    b"0\r\n\r\n": {},
    b"0\r\nX-Audio-Length: 1.5\r\n\r\n": {"x-audio-length": "1.5"},
    b"000;a=b\r\nETag:  x:y \r\nX-Empty:\r\n\r\n": {"etag": "x:y", "x-empty": ""},
}


@pytest.mark.parametrize(("end", "trailers"), ENDS.items())
@pytest.mark.parametrize("body", [b"one", b"one\r\n0\r\n", b"x" * 100_000])
def test_trailers_are_what_comes_after_the_body(body: bytes, end: bytes, trailers: Mapping[str, str]) -> None:
    with Outside(coded(body, b"two", end=end)) as outside, calling(outside) as transport:
        assert ask(transport, read=told)[::2] == (body + b"two", trailers)


def test_trailers_that_come_by_themselves() -> None:
    end: list[bytes | float | Event] = [b"0\r\nX-Au", 0.01, b"dio-Length: 2\r\n", 0.01, b"\r\n"]
    answer = Answer([b"3\r\none\r\n", 0.01, *end], head=CODED, chunked=False)
    with Outside(answer) as outside, calling(outside) as transport:
        assert ask(transport, read=told)[2] == {"x-audio-length": "2"}


def test_trailers_are_those_of_this_answer() -> None:
    """And not of the one before it on the same connection."""
    first, then = coded(b"one", end=b"0\r\nX-Audio-Length: 2\r\n\r\n"), coded(b"two", end=b"0\r\n\r\n")
    with Outside(first, then, Answer(b"")) as outside, calling(outside) as transport:
        found = [ask(transport, read=told)[2] for _ in range(3)]
        assert outside.connections == 1
    assert found == [{"x-audio-length": "2"}, {}, {}]


def test_a_body_of_known_length_has_none() -> None:
    answer = Answer(b"\r\n0\r\nX-Audio-Length: 2\r\n\r\n", headers={"X-Audio-Length": "3"})
    with Outside(answer) as outside, calling(outside) as transport:
        _, headers, trailers = ask(transport, read=told)
    assert (headers["x-audio-length"], trailers) == ("3", {})
