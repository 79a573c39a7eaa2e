"""A transport to a false outside, with limits of milliseconds, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from narrator.errors import ProviderError
from narrator.transport import Patience, Transport
from tests.outside import Outside

T = TypeVar("T")
KEY = "sk-0123-very/secret+key"
QUICK = Patience(
    first_wait_s=0.001,
    longest_wait_s=0.004,
    longest_asked_s=0.05,
    connect_s=1.0,
    head_s=5.0,
    idle_s=5.0,
    answer_s=10.0,
)


@contextmanager
def calling(
    outside: Outside | str,
    *,
    headers: Mapping[str, str] | None = None,
    concurrency: int = 4,
    news: str = "",
    key_variable: str = "",
    path: str = "",
    **patience: Any,
) -> Iterator[Transport]:
    """A transport to that server (or address), as patient as `QUICK` but for what is given."""
    transport = Transport(
        provider="octave",
        base_url=f"{outside if isinstance(outside, str) else outside.url}{path}",
        headers={"X-Octave-Key": KEY} if headers is None else headers,
        concurrency=concurrency,
        patience=QUICK._replace(**patience),
        news=news,
        key_variable=key_variable,
    )
    try:
        yield transport
    finally:
        transport.close()


def nothing_to_say(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError | None:
    """A judge who leaves everything to the transport."""
    return None


def whole(pieces: Iterator[bytes]) -> bytes:
    """The whole body."""
    return b"".join(pieces)


def ask(transport: Transport, method: str = "POST", path: str = "/speak", **rest: Any) -> Any:
    """One call, read whole where nothing else is said."""
    return transport.call(method, path, **({"read": whole, "judge": nothing_to_say} | rest))


def beside(work: Callable[[int], T], *, threads: int) -> list[T | BaseException]:
    """What each of so many threads comes to, all at work at once."""

    def one(number: int) -> T | BaseException:
        try:
            return work(number)
        except ProviderError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))
