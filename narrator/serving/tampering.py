"""Faults as they happen: an ASGI application (ASGI 3.0) around another, which spoils what that one answers.

What goes wrong with a request is decided by `faults`. Bytes are counted in the body of an answer, before
HTTP's transfer coding; lines end with `\\n`. On a WebSocket a message is a line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narrator.serving.faults import Dealer, Fate, Fault
from narrator.serving.journal import note

_BROKEN_LINE = b'{"type": "audio", "generation_id": "'
_NOT_BASE64 = b"%%% this is no base64 %%%"


class CutOff(Exception):
    """The connection is to be broken off in the middle of an answer."""


class Tampering:
    """ASGI middleware, inside the journal, which is told the name of the fault that strikes a request."""

    def __init__(self, app: ASGIApp, dealer: Dealer) -> None:
        self._app, self._dealer = app, dealer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Raises:
            CutOff: which has the server break the connection off.
        """
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        method = "WS" if scope["type"] == "websocket" else scope["method"]
        fate = self._dealer.deal(method, scope["path"])
        if fate is None:
            await self._app(scope, receive, send)
            return
        note(scope, fault=fate.fault.name)
        await asyncio.sleep(fate.fault.delay_ms / 1000)
        if fate.fault.answers:
            await _answer(fate.fault, scope, receive, send)
        else:
            spoilt = _Spoilt(fate, send, websocket=method == "WS")
            await self._app(scope, receive, spoilt.send)
            await spoilt.conclude(receive)


