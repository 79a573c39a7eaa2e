"""Bounds: keys, sizes, and clients that are slow on purpose, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from narrator.serving.bounds import Bounded, Guarded
from tests.serving.echoing import LINES, Address, Plain, Switch, read_to_end, send_raw, served
from tests.serving.running import running

LIMIT = 1000
IDLE_S = 0.3
SOON_S = 5.0
"""After the limit, however busy the machine is."""
PATIENCE_S = 30.0
"""For what must come in time on a machine that is busy as well."""
HEAD = b"POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
WHOLE = HEAD + b"content-length: 0\r\n\r\n"

Let = Callable[[ASGIApp], Address]


@pytest.fixture(scope="module")
def switched() -> Iterator[tuple[Switch, Address]]:
    switch = Switch()
    with served(switch, idle_s=IDLE_S, most=8) as address:
        yield switch, address


@pytest.fixture
def let(switched: tuple[Switch, Address]) -> Let:
    """Has the one server of this module answer with an application."""
    switch, address = switched

    def set_up(app: ASGIApp) -> Address:
        switch.app = app
        return address

    return set_up


def bounded(app: ASGIApp) -> Bounded:
    return Bounded(app, body_bytes=LIMIT, idle_s=IDLE_S)


def guarded(app: ASGIApp, *, key: str | None, idle_s: float = IDLE_S) -> Guarded:
    return Guarded(app, key=key, body_bytes=LIMIT, idle_s=idle_s, key_headers=lambda _: (b"x-hume-api-key",))


def status(answer: bytes) -> int:
    """Of a raw answer; 0 where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def body(answer: bytes) -> object:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


# Keys


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-Hume-Api-Key": "sesame"}, ""),
        ({"Authorization": "Bearer sesame"}, ""),
        ({"Authorization": "bearer sesame"}, ""),
        ({}, "?api_key=sesame"),
        ({}, "?x=1&api%5Fkey=sesam%65"),
        ({}, "?access_token=sesame&y=2"),
        ({"X-Hume-Api-Key": "wrong"}, "?api_key=sesame"),
    ],
)
def test_whoever_knows_the_key_is_let_in(let: Let, headers: dict[str, str], query: str) -> None:
    app = Plain()
    address = let(guarded(app, key="sesame"))

    assert httpx.post(f"{address.url}/{query}", headers=headers).content == LINES
    with connect(f"{address.websocket}/{query}", additional_headers=headers) as websocket:
        assert len(list(websocket)) == 5
    assert not any("sesam" in asked for asked in app.asked), "keys go no further than this"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"X-Hume-Api-Key": ""}, ""),
        ({"X-Hume-Api-Key": "Sesame"}, ""),
        ({"X-Hume-Api-Key": "sesame!"}, ""),
        ({"Authorization": "Basic sesame"}, ""),
        ({"Authorization": "sesame"}, ""),
        ({}, "?api_key=sesam"),
        ({}, "?key=sesame"),
    ],
)
def test_nobody_else_is(let: Let, headers: dict[str, str], query: str) -> None:
    app = Plain()
    address = let(guarded(app, key="sesame"))

    answer = httpx.post(f"{address.url}/{query}", headers=headers)
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"{address.websocket}/{query}", additional_headers=headers),
    ):
        pass

    assert answer.status_code == refused.value.response.status_code == 401
    assert answer.json()["status_code"] == 401
    assert "key" in answer.json()["message"]
    assert "esam" not in answer.text
    assert json.loads(refused.value.response.body or b"") == answer.json()
    assert not app.asked


