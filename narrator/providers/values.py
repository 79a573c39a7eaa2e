"""What settings of services may say, value by value: what the readers of book.yaml and cast.yaml are made of.

A reader takes a setting's name and what was written, and gives it in its one form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from urllib.parse import urlsplit

from narrator.casting import Setting
from narrator.errors import ConfigurationError, UnknownKey
from narrator.spending import Price

Reader = Callable[[str, Setting], object]


def checked(
    said: Mapping[str, Setting], readers: Mapping[str, Reader], *, file: str = ""
) -> dict[str, object]:
    """
    What somebody wrote, each setting in its one form.

    Args:
        readers: of the settings that there are, by name.
        file: where it was written, if that is known.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range; its `key` says which.
    """
    for key in said:
        if key not in readers:
            raise UnknownKey(key, readers, file=file)
    return {key: readers[key](key, value) for key, value in said.items()}


def elsewhere(environment: Mapping[str, str], variable: str, read: Reader) -> dict[str, object]:
    """`base_url` as the environment has it; nothing where it says nothing."""
    said = environment.get(variable, "").strip()
    return {"base_url": read(variable, said)} if said else {}


def price_per_1000(own: float | None, known: Price, *, currency: str) -> Mapping[str, object]:
    """
    What abilities say of a price for characters: book.yaml's, or else the one that is known.

    Args:
        currency: of book.yaml's.
    """
    if own is not None:
        return {"price_per_1000": own, "currency": currency}
    return {"price_per_1000": known.per_1000, "currency": known.currency, "priced_on": known.since}


def primary(language: str) -> str:
    """The language of a BCP 47 tag, without its country and script."""
    return language.strip().replace("_", "-").partition("-")[0].lower()


def address(*, like: str, key_variable: str) -> Callable[[str, Setting], str]:
    """
    The address of a server, without a slash at its end.

    Args:
        like: the service's own.
        key_variable: where its key comes from.
    """

    def check(key: str, value: Setting) -> str:
        # The value is not repeated: somebody may have written a key or a password into it.
        wrong = ConfigurationError(
            f"{key} is not an address such as {like} or http://127.0.0.1:8900", key=key
        )
        if not isinstance(value, str) or not all(c.isprintable() and not c.isspace() for c in value):
            raise wrong
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise wrong from error
        if not usable:
            raise wrong
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigurationError(
                f"{key} holds more than an address; the key comes from {key_variable} in the environment",
                key=key,
            )
        return value.rstrip("/")

    return check


def switch(key: str, value: Setting) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{key}: {value!r} is not true or false", key=key)
    return value


def one_of(known: Collection[str]) -> Callable[[str, Setting], str]:
    """One of a few words, whatever its case."""

    def check(key: str, value: Setting) -> str:
        name = value.strip().lower() if isinstance(value, str) else ""
        if name not in known:
            raise ConfigurationError(f"{key}: {value!r} is not {listed(known)}", key=key)
        return name

    return check


def whole(low: int, high: int) -> Callable[[str, Setting], int]:
    """A whole number in a range, its ends included."""

    def check(key: str, value: Setting) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigurationError(f"{key}: {value!r} is not a whole number from {low} to {high}", key=key)
        return value

    return check


def whole_among(known: Collection[int]) -> Callable[[str, Setting], int]:
    """One of a few whole numbers."""

    def check(key: str, value: Setting) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in known:
            raise ConfigurationError(f"{key}: {value!r} is not {listed(map(str, known))}", key=key)
        return value

    return check


def number(low: float, high: float) -> Callable[[str, Setting], float]:
    """A number in a range, its ends included."""

    def check(key: str, value: Setting) -> float:
        if isinstance(value, bool | str) or not low <= value <= high:  # false of what is not a number, too
            raise ConfigurationError(f"{key}: {value!r} is not a number from {low:g} to {high:g}", key=key)
        return float(value)

    return check


def listed(known: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = known
    return f"{', '.join(others)} or {last}" if others else last
