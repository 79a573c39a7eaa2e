"""A small Bulbul on loopback, written from the contract by hand: real tones, dictionaries, and refusals.

    with Bulbul() as outside:
        sarvam = Sarvam({"base_url": outside.url})
    outside.asked[0]["text"]

It makes a tone as long as what is heard: the text with the words of a dictionary replaced. A test that wants
worse puts a `Step` of its own before it with `add`.
"""

from __future__ import annotations

import base64
import io
import json
import re
import threading
import wave
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from narrator.providers.sarvam import speakers
from tests.outside import Answer, Outside, Seen, said

MS_PER_LETTER = 45
V2, V3, V4 = "bulbul:v2", "bulbul:v3", "bulbul:v4-flash"
ROSTERS = {V2: speakers.V2, V3: speakers.V3, V4: speakers.V4_FLASH}
LANGUAGES = [f"{tag}-IN" for tag in ("bn", "en", "gu", "hi", "kn", "ml", "mr", "od", "pa", "ta", "te")]
DICTIONARIES = "/text-to-speech/pronunciation-dictionary"
SPEECH = ("/text-to-speech", "/text-to-speech/stream")

Body = dict[str, Any]
Blocks = dict[str, dict[str, str]]


class Refused(Exception):
    """What the service will not do."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error") -> None:
        self.answer = wrong(message, status=status, code=code)
        super().__init__(message)


class Bulbul(Outside):
    """The server. `asked` holds the bodies of all requests for speech, `heard` what was spoken for each."""

    def __init__(self, *, key: str | None = None, language_field: str = "language_code") -> None:
        """
        Args:
            key: demanded of every request.
            language_field: what the language is called.
        """
        super().__init__(then=self.answer)
        self.key, self.language_field = key, language_field
        self.asked: list[Body] = []
        self.heard: list[str] = []
        self.dictionaries: dict[str, Blocks] = {}
        self.most_words, self.most_dictionaries = 100, 10
        self.speaks_without = False
        """Whether speech knows nothing of the dictionaries that there are."""
        self.calls: list[str] = []
        """What was asked about dictionaries, such as `PUT p_1`."""
        self._made = 0
        self._in_turn = threading.Lock()

    @property
    def billed(self) -> int:
        """Requests for speech so far."""
        return sum(urlsplit(seen.path).path in SPEECH for seen in self.seen)

    def answer(self, seen: Seen) -> Answer:
        path = urlsplit(seen.path).path
        try:
            if self.key is not None and seen.headers.get("api-subscription-key") != self.key:
                raise Refused(403, "Invalid API key", "invalid_api_key_error")
            with self._in_turn:
                if path.startswith(DICTIONARIES):
                    return self._dictionary(seen, path)
                if path in SPEECH:
                    return self._speak(seen.json(), streamed=path.endswith("stream"))
            raise Refused(404, "Not found", "not_found_error")
        except Refused as refused:
            return refused.answer

    def _speak(self, body: Body, *, streamed: bool) -> Answer:
        self.asked.append(body)
        self._check(body, streamed=streamed)
        text = self._replaced(body)
        self.heard.append(text)
        rate, codec = body["speech_sample_rate"], body["output_audio_codec"]
        sound = encoded(text, codec, rate)
        if streamed:
            kind = {"linear16": "audio/pcm", "wav": "audio/wav", "mp3": "audio/mpeg"}[codec]
            return Answer(in_pieces(sound, 777), headers={"Content-Type": kind})
        return said({"request_id": "20261120_r", "audios": [base64.b64encode(sound).decode()]})

    def _check(self, body: Body, *, streamed: bool) -> None:
        model, text = body["model"], body["text"]
        other = {"language_code", "target_language_code"} - {self.language_field}
        if self.language_field not in body or other & body.keys():
            raise Refused(422, f"'{self.language_field}' is required")
        if body[self.language_field] not in LANGUAGES:
            raise Refused(400, "language not supported")
        limit = 3500 if streamed else 1500 if model == V2 else 2500
        if not 1 <= len(text) <= limit:
            raise Refused(400, f"text must have 1 to {limit} characters")
        if body["speaker"] not in ROSTERS[model]:
            known = any(body["speaker"] in roster for roster in ROSTERS.values())
            what = f"compatible with model {model}" if known else "recognized"
            raise Refused(400, f"Speaker '{body['speaker']}' is not {what}")
        if model == V3 and {"pitch", "loudness"} & body.keys():
            what = "Pitch and loudness parameters are currently not supported for the Bulbul V3 model"
            raise Refused(400, what)
        slowest, fastest = (0.3, 3.0) if model == V2 else (0.5, 2.0)
        if not slowest <= body["pace"] <= fastest:
            raise Refused(400, f"pace should be between {slowest} and {fastest}")
        rates = (8000, 16000, 22050, 24000, *(() if streamed or model == V2 else (32000, 44100, 48000)))
        if body["speech_sample_rate"] not in rates:
            raise Refused(400, "Speech sample rate can only be 8000, 16000, 22050, 24000 Hz")
        if ("output_audio_bitrate" in body) != (streamed and body["output_audio_codec"] == "mp3"):
            raise Refused(400, "output_audio_bitrate")

    def _replaced(self, body: Body) -> str:
        """The text as it is heard: whole words replaced, those of the language alone."""
        dict_id = body.get("dict_id")
        if dict_id is None:
            return str(body["text"])
        if body["model"] == V2:
            raise Refused(400, "dict_id is not supported for this model")
        if self.speaks_without:
            raise Refused(400, f"{dict_id} does not exist")
        if dict_id not in self.dictionaries:
            raise Refused(404, "Dictionary not found", "not_found_error")
        words = self.dictionaries[dict_id].get(body[self.language_field], {})
        return re.sub(r"\w+", lambda word: words.get(word.group(), word.group()), body["text"])

    def _dictionary(self, seen: Seen, path: str) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        dict_id = query.get("dict_id", path.removeprefix(DICTIONARIES).removeprefix("/"))
        self.calls.append(f"{seen.method} {dict_id}".strip())
        if seen.method == "GET" and not dict_id:
            return said({"dictionary_count": len(self.dictionaries), "dictionaries": [*self.dictionaries]})
        if seen.method == "POST":
            self._room({}, blocks := uploaded(seen))
            if len(self.dictionaries) >= self.most_dictionaries:
                raise Refused(422, "at most 10 dictionaries", "unprocessable_entity_error")
            self._made += 1
            self.dictionaries[f"p_{self._made}"] = blocks
            return said({"dictionary_id": f"p_{self._made}"})
        if dict_id not in self.dictionaries:
            raise Refused(404, "Dictionary not found", "not_found_error")
        if seen.method == "DELETE":
            del self.dictionaries[dict_id]
            return said({"success": True, "message": "deleted"})
        if seen.method == "PUT":
            there, more = self.dictionaries[dict_id], uploaded(seen)
            self._room(there, more)
            for language, words in more.items():
                there.setdefault(language, {}).update(words)
            return said({"dictionary_id": dict_id, "updated_pronunciations": more})
        return said({"pronunciations": self.dictionaries[dict_id]})

    def _room(self, there: Blocks, more: Blocks) -> None:
        if len(flat(there) | flat(more)) > self.most_words:
            raise Refused(422, "at most 100 words", "unprocessable_entity_error")

    def words(self, dict_id: str | None = None) -> Body:
        """What is said for the words of a dictionary, but for the marker; of the only one by default."""
        (only,) = [dict_id] if dict_id else self.dictionaries
        return {
            word: said
            for words in self.dictionaries[only].values()
            for word, said in words.items()
            if not word.startswith("narrator")
        }


def wrong(message: str, *, status: int, code: str, **rest: Any) -> Answer:
    """A refusal in the service's own shape."""
    return said(
        {"error": {"message": message, "code": code, "request_id": "20261120_r"}}, status=status, **rest
    )


