"""How long and how large an answer may be."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator

import pytest

from narrator.errors import ServiceFailed
from narrator.transport import Patience
from tests.outside import Answer, Outside, drip
from tests.transport.calling import ask, calling, whole


def endless(text: bytes, *, every_s: float) -> list[bytes | float]:
    """More than will be waited for."""
    return [part for _ in range(2000) for part in (text, every_s)]


def test_an_answer_that_drips_ends_with_its_time() -> None:
    """However short the time between two bytes."""
    began_at = time.monotonic()
    with (
        Outside(drip(b"x" * 1000, every_s=0.01)) as outside,
        calling(outside, answer_s=0.1, idle_s=5, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match=r"(did not end|no answer) within 0.1 s"),
    ):
        ask(transport)

    assert time.monotonic() - began_at < 2


def test_a_stall_ends_with_the_time_of_the_answer() -> None:
    """Even where the time between two pieces is longer."""
    with (
        Outside(Answer(b"x", length=9, ending="hang")) as outside,
        calling(outside, answer_s=0.1, idle_s=30, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match=r"(did not end|no answer) within 0.1 s"),
    ):
        ask(transport)


def test_a_stall_ends_with_the_time_between_pieces() -> None:
    with (
        Outside(Answer(b"x", length=9, ending="hang")) as outside,
        calling(outside, answer_s=30, idle_s=0.05, head_s=30, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match=r"nothing came for 0.05 s"),
    ):
        ask(transport)


@pytest.mark.parametrize(
    "head",
    [
        [b"HTTP/1.1 200 OK\r\n", *endless(b"X: y\r\n", every_s=0.01)],
        [b"HTTP/1.1 200 OK\r\nX: ", *endless(b"y", every_s=0.01)],
        endless(b"HTTP/1.1 100 Continue\r\n\r\n", every_s=0.01),
        endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, every_s=0),
    ],
    ids=["fields", "a field", "interim answers", "many interim answers"],
)
def test_a_head_without_end_ends_with_the_time_of_the_answer(head: list[bytes | float]) -> None:
    with (
        Outside(Answer(head=head, ending="hang")) as outside,
        calling(outside, answer_s=0.1, idle_s=5, head_s=5, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match=r"no answer within 0.1 s|before an answer came") as it,
    ):
        ask(transport)

    assert it.value.perhaps_paid == 1


def test_a_stream_without_end_ends_with_its_size() -> None:
    with (
        Outside(Answer(endless(b"x" * 10_000, every_s=0))) as outside,
        calling(outside, body_bytes=100_000, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match="larger than 100,000 bytes"),
    ):
        ask(transport)


def test_the_size_is_that_of_the_unpacked_body() -> None:
    bomb = Answer(gzip.compress(b"\0" * 1_000_000), headers={"Content-Encoding": "gzip"})
    with (
        Outside(bomb) as outside,
        calling(outside, body_bytes=100_000, paid_attempts=1) as transport,
        pytest.raises(ServiceFailed, match="larger than 100,000 bytes"),
    ):
        ask(transport)


def test_an_answer_of_just_the_largest_size_is_read() -> None:
    with Outside(Answer(b"x" * 100_000)) as outside, calling(outside, body_bytes=100_000) as transport:
        assert len(ask(transport)) == 100_000


def test_a_slow_reader_takes_no_time_from_the_service() -> None:
    """What is done with the pieces is not the service's doing."""

    def read(pieces: Iterator[bytes]) -> bytes:
        first = next(pieces)
        time.sleep(0.25)  # the work of a reader
        return first + whole(pieces)

    with (
        Outside(Answer([b"one", b"two", 0.02, b"three"])) as outside,
        calling(outside, answer_s=0.2) as transport,
    ):
        assert ask(transport, read=read) == b"onetwothree"


def test_the_next_answer_has_all_its_time() -> None:
    """Over the connection of the one before it."""
    slow = Answer(b"x", wait=0.1)
    with Outside(slow, slow, slow) as outside, calling(outside, answer_s=0.25, head_s=0.25) as transport:
        for _ in range(3):
            ask(transport)

    assert outside.connections == 1
    assert transport.requests == 3


def test_default_limits_suit_speech() -> None:
    """Five takes of the longest text fit, and eight attempts outlast a minute of refusals."""
    patience = Patience()
    shortest = [patience.first_wait_s * 2**n / 2 for n in range(patience.attempts - 1)]

    assert sum(min(wait, patience.longest_wait_s / 2) for wait in shortest) > 60
    assert patience.body_bytes > 5 * (5_000 / 14 * 48_000 * 2) * 4 / 3
    assert patience.paid_attempts < patience.attempts
    assert patience.head_s < patience.answer_s < patience.total_s
