"""What a base URL may be."""

from __future__ import annotations

import ipaddress

import httpx

from narrator.errors import ConfigurationError

_NEAR = (".localhost", ".local", ".internal", ".lan", ".test", ".home.arpa")
"""Top-level names that the Internet does not have (RFC 6761, 6762, 8375)."""


def check_base_url(base_url: str, *, provider: str, keyed: bool) -> httpx.URL:
    """A service's address without its last slash.

    A key that goes out over plain http can be read by everyone on the way. So it goes over http only to
    this machine or its own network, where `narrator serve` runs.

    Args:
        keyed: requests to it carry a key.

    Raises:
        ConfigurationError: not an http(s) address, or one to which no key should go.
    """

    def wrong(message: str) -> ConfigurationError:
        return ConfigurationError(f"`base_url` of {provider} {message}", file="book.yaml")

    try:
        url = httpx.URL(base_url.rstrip("/"))
    except (httpx.InvalidURL, ValueError):
        raise wrong("is not an address; write it like https://api.example.com") from None
    if url.scheme not in ("http", "https") or not url.host or (url.port or 1) not in range(1, 65536):
        raise wrong("is not an http or https address; write it like https://api.example.com")
    if url.userinfo:
        raise wrong("holds a user name or password; take it out: keys come from the environment")
    if url.query or url.fragment or "?" in base_url or "#" in base_url:
        raise wrong("ends in a query or a fragment; leave it out")
    try:
        url.host.encode("idna")
    except UnicodeError:
        raise wrong("names a host that cannot exist") from None
    if keyed and url.scheme == "http" and not near(url.host):
        raise wrong(
            f"would send your key unprotected to {url.host}; write https://, or, for a server that needs"
            " no key, take the key out of the environment"
        )
    return url


def near(host: str) -> bool:
    """Whether a host is this machine or on its own network, as far as its name or number tells."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").lower().endswith(_NEAR)
    return number.is_loopback or number.is_private or number.is_link_local


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def public(address: str) -> bool:
    """Whether a number is an address of the Internet, and not of a network of one's own."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(number, "ipv4_mapped", None)
    return (mapped or number).is_global and not number.is_multicast
