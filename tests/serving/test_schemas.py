"""What we understand and answer, field by field, against what Hume published and against its own SDK's types.

Every difference is meant: `DIFFERENCES` has it with its reason, and has no other.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
import yaml
from hume import HumeClient
from hume.core import File
from hume.tts import types as sdk
from pydantic import UUID4

from narrator.serving.octave import socket, wire
from tests.serving.fields import Page, Rows, Types, loosened
from tests.serving.pages import part
from tests.serving.running import Running

PUBLISHED = Path(__file__).parents[3] / "shared" / "contracts" / "hume-tts-openapi.yml"
"""Hume's page, which is not ours to give away."""

NOTHING = "nothing"
ANYTHING = "*"
WHOLE = "application/json OctaveBodyArgs"
STREAMED = "application/json OctaveBodyArgsStream"
MANY = "required array of Utterance"
KINDS = "array of TimestampType"
ERRORS = "array of ValidationError"
WHOSE = "VoiceProvider"
MP3 = '{"type": "mp3"}'


class Difference(NamedTuple):
    """Where we differ, and why."""

    than: Literal["page", "sdk"]
    where: str
    """A pattern: `*` is any text."""
    theirs: str
    ours: str
    why: str


KEY = "any key will do, and none, until the server is given one"
VOICES = "the page has no voices; the SDK has them"
REFUSED = "the page tells of 422 only; refusals have other statuses as well"
BODY = "without a body nothing is asked"
AUDIO = "without a recording there is nothing to convert"
LIMIT = "a limit that the page leaves to prose"
DEFAULT = "a default that the page leaves to prose"
RECENT = "in the documentation and the SDKs since May 2026; the page is older"
NULL = "null is nothing, as it is for the voice of an utterance"
STREAMS = "instant mode is for streams; elsewhere it is ignored, as what is not known is"
VALUES = "the SDK leaves open which versions there are"
TAGS = "Hume sends them, though the SDK does not know them"
SEARCH = "ours: to find a voice among hundreds"
GUARD = "a key in the query is taken out of it before anything else looks at it"

# fmt: off
DIFFERENCES = tuple(
    Difference(*row)
    for row in (
        # than   where                         theirs             ours
        ("page", "* header X-Hume-Api-Key",     "required string", "null or string", KEY),
        ("page", "POST /v0/tts* 4??",           NOTHING,           ANYTHING, REFUSED),
        ("page", "Refusal.*",                   NOTHING,           ANYTHING, REFUSED),
        ("page", "Missing.*",                   NOTHING,           ANYTHING, REFUSED),
        ("page", "* /v0/tts/voices*",           NOTHING,           ANYTHING, VOICES),
        ("page", "ErrorResponse.*",             NOTHING,           ANYTHING, VOICES),
        ("page", "PostedVoice.*",               NOTHING,           ANYTHING, VOICES),
        ("page", "ReturnPagedVoices.*",         NOTHING,           ANYTHING, VOICES),
        ("page", "ReturnVoice.*",               NOTHING,           ANYTHING, VOICES),
        ("page", "POST /v0/tts* body",          WHOLE,             f"required {WHOLE}", BODY),
        ("page", "POST /v0/tts/stream/* body",  STREAMED,          f"required {STREAMED}", BODY),
        ("page", "*/json body.audio",           "binary",          "required binary", AUDIO),
        ("page", "* body.strip_headers",        "boolean",         "boolean = false", DEFAULT),
        ("page", "* body.voice",                "VoiceRef",        "VoiceRef or null", NULL),
        ("page", "*.format",                    "Format",          f"Format = {MP3}", DEFAULT),
        ("page", "*.include_timestamp_types",   KINDS,             f"{KINDS} = []", DEFAULT),
        ("page", "*.num_generations",           "integer = 1",     "integer [1..5] = 1", LIMIT),
        ("page", "OctaveBody*.temperature",     NOTHING,           "number", RECENT),
        ("page", "OctaveBody*.utterances",      MANY,              f"{MANY} [1..]", LIMIT),
        ("page", "Utterance.text",              "required string", "required string [1..5000]", LIMIT),
        ("page", "Utterance.description",       "null or string",  "null or string [..1000]", LIMIT),
        ("page", "Utterance.speed",             "number = 1",      "number [0.25..3] = 1", LIMIT),
        ("page", "Utterance.trailing_silence",  "number = 0",      "number [0..5] = 0", LIMIT),
        ("page", "Voice*.provider",             WHOSE,             f'{WHOSE} = "CUSTOM_VOICE"', DEFAULT),
        ("page", "HTTPValidationError.detail",  ERRORS,            f"{ERRORS} = []", DEFAULT),
        ("sdk",  "*/json body.audio",           "binary",          "required binary", AUDIO),
        ("sdk",  "OctaveBodyArgs.instant_mode", "boolean",         NOTHING, STREAMS),
        ("sdk",  "ReturnVoice.*_models",        "array of string", "array of OctaveVersion", VALUES),
        ("sdk",  "ReturnVoice.tags",            NOTHING,           "object", TAGS),
        ("sdk",  "GET /v0/tts/voices ?name",    NOTHING,           "string", SEARCH),
        ("sdk",  "WS * ?api_key",               "string",          NOTHING, GUARD),
        ("sdk",  "WS * ?access_token",          "string",          NOTHING, GUARD),
    )
)
# fmt: on


