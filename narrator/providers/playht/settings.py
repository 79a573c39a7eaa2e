"""What book.yaml and cast.yaml say about PlayHT, checked; and what its engines can do, as data.

In book.yaml, under `providers: {playht: ...}`:

    base_url            where a server that speaks this protocol answers, with `/api/v2` or without;
                        PLAYHT_BASE_URL in the environment wins
    engine              PlayHT2.0, Play3.0-mini or PlayHT1.0; chosen by voice and language unless given
    language            of the text, as a tag (`de`) or in English (`german`); the book's own unless given
    follow              events (the default): a job is followed as it goes; polling: it is asked for again
    poll_seconds        between two questions after a job; 5 unless given
    format              wav (the default), flac, mp3 or ogg; the last two cost quality and are part of what
                        is recorded
    sample_rate         8000 to 48000; 24000 unless given: the engines make no more
    quality             draft, low, medium (the default), high, premium
    temperature         0 to 2
    voice_guidance      1 to 6, PlayHT2.0 only
    style_guidance      1 to 30, PlayHT2.0 only
    text_guidance       1 to 2, not with PlayHT1.0
    concurrency         jobs at once
    text_limit          characters of one request, where less than the service's own limit is wanted
    file_hosts          hosts, separated by commas, at which finished files may lie beside the service's own
    price_per_1000      USD for 1000 characters, for estimates and the budget; no price is known

A role's `settings:` in cast.yaml may hold `engine`, `language`, `format`, `sample_rate`, `quality`,
`temperature`, the three kinds of guidance, `seed`, and `gender` (female or male: of whom an emotion is asked,
where the voice's own is not known).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

from narrator.casting import Abilities, ServiceStatus, Setting
from narrator.errors import ConfigurationError
from narrator.providers.playht.languages import LANGUAGES, named
from narrator.providers.values import Reader, address, checked, elsewhere, listed, number, one_of, whole

NAME = "playht"
"""The provider, as the cast names it."""
STATUS = ServiceStatus(
    ends="2025-12-31",
    note="PlayHT closed at the end of 2025 with everything that accounts held; a voice of it speaks only"
    " through another server that keeps to its protocol",
)
KEY_VARIABLE = "PLAYHT_API_KEY"
USER_VARIABLE = "PLAYHT_USER_ID"
BASE_URL_VARIABLE = "PLAYHT_BASE_URL"
"""Where set, it wins over book.yaml: a run in CI is pointed elsewhere without an edit of the book."""

SERVICE = "https://api.play.ht"
ROOT = "/api/v2"
FILE_HOSTS = ("peregrine-results.s3.amazonaws.com", "play.ht", ".play.ht")
"""Where the service has put its results (contract 5.3)."""

PLAYHT_1, PLAYHT_2, MINI = "PlayHT1.0", "PlayHT2.0", "Play3.0-mini"
ENGINES = (PLAYHT_2, MINI, PLAYHT_1)
LIMITS: Mapping[str, int] = {PLAYHT_2: 2_000, MINI: 20_000, PLAYHT_1: 2_000}
"""Characters of one job (contract 5.2)."""
SPEED = (0.1, 5.0)
RATE = 24_000
QUALITIES = ("draft", "low", "medium", "high", "premium")
CURRENCY = "USD"
LARGEST_SEED = 2**63 - 1

EMOTIONS = ("happy", "sad", "angry", "fearful", "disgust", "surprised")
"""As the service names them, behind `female_` or `male_` (contract 5.2.2)."""
STYLES: tuple[tuple[str, str], ...] = (
    *((words, "happy") for words in ("happily", "cheerful", "cheerfully", "joyful", "joyfully", "merrily")),
    *((words, "happy") for words in ("delighted", "gleefully", "laughing", "smiling")),
    *((words, "sad") for words in ("sadly", "sorrowful", "sorrowfully", "mournful", "mournfully")),
    *((words, "sad") for words in ("crying", "weeping", "tearful", "tearfully", "melancholy", "gloomily")),
    *((words, "angry") for words in ("angrily", "anger", "furious", "furiously", "enraged", "rage")),
    *((words, "angry") for words in ("irritated", "shouting angrily", "snapping", "snarling")),
    *((words, "fearful") for words in ("fearfully", "afraid", "scared", "frightened", "terrified")),
    *((words, "fearful") for words in ("terror", "nervously", "trembling", "panicked", "in panic")),
    *((words, "disgust") for words in ("disgusted", "disgustedly", "with disgust", "revolted")),
    *((words, "surprised") for words in ("surprise", "in surprise", "astonished", "amazed", "startled")),
    *((words, "surprised") for words in ("shocked", "in disbelief")),
)
"""Words of directions, and the emotion that they ask for."""

Follow = Literal["events", "polling"]
AudioFormat = Literal["wav", "flac", "mp3", "ogg"]
GUIDANCE: Mapping[str, tuple[str, ...]] = {
    "voice_guidance": (PLAYHT_2,),
    "style_guidance": (PLAYHT_2,),
    "text_guidance": (PLAYHT_2, MINI),
}
"""The engines that each is for."""


class Settings(NamedTuple):
    """book.yaml's settings, checked."""

    base_url: str = SERVICE + ROOT
    """With the root of its paths, without a slash at its end."""
    engine: str | None = None
    language: str | None = None
    """As the service names it: `german`."""
    follow: Follow = "events"
    poll_seconds: float = 5.0
    audio_format: AudioFormat = "wav"
    sample_rate: int = RATE
    quality: str = "medium"
    temperature: float | None = None
    voice_guidance: float | None = None
    style_guidance: float | None = None
    text_guidance: float | None = None
    concurrency: int = 4
    text_limit: int | None = None
    file_hosts: tuple[str, ...] = FILE_HOSTS
    price_per_1000: float | None = None
    """None: nobody has said."""


