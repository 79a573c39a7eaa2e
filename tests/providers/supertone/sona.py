"""A small Supertone on loopback, written from the contract by hand: real tones, phonemes, and its refusals.

    with Sona() as sona:
        supertone = Supertone({"base_url": sona.url})
    sona.asked[0]["text"]

It speaks a letter every 40 ms after 100 ms of silence, and refuses what the service refuses. A test that
wants worse puts a `Step` of its own before it with `add`.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from narrator.takes import Pcm
from tests.outside import Answer, Outside, Seen, said

RATE = 22_050
LEAD_MS, MS_PER_LETTER, TAIL_MS = 100, 40, 60
STREAMING = 0xFFFFFFFF
"""A size that nobody knew when the header was sent."""

Body = dict[str, Any]
Shape = Literal["both", "alternating"]

AIDEN = {
    "voice_id": "2d5a380030e78fcab0c82a",
    "name": "Aiden",
    "description": "calm and near",
    "age": "young-adult",
    "gender": "male",
    "use_case": "narration",
    "use_cases": ["narration", "audiobook"],
    "language": ["en", "ko", "ja", "de"],
    "styles": ["neutral", "happy", "Whisper"],
    "models": ["sona_speech_1", "sona_speech_2", "supertonic_api_1"],
}
BELLA = {
    "voice_id": "aaaabbbbccccddddeeee01",
    "name": "Bella Ray",
    "gender": "female",
    "language": ["en", "fr"],
    "styles": ["soft"],
    "models": ["sona_speech_1", "sona_speech_2", "sona_speech_2_flash", "supertonic_api_3"],
    "thumbnail_image_url": None,
}
MARA = {"voice_id": "weKbNjMh2V5MuXziwHwjoT", "name": "Mara"}
"""The account's own: nothing is said of it but its name."""


class Refused(Exception):
    """What the service will not do."""

    def __init__(self, status: int, message: object, *, error: str = "Error") -> None:
        self.answer = no(status, message, error=error)
        super().__init__(status)


class Sona(Outside):
    """The server. `asked` holds the bodies of all requests for speech that were let in."""

    def __init__(self, *, key: str | None = None, shape: Shape = "both") -> None:
        """
        Args:
            key: demanded of every request.
            shape: of the lines of a stream with phonemes.
        """
        super().__init__(then=self.answer)
        self.key, self.shape = key, shape
        self.presets: list[Body] = [dict(AIDEN), dict(BELLA)]
        self.own: list[Body] = [dict(MARA)]
        self.asked: list[Body] = []
        self.predicted: list[Body] = []

    def billed(self) -> int:
        """How many requests for speech have come."""
        return sum(seen.path.startswith("/v1/text-to-speech/") for seen in self.seen)

    def answer(self, seen: Seen) -> Answer:
        parts = urlsplit(seen.path)
        steps = [unquote(step) for step in parts.path.split("/")[1:]]
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            if self.key is not None and seen.headers.get("x-sup-api-key") != self.key:
                raise Refused(401, f"Invalid API key {seen.headers.get('x-sup-api-key')}")
            match (seen.method, *steps):
                case ("GET", "v1", "voices" | "custom-voices" as kind, *rest):
                    return self._voices(self.presets if kind == "voices" else self.own, rest, query)
                case ("POST", "v1", "predict-duration", voice):
                    self.predicted.append(self._checked(voice, seen.json()))
                    return said({"duration": seconds(seen.json())})
                case ("POST", "v1", "text-to-speech", voice):
                    self.asked.append(self._checked(voice, seen.json()))
                    return whole(seen.json())
                case ("POST", "v1", "text-to-speech", voice, "stream"):
                    body = self._checked(voice, seen.json())
                    if body["model"] != "sona_speech_1":
                        raise Refused(400, "streaming needs sona_speech_1")
                    self.asked.append(body)
                    return streamed(body, shape=self.shape)
            raise Refused(404, f"Cannot {seen.method} {parts.path}", error="Not Found")
        except Refused as refused:
            return refused.answer

    def _voices(self, voices: Sequence[Body], rest: Sequence[str], query: Mapping[str, str]) -> Answer:
        match rest:
            case [] | ["search"]:
                found = [each for each in voices if query.get("name", "").lower() in each["name"].lower()]
                if rest and not found:
                    raise Refused(404, "No voices found", error="Not Found")
                size, start = int(query.get("page_size", "20")), int(query.get("next_page_token", "0"))
                if not 10 <= size <= 100:
                    raise Refused(400, ["page_size must not be greater than 100"])
                last = start + min(size, 2)  # shorter pages than are asked for
                token = str(last) if last < len(found) else None
                page = {"items": found[start:last], "total": len(found), "next_page_token": token}
                return said(page)
            case [voice_id]:
                for each in voices:
                    if each["voice_id"] == voice_id:
                        return said(each)
        raise Refused(404, "Voice not found", error="Not Found")

    def _checked(self, voice_id: str, body: Body) -> Body:
        if not any(map(str.isalnum, body["text"])) or len(body["text"]) > 300:
            raise Refused(400, ["text must be shorter than or equal to 300 characters"], error="Bad Request")
        voice = next((each for each in (*self.presets, *self.own) if each["voice_id"] == voice_id), None)
        if voice is None:
            raise Refused(404, "Voice not found", error="Not Found")
        for name, field in (("style", "styles"), ("language", "language"), ("model", "models")):
            if voice.get(field) and body[name] not in voice[field]:
                raise Refused(400, f"{name} {body[name]!r} is not supported")
        settings = body["voice_settings"]
        if not 0.5 <= settings["speed"] <= 2:
            raise Refused(400, ["speed must not be greater than 2"])
        return body


