"""Sarvam's own TypeScript SDK speaks to `narrator serve`; `typescript/sarvam.mjs` calls its methods."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.serving.running import running
from tests.serving.sarvam.asking import decoded, heard

FOLDER = Path(__file__).parents[1] / "typescript"
LINE = "The lamp was lit. Nobody asked why."
CODECS = ("mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav")
BARE = {"linear16": "s16le", "mulaw": "mulaw", "alaw": "alaw"}
WORDS = {"en-IN": {"lamp": "candle"}}
MORE = {"en-IN": {"Nobody": "No one"}}

Step = dict[str, Any]


def speech(method: str, **given: Any) -> Step:
    asked = {"text": LINE, "language_code": "en-IN", "model": "bulbul:v3", "speech_sample_rate": 24_000}
    return {"call": f"textToSpeech.{method}", "asked": asked | given}


def dictionary(method: str, pronunciations: object = None, **given: Any) -> Step:
    if pronunciations is not None:
        content = json.dumps({"pronunciations": pronunciations}).encode()
        given["file"] = {
            "content": base64.b64encode(content).decode(),
            "filename": "words.json",
            "contentType": "application/json",
        }
    return {"call": f"pronunciationDictionary.{method}", "asked": given}


def steps(locked: str) -> dict[str, Step]:
    """
    Everything that is tried, in this order.

    Args:
        locked: address of a server with a key.
    """
    latest = {"dict_id": "latest"}
    samples = {"output_audio_codec": "linear16"}
    words = {f"word{number}": "x" for number in range(101)}
    return {
        "convert": speech("convert", speaker="ritu"),
        **{codec: speech("convertStream", output_audio_codec=codec) for codec in CODECS},
        "create": dictionary("create", WORDS),
        "update": dictionary("update", MORE, **latest),
        "list": dictionary("list"),
        "get": dictionary("get", **latest),
        "said": speech("convertStream", **latest, **samples),
        "delete": dictionary("delete", **latest),
        "gone": dictionary("get", **latest),
        "many": dictionary("create", {"en-IN": words}),
        "pitch": speech("convert", pitch=0.1),
        "pace": speech("convertStream", pace=3),
        "long": speech("convertStream", text="a" * 3501),
        "locked": speech("convertStream") | {"base": locked},
        "let in": speech("convertStream", **samples) | {"base": locked, "key": "sesame"},
    }


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What came of each step; and what is heard without the SDK, as `candle` and `line`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    if not (FOLDER / "node_modules" / ".package-lock.json").exists():
        pytest.skip("the TypeScript SDK is not installed; `make test` installs it where there is npm")
    with running() as server, running(key="sesame") as locked:
        tried = steps(locked.base_url)
        job = {"base": server.base_url, "steps": list(tried.values())}
        done = subprocess.run(
            [node, FOLDER / "sarvam.mjs"],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        found = dict(zip(tried, map(json.loads, done.stdout.strip("\n").split("\n")), strict=True))
        found["candle"] = heard(server.client, "The candle was lit. No one asked why.")
        found["line"] = heard(server.client, LINE)
    return found


def given(told: dict[str, Any], name: str) -> Any:
    assert "error" not in told[name], told[name]
    return told[name]["got"]


def test_speech(told: dict[str, Any]) -> None:
    made = given(told, "convert")

    assert set(made) == {"request_id", "audios"}
    (audio,) = made["audios"]
    info = soundfile.info(io.BytesIO(base64.b64decode(audio, validate=True)))
    assert (info.format, info.samplerate) == ("WAV", 24_000)


@pytest.mark.parametrize("codec", CODECS)
def test_streams(told: dict[str, Any], codec: str) -> None:
    file = base64.b64decode(given(told, codec))

    pcm, rate, _ = decoded(file, format_=BARE.get(codec), rate=24_000 if codec in BARE else None)
    assert len(pcm) / rate == pytest.approx(len(told["line"]) / 24_000, abs=0.13)
    if codec == "linear16":
        assert np.array_equal(pcm, told["line"])


def test_dictionaries(told: dict[str, Any]) -> None:
    dict_id = given(told, "create")["dictionary_id"]
    merged = {"en-IN": WORDS["en-IN"] | MORE["en-IN"]}

    assert given(told, "update") == {"dictionary_id": dict_id, "updated_pronunciations": merged}
    assert given(told, "list") == {"dictionary_count": 1, "dictionaries": [dict_id]}
    assert given(told, "get") == {"pronunciations": merged}
    assert np.array_equal(np.frombuffer(base64.b64decode(given(told, "said")), "<i2"), told["candle"])
    assert given(told, "delete")["success"] is True


@pytest.mark.parametrize(
    ("name", "kind", "status", "code"),
    [
        ("gone", "NotFoundError", 404, "not_found_error"),
        ("many", "UnprocessableEntityError", 422, "unprocessable_entity_error"),
        ("pitch", "BadRequestError", 400, "invalid_request_error"),
        ("pace", "BadRequestError", 400, "invalid_request_error"),
        ("long", "UnprocessableEntityError", 422, "unprocessable_entity_error"),
        ("locked", "ForbiddenError", 403, "invalid_api_key_error"),
    ],
)
def test_refusals(told: dict[str, Any], name: str, kind: str, status: int, code: str) -> None:
    error = told[name]["error"]

    assert (error["kind"], error["status"], error["body"]["error"]["code"]) == (kind, status, code)
    assert error["body"]["error"]["request_id"]


def test_a_key(told: dict[str, Any]) -> None:
    assert np.array_equal(np.frombuffer(base64.b64decode(given(told, "let in")), "<i2"), told["line"])