class Found(NamedTuple):
    """A difference that there is."""

    where: str
    theirs: str
    ours: str


def differences(theirs: Rows, ours: Rows) -> Iterator[Found]:
    for where in sorted(theirs.keys() | ours.keys()):
        found = Found(where, str(theirs.get(where, NOTHING)), str(ours.get(where, NOTHING)))
        if found.theirs != found.ours:
            yield found


def check(than: str, found: Sequence[Found]) -> None:
    """Each difference is listed, and each that is listed is there."""
    listed = [each for each in DIFFERENCES if each.than == than]
    unlisted = [each for each in found if not any(fits(each, one) for one in listed)]
    gone = [one for one in listed if not any(fits(each, one) for each in found)]

    assert not unlisted, "\n".join(" | ".join(each) for each in unlisted)
    assert not gone, gone


def fits(found: Found, listed: Difference) -> bool:
    return (
        fnmatchcase(found.where, listed.where)
        and found.theirs == listed.theirs
        and listed.ours in (found.ours, ANYTHING)
    )


@pytest.fixture(scope="module")
def ours(server: Running) -> Rows:
    """Our page."""
    return Page(part(server.client.get("/openapi.json").json(), "/v0/")).rows


# The page


RENAMED = {"Snippet-Output": "Snippet", "Timestamp-Output": "Timestamp", "ValidationErrorLocItems": ""}
"""How the page calls what has no name on the wire; `Format` and the contexts stand there several times."""


def test_the_published_page(ours: Rows) -> None:
    if not PUBLISHED.exists():
        pytest.skip("Hume's page is not here")
    page = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    renamed = RENAMED | {
        name: common
        for name in page["components"]["schemas"]
        for common in ("Context", "Format")
        if name.endswith(common)
    }

    check("page", list(differences(Page(page, renamed=renamed).rows, ours)))


# The SDK


