"""Hume's settings in book.yaml and cast.yaml, and the voices that a cast can name."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from narrator.errors import ConfigurationError, UnknownKey, UnknownVoice
from narrator.providers.hume import Hume, prices
from narrator.providers.hume.roster import LIBRARY, UNNUMBERED, find, is_id, reference
from narrator.providers.hume.settings import SERVICE, Settings, models, read

OF_NOW = prices.on(date(2026, 11, 1))
AVA = "5bb7de05-c8fe-426a-8fcc-ba4fc4ce9f9c"


def test_nothing_said_is_the_service_itself() -> None:
    settings = read({}, {})

    assert settings == Settings()
    assert settings.base_url == SERVICE
    assert settings.stream
    assert not settings.split_utterances


def test_everything_that_can_be_said() -> None:
    said: dict[str, Any] = {
        "base_url": "http://127.0.0.1:8900/",
        "version": 2,
        "stream": False,
        "format": "PCM",
        "num_generations": 3,
        "split_utterances": True,
        "temperature": 1,
        "concurrency": 10,
        "text_limit": 900,
        "price_per_1000": 0.1,
    }

    assert read(said, {}) == Settings(
        base_url="http://127.0.0.1:8900",
        version="2",
        stream=False,
        audio_format="pcm",
        generations=3,
        split_utterances=True,
        temperature=1.0,
        concurrency=10,
        text_limit=900,
        price_per_1000=0.1,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_url", "api.hume.ai"),
        ("base_url", "ftp://api.hume.ai"),
        ("base_url", "https://"),
        ("base_url", "https://host:port"),
        ("base_url", "https://ho st"),
        ("base_url", 8900),
        ("version", "3"),
        ("version", True),
        ("version", 1.5),
        ("stream", "yes"),
        ("stream", 1),
        ("format", "flac"),
        ("format", 3),
        ("num_generations", 0),
        ("num_generations", 6),
        ("num_generations", True),
        ("num_generations", 2.0),
        ("split_utterances", "no"),
        ("temperature", 0),
        ("temperature", 1.01),
        ("temperature", float("nan")),
        ("temperature", "hot"),
        ("concurrency", 0),
        ("text_limit", 5001),
        ("text_limit", 99),
        ("price_per_1000", -0.1),
        ("price_per_1000", float("inf")),
        ("price_per_1000", True),
    ],
)
def test_a_setting_out_of_range_is_named(key: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=key) as caught:
        Hume({key: value})
    assert caught.value.key == key


@pytest.mark.parametrize(
    "address", ["https://me:sesame-7@api.hume.ai", "https://api.hume.ai?api_key=sesame-7", "sesame-7"]
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Hume({"base_url": address})
    assert "sesame-7" not in str(caught.value)


def test_a_key_in_book_yaml_is_refused_and_not_repeated() -> None:
    with pytest.raises(UnknownKey, match="api_key") as caught:
        Hume({"api_key": "sesame-7"})
    assert "sesame-7" not in str(caught.value)


def test_the_environment_says_where_the_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI points a book elsewhere without an edit."""
    monkeypatch.setenv("HUME_BASE_URL", " http://127.0.0.1:8900 ")
    assert read({"base_url": SERVICE}, {"HUME_BASE_URL": "http://[::1]:1/"}).base_url == "http://[::1]:1"
    Hume()

    monkeypatch.setenv("HUME_BASE_URL", "nowhere")
    with pytest.raises(ConfigurationError, match="HUME_BASE_URL"):
        Hume()


def test_models_have_their_differences() -> None:
    """Contract 6: times and directions exclude each other."""
    octave_2, octave_1 = models(Settings(), OF_NOW).values()

    assert list(models(Settings(), OF_NOW)) == ["octave-2", "octave-1"]
    assert (octave_1.directions, octave_1.word_times, octave_1.design) == ("text", False, True)
    assert (octave_2.directions, octave_2.word_times, octave_2.phonemes, octave_2.design) == (
        "none",
        True,
        True,
        False,
    )
    assert octave_1.direction_limit == 1000
    assert octave_1.languages == {"en", "es"}
    assert len(octave_2.languages) == 11
    assert octave_2.price_per_1000 == octave_1.price_per_1000 / 2 > 0
    assert {abilities.context for abilities in (octave_1, octave_2)} == {frozenset({"id", "text"})}