class RoleSettings(NamedTuple):
    """A role's own settings over the book's."""

    engine: str
    audible: tuple[tuple[str, Setting], ...]
    """What is part of a take's key, sorted by name; only what is not narrator's usual."""


def read(said: Mapping[str, Setting], environment: Mapping[str, str], *, language: str | None) -> Settings:
    """
    Check book.yaml's settings.

    Args:
        environment: may name another base URL.
        language: of the book, BCP 47; counts where the settings name none.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, or out of range; its `key` says which.
    """
    given = {_FIELDS.get(key, key): value for key, value in checked(said, OF_BOOK).items()}
    given |= elsewhere(environment, BASE_URL_VARIABLE, _address)
    if "language" not in given and language:
        # One that it does not speak is told of when a voice is chosen: another provider may speak the book.
        given["language"] = named(language) or language
    return Settings(**given)  # type: ignore[arg-type]  # each is what its reader made of it


def read_role(said: Mapping[str, Setting], book: Settings, *, engines: tuple[str, ...]) -> RoleSettings:
    """
    Check a role's settings and lay them over the book's.

    Args:
        engines: those that speak the role's voice, the usual one first.

    Raises:
        UnknownKey, ConfigurationError: a setting that is not one, out of range, or of another engine.
    """
    given = checked(said, OF_ROLE, file="cast.yaml")
    language = cast(str | None, given.get("language", book.language)) or "english"
    usual = book.engine if book.engine in engines else None
    engine = _engine_for(cast(str | None, given.get("engine", usual)), language, engines)
    for key, able in GUIDANCE.items():
        if key in given and engine not in able:
            raise ConfigurationError(f"{key} is for {listed(able)}, and the engine is {engine}", key=key)
    audible: dict[str, object] = {key: given[key] for key in ("seed", "gender") if key in given}
    if (audio_format := given.get("format", book.audio_format)) in ("mp3", "ogg"):
        audible["format"] = audio_format  # wav and flac hold the same samples
    if language != "english":
        audible["language"] = language
    unsaid = {"sample_rate": RATE, "quality": "medium", "temperature": None, **dict.fromkeys(GUIDANCE)}
    for key, value in unsaid.items():
        if (wanted := given.get(key, getattr(book, key))) != value and engine in GUIDANCE.get(key, ENGINES):
            audible[key] = wanted
    return RoleSettings(engine, tuple(sorted(cast(Mapping[str, Setting], audible).items())))


