"""The bodies of Sarvam's requests and answers (contract 4, 8, 9.3).

What depends on the model is checked in `asking`. Fields that are not known are ignored, and a null is a field
that is not there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

Model = Literal["bulbul:v2", "bulbul:v3", "bulbul:v4-flash"]
Language = Literal[
    "bn-IN", "en-IN", "gu-IN", "hi-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN", "ta-IN", "te-IN"
]
OutputCodec = Literal["mp3", "linear16", "mulaw", "alaw", "opus", "flac", "aac", "wav"]
BitRate = Literal["32k", "64k", "96k", "128k", "192k"]


def _one_text(value: object) -> object:
    if isinstance(value, list):
        raise ValueError("'text' must be a string. Use 'inputs' for several texts")
    return value


Text = Annotated[str, BeforeValidator(_one_text)]


class Speech(BaseModel):
    """What both endpoints for speech are asked."""

    language_code: Language | None = Field(None, description="Of the text.")
    target_language_code: Language | None = Field(
        None,
        description="What `language_code` was called before August 2026.",
        json_schema_extra={"deprecated": True},
    )
    speaker: str | None = Field(None, description="Of the model, in small letters; its own by default.")
    pace: float | None = Field(None, description="1 by default; 0.5 to 2, bulbul:v2 0.3 to 3.")
    pitch: float | None = Field(None, ge=-1, le=1, description="0 by default; not of bulbul:v3.")
    loudness: float | None = Field(None, ge=0.1, le=3, description="1 by default; not of bulbul:v3.")
    temperature: float | None = Field(
        None, ge=0.01, le=1, description="Taken and ignored: the embedded engine has none."
    )
    speech_sample_rate: int | None = Field(None, description="Samples a second; 22050 by default.")
    enable_preprocessing: bool | None = Field(None, description="Taken and ignored: numbers are always read.")
    enable_cached_responses: bool | None = Field(None, description="Taken and ignored.")
    dict_id: str | None = Field(None, description="A pronunciation dictionary; not of bulbul:v2.")

    @property
    def language(self) -> Language | None:
        """By either name."""
        return self.language_code or self.target_language_code


class SarvamSpeechRequest(Speech):
    """What is asked of `/text-to-speech`."""

    text: Text | None = Field(None, description="What is spoken: 2500 characters, with bulbul:v2 1500.")
    inputs: list[str] | None = Field(
        None, min_length=1, description="Several texts, each answered for itself; instead of `text`."
    )
    model: Model | None = Field(None, description="bulbul:v3 by default.")
    output_audio_codec: OutputCodec | None = Field(None, description="wav by default.")


class SarvamStreamRequest(Speech):
    """What is asked of `/text-to-speech/stream`."""

    text: Text = Field(description="What is spoken: 1 to 3500 characters.")
    model: Model | None = Field(None, description="bulbul:v2 by default.")
    output_audio_codec: OutputCodec | None = Field(None, description="mp3 by default.")
    output_audio_bitrate: BitRate | None = Field(
        None, description="Of mp3, opus and aac, 128k by default; the nearest that there is at the rate."
    )


class SarvamSpeechResponse(BaseModel):
    """What `/text-to-speech` answers."""

    request_id: str | None
    audios: list[str] = Field(description="Base64: a file of the codec that was asked for, for each text.")


Pronunciations = dict[str, dict[str, str]]
"""What is said for a word, by the language and the word."""


class SarvamDictionaryFile(BaseModel):
    """The file in which a dictionary is uploaded."""

    pronunciations: dict[
        Language, dict[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]]
    ]


class SarvamDictionaryContent(BaseModel):
    """A dictionary."""

    pronunciations: Pronunciations


class SarvamDictionaryCreated(BaseModel):
    """The answer to a new one."""

    dictionary_id: str


class SarvamDictionaryUpdated(BaseModel):
    """The answer to one that was added to: all that is in it now."""

    dictionary_id: str
    updated_pronunciations: Pronunciations


class SarvamDictionaryList(BaseModel):
    """Every dictionary."""

    dictionary_count: int
    dictionaries: list[str]


class SarvamDictionaryDeleted(BaseModel):
    """The answer to one that was deleted."""

    success: bool
    message: str


class SarvamErrorDetails(BaseModel):
    """What is wrong."""

    message: str
    code: str
    request_id: str | None


class SarvamErrorMessage(BaseModel):
    """The answer to a request that cannot be met."""

    error: SarvamErrorDetails
