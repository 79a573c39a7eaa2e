"""The connections to one service."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from narrator.errors import ProviderError
from narrator.transport.address import loopback, public

_TAIL_BYTES = 4096
_KEPT_S = 4.0
"""How long an unused connection is kept: less than the 5 s after which common servers close one, since a
request that crosses with the closing is lost, and perhaps billed."""


class Clock(threading.local):
    """How long the current thread may wait for the service, and whether its request went out."""

    quiet_s: float = math.inf
    """Between two reads."""
    ends_at: float = math.inf
    """By the monotonic clock."""
    whole: bool = True
    """False once part of the request could not be written: httpcore reads an answer even so."""


class Network(httpx.HTTPTransport):
    """The pool of connections to one service.

    httpx's transport without its client: no redirects to follow, no cookies, no credentials from .netrc, no
    addresses in a log. The environment's proxies are used, though never for this machine itself.
    """

    def __init__(self, base_url: httpx.URL, *, connections: int, provider: str, public: bool = False) -> None:
        """
        Args:
            public: connect to addresses of the Internet alone, whatever its name stands for.

        Raises:
            ProviderError: the environment names a proxy that cannot be used.
        """
        self.clock = Clock()
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_KEPT_S
        )
        # Reading the trusted certificates takes longer than a request. A context without any trusts nobody.
        verify = SSLContext(PROTOCOL_TLS_CLIENT) if base_url.scheme == "http" else True
        try:
            proxy = _proxy(base_url)
            super().__init__(verify=verify, limits=limits, proxy=proxy)
        except (ValueError, ImportError, httpx.InvalidURL):
            raise ProviderError(
                "the proxy that the environment names cannot be used; name an http:// one, or put"
                f" {base_url.host} into NO_PROXY",
                provider=provider,
            ) from None
        # httpx has no argument for it.
        self._pool._network_backend = _Connecting(
            self._pool._network_backend, self.clock, public=public and proxy is None
        )


def _proxy(base_url: httpx.URL) -> httpx.Proxy | None:
    if loopback(base_url.host) or proxy_bypass(base_url.host):
        return None
    proxies = getproxies()
    address = proxies.get(base_url.scheme) or proxies.get("all")
    return httpx.Proxy(address if "://" in address else f"http://{address}") if address else None


class _Connecting(httpcore.NetworkBackend):
    """Connects as httpcore does, by connections that keep to a clock."""

    def __init__(self, backend: httpcore.NetworkBackend, clock: Clock, *, public: bool = False) -> None:
        self._backend, self._clock, self._public = backend, clock, public

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        if self._public and not public(str(stream.get_extra_info("server_addr")[0])):
            stream.close()
            raise httpcore.ConnectError(f"{host} is an address of a private network")
        return _Connection(stream, self._clock)


class _Connection(httpcore.NetworkStream):
    """A connection whose reads keep to the clock of the thread that reads.

    httpx knows only the time between two reads, and a service can send a head without end, a byte at a time.
    """

    def __init__(self, stream: httpcore.NetworkStream, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self.tail = b""
        """The last that was read."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the clock says it
        left = min(self._clock.quiet_s, self._clock.ends_at - time.monotonic())
        if left <= 0:
            raise httpcore.ReadTimeout("out of time")
        data = self._stream.read(max_bytes, left)
        self.tail = (data if len(data) >= _TAIL_BYTES else self.tail + data)[-_TAIL_BYTES:]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._stream.write(buffer, timeout)
        except httpcore.NetworkError:
            self._clock.whole = False
            raise

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Connection(self._stream.start_tls(ssl_context, server_hostname, timeout), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
