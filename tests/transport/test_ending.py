"""Stopping and closing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from narrator.errors import ProviderError, ServiceFailed
from narrator.transport import Transport
from tests.outside import Answer, Outside
from tests.transport.calling import ask, beside, calling, nothing_to_say


def outcome_of(transport: Transport) -> tuple[threading.Thread, list[object]]:
    """A call in a thread of its own, and what it comes to."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(beside(lambda _: ask(transport), threads=1)))
    thread.start()
    return thread, found


def test_stopping_wakes_those_who_wait() -> None:
    """They tell what their last attempt came to."""
    with (
        Outside(Answer(b"busy", status=503, headers={"Retry-After": "60"})) as outside,
        calling(outside, longest_asked_s=60, total_s=600) as transport,
    ):
        began_at = time.monotonic()
        thread, found = outcome_of(transport)
        outside.wait_for(1)
        time.sleep(0.02)  # so that it is most likely asleep; it must end either way
        transport.stop()
        thread.join(timeout=5)

    (error,) = found
    assert time.monotonic() - began_at < 5
    assert isinstance(error, ServiceFailed)
    assert (error.attempts, error.reason) == (1, "status 503: busy")


def test_stopping_wakes_those_who_wait_for_a_place() -> None:
    go = threading.Event()
    with Outside(Answer(b"spoken", wait=go)) as outside, calling(outside, concurrency=1) as transport:
        first, spoken = outcome_of(transport)
        outside.wait_for(1)
        second, found = outcome_of(transport)
        time.sleep(0.05)  # so that it is most likely waiting; it must end either way
        transport.stop()
        second.join(timeout=5)
        assert "octave: stopped" in str(found[0])
        assert not spoken
        go.set()
        first.join(timeout=5)

    assert spoken == [b"spoken"], "what is in flight comes to its end"
    assert len(outside.seen) == transport.requests == 1


def test_after_stopping_no_attempt_is_made() -> None:
    go = threading.Event()
    with Outside(Answer(wait=go, status=503)) as outside, calling(outside) as transport:
        thread, found = outcome_of(transport)
        outside.wait_for(1)
        transport.stop()
        go.set()
        thread.join(timeout=5)
        with pytest.raises(ProviderError, match="stopped"):
            ask(transport)
        with pytest.raises(ProviderError, match="stopped"):
            list(transport.stream("GET", "/", judge=nothing_to_say))

    assert isinstance(found[0], ServiceFailed)
    assert transport.requests == 1


def test_closing_is_harmless_twice_and_then_nothing_is_sent() -> None:
    with Outside(Answer()) as outside, calling(outside) as transport:
        ask(transport)
        transport.close()
        transport.close()
        outside.wait_for_end(1)
        with pytest.raises(ProviderError, match="octave: already closed"):
            ask(transport)
        with pytest.raises(ProviderError, match="octave: already closed"):
            next(transport.stream("GET", "/", judge=nothing_to_say))

    assert transport.requests == 1


def test_closing_lets_what_is_in_flight_end() -> None:
    """And its connection is closed by whoever comes out last."""
    go = threading.Event()
    with Outside(Answer([b"spo", go, b"ken"])) as outside, calling(outside) as transport:
        thread, found = outcome_of(transport)
        outside.wait_for(1)
        transport.close()
        go.set()
        thread.join(timeout=5)
        outside.wait_for_end(1)

    assert found == [b"spoken"]


@pytest.mark.parametrize("waiting", ["status=503", "wait=threading.Event()"])
def test_an_interrupt_ends_a_wait(waiting: str) -> None:
    """Ctrl-C in the thread that waits, between two attempts or for an answer."""
    program = f"""
import signal, threading
from tests.outside import Answer, Outside
from tests.transport.calling import ask, calling

# A shell has its background jobs ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with Outside(Answer({waiting})) as outside, calling(outside, first_wait_s=60, longest_wait_s=60) as transport:
    threading.Thread(target=lambda: (outside.wait_for(1), print("waits", flush=True))).start()
    try:
        ask(transport)
    except KeyboardInterrupt:
        print("interrupted")
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waits\n"
            time.sleep(0.05)  # so that it is most likely waiting; it must end either way
            process.send_signal(signal.SIGINT)
            told, _ = process.communicate(timeout=10)
        finally:
            process.kill()

    assert told == "interrupted\n"
    assert process.returncode == 0


def test_a_long_wait_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many threads wait; people would take the silence for a fault."""
    with (
        Outside(*[Answer(b"busy", status=429, headers={"Retry-After": "60"})] * 4) as outside,
        calling(outside, longest_asked_s=60, total_s=600) as transport,
    ):
        threads = [outcome_of(transport)[0] for _ in range(4)]
        deadline = time.monotonic() + 5
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)
        transport.stop()
        for thread in threads:
            thread.join(timeout=5)

    (told,) = caplog.messages
    assert re.fullmatch(r"octave: waiting 6\d s before asking again: .*429.*", told)
