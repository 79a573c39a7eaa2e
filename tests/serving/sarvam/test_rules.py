"""What Sarvam's endpoints refuse, and how."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.serving.running import Running, running
from tests.serving.sarvam.asking import DICTIONARIES, LINE, SPEECH, STREAM, V3, ask, refused

BAD = "invalid_request_error"
BROKEN = "unprocessable_entity_error"
NO_MELODY = "Pitch and loudness parameters are currently not supported for the Bulbul V3 model"
V4 = {"model": "bulbul:v4-flash"}
V2 = {"model": "bulbul:v2"}


@pytest.mark.parametrize("path", [SPEECH, STREAM])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pitch": 0.0}, NO_MELODY),
        ({"loudness": 1.0}, NO_MELODY),
        ({"pace": 0.49}, "For the Bulbul V3 model, pace should be between 0.5 and 2.0"),
        ({"pace": 2.01}, "For the Bulbul V3 model, pace should be between 0.5 and 2.0"),
        ({"pace": 3.1, **V2}, "For the Bulbul V2 model, pace should be between 0.3 and 3.0"),
        ({"speaker": "anushka"}, "Speaker 'anushka' is not compatible with model bulbul:v3"),
        ({"speaker": "shubh_en_audiobook"}, "is not compatible with model bulbul:v3"),
        ({"speaker": "shubh", **V4}, "Speaker 'shubh' is not compatible with model bulbul:v4-flash"),
        ({"speaker": "amelia"}, "Speaker 'amelia' is not recognized. Available speakers"),
        ({"speaker": "Ritu"}, "Speaker 'Ritu' is not recognized"),
        ({"speaker": ""}, "is not recognized"),
        ({"text": [LINE]}, "'text' must be a string. Use 'inputs'"),
        ({"text": 7}, "text: "),
        ({"model": "bulbul:v1"}, "model: "),
        ({"language_code": "en-US"}, "language_code: "),
        ({"language_code": "hi"}, "language_code: "),
        ({"language_code": "or-IN"}, "language_code: "),
        ({"temperature": 1.5}, "temperature: "),
        ({"temperature": 0}, "temperature: "),
        ({"pitch": 1.5, **V2}, "pitch: "),
        ({"loudness": 3.5, **V2}, "loudness: "),
        ({"pace": "fast"}, "pace: "),
        ({"output_audio_codec": "ogg"}, "output_audio_codec: "),
        ({"speech_sample_rate": 11_025}, "Speech sample rate can only be 8000, 16000, 22050, 24000"),
        ({"speech_sample_rate": 48_000, **V2}, "Speech sample rate can only be 8000, 16000, 22050, 24000 Hz"),
        ({"dict_id": "p_00000000", **V2}, "dict_id: "),
    ],
)
def test_requests_that_cannot_be_met(server: Running, path: str, given: dict[str, Any], said: str) -> None:
    status, code, message = refused(ask(server.client, path, **{"text": LINE} | given))

    assert (status, code) == (400, BAD)
    assert said in message


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        (STREAM, {"speech_sample_rate": 48_000}, "can only be 8000, 16000, 22050, 24000 Hz"),
        (STREAM, {"output_audio_codec": "opus"}, "opus"),
        (STREAM, {"output_audio_bitrate": "48k"}, "output_audio_bitrate: "),
        (STREAM, {"text": None}, "text: "),
        (SPEECH, {"output_audio_codec": "opus", "speech_sample_rate": 24_000}, "opus"),
        (SPEECH, {"language_code": None}, "language_code: "),
        (SPEECH, {"text": None}, "'text'"),
        (SPEECH, {"inputs": ["Go."]}, "'inputs'"),
        (SPEECH, {"text": None, "inputs": []}, "inputs: "),
        (SPEECH, {"text": None, "inputs": ["."] * 1251}, "divide"),
    ],
)
def test_rules_of_one_endpoint(server: Running, path: str, given: dict[str, Any], said: str) -> None:
    status, code, message = refused(ask(server.client, path, **{"text": LINE} | given))

    assert (status, code) == (400, BAD)
    assert said in message


@pytest.mark.parametrize(
    ("path", "model", "limit", "refusal"),
    [
        (SPEECH, "bulbul:v2", 1500, (400, BAD)),
        (SPEECH, "bulbul:v3", 2500, (400, BAD)),
        (SPEECH, "bulbul:v4-flash", 2500, (400, BAD)),
        (STREAM, "bulbul:v2", 3500, (422, BROKEN)),
        (STREAM, "bulbul:v3", 3500, (422, BROKEN)),
    ],
)
def test_lengths_of_texts(
    server: Running, path: str, model: str, limit: int, refusal: tuple[int, str]
) -> None:
    """Counted in code points."""
    text = ("दीपक " * limit)[:limit]

    for wrong in (text + "a", "", " \n "):
        assert refused(ask(server.client, path, wrong, model=model))[:2] == refusal
    language = {"language_code": "hi-IN", "model": model, "pace": 2, "speech_sample_rate": 8000}
    if model != "bulbul:v4-flash":
        assert ask(server.client, path, text, **language).status_code == 200


@pytest.mark.parametrize("field", ["speaker", "pace", "pitch", "dict_id", "inputs", "output_audio_codec"])
def test_null_is_nothing(server: Running, field: str) -> None:
    plain = server.client.post(STREAM, json={"text": "Go.", **V3})

    assert server.client.post(STREAM, json={"text": "Go.", **V3, field: None}).content == plain.content


def test_bodies_that_are_none(server: Running) -> None:
    for body in (b"", b"{", b"[]", b'"text"'):
        answer = server.client.post(SPEECH, content=body, headers={"content-type": "application/json"})
        assert refused(answer)[:2] == (400, BAD)


@pytest.mark.parametrize("path", [SPEECH, STREAM, DICTIONARIES])
def test_a_prefix_that_is_not_there(server: Running, path: str) -> None:
    assert refused(server.client.post(f"/v1{path}", json=V3))[:2] == (404, "not_found_error")


def test_methods_that_are_not_there(server: Running) -> None:
    answer = server.client.get(STREAM)

    assert refused(answer)[:2] == (405, BAD)
    assert answer.headers["allow"] == "POST"
    assert refused(server.client.get(f"{STREAM}/more"))[:2] == (404, "not_found_error")


def test_a_websocket_is_refused(server: Running) -> None:
    """At the handshake, where there is a stream and where the service has one."""
    for path in (STREAM, f"{SPEECH}/ws"):
        with pytest.raises(InvalidStatus) as error, connect(server.base_url.replace("http", "ws") + path):
            pass
        assert error.value.response.status_code == 403


def test_keys() -> None:
    """A key that is missing, wrong, or another service's way of sending it is a 403 and never a 401."""
    with running(key="sesame") as server, httpx.Client(base_url=server.base_url, timeout=30) as client:
        wrong: list[dict[str, str]] = [{}, {"api-subscription-key": "x"}, {"X-Hume-Api-Key": "sesame"}]
        for headers in wrong:
            for path in (STREAM, SPEECH, DICTIONARIES, f"{SPEECH}/x"):
                answer = client.post(path, headers=headers)
                assert refused(answer)[:2] == (403, "invalid_api_key_error")
                assert "www-authenticate" not in answer.headers
        for headers in ({"api-subscription-key": "sesame"}, {"Authorization": "Bearer sesame"}):
            assert client.get(DICTIONARIES, headers=headers).status_code == 200


