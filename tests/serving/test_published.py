"""Our own page against the one that Hume published: field by field, and every difference on purpose."""

from __future__ import annotations

from typing import Any

from tests.serving.pages import fields, shape
from tests.serving.running import Running

PUBLISHED: dict[str, str | dict[str, str]] = {
    "ContextGenerationId": {"generation_id*": "uuid4"},
    "ContextUtterances": {"utterances*": "array of Utterance"},
    "Encoding": {"format*": "FormatType", "sample_rate*": "integer"},
    "Format": "{type*: mp3}|{type*: pcm}|{type*: wav}",
    "FormatType": "mp3|pcm|wav",
    "Generation": {
        "audio*": "string",
        "duration*": "number",
        "encoding*": "Encoding",
        "file_size*": "integer",
        "generation_id*": "uuid4",
        "snippets*": "array of array of Snippet",
    },
    "HTTPValidationError": {"detail": "array of ValidationError"},
    "MillisecondInterval": {"begin*": "integer", "end*": "integer"},
    "OctaveBodyArgs": {
        "context": "Context|null",
        "format": "Format",
        "include_timestamp_types": "array of TimestampType",
        "num_generations": "integer",
        "split_utterances": "boolean",
        "strip_headers": "boolean",
        "utterances*": "array of Utterance",
        "version": "OctaveVersion",
    },
    "OctaveBodyArgsStream": {
        "context": "Context|null",
        "format": "Format",
        "include_timestamp_types": "array of TimestampType",
        "instant_mode": "boolean",
        "num_generations": "integer",
        "split_utterances": "boolean",
        "strip_headers": "boolean",
        "utterances*": "array of Utterance",
        "version": "OctaveVersion",
    },
    "OctaveResponse": {"generations*": "array of Generation", "request_id*": "null|string"},
    "OctaveVersion": "1|2",
    "Snippet": {
        "audio*": "string",
        "generation_id*": "uuid4",
        "id*": "uuid4",
        "text*": "string",
        "timestamps*": "array of Timestamp",
        "transcribed_text*": "null|string",
        "utterance_index*": "integer|null",
    },
    "Timestamp": {"text*": "string", "time*": "MillisecondInterval", "type*": "TimestampType"},
    "TimestampType": "phoneme|word",
    "TtsOutput": (
        "{audio*: string, audio_format*: FormatType, chunk_index*: integer, generation_id*: uuid4,"
        " is_last_chunk*: boolean, request_id*: string, snippet: Snippet, snippet_id*: uuid4, text*: string,"
        " transcribed_text*: null|string, type*: audio, utterance_index*: integer|null}"
        "|{generation_id*: uuid4, request_id*: string, snippet_id*: uuid4, timestamp*: Timestamp,"
        " type*: timestamp}"
    ),
    "Utterance": {
        "description": "null|string",
        "speed": "number",
        "text*": "string",
        "trailing_silence": "number",
        "voice": "VoiceRef|null",
    },
    "ValidationError": {"loc*": "array of integer|string", "msg*": "string", "type*": "string"},
    "VoiceId": {"id*": "string", "provider": "VoiceProvider"},
    "VoiceName": {"name*": "string", "provider": "VoiceProvider"},
    "VoiceProvider": "CUSTOM_VOICE|HUME_AI",
    "VoiceRef": "VoiceId|VoiceName",
}
"""Each schema of the published page; `*` marks what is required. `Snippet` and `Timestamp` are its
`Snippet-Output` and `Timestamp-Output`; `Format` and the context stand there twice, once for streams."""

DEFAULTS = {
    ("OctaveBodyArgs", "num_generations"): 1,
    ("OctaveBodyArgs", "split_utterances"): True,
    ("OctaveBodyArgs", "strip_headers"): False,
    ("OctaveBodyArgsStream", "instant_mode"): True,
    ("OctaveBodyArgsStream", "num_generations"): 1,
    ("OctaveBodyArgsStream", "split_utterances"): True,
    ("OctaveBodyArgsStream", "strip_headers"): False,
    ("Utterance", "speed"): 1,
    ("Utterance", "trailing_silence"): 0,
}
"""Those that the published page names."""

ADDED = {
    # In the documentation and the SDKs since May 2026; the page is older.
    ("OctaveBodyArgs", "temperature"): "number",
    ("OctaveBodyArgsStream", "temperature"): "number",
}
"""Fields that only our page has."""

ANSWERS = {
    "/v0/tts": ("synthesize-json", "application/json", "OctaveBodyArgs", "OctaveResponse"),
    "/v0/tts/file": ("synthesize-file", "application/octet-stream", "OctaveBodyArgs", "binary"),
    "/v0/tts/stream/json": (
        "synthesize-json-streaming",
        "text/event-stream",
        "OctaveBodyArgsStream",
        "TtsOutput",
    ),
    "/v0/tts/stream/file": (
        "synthesize-file-streaming",
        "application/octet-stream",
        "OctaveBodyArgsStream",
        "binary",
    ),
}
"""Operation, media type, and the schemas of body and answer, by path."""


def page(server: Running) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get("/openapi.json").json()
    return found


def test_schemas_are_the_published_ones(server: Running) -> None:
    """With the fields of `ADDED`, and no others."""
    schemas = page(server)["components"]["schemas"]
    named = {*PUBLISHED, "Context"}

    ours: dict[str, str | dict[str, str]] = {}
    for name, published in PUBLISHED.items():
        whole = isinstance(published, str)
        ours[name] = shape(schemas[name], schemas, named) if whole else fields(schemas[name], schemas, named)
    for (name, field), kind in ADDED.items():
        found = ours[name]
        assert isinstance(found, dict)
        assert found.pop(field) == kind

    assert ours == PUBLISHED
    assert shape(schemas["Context"], schemas, named) == "ContextGenerationId|ContextUtterances"


def test_defaults_are_the_published_ones(server: Running) -> None:
    schemas = page(server)["components"]["schemas"]

    for (name, field), default in DEFAULTS.items():
        assert schemas[name]["properties"][field]["default"] == default


def test_paths_are_the_published_ones(server: Running) -> None:
    """With their names, bodies and answers; what differs is that no key is required."""
    paths = page(server)["paths"]

    for path, (operation_id, media, asked, answered) in ANSWERS.items():
        operation = paths[path]["post"]
        (content,) = operation["responses"]["200"]["content"].items()
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        refusal = operation["responses"]["422"]["content"]["application/json"]["schema"]
        (key,) = operation["parameters"]
        assert operation["operationId"] == operation_id
        assert content[0] == media
        assert shape(content[1]["schema"], {}, {answered}) == answered
        assert shape(body, {}, {asked}) == asked
        assert shape(refusal, {}, {"HTTPValidationError"}) == "HTTPValidationError"
        assert (key["name"], key["in"], key["required"]) == ("X-Hume-Api-Key", "header", False)
