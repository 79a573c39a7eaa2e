"""Requests that cost something: each is written down before it is sent, and ended once, as what it was."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrator.errors import (
    BudgetExceeded,
    KeyRefused,
    NarratorError,
    OutOfCredit,
    OutputError,
    ProviderError,
    RequestRefused,
    ServiceFailed,
    ServiceGone,
)
from narrator.spending import Bill, Outcome
from narrator.transport import BrokenAnswer, Charge, Transport
from tests.outside import DROP, HANG, RESET, Answer, Outside, Step, closed_port, drip
from tests.providers.accounts import Notebook
from tests.transport.calling import KEY, ask, beside, calling, nothing_to_say, whole

BILL = Bill(12, 1800, "USD")


def pay(transport: Transport, account: Notebook, **rest: Any) -> Any:
    """One call that costs something."""
    return ask(transport, charge=Charge(account, BILL), **rest)


def spoken(pieces: Iterator[bytes]) -> bytes:
    """The body, if it is what was asked for."""
    if (body := whole(pieces)) != b"spoken":
        raise BrokenAnswer(f"no sound in {body!r}")
    return body


GOOD = Answer(b"spoken")
BUSY = Answer(b"busy", status=429)
ENDINGS: dict[str, tuple[list[Step], list[Outcome], type[NarratorError] | None]] = {
    "good": ([GOOD], ["answered"], None),
    "in pieces": ([Answer([b"spo", 0.01, b"ken"])], ["answered"], None),
    "cut": ([Answer(b"spoken", cut=3), GOOD], ["broken", "answered"], None),
    "cut twice": ([Answer(b"spoken", cut=3)] * 2, ["broken", "broken"], ServiceFailed),
    "cut in a piece": ([Answer([b"spoken"], cut=3), GOOD], ["broken", "answered"], None),
    "reset": ([RESET, GOOD], ["broken", "answered"], None),
    "dropped": ([DROP, GOOD], ["broken", "answered"], None),
    "garbage for a head": (
        [Answer(head=b"\x16\x03\x01 x\r\n\r\n", ending="close"), GOOD],
        ["broken", "answered"],
        None,
    ),
    "garbage": ([Answer(b"noise"), GOOD], ["broken", "answered"], None),
    "empty": ([Answer(b""), GOOD], ["broken", "answered"], None),
    "empty twice": ([Answer(b""), Answer(b"")], ["broken", "broken"], ServiceFailed),
    "too large": ([Answer(b"x" * 2000), GOOD], ["broken", "answered"], None),
    "no head in time": ([HANG, GOOD], ["broken", "answered"], None),
    "silence between pieces": (
        [Answer(b"spo", length=6, ending="hang"), GOOD],
        ["broken", "answered"],
        None,
    ),
    "never done": ([drip(b"x" * 500, every_s=0.02), GOOD], ["broken", "answered"], None),
    "not modified": ([Answer(status=304)], ["refused"], RequestRefused),
    "moved": ([Answer(status=308, headers={"Location": "/there"})], ["refused"], ServiceGone),
    "bad request": ([Answer(b"no", status=400)], ["refused"], RequestRefused),
    "bad key": ([Answer(b"no", status=401)], ["refused"], KeyRefused),
    "no credit": ([Answer(b"no", status=402)], ["refused"], OutOfCredit),
    "no such path": ([Answer(b"no", status=404)], ["refused"], ServiceGone),
    "unprocessable": ([Answer(b"no", status=422)], ["refused"], RequestRefused),
    "a refusal that is cut": ([Answer(b"not so", status=422, cut=3)], ["refused"], RequestRefused),
    "too many": ([BUSY, GOOD], ["refused", "answered"], None),
    "a fault": ([Answer(status=500), Answer(status=503), GOOD], ["refused", "refused", "answered"], None),
    "a fault that stays": ([Answer(status=500)] * 4, ["refused"] * 4, ServiceFailed),
    "a gateway gave up": ([Answer(status=504), GOOD], ["broken", "answered"], None),
    "everything": (
        [BUSY, DROP, Answer(status=503), GOOD],
        ["refused", "broken", "refused", "answered"],
        None,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending(ending: str) -> None:
    """Requests at the server and entries in the account are the same, each entry the earlier."""
    script, outcomes, error = ENDINGS[ending]
    account = Notebook()
    with (
        Outside(*script) as outside,
        calling(
            outside, key_variable="K", attempts=4, head_s=0.15, idle_s=0.15, answer_s=0.3, body_bytes=1000
        ) as transport,
    ):
        if error is None:
            assert pay(transport, account, read=spoken) == b"spoken"
        else:
            with pytest.raises(error):
                pay(transport, account, read=spoken)
        seen = outside.seen

    assert account.outcomes == outcomes
    assert len(seen) == transport.requests == len(outcomes)
    assert {each.bill for each in account.written} == {BILL}
    assert all(reason == "" if each == "answered" else reason for each, reason in _ends(account))
    account.check_foresaw(seen)


def _ends(account: Notebook) -> list[tuple[Outcome, str]]:
    return list(zip(account.outcomes, account.reasons, strict=True))


def test_an_answer_has_ended_before_it_is_given_back() -> None:
    """And not before it was read."""
    account = Notebook()
    during: list[Outcome] = []

    def read(pieces: Iterator[bytes]) -> bytes:
        body = whole(pieces)
        during.extend(account.outcomes)
        return body

    with Outside(GOOD) as outside, calling(outside) as transport:
        pay(transport, account, read=read)
        assert account.outcomes == ["answered"]

    assert during == ["sent"]


def test_it_is_written_down_before_the_connection_is_made() -> None:
    """And not before there is a place: who waits for others has sent nothing."""
    go = threading.Event()
    first, second = Notebook(), Notebook()
    with (
        Outside(Answer(b"1", wait=go), Answer(b"2")) as outside,
        calling(outside, concurrency=1) as transport,
    ):
        one = threading.Thread(target=pay, args=(transport, first))
        one.start()
        outside.wait_for(1)
        other = threading.Thread(target=pay, args=(transport, second))
        other.start()
        time.sleep(0.03)  # so that it is most likely waiting; nothing may be written either way
        assert (first.outcomes, second.outcomes) == (["sent"], [])
        go.set()
        one.join()
        other.join()

    assert (first.outcomes, second.outcomes) == (["answered"], ["answered"])
    assert second.written[0].at > outside.seen[0].at
    assert second.written[0].at < outside.seen[1].at


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RequestRefused("no such voice", provider="octave"), "refused"),
        (OutOfCredit("E0300", provider="octave"), "refused"),
        (KeyRefused("K", "expired", provider="octave"), "refused"),
        (ServiceFailed(1, "overloaded", provider="octave"), "broken"),
        (ProviderError("odd", provider="octave"), "broken"),
        (BrokenAnswer("half of it"), "broken"),
        (ZeroDivisionError("a slip"), "broken"),
        (KeyboardInterrupt(), "broken"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_an_error_within_an_answer(error: BaseException, outcome: Outcome) -> None:
    """One that says that nothing was made costs nothing, whatever else comes may."""
    account = Notebook()

    def read(pieces: Iterator[bytes]) -> bytes:
        whole(pieces)
        raise error

    with Outside(GOOD) as outside, calling(outside, paid_attempts=1) as transport:
        with pytest.raises(ServiceFailed if isinstance(error, BrokenAnswer) else type(error)):
            pay(transport, account, read=read)
        assert account.outcomes == [outcome]
        assert account.reasons[0]
        outside.add(GOOD)
        assert pay(transport, Notebook()) == b"spoken", "its place was given back"


def test_a_refusal_after_part_of_an_answer_may_be_billed() -> None:
    error = OutOfCredit("E0300", provider="octave")
    error.begun = True
    account = Notebook()

    def read(pieces: Iterator[bytes]) -> bytes:
        raise error

    with Outside(GOOD) as outside, calling(outside) as transport, pytest.raises(OutOfCredit):
        pay(transport, account, read=read)

    assert account.outcomes == ["broken"]


def test_a_slip_in_the_judge_ends_the_request() -> None:
    account = Notebook()

    def judge(*_: object) -> None:
        raise ZeroDivisionError

    with (
        Outside(Answer(status=400)) as outside,
        calling(outside) as transport,
        pytest.raises(ZeroDivisionError),
    ):
        pay(transport, account, judge=judge)

    assert account.outcomes == ["broken"]


def test_a_closed_door_is_unsent() -> None:
    account = Notebook()
    url = f"http://127.0.0.1:{closed_port()}"
    with calling(url, door_attempts=3) as transport, pytest.raises(ServiceGone):
        pay(transport, account)

    assert account.outcomes == ["unsent"] * 3
    assert set(account.reasons) == {"connection refused"}


def test_a_name_that_is_not_known_is_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the resolver of this machine does with it."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    account = Notebook()
    with (
        calling("https://octave.invalid", door_attempts=2) as transport,
        pytest.raises(ServiceGone, match="its name is not known"),
    ):
        pay(transport, account)

    assert account.outcomes == ["unsent", "unsent"]


def test_a_server_without_tls_is_sent_nothing() -> None:
    account = Notebook()
    with (
        Outside() as outside,
        calling(f"https://127.0.0.1:{outside.port}", door_attempts=1) as transport,
        pytest.raises(ServiceGone),
    ):
        pay(transport, account)

    assert account.outcomes == ["unsent"]


def test_a_request_that_did_not_go_out_whole_is_unsent() -> None:
    """The other side went away in the middle of it; the HTTP library looks for an answer even so."""
    account = Notebook()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def go_away() -> None:
            for _ in range(3):
                sock, _ = door.accept()
                sock.recv(10)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()

        away = threading.Thread(target=go_away)
        away.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        with (
            calling(url, attempts=3, paid_attempts=1) as transport,
            pytest.raises(ServiceFailed, match="before the request was sent") as it,
        ):
            pay(transport, account, json={"text": "x" * 30_000_000})
        away.join(timeout=5)

    assert account.outcomes == ["unsent"] * 3
    assert it.value.perhaps_paid == 0


@pytest.mark.parametrize("refusal", [BudgetExceeded("no more"), OutputError("disk full")])
def test_what_the_account_refuses_is_not_sent(refusal: NarratorError) -> None:
    """Its error comes out as it is; the places are free for others, and nothing is counted."""
    with Outside(GOOD) as outside, calling(outside, concurrency=2) as transport:
        for _ in range(5):
            with pytest.raises(type(refusal)) as it:
                pay(transport, Notebook(allows=0, refusal=refusal))
            assert it.value is refusal
            assert it.value.__cause__ is it.value.__context__ is None
        assert transport.requests == outside.connections == 0
        assert pay(transport, Notebook()) == b"spoken"

    assert transport.requests == 1


@pytest.mark.parametrize("first", [BUSY, DROP])
def test_an_attempt_that_would_pass_the_budget_is_not_made(first: Step) -> None:
    """Not even as a second one."""
    refusal = BudgetExceeded("no more")
    account = Notebook(allows=1, refusal=refusal)
    with Outside(first) as outside, calling(outside) as transport, pytest.raises(BudgetExceeded) as it:
        pay(transport, account)

    assert it.value is refusal
    assert it.value.__context__ is None
    assert account.outcomes == ["refused" if first is BUSY else "broken"]
    assert len(outside.seen) == transport.requests == 1


def test_a_closed_transport_ends_when_its_account_refuses() -> None:
    """What is closed while the account thinks about it ends its connections."""

    class Slow(Notebook):
        def send(self, bill: Bill) -> Any:
            if self.written:
                transport.close()
                raise BudgetExceeded("no more")
            return super().send(bill)

    account = Slow()
    with Outside(GOOD) as outside, calling(outside) as transport:
        pay(transport, account)
        with pytest.raises(BudgetExceeded):
            pay(transport, account)
        outside.wait_for_end(1)


def test_an_end_that_cannot_be_written_down_costs_no_answer() -> None:
    """It is paid for; and nothing hides what went wrong before it."""
    account = Notebook(unwritable=OutputError("disk full"))
    with Outside(GOOD, Answer(b"no", status=422)) as outside, calling(outside) as transport:
        assert pay(transport, account) == b"spoken"
        with pytest.raises(RequestRefused) as it:
            pay(transport, account)

    assert account.outcomes == ["answered", "refused"]
    assert it.value.__context__ is None


def fail(transport: Transport, account: Notebook) -> None:
    """A call that is in vain."""
    with pytest.raises(ProviderError):
        pay(transport, account)


def test_stopping_while_it_waits_writes_nothing_more() -> None:
    """Neither for the next attempt nor for a place."""
    asked, waiting = Notebook(), Notebook()
    with (
        Outside(Answer(status=503, headers={"Retry-After": "60"})) as outside,
        calling(outside, longest_asked_s=60, total_s=600, concurrency=1) as transport,
    ):
        threads = [threading.Thread(target=fail, args=(transport, account)) for account in (asked, waiting)]
        threads[0].start()
        outside.wait_for(1)
        threads[1].start()
        time.sleep(0.03)  # so that both are most likely asleep; they must end either way
        transport.stop()
        for thread in threads:
            thread.join(timeout=5)

    assert asked.outcomes == ["refused"]
    assert waiting.outcomes == []
    assert len(outside.seen) == 1


def test_what_is_in_flight_when_it_is_stopped_comes_to_its_end() -> None:
    go = threading.Event()
    account = Notebook()
    with Outside(Answer(b"spoken", wait=go)) as outside, calling(outside) as transport:
        thread = threading.Thread(target=pay, args=(transport, account))
        thread.start()
        outside.wait_for(1)
        transport.stop()
        assert account.outcomes == ["sent"]
        go.set()
        thread.join(timeout=5)

    assert account.outcomes == ["answered"]


def test_many_threads_have_an_entry_each() -> None:
    """Every request of theirs, those that were lost among them."""
    accounts = [Notebook() for _ in range(8)]
    script: list[Step] = [BUSY, DROP, GOOD, Answer(status=503), GOOD, Answer(b"spoken", cut=2)]
    with (
        Outside(*script, then=GOOD) as outside,
        calling(outside, concurrency=4, paid_attempts=3) as transport,
    ):
        assert beside(lambda number: pay(transport, accounts[number]), threads=8) == [b"spoken"] * 8

    every = [each for account in accounts for each in account.outcomes]
    assert len(every) == len(outside.seen) == transport.requests
    assert sorted(every) == ["answered"] * 8 + ["broken"] * 2 + ["refused"] * 2
    assert all(account.outcomes[-1] == "answered" for account in accounts)
    together = Notebook()
    together.written = [each for account in accounts for each in account.written]
    together.check_foresaw(outside.seen)


def test_no_reason_holds_the_key() -> None:
    """Nor a line end, nor a book's length of what a service had to say."""
    account = Notebook()
    script = [
        Answer(f"{KEY} is\nbusy {'x' * 5000}".encode(), status=503),
        Answer(head=f"HTTP/9.9 {KEY}\r\n\r\n".encode(), ending="close"),
        Answer(f"no such key: {KEY}".encode(), status=401),
    ]
    with (
        Outside(*script) as outside,
        calling(outside, key_variable="K") as transport,
        pytest.raises(KeyRefused),
    ):
        pay(transport, account)

    assert account.outcomes == ["refused", "broken", "refused"]
    for reason in account.reasons:
        assert KEY not in reason
        assert "\n" not in reason
        assert 0 < len(reason) <= 240
    assert not account.reasons[2].startswith("octave")


