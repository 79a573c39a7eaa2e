"""A socket, the server behind it, and how both end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from narrator.errors import UsageError
from narrator.serving.application import create_app
from narrator.serving.connections import server
from narrator.serving.options import Options

_WAITING = 2048
"""Connections that may wait to be accepted."""


class Service:
    """A server of the stand-ins. Made, it listens; run, it answers."""

    def __init__(self, options: Options) -> None:
        """
        Raises:
            UsageError: it cannot listen there, or would be open to others without a key.
            NarratorError: see `application.create_app`.
        """
        options.check()
        self._socket = _listen(options.host, options.port)
        try:
            self._server = server(create_app(options), idle_s=options.idle_s)
        except BaseException:
            self._socket.close()
            raise
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.address = f"http://{host}:{self._socket.getsockname()[1]}"

    def run(self, announce: Callable[[str], None]) -> None:
        """
        Answer until `stop`, or until SIGINT or SIGTERM where this is the main thread.

        Args:
            announce: told the address; whoever connects from now on is answered.
        """
        with self._stopped_by_signals():
            announce(self.address)
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Accept nothing more, finish what is being answered and end; from any thread."""
        self._server.should_exit = True

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """uvicorn raises a signal again when it has heeded it; what it falls back to is set here."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.stop()

        before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another port or address,"
            " or stop what is there"
        ) from error
    # Connections inherit it; asyncio does not see that these are TCP. Without it, each answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