def test_a_price_and_a_limit_of_ones_own() -> None:
    own = models(Settings(price_per_1000=0.0, text_limit=400), OF_NOW)

    assert {abilities.price_per_1000 for abilities in own.values()} == {0.0}
    assert {abilities.priced_on for abilities in own.values()} == {None}
    assert {abilities.text_limit for abilities in own.values()} == {400}


@pytest.mark.parametrize(
    ("book", "role", "models_"),
    [
        ({}, {}, ("octave-2", "octave-1")),
        ({"version": 1}, {}, ("octave-1",)),
        ({"version": "2"}, {}, ("octave-2",)),
        ({"version": 1}, {"version": 2}, ("octave-2",)),
        ({"version": 1}, {"version": "auto"}, ("octave-2", "octave-1")),
    ],
)
def test_a_version_is_a_choice_of_models(
    book: dict[str, Any], role: dict[str, Any], models_: tuple[str, ...]
) -> None:
    choice = Hume(book).choose("Ava Song", role)

    assert choice.models == models_
    assert choice.settings == ()


def test_only_what_is_audible_and_given_is_part_of_a_choice() -> None:
    """What a take is recorded under does not change with a setting that is not heard."""
    unheard = Hume({"format": "pcm", "concurrency": 2, "stream": False, "num_generations": 2})
    assert unheard.choose("Ava Song", {}) == Hume().choose("Ava Song", {})
    assert unheard.answers == 2

    heard = Hume({"format": "mp3", "split_utterances": True, "temperature": 0.5})
    assert heard.choose("Ava Song", {}).settings == (
        ("format", "mp3"),
        ("split_utterances", True),
        ("temperature", 0.5),
    )
    own = heard.choose("Ava Song", {"format": "wav", "split_utterances": False, "temperature": 1})
    assert own.settings == (("temperature", 1.0),)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Ava Song", "Ava Song"),
        ("  ava   SONG ", "Ava Song"),
        ("English Children’s Book Narrator", "English Children's Book Narrator"),
        ("mika the musician", "Mika the Musician"),
        (AVA.upper(), AVA),
        ("custom/Mara, aged", "custom/Mara, aged"),
        ("CUSTOM/ Mara ", "custom/Mara"),
        (f"custom/{AVA.upper()}", f"custom/{AVA}"),
        ("custom/Ava Song", "custom/Ava Song"),
    ],
)
def test_a_voice_has_one_canonical_form(written: str, canonical: str) -> None:
    assert find(written) == canonical
    assert find(canonical) == canonical


@pytest.mark.parametrize("written", ["", " ", "custom/", "custom/ ", "Ava Sond", f"{AVA}0", "Nobody At All"])
def test_an_unknown_voice_is_refused_with_what_to_do(written: str) -> None:
    """A slip of the pen is noticed before anything is recorded; voices newer than narrator go by their id."""
    with pytest.raises(UnknownVoice) as caught:
        find(written)
    assert "custom/NAME" in str(caught.value)
    assert "narrator voices hume" in str(caught.value)
    if written == "Ava Sond":
        assert "did you mean 'hume/Ava Song'" in str(caught.value)


def test_whose_voice_it_is_is_always_said() -> None:
    assert reference("Ava Song") == {"name": "Ava Song", "provider": "HUME_AI"}
    assert reference(AVA) == {"id": AVA, "provider": "HUME_AI"}
    assert reference("custom/Mara") == {"name": "Mara", "provider": "CUSTOM_VOICE"}
    assert reference(f"custom/{AVA}") == {"id": AVA, "provider": "CUSTOM_VOICE"}


def test_the_roster_is_whole() -> None:
    assert len(LIBRARY) == len(set(LIBRARY.values())) == 103
    assert all(is_id(number) for number in LIBRARY.values())
    assert all(find(name) == name for name in (*LIBRARY, *UNNUMBERED))


def test_a_voice_that_is_yet_to_be_made_has_no_name() -> None:
    assert Hume().choose(None, {"version": 1}) == ("", (), ("octave-1",))


def test_importing_the_provider_imports_no_transport() -> None:
    """`narrator book` with nothing to do, and `narrator check`, start without httpx and tenacity."""
    program = (
        "import sys; from narrator.providers.hume import Hume;"
        "hume = Hume({}); hume.choose('Ava Song', {}); hume.close();"
        "print([name for name in ('httpx', 'tenacity', 'narrator.transport') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
