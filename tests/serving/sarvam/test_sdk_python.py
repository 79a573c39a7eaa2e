"""Sarvam's own Python SDK speaks to `narrator serve` and understands everything it answers."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import ssl
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from operator import attrgetter
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from sarvamai import AsyncSarvamAI, SarvamAI
from sarvamai.core.api_error import ApiError
from sarvamai.environment import SarvamAIEnvironment
from sarvamai.errors import (
    BadRequestError,
    ContentTooLargeError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
    UnprocessableEntityError,
)
from sarvamai.types.error_code import ErrorCode
from sarvamai.types.error_message import ErrorMessage
from sarvamai.types.text_to_speech_language import TextToSpeechLanguage
from sarvamai.types.text_to_speech_speaker import TextToSpeechSpeaker

from narrator.serving.sarvam.voices import FILES, ROSTERS
from tests.serving.running import Running, running
from tests.serving.sarvam.asking import decoded, heard

LINE = "The lamp was lit. Nobody asked why."
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Unused here, and made once: the usual one takes longer than a request."""

Call = Callable[..., Any]
"""A method of the SDK by its name, and what it is asked: what it gives; bytes that come in parts, joined."""


def environment(base_url: str) -> SarvamAIEnvironment:
    return SarvamAIEnvironment(base=base_url, creative=base_url, production=base_url)


def synchronous(base_url: str, key: str = "any") -> Call:
    def call(name: str, /, **asked: Any) -> Any:
        with httpx.Client(verify=_NO_TLS, timeout=30) as client:
            sdk = SarvamAI(environment=environment(base_url), api_subscription_key=key, httpx_client=client)
            got = attrgetter(name)(sdk)(**asked, request_options={"max_retries": 0})
            return b"".join(got) if isinstance(got, Iterator) else got

    return call


def asynchronous(base_url: str, key: str = "any") -> Call:
    async def called(name: str, asked: dict[str, Any]) -> Any:
        async with httpx.AsyncClient(verify=_NO_TLS, timeout=30) as client:
            sdk = AsyncSarvamAI(
                environment=environment(base_url), api_subscription_key=key, httpx_client=client
            )
            got = attrgetter(name)(sdk)(**asked, request_options={"max_retries": 0})
            if isinstance(got, AsyncIterator):
                return b"".join([each async for each in got])
            return await got if isawaitable(got) else got

    def call(name: str, /, **asked: Any) -> Any:
        return asyncio.run(called(name, asked))

    return call


@pytest.fixture(params=[synchronous, asynchronous], ids=["sync", "async"])
def sdk(request: pytest.FixtureRequest, server: Running) -> Call:
    """Of the server that tests share."""
    made: Call = request.param(server.base_url)
    return made


def test_convert(sdk: Call, server: Running) -> None:
    made = sdk(
        "text_to_speech.convert",
        text=LINE,
        language_code="en-IN",
        speaker="ritu",
        model="bulbul:v3",
        pace=1.2,
        temperature=0.3,
        speech_sample_rate=48_000,
        output_audio_codec="flac",
        enable_preprocessing=True,
    )

    assert made.model_extra == {}
    assert made.request_id
    (audio,) = made.audios
    with soundfile.SoundFile(io.BytesIO(base64.b64decode(audio, validate=True))) as file:
        assert (file.format, file.samplerate) == ("FLAC", 48_000)
        usual = heard(server.client, LINE, speaker="ritu", pace=1.2)
        assert len(file) == pytest.approx(2 * len(usual), abs=4)


@pytest.mark.parametrize("codec", ["mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav"])
def test_convert_stream(sdk: Call, server: Running, codec: str) -> None:
    """Every byte, of each codec that the SDK names."""
    file = sdk(
        "text_to_speech.convert_stream",
        text=LINE,
        language_code="en-IN",
        model="bulbul:v3",
        speech_sample_rate=16_000,
        output_audio_codec=codec,
        output_audio_bitrate="64k",
    )

    bare = {"linear16": "s16le", "mulaw": "mulaw", "alaw": "alaw"}.get(codec)
    pcm, rate, _ = decoded(file, format_=bare, rate=16_000 if bare else None)
    usual = len(heard(server.client, LINE)) / 24_000
    assert len(pcm) / rate == pytest.approx(usual, abs=0.2)


def test_plainly(sdk: Call) -> None:
    """With the defaults of the SDK, which leaves out what it is not given."""
    spoken = sdk("text_to_speech.convert", text="नमस्ते", language_code="hi-IN")
    streamed = sdk("text_to_speech.convert_stream", text="नमस्ते", language_code="hi-IN")

    assert soundfile.info(io.BytesIO(base64.b64decode(spoken.audios[0]))).format == "WAV"
    assert soundfile.info(io.BytesIO(streamed)).format == "MP3"