def test_sizes() -> None:
    with running(body_bytes=1000) as server:
        assert refused(ask(server.client, STREAM, "a" * 1001))[:2] == (413, BAD)


def test_the_queue_is_bounded() -> None:
    """It is one for all services."""
    voice = {"name": "Ava Song", "provider": "HUME_AI"}
    long = {"utterances": [{"text": LINE * 4, "voice": voice}] * 40}
    with (
        running(at_once=1, queue=0) as server,
        server.client.stream("POST", "/v0/tts/stream/json", json=long) as busy,
    ):
        next(busy.iter_lines())
        for path in (STREAM, SPEECH):
            answer = ask(server.client, path)
            assert refused(answer)[:2] == (429, "rate_limit_exceeded_error")
            assert int(answer.headers["retry-after"]) >= 1


FAULTS = """
faults:
  - {kind: status, status: 429, path: /text-to-speech/stream, requests: [1], headers: {Retry-After: 1},
     body: {error: {message: no credit, code: insufficient_quota_error, request_id: null}}}
  - {kind: cut, at: 5000, path: /text-to-speech/stream, requests: [2]}
  - {kind: end, at: 5000, path: /text-to-speech/stream, requests: [3]}
  - {kind: status, status: 404, method: PUT, path: /text-to-speech/pronunciation*}
  - {kind: garbage, form: base64, path: /text-to-speech}
"""


def test_faults_on_demand(tmp_path: Any) -> None:
    """As for every service; a star stands for the rest of a path."""
    (tmp_path / "faults.yaml").write_text(FAULTS, encoding="utf-8")
    with running(faults=tmp_path / "faults.yaml", logged=True) as server:
        assert refused(ask(server.client))[:2] == (429, "insufficient_quota_error")
        with pytest.raises(httpx.RemoteProtocolError):
            ask(server.client)
        assert len(ask(server.client).content) == 5000
        assert ask(server.client).status_code == 200
        assert server.client.put(DICTIONARIES).status_code == 404
        names = [line.get("fault") for line in server.log()]

    assert names == ["status", "cut", "end", None, "status"]
