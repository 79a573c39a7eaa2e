"""What schemathesis is told about Octave, since the page cannot say it: a voice, a recording, and what the
lines of a stream are.

Loaded by the `schemathesis` command (`SCHEMATHESIS_HOOKS`). It changes some requests, so that speech is
reached as well as refusals; which ones is decided by the request itself, so that two runs are alike.
"""

from __future__ import annotations

import io
import json
import zlib
from typing import Any

import jsonschema_rs
import numpy as np
import schemathesis
import soundfile

VOICE = {"name": "Ava Song", "provider": "HUME_AI"}
RATE = 16_000


def _recording() -> bytes:
    """Half a second of a hum, in a WAV file."""
    file = io.BytesIO()
    hum = 0.3 * np.sign(np.sin(2 * np.pi * 120 * np.arange(RATE // 2) / RATE))
    soundfile.write(file, hum, RATE, format="WAV")
    return file.getvalue()


RECORDING = _recording()
saved: list[str] = []
"""Names of voices that were saved and not deleted again."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """
    Give every other request a voice and every fourth conversion a recording; delete what was saved. The
    longest silence is kept in every eighth request.
    """
    if case.method == "DELETE" and saved and "name" in (case.query or {}):
        case.query["name"] = saved.pop()
    body = case.body
    if not isinstance(body, dict):
        return
    lot = zlib.crc32(repr(body).encode())
    utterances = body.get("utterances")
    for each in utterances if isinstance(utterances, list) and lot % 8 else ():
        if isinstance(each, dict) and each.get("trailing_silence") == 5:
            each["trailing_silence"] = 0.1
    if lot % 2 == 0 and isinstance(utterances, list) and utterances and isinstance(utterances[0], dict):
        utterances[0]["voice"] = VOICE
    if lot % 4 == 0 and "audio" in body:
        body |= {"audio": RECORDING, "voice": VOICE}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remember what was saved."""
    if (case.method, case.path, response.status_code) == ("POST", "/v0/tts/voices", 200):
        saved.append(response.json()["name"])


@schemathesis.check
def lines_conform(context: Any, response: Any, case: Any) -> None:
    """Each line of a stream is an object of its schema: schemathesis itself would look for events."""
    (kind,) = response.headers.get("content-type") or ("",)
    if not kind.startswith("text/event-stream"):
        return
    page = case.operation.schema.raw_schema
    schema = {"$ref": "#/components/schemas/TtsOutput", "components": page["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    lines = [line for line in response.content.split(b"\n") if line]
    assert lines, "a stream without a line"
    for line in lines:
        validator.validate(json.loads(line))
