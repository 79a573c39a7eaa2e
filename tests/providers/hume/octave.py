"""A small Octave on loopback, written from the contract by hand: real tones, and the service's refusals.

    with Octave() as octave:
        hume = Hume({"base_url": octave.url})
    octave.asked[0]["utterances"][0]["text"]

It times words where it should, remembers its generations, keeps voices, and refuses what the service refuses
(contract 5.4). A test that wants worse puts a `Step` of its own before it with `add`.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
import uuid
import wave
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import numpy as np

from narrator.providers.hume.roster import LIBRARY
from tests.outside import Answer, Outside, Seen, lines, said

RATE = 48_000
MS_PER_LETTER = 45
_MARKER = re.compile(r"\[(?:long )?pause\]")
_PIECES = 3
"""How many pieces a snippet's audio comes in."""

Body = dict[str, Any]


class Refused(Exception):
    """What the service will not do."""

    def __init__(self, status: int, body: object) -> None:
        self.answer = said(body, status=status)
        super().__init__(status)


class Made(NamedTuple):
    """A generation that the service remembers."""

    version: str
    text: str


class Octave(Outside):
    """The server. `asked` holds the bodies of all requests for speech, forms included."""

    def __init__(self, *, key: str | None = None) -> None:
        """
        Args:
            key: demanded of every request.
        """
        super().__init__(then=self.answer)
        self.key = key
        self.asked: list[Body] = []
        self.made: dict[str, Made] = {}
        self.kept: dict[str, str] = {}
        """Voices of the account: ids by name."""
        self.recordings: list[bytes] = []
        """Guides that were sent."""

    def forget(self) -> None:
        """Know no generation any more."""
        self.made.clear()

    def answer(self, seen: Seen) -> Answer:
        path = urlsplit(seen.path).path
        try:
            self._let_in(seen)
            if path == "/v0/tts/voices":
                return self._voices(seen)
            if path == "/v0/tts/voice_conversion/json":
                return self._convert(seen)
            body = seen.json()
            self.asked.append(body)
            match path:
                case "/v0/tts/stream/json":
                    return self._stream(body)
                case "/v0/tts":
                    return self._whole(body)
                case "/v0/tts/stream/file" | "/v0/tts/file":
                    self._check(body, streams="stream" in path)
                    return Answer(_pieces(tone(body["utterances"][0]["text"]), 5))
            raise Refused(404, {"detail": "Not Found"})
        except Refused as refused:
            return refused.answer

    def _let_in(self, seen: Seen) -> None:
        if not seen.headers.get("user-agent", "").startswith("narrator/"):
            raise Refused(403, "error code: 1010")
        if self.key is not None and seen.headers.get("x-hume-api-key") != self.key:
            raise Refused(401, {"message": f"Invalid key {seen.headers.get('x-hume-api-key')}"})

    def _check(self, body: Body, *, streams: bool) -> None:
        (utterance,) = body["utterances"]
        version, voice = body["version"], utterance.get("voice")
        if not utterance["text"] or len(utterance["text"]) > 5000:
            raise Refused(422, wrong("utterances", 0, "text"))
        if utterance.get("description") is not None and version == "2":
            raise Refused(400, {"message": "Octave 2 does not support the 'description' parameter"})
        if body.get("include_timestamp_types") and version == "1":
            raise Refused(400, {"message": "timestamps need Octave 2"})
        if voice is None and version == "2":
            raise Refused(422, wrong("utterances", 0, "voice"))
        if ("instant_mode" in body) != streams:
            raise Refused(422, wrong("instant_mode"))
        self._check_voice(voice)
        self._check_context(body.get("context"), version)

    def _check_voice(self, voice: Body | None) -> None:
        if voice is None:
            return
        known = LIBRARY if voice["provider"] == "HUME_AI" else self.kept
        if voice.get("name") not in known and voice.get("id") not in known.values():
            message = f"Octave Custom Voice (ID: {voice.get('id')}) does not exist or is not accessible."
            raise Refused(404, {"status": 404, "error": "Not Found", "message": message, "path": "/v0/tts"})

    def _check_context(self, context: Body | None, version: str | None) -> None:
        if context is None:
            return
        if "generation_id" in context:
            before = self.made.get(context["generation_id"])
            if before is None:
                raise Refused(400, {"message": "Unknown generation"})
            if (before.version, version) == ("2", "1"):
                raise Refused(400, {"message": "Octave 1 cannot continue from Octave 2"})
        else:
            (utterance,) = context["utterances"]
            if utterance.get("description") is not None and version == "2":
                raise Refused(400, {"message": "Octave 2 does not support the 'description' parameter"})
            self._check_voice(utterance["voice"])

    def _make(self, version: str, text: str) -> str:
        generation = str(uuid.uuid4())
        self.made[generation] = Made(version, text)
        return generation

    def _stream(self, body: Body) -> Answer:
        self._check(body, streams=True)
        text = body["utterances"][0]["text"]
        generations = [self._make(body["version"], text) for _ in range(body["num_generations"])]
        return lines(
            *_spoken(generations, text, body["format"]["type"], times=body.get("include_timestamp_types"))
        )

    def _whole(self, body: Body) -> Answer:
        self._check(body, streams=False)
        text, kind = body["utterances"][0]["text"], body["format"]["type"]
        found = []
        for number in range(body["num_generations"]):
            generation = self._make(body["version"], text)
            audio = encoded(text, kind, number)
            snippet = {
                "id": str(uuid.uuid4()),
                "generation_id": generation,
                "utterance_index": 0,
                "text": text,
                "transcribed_text": heard(text),
                "audio": base64.b64encode(audio).decode(),
                "timestamps": timed(text) if body.get("include_timestamp_types") else [],
            }
            found.append(
                {
                    "generation_id": generation,
                    "audio": snippet["audio"],
                    "duration": len(samples(text)) / RATE,
                    "file_size": len(audio),
                    "encoding": {"format": kind, "sample_rate": RATE},
                    "snippets": [[snippet]],
                }
            )
        return said({"request_id": "request-1", "generations": found})

    def _convert(self, seen: Seen) -> Answer:
        form = parts(seen)
        self.recordings.append(form.pop("audio"))
        fields = {name: value.decode() for name, value in form.items()}
        body: Body = {
            name: json.loads(fields[name]) for name in ("voice", "format", "context") if name in fields
        }
        self.asked.append({**fields, **body})
        self._check_voice(body["voice"])
        self._check_context(body.get("context"), None)
        times = "include_timestamp_types[0]" in fields
        return lines(
            *_spoken([self._make("2", "")], "what the guide says", body["format"]["type"], times=times)
        )

    def _voices(self, seen: Seen) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        if seen.method == "POST":
            body = seen.json()
            if body["generation_id"] not in self.made:
                raise Refused(404, {"message": "generation not found"})
            if body["name"] in self.kept:
                raise Refused(409, {"message": "that name already exists"})
            self.kept[body["name"]] = str(uuid.uuid4())
            return said({"id": self.kept[body["name"]], "name": body["name"], "provider": "CUSTOM_VOICE"})
        if seen.method == "DELETE":
            if self.kept.pop(query["name"], None) is None:
                raise Refused(404, {"message": "no such voice"})
            return said({})
        known = LIBRARY if query["provider"] == "HUME_AI" else self.kept
        every = [
            {
                "id": number,
                "name": name,
                "provider": query["provider"],
                "compatible_octave_models": ["1", "2"],
            }
            for name, number in known.items()
        ]
        size, number = int(query["page_size"]), int(query["page_number"])
        page = every[size * number : size * (number + 1)]
        total = math.ceil(len(every) / size)
        return said({"page_number": number, "page_size": size, "total_pages": total, "voices_page": page})


