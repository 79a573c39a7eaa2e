"""The bodies of Octave's requests and answers, field by field as Hume published them.

Names, types and what is required are those of the published page; limits it leaves to prose (5,000
characters of text, 1,000 of description, 1 to 5 generations, speed 0.25 to 3, silence 0 to 5 s) are
checked here. As in Hume's own service, fields that are not known are ignored. Where the page has no null, one
is taken for a field that is not there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import UUID4, BaseModel, BeforeValidator, ConfigDict, Field, RootModel


class OctaveVersion(StrEnum):
    """A model of Octave: 1 takes directions and designs voices, 2 tells when each word sounds."""

    ONE = "1"
    TWO = "2"


class VoiceProvider(StrEnum):
    """Whose voice: one of Hume's library, or one that the account has saved."""

    HUME_AI = "HUME_AI"
    CUSTOM_VOICE = "CUSTOM_VOICE"


class TimestampType(StrEnum):
    """What timestamps are of."""

    WORD = "word"
    PHONEME = "phoneme"


class FormatType(StrEnum):
    """How sound is encoded."""

    MP3 = "mp3"
    PCM = "pcm"
    WAV = "wav"


def _one_of(schema: dict[str, Any]) -> None:
    """A union of which exactly one member has to fit, as the page says it."""
    schema["oneOf"] = schema.pop("anyOf")


def _not_null(schema: dict[str, Any]) -> None:
    """What may be left out, and has no null on the page."""
    schema.update(schema.pop("anyOf")[0])


def _not_both(value: object) -> object:
    if isinstance(value, dict) and sum(name in value for name in ("id", "name")) == 2:
        raise ValueError("a voice has either an id or a name")
    if isinstance(value, dict) and sum(name in value for name in ("generation_id", "utterances")) == 2:
        raise ValueError("a context has either a generation_id or utterances")
    return value


class VoiceId(BaseModel):
    """A voice by its id."""

    id: str = Field(description="The id of the voice.")
    provider: VoiceProvider = Field(
        VoiceProvider.CUSTOM_VOICE, description="Whose voice it is; the account's own by default."
    )


class VoiceName(BaseModel):
    """A voice by its name."""

    name: str = Field(description="The name of the voice; case does not count.")
    provider: VoiceProvider = Field(
        VoiceProvider.CUSTOM_VOICE, description="Whose voice it is; the account's own by default."
    )


class VoiceRef(RootModel[Annotated[VoiceId | VoiceName, BeforeValidator(_not_both)]]):
    """Which voice speaks."""

    model_config = ConfigDict(json_schema_extra=_one_of)


class Utterance(BaseModel):
    """One stretch of text, and how it is to be spoken."""

    text: str = Field(min_length=1, max_length=5000, description="What is spoken.")
    description: str | None = Field(
        None,
        max_length=1000,
        description="With a voice, how to act (version 1); without one, what the voice is like.",
    )
    speed: float = Field(1, ge=0.25, le=3, description="Factor of the voice's pace.")
    trailing_silence: float = Field(0, ge=0, le=5, description="Seconds of silence after it.")
    voice: VoiceRef | None = Field(
        None, description="Who speaks, here and in all that follow, until another is given."
    )


class ContextGenerationId(BaseModel):
    """The take before, by its id."""

    generation_id: UUID4 = Field(description="The generation that the request goes on from.")


class ContextUtterances(BaseModel):
    """The take before, by what it said."""

    utterances: list[Utterance] = Field(description="What came before; it is not spoken again.")


class Context(RootModel[Annotated[ContextGenerationId | ContextUtterances, BeforeValidator(_not_both)]]):
    """What came before."""

    model_config = ConfigDict(json_schema_extra=_one_of)


class Mp3Format(BaseModel):
    """MPEG frames, 128 kbit/s."""

    type: Literal["mp3"]


class PcmFormat(BaseModel):
    """Signed 16-bit samples, little-endian, without a header."""

    type: Literal["pcm"]


class WavFormat(BaseModel):
    """RIFF WAVE with 16-bit samples."""

    type: Literal["wav"]


class Format(RootModel[Annotated[Mp3Format | PcmFormat | WavFormat, Field(discriminator="type")]]):
    """How the sound is encoded."""


