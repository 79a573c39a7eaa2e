"""What book.yaml and cast.yaml say about Supertone, checked; and what its models can do, as data.

In book.yaml, under `providers: {supertone: ...}`:

    base_url            where the service, or `narrator serve`, answers; SUPERTONE_BASE_URL in the
                        environment wins
    model               auto (the default): the first of the models that speaks the language; or one by name
    language            of what is spoken; the book's own unless given
    stream              true: answers of the model that streams come piece by piece; false (the default):
                        every answer in one
    phonemes            true (the default): phonemes and their times are asked for where the model gives them
    predict             true: the service is asked beforehand how long a line will sound, which costs nothing
    pitch_shift         -24 to 24 semitones, for every role without its own
    pitch_variance      0 to 2, likewise, as are the next three
    similarity          1 to 5
    text_guidance       0 to 4
    subharmonic_amplitude_control
                        0 to 2
    concurrency         requests in flight at once
    text_limit          characters of one request, where less than the service's own limit is wanted
    price_per_minute    USD for a minute of sound, for estimates and the budget; no price is known

A role's `settings:` in cast.yaml may hold `model`, `language` and the five that colour the voice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from narrator.casting import Abilities, ServiceStatus, Setting
from narrator.errors import ConfigurationError
from narrator.providers.values import (
    Reader,
    address,
    checked,
    elsewhere,
    number,
    one_of,
    primary,
    switch,
    whole,
)

NAME = "supertone"
"""The provider, as the cast names it."""
STATUS = ServiceStatus(
    ends="2026-08-31",
    note="in July 2026 Supertone announced the end of its speech API for 2026-08-31; takes that were recorded"
    " stay usable",
)
KEY_VARIABLE = "SUPERTONE_API_KEY"
BASE_URL_VARIABLE = "SUPERTONE_BASE_URL"
"""Where set, it wins over book.yaml: a run in CI is pointed elsewhere without an edit of the book."""
SERVICE = "https://supertoneapi.com"

TEXT_LIMIT = 300
"""Characters of one request (contract 9). Whether code points or UTF-16 units are meant is not known."""
SPEED = (0.5, 2.0)
CURRENCY = "USD"
AUTO = "auto"


class Knob(NamedTuple):
    """One of the numbers that colour a voice (contract 4.3)."""

    low: float
    high: float
    usual: float
    """The service's own, which is sent where nobody says anything."""


KNOBS: Mapping[str, Knob] = {
    "pitch_shift": Knob(-24, 24, 0),
    "pitch_variance": Knob(0, 2, 1),
    "similarity": Knob(1, 5, 3),
    "text_guidance": Knob(0, 4, 1),
    "subharmonic_amplitude_control": Knob(0, 2, 1),
}
"""Those that book.yaml and cast.yaml can set. Speed is the line's; a duration for every line makes no sense,
and what it means beside a speed is contradicted by the service itself."""

_FEW = ("en", "ko", "ja")
_MORE = ("bg", "cs", "da", "el", "es", "et", "fi", "hu", "it", "nl", "pl", "pt", "ro", "ar", "de", "fr", "hi")
_MANY = (*_FEW, *_MORE, "id", "ru", "vi")
_ALL = (*_MANY, "hr", "lt", "lv", "sk", "sl", "sv", "tr", "uk")


class Model(NamedTuple):
    """What one model knows (contract 4.1)."""

    languages: tuple[str, ...]
    knobs: tuple[str, ...]
    """Of `KNOBS`; every model honours a speed. Others are ignored by the service without a word."""
    phonemes: bool
    streams: bool = False
    duration: bool = True
    """Whether it knows a duration, which is always sent as 0, for none."""


MODELS: Mapping[str, Model] = {
    "sona_speech_1": Model(_FEW, tuple(KNOBS), phonemes=True, streams=True),
    "sona_speech_2": Model(_MANY, tuple(KNOBS)[:-1], phonemes=True),
    "sona_speech_2_flash": Model(_MANY, tuple(KNOBS)[:2], phonemes=True),
    "supertonic_api_3": Model(_ALL, (), phonemes=False, duration=False),
    "supertonic_api_1": Model((*_FEW, "es", "pt"), (), phonemes=False, duration=False),
}
"""The preferred first."""


