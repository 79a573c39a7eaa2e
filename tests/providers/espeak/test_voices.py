"""Which voices there are, and by what names they are found."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from narrator.errors import ProviderError, UnknownVoice
from narrator.providers.espeak.process import Engines, Order
from narrator.providers.espeak.voices import Catalogue, find_engine


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(find_engine().folder / "espeak-ng-data")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gmw/en-US", "gmw/en-US"),
        ("GMW/en-us", "gmw/en-US"),
        ("en-us", "gmw/en-US"),
        ("en_US", "gmw/en-US"),
        ("en-gb", "gmw/en"),
        ("en", "gmw/en"),
        ("en-gb-x-rp", "gmw/en-GB-x-rp"),
        ("en-AU", "gmw/en"),
        ("es", "roa/es"),
        ("es-MX", "roa/es-419"),
        ("pt", "roa/pt"),
        ("pt-BR", "roa/pt-BR"),
        ("de-AT", "gmw/de"),
        ("no", "gmq/nb"),
        ("zh-Hant-TW", "sit/cmn"),
        ("ko", "ko"),
        ("en-us+F3", "gmw/en-US+f3"),
        (" es+mr serious ", "roa/es+Mr serious"),
    ],
)
def test_a_voice_is_found_by_file_language_or_region(catalogue: Catalogue, name: str, found: str) -> None:
    assert catalogue.find(name) == found


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("en-uss", "espeak/en-us"),
        ("gmw/en-USA+f3", "espeak/gmw/en-us+f3"),
        ("es+f33", "espeak/es+f3"),
        ("es+wisper", "espeak/es+whisper"),
        ("es+", None),
        ("+f3", None),
        ("", None),
        ("../../../etc/passwd", None),
        ("en+../!v/f3", None),
        ("klingon", None),
    ],
)
def test_an_unknown_voice_names_the_nearest(catalogue: Catalogue, name: str, nearest: str | None) -> None:
    with pytest.raises(UnknownVoice) as caught:
        catalogue.find(name)
    assert f"'espeak/{name}'" in str(caught.value)
    assert caught.value.nearest == nearest


def test_every_listed_voice_is_the_engines_own(catalogue: Catalogue) -> None:
    """Each is found by the engine under the name it is listed by, and makes a sound."""
    found = {}
    with closing(Engines(find_engine().folder, limit=2)) as engines:
        for voice in catalogue.voices():
            if "+" not in voice.name or voice.name.endswith(("+f3", "+whisper", "+Mr serious")):
                order = Order(voice.name.encode(), 450, 50, 50, 50, 0, b"a 1", phonemes_allowed=False)
                found[voice.name] = engines.ask(order).pcm
    assert len(found) > 130
    assert all(any(pcm) for pcm in found.values())
    assert found["gmw/en"] != found["gmw/en+f3"] != found["gmw/en+whisper"]


def test_voices_say_what_they_are(catalogue: Catalogue) -> None:
    voices = {voice.name: voice for voice in catalogue.voices()}
    assert voices["roa/pt-BR"].languages == ("pt-BR", "pt")
    assert voices["roa/pt-BR"].description == "Portuguese (Brazil)"
    assert voices["gmw/en+f3"].gender == "female"
    assert voices["gmw/en+f3"].languages == ("en-GB", "en")
    assert "+f3 goes with every voice" in voices["gmw/en+f3"].description
    assert catalogue.gender("roa/es+m3") == "male"
    assert catalogue.gender("roa/es") == ""


def test_languages_without_a_dictionary_are_no_voices(catalogue: Catalogue) -> None:
    """The wheel has language files for three languages it cannot pronounce; they would be silent."""
    listed = {voice.name for voice in catalogue.voices()}
    root = find_engine().folder / "espeak-ng-data" / "lang"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files - listed == {"art/xex", "gmq/fo", "trk/kaa"}


def test_a_wheel_for_another_platform_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "espeakng_loader").mkdir()
    (tmp_path / "espeakng_loader" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProviderError, match="holds no engine for this platform; install it again with"):
        find_engine()
