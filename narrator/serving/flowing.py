"""Answers that are made while they are sent, and no further once nobody takes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from narrator.serving.refusals import Refused
from narrator.serving.tampering import CutOff

TRAILERS = "narrator.trailers"
"""The ASGI extension by which `connections` sends a header field after the body: called with its name and
its value before the body ends. The answer must say `Trailer`, and HTTP be 1.1."""


class Flow(StreamingResponse):
    """A body in parts; what its maker holds is let go of when the answer ends, however it ends."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        complain: Callable[[Refused], bytes] | None = None,
    ) -> None:
        """
        Args:
            first: made already: what goes wrong before it is answered with a status.
            rest: what goes wrong in it ends the answer.
            complain: the last part of an answer that goes wrong; without it, the answer breaks off.
        """
        self._rest = rest
        super().__init__(_flow(first, rest, complain), media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._rest.aclose()


async def _flow(
    first: bytes, rest: AsyncIterator[bytes], complain: Callable[[Refused], bytes] | None
) -> AsyncIterator[bytes]:
    yield first
    try:
        async for part in rest:
            yield part
    except Refused as refused:
        if complain is None:
            # Half a file has no way to say so but to break off.
            raise CutOff from refused
        yield complain(refused)
