"""What Supertone's endpoints refuse, and how: every answer in the documented envelope."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.running import Running, running
from tests.serving.supertone.caller import AIDEN, LINE, call, call_slowly, get, speak, stream

BAD = (400, "Bad Request")
MISSING = (404, "Not Found")
KATYA = "/v1/voices/search?name=katya"
"""Who has neither every language nor every model."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": None}, "text: Field required"),
        ({"text": 7}, "text: "),
        ({"text": "a" * 301}, "text: String should have at most 300 characters"),
        ({"text": ""}, "text must hold something that can be spoken"),
        ({"text": " \n "}, "text must hold something that can be spoken"),
        ({"text": "?! …"}, "text must hold something that can be spoken"),
        ({"language": None}, "language: Field required"),
        ({"language": "en-US"}, "language: "),
        ({"language": "zh"}, "language: "),
        ({"language": "de"}, "language de is not supported by the model; it has en, ko, ja"),
        ({"style": "furious"}, "style 'furious' is not supported by the voice; it has neutral, happy"),
        ({"style": ""}, "style '' is not supported"),
        ({"model": "sona_speech_3t"}, "model: "),
        ({"output_format": "ogg"}, "output_format: "),
        ({"include_phonemes": "perhaps"}, "include_phonemes: "),
        ({"normalized_text": "a" * 1201}, "normalized_text: "),
        ({"voice_settings": 3}, "voice_settings: "),
        ({"voice_settings": {"pitch_shift": 24.5}}, "voice_settings.pitch_shift: "),
        ({"voice_settings": {"pitch_shift": -25}}, "voice_settings.pitch_shift: "),
        ({"voice_settings": {"pitch_variance": 2.1}}, "voice_settings.pitch_variance: "),
        ({"voice_settings": {"speed": 0.4}}, "voice_settings.speed: "),
        ({"voice_settings": {"speed": 2.1}}, "voice_settings.speed: "),
        ({"voice_settings": {"speed": float("nan")}}, "voice_settings.speed: "),
        ({"voice_settings": {"duration": 61}}, "voice_settings.duration: "),
        ({"voice_settings": {"similarity": 0}}, "voice_settings.similarity: "),
        ({"voice_settings": {"text_guidance": 5}}, "voice_settings.text_guidance: "),
        (
            {"voice_settings": {"subharmonic_amplitude_control": -1}, "model": "supertonic_api_3"},
            "voice_settings.subharmonic_amplitude_control: ",
        ),
    ],
)
def test_requests_that_cannot_be_met(server: Running, given: dict[str, Any], said: str) -> None:
    """An out-of-range setting is refused even where the model would ignore it; fields come as a list."""
    for to in ("text-to-speech", "predict-duration"):
        if to == "predict-duration" and not {"output_format", "include_phonemes"}.isdisjoint(given):
            continue
        *kind, told = speak(server.base_url, to=to, **{"text": LINE} | given).said
        assert tuple(kind) == BAD
        assert said in (told if isinstance(told, str) else told[0])
        assert isinstance(told, list) == (": " in said or said.startswith("text must"))


def test_a_text_of_the_greatest_length(server: Running) -> None:
    """Counted in code points."""
    assert speak(server.base_url, ("𝔘 lamp " * 50)[:300], to="predict-duration").status == 200


def test_what_a_voice_has_not(server: Running) -> None:
    (katya,) = get(server.base_url, KATYA).json["items"]
    given = {"voice": katya["voice_id"], "model": "sona_speech_2"}

    assert speak(server.base_url, **given, language="ru", text="Лампа.").status == 200
    *kind, said = speak(server.base_url, **given, language="fr").said
    assert (*kind, said) == (*BAD, "language fr is not supported by the voice; it has en, de, ru")
    *kind, said = speak(server.base_url, **given | {"model": "sona_speech_1"}).said
    assert tuple(kind) == BAD
    assert str(said).startswith("model sona_speech_1 is not supported by the voice; it has sona_speech_2")


@pytest.mark.parametrize(
    "model", ["sona_speech_2", "sona_speech_2_flash", "supertonic_api_1", "supertonic_api_3"]
)
def test_only_one_model_streams(server: Running, model: str) -> None:
    *kind, said = stream(server.base_url, model=model).said

    assert tuple(kind) == BAD
    assert said == f"model {model} does not support streaming; sona_speech_1 does"