def no(status: int, message: object, *, error: str = "Error") -> Answer:
    """An error as the service's examples have it."""
    inner = {"message": message, "error": error, "statusCode": status}
    return said({"status": "error", "message": inner}, status=status)


def seconds(body: Body) -> float:
    """How long a text sounds."""
    length_ms = LEAD_MS + MS_PER_LETTER * len(body["text"]) + TAIL_MS
    return length_ms / 1000 / float(body["voice_settings"]["speed"])


def samples(text: str, *, speed: float = 1.0, rate: int = RATE) -> Pcm:
    """What a text sounds like."""
    count = round((LEAD_MS + MS_PER_LETTER * len(text) + TAIL_MS) * rate / 1000 / speed)
    clock = np.arange(count) / rate
    tone: Pcm = np.round(9000 * np.sin(2 * np.pi * (200 + len(text)) * clock)).astype(np.int16)
    return tone


def phonemes(text: str, *, speed: float = 1.0) -> Body:
    """One for each letter, silence before and after."""
    starts = [0.0, *((LEAD_MS + MS_PER_LETTER * at) / 1000 / speed for at in range(len(text) + 1))]
    ends = [*starts[1:], (LEAD_MS + MS_PER_LETTER * len(text) + TAIL_MS) / 1000 / speed]
    return {
        "symbols": ["", *(letter if letter.isalnum() else "" for letter in text), ""],
        "start_times_seconds": starts,
        "durations_seconds": [end - start for start, end in zip(starts, ends, strict=True)],
    }


def wav(pcm: Pcm, *, rate: int = RATE, size: int | None = None, notes: bytes = b"") -> bytes:
    """
    A WAV file.

    Args:
        size: what its header says of the samples, if not the truth.
        notes: the content of a part that stands before them.
    """
    data = pcm.tobytes()
    named = len(data) if size is None else size
    part = b"LIST" + struct.pack("<I", len(notes)) + notes if notes else b""
    layout = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + layout + part + b"data" + struct.pack("<I", named) + data
    return b"RIFF" + struct.pack("<I", min(named + len(body) - len(data), STREAMING)) + body


def in_json(audio: bytes | None, told: Body | None) -> Body:
    """One object of an answer."""
    return {"audio_base64": None if audio is None else base64.b64encode(audio).decode(), "phonemes": told}


def whole(body: Body) -> Answer:
    """An answer in one piece."""
    text, speed = body["text"], float(body["voice_settings"]["speed"])
    audio = wav(samples(text, speed=speed), notes=b"INFO made here.")
    headers = {"X-Audio-Length": str(seconds(body))}
    if body["include_phonemes"]:
        return said(in_json(audio, phonemes(text, speed=speed)), headers=headers)
    return Answer(audio, headers={"Content-Type": "audio/wav", **headers})


def streamed(body: Body, *, shape: Shape = "both", pieces: int = 3) -> Answer:
    """An answer in pieces: bytes, or lines of JSON that arrive cut at odd places."""
    text, speed = body["text"], float(body["voice_settings"]["speed"])
    file = wav(samples(text, speed=speed), size=STREAMING)
    if not body["include_phonemes"]:
        return trailed(cut(file, 7), {"X-Audio-Length": str(seconds(body))})
    rows = [json.dumps(row).encode() for row in objects(file, phonemes(text, speed=speed), shape, pieces)]
    return Answer(cut(b"\n".join(rows) + b"\n", 11), headers={"Content-Type": "application/x-ndjson"})


def objects(file: bytes, told: Body, shape: Shape, pieces: int = 3) -> list[Body]:
    """The lines of a stream: the header is on the first alone, and start times go on from line to line."""
    audio = cut(file, pieces)
    size = -(-len(told["symbols"]) // len(audio))
    parts = [
        {name: values[at * size : (at + 1) * size] for name, values in told.items()}
        for at in range(len(audio))
    ]
    if shape == "both":
        return [in_json(*both) for both in zip(audio, parts, strict=True)]
    return [
        row
        for sound, part in zip(audio, parts, strict=True)
        for row in (in_json(sound, None), in_json(None, part))
    ]


def trailed(pieces: Sequence[bytes], trailers: Mapping[str, str], *, cut_at: int | None = None) -> Answer:
    """An answer in chunked coding with headers after its body."""
    rows = "".join(f"{name}: {value}\r\n" for name, value in trailers.items()).encode()
    coded = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: {', '.join(trailers)}\r\n\r\n".encode()
    return Answer([*coded, b"0\r\n", rows, b"\r\n"], head=head, chunked=False, cut=cut_at)


def cut(data: bytes, count: int) -> list[bytes]:
    """In so many pieces, of odd lengths."""
    size = max(1, -(-len(data) // count)) | 1
    return [data[at : at + size] for at in range(0, len(data), size)]


def cut_off(answer: Answer, size: int) -> Answer:
    """The same, the connection ending after so many bytes of its body."""
    return replace(answer, cut=size)
