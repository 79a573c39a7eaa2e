"""A service that is being spoken to: its key and its address, from the environment or from book.yaml."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from narrator.errors import ConfigurationError, KeyMissing
from narrator.transport import Patience, Transport
from narrator.transport.address import loopback
from narrator.transport.redaction import Redaction

_log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """What a service is known by."""

    name: str
    key_variable: str
    """Where its key comes from."""
    base_url_variable: str
    """What wins over book.yaml's address."""
    news: str = ""
    """What is known about its end."""
    unreached: str = ""
    """What is said where nothing answers, if not that."""
    service: str = ""
    """Its own address."""


class Reachable(Protocol):
    """What book.yaml's settings say of every service."""

    @property
    def base_url(self) -> str:
        """Where it answers."""
        ...

    @property
    def concurrency(self) -> int:
        """Requests in flight at most."""
        ...


class Conversation:
    """A service, reached with one key. Safe to use from several threads."""

    def __init__(
        self,
        identity: Identity,
        settings: Reachable,
        environment: Mapping[str, str],
        patience: Patience,
        *,
        key_header: str,
    ) -> None:
        """
        Raises:
            KeyMissing: no key in the environment, and not a server on this machine.
            ConfigurationError: a base URL to which no key should go.
        """
        key = key_for(identity, settings, environment)
        tell_where_keys_go(identity, settings, environment, keyed=bool(key))
        headers = {key_header: key} if key else {}
        self.transport = transport(identity, settings, environment, patience, headers=headers)
        self.keyed = bool(key)
        """Whether a key is sent."""
        self.redaction = Redaction(headers)

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return self.transport.requests

    def stop(self) -> None:
        """Begin no further attempt."""
        self.transport.stop()

    def close(self) -> None:
        """Let go of the connections."""
        self.transport.close()


def key_for(
    identity: Identity, settings: Reachable, environment: Mapping[str, str], *, variable: str = ""
) -> str:
    """
    A service's key; empty for a server on this machine, which needs none.

    Args:
        variable: where it comes from, if not where the service's usual one does.

    Raises:
        KeyMissing: there is none.
    """
    variable = variable or identity.key_variable
    key = environment.get(variable, "").strip()
    if not key and not loopback(urlsplit(settings.base_url).hostname or ""):
        raise KeyMissing(variable, provider=identity.name, news=identity.news)
    return key


def tell_where_keys_go(
    identity: Identity, settings: Reachable, environment: Mapping[str, str], *, keyed: bool
) -> None:
    """Log, as a warning, that a key goes to somebody else than its service because book.yaml says so, which
    somebody else may have written. An address in the environment is the user's own."""
    host = urlsplit(settings.base_url).hostname or ""
    if not keyed or environment.get(identity.base_url_variable, "").strip() or loopback(host):
        return
    if identity.service and host != urlsplit(identity.service).hostname:
        _log.warning(
            "%s: the key in %s goes to %s, as `base_url` in book.yaml says, and not to the service itself",
            identity.name,
            identity.key_variable,
            host,
        )


def transport(
    identity: Identity,
    settings: Reachable,
    environment: Mapping[str, str],
    patience: Patience,
    *,
    headers: Mapping[str, str],
) -> Transport:
    """
    What carries requests to a service.

    Args:
        headers: sent with every request; they hold the key.

    Raises:
        ConfigurationError: a base URL to which no key should go.
    """
    try:
        return Transport(
            provider=identity.name,
            base_url=settings.base_url,
            headers=headers,
            concurrency=settings.concurrency,
            patience=patience,
            news=identity.unreached or identity.news,
            key_variable=identity.key_variable,
        )
    except ConfigurationError as error:
        if environment.get(identity.base_url_variable, "").strip():
            error.message += f" (it comes from {identity.base_url_variable})"
            error.place("", None)
        raise