def test_what_costs_nothing_is_in_no_account() -> None:
    with Outside(DROP, GOOD) as outside, calling(outside) as transport:
        assert ask(transport, "GET", billed=False) == b"spoken"


def test_an_interrupt_ends_what_is_in_flight() -> None:
    """Ctrl-C in the thread that waits for the answer: it may be billed."""
    program = """
import signal, threading
from tests.outside import Answer, Outside
from tests.providers.accounts import Notebook
from tests.transport.calling import calling
from tests.transport.test_accounts import pay

# A shell has its background jobs ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
account = Notebook()
with Outside(Answer(status=503), Answer(wait=threading.Event())) as outside, calling(outside) as transport:
    threading.Thread(target=lambda: (outside.wait_for(2), print("waits", flush=True))).start()
    try:
        pay(transport, account)
    except KeyboardInterrupt:
        print(account.outcomes, account.reasons[1])
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waits\n"
            process.send_signal(signal.SIGINT)
            told, _ = process.communicate(timeout=10)
        finally:
            process.kill()

    assert told == "['refused', 'broken'] interrupted\n"


def test_what_an_answer_really_cost_is_written_down() -> None:
    """Where that is only known from the answer, such as the length of a sound."""
    account = Notebook()
    charge = Charge(account, BILL, measured=lambda spoken: BILL._replace(amount=len(spoken)))
    with Outside(Answer(b"spoken", cut=3), GOOD) as outside, calling(outside) as transport:
        assert ask(transport, charge=charge) == b"spoken"

    assert account.outcomes == ["broken", "answered"]
    assert [each.paid.amount for each in account.written] == [1800, 6]


def test_the_beginning_of_a_job_is_left_open() -> None:
    """Attempts that failed are ended; the one that began it is the caller's, named and ended once."""
    account = Notebook()
    with Outside(BUSY, GOOD) as outside, calling(outside) as transport:
        made, entry = transport.begin(
            "POST", "/jobs", json={}, read=whole, judge=nothing_to_say, charge=Charge(account, BILL)
        )
    assert made == b"spoken"
    assert account.outcomes == ["refused", "sent"]
    entry.identified((("job", "j1"),))
    entry.end("answered", bill=BILL._replace(amount=7))
    entry.end("broken")
    assert account.outcomes == ["refused", "answered"]
    assert account.written[1].ids == (("job", "j1"),)
    assert account.written[1].paid.amount == 7


def test_a_job_that_is_refused_is_ended() -> None:
    account = Notebook()
    with (
        Outside(Answer(b"no", status=400)) as outside,
        calling(outside) as transport,
        pytest.raises(RequestRefused),
    ):
        transport.begin(
            "POST", "/jobs", json={}, read=whole, judge=nothing_to_say, charge=Charge(account, BILL)
        )
    assert account.outcomes == ["refused"]
