"""What a request asks for, once it is known to be possible: rules by model and by voice (contract 4)."""

from __future__ import annotations

from typing import NamedTuple

from narrator.serving.likeness import within
from narrator.serving.saying import spoken
from narrator.serving.speaking import Speaker
from narrator.serving.supertone.models import ABILITIES, FILES, Language, Model
from narrator.serving.supertone.presets import STYLES
from narrator.serving.supertone.refusing import refusal
from narrator.serving.supertone.voices import Voices, Who
from narrator.serving.supertone.wire import (
    Codec,
    SupertonePrediction,
    SupertoneSpeech,
    SupertoneVoiceSettings,
)
from narrator.takes import Spoken

_BREAK_MS = 400
"""Silence where a line of the text ends."""


class Plan(NamedTuple):
    """A request, ready to be spoken."""

    who: Who
    speaker: Speaker
    style: str
    direction: str | None
    language: Language
    model: Model
    said: Spoken
    characters: int
    """Of the text, as it was asked."""
    semitones: float
    speed: float
    duration_s: float
    """What the sound is to last; 0 for as long as it takes."""
    codec: Codec
    in_json: bool
    phonemes: bool
    """Whether the model tells them, where they are asked for."""


def plan(voice_id: str, body: SupertonePrediction, *, voices: Voices) -> Plan:
    """
    Make a request ready. It may read the disk, so it blocks.

    Raises:
        Refused: it cannot be met.
    """
    model = body.model or "sona_speech_1"
    able, who = ABILITIES[model], voices.find(voice_id)
    style = who.styles[0] if body.style is None else body.style
    _check_fit(who, model, body.language, style)
    said = spoken((able.normalized and body.normalized_text) or body.text, break_ms=_BREAK_MS)
    if not (said.words and spoken(body.text).words):
        raise refusal(["text must hold something that can be spoken"])
    asked = _honoured(body.voice_settings, model)
    speed, duration_s = asked.get("speed", 1.0), asked.get("duration", 0.0)
    speech = body if isinstance(body, SupertoneSpeech) else None
    in_json = bool(speech and speech.include_phonemes)
    return Plan(
        who=who,
        speaker=_livelier(who.likeness.speaking(FILES[body.language]), asked.get("pitch_variance", 1.0)),
        style=style,
        direction=STYLES[style],
        language=body.language,
        model=model,
        said=said,
        characters=len(body.text),
        semitones=asked.get("pitch_shift", 0.0),
        # Where both are given, Supertone's pages have a speed of 2 make of 5 s not 2.5 but 10.
        speed=1.0 if duration_s else speed,
        duration_s=duration_s * speed,
        codec=(speech and speech.output_format) or "wav",
        in_json=in_json,
        phonemes=in_json and able.phonemes,
    )


def plan_stream(voice_id: str, body: SupertoneSpeech, *, voices: Voices) -> Plan:
    """
    The same, where the answer is a stream.

    Raises:
        Refused: it cannot be met, or not as a stream.
    """
    if not ABILITIES[body.model or "sona_speech_1"].streams:
        streaming = ", ".join(name for name, able in ABILITIES.items() if able.streams)
        raise refusal(f"model {body.model} does not support streaming; {streaming} does")
    return plan(voice_id, body, voices=voices)


def _check_fit(who: Who, model: Model, language: Language, style: str) -> None:
    """
    Raises:
        Refused: the voice has no such style, language or model, or the model no such language.
    """
    if style not in who.styles:
        raise refusal(f"style {style!r} is not supported by the voice; it has {', '.join(who.styles)}")
    if model not in who.models:
        raise refusal(f"model {model} is not supported by the voice; it has {', '.join(who.models)}")
    for whose, languages in (("model", ABILITIES[model].languages), ("voice", who.languages)):
        if language not in languages:
            raise refusal(
                f"language {language} is not supported by the {whose}; it has {', '.join(languages)}"
            )


def _honoured(settings: SupertoneVoiceSettings | None, model: Model) -> dict[str, float]:
    """Those that are given and that the model heeds."""
    given = settings.model_dump(exclude_none=True) if settings else {}
    return {name: value for name, value in given.items() if name in ABILITIES[model].settings}


def _livelier(speaker: Speaker, variance: float) -> Speaker:
    settings = dict(speaker.settings)
    settings["range"] = within("range", settings["range"] * variance)
    return speaker._replace(settings=tuple(sorted(settings.items())))
