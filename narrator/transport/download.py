"""Files that a service says lie elsewhere, fetched without believing it.

An address that comes in an answer may lead anywhere: to this machine, to its own network, to a host that
collects what is sent to it. So each address, and each that a redirect leads to, is held against a short list
of hosts; no header of the service's goes out; and no more is read than was allowed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from contextlib import suppress

import httpx

from narrator.errors import ProviderError, RequestRefused, ServiceFailed
from narrator.transport.address import loopback
from narrator.transport.exchange import Exchange, Order
from narrator.transport.losses import BrokenAnswer, Lost, Trail
from narrator.transport.network import Network
from narrator.transport.patience import Patience
from narrator.transport.redaction import one_line

ATTEMPTS = 4
REDIRECTS = 3
_PIECE_BYTES = 1 << 24
_PASSING = (408, 425, 429)
_NOT_YET = (403, 404)
"""What a store of files says of one that has not arrived everywhere, or whose address is not valid yet."""
_PORTS = {"http": 80, "https": 443}
_HEADERS = [(b"User-Agent", b"narrator"), (b"Accept", b"*/*"), (b"Accept-Encoding", b"identity")]

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class FileLost(ProviderError):
    """The file is not there, or not what it should be, and will not be the next time."""


class Downloads:
    """Fetches files for one service. Safe to call from several threads."""

    def __init__(
        self, *, provider: str, base_url: str, hosts: Collection[str], patience: Patience, connections: int
    ) -> None:
        """
        Args:
            base_url: the service's, which has been checked; files may lie at its own host, too.
            hosts: others at which files may lie; one that begins with a dot stands for all below it.
            connections: at most, to each host.
        """
        self._provider, self._hosts = provider, frozenset(host.lower() for host in hosts)
        self._own = _origin(httpx.URL(base_url))
        self._most = patience.body_bytes
        # One piece more is let in, so that what is too large is told from what broke off.
        self._patience = patience._replace(
            attempts=min(patience.attempts, ATTEMPTS), body_bytes=self._most + _PIECE_BYTES
        )
        self._connections = connections
        self._networks: dict[Origin, Network] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.requests = 0
        """HTTP requests sent so far."""

    def fetch(self, address: str, *, size: int | None = None) -> bytes:
        """
        The whole file.

        Args:
            size: bytes that it must have, where that is known.

        Raises:
            RequestRefused: it lies where files of this service have no reason to be.
            FileLost: it is too large; or not there, or of another size, each time.
            ServiceFailed: it could not be read.
        """
        trail = Trail(billed=False)
        while not self._closing.is_set():
            trail.attempts += 1
            trail.began_at = trail.began_at or time.monotonic()
            try:
                return self._follow(address, size)
            except Lost as lost:
                trail.lose(lost, self._patience)
                if trail.over(self._patience, now=time.monotonic()):
                    if isinstance(lost, _NotThere | _WrongSize):
                        raise FileLost(lost.reason, provider=self._provider) from None
                    reason = f"the file could not be fetched: {one_line(lost.reason)}"
                    raise ServiceFailed(trail.attempts, reason, provider=self._provider) from None
            self._closing.wait(trail.wait_s)
        raise ProviderError("already closed", provider=self._provider)

    def close(self) -> None:
        """Begin no further download and let go of the connections; harmless twice."""
        self._closing.set()
        with self._lock:
            for network in self._networks.values():
                network.close()
            self._networks.clear()

    def _follow(self, address: str, size: int | None) -> bytes:
        """The file at an address, or where that sends us on to."""
        url = self._checked(address)
        for _ in range(REDIRECTS + 1):
            exchange = Exchange(self._network(url), Order("GET", url, _HEADERS, b""), self._patience)
            self.requests += 1
            try:
                status = exchange.open()
                location = exchange.headers.get("location")
                if not (300 <= status < 400 and location):
                    return self._read(exchange, status, size)
            finally:
                exchange.close()
            url = self._checked(location, after=url)
        raise FileLost(f"more than {REDIRECTS} redirects", provider=self._provider)

    def _read(self, exchange: Exchange, status: int, size: int | None) -> bytes:
        if status in _PASSING or status >= 500:
            raise Lost(f"status {status}")
        if status != 200:
            reason = f"the file is not there (status {status})"
            raise _NotThere(reason) if status in _NOT_YET else FileLost(reason, provider=self._provider)
        most = self._most if size is None else min(size, self._most)
        found = bytearray()
        try:
            for piece in exchange.pieces():
                found += piece
                if len(found) > most:
                    break
        except BrokenAnswer as broken:
            raise Lost(broken.reason) from None
        if len(found) > self._most:
            raise FileLost(f"the file is larger than {self._most:,} bytes", provider=self._provider)
        if size is not None and len(found) != size:
            more = "more" if len(found) > size else f"{len(found):,}"
            raise _WrongSize(f"the file should have {size:,} bytes and has {more}")
        return bytes(found)

    def _checked(self, address: str, *, after: httpx.URL | None = None) -> httpx.URL:
        """
        An address to which a request may go.

        Raises:
            RequestRefused: it is none.
        """
        url: httpx.URL | None = None
        with suppress(httpx.InvalidURL, ValueError):
            url = httpx.URL(address) if after is None else after.join(address)
        if url is None or url.scheme not in _PORTS or not url.host:
            raise self._refused("an address that is none", after)
        if url.userinfo:
            raise self._refused(f"{url.host}, with a user name in the address", after)
        origin = _origin(url)
        both_here = loopback(url.host) and loopback(self._own[1])
        if url.scheme == "http" and origin != self._own and not both_here:
            raise self._refused(f"{url.host} over plain http, where others could change it", after)
        if not (both_here or url.host == self._own[1] or self._is_known(url.host)):
            raise self._refused(
                f"{url.host}, which is none of its hosts; if you trust it, add it to `file_hosts` under"
                f" `providers: {self._provider}` in book.yaml",
                after,
            )
        if origin[2] not in (self._own[2], _PORTS[url.scheme]) and not both_here:
            raise self._refused(f"{url.host}, port {origin[2]}", after)
        return url.copy_with(fragment=None)

    def _is_known(self, host: str) -> bool:
        host = host.lower().rstrip(".")
        return any(host.endswith(known) if known.startswith(".") else host == known for known in self._hosts)

    def _refused(self, where: str, after: httpx.URL | None) -> RequestRefused:
        sent = f"{after.host} sends us on to" if after else "the service says that the file lies at"
        return RequestRefused(f"{sent} {one_line(where)}; it is not fetched", provider=self._provider)

    def _network(self, url: httpx.URL) -> Network:
        origin = _origin(url)
        with self._lock:
            if self._closing.is_set():
                raise ProviderError("already closed", provider=self._provider)
            if origin not in self._networks:
                own = url.host == self._own[1] or loopback(self._own[1])
                self._networks[origin] = Network(
                    url, connections=self._connections, provider=self._provider, public=not own
                )
            return self._networks[origin]


class _NotThere(Lost):
    """Nobody knows of the file, or it is kept back."""


class _WrongSize(Lost):
    """The file came to its end, and is not as large as the service says."""


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)
