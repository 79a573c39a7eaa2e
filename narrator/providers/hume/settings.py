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

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

from narrator.casting import Abilities, ServiceStatus, Setting
from narrator.errors import ConfigurationError
from narrator.providers.values import (
    Reader,
    address,
    checked,
    elsewhere,
    number,
    one_of,
    price_per_1000,
    switch,
    whole,
)
from narrator.spending import Price

NAME = "hume"
"""The provider, as the cast names it."""
STATUS = ServiceStatus(
    ends="2026-11-13",
    note="in October 2026 Hume announced the end of its speech services for 2026-11-13, and later of"
    " accounts; takes that were recorded stay usable",
)
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
    given = {_FIELDS.get(key, key): value for key, value in checked(said, OF_BOOK).items()}
    given |= elsewhere(environment, BASE_URL_VARIABLE, _address)
    return Settings(**given)  # type: ignore[arg-type]  # each is what its reader made of it


def read_role(said: Mapping[str, Setting], book: Settings) -> RoleSettings:
    """
    Check a role's settings and lay them over the book's.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range.
    """
    given = checked(said, OF_ROLE, file="cast.yaml")
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
        name: Abilities.model_validate(
            {**shared, **own, **price_per_1000(settings.price_per_1000, prices[name], currency=CURRENCY)}
        )
        for name, own in ((OCTAVE_2, octave_2), (OCTAVE_1, octave_1))
    }


def _version(key: str, value: Setting) -> Version:
    version = value.strip().lower() if isinstance(value, str) else str(value)
    if version not in MODELS:
        raise ConfigurationError(f"{key}: {value!r} is not auto, 1 or 2", key=key)
    return cast(Version, version)


_address = address(like=SERVICE, key_variable=KEY_VARIABLE)

OF_BOOK: Mapping[str, Reader] = {
    "base_url": _address,
    "concurrency": whole(1, 100),
    "format": one_of(("wav", "pcm", "mp3")),
    "num_generations": whole(1, 5),
    "price_per_1000": number(0, 1000),
    "split_utterances": switch,
    "stream": switch,
    "temperature": number(*TEMPERATURE),
    "text_limit": whole(100, TEXT_LIMIT),
    "version": _version,
}
"""How each setting of book.yaml is checked."""
OF_ROLE: Mapping[str, Reader] = {
    name: OF_BOOK[name] for name in ("format", "split_utterances", "temperature", "version")
}
"""How each setting of a role is checked."""
_FIELDS = {"format": "audio_format", "num_generations": "generations"}
"""What a setting is called in `Settings`, where not by its own name."""
