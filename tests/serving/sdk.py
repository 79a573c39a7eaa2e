"""Hume's own Python SDK, sync and async, as one: calls by their names, and what came over the wire beside.

The SDK leaves out every line of a stream that it does not understand, without a word; so the bodies are
kept as they came, for a test to compare.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from inspect import isawaitable
from operator import attrgetter
from typing import Any, Protocol

import httpx
from hume import AsyncHumeClient, HumeClient
from hume.core.pagination import AsyncPager, SyncPager
from hume.tts import PublishTts

PATIENCE_S = 30
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Unused here, and made once: the usual one takes longer than a request."""


class Sdk(Protocol):
    """Either of the two."""

    bodies: list[bytes]
    """Of every answer so far."""

    def call(self, name: str, /, **asked: Any) -> Any:
        """What a method answers: `synthesize_json`, `voices.list`. What it gives bit by bit is a list."""

    def converse(self, messages: Sequence[PublishTts], **query: Any) -> list[Any]:
        """Everything that comes over a WebSocket to which *messages* are sent, until the server ends it."""


class Sync:
    """`HumeClient`."""

    def __init__(self, base_url: str, key: str = "any") -> None:
        self.bodies: list[bytes] = []
        self._base_url, self._key = base_url, key

    def call(self, name: str, /, **asked: Any) -> Any:
        with self._client() as client:
            answered = attrgetter(name)(client.tts)(**asked)
            return list(answered) if isinstance(answered, Iterator | SyncPager) else answered

    def converse(self, messages: Sequence[PublishTts], **query: Any) -> list[Any]:
        with (
            self._client() as client,
            client.tts.stream_input.connect(api_key=self._key, **query) as socket,
        ):
            for message in messages:
                socket.send_publish(message)
            return list(socket)

    @contextmanager
    def _client(self) -> Iterator[HumeClient]:
        with httpx.Client(transport=_Transport(self.bodies), timeout=PATIENCE_S) as client:
            yield HumeClient(base_url=self._base_url, api_key=self._key, httpx_client=client)


class Async:
    """`AsyncHumeClient`, each call in an event loop of its own."""

    def __init__(self, base_url: str, key: str = "any") -> None:
        self.bodies: list[bytes] = []
        self._base_url, self._key = base_url, key

    def call(self, name: str, /, **asked: Any) -> Any:
        async def called() -> Any:
            async with self._client() as client:
                answered = attrgetter(name)(client.tts)(**asked)
                if isawaitable(answered):
                    answered = await answered
                if isinstance(answered, AsyncIterator | AsyncPager):
                    return [each async for each in answered]
                return answered

        return asyncio.run(called())

    def converse(self, messages: Sequence[PublishTts], **query: Any) -> list[Any]:
        async def conversed() -> list[Any]:
            async with (
                self._client() as client,
                client.tts.stream_input.connect(api_key=self._key, **query) as socket,
            ):
                for message in messages:
                    await socket.send_publish(message)
                return [each async for each in socket]

        return asyncio.run(conversed())

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AsyncHumeClient]:
        async with httpx.AsyncClient(transport=_AsyncTransport(self.bodies), timeout=PATIENCE_S) as client:
            yield AsyncHumeClient(base_url=self._base_url, api_key=self._key, httpx_client=client)


class _Overheard(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that leaves a copy of itself once it has been read to its end."""

    def __init__(self, stream: Any, bodies: list[bytes]) -> None:
        self._stream, self._bodies = stream, bodies
        self._parts: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._parts.append(part)
            yield part
        self._bodies.append(b"".join(self._parts))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._parts.append(part)
            yield part
        self._bodies.append(b"".join(self._parts))

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx.HTTPTransport):
    def __init__(self, bodies: list[bytes]) -> None:
        super().__init__(verify=_NO_TLS)
        self._bodies = bodies

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.stream = _Overheard(response.stream, self._bodies)
        return response


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, bodies: list[bytes]) -> None:
        super().__init__(verify=_NO_TLS)
        self._bodies = bodies

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.stream = _Overheard(response.stream, self._bodies)
        return response


def strangers(value: Any, place: str = "") -> list[str]:
    """The fields of an answer that the SDK's types do not know; it takes them, as `extra`."""
    found: list[str] = []
    if isinstance(value, list | tuple):
        for number, each in enumerate(value):
            found += strangers(each, f"{place}[{number}]")
    elif hasattr(value, "model_fields_set"):
        found += [f"{place}.{name}" for name in value.model_extra or ()]
        for name, each in _fields(value):
            found += strangers(each, f"{place}.{name}")
    return found


def _fields(value: Any) -> Iterable[tuple[str, Any]]:
    return ((name, getattr(value, name)) for name in type(value).model_fields)
