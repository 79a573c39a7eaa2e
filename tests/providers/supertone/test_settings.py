"""What book.yaml and cast.yaml may say about Supertone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from narrator.casting import Setting
from narrator.errors import ConfigurationError, UnknownKey
from narrator.providers import Providers
from narrator.providers.supertone import Supertone
from narrator.providers.supertone.settings import (
    BASE_URL_VARIABLE,
    KEY_VARIABLE,
    KNOBS,
    MODELS,
    OF_BOOK,
    OF_ROLE,
    read,
)


def chosen(
    role: Mapping[str, Setting] | None = None,
    book: Mapping[str, Setting] | None = None,
    *,
    language: str = "en",
) -> tuple[str, dict[str, Setting]]:
    """The model and the audible settings of a role."""
    choice = Supertone(book, language=language).choose("Aiden", role or {})
    (model,) = choice.models
    return model, dict(choice.settings)


@pytest.mark.parametrize(
    ("language", "model", "spoken"),
    [
        ("en", "sona_speech_1", "en"),
        ("en-GB", "sona_speech_1", "en"),
        ("ko_KR", "sona_speech_1", "ko"),
        ("de-AT", "sona_speech_2", "de"),
        ("vi", "sona_speech_2", "vi"),
        ("uk", "supertonic_api_3", "uk"),
        ("zh-Hans", None, None),
    ],
)
def test_the_language_of_the_book_finds_its_model(
    language: str, model: str | None, spoken: str | None
) -> None:
    if model is None:
        with pytest.raises(ConfigurationError, match="does not speak 'zh'; it speaks en ko ja bg") as caught:
            chosen(language=language)
        assert caught.value.key == "language"
    else:
        assert chosen(language=language) == (model, {"language": spoken})


def test_the_nearest_language_counts() -> None:
    assert chosen({"language": "JA"}, {"language": "de"}, language="zh") == (
        "sona_speech_1",
        {"language": "ja"},
    )
    assert chosen({}, {"language": "de"}, language="zh")[1] == {"language": "de"}
    assert chosen(language="") == chosen(language="en")


def test_a_model_that_does_not_speak_the_language_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="sona_speech_1 of supertone does not speak 'de'; it speaks en ko ja"
    ):
        chosen({"model": "sona_speech_1"}, language="de")


def test_a_role_may_have_another_model_and_other_knobs_than_the_book() -> None:
    book: Mapping[str, Setting] = {"model": "sona_speech_2_flash", "pitch_shift": 2, "pitch_variance": 0.5}

    assert chosen({}, book) == (
        "sona_speech_2_flash",
        {"language": "en", "pitch_shift": 2, "pitch_variance": 0.5},
    )
    assert chosen({"model": "sona_speech_1", "similarity": 5, "pitch_shift": 0}, book) == (
        "sona_speech_1",
        {"language": "en", "pitch_variance": 0.5, "similarity": 5},
    )


def test_what_is_as_usual_is_no_part_of_what_is_recorded() -> None:
    assert chosen({key: knob.usual for key, knob in KNOBS.items()}) == ("sona_speech_1", {"language": "en"})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("knob", KNOBS)
@pytest.mark.parametrize("of_book", [True, False])
def test_a_knob_that_a_model_would_ignore_is_refused(model: str, knob: str, of_book: bool) -> None:
    """The service would drop it without a word."""
    turned: Mapping[str, Setting] = {knob: KNOBS[knob].high}
    book, role = (turned, {}) if of_book else ({}, turned)
    if knob in MODELS[model].knobs:
        assert knob in chosen({"model": model, **role}, book)[1]
    else:
        with pytest.raises(
            ConfigurationError, match=f"{knob}: {model} would ignore it.*sona_speech_1"
        ) as caught:
            chosen({"model": model, **role}, book)
        assert caught.value.key == knob


WRONG: Mapping[str, tuple[str, Setting]] = {
    "no model": ("model", "sona_speech_9"),
    "no language": ("language", "xx"),
    "a number for a language": ("language", 5),
    "too low": ("pitch_shift", -24.5),
    "too high": ("text_guidance", 4.5),
    "text": ("similarity", "much"),
    "no number": ("pitch_variance", float("nan")),
    "a switch": ("subharmonic_amplitude_control", True),
    "no switch": ("stream", "yes"),
    "none at once": ("concurrency", 0),
    "too long": ("text_limit", 301),
    "less than nothing": ("price_per_minute", -1),
    "no address": ("base_url", "supertone"),
    "a key in the address": ("base_url", "https://key@supertoneapi.com"),
}


@pytest.mark.parametrize(("key", "value"), WRONG.values(), ids=WRONG)
def test_what_a_setting_cannot_be(key: str, value: Setting) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Supertone({key: value})
    assert caught.value.key == key
    if key in OF_ROLE:
        with pytest.raises(ConfigurationError, match=key):
            Supertone().choose("Aiden", {key: value})


@pytest.mark.parametrize("key", ["duration", "speed", "style", "api_key", "version"])
def test_what_is_no_setting(key: str) -> None:
    """A duration for every line makes no sense; speeds and styles are the lines' own."""
    with pytest.raises(UnknownKey):
        Supertone({key: 1})
    with pytest.raises(UnknownKey):
        Supertone().choose("Aiden", {key: 1})


def test_the_environment_says_where_the_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"SUPERTONE_BASE_URL": " http://127.0.0.1:8900/ "}
    assert read({"base_url": "https://elsewhere.test"}, environment, language="en").base_url == (
        "http://127.0.0.1:8900"
    )
    monkeypatch.setenv("SUPERTONE_BASE_URL", "nowhere")
    with pytest.raises(ConfigurationError, match="SUPERTONE_BASE_URL is not an address"):
        Supertone()


def test_what_the_models_can_do() -> None:
    """As the planner reads it."""
    supertone = Supertone({"price_per_minute": 0.5, "text_limit": 250})
    able = supertone.models

    assert list(able) == list(MODELS)
    assert {name for name, each in able.items() if each.phonemes} == {
        "sona_speech_1",
        "sona_speech_2",
        "sona_speech_2_flash",
    }
    assert {len(each.languages) for each in able.values()} == {3, 5, 23, 31}
    for each in able.values():
        assert (each.directions, each.speed, each.text_limit) == ("style", (0.5, 2.0), 250)
        assert (each.price_per_minute, each.price_per_1000, each.free) == (0.5, 0, False)
        assert not each.word_times


def test_the_registry_hands_on_the_language_of_the_book() -> None:
    with Providers(language="de-CH") as providers:
        assert dict(providers["supertone"].choose("Aiden", {}).settings) == {"language": "de"}


def test_every_setting_is_told_of() -> None:
    """In the module that reads them, beside its line."""
    told = read.__globals__["__doc__"]
    assert [key for key in OF_BOOK if f"    {key}" not in told] == []


def test_the_page_on_services_names_every_setting_and_model() -> None:
    page = (Path(__file__).parents[3] / "docs" / "services.md").read_text(encoding="utf-8")
    section = page.partition("\n## Supertone\n")[2].partition("\n## ")[0]

    for name in (*OF_BOOK, *MODELS, KEY_VARIABLE, BASE_URL_VARIABLE):
        assert f"`{name}`" in section, f"docs/services.md says nothing of {name}"
    assert set(MODELS["supertonic_api_3"].languages) <= set(re.findall(r"\b[a-z]{2}\b", section))
