"""A program that uses Supertone, written from its pages alone: plain functions over urllib and sockets."""

from __future__ import annotations

import base64
import io
import json
import socket
import struct
import urllib.error
import urllib.request
import wave
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import numpy as np
import numpy.typing as npt

AIDEN = "2d5a380030e78fcab0c82a"
LINE = "The lamp was lit before the boats came in. Nobody asked why."
PATIENCE_S = 30

Json = dict[str, Any]
Pcm = npt.NDArray[np.int16]


class Reply(NamedTuple):
    """What came."""

    status: int
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes
    trailers: Mapping[str, str] = {}

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> tuple[int, str, str | list[str]]:
        """Status, kind and message of a refusal that is in the documented envelope and in nothing else."""
        assert set(self.json) == {"status", "message"}
        assert self.json["status"] == "error"
        inner = self.json["message"]
        assert set(inner) == {"message", "error", "statusCode"}
        assert inner["statusCode"] == self.status
        return self.status, inner["error"], inner["message"]


def call(
    base_url: str, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request; JSON unless *body* is bytes."""
    given = {"Content-Type": "application/json", **(headers or {})}
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    asked = urllib.request.Request(base_url + path, content, given, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
            return Reply(answer.status, _folded(answer.headers.items()), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, _folded(error.headers.items()), error.read())


def get(base_url: str, path: str, **query: Any) -> Reply:
    """A list, or a thing."""
    return call(base_url, "GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)


def speak(
    base_url: str, text: str = LINE, *, to: str = "text-to-speech", voice: str = AIDEN, **given: Any
) -> Reply:
    """Speech in one piece, or a prediction; None takes a field out."""
    body = {"text": text, "language": "en", **given}
    return call(
        base_url, "POST", f"/v1/{to}/{voice}", {name: each for name, each in body.items() if each is not None}
    )


def heard(base_url: str, text: str = LINE, **given: Any) -> Pcm:
    """What it sounds like, at 44.1 kHz."""
    reply = speak(base_url, text, **given)
    assert reply.status == 200, reply.body
    return samples(reply.body)


def seconds(base_url: str, text: str = LINE, **given: Any) -> float:
    """What is foretold of it."""
    reply = speak(base_url, text, to="predict-duration", **given)
    assert reply.status == 200, reply.body
    assert set(reply.json) == {"duration"}
    return float(reply.json["duration"])


def stream(
    base_url: str, text: str = LINE, *, voice: str = AIDEN, version: str = "1.1", **given: Any
) -> Reply:
    """Speech in pieces, down to the trailers, which no client of the standard library shows."""
    host = urlsplit(base_url)
    body = json.dumps({"text": text, "language": "en", **given}).encode()
    head = (
        f"POST /v1/text-to-speech/{voice}/stream HTTP/{version}\r\nHost: {host.netloc}\r\n"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return _exchanged(base_url, head.encode() + body)


def call_slowly(base_url: str) -> Reply:
    """A request whose body never comes."""
    head = f"POST /v1/text-to-speech/{AIDEN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return _exchanged(base_url, f"{head}Connection: close\r\nContent-Length: 100\r\n\r\n".encode())


def _exchanged(base_url: str, sent: bytes) -> Reply:
    host = urlsplit(base_url)
    with socket.create_connection((str(host.hostname), host.port or 80), PATIENCE_S) as connection:
        connection.sendall(sent)
        read = connection.makefile("rb").read()
    top, _, rest = read.partition(b"\r\n\r\n")
    status, *rows = top.decode().split("\r\n")
    headers = _folded(_pairs(rows))
    if headers.get("transfer-encoding") != "chunked":
        return Reply(int(status.split()[1]), headers, rest)
    whole, trailers = _unchunked(rest)
    return Reply(int(status.split()[1]), headers, whole, trailers)


def rows(body: bytes) -> list[Json]:
    """The lines of a stream with phonemes."""
    assert body.endswith(b"\n")
    return [json.loads(row) for row in body[:-1].split(b"\n")]


def joined(rows: Iterable[Json]) -> tuple[bytes, Json]:
    """The sound of some lines, and their phonemes."""
    sound = b""
    told: Json = {"symbols": [], "start_times_seconds": [], "durations_seconds": []}
    for row in rows:
        sound += base64.b64decode(row["audio_base64"] or "", validate=True)
        for name, values in (row["phonemes"] or {}).items():
            told[name] += values
    return sound, told


def samples(file: bytes) -> Pcm:
    """Of a whole WAV."""
    with wave.open(io.BytesIO(file)) as read:
        assert read.getparams()[:3] == (1, 2, 44_100)
        assert len(file) == 44 + 2 * read.getnframes()
        return np.frombuffer(read.readframes(read.getnframes()), "<i2")


def sizes(file: bytes) -> tuple[int, int]:
    """What the header of a WAV says of its length, and of that of its samples."""
    found: tuple[int, int] = struct.unpack("<4xI32xI", file[:44])
    return found


def form(**parts: str | tuple[str, bytes, str]) -> tuple[bytes, Mapping[str, str]]:
    """A body with a file in it (name, content, type) and its header."""
    edge = "next-part"
    made = b""
    for name, part in parts.items():
        file, content, kind = part if isinstance(part, tuple) else ("", part.encode(), "")
        said = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
        typed = f"\r\nContent-Type: {kind}" if kind else ""
        made += f"--{edge}\r\nContent-Disposition: {said}{typed}\r\n\r\n".encode() + content + b"\r\n"
    return made + f"--{edge}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={edge}"}


def _unchunked(coded: bytes) -> tuple[bytes, Mapping[str, str]]:
    whole = b""
    while True:
        size, _, coded = coded.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return whole, _folded(_pairs(coded.decode().split("\r\n")))
        whole += coded[:length]
        assert coded[length : length + 2] == b"\r\n"
        coded = coded[length + 2 :]


def _pairs(rows: Iterable[str]) -> Iterable[tuple[str, str]]:
    for row in filter(None, rows):
        name, _, value = row.partition(":")
        yield name, value.strip()


def _folded(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in pairs}
