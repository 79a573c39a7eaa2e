"""Places for requests."""

from __future__ import annotations

import threading
import time

from narrator.transport.limiter import Burst, Limiter


def limiter(most: int) -> Limiter:
    """One that nobody stops."""
    return Limiter(most, stopping=threading.Event())


def entered(places: Limiter) -> Burst:
    """A place that is free at once."""
    burst = places.enter()
    assert burst is not None
    return burst


def test_a_refusal_halves_the_places_down_to_one() -> None:
    places = limiter(10)
    seen = []
    for _ in range(5):
        burst = entered(places)
        places.refused(burst)
        places.leave()
        seen.append(places.limit)

    assert seen == [5, 2, 1, 1, 1]


def test_refusals_of_one_burst_count_once() -> None:
    """Ten requests let in under one limit learn only one thing about it."""
    places = limiter(10)
    bursts = [entered(places) for _ in range(10)]
    for burst in bursts:
        places.refused(burst)
        places.leave()
    assert places.limit == 5

    places.refused(entered(places))
    assert places.limit == 2


def test_it_climbs_by_one_for_each_full_window() -> None:
    places = limiter(4)
    places.refused(entered(places))
    places.leave()
    seen = []
    for _ in range(10):
        burst = entered(places)
        places.succeeded(burst)
        places.leave()
        seen.append(places.limit)

    assert seen == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4]


def test_a_refusal_has_it_count_from_the_beginning() -> None:
    places = limiter(16)
    places.refused(entered(places))
    for _ in range(7):
        places.succeeded(entered(places))
        places.leave()
    places.refused(entered(places))
    places.leave()
    places.succeeded(entered(places))

    assert places.limit == 4


def test_good_answers_from_before_a_refusal_do_not_make_it_climb() -> None:
    places = limiter(4)
    bursts = [entered(places) for _ in range(4)]
    places.refused(bursts[0])
    for burst in bursts:
        places.succeeded(burst)

    assert places.limit == 2


def test_nobody_is_let_in_while_it_is_held() -> None:
    places = limiter(2)
    began_at = time.monotonic()
    places.hold(0.05)
    places.hold(0.01)  # a shorter one does not end the longer
    places.enter()

    assert time.monotonic() - began_at >= 0.05


def test_as_many_are_let_in_as_there_are_places() -> None:
    """And each that leaves lets one in; a limit that climbs, one more."""
    places = limiter(3)
    places.refused(entered(places))
    places.leave()
    inside = threading.Semaphore(0)
    leaving = threading.Semaphore(0)

    def visit() -> None:
        burst = places.enter()
        inside.release()
        leaving.acquire()
        places.succeeded(burst)
        places.leave()

    visitors = [threading.Thread(target=visit) for _ in range(6)]
    for visitor in visitors:
        visitor.start()
    assert places.limit == 1
    assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.02)
    leaving.release()
    assert inside.acquire(timeout=5)
    assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.02)
    leaving.release(5)
    for visitor in visitors:
        visitor.join(timeout=5)
        assert not visitor.is_alive()
    assert places.admitted == 7
    assert places.idle


def test_stopping_lets_nobody_in() -> None:
    stopping = threading.Event()
    places = Limiter(1, stopping=stopping)
    places.enter()
    found: list[Burst | None] = []
    waiting = [threading.Thread(target=lambda: found.append(places.enter()), daemon=True) for _ in range(3)]
    for thread in waiting:
        thread.start()
    time.sleep(0.05)  # so that they are most likely waiting; they must come back either way
    stopping.set()
    places.wake()
    for thread in waiting:
        thread.join(timeout=5)
        assert not thread.is_alive()

    assert found == [None, None, None]
    assert places.enter() is None


def test_there_is_always_a_place() -> None:
    assert limiter(0).enter() is not None
