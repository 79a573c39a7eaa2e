"""Requests to Sarvam, and the sound that comes back."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import av
import httpx
import numpy as np

from narrator.takes import Pcm

SPEECH = "/text-to-speech"
STREAM = "/text-to-speech/stream"
DICTIONARIES = "/text-to-speech/pronunciation-dictionary"
LINE = "The lamp was lit before the boats came in. Nobody asked why."
V3 = {"model": "bulbul:v3", "language_code": "en-IN"}


def ask(client: httpx.Client, path: str = STREAM, text: str = LINE, **given: Any) -> httpx.Response:
    """Speech of bulbul:v3 in English, unless *given* otherwise; None takes a field out."""
    body = {"text": text, **V3, **given}
    return client.post(path, json={name: value for name, value in body.items() if value is not None})


def heard(client: httpx.Client, text: str = LINE, **given: Any) -> Pcm:
    """What a stream says, at 24 kHz."""
    samples: dict[str, Any] = {"output_audio_codec": "linear16", "speech_sample_rate": 24_000}
    answer = ask(client, text=text, **samples | given)
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<i2")


def files(answer: httpx.Response) -> list[bytes]:
    """Those of an answer in one piece."""
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(audio, validate=True) for audio in answer.json()["audios"]]


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal that is in the envelope and in nothing else."""
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "code", "request_id"}
    return answer.status_code, body["error"]["code"], body["error"]["message"]


def decoded(file: bytes, *, format_: str | None = None, rate: int | None = None) -> tuple[Pcm, int, str]:
    """
    Samples, their rate and the codec, as libav reads them.

    Args:
        format_: of a file without a header, with its *rate*.
    """
    options = {"ar": str(rate), "ch_layout": "mono"} if rate else {}
    with av.open(io.BytesIO(file), "r", format=format_, options=options) as container:
        (stream,) = container.streams.audio
        resampler = av.AudioResampler(format="s16", layout="mono")
        parts = [
            made.to_ndarray()[0] for frame in container.decode(audio=0) for made in resampler.resample(frame)
        ]
        codec = stream.codec_context
        return np.concatenate(parts), codec.sample_rate, codec.name


def upload(pronunciations: object, *, name: str = "words.json", kind: str = "application/json") -> Any:
    """A form with a dictionary in it; a text stands for itself."""
    content = pronunciations if isinstance(pronunciations, bytes) else _file(pronunciations)
    return {"file": (name, content, kind)}


def _file(pronunciations: object) -> bytes:
    return json.dumps({"pronunciations": pronunciations}, ensure_ascii=False).encode()
