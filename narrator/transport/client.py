"""The transport: attempts, their limits and their pace, for every thread that speaks to one service."""

from __future__ import annotations

import json as json_
import logging
import platform
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import NoReturn, TypeVar
from urllib.parse import urlencode

import httpx
import tenacity

from narrator.errors import ProviderError, ServiceFailed
from narrator.transport.address import check_base_url
from narrator.transport.charges import Charge, Entry
from narrator.transport.exchange import Exchange, Order, Pieces
from narrator.transport.limiter import Limiter
from narrator.transport.losses import BrokenAnswer, Lost, Trail, outcome_of
from narrator.transport.network import Network
from narrator.transport.patience import Patience
from narrator.transport.redaction import Redaction, one_line
from narrator.transport.verdicts import Service, verdict

T = TypeVar("T")
Read = Callable[[Pieces], T]
Judge = Callable[[int, Mapping[str, str], bytes], ProviderError | None]
"""A status from 400 on, headers by lower-case name, the first 64 KiB of the body: an error that is final, or
None where the transport's own rules decide. Secrets are taken out before."""
Params = Mapping[str, str] | Sequence[tuple[str, str]]
Files = Mapping[str, tuple[str, bytes, str]]
"""File name, content and media type, by field."""

TOLD_S = 5.0
"""A wait from here on is told of."""
_log = logging.getLogger(__name__)
_JUDGED_BYTES = 64 * 1024
_SENDABLE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


