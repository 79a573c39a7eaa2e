"""The services that are stood in for: one line each, and what the rest of the server asks of them.

To add one: a folder beside `octave/` with its routers, a line in `STAND_INS`, a test file. Its paths must not
be another's; where they could be, the one that is listed first answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter

from narrator.providers.espeak import Espeak
from narrator.serving.octave import conversion, socket
from narrator.serving.octave import refusing as octave_refusing
from narrator.serving.octave import routes as octave_routes
from narrator.serving.octave import service as octave_service
from narrator.serving.options import Options
from narrator.serving.playht import refusing as playht_refusing
from narrator.serving.playht import routes as playht_routes
from narrator.serving.playht import service as playht_service
from narrator.serving.refusals import Refuse, Refused, refuse_plainly
from narrator.serving.sarvam import refusing as sarvam_refusing
from narrator.serving.sarvam import routes as sarvam_routes
from narrator.serving.sarvam import service as sarvam_service
from narrator.serving.speaking import Speaking
from narrator.serving.state import State
from narrator.serving.supertone import listing as supertone_listing
from narrator.serving.supertone import refusing as supertone_refusing
from narrator.serving.supertone import routes as supertone_routes
from narrator.serving.supertone import service as supertone_service


class StandIn(NamedTuple):
    """One service that `narrator serve` stands in for."""

    name: str
    """What it made is kept as this attribute of the application's state."""
    owns: Callable[[str], bool]
    """Whether a path is one of its own, there or not."""
    routers: tuple[APIRouter, ...]
    tables: str
    """What `State` must hold: `CREATE TABLE IF NOT EXISTS ...`, each table's name begun with its own."""
    make: Callable[[Espeak, Speaking, State, Options], Any]
    """What its endpoints share."""
    refuse: Refuse
    """Its own form of 401, 404, 405, 408, 413 and 500, where it is not the endpoints that say no."""
    key_headers: tuple[bytes, ...]
    """Where its clients put a key, in small letters; see `Guarded`."""
    invalid: Callable[[Sequence[Any]], Refused] | None = None
    """Its answer to a body that is not as it must be, from pydantic's errors; FastAPI's 422 by default."""
    is_public: Callable[[str], bool] = lambda _: False
    """Whether a path of its own is for anybody, without a key."""
    close: Callable[[Any], Awaitable[None]] | None = None
    """How what it made is let go of; the engine still speaks."""


STAND_INS: tuple[StandIn, ...] = (
    StandIn(
        name="octave",
        owns=lambda path: path.startswith("/v0/"),
        routers=(octave_routes.router, conversion.router, socket.router),
        tables=octave_service.TABLES,
        make=octave_service.Octave,
        refuse=octave_refusing.refuse,
        key_headers=(b"x-hume-api-key",),
    ),
    StandIn(
        name="sarvam",
        owns=lambda path: path in sarvam_routes.MISTAKEN or path.startswith(sarvam_routes.PATH),
        routers=(sarvam_routes.router, sarvam_routes.mistaken),
        tables=sarvam_service.TABLES,
        make=sarvam_service.Sarvam,
        refuse=sarvam_refusing.refuse,
        key_headers=(b"api-subscription-key",),
        invalid=sarvam_refusing.invalid,
    ),
    StandIn(
        name="supertone",
        # After Sarvam, which has some paths there that are no voice's.
        owns=lambda path: path.startswith("/v1/"),
        routers=(supertone_routes.router, supertone_listing.router),
        tables=supertone_service.TABLES,
        make=supertone_service.Supertone,
        refuse=supertone_refusing.refuse,
        key_headers=(b"x-sup-api-key",),
        invalid=supertone_refusing.invalid,
    ),
    StandIn(
        name="playht",
        owns=lambda path: path.startswith("/api/v2/") or path == playht_routes.SDK,
        routers=(playht_routes.router, playht_routes.public, playht_routes.sdk),
        tables=playht_service.TABLES,
        make=playht_service.PlayHT,
        refuse=playht_refusing.refuse,
        key_headers=(b"authorization",),
        invalid=playht_refusing.invalid,
        is_public=playht_routes.is_public,
    ),
)

_ALL_KEY_HEADERS = frozenset(header for each in STAND_INS for header in each.key_headers)


def owner(path: str) -> StandIn | None:
    """The service that a path belongs to."""
    return next((each for each in STAND_INS if each.owns(path)), None)


def refuse_as_owner(status: int, message: str, path: str) -> Refused:
    """No, in the words of the service that a path belongs to."""
    found = owner(path)
    return (found.refuse if found else refuse_plainly)(status, message, path)


def key_headers(path: str) -> Collection[bytes]:
    """Where the clients of a path put a key; of what belongs to no service, anywhere."""
    found = owner(path)
    return found.key_headers if found else _ALL_KEY_HEADERS


def is_public(path: str) -> bool:
    """Whether a path is for anybody, without a key."""
    found = owner(path)
    return found is not None and found.is_public(path)
