"""What book.yaml and cast.yaml say about Sarvam, checked; and what its models can do, as data.

In book.yaml, under `providers: {sarvam: ...}`:

    base_url            where the service, or `narrator serve`, answers; SARVAM_BASE_URL, where set, wins
    model               that every voice must belong to, where only one is wanted
    language            en-IN, hi-IN ...; the book's own unless given
    language_field      language_code (the default) or target_language_code: what the service calls it
    stream              true: answers come as they are made, at 24,000 samples a second at most; false: in one
                        piece; as the sample rate asks for, unless given
    sample_rate         24000 (the default), 8000, 16000, 22050; 32000, 44100 and 48000 in one piece only
    format              linear16 (the default), wav or mp3; mp3 costs quality and is part of what is recorded
    temperature         0.01 to 1, for every role without its own; 0.6 unless given
    dictionary          true (the default): pronunciations are kept at the service; false: they are written
                        into the text; or a name, for books that are to share one
    concurrency         requests in flight at once
    text_limit          characters of one request, where less than the service's own limit is wanted
    price_per_1000      INR for 1000 characters, for estimates and the budget

A role's `settings:` in cast.yaml may hold `model`, `language`, `sample_rate`, `format` and `temperature`, and
where the model knows them `pitch`, `loudness` and `preprocessing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

from narrator.casting import Abilities, ServiceStatus, Setting
from narrator.errors import ConfigurationError
from narrator.providers.sarvam.languages import LANGUAGES, read_code
from narrator.providers.values import (
    Reader,
    address,
    checked,
    elsewhere,
    listed,
    number,
    one_of,
    price_per_1000,
    switch,
    whole,
    whole_among,
)
from narrator.spending import Price

NAME = "sarvam"
"""The provider, as the cast names it."""
STATUS = ServiceStatus(note="it was in service in November 2026")
KEY_VARIABLE = "SARVAM_API_KEY"
BASE_URL_VARIABLE = "SARVAM_BASE_URL"
"""Where set, it wins over book.yaml: a run in CI is pointed elsewhere without an edit of the book."""

SERVICE = "https://api.sarvam.ai"
V2, V3, V4_FLASH = "bulbul:v2", "bulbul:v3", "bulbul:v4-flash"

TEMPERATURE = 0.6
"""The service's own, sent all the same."""
RATE = 24_000
STREAMED_RATES = (8_000, 16_000, 22_050, 24_000)
RATES = (*STREAMED_RATES, 32_000, 44_100, 48_000)
CURRENCY = "INR"
"""Of `price_per_1000` in book.yaml."""

AudioFormat = Literal["linear16", "wav", "mp3"]
LanguageField = Literal["language_code", "target_language_code"]
Range = tuple[float, float]


class Model(NamedTuple):
    """What the service takes for one model (contract 4.1), before the call is made."""

    streamed_limit: int
    """Characters of a streamed request. What the service counts is not known: fewer than it states."""
    whole_limit: int
    """And of one that is answered in one piece."""
    pace: Range
    rates: tuple[int, ...]
    dictionary: bool
    temperature: bool
    """Whether it has any effect."""
    own: Mapping[str, Setting | None]
    """The settings that only some models know, and what is sent where they are not given: None is nothing."""

    def knows(self, setting: str) -> bool:
        """Whether a setting of a role means something to it."""
        return setting in self.own or (setting == "temperature" and self.temperature)


MODELS: Mapping[str, Model] = {
    # Pitch and loudness are refused by their mere presence (contract 5.2).
    V3: Model(3400, 2400, (0.5, 2.0), RATES, dictionary=True, temperature=True, own={}),
    # Sources disagree whether it knows these (contract 5.3): sent where somebody asks for them, not else.
    V4_FLASH: Model(
        3400,
        2400,
        (0.5, 2.0),
        RATES,
        dictionary=True,
        temperature=True,
        own={"pitch": None, "loudness": None, "preprocessing": None},
    ),
    # Numbers and dates are read out by the other models without being asked.
    V2: Model(
        1400,
        1400,
        (0.3, 3.0),
        STREAMED_RATES,
        dictionary=False,
        temperature=False,
        own={"pitch": 0.0, "loudness": 1.0, "preprocessing": True},
    ),
}
"""The preferred first."""


class Settings(NamedTuple):
    """book.yaml's settings, checked."""

    base_url: str = SERVICE
    """Without a slash at its end."""
    model: str | None = None
    language: str | None = None
    """The service's own code."""
    language_field: LanguageField = "language_code"
    stream: bool = True
    sample_rate: int = RATE
    audio_format: AudioFormat = "linear16"
    temperature: float = TEMPERATURE
    dictionary: bool | str = True
    concurrency: int = 3
    """A new account may ask thirty times a minute."""
    text_limit: int | None = None
    price_per_1000: float | None = None
    """None: that of `prices`."""


class RoleSettings(NamedTuple):
    """A role's own settings over the book's."""

    model: str | None
    language: str | None
    said: Mapping[str, Setting]
    """The rest, each in its one form."""


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
    streamable = given.get("sample_rate", RATE) in STREAMED_RATES
    if given.setdefault("stream", streamable) and not streamable:
        raise ConfigurationError(
            f"stream: {given['sample_rate']} samples a second come in one piece only; leave `stream` out",
            key="stream",
        )
    return Settings(**given)  # type: ignore[arg-type]  # each is what its reader made of it