def models(settings: Settings) -> Mapping[str, Abilities]:
    """What each engine can do (contract 5.2), the preferred first."""
    return {
        engine: Abilities(
            word_times=False,
            directions="style" if engine == PLAYHT_2 else "none",
            styles=(*((name, name) for name in EMOTIONS), *STYLES) if engine == PLAYHT_2 else (),
            text_limit=min(LIMITS[engine], settings.text_limit or LIMITS[engine]),
            speed=SPEED,
            languages=frozenset(LANGUAGES) if engine == MINI else frozenset({"en"}),
            price_per_1000=settings.price_per_1000 or 0.0,
            price_known=settings.price_per_1000 is not None,
            currency=CURRENCY,
        )
        for engine in ENGINES
    }


def _engine_for(wanted: str | None, language: str, engines: tuple[str, ...]) -> str:
    """
    The engine that speaks a voice in a language.

    Args:
        wanted: by the settings.
        engines: those that speak the voice.
    """
    if language not in LANGUAGES.values():
        raise ConfigurationError(
            f"{NAME} does not speak {language!r}; it speaks {', '.join(LANGUAGES.values())}", key="language"
        )
    if wanted is None:
        wanted = next((name for name in engines if language == "english" or name == MINI), engines[0])
    if wanted not in engines:
        raise ConfigurationError(
            f"engine: {wanted} does not speak this voice; {listed(engines)} does", key="engine"
        )
    if language != "english" and wanted != MINI:
        raise ConfigurationError(
            f"engine: {wanted} speaks English only; {MINI} speaks {language}", key="engine"
        )
    return wanted


def _address(key: str, value: Setting) -> str:
    found = address(like=SERVICE, key_variable=KEY_VARIABLE)(key, value)
    return found if found.endswith(ROOT) else found + ROOT


def _engine(key: str, value: Setting) -> str:
    folded = {name.lower(): name for name in ENGINES}
    name = value.strip().lower() if isinstance(value, str) else ""
    if name not in folded:
        raise ConfigurationError(f"{key}: {value!r} is not {listed(ENGINES)}", key=key)
    return folded[name]


def _language(key: str, value: Setting) -> str:
    found = named(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigurationError(f"{key}: {value!r} is not {listed(LANGUAGES.values())}", key=key)
    return found


def _hosts(key: str, value: Setting) -> tuple[str, ...]:
    names = [part.strip().lower() for part in value.split(",")] if isinstance(value, str) else []
    names = [name.removeprefix("*") for name in names if name]
    if not names or any(set(name) & set("/:@?#* ") or not name.strip(".") for name in names):
        raise ConfigurationError(
            f"{key}: {value!r} is not one or several names of hosts, such as files.example.com", key=key
        )
    return (*FILE_HOSTS, *names)


_format: Reader = one_of(("wav", "flac", "mp3", "ogg"))
_OF_BOTH: Mapping[str, Reader] = {
    "engine": _engine,
    "format": _format,
    "language": _language,
    "quality": one_of(QUALITIES),
    "sample_rate": whole(8_000, 48_000),
    "style_guidance": number(1, 30),
    "temperature": number(0, 2),
    "text_guidance": number(1, 2),
    "voice_guidance": number(1, 6),
}
OF_BOOK: Mapping[str, Reader] = {
    **_OF_BOTH,
    "base_url": _address,
    "concurrency": whole(1, 100),
    "file_hosts": _hosts,
    "follow": one_of(("events", "polling")),
    "poll_seconds": number(0.05, 60),
    "price_per_1000": number(0, 1000),
    "text_limit": whole(100, max(LIMITS.values())),
}
"""How each setting of book.yaml is checked."""
OF_ROLE: Mapping[str, Reader] = {
    **_OF_BOTH,
    "gender": one_of(("female", "male")),
    "seed": whole(0, LARGEST_SEED),
}
"""How each setting of a role is checked."""
_FIELDS = {"format": "audio_format"}
"""What a setting is called in `Settings`, where not by its own name."""
