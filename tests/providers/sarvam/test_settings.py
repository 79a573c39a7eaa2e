"""Sarvam's settings in book.yaml and cast.yaml, and the voices that a cast can name."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from narrator.errors import ConfigurationError, UnknownKey, UnknownVoice
from narrator.providers.sarvam import Sarvam, prices, speakers
from narrator.providers.sarvam.languages import LANGUAGES, code_for, read_code
from narrator.providers.sarvam.roster import find, own_language, sent_name
from narrator.providers.sarvam.settings import MODELS, SERVICE, V2, V3, V4_FLASH, Settings, models, read

OF_NOW = prices.on(date(2026, 11, 20))


def test_nothing_said_is_the_service_itself() -> None:
    assert read({}, {}) == Settings()
    assert Settings().base_url == SERVICE


def test_everything_that_can_be_said() -> None:
    said: dict[str, Any] = {
        "base_url": "http://127.0.0.1:8900/",
        "model": "V4-flash",
        "language": "hi",
        "language_field": "target_language_code",
        "stream": True,
        "sample_rate": 16000,
        "format": "WAV",
        "temperature": 1,
        "dictionary": "the series",
        "concurrency": 10,
        "text_limit": 900,
        "price_per_1000": 2.5,
    }

    assert read(said, {}) == Settings(
        base_url="http://127.0.0.1:8900",
        model=V4_FLASH,
        language="hi-IN",
        language_field="target_language_code",
        stream=True,
        sample_rate=16000,
        audio_format="wav",
        temperature=1.0,
        dictionary="the series",
        concurrency=10,
        text_limit=900,
        price_per_1000=2.5,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_url", "api.sarvam.ai"),
        ("base_url", "https://user:pass@host"),
        ("base_url", "https://host/?key=x"),
        ("base_url", 8900),
        ("model", "bulbul:v1"),
        ("model", 3),
        ("language", "en-US"),
        ("language", "fr"),
        ("language", "hindi"),
        ("language", 1),
        ("language_field", "lang"),
        ("stream", "yes"),
        ("sample_rate", 24001),
        ("sample_rate", True),
        ("sample_rate", "24000"),
        ("format", "opus"),
        ("temperature", 0),
        ("temperature", 1.5),
        ("temperature", "hot"),
        ("temperature", float("nan")),
        ("dictionary", ""),
        ("dictionary", 3),
        ("dictionary", "two\nlines\x00"),
        ("concurrency", 0),
        ("text_limit", 50),
        ("text_limit", 5000),
        ("price_per_1000", -1),
        ("price_per_1000", 10**400),
    ],
)
def test_what_cannot_be_said(key: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({key: value}, {})
    assert caught.value.key == key
    assert str(caught.value).startswith(key)


def test_unknown_settings_are_named() -> None:
    with pytest.raises(UnknownKey, match="sample_rate"):
        read({"samplerate": 24000}, {})
    with pytest.raises(UnknownKey, match="temperature"):
        Sarvam().choose("shubh", {"temprature": 0.5})


def test_a_high_rate_comes_in_one_piece() -> None:
    assert not read({"sample_rate": 48000}, {}).stream
    with pytest.raises(ConfigurationError, match="in one piece only"):
        read({"sample_rate": 48000, "stream": True}, {})
    with pytest.raises(ConfigurationError, match=r"`stream: false`.*whole book"):
        Sarvam().choose("shubh", {"sample_rate": 48000})
    for book in ({"stream": False}, {"sample_rate": 48000}):
        assert Sarvam(book).choose("shubh", {"sample_rate": 48000})
    for streamed in (False, True):
        with pytest.raises(ConfigurationError, match=r"bulbul:v2 makes .* not 48000$"):
            Sarvam({"stream": streamed}).choose("karun", {"sample_rate": 48000})


def test_the_environment_leads_elsewhere() -> None:
    assert (
        read({"base_url": "https://x.example"}, {"SARVAM_BASE_URL": "http://[::1]:1/"}).base_url
        == "http://[::1]:1"
    )
    with pytest.raises(ConfigurationError, match="SARVAM_BASE_URL"):
        read({}, {"SARVAM_BASE_URL": "nowhere"})


def test_models_and_their_limits() -> None:
    able = models(Settings(), OF_NOW)

    assert list(able) == [V3, V4_FLASH, V2]
    assert [each.text_limit for each in able.values()] == [3400, 3400, 1400]
    assert [each.text_limit for each in models(Settings(stream=False), OF_NOW).values()] == [2400, 2400, 1400]
    assert [each.text_limit for each in models(Settings(text_limit=900), OF_NOW).values()] == [900, 900, 900]
    assert [each.dictionary for each in able.values()] == [True, True, False]
    assert [each.speed for each in able.values()] == [(0.5, 2.0), (0.5, 2.0), (0.3, 3.0)]
    assert {each.directions for each in able.values()} == {"none"}
    assert not any(each.word_times or each.deterministic or each.free for each in able.values())
    assert able[V3].languages == {"bn", "en", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"}


def test_prices() -> None:
    able = models(Settings(), OF_NOW)

    assert [each.price_per_1000 for each in able.values()] == [3.0, 3.0, 1.5]
    assert {each.currency for each in able.values()} == {"INR"}
    assert able[V3].priced_on == "2026-07-01"
    unknown = next(price for price in prices.PRICES if price.model == V4_FLASH)
    assert unknown.source.startswith("assumed:")
    assert {price.model for price in prices.PRICES} == set(MODELS)
    free = models(Settings(price_per_1000=0.0), OF_NOW)[V4_FLASH]
    assert free.free
    assert free.priced_on is None


def test_audible_settings_are_the_language_and_what_is_not_usual() -> None:
    sarvam = Sarvam({"temperature": 0.4})

    assert sarvam.choose("shubh", {}).settings == (("language", "en-IN"), ("temperature", 0.4))
    assert sarvam.choose("shubh", {"temperature": 0.6}).settings == (("language", "en-IN"),)
    assert sarvam.choose("anushka", {"pitch": 0, "loudness": 1, "preprocessing": True}).settings == (
        ("language", "en-IN"),
    )
    assert sarvam.choose("anushka", {"pitch": 0.25}).settings == (("language", "en-IN"), ("pitch", 0.25))
    assert (
        dict(sarvam.choose("shubh_en_ads", {"pitch": 0}).settings)["pitch"] == 0
    )  # asked for, so it is sent
    assert dict(Sarvam({"format": "mp3"}).choose("shubh", {}).settings)["format"] == "mp3"
    assert "format" not in dict(Sarvam({"format": "mp3"}).choose("shubh", {"format": "wav"}).settings)


@pytest.mark.parametrize(
    ("voice", "setting", "value", "match"),
    [
        ("shubh", "pitch", 0.0, "bulbul:v3 does not take it.*bulbul:v4-flash or bulbul:v2"),
        ("shubh", "loudness", 1.0, "bulbul:v3"),
        ("shubh", "preprocessing", True, "bulbul:v3"),
        ("anushka", "temperature", 0.5, "bulbul:v2"),
        ("anushka", "pitch", 0.8, "from -0.75 to 0.75"),
        ("anushka", "loudness", 0.1, "from 0.3 to 3"),
    ],
)
def test_what_a_model_does_not_take_is_refused_before_it_is_sent(
    voice: str, setting: str, value: Any, match: str
) -> None:
    with pytest.raises(ConfigurationError, match=match) as caught:
        Sarvam().choose(voice, {setting: value})
    assert caught.value.key == setting


def language(voice: str = "shubh", *, book: str | None = None, said: Any = None, **settings: Any) -> object:
    role = {} if said is None else {"language": said}
    return dict(Sarvam(settings, language=book).choose(voice, role).settings)["language"]


def test_whose_language_is_spoken() -> None:
    """The role's, else that of book.yaml's settings, else the book's, else the voice's own."""
    assert language() == "en-IN"
    assert language("roopa_hi_narration") == "hi-IN"
    assert language("shubh_enhi_ads") == "en-IN"
    assert language("roopa_hi_narration", book="en-GB") == "en-IN"
    assert language(book="or") == "od-IN"
    assert language(book="mr-Deva-IN") == "mr-IN"
    assert language(book="fr", language="ta") == "ta-IN"
    assert dict(Sarvam(language="").choose("ishita_hi_numbers", {}).settings)["language"] == "hi-IN"
    assert language(book="") == "en-IN"
    assert language(book="fr", language="ta", said="od") == "od-IN"
    with pytest.raises(ConfigurationError, match=r"'fr', the book's language.*en-IN"):
        language(book="fr")


def test_languages() -> None:
    assert len(LANGUAGES) == 11
    assert code_for("EN_us") == "en-IN"
    assert code_for("de") is None
    assert {read_code(name) for name in ("or", "od", "or-IN", "OD-in")} == {"od-IN"}
    assert read_code("en-US") is None


def test_stock_voices() -> None:
    assert (len(speakers.V3), len(speakers.V4_FLASH), len(speakers.V2)) == (37, 222, 7)
    every = (*speakers.V3, *speakers.V4_FLASH, *speakers.V2)
    assert len(set(every)) == len(every)
    assert find("shubh") == ("shubh", V3)
    assert find(" Shubh ") == ("shubh", V3)
    assert find("anushka").model == V2
    assert find("shubh_en_audiobook").model == V4_FLASH
    assert find("v4-flash/shubh_en_audiobook") == ("shubh_en_audiobook", V4_FLASH)
    assert find("bulbul:v3/zeenat", model=V3) == ("bulbul:v3/zeenat", V3)
    assert sent_name("bulbul:v3/zeenat") == "zeenat"
    assert own_language("bulbul:v4-flash/zeenat_ta_ads") == "ta-IN"
    assert own_language("shubh") is None


@pytest.mark.parametrize(
    ("voice", "model", "match"),
    [
        ("shub", None, "did you mean 'sarvam/shubh'"),
        ("amelia", None, "lists them"),
        ("v3/anushka", None, "it is a voice of bulbul:v2"),
        ("shubh", V4_FLASH, "it is a voice of bulbul:v3, and bulbul:v4-flash is asked for"),
        ("bappa_bn_conversation", None, "renamed it to arnab_bn_conversation"),
        ("v9/shubh", None, "unknown voice"),
        ("v3/", None, "unknown voice"),
        ("v3/no such", None, "unknown voice"),
        ("", None, "unknown voice"),
    ],
)
def test_voices_that_are_not_there(voice: str, model: str | None, match: str) -> None:
    with pytest.raises(UnknownVoice, match=match):
        find(voice, model=model)


def test_a_run_that_records_nothing_loads_no_transport() -> None:
    """It is slow to import."""
    code = (
        "import sys; from narrator.providers.sarvam import Sarvam; s = Sarvam(); s.voices();"
        " print([m for m in sys.modules if m in ('httpx', 'soundfile', 'narrator.transport')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