def test_who_is_not_let_in_is_told_so(let: Let) -> None:
    """However much was still to come: it is taken, if it comes in time, and no connection breaks."""

    async def late() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.02)
            yield bytes(LIMIT // 4)

    async def asked(url: str) -> list[int]:
        async with httpx.AsyncClient() as client:
            return [(await client.post(url, content=late())).status_code for _ in range(5)]

    with served(guarded(Plain(), key="sesame", idle_s=PATIENCE_S), idle_s=PATIENCE_S) as patient:
        assert asyncio.run(asked(patient.url)) == [401] * 5

    address = let(guarded(Plain(), key="sesame"))
    started = time.monotonic()
    head = HEAD + b"content-length: %d\r\n\r\n" % LIMIT
    assert status(read_to_end(send_raw(address.port, head))) == 401
    assert time.monotonic() - started < SOON_S


def test_without_a_key_of_its_own_it_lets_anybody_in(let: Let) -> None:
    app = Plain()
    address = let(guarded(app, key=None))

    assert httpx.post(f"{address.url}/?api_key=mine&a=b", headers={"X-Hume-Api-Key": "any"}).is_success
    assert app.asked == ["/?a=b"]


# Sizes


def announced(size: int) -> Iterator[bytes]:
    yield HEAD + b"content-length: %d\r\n\r\n" % size + bytes(size)


def in_pieces(size: int) -> Iterator[bytes]:
    yield HEAD + b"transfer-encoding: chunked\r\n\r\n"
    for start in range(0, size, 64):
        length = min(64, size - start)
        yield b"%x\r\n" % length + bytes(length) + b"\r\n"
    yield b"0\r\n\r\n"


@pytest.mark.parametrize("sent", [announced, in_pieces])
@pytest.mark.parametrize(("size", "code"), [(0, 200), (LIMIT, 200), (LIMIT + 1, 413), (2 * LIMIT, 413)])
def test_a_body_has_a_largest_size(
    let: Let, sent: Callable[[int], Iterator[bytes]], size: int, code: int
) -> None:
    """Whether its length is announced or not; what is too long is refused as JSON."""
    app = Plain()
    address = let(bounded(app))
    with httpx.Client() as client:
        content = bytes(size) if sent is announced else (piece for piece in [bytes(size)])
        answer = client.post(address.url, content=content)

    assert answer.status_code == code
    assert status(read_to_end(send_raw(address.port, *sent(size)))) == code
    assert app.read == ([size, size] if code == 200 else [])
    if code == 413:
        assert answer.json() == {
            "status_code": 413,
            "message": "The body is larger than 1000 bytes.",
            "details": {},
        }


def test_a_length_that_is_announced_is_refused_before_it_is_sent(let: Let) -> None:
    head = HEAD + b"content-length: 99999999\r\nexpect: 100-continue\r\n\r\n"
    app = Bounded(Plain(), body_bytes=LIMIT, idle_s=PATIENCE_S)
    with served(app, idle_s=PATIENCE_S) as address:
        answer = read_to_end(send_raw(address.port, head))  # which waits for a third of that

    assert status(answer) == 413
    assert b"100 Continue" not in answer


def test_a_body_without_end_is_not_listened_to_for_ever(let: Let) -> None:
    address = let(bounded(Plain()))
    connection = send_raw(address.port, HEAD + b"transfer-encoding: chunked\r\n\r\n")
    with connection, pytest.raises(ConnectionError):
        send_on(connection, b"400\r\n" + bytes(1024) + b"\r\n", times=100_000)


def send_on(connection: socket.socket, piece: bytes, *, times: int) -> None:
    for _ in range(times):
        connection.sendall(piece)


def test_an_application_that_takes_leaving_badly_does_not_change_the_answer(let: Let) -> None:
    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        message: Message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"could not parse the body"})

    answer = httpx.post(let(bounded(stubborn)).url, content=iter([bytes(5 * LIMIT)]))

    assert answer.status_code == 413


def test_an_error_of_the_application_stays_one(let: Let) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    assert httpx.post(let(bounded(broken)).url).status_code == 500


# Slowness


def test_a_body_that_drips_is_ended(let: Let) -> None:
    app = Plain()
    address = let(bounded(app))
    began = time.monotonic()
    connection = send_raw(address.port, HEAD + b"content-length: 900\r\n\r\n", b"abc")

    answer = read_to_end(connection)

    assert status(answer) == 408
    assert body(answer) == {"status_code": 408, "message": "The body came too slowly.", "details": {}}
    assert IDLE_S * 0.9 < time.monotonic() - began < SOON_S
    assert app.read == []