def test_dictionaries(sdk: Call, server: Running) -> None:
    """Created, listed, read, changed, heard, deleted."""
    file = ("words.json", json.dumps({"pronunciations": {"en-IN": {"lamp": "candle"}}}), "application/json")
    more = io.BytesIO(b'{"pronunciations": {"en-IN": {"Nobody": "No one"}}}')
    more.name = "more.json"
    dictionary = "pronunciation_dictionary."

    created = sdk(dictionary + "create", file=file)
    dict_id = created.dictionary_id
    listed = sdk(dictionary + "list")
    updated = sdk(dictionary + "update", dict_id=dict_id, file=more)
    read = sdk(dictionary + "get", dict_id=dict_id)
    spoken = sdk(
        "text_to_speech.convert_stream",
        text=LINE,
        language_code="en-IN",
        model="bulbul:v3",
        dict_id=dict_id,
        output_audio_codec="linear16",
        speech_sample_rate=24_000,
    )
    deleted = sdk(dictionary + "delete", dict_id=dict_id)

    assert listed.dictionary_count == len(listed.dictionaries)
    assert dict_id in listed.dictionaries
    words = {"en-IN": {"lamp": "candle", "Nobody": "No one"}}
    assert (updated.dictionary_id, updated.updated_pronunciations) == (dict_id, words)
    assert read.pronunciations == words
    said = heard(server.client, "The candle was lit. No one asked why.")
    assert np.array_equal(np.frombuffer(spoken, "<i2"), said)
    assert deleted.success is True
    assert not any(each.model_extra for each in (created, listed, updated, read, deleted))
    with pytest.raises(NotFoundError) as error:
        sdk(dictionary + "get", dict_id=dict_id)
    assert understood(error.value).code == "not_found_error"


def understood(error: ApiError) -> Any:
    """What is in an error, by the types of the SDK; it knows the code, and everything that is there."""
    message = ErrorMessage.model_validate(error.body)
    assert message.model_extra == message.error.model_extra == {}
    (codes, _) = typing.get_args(ErrorCode)
    assert message.error.code in typing.get_args(codes)
    assert message.error.request_id
    return message.error


@pytest.mark.parametrize("name", ["convert", "convert_stream"])
def test_refusals(sdk: Call, name: str) -> None:
    """Each as the error that the SDK has for it."""
    asked = {"text": LINE, "language_code": "en-IN", "model": "bulbul:v3"}

    for wrong in ({"pitch": 0.1}, {"speaker": "anushka"}, {"language_code": "en-US"}):
        with pytest.raises(BadRequestError) as bad:
            sdk(f"text_to_speech.{name}", **asked | wrong)
        assert understood(bad.value).code == "invalid_request_error"
    kind = BadRequestError if name == "convert" else UnprocessableEntityError
    with pytest.raises(kind) as long:
        sdk(f"text_to_speech.{name}", **asked | {"text": "a" * 3501})
    assert "3501" in understood(long.value).message


def test_files_that_are_refused(sdk: Call) -> None:
    many = {"pronunciations": {"en-IN": {f"word{number}": "x" for number in range(101)}}}
    cases: dict[type[ApiError], bytes] = {
        BadRequestError: b"{",
        UnprocessableEntityError: json.dumps(many).encode(),
        ContentTooLargeError: b" " * (2**20 + 1),
    }

    for kind, content in cases.items():
        with pytest.raises(kind) as error:
            sdk("pronunciation_dictionary.create", file=("words.json", content, "application/json"))
        understood(error.value)


@pytest.mark.parametrize("make", [synchronous, asynchronous])
def test_a_key(make: Callable[..., Call]) -> None:
    with running(key="sesame") as server:
        for name in ("convert", "convert_stream"):
            asked = {"text": LINE, "language_code": "en-IN"}
            with pytest.raises(ForbiddenError) as error:
                make(server.base_url, "wrong")(f"text_to_speech.{name}", **asked)
            assert understood(error.value).code == "invalid_api_key_error"
            assert make(server.base_url, "sesame")(f"text_to_speech.{name}", **asked)


def test_a_busy_server(tmp_path: Any) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults: [{kind: status, status: 429, body: {error: {message: m, code: c}}}]")
    with running(faults=faults) as server, pytest.raises(TooManyRequestsError):
        synchronous(server.base_url)("text_to_speech.convert", text=LINE, language_code="en-IN")


def test_the_same_speakers_and_languages() -> None:
    """As many as the SDK names, no more and no fewer."""
    named = typing.get_args(typing.get_args(TextToSpeechSpeaker)[0])

    assert sorted(named) == sorted(name for roster in ROSTERS.values() for name in roster)
    assert sorted(typing.get_args(typing.get_args(TextToSpeechLanguage)[0])) == sorted(FILES)