MODELS = {
    "AudioEncoding": "Encoding",
    "ErrorResponse": "ErrorResponse",
    "FormatMp3": "Mp3Format",
    "FormatPcm": "PcmFormat",
    "FormatWav": "WavFormat",
    "HttpValidationError": "HTTPValidationError",
    "MillisecondInterval": "MillisecondInterval",
    "PostedContextWithGenerationId": "ContextGenerationId",
    "PostedContextWithUtterances": "ContextUtterances",
    "PostedTts": "OctaveBodyArgsStream",
    "PostedUtterance": "Utterance",
    "PostedUtteranceVoiceWithId": "VoiceId",
    "PostedUtteranceVoiceWithName": "VoiceName",
    "PublishTts": "PublishTts",
    "ReturnGeneration": "Generation",
    "ReturnPagedVoices": "ReturnPagedVoices",
    "ReturnTts": "OctaveResponse",
    "ReturnVoice": "ReturnVoice",
    "Snippet": "Snippet",
    "SnippetAudioChunk": "SnippetAudioChunk",
    "Timestamp": "Timestamp",
    "TimestampMessage": "OctaveOutputTimestamp",
    "ValidationError": "ValidationError",
}
"""The SDK's models and ours."""

UNIONS = {
    "AudioFormatType": "FormatType",
    "Format": "Format",
    "OctaveVersion": "OctaveVersion",
    "PostedContext": "Context",
    "PostedUtteranceVoice": "VoiceRef",
    "TimestampType": "TimestampType",
    "TtsOutput": "TtsOutput",
    "VoiceProvider": "VoiceProvider",
}
"""The SDK's unions and literals, and ours."""

INLINE = {"LocationItem"}
"""What has no name here."""

METHODS = {
    "synthesize_json": "OctaveBodyArgs.",
    "synthesize_file": "OctaveBodyArgs.",
    "synthesize_json_streaming": "OctaveBodyArgsStream.",
    "synthesize_file_streaming": "OctaveBodyArgsStream.",
    "convert_voice_json": "POST /v0/tts/voice_conversion/json body.",
    "convert_voice_file": "POST /v0/tts/voice_conversion/file body.",
    "voices.list": "GET /v0/tts/voices ?",
    "voices.create": "PostedVoice.",
    "voices.delete": "DELETE /v0/tts/voices ?",
    "stream_input.connect": "WS /v0/tts/stream/input ?",
}
"""The SDK's methods, and where that goes with which they are called."""


def sdk_rows() -> Rows:
    named: dict[Any, str] = {getattr(sdk, name): ours for name, ours in (MODELS | UNIONS).items()}
    named[File] = "binary"
    # What may come several times in a query.
    named[sdk.TimestampType | typing.Sequence[sdk.TimestampType]] = KINDS
    named[str | typing.Sequence[str]] = "array of string"
    types = Types(named)
    rows: Rows = {name: types.members(getattr(sdk, union)) for union, name in UNIONS.items()}
    for model, name in MODELS.items():
        rows |= types.fields(f"{name}.", getattr(sdk, model))
    tts = HumeClient(api_key="any").tts
    for method, place in METHODS.items():
        for where, row in types.parameters(place, attrgetter(method)(tts)).items():
            assert rows.setdefault(where, row) == row, f"two things at {where}"
    return rows


def socket_rows() -> Rows:
    """What our WebSocket takes; no page tells of it."""
    named = (wire.VoiceRef, wire.FormatType, wire.OctaveVersion, wire.TimestampType)
    types = Types({UUID4: "string"} | {each: each.__name__ for each in named})
    query = types.fields("WS /v0/tts/stream/input ?", socket.Settings)
    return query | types.fields("PublishTts.", socket.PublishTts)


# The SDK still asks `websockets` for its names of before 2024.
@pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")
def test_the_types_of_the_sdk(ours: Rows) -> None:
    theirs = sdk_rows()
    compared = {subject(where) for where in theirs}
    mine = loosened(ours | socket_rows())

    assert {*MODELS, *UNIONS, *INLINE} == set(sdk.__all__)
    check(
        "sdk",
        list(differences(theirs, {where: row for where, row in mine.items() if subject(where) in compared})),
    )


def subject(where: str) -> str:
    """The schema, or the part of an endpoint, that a row belongs to."""
    for separator in ("?", "."):
        whole, found, _ = where.rpartition(separator)
        if found:
            return whole + found
    return where
