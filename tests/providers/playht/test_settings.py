"""What book.yaml and cast.yaml may say about PlayHT, and names of voices."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from narrator.casting import Setting
from narrator.errors import ConfigurationError, UnknownKey, UnknownVoice
from narrator.providers.playht import PlayHT
from narrator.providers.playht.languages import LANGUAGES, named
from narrator.providers.playht.roster import KNOWN, engines, find, written
from narrator.providers.playht.settings import EMOTIONS, FILE_HOSTS, STYLES, read
from narrator.styling import style_of
from tests.providers.playht.jobs_server import OWN


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("https://api.play.ht", "https://api.play.ht/api/v2"),
        ("https://api.play.ht/api/v2/", "https://api.play.ht/api/v2"),
        ("http://127.0.0.1:8900", "http://127.0.0.1:8900/api/v2"),
        ("http://127.0.0.1:8900/api/v2", "http://127.0.0.1:8900/api/v2"),
    ],
)
def test_the_address_may_hold_the_root_of_the_paths(said: str, found: str) -> None:
    assert read({"base_url": said}, {}, language=None).base_url == found
    elsewhere = {"PLAYHT_BASE_URL": said}
    assert read({"base_url": "http://x"}, elsewhere, language=None).base_url == found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_url", "play.ht"),
        ("base_url", "https://me:secret@play.ht"),
        ("engine", "PlayHT3"),
        ("engine", 2),
        ("language", "klingon"),
        ("language", True),
        ("follow", "both"),
        ("poll_seconds", 0),
        ("format", "mulaw"),
        ("sample_rate", 7999),
        ("sample_rate", 24_000.5),
        ("quality", "best"),
        ("temperature", 2.1),
        ("voice_guidance", 0.9),
        ("style_guidance", 31),
        ("text_guidance", 2.5),
        ("concurrency", 0),
        ("text_limit", 20_001),
        ("file_hosts", "https://files.example.com"),
        ("file_hosts", ""),
        ("file_hosts", "*"),
        ("price_per_1000", -1),
    ],
)
def test_a_setting_out_of_range_is_named(key: str, value: Setting) -> None:
    with pytest.raises(ConfigurationError, match=key) as caught:
        PlayHT({key: value})
    assert caught.value.key == key
    assert "secret" not in str(caught.value)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(UnknownKey, match="did you mean 'quality'"):
        PlayHT({"qualty": "high"})
    with closing(PlayHT()) as playht, pytest.raises(UnknownKey):
        playht.choose("Jennifer", {"concurrency": 3})


def choose(
    voice: str, book: Mapping[str, Setting] | None = None, language: str | None = None, **settings: Any
) -> Any:
    with closing(PlayHT(book, language=language)) as playht:
        return playht.choose(voice, settings)


def test_only_what_is_not_usual_is_part_of_a_take() -> None:
    assert choose("Jennifer").settings == ()
    usual: dict[str, Setting] = {"quality": "medium", "sample_rate": 24_000, "format": "flac"}
    assert choose("Jennifer", usual).settings == ()
    assert choose("Jennifer", None, "en-GB", **usual).settings == ()
    assert choose("Jennifer", {"temperature": 0.5, "format": "mp3"}, seed=0).settings == (
        ("format", "mp3"),
        ("seed", 0),
        ("temperature", 0.5),
    )


def test_the_engine_is_that_of_the_voice_and_the_language() -> None:
    assert choose("Jennifer").models == ("PlayHT2.0",)
    assert choose("Jennifer", language="de-AT").models == ("Play3.0-mini",)
    assert choose("Jennifer", language="") == choose("Jennifer", language="en")
    assert choose("Jennifer", {"language": "german"}).settings == (("language", "german"),)
    assert choose("Ahmad").models == ("Play3.0-mini",)
    assert choose("susan").models == ("PlayHT1.0",)
    assert choose("susan", {"engine": "Play3.0-mini"}).models == ("PlayHT1.0",)  # the book's is a default
    assert choose(OWN, engine="playht1.0").models == ("PlayHT1.0",)
    wrong: list[tuple[str, str | None, dict[str, Any], str]] = [
        ("susan", None, {"engine": "PlayHT2.0"}, "does not speak this voice"),
        ("Jennifer", "de", {"engine": "PlayHT2.0"}, "English only"),
        ("susan", "fr", {}, "English only"),
        ("Jennifer", "tlh", {}, "does not speak 'tlh'"),
        (
            "Jennifer",
            None,
            {"engine": "Play3.0-mini", "voice_guidance": 2},
            "voice_guidance is for PlayHT2.0",
        ),
        ("susan", None, {"text_guidance": 2}, "text_guidance is for PlayHT2.0 or Play3.0-mini"),
    ]
    for voice, language, settings, match in wrong:
        with pytest.raises(ConfigurationError, match=match):
            choose(voice, language=language, **settings)


def test_guidance_of_the_book_reaches_the_engines_that_take_it() -> None:
    book: dict[str, Setting] = {"voice_guidance": 2, "text_guidance": 1.5}
    assert choose("Jennifer", book).settings == (("text_guidance", 1.5), ("voice_guidance", 2.0))
    assert choose("Jennifer", book, engine="Play3.0-mini").settings == (("text_guidance", 1.5),)
    assert choose("susan", book).settings == ()


def test_voices_by_name_and_by_id() -> None:
    jennifer = next(known for known in KNOWN if known.name == "Jennifer")
    for name in ("Jennifer", "jennifer", " JENNIFER ", jennifer.id):
        assert find(name) == jennifer.id
    assert find(OWN) == OWN
    assert find("larry") == find("id/larry") == "larry"
    assert find("id/some-clone") == "id/some-clone"
    assert [find(known.name) for known in KNOWN] == [known.id for known in KNOWN]
    assert [written(known.id) for known in KNOWN] == [known.id for known in KNOWN]
    assert engines(OWN)[0] == "PlayHT2.0"
    for name in ("", "id/", "Jenifer", "s3://x", "s3://a b/manifest.json", f"{OWN} {OWN}"):
        with pytest.raises(UnknownVoice):
            find(name)
    with pytest.raises(UnknownVoice, match="did you mean 'playht/Jennifer'"):
        find("Jenifer")
    with closing(PlayHT()) as playht, pytest.raises(UnknownVoice, match="makes no voices"):
        playht.choose(None, {})


def test_directions_find_their_emotion() -> None:
    with closing(PlayHT()) as playht:
        able = playht.models["PlayHT2.0"]
        assert able.directions == "style"
        assert {style for _, style in able.styles} == set(EMOTIONS)
        for words, emotion in (
            ("angrily", "angry"),
            ("whispering, furious", "angry"),
            ("Sad, low", "sad"),
            ("in surprise", "surprised"),
            ("disgusted", "disgust"),
            ("a little afraid", "fearful"),
            ("cheerfully", "happy"),
            ("to the window", None),
        ):
            assert style_of(words, (), able.styles) == emotion
        assert playht.understood("female_happy")
        assert not playht.understood("bored")
        assert playht.models["Play3.0-mini"].directions == "none"
    assert len({words for words, _ in STYLES}) == len(STYLES)


def test_limits_and_prices() -> None:
    with closing(PlayHT({"text_limit": 5000, "price_per_1000": 0.25})) as playht:
        limits = {name: able.text_limit for name, able in playht.models.items()}
        assert limits == {"PlayHT2.0": 2000, "Play3.0-mini": 5000, "PlayHT1.0": 2000}
        assert {able.price_per_1000 for able in playht.models.values()} == {0.25}
    with closing(PlayHT()) as playht:
        assert not any(able.price_known for able in playht.models.values())


def test_languages() -> None:
    assert len(LANGUAGES) == 37
    assert named("de") == named("de-CH") == named("German") == "german"
    assert named("fil-PH") == "tagalog"
    assert named("cmn") == named("zh_TW") == "mandarin"
    assert named("tlh") is None


def test_hosts_for_files_are_added() -> None:
    hosts = read({"file_hosts": "files.example.com, *.cdn.example.com"}, {}, language=None).file_hosts
    assert hosts == (*FILE_HOSTS, "files.example.com", ".cdn.example.com")
