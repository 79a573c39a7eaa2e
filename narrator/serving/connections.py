"""Connections before and beneath a request: how many, how long they may be silent, and how one is dropped.

uvicorn waits for ever for a request line, and lets go of a connection only when everything written to it
has been taken. Its protocol class is extended by what it lacks.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from narrator.serving.bounds import ABORT
from narrator.serving.flowing import TRAILERS
from narrator.serving.tampering import CutOff

MOST_CONNECTIONS = 256
KEEP_ALIVE_S = 60
"""Longer than clients keep a connection, so that it is they who close it, and not just as they use it."""
LARGEST_MESSAGE = 2**18
"""Bytes of one message of a WebSocket."""
LEAVE_S = 3
"""How long answers may still take when the server is told to stop."""


def server(app: ASGIApp, *, idle_s: float, most: int = MOST_CONNECTIONS) -> uvicorn.Server:
    """
    A server for *app*, to be run with the sockets it is to listen on.

    What it has to say about its own failures goes to the logger `uvicorn.error`, at WARNING and above:
    below that it would name queries, and keys in them.

    Args:
        idle_s: how long a client may be silent, see `protocol`.
        most: connections at the same time.
    """
    log = logging.getLogger("uvicorn.error")
    log.setLevel(logging.WARNING)
    if not any(isinstance(each, NoNews) for each in log.filters):
        log.addFilter(NoNews())
    config = uvicorn.Config(
        app,
        http=protocol(idle_s=idle_s, most=most),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # sound does not get much smaller for what it costs
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LEAVE_S,
    )
    return uvicorn.Server(config)


def protocol(*, idle_s: float, most: int = MOST_CONNECTIONS) -> type[asyncio.Protocol]:
    """
    What uvicorn is to speak HTTP with (`uvicorn.Config(http=...)`).

    Args:
        idle_s: how long the head of a request may take, and what has been answered may wait to be taken.
        most: connections at the same time; the next ones are told to come again later.
    """

    class Patient(_Patient):
        _idle_s = idle_s
        _most = most

    return Patient


class _Patient(H11Protocol):
    _idle_s: float
    _most: int
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.conn = conn = _Trailing(h11.SERVER)
        self.app = _extended(self.app, {ABORT: transport.abort, TRAILERS: conn.trail})
        if (websockets := self.ws_protocol_class) is not None:
            upgrade: Any = lambda **given: self._upgraded(websockets, given)  # noqa: E731  for its type
            self.ws_protocol_class = upgrade
        if len(self.connections) > self._most:
            transport.write(_TOO_MANY)
            transport.close()
        else:
            self._await_request()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        cycle: Any = self.cycle  # None before the first request
        if self.transport.get_protocol() is self and (cycle is None or cycle.response_complete):
            self._await_request()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # Which closes it once everything is taken; that may be never.
        self.loop.call_later(self._idle_s, self.transport.abort)

    def _await_request(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self._idle_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _upgraded(self, make: Callable[..., Any], given: dict[str, Any]) -> Any:
        websocket = make(**given)
        websocket.app = _extended(websocket.app, {ABORT: self.transport.abort})
        self._stop_waiting()
        return websocket


class _Trailing(h11.Connection):
    """Sends header fields after a body in parts (RFC 9112, 7.1.2), which uvicorn cannot."""

    _trailers: tuple[tuple[bytes, bytes], ...] = ()
    _announced = False

    def trail(self, name: str, value: str) -> None:
        """To be called before the body ends. It is for an answer that says `Trailer`, and no other."""
        self._trailers = (*self._trailers, (name.encode(), value.encode()))

    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        if isinstance(event, h11.Response):
            self._announced = any(name == b"trailer" for name, _ in event.headers)
        elif isinstance(event, h11.EndOfMessage):
            if self._announced:
                event = h11.EndOfMessage(headers=[*self._trailers])
            self._trailers = ()
        return super().send_with_data_passthrough(event)


_BODY = json.dumps({"status_code": 503, "message": "Too many connections.", "details": {}}).encode()
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: " + str(len(_BODY)).encode() + b"\r\n\r\n" + _BODY
)


class NoNews(logging.Filter):
    """Keeps uvicorn from reporting what was meant to be: connections cut on purpose, or on leaving."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        refused = record.msg == "ASGI callable returned without completing handshake."  # it was answered no
        return not (refused or isinstance(error, CutOff | asyncio.CancelledError))


def _extended(app: Any, extensions: dict[str, Any]) -> ASGIApp:
    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {}).update(extensions)
        await app(scope, receive, send)

    return within
