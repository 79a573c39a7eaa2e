"""What Octave refuses, and how it says so; what it takes for granted."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest

from narrator.takes import Pcm
from tests.serving.asking import AVA, LINE, body, generations, lines, samples, sound
from tests.serving.running import Running, running

PATHS = ("/v0/tts", "/v0/tts/file", "/v0/tts/stream/json", "/v0/tts/stream/file")


def refused(server: Running, asked: Any, *, path: str = "/v0/tts") -> tuple[int, dict[str, Any]]:
    answer = server.client.post(path, json=asked)
    found: dict[str, Any] = answer.json()
    return answer.status_code, found


@pytest.mark.parametrize("path", PATHS)
def test_a_description_needs_version_1(server: Running, path: str) -> None:
    """In the words that the service uses; in the context as well."""
    asked = body(utterances=[{"text": "Go!", "voice": AVA, "description": "whispering"}])
    within = body(context={"utterances": [{"text": "Now.", "description": "loud"}]})

    for each in (asked, within):
        status, answer = refused(server, each, path=path)
        assert status == 400
        assert answer["status_code"] == 400
        assert answer["message"] == "Octave 2 does not support the 'description' parameter"
        assert answer["details"] == {}


@pytest.mark.parametrize("path", PATHS)
def test_version_2_needs_a_voice(server: Running, path: str) -> None:
    status, answer = refused(server, body(voice=None), path=path)

    assert status == 400
    assert "voice" in answer["message"]


def test_a_later_utterance_needs_no_voice_but_the_first_does(server: Running) -> None:
    asked = body("One.", "Two.", voice=None)
    asked["utterances"][1]["voice"] = AVA

    assert refused(server, asked)[0] == 400


@pytest.mark.parametrize(
    ("given", "loc", "kind"),
    [
        ({"utterances": []}, ["body", "utterances"], "too_short"),
        ({"utterances": [{"voice": AVA}]}, ["body", "utterances", 0, "text"], "missing"),
        ({"utterances": [{"text": "", "voice": AVA}]}, ["body", "utterances", 0, "text"], "string_too_short"),
        ({"utterances": [{"text": "x" * 5001}]}, ["body", "utterances", 0, "text"], "string_too_long"),
        ({"utterances": [{"text": 5}]}, ["body", "utterances", 0, "text"], "string_type"),
        (
            {"utterances": [{"text": "x", "description": "y" * 1001}]},
            ["body", "utterances", 0, "description"],
            "string_too_long",
        ),
        (
            {"utterances": [{"text": "x", "speed": 0.2}]},
            ["body", "utterances", 0, "speed"],
            "greater_than_equal",
        ),
        (
            {"utterances": [{"text": "x", "speed": 3.1}]},
            ["body", "utterances", 0, "speed"],
            "less_than_equal",
        ),
        (
            {"utterances": [{"text": "x", "trailing_silence": 5.1}]},
            ["body", "utterances", 0, "trailing_silence"],
            "less_than_equal",
        ),
        ({"num_generations": 0}, ["body", "num_generations"], "greater_than_equal"),
        ({"num_generations": 6}, ["body", "num_generations"], "less_than_equal"),
        ({"version": 2}, ["body", "version"], "enum"),
        ({"version": "3"}, ["body", "version"], "enum"),
        ({"format": "wav"}, ["body", "format"], "model_attributes_type"),
        ({"format": {"type": "ogg"}}, ["body", "format"], "union_tag_invalid"),
        ({"include_timestamp_types": ["letter"]}, ["body", "include_timestamp_types", 0], "enum"),
    ],
)
def test_a_body_that_is_not_as_it_must_be(
    server: Running, given: dict[str, Any], loc: list[str | int], kind: str
) -> None:
    """422, with the place and nothing of what was sent."""
    status, answer = refused(server, body(**given))

    assert status == 422
    assert set(answer) == {"detail"}
    (detail,) = answer["detail"]
    assert detail.keys() == {"loc", "msg", "type"}
    assert (detail["loc"], detail["type"]) == (loc, kind)


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[1", b"null", b'"x"', b"\xff", b'{"utterances": NaN}', b"[" * 50_000]
)
def test_what_is_not_json(server: Running, sent: bytes) -> None:
    """Is the client's mistake, however deep it goes."""
    headers = {"content-type": "application/json"}
    answer = server.client.post("/v0/tts", content=sent, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/json"


def test_a_number_that_is_none(server: Running) -> None:
    sent = b'{"utterances": [{"text": "x", "speed": NaN}]}'
    answer = server.client.post("/v0/tts", content=sent, headers={"content-type": "application/json"})

    assert answer.status_code == 422


def test_5000_characters_are_taken_and_more_in_all_are_not(server: Running) -> None:
    """What one request may cost is bounded by its texts and its takes together."""
    text = "Yes." + " " * 4996
    with running(characters=10_000) as small:
        whole = small.client.post("/v0/tts/file", json=body(text))
        status, answer = refused(small, body(text, num_generations=3))

    assert whole.status_code == 200
    assert status == 400
    assert "comes to 15000 characters" in answer["message"]


@pytest.mark.parametrize("silence", [0, 5])
def test_many_small_utterances_are_bounded_too(server: Running, silence: float) -> None:
    """Each takes its time, and silence its place."""
    asked = body()
    asked["utterances"] = [{"text": "x", "voice": AVA, "trailing_silence": silence}] * 1300

    assert refused(server, asked)[0] == 400


def test_fields_that_are_not_known_are_ignored(server: Running) -> None:
    """And what has no meaning for the embedded engine is taken."""
    asked = body(colour="green", temperature=0.5)
    asked["utterances"][0]["mood"] = "blue"

    assert server.client.post("/v0/tts", json=asked).status_code == 200


@pytest.mark.parametrize("given", [{}, {"num_generations": 2, "voice": AVA}])
def test_instant_mode_needs_a_voice_and_one_generation(server: Running, given: dict[str, Any]) -> None:
    """It is the default of the streams, and there only."""
    asked = body(version="1", voice=given.get("voice"), **{k: v for k, v in given.items() if k != "voice"})

    for path in PATHS[2:]:
        status, answer = refused(server, asked, path=path)
        assert status == 400
        assert "nstant mode" in answer["message"]
        assert server.client.post(path, json=asked | {"instant_mode": False}).status_code == 200
    for path in PATHS[:2]:
        assert server.client.post(path, json=asked).status_code == 200


def test_version_1_has_no_times(server: Running) -> None:
    """They are left out, not refused."""
    (made,) = generations(server.client, body(version="1", include_timestamp_types=["word"]))
    streamed = lines(server.client, body(version="1", include_timestamp_types=["word"]))

    assert all(snippet["timestamps"] == [] for snippet in made["snippets"][0])
    assert {each["type"] for each in streamed} == {"audio"}


def test_the_version_is_chosen_by_what_is_needed() -> None:
    """Where the request names none."""
    cases = (
        ({"text": "Go!", "voice": AVA}, "2"),
        ({"text": "Go!", "voice": AVA, "description": "loud"}, "1"),
        ({"text": "Go!", "description": "an old man"}, "1"),
        ({"text": "Go!"}, "1"),
    )
    with running(logged=True) as server:
        for utterance, version in cases:
            made = server.client.post("/v0/tts", json={"utterances": [utterance]})
            assert made.status_code == 200
            assert server.log()[-1]["version"] == version


def test_an_unknown_context_is_refused(server: Running) -> None:
    """With a 4xx that names the context."""
    status, answer = refused(server, body(context={"generation_id": str(uuid.uuid4())}))

    assert status == 400
    assert "context generation" in answer["message"]


@pytest.mark.parametrize("context", [{}, {"generation_id": "x"}, {"utterances": "x"}, "x"])
def test_a_context_has_one_of_two_forms(server: Running, context: Any) -> None:
    both = {"generation_id": str(uuid.uuid4()), "utterances": [{"text": "Now."}]}

    for each in (context, both):
        status, answer = refused(server, body(context=each))
        assert status == 422
        assert all(detail["loc"][:2] == ["body", "context"] for detail in answer["detail"])


def test_the_voice_carries_over_from_the_context(server: Running) -> None:
    """By id and by text; the context itself is not heard."""
    (before,) = generations(server.client, body("Who goes there?"))
    by_id = body("A friend.", voice=None, context={"generation_id": before["generation_id"]})
    by_text = body(
        "A friend.", voice=None, context={"utterances": [{"text": "Who goes there?", "voice": AVA}]}
    )
    (plain,) = generations(server.client, body("A friend."))

    for asked in (by_id, by_text):
        (made,) = generations(server.client, asked)
        assert made["audio"] == plain["audio"]
        assert lines(server.client, asked)


def test_version_1_does_not_go_on_from_version_2(server: Running) -> None:
    """The other way round, and from its own kind, it does."""
    made = {
        version: generations(server.client, body(version=version))[0]["generation_id"]
        for version in ("1", "2")
    }
    statuses = {
        (before, version): refused(server, body(version=version, context={"generation_id": made[before]}))[0]
        for before in made
        for version in made
    }

    assert statuses == {("1", "1"): 200, ("1", "2"): 200, ("2", "2"): 200, ("2", "1"): 400}


def test_generations_are_known_after_a_restart(tmp_path: Any) -> None:
    """Their ids are on disk before they are answered."""
    with running(state=tmp_path) as first:
        (made,) = generations(first.client, body())
        (streamed, *_) = lines(first.client, body())
    with running(state=tmp_path) as second:
        for known in (made, streamed):
            asked = body(context={"generation_id": known["generation_id"]})
            assert second.client.post("/v0/tts", json=asked).status_code == 200


def test_a_voice_is_made_from_a_description(server: Running) -> None:
    """Always the same one for the same words; another for others; not the library's plain one."""
    heard: dict[str | None, Pcm] = {}
    for words in ("a gravelly old sailor", "a gravelly old sailor", "a cheerful young girl", None):
        asked = body(version="1", voice=None)
        asked["utterances"][0]["description"] = words
        (made,) = generations(server.client, asked)
        pcm = samples(sound(made["audio"]))
        assert words not in heard or np.array_equal(heard[words], pcm)
        heard[words] = pcm

    assert len({pcm.tobytes() for pcm in heard.values()}) == 3


def test_a_designed_voice_is_tried_out_in_several(server: Running) -> None:
    """And speaks on in the utterances that follow, where a description is a direction again."""
    asked = body("Good evening.", "Good evening.", version="1", voice=None, num_generations=5)
    asked["utterances"][0]["description"] = "a warm woman"
    made = generations(server.client, asked)

    heard = {samples(sound(each["snippets"][0][0]["audio"])).tobytes() for each in made}
    assert len(heard) == 5
    for each in made:
        first, second = (samples(sound(group[0]["audio"])) for group in each["snippets"])
        assert np.array_equal(first, second)


def test_unknown_voices(server: Running) -> None:
    """404 in the service's shape; most often the provider is missing."""
    missing = [
        {"name": "Ava Song"},
        {"id": "5bb7de05-c8fe-426a-8fcc-ba4fc4ce9f9c"},
        {"name": "Nobody", "provider": "HUME_AI"},
        {"id": str(uuid.uuid4()), "provider": "HUME_AI"},
    ]
    for voice in missing:
        status, answer = refused(server, body(voice=voice))

        assert status == answer["status"] == 404
        assert answer["error"] == "Not Found"
        assert "does not exist or is not accessible" in answer["message"]
        assert answer["path"] == "/v0/tts"


def test_a_voice_has_an_id_or_a_name(server: Running) -> None:
    both = {"id": "x", "name": "Ava Song", "provider": "HUME_AI"}

    for voice in (both, {}, {"provider": "HUME_AI"}, "Ava Song"):
        status, answer = refused(server, body(voice=voice))
        assert status == 422
        assert all(detail["loc"][:4] == ["body", "utterances", 0, "voice"] for detail in answer["detail"])


def test_paths_that_are_not_there(server: Running) -> None:
    missing = server.client.get("/v0/tts/nothing")
    other = server.client.get("/v0/tts")
    voices = server.client.put("/v0/tts/voices")

    assert missing.status_code == missing.json()["status"] == 404
    assert missing.json()["path"] == "/v0/tts/nothing"
    assert other.status_code == other.json()["status_code"] == 405
    assert [answer.headers["allow"] for answer in (other, voices)] == ["POST", "DELETE, GET, POST"]


@pytest.mark.parametrize("path", PATHS)
def test_the_queue_is_bounded(path: str) -> None:
    """Who comes when it is full is told to come again, and when."""
    asked = body(*[LINE * 4] * 40)
    with (
        running(at_once=1, queue=0) as server,
        server.client.stream("POST", "/v0/tts/stream/json", json=asked) as answer,
    ):
        next(answer.iter_lines())
        turned_away = server.client.post(path, json=body())

    assert turned_away.status_code == 429
    assert int(turned_away.headers["retry-after"]) >= 1
    assert turned_away.json()["status_code"] == 429