class OctaveBodyArgs(BaseModel):
    """What is asked of `/v0/tts` and `/v0/tts/file`."""

    utterances: list[Utterance] = Field(min_length=1, description="What is spoken, in order.")
    context: Context | None = Field(None, description="What came before the first utterance.")
    format: Format = Field(Format(Mp3Format(type="mp3")), description="How the sound is encoded.")
    include_timestamp_types: list[TimestampType] = Field(
        [], description="What to give times of; version 2 only, version 1 leaves the lists empty."
    )
    num_generations: int = Field(1, ge=1, le=5, description="How many takes to make.")
    split_utterances: bool = Field(True, description="Whether utterances are divided into natural snippets.")
    strip_headers: bool = Field(
        False, description="Whether the pieces of a generation, joined, are one file, or each is its own."
    )
    temperature: float | None = Field(
        None, json_schema_extra=_not_null, description="Taken and ignored: the embedded engine has none."
    )
    version: OctaveVersion | None = Field(
        None, json_schema_extra=_not_null, description="Chosen by what the request needs, unless given."
    )


class OctaveBodyArgsStream(OctaveBodyArgs):
    """What is asked of `/v0/tts/stream/json` and `/v0/tts/stream/file`."""

    instant_mode: bool = Field(True, description="Pieces of a second, as soon as they are there.")


class MillisecondInterval(BaseModel):
    """When something sounds."""

    begin: int = Field(description="Milliseconds.")
    end: int = Field(description="Milliseconds.")


class Timestamp(BaseModel):
    """When a word or a phoneme sounds."""

    text: str = Field(description="The word as written, or the phoneme in IPA.")
    time: MillisecondInterval
    type: TimestampType


class Snippet(BaseModel):
    """A part of a generation that speaks one piece of the text."""

    audio: str = Field(description="Base64.")
    generation_id: UUID4
    id: UUID4
    text: str = Field(description="The piece of the text that it speaks.")
    timestamps: list[Timestamp]
    transcribed_text: str | None = Field(description="What was spoken; null in instant mode.")
    utterance_index: int | None = Field(description="Which utterance it belongs to, from 0.")


class Encoding(BaseModel):
    """How a generation is encoded."""

    format: FormatType
    sample_rate: int = Field(description="Samples a second.")


class Generation(BaseModel):
    """One take of everything that was asked."""

    audio: str = Field(description="Base64; one file.")
    duration: float = Field(description="Seconds.")
    encoding: Encoding
    file_size: int = Field(description="Bytes of the decoded audio.")
    generation_id: UUID4
    snippets: list[list[Snippet]] = Field(description="A list for each utterance.")


class OctaveResponse(BaseModel):
    """What `/v0/tts` answers."""

    generations: list[Generation]
    request_id: str | None


class SnippetAudioChunk(BaseModel):
    """A piece of a snippet's sound."""

    type: Literal["audio"]
    audio: str = Field(description="Base64.")
    audio_format: FormatType
    chunk_index: int = Field(description="Its place in the snippet, from 0.")
    generation_id: UUID4
    is_last_chunk: bool = Field(description="Whether it is the last of its snippet.")
    request_id: str
    snippet: Snippet | None = Field(None, json_schema_extra=_not_null, description="Not sent.")
    snippet_id: UUID4
    text: str = Field(description="The text of the whole snippet.")
    transcribed_text: str | None = Field(description="What was spoken; null in instant mode.")
    utterance_index: int | None = Field(description="Which utterance it belongs to, from 0.")


class OctaveOutputTimestamp(BaseModel):
    """When a word or a phoneme of a snippet sounds."""

    type: Literal["timestamp"]
    generation_id: UUID4
    request_id: str
    snippet_id: UUID4
    timestamp: Timestamp


class TtsOutput(RootModel[Annotated[SnippetAudioChunk | OctaveOutputTimestamp, Field(discriminator="type")]]):
    """One line of `/v0/tts/stream/json`."""


class ReturnVoice(BaseModel):
    """A voice of the library or of the account."""

    id: str
    name: str
    provider: VoiceProvider
    compatible_octave_models: list[OctaveVersion] | None = None
    tags: dict[str, list[str]] | None = None


class ReturnPagedVoices(BaseModel):
    """A page of voices."""

    page_number: int
    page_size: int
    total_pages: int
    voices_page: list[ReturnVoice]


class PostedVoice(BaseModel):
    """A voice to be saved."""

    generation_id: UUID4 = Field(description="The generation that speaks with it.")
    name: str = Field(min_length=1, max_length=200, description="What it is to be called.")


class ValidationError(BaseModel):
    """What is wrong with one field."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(BaseModel):
    """The answer to a body that is not as it must be."""

    detail: list[ValidationError] = []


class ErrorResponse(BaseModel):
    """The answer to a request about voices that cannot be met."""

    code: str | None = None
    error: str | None = None
    message: str | None = None


class Refusal(BaseModel):
    """The answer to a request that cannot be met; or not now, or not to whoever asks."""

    status_code: int
    message: str
    details: dict[str, str]


class Missing(BaseModel):
    """The answer to a request for a voice that is not there."""

    status: int
    error: str
    message: str
    path: str
