"""Pieces as they come, for those who listen while it is spoken."""

from __future__ import annotations

import threading

import pytest

from narrator.errors import ProviderError, RequestRefused, ServiceFailed, ServiceGone
from tests.outside import DROP, Answer, Outside, closed_port
from tests.transport.calling import calling, nothing_to_say


def test_pieces_come_before_the_answer_ends() -> None:
    heard = threading.Event()
    with Outside(Answer([b"one", heard, b"two"])) as outside, calling(outside) as transport:
        pieces = transport.stream(
            "POST", "/speak", judge=nothing_to_say, json={"text": "Hi."}, params={"a": "b"}
        )
        assert next(pieces) == b"one"
        heard.set()
        assert list(pieces) == [b"two"]

    (seen,) = outside.seen
    assert (seen.method, seen.path, seen.json()) == ("POST", "/speak?a=b", {"text": "Hi."})


def test_the_request_is_sent_when_the_first_piece_is_asked_for() -> None:
    with Outside() as outside, calling(outside) as transport:
        transport.stream("POST", "/speak", judge=nothing_to_say)
        assert transport.requests == 0
        assert not outside.connections


def test_it_is_asked_again_before_the_first_piece() -> None:
    cut = Answer(b"spoken", cut=0)
    with Outside(Answer(status=503), cut, Answer(b"spoken")) as outside, calling(outside) as transport:
        assert b"".join(transport.stream("POST", "/speak", judge=nothing_to_say)) == b"spoken"

    assert transport.requests == 3


def test_it_is_not_asked_again_after_the_first_piece() -> None:
    """Two attempts are two different takes: what has been heard cannot be taken back."""
    with Outside(Answer([b"one", b"two"], cut=3)) as outside, calling(outside) as transport:
        pieces = transport.stream("POST", "/speak", judge=nothing_to_say)
        assert next(pieces) == b"one"
        with pytest.raises(ServiceFailed, match="broke off after 3 bytes") as it:
            list(pieces)

    assert (it.value.attempts, it.value.perhaps_paid) == (1, 1)
    assert transport.requests == 1


def test_lost_beginnings_have_the_smaller_allowance() -> None:
    with (
        Outside(DROP, DROP) as outside,
        calling(outside) as transport,
        pytest.raises(ServiceFailed) as it,
    ):
        list(transport.stream("POST", "/speak", judge=nothing_to_say))

    assert it.value.perhaps_paid == 2


def test_an_empty_answer_has_no_pieces() -> None:
    """What that means is for the caller to say."""
    with Outside(Answer(b"")) as outside, calling(outside) as transport:
        assert list(transport.stream("POST", "/speak", judge=nothing_to_say)) == []


def test_the_judge_is_asked() -> None:
    def judge(status: int, headers: object, body: bytes) -> ProviderError:
        return RequestRefused(body.decode(), provider="octave", status=status)

    with (
        Outside(Answer(b"no such voice", status=422)) as outside,
        calling(outside) as transport,
        pytest.raises(RequestRefused, match="422: no such voice"),
    ):
        list(transport.stream("POST", "/speak", judge=judge))


def test_a_closed_door_is_told() -> None:
    with calling(f"http://127.0.0.1:{closed_port()}") as transport, pytest.raises(ServiceGone):
        list(transport.stream("POST", "/speak", judge=nothing_to_say))


@pytest.mark.parametrize("way", ["ended", "left", "failed"])
def test_a_stream_gives_its_place_back(way: str) -> None:
    """However it ends, the next request is let in."""
    long = [b"x", *[b"x" * 1000] * 10]
    with (
        Outside(Answer(long, cut=500 if way == "failed" else None), Answer(b"next")) as outside,
        calling(outside, concurrency=1) as transport,
    ):
        pieces = transport.stream("POST", "/speak", judge=nothing_to_say)
        next(pieces)
        if way == "ended":
            assert b"".join(pieces) == b"x" * 10_000
        elif way == "failed":
            with pytest.raises(ServiceFailed):
                list(pieces)
        else:
            getattr(pieces, "close")()  # noqa: B009  an iterator, for all its type says
        assert b"".join(transport.stream("POST", "/speak", judge=nothing_to_say)) == b"next"


def test_limits_hold_for_streams() -> None:
    endless = Answer([b"x" * 1000] * 1000)
    with (
        Outside(endless) as outside,
        calling(outside, body_bytes=10_000) as transport,
        pytest.raises(ServiceFailed, match="larger than 10,000 bytes"),
    ):
        list(transport.stream("POST", "/speak", judge=nothing_to_say))