def read_role(said: Mapping[str, Setting], book: Settings) -> RoleSettings:
    """
    Check a role's settings, as far as that can be done without its voice.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range.
    """
    given = checked(said, OF_ROLE, file="cast.yaml")
    model = cast(str | None, given.pop("model", book.model))
    language = cast(str | None, given.pop("language", book.language))
    return RoleSettings(model, language, cast(dict[str, Setting], given))


def audible(
    role: RoleSettings, book: Settings, *, model: str, language: str
) -> tuple[tuple[str, Setting], ...]:
    """
    What is part of a take's key, sorted by name: the language, and of the rest what is not the usual.

    Args:
        model: that speaks the role.
        language: the service's own code.

    Raises:
        ConfigurationError: the model does not know a setting, or not that value of it; or answers cannot be
            streamed at that rate, as the book wants them.
    """
    limits = MODELS[model]
    found: dict[str, Setting] = {"language": language}
    rate = role.said.get("sample_rate", book.sample_rate)
    if rate not in limits.rates:
        raise ConfigurationError(
            f"sample_rate: {model} makes {listed(map(str, limits.rates))} samples a second, not {rate}",
            key="sample_rate",
        )
    if book.stream and rate not in STREAMED_RATES:
        raise ConfigurationError(
            f"sample_rate: {rate} comes in one piece only; write `stream: false` under"
            f" `providers: {{{NAME}: ...}}` in book.yaml, which is for the whole book",
            key="sample_rate",
        )
    if rate != RATE:
        found["sample_rate"] = rate
    if role.said.get("format", book.audio_format) == "mp3":  # the others hold the same samples
        found["format"] = "mp3"
    temperature = role.said.get("temperature", book.temperature)
    if limits.temperature and temperature != TEMPERATURE:
        found["temperature"] = temperature
    for key, value in role.said.items():
        if key in _EVERYONES:
            continue
        if not limits.knows(key):
            able = [name for name, each in MODELS.items() if each.knows(key)]
            raise ConfigurationError(
                f"{key}: {model} does not take it; leave it out, or choose a voice of {listed(able)}", key=key
            )
        if key != "temperature" and value != limits.own[key]:
            found[key] = value
    return tuple(sorted(found.items()))


def models(settings: Settings, prices: Mapping[str, Price]) -> Mapping[str, Abilities]:
    """What each model can do, the preferred first.

    Args:
        prices: of each model, where the settings have none.
    """
    return {
        name: Abilities(
            word_times=False,
            directions="none",
            text_limit=min(
                limits.streamed_limit if settings.stream else limits.whole_limit,
                settings.text_limit or limits.streamed_limit,
            ),
            speed=limits.pace,
            languages=frozenset(LANGUAGES),
            dictionary=limits.dictionary and settings.dictionary is not False,
            **price_per_1000(settings.price_per_1000, prices[name], currency=CURRENCY),  # type: ignore[arg-type]  # each by its own name
        )
        for name, limits in MODELS.items()
    }


def _language(key: str, value: Setting) -> str:
    code = read_code(value) if isinstance(value, str) else None
    if code is None:
        raise ConfigurationError(
            f"{key}: {value!r} is not {listed(LANGUAGES.values())}; English has no other region there",
            key=key,
        )
    return code


def _model(key: str, value: Setting) -> str:
    name = value.strip().lower() if isinstance(value, str) else ""
    if name not in MODELS:
        name = f"bulbul:{name}"
    return one_of(MODELS)(key, name if name in MODELS else value)


def _dictionary(key: str, value: Setting) -> bool | str:
    if isinstance(value, bool):
        return value
    name = " ".join(value.split()) if isinstance(value, str) else ""
    if not name or not name.isprintable():
        raise ConfigurationError(f"{key}: {value!r} is not true, false or a name", key=key)
    return name


_address = address(like=SERVICE, key_variable=KEY_VARIABLE)
_format = one_of(("linear16", "wav", "mp3"))
_temperature = number(0.01, 1)

OF_BOOK: Mapping[str, Reader] = {
    "base_url": _address,
    "concurrency": whole(1, 100),
    "dictionary": _dictionary,
    "format": _format,
    "language": _language,
    "language_field": one_of(("language_code", "target_language_code")),
    "model": _model,
    "price_per_1000": number(0, 1000),
    "sample_rate": whole_among(RATES),
    "stream": switch,
    "temperature": _temperature,
    "text_limit": whole(100, MODELS[V3].streamed_limit),
}
"""How each setting of book.yaml is checked."""
_FIELDS = {"format": "audio_format"}
"""What a setting is called in `Settings`, where not by its own name."""
_EVERYONES = frozenset({"format", "sample_rate"})
OF_ROLE: Mapping[str, Reader] = {
    "format": _format,
    "language": _language,
    "loudness": number(0.3, 3.0),
    "model": _model,
    "pitch": number(-0.75, 0.75),
    "preprocessing": switch,
    "sample_rate": whole_among(RATES),
    "temperature": _temperature,
}
"""How each setting of a role is checked."""
