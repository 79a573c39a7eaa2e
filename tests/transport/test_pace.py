"""What a service that has too much to do means for all threads."""

from __future__ import annotations

import threading
import time

import pytest

from tests.outside import DROP, Answer, Outside, Seen
from tests.transport.calling import ask, beside, calling, nothing_to_say


def test_a_refusal_halves_what_is_in_flight() -> None:
    """Eight at once, all refused: four from then on, not one."""
    together = threading.Barrier(8, timeout=5)
    gate = threading.Event()

    def refuse(seen: Seen) -> Answer:
        together.wait()
        return Answer(status=429, headers={"Retry-After-Ms": "20"})

    def hold(seen: Seen) -> Answer:
        return Answer(wait=gate)

    with (
        Outside(*[refuse] * 8, *[hold] * 4, then=Answer()) as outside,
        calling(outside, concurrency=8) as transport,
    ):
        threads = [threading.Thread(target=ask, args=(transport,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        outside.wait_for(12)
        with pytest.raises(AssertionError, match="12 of 13"):
            outside.wait_for(13, within_s=0.05)
        gate.set()
        for thread in threads:
            thread.join()

    assert transport.requests == 16


@pytest.mark.parametrize("status", [429, 503])
def test_all_threads_wait_as_long_as_one_is_told_to(status: int) -> None:
    """Those that have not been refused as well."""
    told = Answer(status=status, headers={"Retry-After-Ms": "50"})
    with Outside(told, then=Answer()) as outside, calling(outside, concurrency=1) as transport:
        beside(lambda _: ask(transport), threads=3)

    first, second = outside.seen[:2]
    assert len(outside.seen) == 4
    assert second.at - first.at >= 0.05


def test_without_a_hint_all_threads_wait_for_the_back_off() -> None:
    with (
        Outside(Answer(status=429), then=Answer()) as outside,
        calling(outside, concurrency=1, first_wait_s=0.1, longest_wait_s=0.1) as transport,
    ):
        beside(lambda _: ask(transport), threads=3)

    first, second = outside.seen[:2]
    assert second.at - first.at >= 0.05


def test_a_failure_of_one_request_holds_nobody_up() -> None:
    """While it waits for its next attempt, its place is another's."""
    with (
        Outside(Answer(status=500), *[Answer(b"spoken")] * 5) as outside,
        calling(outside, concurrency=1, first_wait_s=60, longest_wait_s=60) as transport,
    ):
        first = threading.Thread(target=beside, args=(lambda _: ask(transport),), kwargs={"threads": 1})
        first.start()
        outside.wait_for(1)
        assert [ask(transport) for _ in range(5)] == [b"spoken"] * 5
        transport.stop()
        first.join()


@pytest.mark.parametrize("streamed", [False, True])
def test_it_climbs_again(streamed: bool) -> None:
    """After a refusal two at once become four, once enough has gone well."""

    def ask_one() -> None:
        list(transport.stream("POST", "/", judge=nothing_to_say)) if streamed else ask(transport)

    with (
        Outside(Answer(status=429), then=Answer()) as outside,
        calling(outside, concurrency=4) as transport,
    ):
        for _ in range(6):
            ask_one()
        together = threading.Barrier(4, timeout=5)

        def meet(seen: Seen) -> Answer:
            together.wait()
            return Answer()

        outside.add(*[meet] * 4)
        assert not [spoken for spoken in beside(lambda _: ask(transport), threads=4) if spoken]


def test_lost_answers_do_not_slow_the_others() -> None:
    """Only a refusal for its sake says that there are too many."""
    together = threading.Barrier(4, timeout=5)

    def meet(seen: Seen) -> Answer:
        together.wait()
        return Answer()

    with (
        Outside(DROP, Answer(status=500), Answer(), *[meet] * 4) as outside,
        calling(outside, concurrency=4) as transport,
    ):
        ask(transport)
        beside(lambda _: ask(transport), threads=4)

    assert transport.requests == 7


def test_a_service_with_a_limit_is_served_within_it() -> None:
    """Two at once are allowed, ten are tried: all are answered in the end."""
    lock = threading.Lock()
    busy = 0

    def limited(seen: Seen) -> Answer:
        nonlocal busy
        with lock:
            if busy >= 2:
                return Answer(status=429)
            busy += 1
        time.sleep(0.002)  # the work of a service
        with lock:
            busy -= 1
        return Answer(seen.body)

    with Outside(then=limited) as outside, calling(outside, concurrency=10) as transport:
        spoken = beside(lambda number: [ask(transport, json=number) for _ in range(4)], threads=10)

    assert spoken == [[b"%d" % number] * 4 for number in range(10)]
