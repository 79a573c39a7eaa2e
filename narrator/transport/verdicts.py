"""What a status means where a service's own module has nothing to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from narrator.errors import KeyRefused, OutOfCredit, ProviderError, RequestRefused, ServiceGone
from narrator.transport.losses import Lost
from narrator.transport.patience import asked_s
from narrator.transport.redaction import excerpt

_PASSING = {408, 409, 425, 429}
"""Statuses below 500 after which the same request may succeed."""
_CROWDED = {429, 503}
"""Those that say of the whole service, not of one request, how long to wait."""
_PERHAPS_PAID = {504, 520, 524}
"""Gateways that stopped waiting for a service that may well have finished, or made nothing of its answer."""


class Service(NamedTuple):
    """What errors say of a service."""

    provider: str
    base_url: str
    news: str = ""
    """What is known about its end."""
    key_variable: str = ""
    """Where its key comes from."""

    def gone(self, reason: str) -> ServiceGone:
        """Nothing answers there any more."""
        return ServiceGone(self.base_url, reason, provider=self.provider, news=self.news)


def verdict(
    status: int, headers: Mapping[str, str], body: bytes, *, service: Service, now: float
) -> ProviderError | Lost:
    """The error that an answer other than 2xx is; `Lost` where another attempt may help.

    Args:
        headers: by lower-case name.
        body: its beginning; none is needed below 400.
        now: Unix time.
    """
    if 300 <= status < 400 and "location" in headers:
        return service.gone(f"status {status}: it sends us on to {_target(headers['location'], service)}")
    said = excerpt(body)
    described = f"status {status}: {said}" if said else f"status {status}"
    if status in _PASSING or status >= 500:
        return Lost(
            described,
            outcome="broken" if status in _PERHAPS_PAID else "refused",
            crowded=status == 429,
            asked_s=asked_s(headers, now=now),
            everyone=status in _CROWDED,
        )
    if status in (404, 410):
        return service.gone(described)
    if status in (401, 403) and service.key_variable:
        return KeyRefused(service.key_variable, described, provider=service.provider)
    if status == 402:
        return OutOfCredit(described, provider=service.provider)
    return RequestRefused(said or "without a word", provider=service.provider, status=status)


def _target(location: str, service: Service) -> str:
    """Where a redirect leads: another host by its name alone, since the rest may hold anything."""
    try:
        target = urlsplit(location)
        port = f":{target.port}" if target.port else ""
    except ValueError:
        return "an address that is none"
    if not target.hostname:
        return f"another path of the same host, {excerpt(target.path.encode())}"
    return f"{target.scheme or urlsplit(service.base_url).scheme}://{target.hostname}{port}"
