"""The bodies of PlayHT's requests and answers (contract 5, 8, 11, 12).

What depends on the engine is checked in `asking`. Fields that are not known are ignored, and a null is a
field that is not there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

JobEngine = Literal["PlayHT1.0", "PlayHT2.0", "Play3.0-mini"]
StreamEngine = Literal[
    "PlayHT1.0", "PlayHT2.0", "PlayHT2.0-turbo", "Play3.0-mini", "PlayDialog", "PlayDialog-turbo"
]
Quality = Literal["draft", "low", "medium", "high", "premium"]
JobFormat = Literal["mp3", "wav", "ogg", "flac", "mulaw"]
StreamFormat = Literal["mp3", "wav", "ogg", "flac", "mulaw", "raw", "pcm", "wav_mulaw"]
Emotion = Literal[
    "female_happy", "female_sad", "female_angry", "female_fearful", "female_disgust", "female_surprised",
    "male_happy", "male_sad", "male_angry", "male_fearful", "male_disgust", "male_surprised",
    "happy", "sad", "angry", "fearful", "disgust", "surprised",
]  # fmt: skip
Status = Literal["queued", "active", "preload", "generate", "postprocessing", "complete", "error"]


def _whole(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half a character")
    return text


Text = Annotated[str, AfterValidator(_whole)]
"""What can be written down: JSON can name the halves of a UTF-16 pair one by one."""


class Speech(BaseModel):
    """What every request for speech can say."""

    text: Text = Field(description="Plain text: 2,000 characters, with Play3.0-mini 20,000.")
    voice: Text = Field(description="`s3://.../manifest.json`, or a name such as `larry`.")
    quality: Quality | None = Field(None, description="Taken and ignored; medium by default.")
    speed: float | None = Field(None, ge=0.1, le=5, description="1 by default; what is heard is 0.5 to 2.8.")
    sample_rate: int | None = Field(None, ge=8_000, le=48_000, description="24000 by default.")
    seed: int | None = Field(
        None, ge=0, description="Another take for another number; the same one without it."
    )
    temperature: float | None = Field(
        None, ge=0, le=2, description="How far takes of different seeds are from each other; 0.6 by default."
    )
    emotion: Emotion | None = Field(None, description="PlayHT2.0 only.")
    voice_guidance: float | None = Field(None, ge=1, le=6, description="PlayHT2.0 only; taken and ignored.")
    style_guidance: float | None = Field(
        None, ge=1, le=30, description="PlayHT2.0 only: how much of the emotion."
    )
    text_guidance: float | None = Field(
        None, ge=1, le=2, description="Not with PlayHT1.0; taken and ignored."
    )
    language: Text | None = Field(None, description="In English and small letters; english by default.")


class PlayHTJobRequest(Speech):
    """What is asked of `/tts`."""

    voice_engine: JobEngine | None = Field(None, description="PlayHT2.0 by default.")
    output_format: JobFormat | None = Field(None, description="mp3 by default.")


class PlayHTStreamRequest(Speech):
    """What is asked of `/tts/stream`."""

    voice_engine: StreamEngine | None = Field(None, description="PlayHT2.0 by default.")
    output_format: StreamFormat | None = Field(None, description="mp3 by default.")
    voice_2: Text | None = Field(None, description="PlayDialog only: who speaks after `turn_prefix_2`.")
    turn_prefix: Text | None = Field(
        None, min_length=1, description="PlayDialog only: what `voice`'s turns begin with."
    )
    turn_prefix_2: Text | None = Field(
        None, min_length=1, description="PlayDialog only: what `voice_2`'s turns begin with."
    )


class PlayHTOutput(BaseModel):
    """What a job has come to."""

    duration: float = Field(description="Seconds.")
    size: int = Field(description="Bytes.")
    url: str = Field(description="Of the file, for anybody; it outlives the job.")


class PlayHTLink(BaseModel):
    """Where something is to be had."""

    href: str
    method: str
    content_type: str = Field(alias="contentType")
    rel: str
    description: str


class PlayHTJob(BaseModel):
    """A job."""

    id: str
    created: str
    input: dict[str, object] = Field(description="What was asked, with what was not said put in.")
    output: PlayHTOutput | None = Field(description="null until it has ended well.")
    status: Status
    error_message: str | None = Field(None, description="Why it came to nothing, if it did.")
    links: list[PlayHTLink] = Field(alias="_links")


class PlayHTVoice(BaseModel):
    """A voice."""

    id: str
    name: str
    sample: str | None
    accent: str | None
    age: str | None
    gender: Literal["female", "male"]
    language: str
    language_code: str
    loudness: str | None
    style: str | None
    tempo: str | None
    texture: str | None
    is_cloned: bool
    voice_engine: str


class PlayHTClone(BaseModel):
    """A voice that was cloned in the account."""

    id: str
    name: str
    type: Literal["instant", "high-fidelity"]


class PlayHTTranscriptionRequest(BaseModel):
    """What is asked of `/transcriptions`."""

    tts_job_id: Text
    format: Literal["SRT", "VRT", "VTT", "JSON"] = "JSON"
    timestamp_level: Literal["WORD", "SENTENCE"] = "SENTENCE"
    webhook_url: Text | None = Field(None, description="Kept and never called.")


class PlayHTTranscription(BaseModel):
    """When words or sentences sound."""

    id: str
    webhook_url: str | None
    format: str
    timestamp_level: str
    status: str
    transcription: str | dict[str, object] | None
    started_at: str
    completed_at: str | None
    links: list[PlayHTLink] = Field(alias="_links")


class PlayHTError(BaseModel):
    """The answer to a request that cannot be met."""

    error_message: str
    error_id: str


class PlayHTFailure(BaseModel):
    """The answer where the server is at fault."""

    message: str
    error: str
