"""The bodies of Supertone's requests and answers (contract 4, 5 and 7).

What depends on the model or the voice is checked in `asking`. Fields that are not known are ignored, and a
null is a field that is not there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from narrator.serving.supertone.models import Language, Model

TEXT_LIMIT = 300
"""Characters, counted as code points: whether Supertone counts those or UTF-16 units is not known."""
READING_LIMIT = 4 * TEXT_LIMIT
"""Of `normalized_text`: a text in kana is longer than the same in kanji. Supertone's own is not known."""
Codec = Literal["wav", "mp3"]
Optional = Annotated[float | None, Field(allow_inf_nan=False)]


class SupertoneVoiceSettings(BaseModel):
    """How a voice speaks. A model ignores those that it does not honour."""

    pitch_shift: Optional = Field(None, ge=-24, le=24, description="Semitones; 0 by default.")
    pitch_variance: Optional = Field(None, ge=0, le=2, description="How lively the melody is; 1 by default.")
    speed: Optional = Field(None, ge=0.5, le=2, description="Factor of the pace; 1 by default.")
    duration: Optional = Field(
        None,
        ge=0,
        le=60,
        description="Seconds that the sound is to last, before `speed` multiplies them; 0, the default, for"
        " as long as it takes.",
    )
    similarity: Optional = Field(
        None, ge=1, le=5, description="Taken and ignored: the embedded voice has none."
    )
    text_guidance: Optional = Field(
        None, ge=0, le=4, description="Taken and ignored: the embedded voice has none."
    )
    subharmonic_amplitude_control: Optional = Field(
        None, ge=0, le=2, description="Taken and ignored: the embedded voice has none."
    )


class SupertonePrediction(BaseModel):
    """What is asked of `/v1/predict-duration`, and of speech as well."""

    text: str = Field(max_length=TEXT_LIMIT, description="What is spoken: 1 to 300 characters.")
    language: Language = Field(description="Of the text; one that the model and the voice have.")
    style: str | None = Field(None, description="One of the voice's; its first by default.")
    model: Model | None = Field(None, description="sona_speech_1 by default.")
    voice_settings: SupertoneVoiceSettings | None = None
    normalized_text: str | None = Field(
        None,
        max_length=READING_LIMIT,
        description="How sona_speech_2 and sona_speech_2_flash are to read the text.",
    )


class SupertoneSpeech(SupertonePrediction):
    """What is asked of speech."""

    output_format: Codec | None = Field(None, description="wav by default.")
    include_phonemes: bool | None = Field(None, description="Whether the answer is JSON, with phonemes.")


class SupertonePhonemes(BaseModel):
    """Three lists beside each other."""

    symbols: list[str] = Field(description="IPA; empty for a silence.")
    start_times_seconds: list[float] = Field(description="From the start of the answer's sound.")
    durations_seconds: list[float]


class SupertoneSpeechWithPhonemes(BaseModel):
    """Speech as JSON; of a stream each line, where either may be null."""

    audio_base64: str | None
    phonemes: SupertonePhonemes | None = Field(description="Null where the model has none.")


class SupertoneDuration(BaseModel):
    """The answer to a prediction."""

    duration: float = Field(description="Seconds.")


class SupertoneVoice(BaseModel):
    """A voice of Supertone's."""

    voice_id: str
    name: str
    description: str
    age: str
    gender: str
    use_case: str
    use_cases: list[str]
    language: list[str]
    styles: list[str]
    models: list[str]


class SupertoneVoices(BaseModel):
    """A page of them."""

    items: list[SupertoneVoice]
    total: int
    next_page_token: str | None


class SupertoneCustomVoice(BaseModel):
    """A voice of the account's own."""

    voice_id: str
    name: str
    description: str


class SupertoneCustomVoices(BaseModel):
    """A page of them."""

    items: list[SupertoneCustomVoice]
    total: int
    next_page_token: str | None


class SupertoneVoiceChange(BaseModel):
    """What is to be changed of a voice of the account's own."""

    name: str | None = Field(None, description="Its new name.")
    description: str | None = Field(None, description="What else is said of it.")


class SupertoneVoiceCreated(BaseModel):
    """The answer to a clone."""

    voice_id: str


class SupertoneCredits(BaseModel):
    """What is left."""

    balance: float | None = Field(description="Always null here: nobody is billed.")


class SupertoneUsed(BaseModel):
    """What was spoken, of whatever it is broken down by."""

    minutes_used: float
    voice_id: str | None = None
    voice_name: str | None = None
    api_key: str | None = None
    model: str | None = None


class SupertoneBucket(BaseModel):
    """An hour or a day."""

    starting_at: str
    ending_at: str
    results: list[SupertoneUsed]


class SupertoneUsage(BaseModel):
    """A page of hours or days."""

    data: list[SupertoneBucket]
    total: int
    next_page_token: str | None


class SupertoneVoiceUsed(BaseModel):
    """What one voice spoke on one day in one way."""

    date: str
    voice_id: str
    name: str
    style: str
    language: str
    model: str
    total_minutes_used: float


class SupertoneVoiceUsage(BaseModel):
    """Every voice and day."""

    usages: list[SupertoneVoiceUsed]


class SupertoneErrorDetails(BaseModel):
    """What is wrong."""

    message: str | list[str]
    error: str
    statusCode: int  # noqa: N815 - as the service spells it


class SupertoneError(BaseModel):
    """The answer to a request that cannot be met."""

    status: Literal["error"]
    message: SupertoneErrorDetails
