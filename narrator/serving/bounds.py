"""What a client may cost: who is let in, how long a body may be, how slowly it may be sent or taken.

ASGI middleware (ASGI 3.0) around every service. Text lengths and what may be spoken at once are for
those who know what is asked; how many connections there are and how long they may take to say what they
want is for `connections`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narrator.serving.refusals import Refuse, Refused, refuse_plainly

ABORT = "narrator.abort"
"""The ASGI extension by which `connections` has a connection dropped, unsent bytes and all."""

KEY_PARAMETERS = (b"api_key", b"access_token")
"""Where clients put a key, besides `Authorization: Bearer` and the headers of each service."""

LEAST_RATE = 1024
"""Bytes a second below which a body counts as slow."""

_PIECE = 65536
"""What is handed to the server at a time: it waits for the reader between two of them, not within one."""


class Guarded:
    """Lets in who knows the key, and takes keys out of the query, so that no log can show one."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        key: str | None,
        body_bytes: int,
        idle_s: float,
        key_headers: Callable[[str], Collection[bytes]],
        refuse: Refuse = refuse_plainly,
        is_public: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """
        Args:
            key: None lets anybody in.
            body_bytes: the largest body that is taken.
            idle_s: how long a client that is not let in may go on sending.
            key_headers: where clients put a key, in small letters, by the path they ask for. With
                `authorization` among them it may stand there without a scheme.
            refuse: how those who are not let in are told.
            is_public: whether a path is for anybody.
        """
        self._app, self._body_bytes, self._idle_s = app, body_bytes, idle_s
        self._key_headers, self._refuse, self._is_public = key_headers, refuse, is_public
        self._digest = None if key is None else _digest(key.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        offered = [*_from_headers(scope, self._key_headers(scope["path"])), *_from_query(scope)]
        known = None if self._is_public(scope["path"]) else self._digest
        if known is not None and not any(hmac.compare_digest(_digest(each), known) for each in offered):
            if scope["type"] == "http" and not _announced(scope)[1]:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_s):
                        await _Reading(receive, body_bytes=self._body_bytes, idle_s=self._idle_s).discard()
            message = "Invalid API key." if offered else "An API key is required."
            refused = self._refuse(401, message, scope["path"])
            if refused.status == 401:
                refused.headers.setdefault("WWW-Authenticate", "Bearer")
            await _turn_away(refused, scope, send)
            return
        await self._app(scope, receive, send)


class Bounded:
    """Ends requests that are too large, and connections of clients that are too slow."""

    def __init__(
        self, app: ASGIApp, *, body_bytes: int, idle_s: float, refuse: Refuse = refuse_plainly
    ) -> None:
        """
        Args:
            body_bytes: the largest body that is taken.
            idle_s: how long a client may neither send what it began nor take what it asked for.
            refuse: how it is told.
        """
        self._app, self._body_bytes, self._idle_s = app, body_bytes, idle_s
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = _Sending(scope, send, idle_s=self._idle_s)
        if scope["type"] == "websocket":
            await self._app(scope, receive, sending.send)
        elif scope["type"] == "http":
            reading = _Reading(receive, body_bytes=self._body_bytes, idle_s=self._idle_s)
            length, waits = _announced(scope)
            if length > self._body_bytes:
                if not waits:
                    await reading.discard()
                await _turn_away(self._refuse(413, reading.too_large, scope["path"]), scope, sending.send)
            else:
                await self._bounded(scope, reading, sending)
        else:
            await self._app(scope, receive, send)

    async def _bounded(self, scope: Scope, reading: _Reading, sending: _Sending) -> None:
        async def send(message: Message) -> None:
            if reading.refusal is None or sending.begun:
                await sending.send(message)

        try:
            await self._app(scope, reading.receive, send)
        except Exception:
            # It was told that the client had gone, and need not have taken it well.
            if reading.refusal is None:
                raise
        if reading.refusal is not None and not sending.begun:
            await reading.discard()
            await _turn_away(self._refuse(*reading.refusal, scope["path"]), scope, sending.send)


