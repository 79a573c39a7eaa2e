"""What book.yaml and cast.yaml say about Hume, checked; and what its models can do, as data.

In book.yaml, under `providers: {hume: ...}`:

    base_url            where the service, or `narrator serve`, answers; the environment's HUME_BASE_URL wins
    version             auto (the default), 1 or 2
    stream              true (the default): answers come piece by piece, so that a silent connection is
                        noticed; false: in one piece
    format              wav (the default), pcm or mp3; mp3 costs quality and is part of what is recorded
    num_generations     1 to 5 readings of each line, all kept and all paid for
    split_utterances    whether the service may divide a line; false unless given
    temperature         0.1 to 1, for every role without its own; the service's own unless given
    concurrency         requests in flight at once
    text_limit          characters of one line, where less than the service's own limit is wanted
    price_per_1000      USD for 1000 characters, for estimates and the budget

A role's `settings:` in cast.yaml may hold `version`, `temperature`, `format` and `split_utterances`.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, cast
from urllib.parse import urlsplit

from narrator.casting import Abilities, Setting
from narrator.errors import ConfigurationError, UnknownKey
from narrator.spending import Price

NAME = "hume"
"""The provider, as the cast names it."""
KEY_VARIABLE = "HUME_API_KEY"
BASE_URL_VARIABLE = "HUME_BASE_URL"
"""Where set, it wins over book.yaml: a run in CI is pointed elsewhere without an edit of the book."""

SERVICE = "https://api.hume.ai"
OCTAVE_1, OCTAVE_2 = "octave-1", "octave-2"

TEXT_LIMIT = 5000
"""Characters of one utterance (contract 14.1)."""
DESCRIPTION_LIMIT = 1000
CURRENCY = "USD"
"""Of `price_per_1000` in book.yaml."""
SPEED = (0.5, 2.0)
"""The narrower of the two ranges that are documented (contract 5.2)."""
TEMPERATURE = (0.1, 1.0)
"""As quoted by a third party: the service documents none (contract 5.1)."""

Version = Literal["auto", "1", "2"]
AudioFormat = Literal["wav", "pcm", "mp3"]

MODELS: Mapping[Version, tuple[str, ...]] = {
    "auto": (OCTAVE_2, OCTAVE_1),
    "1": (OCTAVE_1,),
    "2": (OCTAVE_2,),
}
"""The models a version stands for, the preferred first: Octave 2 times words and costs less. A chain of
lines that holds directions is given to Octave 1, the only one to act them, by the planner."""


class Settings(NamedTuple):
    """book.yaml's settings, checked."""

    base_url: str = SERVICE
    """Without a slash at its end."""
    version: Version = "auto"
    stream: bool = True
    audio_format: AudioFormat = "wav"
    generations: int = 1
    split_utterances: bool = False
    temperature: float | None = None
    concurrency: int = 5
    text_limit: int = TEXT_LIMIT
    price_per_1000: float | None = None
    """None: that of `prices`."""


class RoleSettings(NamedTuple):
    """A role's own settings over the book's."""

    version: Version
    audible: tuple[tuple[str, Setting], ...]
    """What is part of a take's key, sorted by name; only what is not the service's or narrator's usual."""


def read(said: Mapping[str, Setting], environment: Mapping[str, str]) -> Settings:
    """
    Check book.yaml's settings.

    Args:
        environment: may name another base URL.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range; its `key` says which.
    """
    for key in said:
        if key not in OF_BOOK:
            raise UnknownKey(key, OF_BOOK)
    given = {OF_BOOK[key][0]: OF_BOOK[key][1](key, value) for key, value in said.items()}
    if elsewhere := environment.get(BASE_URL_VARIABLE, "").strip():
        given["base_url"] = _address(BASE_URL_VARIABLE, elsewhere)
    return Settings(**given)  # type: ignore[arg-type]  # each is what its reader made of it


def read_role(said: Mapping[str, Setting], book: Settings) -> RoleSettings:
    """
    Check a role's settings and lay them over the book's.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range.
    """
    for key in said:
        if key not in OF_ROLE:
            raise UnknownKey(key, OF_ROLE, file="cast.yaml")
    given = {key: OF_BOOK[key][1](key, value) for key, value in said.items()}
    temperature = given.get("temperature", book.temperature)
    audible: dict[str, Setting] = {}
    if given.get("format", book.audio_format) == "mp3":  # wav and pcm hold the same samples
        audible["format"] = "mp3"
    if given.get("split_utterances", book.split_utterances):
        audible["split_utterances"] = True
    if temperature is not None:
        audible["temperature"] = cast(float, temperature)
    return RoleSettings(cast(Version, given.get("version", book.version)), tuple(sorted(audible.items())))