def test_dripping_steadily_does_not_help(let: Let) -> None:
    """Each byte comes in time, and the body as a whole does not."""
    address = let(bounded(Plain()))
    connection = send_raw(address.port, HEAD + b"content-length: 900\r\n\r\n")
    connection.settimeout(IDLE_S / 8)
    began, answer = time.monotonic(), b""
    while not answer and time.monotonic() - began < PATIENCE_S:
        connection.send(b"x")
        try:
            answer = connection.recv(65536)
        except TimeoutError:
            continue
    connection.close()

    assert status(answer) == 408
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("sent", [b"", b"POST /x HT", HEAD + b"x-a: "])
def test_a_head_that_never_ends_is_not_waited_for(let: Let, sent: bytes) -> None:
    address = let(Plain())
    began = time.monotonic()

    assert read_to_end(send_raw(address.port, sent)) == b""
    assert IDLE_S * 0.9 < time.monotonic() - began < SOON_S


def test_nor_is_the_second_head_on_a_connection(let: Let) -> None:
    address = let(Plain())
    kept = WHOLE.replace(b"connection: close\r\n", b"")
    connection = send_raw(address.port, kept)
    answer = b""
    while not answer.endswith(LINES):
        answer += connection.recv(65536)
    began = time.monotonic()
    connection.send(b"POST /y")

    assert read_to_end(connection) == b""
    assert IDLE_S * 0.9 < time.monotonic() - began < SOON_S


def test_a_connection_in_use_outlives_the_limit(let: Let) -> None:
    """An answer may take its time, and the connection is kept for the next request."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(IDLE_S * 1.5)
        await Plain()(scope, receive, send)

    address = let(bounded(slow))
    with httpx.Client() as client:
        assert client.post(address.url).content == LINES
        assert client.post(address.url).content == LINES


def test_a_reader_that_does_not_read_is_dropped(let: Let) -> None:
    """What was not taken is thrown away with the connection, so that it does not fill the memory."""
    gone = threading.Event()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        await Plain()(scope, receive, send)
        gone.set()

    address = let(bounded(watched))
    began = time.monotonic()
    connection = send_raw(address.port, b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n", receive_bytes=4096)
    assert gone.wait(10)

    took = time.monotonic() - began
    answer = read_to_end(connection)

    assert IDLE_S * 0.9 < took < SOON_S
    assert len(answer) < 8 * 2**20


def test_so_is_one_that_reads_no_messages(let: Let) -> None:
    ended = threading.Event()

    async def talkative(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(60_000)})
        finally:
            ended.set()

    address = let(bounded(talkative))
    handshake = (
        b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    connection = send_raw(address.port, handshake, receive_bytes=4096)
    assert ended.wait(10)

    assert status(read_to_end(connection)) == 101


def test_a_reader_that_is_only_slow_gets_everything(let: Let) -> None:
    address = let(bounded(Plain()))
    request = b"GET /big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    connection = send_raw(address.port, request, receive_bytes=65536)
    threading.Event().wait(IDLE_S / 2)

    assert len(read_to_end(connection).partition(b"\r\n\r\n")[2]) == 8 * 2**20


def test_connections_are_counted_and_the_next_one_is_told_to_come_again(let: Let) -> None:
    address = let(Plain())
    waiting = [socket.create_connection(("127.0.0.1", address.port)) for _ in range(8)]
    try:
        answer = read_to_end(send_raw(address.port, WHOLE))
    finally:
        for each in waiting:
            each.close()

    assert status(answer) == 503
    assert b"retry-after: 1" in answer
    assert body(answer) == {"status_code": 503, "message": "Too many connections.", "details": {}}
    until = time.monotonic() + 10
    while status(read_to_end(send_raw(address.port, WHOLE))) != 200:  # it has to notice that they left
        assert time.monotonic() < until


def test_the_whole_server_keeps_to_its_bounds() -> None:
    """Key first, then size, then speed, whatever is asked."""
    with running(key="sesame", body_bytes=2000, idle_s=IDLE_S) as server:
        large = {"utterances": [{"text": "x" * 3000}]}
        stranger = httpx.post(f"{server.base_url}/v0/tts", json=large)
        known = server.client.post("/v0/tts", json=large)
        recording = server.client.post("/v0/tts/voice_conversion/file", files={"audio": bytes(3000)})
        port = int(server.base_url.rpartition(":")[2])
        head = b"POST /v0/tts?api_key=sesame HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
        slow = read_to_end(send_raw(port, head))

    assert stranger.status_code == 401
    assert (known.status_code, recording.status_code) == (413, 413)
    assert known.json() == recording.json()
    assert status(slow) == 408