class Settings(NamedTuple):
    """book.yaml's settings, checked."""

    base_url: str = SERVICE
    """Without a slash at its end."""
    model: str = AUTO
    language: str = "en"
    """A primary subtag."""
    stream: bool = False
    phonemes: bool = True
    predict: bool = False
    knobs: tuple[tuple[str, float], ...] = ()
    concurrency: int = 3
    """The smallest plan takes 20 requests a minute; the transport slows down where that is too many."""
    text_limit: int = TEXT_LIMIT
    price_per_minute: float | None = None
    """None: nobody has said."""


class RoleSettings(NamedTuple):
    """A role's own settings over the book's."""

    model: str
    audible: tuple[tuple[str, Setting], ...]
    """What is part of a take's key, sorted by name: the language, and every knob that is not as usual."""


def read(said: Mapping[str, Setting], environment: Mapping[str, str], *, language: str) -> Settings:
    """
    Check book.yaml's settings.

    Args:
        environment: may name another base URL.
        language: of the book, BCP 47.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range; its `key` says which.
    """
    given = checked(said, OF_BOOK)
    given.setdefault("language", primary(language))
    knobs = tuple((key, cast(float, given.pop(key))) for key in KNOBS if key in given)
    given |= elsewhere(environment, BASE_URL_VARIABLE, OF_BOOK["base_url"])
    return Settings(**given, knobs=knobs)  # type: ignore[arg-type]  # each is what its reader made of it


def read_role(said: Mapping[str, Setting], book: Settings) -> RoleSettings:
    """
    Check a role's settings, lay them over the book's, and settle the model.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range; a language that is not
            spoken; a knob that the model would ignore.
    """
    given = checked(said, OF_ROLE, file="cast.yaml")
    language = cast(str, given.get("language", book.language))
    model = _speaking(language, cast(str, given.get("model", book.model)))
    turned = {key: value for key, value in {**dict(book.knobs), **given}.items() if key in KNOBS}
    turned = {key: value for key, value in turned.items() if value != KNOBS[key].usual}
    for key in turned:
        if key not in MODELS[model].knobs:
            known = ", ".join(name for name, able in MODELS.items() if key in able.knobs)
            raise ConfigurationError(
                f"{key}: {model} would ignore it; leave it out, or set `model` to one that knows it: {known}",
                key=key,
            )
    audible = {"language": language, **turned}
    return RoleSettings(model, tuple(sorted(cast(Mapping[str, Setting], audible).items())))


def models(settings: Settings) -> Mapping[str, Abilities]:
    """What each model can do, the preferred first."""
    return {
        name: Abilities(
            word_times=False,
            phonemes=able.phonemes and settings.phonemes,
            directions="style",
            text_limit=settings.text_limit,
            speed=SPEED,
            languages=frozenset(able.languages),
            price_per_minute=settings.price_per_minute or 0.0,
            price_known=settings.price_per_minute is not None,
            currency=CURRENCY,
        )
        for name, able in MODELS.items()
    }


def _speaking(language: str, model: str) -> str:
    """
    The model that speaks a language.

    Raises:
        ConfigurationError: there is none, or it is not the one that was asked for.
    """
    if model == AUTO:
        model = next((name for name, able in MODELS.items() if language in able.languages), "")
    if model and language in MODELS[model].languages:
        return model
    speaks = " ".join(MODELS[model].languages if model else _ALL)
    raise ConfigurationError(
        f"language: {f'{model} of ' if model else ''}{NAME} does not speak {language!r}; it speaks {speaks}",
        key="language",
    )


def _language(key: str, value: Setting) -> str:
    language = primary(value) if isinstance(value, str) else ""
    if language not in _ALL:
        raise ConfigurationError(f"{key}: {value!r} is no language of {NAME}'s: {' '.join(_ALL)}", key=key)
    return language


OF_BOOK: Mapping[str, Reader] = {
    "base_url": address(like=SERVICE, key_variable=KEY_VARIABLE),
    "concurrency": whole(1, 100),
    "language": _language,
    "model": one_of((AUTO, *MODELS)),
    "phonemes": switch,
    "predict": switch,
    "price_per_minute": number(0, 1000),
    "stream": switch,
    "text_limit": whole(100, TEXT_LIMIT),
    **{name: number(knob.low, knob.high) for name, knob in KNOBS.items()},
}
"""How each setting of book.yaml is checked."""
OF_ROLE: Mapping[str, Reader] = {name: OF_BOOK[name] for name in ("language", "model", *KNOBS)}
"""How each setting of a role is checked."""