def models(settings: Settings, prices: Mapping[str, Price]) -> Mapping[str, Abilities]:
    """What each model can do (contract 5 and 6), the preferred first.

    Args:
        prices: of each model, where the settings have none.
    """
    shared = {
        "context": frozenset({"id", "text"}),
        # Capitals are said to emphasise; but a short word in capitals is read as an acronym.
        "marks": frozenset({"pause"}),
        "text_limit": settings.text_limit,
        "speed": SPEED,
        "guides": frozenset({"m4a", "mp3", "ogg", "wav"}),
    }
    octave_1 = {
        "word_times": False,
        "directions": "text",
        "direction_limit": DESCRIPTION_LIMIT,
        "design": True,
        "languages": frozenset({"en", "es"}),
    }
    octave_2 = {
        "word_times": True,
        "phonemes": True,
        "directions": "none",
        "languages": frozenset({"ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru"}),
    }
    return {
        name: Abilities.model_validate({**shared, **own, **_cost(prices[name], settings)})
        for name, own in ((OCTAVE_2, octave_2), (OCTAVE_1, octave_1))
    }


def _cost(known: Price, settings: Settings) -> Mapping[str, object]:
    if settings.price_per_1000 is not None:
        return {"price_per_1000": settings.price_per_1000, "currency": CURRENCY}
    return {"price_per_1000": known.per_1000, "currency": known.currency, "priced_on": known.since}


def is_loopback(base_url: str) -> bool:
    """Whether an address leads to this machine alone."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(key: str, value: Setting) -> str:
    # The value is not repeated: somebody may have written a key or a password into it.
    wrong = ConfigurationError(f"{key} is not an address such as {SERVICE} or http://127.0.0.1:8900", key=key)
    if not isinstance(value, str) or any(letter.isspace() or not letter.isprintable() for letter in value):
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
            f"{key} holds more than an address; the key comes from {KEY_VARIABLE} in the environment", key=key
        )
    return value.rstrip("/")


def _version(key: str, value: Setting) -> Version:
    version = value.strip().lower() if isinstance(value, str) else str(value)
    if version not in MODELS:
        raise ConfigurationError(f"{key}: {value!r} is not auto, 1 or 2", key=key)
    return cast(Version, version)


def _format(key: str, value: Setting) -> AudioFormat:
    name = value.strip().lower() if isinstance(value, str) else ""
    if name not in ("wav", "pcm", "mp3"):
        raise ConfigurationError(f"{key}: {value!r} is not wav, pcm or mp3", key=key)
    return cast(AudioFormat, name)


def _switch(key: str, value: Setting) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{key}: {value!r} is not true or false", key=key)
    return value


def _whole(low: int, high: int) -> Callable[[str, Setting], int]:
    def check(key: str, value: Setting) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigurationError(f"{key}: {value!r} is not a whole number from {low} to {high}", key=key)
        return value

    return check


def _number(low: float, high: float) -> Callable[[str, Setting], float]:
    def check(key: str, value: Setting) -> float:
        number = math.nan if isinstance(value, bool | str) else float(value)
        if not low <= number <= high:  # false of what is not a number, too
            raise ConfigurationError(f"{key}: {value!r} is not a number from {low:g} to {high:g}", key=key)
        return number

    return check


OF_BOOK: Mapping[str, tuple[str, Callable[[str, Setting], object]]] = {
    "base_url": ("base_url", _address),
    "concurrency": ("concurrency", _whole(1, 100)),
    "format": ("audio_format", _format),
    "num_generations": ("generations", _whole(1, 5)),
    "price_per_1000": ("price_per_1000", _number(0, 1000)),
    "split_utterances": ("split_utterances", _switch),
    "stream": ("stream", _switch),
    "temperature": ("temperature", _number(*TEMPERATURE)),
    "text_limit": ("text_limit", _whole(100, TEXT_LIMIT)),
    "version": ("version", _version),
}
"""What each setting of book.yaml is called in `Settings`, and how it is checked."""
OF_ROLE = ("format", "split_utterances", "temperature", "version")
