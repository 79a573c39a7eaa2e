"""What is sent to Supertone: an utterance's text as the service reads it, and the bodies of requests.

Nothing is left to a default of the service. It knows no marks for pauses and emphasis, so texts are plain.
"""

from __future__ import annotations

from urllib.parse import quote

from narrator.errors import RequestRefused
from narrator.providers.base import StreamFormat
from narrator.providers.supertone.settings import KNOBS, MODELS, NAME, SPEED, TEXT_LIMIT, Settings
from narrator.providers.texts import Sent, units
from narrator.takes import Request

Body = dict[str, object]
"""A JSON object."""


def path(voice_id: str, *, streamed: bool = False) -> str:
    """Where speech in a voice is asked for."""
    return f"/v1/text-to-speech/{quote(voice_id, safe='')}{'/stream' if streamed else ''}"


def prediction_path(voice_id: str) -> str:
    """Where it is asked how long that would sound."""
    return f"/v1/predict-duration/{quote(voice_id, safe='')}"


def streams(request: Request) -> bool:
    """Whether the model can answer piece by piece; what others do when they are asked to is not known."""
    return MODELS[request.model].streams


def check(request: Request, sent: Sent) -> None:
    """
    Refuse what the service would refuse, before anything is sent.

    Raises:
        RequestRefused: the text has nothing to say or is too long, or the speed is out of range.
    """
    if not sent.letters:
        raise RequestRefused("there is nothing in it that can be spoken", provider=NAME, field="text")
    if (characters := units(sent.text)) > TEXT_LIMIT:
        raise RequestRefused(
            f"the text has {characters} characters and one request takes {TEXT_LIMIT}; divide the sentence"
            f" (it begins {sent.text[:40]!r})",
            provider=NAME,
            field="text",
        )
    if not SPEED[0] <= request.speed <= SPEED[1]:
        raise RequestRefused(
            f"speed {request.speed:g} is not from {SPEED[0]:g} to {SPEED[1]:g}",
            provider=NAME,
            field="voice_settings.speed",
        )


def prediction(request: Request, sent: Sent, settings: Settings, *, style: str | None) -> Body:
    """
    The body that asks how long an utterance would sound.

    Args:
        style: in the voice's own spelling; None for a voice that has none.
    """
    own, model = dict(request.settings), MODELS[request.model]
    turned = {key: own.get(key, KNOBS[key].usual) for key in model.knobs}
    body: Body = {
        "text": sent.text,
        "language": own.get("language", settings.language),
        "model": request.model,
        "voice_settings": {**turned, **({"duration": 0} if model.duration else {}), "speed": request.speed},
    }
    return body | ({} if style is None else {"style": style})


def speech(
    request: Request, sent: Sent, settings: Settings, *, style: str | None, audio_format: StreamFormat = "wav"
) -> Body:
    """The body that asks for an utterance and its phonemes, where they are wanted and the model gives any."""
    phonemes = settings.phonemes and MODELS[request.model].phonemes
    body = prediction(request, sent, settings, style=style)
    return body | {"output_format": audio_format, "include_phonemes": phonemes}


def listening(
    request: Request, sent: Sent, settings: Settings, *, style: str | None, audio_format: StreamFormat
) -> Body:
    """The body that asks for an utterance as an audio file and nothing else."""
    body = speech(request, sent, settings, style=style, audio_format=audio_format)
    return body | {"include_phonemes": False}
