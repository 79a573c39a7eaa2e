"""One request and its answer, held to its limits in time and size."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import httpx

from narrator.transport.losses import BrokenAnswer, lost_before_the_answer
from narrator.transport.network import Network
from narrator.transport.patience import Patience


class Order(NamedTuple):
    """What is asked, ready to be sent any number of times."""

    method: str
    url: httpx.URL
    headers: list[tuple[bytes, bytes]]
    content: bytes


_TRAILERS = re.compile(rb"(?:^|\r\n)0+(?:;[^\r\n]*)?\r\n((?:[!-~][^\r\n]*\r\n)+)\r\n\Z")
"""What comes after the last piece of a body in chunked coding (RFC 9112, 7.1)."""


class Pieces(Iterator[bytes]):
    """The body of an answer as it comes, and what is said about it before and after."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._pieces = exchange, exchange.pieces()

    def __next__(self) -> bytes:
        return next(self._pieces)

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer, with lower-case names."""
        return self._exchange.headers

    @property
    def trailers(self) -> Mapping[str, str]:
        """What came after the body in the way of headers; only once it has been read to its end."""
        return self._exchange.trailers


class Exchange:
    """One request and its answer. For one thread at a time."""

    def __init__(self, network: Network, order: Order, patience: Patience) -> None:
        self._network, self._order, self._patience = network, order, patience
        self._left_s = patience.answer_s
        self._response: httpx.Response | None = None

    def open(self) -> int:
        """Send the request; the answer's status.

        Raises:
            Lost: no answer.
        """
        patience, order = self._patience, self._order
        timeouts = {
            "connect": patience.connect_s,
            "pool": patience.connect_s,
            "write": patience.idle_s,
            "read": patience.head_s,
        }
        request = httpx.Request(
            order.method,
            order.url,
            headers=order.headers,
            content=order.content,
            extensions={"timeout": timeouts},
        )
        began_at = self._start(patience.head_s)
        clock = self._network.clock
        clock.whole = True
        try:
            self._response = self._network.handle_request(request)
        except httpx.TransportError as error:
            raise lost_before_the_answer(error, patience, whole=clock.whole) from None
        self._left_s -= time.monotonic() - began_at
        return self._response.status_code

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer, with lower-case names."""
        return dict(self._answer.headers)

    @property
    def trailers(self) -> dict[str, str]:
        """What came after a body that has been read to its end, with lower-case names."""
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return {}
        # httpcore reads them and passes them over.
        connection = self._answer.extensions.get("network_stream")
        found = _TRAILERS.search(getattr(connection, "tail", b""))
        rows = found[1].decode("latin-1").splitlines() if found else []
        return {
            name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)
        }

    def beginning(self, size: int) -> bytes:
        """The first bytes of the body, or as many as come in the time between two pieces."""
        self._left_s = min(self._left_s, self._patience.idle_s)
        found = bytearray()
        with suppress(BrokenAnswer):  # it is refused either way, and what has come may say why
            for piece in self.pieces():
                found += piece
                if len(found) >= size:
                    break
        return bytes(found[:size])

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            BrokenAnswer: cut, too slow or too large.
        """
        patience, got = self._patience, 0
        encoded = self._answer.headers.get("content-encoding", "identity").lower() != "identity"
        source = self._answer.iter_bytes() if encoded else self._raw()
        while True:
            began_at = self._start(patience.idle_s)
            try:
                piece = next(source, None)
            except httpx.ReadTimeout:
                raise BrokenAnswer(self._too_slow(began_at)) from None
            except httpx.RequestError as error:
                raise BrokenAnswer(f"the answer broke off after {got:,} bytes: {error}") from None
            if piece is None:
                return
            self._left_s -= time.monotonic() - began_at
            got += len(piece)
            if got > patience.body_bytes:
                raise BrokenAnswer(f"the answer is larger than {patience.body_bytes:,} bytes")
            yield piece

    def close(self) -> None:
        """Give the connection back, or end it where the answer was not read to its end."""
        if self._response is not None:
            self._response.close()

    @property
    def _answer(self) -> httpx.Response:
        assert self._response is not None, "not open"  # noqa: S101  a slip of ours
        return self._response

    def _raw(self) -> Iterator[bytes]:
        stream = self._answer.stream
        assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101  what a synchronous transport gives
        return iter(stream)

    def _start(self, quiet_s: float) -> float:
        """Set the clock of this thread, for one wait."""
        now, clock = time.monotonic(), self._network.clock
        clock.quiet_s, clock.ends_at = quiet_s, now + self._left_s
        return now

    def _too_slow(self, began_at: float) -> str:
        left_s = self._left_s - (time.monotonic() - began_at)
        if left_s > 0:
            return f"nothing came for {self._patience.idle_s:g} s"
        return f"the answer did not end within {self._patience.answer_s:g} s"