@pytest.mark.parametrize(
    "field", ["style", "model", "output_format", "voice_settings", "include_phonemes", "normalized_text"]
)
def test_null_is_nothing(server: Running, field: str) -> None:
    asked = {"text": "Go.", "language": "en"}
    plain, null = (
        call(server.base_url, "POST", f"/v1/text-to-speech/{AIDEN}", body)
        for body in (asked, asked | {field: None})
    )
    assert plain.status == null.status == 200
    assert plain.body == null.body


def test_what_is_not_there(server: Running) -> None:
    """Nobody with such an id; no such path, no such method."""
    for reply in (
        speak(server.base_url, voice="nobody"),
        speak(server.base_url, voice="nobody", to="predict-duration"),
        stream(server.base_url, voice="nobody"),
        get(server.base_url, "/v1/voices/nobody"),
        get(server.base_url, "/v1/custom-voices/nobody"),
    ):
        assert reply.said == (*MISSING, "Voice not found")
    assert get(server.base_url, "/v1/no-voices").said[:2] == MISSING
    wrong = call(server.base_url, "PUT", "/v1/voices/nobody")
    assert wrong.said[:2] == (405, "Method Not Allowed")
    assert wrong.headers["allow"] == "GET"


def test_bodies_that_are_none(server: Running) -> None:
    for body in (b"", b"{", b"[]", b'"text"'):
        assert call(server.base_url, "POST", f"/v1/text-to-speech/{AIDEN}", body).said[:2] == BAD


def test_keys() -> None:
    """A key that is missing, wrong, or sent as another service's clients do."""
    with running(key="sesame") as server:
        wrong: list[dict[str, str]] = [{}, {"x-sup-api-key": "x"}, {"X-Hume-Api-Key": "sesame"}]
        for headers in wrong:
            for method, path in (
                ("GET", "/v1/voices"),
                ("POST", f"/v1/text-to-speech/{AIDEN}"),
                ("GET", "/v1/x"),
            ):
                assert call(server.base_url, method, path, headers=headers).said[:2] == (401, "Unauthorized")
        for headers in ({"x-sup-api-key": "sesame"}, {"Authorization": "Bearer sesame"}):
            assert call(server.base_url, "GET", "/v1/credits", headers=headers).json == {"balance": None}


def test_sizes() -> None:
    with running(body_bytes=1000) as server:
        assert speak(server.base_url, "a" * 1001).said[:2] == (413, "Request Entity Too Large")


def test_the_queue_is_bounded() -> None:
    """It is one for all services."""
    voice = {"name": "Ava Song", "provider": "HUME_AI"}
    long = {"utterances": [{"text": LINE * 4, "voice": voice}] * 40}
    with (
        running(at_once=1, queue=0) as server,
        server.client.stream("POST", "/v0/tts/stream/json", json=long) as busy,
    ):
        next(busy.iter_lines())
        for reply in (
            speak(server.base_url),
            stream(server.base_url),
            speak(server.base_url, to="predict-duration"),
        ):
            assert reply.said[:2] == (429, "Too Many Requests")
            assert int(reply.headers["retry-after"]) >= 1


BROKE = {
    "status": "error",
    "message": {"message": "No credits", "error": "Payment Required", "statusCode": 402},
}
FAULTS = f"""
faults:
  - {{kind: status, status: 402, path: /v1/text-to-speech/{AIDEN}, requests: [1], body: {json.dumps(BROKE)}}}
  - {{kind: cut, at: 5000, path: /v1/text-to-speech/{AIDEN}/stream, requests: [1]}}
  - {{kind: end, at: 5000, path: /v1/text-to-speech/{AIDEN}/stream, requests: [2]}}
"""


def test_faults_on_demand(tmp_path: Path) -> None:
    """As for every service. A stream that ends too early still tells how long it should have been."""
    (tmp_path / "faults.yaml").write_text(FAULTS, encoding="utf-8")
    with running(faults=tmp_path / "faults.yaml", logged=True) as server:
        assert speak(server.base_url).said == (402, "Payment Required", "No credits")
        path, asked = f"/v1/text-to-speech/{AIDEN}/stream", {"text": LINE, "language": "en"}
        with pytest.raises(httpx.RemoteProtocolError):
            server.client.post(path, json=asked)
        early = stream(server.base_url)
        assert len(early.body) == 5000
        assert float(early.trailers["x-audio-length"]) > 2
        assert speak(server.base_url).status == 200
        assert [line.get("fault") for line in server.log()] == ["status", "cut", "end", None]


def test_a_body_that_comes_too_slowly() -> None:
    with running(idle_s=0.2) as server:
        reply = call_slowly(server.base_url)
    assert reply.said[:2] == (408, "Request Timeout")
