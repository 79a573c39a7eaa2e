"""A line for every request: what was asked, what came of it. For users' CI as much as for ours.

Each line is a JSON object. Always there: `number` (from 1, in the order in which requests come), `method`
(`WS` for a WebSocket), `path`, `status` (0 where nothing was answered), `took_ms`. Who answers a request adds
facts: the stand-ins `version`, `voice`, `context` as given, `generations` (ids), `characters`; an injected
fault its name as `fault`. Never a header, a query or a key. Lines stand in the order in which requests came
to their end; a line is there before the last byte of its answer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narrator.errors import OutputError

_FACTS = "narrator.facts"


def note(scope: Scope, **facts: object) -> None:
    """Add facts about a request to its line; anything JSON can hold. Harmless where no journal is kept."""
    scope.setdefault(_FACTS, {}).update(facts)


class Log:
    """The file, added to and never replaced."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            OutputError: it cannot be written.
        """
        self._writing = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(f"cannot write {path}: {reason}; choose another log") from error

    def write(self, line: Mapping[str, object]) -> None:
        """Add a line; whoever reads the file sees it at once."""
        with self._writing:
            # Only ASCII: a line that holds U+0085 or U+2028 is two lines to many a reader.
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Let go of the file; harmless twice."""
        self._file.close()


class Journal:
    """ASGI middleware, the outermost: numbers the requests and logs each when it has come to its end."""

    def __init__(self, app: ASGIApp, *, log: Log) -> None:
        self._app, self._log = app, log
        self._number = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        self._number += 1
        line: dict[str, Any] = {
            "number": self._number,
            "method": "WS" if scope["type"] == "websocket" else scope["method"],
            "path": scope["path"],
            "status": 0,
        }
        facts = scope.setdefault(_FACTS, {})
        began = time.monotonic()
        written = False

        def write() -> None:
            nonlocal written
            if not written:
                written = True
                self._log.write(line | facts | {"took_ms": round((time.monotonic() - began) * 1000)})

        async def answer(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                line["status"] = message["status"]
                if (b"content-length", b"0") in message["headers"]:
                    write()  # for a client, that is all of it
            elif message["type"] == "websocket.accept":
                line["status"] = 101
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                write()
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            write()
