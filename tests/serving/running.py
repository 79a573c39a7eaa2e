"""`narrator serve`, really running: on a free port, in a thread, with a state folder of its own."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from narrator.serving import Options, open_service

PATIENCE_S = 30
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that need none, and made once: the usual one takes longer than a request."""


@dataclass(frozen=True)
class Running:
    """A server and how to talk to it."""

    base_url: str
    options: Options
    client: httpx.Client
    """With the base URL, and the key if there is one."""

    def log(self) -> list[dict[str, Any]]:
        """The requests that have come to their end, in that order."""
        assert self.options.log is not None
        return [json.loads(line) for line in self.options.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running(*, state: Path | None = None, logged: bool = False, **options: Any) -> Iterator[Running]:
    """
    A server for the length of the block.

    Args:
        state: a folder that outlives it; a temporary one by default.
        logged: whether to keep a log, in a temporary folder.
        options: see `Options`.
    """
    with TemporaryDirectory() as folder:
        given = Options(
            port=0,
            state=state or Path(folder) / "state",
            log=Path(folder) / "log.jsonl" if logged else None,
            **options,
        )
        service = open_service(given)
        announced = threading.Event()
        thread = threading.Thread(target=service.run, args=(lambda _: announced.set(),))
        thread.start()
        try:
            assert announced.wait(PATIENCE_S)
            headers = {"X-Hume-Api-Key": given.key} if given.key else {}
            with httpx.Client(
                base_url=service.address, headers=headers, timeout=PATIENCE_S, verify=NO_TLS
            ) as client:
                yield Running(service.address, given, client)
        finally:
            service.stop()
            thread.join(PATIENCE_S)
        assert not thread.is_alive()