class Transport:
    """Sends requests to one service. Safe to call from several threads.

    No key appears in what it raises: what the service says is cleared of every secret that the headers hold.
    """

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        concurrency: int,
        patience: Patience = Patience(),  # noqa: B008  an immutable tuple
        news: str = "",
        key_variable: str = "",
    ) -> None:
        """
        Args:
            base_url: http or https, perhaps with a path that goes before those of the requests.
            headers: sent with every request; they hold the key.
            concurrency: requests in flight at most.
            news: what is known about the service's end, for the error that says it is gone.
            key_variable: where the key comes from, for the error that says it is refused.

        Raises:
            ConfigurationError: `base_url` is no address, or one to which no key should go.
            ProviderError: a key that cannot be sent, a proxy that cannot be used.
        """
        self._redaction = Redaction(headers)
        url = check_base_url(base_url, provider=provider, keyed=self._redaction.needed)
        self._service = Service(provider, str(url).rstrip("/"), news, key_variable)
        self._headers = _headers(headers, provider=provider)
        self._patience = patience
        self._closed = False
        self._told_until = 0.0
        self._telling = threading.Lock()
        self._stopping = threading.Event()
        self._limiter = Limiter(concurrency, stopping=self._stopping)
        self._network = Network(url, connections=max(concurrency, 1), provider=provider)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Lost),
            wait=lambda state: _trail(state).wait_s,
            stop=lambda state: _trail(state).over(patience, now=time.monotonic()),
            sleep=tenacity.sleep_using_event(self._stopping),
            before_sleep=lambda state: self._say_waiting(_trail(state)),
            retry_error_callback=lambda state: self._give_up(_trail(state)),
        )

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, those that failed included."""
        return self._limiter.admitted

    def call(
        self,
        method: str,
        path: str,
        *,
        read: Read[T],
        judge: Judge,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
        params: Params | None = None,
        accept: str = "",
        billed: bool = True,
        charge: Charge | None = None,
    ) -> T:
        """Send a request, again where that may help; what *read* makes of the answer.

        With a *charge*, each attempt is written down in its account right before it is sent, and ended
        before this returns or raises.

        Args:
            path: below the base URL, from its slash on.
            read: gets the pieces of the body of a 2xx answer. May raise `BrokenAnswer`, and is then called
                with the next answer, or a `ProviderError`, which is final.
            accept: the media type that is wanted, where it is not the usual one.
            billed: whether an answer costs something. If not, a lost one is asked for again freely.
            charge: what it costs, and who is told.

        Raises:
            RequestRefused, KeyRefused, OutOfCredit: final answers of the service.
            ServiceGone: nothing answers at the address, or nothing that knows this path.
            ServiceFailed: every attempt allowed has failed.
            ProviderError: stopped or closed.
            BudgetExceeded, OutputError: the account's; the attempt was not made.
        """
        order = self._order(method, path, json=json, form=form, files=files, params=params, accept=accept)
        result: T = self._retrying(self._attempt, Trail(billed, charge), order, judge, read)
        return result

    def begin(
        self,
        method: str,
        path: str,
        *,
        read: Read[T],
        judge: Judge,
        charge: Charge,
        json: object | None = None,
        params: Params | None = None,
    ) -> tuple[T, Entry]:
        """
        As `call`, for an answer that is only the beginning, such as a job's: its entry in the account is
        left open for the caller, who ends it whatever happens.

        Raises:
            ProviderError, BudgetExceeded, OutputError: as `call` does; the entry is ended then.
        """
        order = self._order(method, path, json=json, params=params)
        trail = Trail(charge=charge)
        result: T = self._retrying(self._attempt, trail, order, judge, read, leave_open=True)
        assert trail.entry is not None  # noqa: S101  there is a charge
        return result, trail.entry

    def stream(
        self,
        method: str,
        path: str,
        *,
        judge: Judge,
        json: object | None = None,
        params: Params | None = None,
    ) -> Iterator[bytes]:
        """The pieces of an answer as they come.

        The request is sent when the first piece is asked for; again where that may help, but not once one
        has come.

        Raises:
            ProviderError: as `call` does.
        """
        order = self._order(method, path, json=json, params=params)
        trail = Trail()
        first, rest, exchange = self._retrying(self._first_piece, trail, order, judge)
        broken = None
        try:
            if first:
                yield first
            yield from rest
            self._limiter.succeeded(trail.burst)
        except BrokenAnswer as error:
            broken = Lost(error.reason, outcome="broken")
        finally:
            self._leave(exchange)
        if broken:
            trail.lose(broken, self._patience)
            self._give_up(trail)

    def stop(self) -> None:
        """Make no further attempt: who waits fails, what is in flight comes to its end. From any thread."""
        self._stopping.set()
        self._limiter.wake()

    def close(self) -> None:
        """Stop, and end the connections once nothing is in flight; harmless twice."""
        self._closed = True
        self.stop()
        if self._limiter.idle:
            self._network.close()

    def _order(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
        params: Params | None = None,
        accept: str = "",
    ) -> Order:
        """The request as bytes."""
        query = f"?{urlencode(params)}" if params else ""
        url = _url(f"{self._service.base_url}{path}{query}")
        headers, content = list(self._headers), b""
        if accept:
            headers = [each for each in headers if each[0].lower() != b"accept"]
            headers.append((b"Accept", accept.encode()))
        if json is not None:
            headers.append((b"Content-Type", b"application/json"))
            content = json_.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        elif form is not None or files is not None:
            encoded = httpx.Request(method, url, data=dict(form or {}), files=dict(files or {}) or None)
            headers.append((b"Content-Type", encoded.headers["content-type"].encode()))
            content = encoded.read()
        return Order(method, url, headers, content)

    def _attempt(
        self, trail: Trail, order: Order, judge: Judge, read: Read[T], *, leave_open: bool = False
    ) -> T:
        """One request and what is made of its answer, from its entry in the account to the end of that."""
        try:
            result = self._answer(trail, order, judge, read)
            trail.identify(result)
            measured = trail.charge.measured(result) if trail.charge and trail.charge.measured else None
        except BaseException as error:
            trail.end(outcome_of(error), reason=self._reason(error))
            raise
        if not leave_open:
            trail.end("answered", bill=measured)
        return result

    def _answer(self, trail: Trail, order: Order, judge: Judge, read: Read[T]) -> T:
        exchange = self._open(trail, order, judge)
        try:
            result = read(Pieces(exchange))
            self._limiter.succeeded(trail.burst)
        except BrokenAnswer as broken:
            raise self._lost(trail, Lost(broken.reason, outcome="broken")) from None
        except ProviderError as error:
            raise self._redaction.error(error) from None
        finally:
            self._leave(exchange)
        return result

    def _first_piece(
        self, trail: Trail, order: Order, judge: Judge
    ) -> tuple[bytes, Iterator[bytes], Exchange]:
        """One request and the beginning of its answer."""
        exchange = self._open(trail, order, judge)
        try:
            pieces = exchange.pieces()
            return next(pieces, b""), pieces, exchange
        except BaseException as error:
            self._leave(exchange)
            if not isinstance(error, BrokenAnswer):
                raise
            raise self._lost(trail, Lost(error.reason, outcome="broken")) from None

    def _open(self, trail: Trail, order: Order, judge: Judge) -> Exchange:
        """Wait for a place and send the request; an answer whose status is good, for the caller to leave."""
        self._enter(trail)
        exchange = Exchange(self._network, order, self._patience)
        try:
            status = exchange.open()
            if not 200 <= status < 300:
                refusal = self._refusal(status, exchange, judge)
                if isinstance(refusal, ProviderError):
                    trail.end("refused", reason=self._reason(refusal))
                raise refusal
        except BaseException as error:
            if isinstance(error, Lost):
                self._lost(trail, error)
            self._leave(exchange)
            raise
        return exchange

    def _enter(self, trail: Trail) -> None:
        """Wait for a place, and have the account know of what comes now."""
        burst = self._limiter.enter()
        if burst is None:
            self._give_up(trail)
        try:
            trail.entry = trail.charge and Entry(trail.charge)
        except BaseException:
            self._leave(unused=True)
            raise
        trail.let_in(burst, now=time.monotonic())

    def _refusal(self, status: int, exchange: Exchange, judge: Judge) -> ProviderError | Lost:
        """The error that an answer is."""
        headers = self._redaction.headers(exchange.headers)
        beginning = exchange.beginning(_JUDGED_BYTES) if status >= 400 else b""
        body = self._redaction.body(beginning, cut=len(beginning) == _JUDGED_BYTES)
        error = judge(status, headers, body) if status >= 400 else None
        return self._redaction.error(
            error or verdict(status, headers, body, service=self._service, now=time.time())
        )

    def _lost(self, trail: Trail, lost: Lost) -> Lost:
        """Remember an attempt that came to nothing, and let all threads know what it says of the service."""
        trail.lose(lost, self._patience)
        if lost.crowded:
            self._limiter.refused(trail.burst)
        if lost.crowded or (lost.everyone and lost.asked_s):
            self._limiter.hold(trail.wait_s)
        return lost

    def _say_waiting(self, trail: Trail) -> None:
        """A long wait is told of once, however many threads share it."""
        if trail.wait_s < TOLD_S:
            return
        now = time.monotonic()
        with self._telling:
            # By a tenth the same wait differs from thread to thread (`patience.wait_s`).
            if now + trail.wait_s / 1.1 < self._told_until + TOLD_S:
                return
            self._told_until = now + trail.wait_s
        reason = one_line(self._redaction.text(trail.last.reason if trail.last else ""))
        _log.warning(
            "%s: waiting %.0f s before asking again: %s", self._service.provider, trail.wait_s, reason
        )

    def _leave(self, exchange: Exchange | None = None, *, unused: bool = False) -> None:
        if exchange is not None:
            exchange.close()
        if self._limiter.leave(unused=unused) and self._closed:
            self._network.close()

    def _reason(self, error: BaseException) -> str:
        """Why an attempt came to nothing, in one line without secrets."""
        match error:
            case Lost():
                said = error.reason
            case ProviderError():
                said = str(error).removeprefix(f"{error.provider}: ")
            case KeyboardInterrupt():
                said = "interrupted"
            case _:
                said = f"{type(error).__name__}: {error}"
        return one_line(self._redaction.text(said))

    def _give_up(self, trail: Trail) -> NoReturn:
        provider = self._service.provider
        if trail.last is None:
            message = "already closed" if self._closed else "stopped; no further request is made"
            raise ProviderError(message, provider=provider)
        reason = one_line(self._redaction.text(trail.last.reason))
        if trail.gone(self._patience):
            raise self._service.gone(reason)
        raise ServiceFailed(trail.attempts, reason, provider=provider, perhaps_paid=trail.perhaps_paid)


_url = lru_cache(maxsize=64)(httpx.URL)
"""Most requests go to the same few addresses, and reading one is a tenth of a request's work."""


def _trail(state: tenacity.RetryCallState) -> Trail:
    """Of the call that tenacity carries out: the first argument of every attempt."""
    trail = state.args[0]
    assert isinstance(trail, Trail)  # noqa: S101  what `call` and `stream` pass
    return trail


def _headers(given: Mapping[str, str], *, provider: str) -> list[tuple[bytes, bytes]]:
    """The headers of every request.

    Raises:
        ProviderError: one holds a character that cannot be sent; the value is not shown.
    """
    for name, value in given.items():
        if not _SENDABLE.fullmatch(value):
            raise ProviderError(
                f"what {name} should hold is empty or has a character that no header can carry, perhaps a"
                " line end or a typographic quote; correct the key in the environment",
                provider=provider,
            )
    ours = {
        "User-Agent": f"narrator/{version('narrator')} (+python {platform.python_version()})",
        # Audio does not shrink, and unpacking costs time.
        "Accept-Encoding": "identity",
    }
    taken = {name.lower() for name in ours}
    headers = {name: value for name, value in given.items() if name.lower() not in taken} | ours
    return [(name.encode(), value.encode()) for name, value in headers.items()]
