"""What is asked for again, how often, and what is said when that was not enough."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator

import pytest

from narrator.errors import RequestRefused, ServiceFailed
from narrator.transport import BrokenAnswer
from tests.outside import DROP, HANG, RESET, Answer, Outside, Step
from tests.transport.calling import ask, calling, whole

PASSING = [408, 409, 425, 429, 500, 502, 503, 504, 520, 529]


@pytest.mark.parametrize("status", PASSING)
def test_statuses_that_pass_are_asked_again(status: int) -> None:
    with (
        Outside(Answer(b"busy", status=status), Answer(b"spoken")) as outside,
        calling(outside) as transport,
    ):
        assert ask(transport, json={"text": "Hi."}) == b"spoken"

    assert outside.seen[0].body == outside.seen[1].body
    assert transport.requests == 2


@pytest.mark.parametrize("status", [s for s in PASSING if s not in (504, 520, 524)])
def test_attempts_are_bounded(status: int) -> None:
    with (
        Outside(then=Answer(b"try <later>", status=status)) as outside,
        calling(outside, attempts=4) as transport,
        pytest.raises(
            ServiceFailed, match=f"failed 4 times; the last time: status {status}: try <later>;"
        ) as it,
    ):
        ask(transport)

    assert (it.value.attempts, it.value.perhaps_paid, it.value.provider) == (4, 0, "octave")
    assert len(outside.seen) == transport.requests == 4


LOST: dict[str, Step] = {
    "reset": RESET,
    "dropped": DROP,
    "cut": Answer(b"0123456789", cut=4),
    "cut in a piece": Answer([b"0123456789"], cut=4),
    "cut and reset": Answer(b"0123456789", cut=4, ending="reset"),
    "half closed": Answer(b"0123456789", length=20, ending="half"),
    "no last piece": Answer(head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ending="close"),
    "garbage": Answer(head=b"\x16\x03\x01 garbage\r\n\r\n", ending="close"),
    "bad length": Answer(head=b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789", ending="close"),
    "bad piece": Answer(head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ending="close"),
    "endless head": Answer(head=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, ending="close"),
    "not gzip": Answer(b"0123456789", headers={"Content-Encoding": "gzip"}),
    "gateway gave up": Answer(status=504),
    "edge gave up": Answer(status=524),
    "edge was told nonsense": Answer(status=520),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_what_may_be_billed_has_a_smaller_allowance(lost: Step) -> None:
    """It is lost after the service had the whole request."""
    with Outside(lost, lost) as outside, calling(outside, attempts=8) as transport:
        with pytest.raises(ServiceFailed, match=r"failed 2 times \(2 of them may have been billed\)") as it:
            ask(transport)
        outside.add(lost, Answer(b"spoken"))
        assert ask(transport) == b"spoken"

    assert (it.value.attempts, it.value.perhaps_paid) == (2, 2)


@pytest.mark.parametrize("lost", [HANG, Answer(b"0123456789", length=20, ending="hang")])
def test_silence_may_be_billed_too(lost: Step) -> None:
    began_at = time.monotonic()
    with (
        Outside(lost, lost) as outside,
        calling(outside, head_s=0.03, idle_s=0.03) as transport,
        pytest.raises(ServiceFailed, match=r"no(thing| answer) (came for|within) 0.03 s") as it,
    ):
        ask(transport)

    assert time.monotonic() - began_at < 5
    assert (it.value.attempts, it.value.perhaps_paid) == (2, 2)


def test_both_allowances_hold_together() -> None:
    """Failures that cost nothing leave the smaller one alone, and the larger one bounds them all."""
    busy = Answer(status=503)
    with Outside(busy, busy, DROP, busy, DROP) as outside, calling(outside, attempts=8) as transport:
        with pytest.raises(ServiceFailed) as it:
            ask(transport)
        outside.add(busy, busy, DROP, busy, Answer(b"spoken"))
        assert ask(transport) == b"spoken"

    assert (it.value.attempts, it.value.perhaps_paid) == (5, 2)


def test_what_costs_nothing_may_be_lost_more_often() -> None:
    """A list of voices is no synthesis."""
    with Outside(*[DROP] * 4, Answer(b"voices")) as outside, calling(outside) as transport:
        assert ask(transport, "GET", billed=False) == b"voices"

    with (
        Outside(then=DROP) as outside,
        calling(outside, attempts=5) as transport,
        pytest.raises(ServiceFailed) as it,
    ):
        ask(transport, "GET", billed=False)
    assert (it.value.attempts, it.value.perhaps_paid) == (5, 0)


def test_an_answer_that_its_reader_cannot_use_is_lost() -> None:
    """The reader gets each answer from its beginning."""

    def read(pieces: Iterator[bytes]) -> bytes:
        if (body := whole(pieces)) != b"spoken":
            raise BrokenAnswer(f"no sound in {body!r}")
        return body

    with Outside(Answer(b""), Answer(b"spoken")) as outside, calling(outside) as transport:
        assert ask(transport, read=read) == b"spoken"

    with (
        Outside(then=Answer(b"x")) as outside,
        calling(outside) as transport,
        pytest.raises(ServiceFailed, match="the last time: no sound in b'x'") as it,
    ):
        ask(transport, read=read)
    assert (it.value.attempts, it.value.perhaps_paid) == (2, 2)


def test_an_error_found_by_the_reader_is_final() -> None:
    """Such as an error line in a stream whose status was good."""

    def read(pieces: Iterator[bytes]) -> bytes:
        raise RequestRefused(whole(pieces).decode(), provider="octave")

    with (
        Outside(Answer(b"no such voice")) as outside,
        calling(outside) as transport,
        pytest.raises(RequestRefused, match="no such voice"),
    ):
        ask(transport, read=read)


def test_a_slip_in_the_reader_comes_through_and_keeps_no_place() -> None:
    def read(pieces: Iterator[bytes]) -> bytes:
        raise ZeroDivisionError

    with Outside(Answer(b"x"), Answer(b"y")) as outside, calling(outside, concurrency=1) as transport:
        with pytest.raises(ZeroDivisionError):
            ask(transport, read=read)
        assert ask(transport) == b"y"


def test_no_attempt_begins_after_the_total_time() -> None:
    """Nor is a wait begun that would only end after it."""
    with (
        Outside(then=Answer(status=503)) as outside,
        calling(outside, first_wait_s=0.04, longest_wait_s=0.04, total_s=0.1) as transport,
        pytest.raises(ServiceFailed) as it,
    ):
        ask(transport)
    assert it.value.attempts <= 5

    with (
        Outside(then=Answer(status=503, headers={"Retry-After": "30"})) as outside,
        calling(outside, longest_asked_s=60, total_s=20) as transport,
        pytest.raises(ServiceFailed) as it,
    ):
        ask(transport)
    assert it.value.attempts == 1


def test_waiting_for_others_takes_nothing_from_the_total_time() -> None:
    """The clock starts when the first attempt is let in."""
    go = threading.Event()
    with (
        Outside(Answer(wait=go), Answer(status=503), Answer(b"second")) as outside,
        calling(outside, concurrency=1, total_s=0.2) as transport,
    ):
        first = threading.Thread(target=ask, args=(transport,))
        first.start()
        outside.wait_for(1)
        threading.Timer(0.25, go.set).start()
        assert ask(transport) == b"second"
        first.join()


def test_the_wait_that_is_asked_for_is_kept() -> None:
    """Up to the cap."""
    asked = {"Retry-After-Ms": "40"}
    with Outside(Answer(status=503, headers=asked), Answer()) as outside, calling(outside) as transport:
        ask(transport)
    assert outside.seen[1].at - outside.seen[0].at >= 0.04

    asked = {"Retry-After": "3000"}
    with Outside(Answer(status=500, headers=asked), Answer()) as outside, calling(outside) as transport:
        ask(transport)
    assert 0.05 <= outside.seen[1].at - outside.seen[0].at < 2


def test_failures_survive_pickling() -> None:
    with (
        Outside(then=DROP) as outside,
        calling(outside) as transport,
        pytest.raises(ServiceFailed) as it,
    ):
        ask(transport)

    copy = pickle.loads(pickle.dumps(it.value))  # noqa: S301  our own
    assert (str(copy), copy.attempts, copy.perhaps_paid) == (str(it.value), 2, 2)
