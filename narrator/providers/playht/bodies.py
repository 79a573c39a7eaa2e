"""What is sent to PlayHT: an utterance's text as plain text, and the body that makes a job of it.

Nothing is left to a default of the service (contract 1.6). Its engines take neither marks nor tags.
"""

from __future__ import annotations

import re

from narrator.errors import RequestRefused
from narrator.providers.playht.roster import Gender, sent
from narrator.providers.playht.settings import (
    EMOTIONS,
    GUIDANCE,
    LIMITS,
    NAME,
    PLAYHT_2,
    RATE,
    SPEED,
    AudioFormat,
    Settings,
)
from narrator.takes import Request

Body = dict[str, object]
"""A JSON object."""

_GENDERED = re.compile(rf"(female|male)_({'|'.join(EMOTIONS)})")


def is_emotion(style: str) -> bool:
    """Whether a way of speaking is one of the service's, with or without whose it is."""
    return style in EMOTIONS or _GENDERED.fullmatch(style) is not None


def names_gender(style: str) -> bool:
    """Whether it says whose it is."""
    return _GENDERED.fullmatch(style) is not None


def job(request: Request, text: str, settings: Settings, *, gender: Gender) -> Body:
    """
    The body that has a job made of one utterance (contract 5.2).

    Args:
        text: as it is sent.
        gender: of the voice, for an emotion that does not say whose it is; `""` where it is not known.

    Raises:
        RequestRefused: the text is empty or too long, the speed is out of range, or there is no such emotion.
    """
    _check(request, text)
    own = dict(request.settings)
    body: Body = {
        "text": text,
        "voice": sent(request.voice),
        "voice_engine": request.model,
        "quality": own.get("quality", "medium"),
        "output_format": audio_format(request, settings),
        "speed": request.speed,
        "sample_rate": own.get("sample_rate", RATE),
    }
    body |= {name: own[name] for name in ("seed", "temperature", *GUIDANCE, "language") if name in own}
    if request.direction is not None:
        body["emotion"] = _emotion(request, gender)
    return body


def audio_format(request: Request, settings: Settings) -> AudioFormat:
    """The format that a request is answered in."""
    match dict(request.settings).get("format"):
        case "mp3":
            return "mp3"
        case "ogg":
            return "ogg"
    return "flac" if settings.audio_format == "flac" else "wav"


def _check(request: Request, text: str) -> None:
    limit = LIMITS.get(request.model)
    if limit is None:
        raise RequestRefused(f"{request.model!r} is no engine of it", provider=NAME, field="voice_engine")
    if not text:
        raise RequestRefused("there is nothing in it that can be spoken", provider=NAME, field="text")
    if len(text) > limit:
        raise RequestRefused(
            f"the text has {len(text):,} characters and {request.model} takes {limit:,}; it begins"
            f" {text[:40]!r}",
            provider=NAME,
            field="text",
        )
    if not SPEED[0] <= request.speed <= SPEED[1]:
        raise RequestRefused(
            f"speed {request.speed:g} is not from {SPEED[0]:g} to {SPEED[1]:g}", provider=NAME, field="speed"
        )
    for name, able in GUIDANCE.items():
        if name in dict(request.settings) and request.model not in able:
            raise RequestRefused(f"{request.model} does not take it", provider=NAME, field=name)


def _emotion(request: Request, gender: Gender) -> str:
    style = request.direction or ""
    if request.model != PLAYHT_2 or not is_emotion(style):
        raise RequestRefused(f"{style!r} is no emotion of {request.model}", provider=NAME, field="emotion")
    return style if names_gender(style) or not gender else f"{gender}_{style}"
