"""Voices listed, searched and found; and voices of the account's own: cloned, called otherwise, deleted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from narrator.audio.character import study
from tests.serving.running import Running, running
from tests.serving.supertone.caller import AIDEN, Reply, call, form, get, heard, samples, speak

VOICES, OWN = "/v1/voices", "/v1/custom-voices"
CLONE = f"{OWN}/cloned-voice"
LONG = "She sells sea shells while the boys enjoy their noisy toys, and a quick brown fox jumps over the dog."
NONE = (404, "Not Found", "Voices not found")


def names(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [voice["name"] for voice in reply.json["items"]]


def clone(base_url: str, recording: bytes, *, kind: str = "audio/wav", **parts: str) -> Reply:
    said = {"name": "Mara", "description": "the witch", **parts}
    body, headers = form(files=("mara.wav", recording, kind), **said)
    return call(base_url, "POST", CLONE, body, headers=headers)


def test_lists_come_in_pages(server: Running) -> None:
    """Each voice once, in the same order whatever the size."""
    whole = get(server.base_url, VOICES, page_size=100)
    assert whole.json["next_page_token"] is None
    assert len(names(whole)) == whole.json["total"] == 20

    first = get(server.base_url, VOICES, page_size=12)
    second = get(server.base_url, VOICES, page_size=12, next_page_token=first.json["next_page_token"])
    assert (len(names(first)), second.json["next_page_token"]) == (12, None)
    assert names(first) + names(second) == names(whole)
    assert get(server.base_url, VOICES).json == whole.json


def test_what_a_voice_tells(server: Running) -> None:
    for voice in get(server.base_url, VOICES).json["items"]:
        assert set(voice) == {
            "voice_id", "name", "description", "age", "gender", "use_case", "use_cases", "language", "styles",
            "models",
        }  # fmt: skip
        assert voice["use_case"] in voice["use_cases"]
        assert voice["styles"][0] == "neutral"
        assert get(server.base_url, f"{VOICES}/{voice['voice_id']}").json == voice


@pytest.mark.parametrize(
    "given", [{"page_size": 9}, {"page_size": 101}, {"page_size": 10.5}, {"next_page_token": "x"}]
)
@pytest.mark.parametrize("path", [VOICES, OWN])
def test_pages_that_are_not_there(server: Running, path: str, given: dict[str, Any]) -> None:
    assert get(server.base_url, path, **given).said[:2] == (400, "Bad Request")


@pytest.mark.parametrize(
    ("asked", "some"),
    [
        ({"name": "aiden"}, ["Aiden"]),
        ({"description": "old kind"}, ["Edda"]),
        ({"gender": "male", "age": "child"}, ["Finn"]),
        ({"gender": "Male", "age": "child,elder"}, ["Finn", "Harlan", "Rufus"]),
        ({"style": "soft"}, ["Dahlia", "Gwen", "Sora"]),
        ({"style": "happy;soft"}, ["Gwen", "Sora"]),
        ({"style": "whisper,soft", "age": "child,elder"}, ["Finn", "Iris", "Rufus"]),
        ({"use_case": "learning"}, ["Nils"]),
        ({"use_cases": "learning"}, ["Katya", "Nils"]),
        ({"use_case": "game,learning", "gender": "male"}, ["Leif", "Nils"]),
        ({"model": "supertonic_api_1", "name": "a", "gender": "female"}, ["Bela", "Dahlia", "Edda", "Mina"]),
        ({"language": "ko,ja", "name": "sora"}, ["Sora"]),
    ],
)
def test_searches(server: Running, asked: dict[str, str], some: list[str]) -> None:
    """Commas are any of them, semicolons in a style all; everything asked must hold."""
    assert names(get(server.base_url, f"{VOICES}/search", **asked)) == some


@pytest.mark.parametrize(
    "asked",
    [{"name": "nobody"}, {"style": "happy;nothing"}, {"language": "zh"}, {"name": "katya", "language": "fr"}],
)
def test_a_search_that_finds_nobody(server: Running, asked: dict[str, str]) -> None:
    assert get(server.base_url, f"{VOICES}/search", **asked).said == NONE


def test_a_search_that_mixes_signs(server: Running) -> None:
    said = get(server.base_url, f"{VOICES}/search", style="happy,sad;angry").said
    assert said == (400, "Bad Request", "style: commas and semicolons must not be mixed")


def test_a_search_comes_in_pages_too(server: Running) -> None:
    first = get(server.base_url, f"{VOICES}/search", gender="female,male", page_size=10)
    assert (len(names(first)), first.json["total"], first.json["next_page_token"]) == (10, 20, "10")


def test_a_voice_that_is_not_on_the_list(server: Running) -> None:
    """A program that has its id goes on: the id decides who speaks, always the same."""
    ids = ["aaaabbbbccccddddeeee01", "0123456789abcdef01"]
    for voice_id in ids:
        voice = get(server.base_url, f"{VOICES}/{voice_id}").json
        assert voice["voice_id"] == voice_id
        assert voice["name"] not in names(get(server.base_url, VOICES))
    one, other = (heard(server.base_url, "Go.", voice=each) for each in ids)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, heard(server.base_url, "Go.", voice=ids[0]))


@pytest.mark.parametrize(("name", "semitones"), [("Harlan", 0), ("Aiden", 0), ("Gwen", 0), ("Iris", 3)])
def test_a_clone_is_as_high_as_whoever_was_recorded(server: Running, name: str, semitones: float) -> None:
    """To a semitone, within what the engine can."""
    (voice,) = get(server.base_url, f"{VOICES}/search", name=name).json["items"]
    given = {"voice": voice["voice_id"], "voice_settings": {"pitch_shift": semitones}}
    recorded = speak(server.base_url, LONG, **given)
    made = clone(server.base_url, recorded.body)
    assert list(made.json) == ["voice_id"]

    heights = []
    for file in (recorded.body, speak(server.base_url, LONG, voice=made.json["voice_id"]).body):
        pcm = samples(file)
        heights.append(study([np.asarray(pcm / 32768, np.float32)], 44_100).character.median_hz)
    assert 12 * abs(np.log2(heights[1] / heights[0])) < 1.2


def test_the_life_of_a_clone(tmp_path: Path) -> None:
    """It outlives the server that it was made on, and is another's no more than Supertone's."""
    with running(state=tmp_path) as server:
        recorded = speak(server.base_url, LONG).body
        ids = [
            clone(server.base_url, recorded, name=name).json["voice_id"] for name in ("Mara", " Old  Jon ")
        ]
        sounds = [heard(server.base_url, "Go home.", voice=each) for each in ids]
        assert not np.array_equal(sounds[0], sounds[1])
    with running(state=tmp_path) as server:
        url = server.base_url
        assert np.array_equal(heard(url, "Go home.", voice=ids[0]), sounds[0])
        mara = {"voice_id": ids[0], "name": "Mara", "description": "the witch"}
        assert get(url, f"{OWN}/{ids[0]}").json == mara
        listed = get(url, OWN).json
        assert listed["items"] == [mara, {"voice_id": ids[1], "name": "Old Jon", "description": "the witch"}]
        assert (listed["total"], listed["next_page_token"]) == (2, None)
        assert get(url, f"{VOICES}/{ids[0]}").said[0] == 404
        assert get(url, f"{OWN}/{AIDEN}").said[0] == 404

        assert names(get(url, f"{OWN}/search", name="jon")) == ["Old Jon"]
        assert names(get(url, f"{OWN}/search", description="witch")) == ["Mara", "Old Jon"]
        assert get(url, f"{OWN}/search", name="nobody").said == NONE

        renamed = call(url, "PATCH", f"{OWN}/{ids[0]}", {"name": "Granny"})
        assert renamed.json == {**mara, "name": "Granny"}
        assert call(url, "PATCH", f"{OWN}/{ids[0]}", {"description": ""}).json["description"] == ""
        assert call(url, "PATCH", f"{OWN}/{ids[0]}", {"name": " "}).said[:2] == (400, "Bad Request")
        assert np.array_equal(heard(url, "Go home.", voice=ids[0]), sounds[0])

        deleted = call(url, "DELETE", f"{OWN}/{ids[0]}")
        assert (deleted.status, deleted.body) == (204, b"")
        for method in ("GET", "DELETE", "PATCH"):
            assert call(url, method, f"{OWN}/{ids[0]}", {}).said[:2] == (404, "Not Found")
        assert speak(url, voice=ids[0]).said[0] == 404
        assert names(get(url, OWN)) == ["Old Jon"]


def test_a_clone_has_one_style(server: Running) -> None:
    voice = clone(server.base_url, speak(server.base_url, LONG).body).json["voice_id"]

    assert speak(server.base_url, voice=voice, style="neutral").status == 200
    said = speak(server.base_url, voice=voice, style="happy").said
    assert said == (400, "Bad Request", "style 'happy' is not supported by the voice; it has neutral")


def test_recordings_that_make_no_clone(server: Running) -> None:
    silence, large = io.BytesIO(), io.BytesIO()
    soundfile.write(silence, np.zeros(48_000, np.int16), 24_000, format="WAV")
    soundfile.write(large, np.zeros(1_600_000, np.int16), 24_000, format="WAV")
    recorded = speak(server.base_url, "Go.").body
    for recording, parts, status in (
        (silence.getvalue(), {}, 400),
        (large.getvalue(), {}, 413),
        (b"It was a dark night.", {}, 415),
        (b"", {}, 415),
        (recorded, {"kind": "text/plain"}, 415),
        (recorded, {"name": " "}, 400),
        (recorded, {"name": "a" * 101}, 400),
    ):
        assert clone(server.base_url, recording, **parts).said[0] == status
    body, headers = form(name="Mara")
    assert call(server.base_url, "POST", CLONE, body, headers=headers).said[2] == ["files: Field required"]
    body, headers = form(files=("a.wav", recorded, "audio/wav"))
    assert call(server.base_url, "POST", CLONE, body, headers=headers).said[2] == ["name: Field required"]
