"""`narrator serve`: the wire protocols of speech services, spoken over local engines.

Programs written for a service keep working when their base URL is changed to this server's.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

from narrator.errors import UsageError
from narrator.serving.options import Options

if TYPE_CHECKING:
    from narrator.serving.listening import Service

__all__ = ["Options", "open_service", "serve", "services"]

_NEEDED = ("av", "fastapi", "uvicorn", "websockets", "python_multipart")


def open_service(options: Options) -> Service:
    """
    A server that listens already, and answers once it is run.

    Raises:
        UsageError: it needs what is not installed; or cannot listen there.
        NarratorError: see `application.create_app`.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"`narrator serve` needs {', '.join(missing)}; install it with: pip install 'narrator[serve]'"
        )
    from narrator.serving.listening import Service  # only here: the frameworks may not be there

    return Service(options)


def services() -> tuple[str, ...]:
    """The names of the services that are stood in for; only where `open_service` has what it needs."""
    from narrator.serving.standins import STAND_INS  # only here: as above

    return tuple(each.name for each in STAND_INS)


def serve(options: Options, *, announce: Callable[[str], None]) -> None:
    """
    Serve until SIGINT or SIGTERM; then finish what is being answered, and return.

    Args:
        announce: told the address once it listens, `http://127.0.0.1:8900`.

    Raises:
        NarratorError: see `open_service`.
    """
    open_service(options).run(announce)