async def _answer(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """What a fault says in the application's place."""
    if fault.kind == "hang":
        await _wait_until_gone(receive)
    elif scope["type"] == "http":
        body = fault.body + b"\n" if fault.kind == "error_line" else fault.body
        headers = _headers(fault, len(body))
        await send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif fault.status >= 300:  # a handshake that is refused
        headers = _headers(fault, len(fault.body))
        await send({"type": "websocket.http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": fault.body})
    else:
        await send({"type": "websocket.accept"})
        if fault.body:
            await send({"type": "websocket.send", "text": fault.body.decode()})
        await send({"type": "websocket.close", "code": 1000})


def _headers(fault: Fault, length: int) -> list[tuple[bytes, bytes]]:
    start = fault.body.lstrip()[:9].lower()
    if fault.kind == "error_line":
        media = "text/event-stream"
    elif start.startswith((b"{", b"[")):
        media = "application/json"
    else:
        media = f"text/{'html' if start.startswith((b'<!doctype', b'<html')) else 'plain'}; charset=utf-8"
    given = {name.lower(): value for name, value in fault.headers}
    headers = {"content-type": media, "content-length": str(length), **given}
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


class _Spoilt:
    """The `send` of one request, between the application and the server."""

    def __init__(self, fate: Fate, send: Send, *, websocket: bool) -> None:
        self._fault, self._send, self._websocket = fate.fault, send, websocket
        self._change = _change(fate, websocket=websocket)
        self._over = False

    async def send(self, message: Message) -> None:
        if self._over:
            return  # the application need not know that nobody hears it any more
        kind = message["type"]
        if kind == "http.response.start" and self._fault.kind not in ("delay", "drip", "cut"):
            headers = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
            await self._send({**message, "headers": headers})
        elif kind == "http.response.body":
            await self._pieces(message.get("body", b""), last=not message.get("more_body", False))
        elif kind == "websocket.send":
            await self._message(message)
        else:
            await self._send(message)

    async def conclude(self, receive: Receive) -> None:
        """
        What comes after the application's last word.

        Raises:
            CutOff: see `Tampering`.
        """
        if self._fault.kind == "cut":
            raise CutOff
        if self._fault.kind == "hang":
            await _wait_until_gone(receive)
        if self._fault.kind == "endless" and not self._websocket:
            gone = asyncio.ensure_future(_wait_until_gone(receive))
            try:
                while not gone.done():
                    await self._body(b"\n", more=True)
                    await asyncio.wait([gone], timeout=self._fault.pause_ms / 1000)
            finally:
                gone.cancel()

    async def _pieces(self, data: bytes, *, last: bool) -> None:
        for piece in self._change.pieces(data):
            await self._drop(piece)
        if last and not self._change.over:
            for piece in self._change.rest():
                await self._drop(piece)
        self._over = last or self._change.over
        if self._over and self._fault.kind not in ("cut", "hang", "endless"):
            await self._body(b"", more=False)

    async def _drop(self, piece: bytes) -> None:
        await self._body(piece, more=True)
        if self._fault.kind == "drip":
            await asyncio.sleep(self._fault.pause_ms / 1000)

    async def _body(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def _message(self, message: Message) -> None:
        text = message.get("text")
        if text is None and self._change.lines:
            await self._send(message)
            return
        data: bytes = message["bytes"] if text is None else text.encode()
        for piece in self._change.pieces(data + b"\n" if self._change.lines else data):
            if text is None:
                await self._send({"type": "websocket.send", "bytes": piece})
            else:
                said = piece.removesuffix(b"\n").decode(errors="replace")
                await self._send({"type": "websocket.send", "text": said})
        if self._change.over:
            self._over = True
            if self._fault.kind not in ("cut", "hang"):
                await self._send({"type": "websocket.close", "code": 1000})


class _Change:
    """What becomes of the bytes of an answer; as it stands, nothing."""

    over = False
    """Whether nothing more comes through."""
    lines = False
    """Whether it goes by lines."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What comes through of the next bytes."""
        if data:
            yield data

    def rest(self) -> Iterator[bytes]:
        """What comes after the last of them."""
        yield from ()


def _change(fate: Fate, *, websocket: bool) -> _Change:
    fault = fate.fault
    if fault.kind in ("cut", "end", "hang"):
        # A length given beforehand must not be reached where the answer is to be incomplete.
        return _First(fault.at or 0, keep=0 if websocket or fault.kind == "end" else 1)
    if fault.kind == "drip" and not websocket:
        return _Drops(fault.size)
    if fault.kind == "error_line":
        return _Lines(fault.after, fault.body, ends=True)
    if fault.kind == "garbage":
        return {
            "bytes": _Noise(fault.at or 0, fate.noise),
            "base64": _Base64(fault.after),
            "line": _Lines(fault.after, _BROKEN_LINE, ends=False),
        }[fault.form]
    return _Change()


class _First(_Change):
    """The first bytes and no more, and never the last `keep` of the whole answer."""

    def __init__(self, at: int, *, keep: int) -> None:
        self._left, self._keep, self._held = at, keep, b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        through = data[: min(self._left, len(data) - self._keep)]
        self._left -= len(through)
        self._held = data[len(through) :][: self._keep]
        self.over = not self._left
        if through:
            yield through


class _Drops(_Change):
    def __init__(self, size: int) -> None:
        self._size = size

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self._size):
            yield data[start : start + self._size]


class _Noise(_Change):
    """Some bytes overwritten, so that the length stays."""

    def __init__(self, at: int, noise: bytes) -> None:
        self._at, self._noise, self._passed = at, noise, 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        start = self._at - self._passed
        self._passed += len(data)
        first, end = max(start, 0), min(start + len(self._noise), len(data))
        if first < end:
            data = data[:first] + self._noise[first - start : end - start] + data[end:]
        if data:
            yield data


class _Lines(_Change):
    """A line put in after so many, or at the end of fewer; the answer goes on after it, or ends."""

    lines = True

    def __init__(self, after: int, line: bytes, *, ends: bool) -> None:
        self._left, self._line, self._ends = after, line + b"\n", ends
        self._done = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data and self._left:
            line, end, data = data.partition(b"\n")
            self._left -= len(end)
            yield line + end
        if not self._left and not self._done:
            self._done, self.over = True, self._ends
            yield self._line
        if data and not self.over:
            yield data

    def rest(self) -> Iterator[bytes]:
        if not self._done:  # the last line may have had no end
            yield b"\n" + self._line


class _Base64(_Change):
    """The audio of the first line after so many that has any, broken; a line is held until it is whole."""

    lines = True

    def __init__(self, after: int) -> None:
        self._left, self._held, self._done = after, bytearray(), False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data and not self._done:
            line, end, data = data.partition(b"\n")
            self._held += line + end
            if end:
                yield self._whole()
        if data:
            yield data

    def rest(self) -> Iterator[bytes]:
        if self._held:
            yield self._whole()

    def _whole(self) -> bytes:
        line = bytes(self._held)
        self._held.clear()
        if self._left:
            self._left -= 1
            return line
        before, key, after = line.partition(b'"audio":')
        space, quote, rest = after.partition(b'"')
        audio, close, rest = rest.partition(b'"')
        if not close:
            return line
        self._done = True
        return b"".join((before, key, space, quote, _NOT_BASE64, audio[len(_NOT_BASE64) :], close, rest))