def wrong(*loc: str | int) -> Body:
    """A 422's body."""
    return {"detail": [{"loc": ["body", *loc], "msg": "is not valid", "type": "value_error"}]}


def heard(text: str) -> str:
    """What is spoken of a text: no markers."""
    return " ".join(_MARKER.sub(" ", text).split())


def samples(text: str, number: int = 0) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A tone as long as the text, another for each number."""
    count = max(len(text), 4) * MS_PER_LETTER * RATE // 1000
    wave_ = 8000 * np.sin(np.arange(count) * 2 * np.pi * (220 + 40 * number) / RATE)
    return wave_.astype("<i2")


def tone(text: str, number: int = 0) -> bytes:
    """The tone as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples(text, number).tobytes())
    return file.getvalue()


def encoded(text: str, kind: str, number: int = 0) -> bytes:
    """The tone in a format of the service."""
    if kind == "pcm":
        return samples(text, number).tobytes()
    assert kind == "wav", kind
    return tone(text, number)


def timed(text: str) -> list[Body]:
    """When each word of a text is heard, by its place in it; and one sound of each."""
    found: list[Body] = []
    for word in re.finditer(r"\S+", _MARKER.sub(lambda marker: " " * len(marker.group()), text)):
        if not any(letter.isalnum() for letter in word.group()):
            continue
        begin, end = word.start() * MS_PER_LETTER, word.end() * MS_PER_LETTER
        found.append({"type": "word", "text": word.group(), "time": {"begin": begin, "end": end}})
        found.append({"type": "phoneme", "text": "m", "time": {"begin": begin, "end": begin + MS_PER_LETTER}})
    return found


def _spoken(generations: list[str], text: str, kind: str, *, times: Any) -> list[Body]:
    """The objects of a stream; several generations come interleaved."""
    found: list[tuple[int, int, Body]] = []
    for number, generation in enumerate(generations):
        shared = {
            "request_id": "request-1",
            "generation_id": generation,
            "snippet_id": f"snippet-{generation}",
        }
        pieces = _pieces(encoded(text, kind, number), _PIECES)
        for index, piece in enumerate(pieces):
            audio = {
                "type": "audio",
                **shared,
                "audio": base64.b64encode(piece).decode(),
                "audio_format": kind,
                "chunk_index": index,
                "is_last_chunk": index == len(pieces) - 1,
                "utterance_index": 0,
                "text": text,
                "transcribed_text": heard(text),
            }
            found.append((index, number, audio))
        found += [
            (0, number, {"type": "timestamp", **shared, "timestamp": each}) for each in timed(text) if times
        ]
    return [each for _, _, each in sorted(found, key=lambda entry: entry[:2])]


def _pieces(data: bytes, count: int) -> list[bytes]:
    size = len(data) // count | 1  # an odd number: samples are cut in two
    return [data[start : start + size] for start in range(0, len(data), size)]


def parts(seen: Seen) -> dict[str, bytes]:
    """The fields of a form."""
    head = f"content-type: {seen.headers['content-type']}\r\n\r\n".encode()
    message: Message = BytesParser(policy=HTTP).parsebytes(head + seen.body)
    found: dict[str, bytes] = {}
    for part in message.get_payload():
        assert isinstance(part, Message)
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found[str(name)] = content
    return found
