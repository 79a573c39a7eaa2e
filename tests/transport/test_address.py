"""What a base URL may be."""

from __future__ import annotations

import pytest

from narrator.errors import ConfigurationError
from narrator.transport.address import check_base_url
from tests.transport.calling import calling


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com:8443/octave/v2/", "https://api.example.com:8443/octave/v2"),
        ("HTTPS://API.example.com", "https://api.example.com"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_good_addresses(address: str, shown: str) -> None:
    url = check_base_url(address, provider="octave", keyed=True)

    assert str(url).rstrip("/") == shown


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("", "write it like https"),
        ("api.example.com", "write it like https"),
        ("ftp://api.example.com", "write it like https"),
        ("file:///etc/passwd", "write it like https"),
        ("https://", "write it like https"),
        ("https:///path", "write it like https"),
        ("https://[::1", "write it like https"),
        ("https://api.example.com:port", "write it like https"),
        ("https://api.example.com:99999", "write it like https"),
        ("https://api.example.com/\r\nX: y", "write it like https"),
        ("https://user:word@api.example.com", "keys come from the environment"),
        ("https://user@api.example.com", "keys come from the environment"),
        ("https://api.example.com/?key=1", "leave it out"),
        ("https://api.example.com/?", "leave it out"),
        ("https://api.example.com/#top", "leave it out"),
        ("https://" + "a" * 64 + ".com", "cannot exist"),
        ("https://api..com", "cannot exist"),
    ],
)
def test_bad_addresses_say_what_to_write(address: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=remedy) as it:
        check_base_url(address, provider="octave", keyed=True)

    assert str(it.value).startswith("book.yaml: `base_url` of octave ")
    assert "word" not in str(it.value).replace("password", "")


NEAR = [
    "localhost",
    "localhost.",
    "octave.localhost",
    "127.0.0.1",
    "127.8.9.10",
    "[::1]",
    "10.0.0.7",
    "192.168.1.20",
    "172.20.0.2",
    "169.254.10.1",
    "[fd00::7]",
    "[fe80::7]",
    "serve",
    "studio.local",
    "studio.internal",
    "studio.lan",
    "studio.home.arpa",
]
FAR = [
    "api.example.com",
    "8.8.8.8",
    "[2606:4700::1111]",
    "localhost.example.com",
    "10.0.0.7.example.com",
    "172.32.0.1",
]


@pytest.mark.parametrize("host", NEAR)
def test_a_key_goes_over_plain_http_nearby(host: str) -> None:
    assert check_base_url(f"http://{host}:8900", provider="octave", keyed=True).port == 8900


@pytest.mark.parametrize("host", FAR)
def test_a_key_does_not_go_over_plain_http_into_the_world(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"would send your key unprotected to .*write https://"):
        check_base_url(f"http://{host}", provider="octave", keyed=True)


def test_without_a_key_plain_http_goes_anywhere() -> None:
    assert check_base_url("http://api.example.com", provider="octave", keyed=False).scheme == "http"
    with calling("http://api.example.com", headers={"Accept": "application/json"}):
        pass


def test_the_transport_checks_its_address() -> None:
    with (
        pytest.raises(ConfigurationError, match="unprotected"),
        calling("http://api.example.com", headers={"X-Octave-Key": "k"}),
    ):
        pass