def flat(blocks: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str]]:
    """Every word with its language."""
    return {(language, word) for language, words in blocks.items() for word in words}


def uploaded(seen: Seen) -> Blocks:
    """The dictionary in a form, if the form is as the service wants it."""
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    (part,) = BytesParser(policy=HTTP).parsebytes(head + seen.body).iter_parts()
    name = part.get_param("name", header="content-disposition")
    if name != "file" or part.get_content_type() != "application/json":
        raise Refused(400, "file must be application/json")
    if not str(part.get_filename()).endswith(".json"):
        raise Refused(400, "file must be a .json file")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    if len(content) > 1_000_000:
        raise Refused(413, "larger than 1 MB")
    found: Blocks = json.loads(content)["pronunciations"]
    assert set(found) <= set(LANGUAGES)
    return found


def samples(text: str, rate: int = 24_000) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A tone as long as the text."""
    count = max(len(text), 4) * MS_PER_LETTER * rate // 1000
    return (8000 * np.sin(np.arange(count) * 2 * np.pi * 220 / rate)).astype("<i2")


def encoded(text: str, codec: str, rate: int = 24_000) -> bytes:
    """The tone in a format of the service."""
    if codec == "linear16":
        return samples(text, rate).tobytes()
    if codec == "mp3":
        import lameenc

        encoder = lameenc.Encoder()
        encoder.set_in_sample_rate(rate)
        encoder.set_channels(1)
        encoder.silence()
        return bytes(encoder.encode(samples(text, rate).tobytes()) + encoder.flush())
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples(text, rate).tobytes())
    return file.getvalue()


def in_pieces(sound: bytes, size: int) -> list[bytes]:
    """Of so many bytes each, which need not be whole samples."""
    return [sound[at : at + size] for at in range(0, len(sound), size)]