async def _turn_away(refused: Refused, scope: Scope, send: Send) -> None:
    """Answer with an error as JSON, and let the connection end; a WebSocket is not even opened."""
    body = json.dumps(refused.body).encode()
    given = {"content-type": "application/json", "connection": "close", **refused.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    kind = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        kind = "websocket.http"
    await send({"type": f"{kind}.response.start", "status": refused.status, "headers": pairs})
    await send({"type": f"{kind}.response.body", "body": body})


class _Reading:
    """The `receive` of one request."""

    def __init__(self, receive: Receive, *, body_bytes: int, idle_s: float) -> None:
        self._receive, self._body_bytes, self._idle_s = receive, body_bytes, idle_s
        self._read, self._whole = 0, False
        self._began = time.monotonic()
        self.too_large = f"The body is larger than {body_bytes} bytes."
        self.refusal: tuple[int, str] | None = None

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        if self.refusal is None:
            try:
                async with asyncio.timeout(self._left()):
                    message = await self._receive()
            except TimeoutError:
                self.refusal = 408, "The body came too slowly."
            else:
                self._read += len(message.get("body", b""))
                self._whole = not message.get("more_body", False)
                if self._read <= self._body_bytes:
                    return message
                self.refusal = 413, self.too_large
        return {"type": "http.disconnect"}

    async def discard(self) -> None:
        """
        Take what still comes, up to as much again as is allowed: many a client reads no answer before it has
        sent everything, and a connection that is closed with bytes unread takes the answer with it.
        """
        while not self._whole and self._read <= 2 * self._body_bytes:
            try:
                async with asyncio.timeout(self._left()):
                    message = await self._receive()
            except TimeoutError:
                return
            self._read += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)

    def _left(self) -> float:
        """Seconds until the next piece must be here."""
        allowed = self._idle_s + self._read / LEAST_RATE
        return max(min(self._began + allowed - time.monotonic(), self._idle_s), 0)


class _Sending:
    """The `send` of one request."""

    def __init__(self, scope: Scope, send: Send, *, idle_s: float) -> None:
        self._scope, self._send, self._idle_s = scope, send, idle_s
        self.begun = False

    async def send(self, message: Message) -> None:
        """
        Raises:
            TimeoutError: nobody takes it, and the server has no way to drop the connection.
        """
        self.begun = True
        try:
            body = message.get("body", b"") if message["type"] == "http.response.body" else b""
            start = 0
            while len(body) - start > _PIECE:
                piece = {"type": message["type"], "body": body[start : start + _PIECE], "more_body": True}
                await self._patiently(piece)
                start += _PIECE
            await self._patiently({**message, "body": body[start:]} if start else message)
        except TimeoutError:
            abort = self._scope.get("extensions", {}).get(ABORT)
            if abort is None:
                raise
            abort()

    async def _patiently(self, message: Message) -> None:
        async with asyncio.timeout(self._idle_s):
            await self._send(message)


def _digest(key: bytes) -> bytes:
    """Of equal length for all keys, so that comparing takes equally long."""
    return hashlib.sha256(key).digest()


def _from_headers(scope: Scope, key_headers: Collection[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for name, value in scope["headers"]:
        scheme, _, token = value.partition(b" ")
        if name == b"authorization" and scheme.lower() == b"bearer":
            found.append(token.strip())
        elif name in key_headers:
            found.append(value.strip())
    return found


def _from_query(scope: Scope) -> list[bytes]:
    """The keys in the query, which from now on has none."""
    kept, found = [], []
    for field in scope["query_string"].split(b"&"):
        name, _, value = field.replace(b"+", b" ").partition(b"=")
        if unquote_to_bytes(name) in KEY_PARAMETERS:
            found.append(unquote_to_bytes(value))
        else:
            kept.append(field)
    scope["query_string"] = b"&".join(kept)
    return found


def _announced(scope: Scope) -> tuple[int, bool]:
    """How long a body the head says will come (0 where it does not), and whether it waits to be let."""
    headers = dict(scope["headers"])
    length: bytes = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else 0, b"expect" in headers
