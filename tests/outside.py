"""A false outside: an HTTP server on loopback that answers by a script, however badly the script wants it to.

    with Outside(Answer(b"cut short", cut=4), Answer(b"whole")) as outside:
        ...                       # send requests to outside.url
    assert [seen.path for seen in outside.seen] == ["/v0/tts", "/v0/tts"]

Each request takes the next step; `then` answers all those after the script. A step is an `Answer`, or a
function that makes one of the request. A request for which there is no step is answered 599 and fails the
test at the end of the `with`. Written on sockets, since a server that keeps to HTTP cannot break it.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import responses
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

Ending = Literal["keep", "close", "reset", "half", "hang"]


class Seen(NamedTuple):
    """A request that has arrived."""

    method: str
    path: str
    """As it was sent, with its query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    connection: int
    """Which connection it came over, from 0."""
    at: float
    """When its last byte had come, by the monotonic clock."""

    def json(self) -> Any:
        """Its body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer, and everything that may be wrong with it."""

    body: bytes | Sequence[bytes | float | threading.Event] = b""
    """Sent as it is; or piece by piece, each number a wait in seconds, each event a wait until it is set."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: Sequence[tuple[str, str]] = ()
    """More headers; these may come twice."""
    chunked: bool | None = None
    """Whether the body has chunked coding; by default where it comes in pieces."""
    length: int | None = None
    """What Content-Length says, if not the truth; -1 leaves it out. The body ends the connection then."""
    cut: int | None = None
    """The connection ends after so many bytes of the body."""
    wait: float | threading.Event | None = None
    """Before the head."""
    head: bytes | Sequence[bytes | float] | None = None
    """Sent in place of status line and headers, as it is."""
    ending: Ending = "keep"
    """What happens after the last byte; `keep` takes the next request, `half` ends only this side of the
    connection, `hang` does nothing at all."""


def said(value: object, *, status: int = 200, **rest: Any) -> Answer:
    """An answer in JSON."""
    headers = {"Content-Type": "application/json"} | dict(rest.pop("headers", {}))
    return Answer(json.dumps(value).encode(), status=status, headers=headers, **rest)


def lines(*values: object, **rest: Any) -> Answer:
    """An answer of one JSON value a line, each sent by itself."""
    return Answer([json.dumps(value).encode() + b"\n" for value in values], **rest)


def drip(body: bytes, *, every_s: float, **rest: Any) -> Answer:
    """An answer that comes a byte at a time."""
    return Answer([part for byte in body for part in (bytes([byte]), every_s)], **rest)


HANG = Answer(wait=threading.Event())
"""Never answers."""
RESET = Answer(head=b"", ending="reset")
"""Takes the request and resets the connection."""
DROP = Answer(head=b"", ending="close")
"""Takes the request and closes the connection."""

Step = Answer | Callable[[Seen], Answer]


class Outside:
    """The server. `seen` holds every request in the order of arrival; `busiest` says how many were in work at
    once."""

    def __init__(self, *script: Step, then: Step | None = None, port: int = 0) -> None:
        """
        Args:
            script: one step for each request.
            then: for every request after them.
            port: to listen on; 0 for any that is free.
        """
        self.seen: list[Seen] = []
        self.connections = 0
        self.busiest = 0
        self._script, self._then = list(script), then
        self._unscripted: list[Seen] = []
        self._busy = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._door = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            assert not self._unscripted, f"requests for which there was no step: {self._unscripted}"

    def close(self) -> None:
        """End every connection and the server; harmless twice."""
        self._closing.set()
        with self._lock:
            doomed = [self._door, *self._open]
        for sock in doomed:
            _shut(sock)
        for thread in self._threads:
            thread.join(timeout=5)
            assert not thread.is_alive(), "the false outside does not end"
        self._door.close()

    def refuse(self) -> None:
        """Listen no more: new connections are refused from here on."""
        _shut(self._door)
        self._door.close()

    def wait_for(self, requests: int, *, within_s: float = 5.0) -> None:
        """Until so many requests have arrived."""
        with self._lock:
            assert self._changed.wait_for(lambda: len(self.seen) >= requests, within_s), (
                f"{len(self.seen)} of {requests} requests have come"
            )

    def wait_for_end(self, connections: int, *, within_s: float = 5.0) -> None:
        """Until so many connections have ended."""
        with self._lock:
            assert self._changed.wait_for(
                lambda: self.connections - len(self._open) >= connections, within_s
            ), f"{len(self._open)} of {self.connections} connections are open"

    def add(self, *steps: Step) -> None:
        """More of the script."""
        with self._lock:
            self._script += steps

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._door.accept()
            except OSError:
                return
            # Or each small piece waits for the one before it to be confirmed.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(sock)
                number = self.connections
                self.connections += 1
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with sock, sock.makefile("rb") as incoming:
            try:
                while not self._closing.is_set() and (seen := _read_request(incoming, number)):
                    answer = self._take(seen)
                    try:
                        ending = self._send(sock, answer)
                    finally:
                        with self._lock:
                            self._busy -= 1
                    if ending != "keep":
                        self._end(sock, ending)
                        return
            except OSError:
                pass  # the other side has gone, which is its right
            finally:
                with self._lock:
                    self._open.discard(sock)
                    self._changed.notify_all()

    def _take(self, seen: Seen) -> Answer:
        """The next step of the script."""
        with self._lock:
            self.seen.append(seen)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            self._changed.notify_all()
            step = self._script.pop(0) if self._script else self._then
            if step is None:
                self._unscripted.append(seen)
        if step is None:
            return Answer(b"the script has no step for this request", status=599)
        return step if isinstance(step, Answer) else step(seen)

    def _send(self, sock: socket.socket, answer: Answer) -> Ending:
        if answer.wait is not None:
            self._wait(answer.wait)
        chunked = answer.chunked
        if chunked is None:
            chunked = not isinstance(answer.body, bytes) and answer.length is None
        pieces = [answer.body] if isinstance(answer.body, bytes) else answer.body
        total = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        head = answer.head if answer.head is not None else _head(answer, total, chunked=chunked)
        for part in [head] if isinstance(head, bytes) else head:
            sock.sendall(part) if isinstance(part, bytes) else self._wait(part)
        if answer.head is not None:
            chunked = bool(answer.chunked)
        left = total if answer.cut is None else answer.cut
        for piece in pieces:
            if not isinstance(piece, bytes):
                self._wait(piece)
            elif kept := piece[:left]:
                left -= len(kept)
                sock.sendall(b"%x\r\n%b\r\n" % (len(kept), kept) if chunked else kept)
        if answer.cut is not None:
            return answer.ending if answer.ending != "keep" else "close"
        if chunked:
            sock.sendall(b"0\r\n\r\n")
        return answer.ending if answer.length is None or answer.ending != "keep" else "close"

    def _end(self, sock: socket.socket, ending: Ending) -> None:
        if ending in ("half", "hang"):
            if ending == "half":
                sock.shutdown(socket.SHUT_WR)
            self._closing.wait()
        elif ending == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            _shut(sock)

    def _wait(self, until: float | threading.Event) -> None:
        if not isinstance(until, threading.Event):
            self._closing.wait(until)
            return
        while not self._closing.is_set() and not until.wait(0.02):
            pass


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _head(answer: Answer, total: int, *, chunked: bool) -> bytes:
    headers = [*answer.headers.items(), *answer.repeated]
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif answer.length != -1:
        headers.append(("Content-Length", str(total if answer.length is None else answer.length)))
    rows = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Odd')}"]
    rows += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*rows, "", ""]).encode("latin-1")


def _read_request(incoming: Any, number: int) -> Seen | None:
    """The next whole request of a connection; None where it ends."""
    first = incoming.readline()
    if not first.endswith(b"\r\n"):
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    headers = dict(_headers(iter(incoming.readline, b"")))
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(iter(lambda: _piece(incoming), b""))
    else:
        length = int(headers.get("content-length", "0"))
        body = incoming.read(length)
        if len(body) < length:
            return None  # whoever sent it was ended
    return Seen(method, path, headers, body, number, time.monotonic())


def _headers(rows: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for row in rows:
        name, colon, value = row.decode("latin-1").partition(":")
        if not colon:
            return
        yield name.strip().lower(), value.strip()


def _piece(incoming: Any) -> bytes:
    size = int(incoming.readline(), 16)
    data: bytes = incoming.read(size)
    incoming.readline()
    return data
