"""`/v0/tts/voices`: what is listed, saved and forgotten."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrator.providers.espeak import Espeak
from narrator.providers.hume.roster import LIBRARY
from narrator.serving.octave.library import library
from tests.serving.asking import body, generations, samples, sound
from tests.serving.running import Running, running


def page(server: Running, **query: Any) -> dict[str, Any]:
    answer = server.client.get("/v0/tts/voices", params={"provider": "HUME_AI"} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def everything(server: Running, **query: Any) -> list[dict[str, Any]]:
    """Every page, walked as clients do."""
    found: list[dict[str, Any]] = []
    number = 0
    while True:
        here = page(server, page_number=number, page_size=100, **query)
        found += here["voices_page"]
        number += 1
        if number >= here["total_pages"]:
            return found


def save(server: Running, generation_id: str, name: str) -> Any:
    return server.client.post("/v0/tts/voices", json={"generation_id": generation_id, "name": name})


def designed(server: Running, description: str) -> dict[str, Any]:
    asked = body(version="1", voice=None)
    asked["utterances"][0]["description"] = description
    return generations(server.client, asked)[0]


def test_the_library_is_humes_and_the_engines(server: Running) -> None:
    """Hume's voices by their own ids, and every embedded one; no id and no name twice."""
    voices = everything(server)
    by_name = {voice["name"]: voice for voice in voices}

    assert {name: by_name[name]["id"] for name in LIBRARY} == LIBRARY
    assert len(voices) > len(LIBRARY) + 200
    assert len({voice["id"] for voice in voices}) == len(voices)
    assert len({voice["name"].casefold() for voice in voices}) == len(voices)
    assert all(voice["provider"] == "HUME_AI" for voice in voices)
    assert all(voice["compatible_octave_models"] == ["1", "2"] for voice in voices)
    assert all(uuid.UUID(voice["id"]) for voice in voices)


def test_ids_of_embedded_voices_never_change(server: Running) -> None:
    """A project that names one must find it again with the next release."""
    ids = {voice["name"]: voice["id"] for voice in everything(server)}

    assert ids["English (America)"] == "4311d84f-ab49-572d-95e2-c7dd8ae40e51"
    assert ids["belinda, English (Great Britain)"] == "c5d564db-6ebf-51a8-b054-8b543a870333"
    assert ids["Akira"] == "bf338edd-d76a-5993-a755-469c60dd386c"


def test_embedded_voices_of_humes_never_change() -> None:
    """Recordings of one book, made with two releases, must not mix two voices."""
    engine = Espeak({"concurrency": 1})
    speakers = {entry.name: entry.speaker for entry in library(engine.voices())}
    engine.close()

    assert speakers["Ava Song"].voice == "gmw/en-US+f1"
    assert speakers["Colton Rivers"].voice == "gmw/en-US+marcelo"
    digest = hashlib.sha256(repr([speakers[name] for name in sorted(LIBRARY)]).encode()).hexdigest()
    assert digest[:16] == "10b0c3fa0e004dba"


