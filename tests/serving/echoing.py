"""A server over any ASGI application, in a thread, and clients that do to it what no library would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from narrator.serving.connections import server

LINES = b"".join(
    json.dumps({"type": "audio", "audio": "QUJD" * 40, "chunk_index": number}).encode() + b"\n"
    for number in range(8)
)
"""What `Plain` answers a POST with: eight lines of a stream."""


class Plain:
    """Answers a POST with `LINES`, a GET of /big with 8 MiB, and a WebSocket with lines that count."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.read: list[int] = []
        """Bytes of each body that came through whole."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        self.asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
        if scope["type"] == "websocket":
            await self._count(receive, send)
            return
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client has gone")
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.read.append(length)
        body = bytes(8 * 2**20) if scope["path"] == "/big" else LINES
        headers = [(b"content-type", b"text/event-stream")]
        if scope["path"] != "/stream":
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/stream":
            for start in range(0, len(body), 100):
                piece = body[start : start + 100]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            body = b""
        await send({"type": "http.response.body", "body": body})

    async def _count(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        for number in range(5):
            await send({"type": "websocket.send", "text": json.dumps({"type": "line", "number": number})})
        await send({"type": "websocket.close", "code": 1000})


class Switch:
    """Whatever application is put in; so that one server does for many tests."""

    app: ASGIApp = Plain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Address(NamedTuple):
    """Where a server listens."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@contextlib.contextmanager
def served(app: ASGIApp, *, idle_s: float = 30, most: int = 64) -> Iterator[Address]:
    """*app* on a free port of the loopback, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = server(app, idle_s=idle_s, most=most)
    running.config.timeout_graceful_shutdown = 1
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listener])))
    thread.start()
    try:
        yield Address(listener.getsockname()[1])
    finally:
        running.should_exit = running.force_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


def send_raw(port: int, *pieces: bytes, receive_bytes: int = 0) -> socket.socket:
    """
    A connection on which *pieces* were sent.

    Args:
        receive_bytes: size of the receiving buffer, for a reader that does not read.
    """
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    for piece in pieces:
        connection.sendall(piece)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Everything that still comes until the other side ends it, one way or the other; then it is closed."""
    found = b""
    with connection, contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found
