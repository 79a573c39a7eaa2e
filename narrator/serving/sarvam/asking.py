"""What a request asks for, once it is known to be possible: rules by model and by endpoint (contract 4).

Where it is not known how Sarvam words a refusal, the message says what is wrong. A text that is too long is a
400 in one piece and a 422 in a stream, since either is said to happen.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from narrator.serving.encoding import OPUS_RATES, Codec
from narrator.serving.sarvam.dictionaries import Dictionaries
from narrator.serving.sarvam.refusing import broken_rule, refusal
from narrator.serving.sarvam.voices import Voices
from narrator.serving.sarvam.wire import (
    Language,
    Model,
    SarvamSpeechRequest,
    SarvamStreamRequest,
    Speech,
)
from narrator.serving.speaking import Speaker

RATE = 22_050
STREAMED_RATES = (8_000, 16_000, 22_050, 24_000)
RATES = (*STREAMED_RATES, 32_000, 44_100, 48_000)
STREAM_LIMIT = 3500
"""Characters, of a stream."""
KBPS = 128
_SHORTEST = 20
"""Characters that one text of several counts for at least."""


class Ability(NamedTuple):
    """What a model can do."""

    title: str
    text_limit: int
    """Characters, where the answer is in one piece."""
    paces: tuple[float, float]
    melody: bool
    """Whether it takes `pitch` and `loudness`."""
    dictionary: bool
    wide: bool
    """Whether it has rates above 24 kHz, and no opus, where the answer is in one piece."""


ABILITIES: Mapping[Model, Ability] = {
    "bulbul:v2": Ability("Bulbul V2", 1500, (0.3, 3.0), melody=True, dictionary=False, wide=False),
    "bulbul:v3": Ability("Bulbul V3", 2500, (0.5, 2.0), melody=False, dictionary=True, wide=True),
    "bulbul:v4-flash": Ability("Bulbul V4 Flash", 2500, (0.5, 2.0), melody=True, dictionary=True, wide=True),
}

_SCRIPTS: Mapping[str, Language] = {
    "BENGALI": "bn-IN",
    "GUJARATI": "gu-IN",
    "DEVANAGARI": "hi-IN",
    "KANNADA": "kn-IN",
    "MALAYALAM": "ml-IN",
    "ORIYA": "od-IN",
    "GURMUKHI": "pa-IN",
    "TAMIL": "ta-IN",
    "TELUGU": "te-IN",
}


class Plan(NamedTuple):
    """A request, ready to be spoken."""

    model: Model
    language: Language
    voice: str
    speaker: Speaker
    texts: tuple[str, ...]
    """As they are asked, so as they are billed."""
    said: tuple[str, ...]
    """As they are spoken: after the dictionary."""
    pace: float
    pitch: float
    loudness: float
    codec: Codec
    rate: int
    kbps: int
    dict_id: str | None

    @property
    def characters(self) -> int:
        """Of all texts."""
        return sum(map(len, self.texts))


def plan_answer(body: SarvamSpeechRequest, *, voices: Voices, dictionaries: Dictionaries, most: int) -> Plan:
    """
    Make a request ready that is answered in one piece. It may read the disk, so it blocks.

    Args:
        most: characters of all texts together.

    Raises:
        Refused: it cannot be met.
    """
    model = body.model or "bulbul:v3"
    able = ABILITIES[model]
    if (body.text is None) == (body.inputs is None):
        raise refusal("Exactly one of 'text' and 'inputs' is required")
    texts = tuple(body.inputs or (body.text or "",))
    for text in texts:
        if not text.strip():
            raise refusal("'text' must not be empty")
        if len(text) > able.text_limit:
            raise refusal(f"'text' has {len(text)} characters; {model} takes {able.text_limit} at most")
    if sum(max(len(text), _SHORTEST) for text in texts) > most:
        raise refusal(f"'inputs' come to more than {most} characters; divide them")
    if body.language is None:
        raise refusal("language_code: Field required")
    rate = body.speech_sample_rate or RATE
    if rate not in (RATES if able.wide else STREAMED_RATES):
        raise _no_such_rate(RATES if able.wide else STREAMED_RATES)
    codec = body.output_audio_codec or "wav"
    if codec == "opus" and able.wide:
        raise refusal(f"output_audio_codec: 'opus' is not supported for {model} on this endpoint")
    wanted = _Wanted(model, body.language, texts, codec, rate, KBPS)
    return _plan(body, wanted, voices, dictionaries)


def plan_stream(body: SarvamStreamRequest, *, voices: Voices, dictionaries: Dictionaries) -> Plan:
    """
    Make a request ready that is answered as a stream. It may read the disk, so it blocks.

    Raises:
        Refused: it cannot be met.
    """
    if not body.text.strip():
        raise broken_rule("'text' must not be empty")
    if len(body.text) > STREAM_LIMIT:
        raise broken_rule(f"'text' has {len(body.text)} characters; a stream takes {STREAM_LIMIT} at most")
    rate = body.speech_sample_rate or RATE
    if rate not in STREAMED_RATES:
        raise _no_such_rate(STREAMED_RATES)
    language = body.language or _language_of(body.text)
    codec = body.output_audio_codec or "mp3"
    kbps = int((body.output_audio_bitrate or f"{KBPS}k").removesuffix("k"))
    wanted = _Wanted(body.model or "bulbul:v2", language, (body.text,), codec, rate, kbps)
    return _plan(body, wanted, voices, dictionaries)


class _Wanted(NamedTuple):
    """What the endpoints settle each in its own way."""

    model: Model
    language: Language
    texts: tuple[str, ...]
    codec: Codec
    rate: int
    kbps: int


def _plan(body: Speech, wanted: _Wanted, voices: Voices, dictionaries: Dictionaries) -> Plan:
    model, language, texts, codec, rate, _ = wanted
    able = ABILITIES[model]
    if codec == "opus" and rate not in OPUS_RATES:
        known = ", ".join(map(str, OPUS_RATES))
        raise refusal(f"The opus codec only supports sample rates of {known} Hz")
    if not able.melody and not (body.pitch is None and body.loudness is None):
        raise refusal(f"Pitch and loudness parameters are currently not supported for the {able.title} model")
    low, high = able.paces
    pace = 1.0 if body.pace is None else body.pace
    if not low <= pace <= high:
        raise refusal(f"For the {able.title} model, pace should be between {low} and {high}")
    if body.dict_id is not None and not able.dictionary:
        raise refusal(f"dict_id: pronunciation dictionaries are not supported for the {able.title} model")
    voice, speaker = voices.find(body.speaker, model, language)
    said = texts if body.dict_id is None else dictionaries.apply(body.dict_id, language, texts)
    return Plan(
        **wanted._asdict(),
        voice=voice,
        speaker=speaker,
        said=said,
        pace=pace,
        pitch=body.pitch or 0.0,
        loudness=1.0 if body.loudness is None else body.loudness,
        dict_id=body.dict_id,
    )


def _no_such_rate(rates: tuple[int, ...]) -> Exception:
    return refusal(f"Speech sample rate can only be {', '.join(map(str, rates))} Hz")


def _language_of(text: str) -> Language:
    """By the script of most letters, for a request that does not say."""
    letters = (unicodedata.name(each, "").partition(" ")[0] for each in text if each.isalpha())
    found = Counter(_SCRIPTS.get(script, "en-IN") for script in letters)
    return found.most_common(1)[0][0] if found else "en-IN"