def test_pages(server: Running) -> None:
    """Numbered from 0, ten voices each unless it is said; beyond the last they are empty."""
    first, second = page(server), page(server, page_number=1)
    whole = everything(server)

    assert (first["page_number"], first["page_size"]) == (0, 10)
    assert first["total_pages"] == -(-len(whole) // 10)
    assert first["voices_page"] + second["voices_page"] == whole[:20]
    assert page(server, page_number=10_000)["voices_page"] == []
    assert page(server, page_size=1, page_number=3)["voices_page"] == whole[3:4]


@pytest.mark.parametrize(
    "query",
    [{"provider": None}, {"provider": "hume"}, {"page_size": 0}, {"page_size": 101}, {"page_number": -1}],
)
def test_queries_that_are_not_as_they_must_be(server: Running, query: dict[str, Any]) -> None:
    given = {name: value for name, value in ({"provider": "HUME_AI"} | query).items() if value is not None}
    answer = server.client.get("/v0/tts/voices", params=given)

    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert detail["loc"] == ["query", next(iter(query))]


def test_filters(server: Running) -> None:
    """All must be there; the tag's case does not count, the value's does."""
    men = everything(server, filter_tag="gender:Male")
    scots = everything(server, filter_tag=["GENDER:Male", "accent:Scottish"])

    assert "Scottish Guy" in {voice["name"] for voice in scots}
    assert 0 < len(scots) < len(men) < len(everything(server))
    assert all(voice["tags"]["GENDER"] == ["Male"] for voice in men)
    assert everything(server, filter_tag="GENDER:male") == []
    assert [voice["name"] for voice in everything(server, name="ava s")] == ["Ava Song"]
    answer = server.client.get("/v0/tts/voices", params={"provider": "HUME_AI", "filter_tag": "Male"})
    assert answer.status_code == 400
    assert answer.json().keys() <= {"code", "error", "message"}


def test_every_voice_of_hume_speaks_and_none_like_another(server: Running) -> None:
    """By name, so that a project cast with them keeps its voices apart."""
    asked = body("Yes.", voice={"name": "Ava Song", "provider": "HUME_AI"})
    asked["utterances"] = [
        {"text": "Yes.", "voice": {"name": name, "provider": "HUME_AI"}} for name in LIBRARY
    ]
    (made,) = generations(server.client, asked)

    heard = {sound(group[0]["audio"]) for group in made["snippets"]}
    assert len(heard) == len(LIBRARY)


def test_any_voice_of_the_engine_by_its_own_name(server: Running) -> None:
    """With any variant, as a cast names it."""
    voice = {"name": "espeak/en-us+f3", "provider": "HUME_AI"}
    (made,) = generations(server.client, body("Yes.", voice=voice))

    assert made["duration"] > 0.2
    wrong = server.client.post("/v0/tts", json=body(voice=voice | {"name": "espeak/nowhere"}))
    assert wrong.status_code == 404


def test_a_voice_is_saved_used_and_forgotten(tmp_path: Path) -> None:
    """It sounds as the generation did, in both versions, and outlives the server."""
    with running(state=tmp_path) as server:
        made = designed(server, "a hoarse old captain")
        saved = save(server, made["generation_id"], "The Captain").json()
    with running(state=tmp_path) as server:
        assert saved == {
            "id": saved["id"],
            "name": "The Captain",
            "provider": "CUSTOM_VOICE",
            "compatible_octave_models": ["1", "2"],
        }
        assert everything(server, provider="CUSTOM_VOICE") == [saved]
        assert uuid.UUID(saved["id"]).version == 4
        for voice in ({"name": "the captain"}, {"id": saved["id"], "provider": "CUSTOM_VOICE"}):
            for version in ("1", "2"):
                (again,) = generations(server.client, body(version=version, voice=voice))
                assert np.array_equal(samples(sound(again["audio"])), samples(sound(made["audio"])))

        answer = server.client.delete("/v0/tts/voices", params={"name": "The Captain"})
        assert answer.status_code == 200
        assert everything(server, provider="CUSTOM_VOICE") == []
        assert server.client.post("/v0/tts", json=body(voice={"name": "The Captain"})).status_code == 404
        assert server.client.delete("/v0/tts/voices", params={"name": "The Captain"}).status_code == 400


def test_names_are_given_once(tmp_path: Path) -> None:
    with running(state=tmp_path) as server:
        made = designed(server, "a nurse")["generation_id"]
        assert save(server, made, "Nurse").status_code == 200
        again = save(server, made, "  nurse ")
        unknown = save(server, str(uuid.uuid4()), "Another")

        assert again.status_code == unknown.status_code == 400
        assert again.json().keys() == {"code", "error", "message"}
        assert len(everything(server, provider="CUSTOM_VOICE")) == 1
        assert save(server, made, "").status_code == 422
        assert save(server, made, "   ").status_code == 400
        assert save(server, "x", "Another").status_code == 422


def test_saved_voices_are_listed_newest_first(tmp_path: Path) -> None:
    with running(state=tmp_path) as server:
        made = designed(server, "a nurse")["generation_id"]
        for name in ("One", "Two", "Three"):
            save(server, made, name)
        newest = [voice["name"] for voice in everything(server, provider="CUSTOM_VOICE")]
        oldest = everything(server, provider="CUSTOM_VOICE", ascending_order=True)

    assert newest == ["Three", "Two", "One"]
    assert [voice["name"] for voice in oldest] == ["One", "Two", "Three"]
