"""What is sent to Sarvam: an utterance's text as the service reads it, and the bodies of requests.

Nothing is left to a default of the service: what is documented as such differs from page to page and between
its two endpoints (contract 5.4). The service knows no marks, and emphasis is not sent. How long it waits at a
line break or an ellipsis (contract 9.2) nobody can say, so no pause is asked of it: one at either end of a
text is silence, and a line is cut at one inside it (`splitting`).
"""

from __future__ import annotations

from collections.abc import Mapping

from narrator.errors import RequestRefused
from narrator.lexicon import DICTIONARY
from narrator.manuscript import Mark
from narrator.providers.sarvam.roster import sent_name
from narrator.providers.sarvam.settings import (
    MODELS,
    NAME,
    RATE,
    STREAMED_RATES,
    TEMPERATURE,
    AudioFormat,
    Settings,
)
from narrator.providers.texts import Sent, plain
from narrator.takes import Request, Spoken

Body = dict[str, object]
"""A JSON object."""

BIT_RATE = "192k"
"""Of MP3 that is streamed: the most there is."""


def says(spoken: Spoken) -> dict[Mark, str]:
    """What the lexicon says for stretches of a text, in their order."""
    return {
        mark: mark.value.removeprefix(DICTIONARY)
        for mark in sorted(spoken.marks, key=lambda mark: mark.start)
        if mark.kind == "say" and mark.value.startswith(DICTIONARY)
    }


def write(spoken: Spoken, respelt: Mapping[Mark, str]) -> Sent:
    """
    An utterance's text as the service is to read it.

    Args:
        respelt: stretches in whose place something else is sent, in their order; no two overlap.
    """
    text, reached = "", 0
    for mark, said in respelt.items():
        text += spoken.text[reached : mark.start] + said
        reached = mark.end
    return plain(spoken, text + spoken.text[reached:])


def characters(spoken: Spoken) -> int:
    """
    How many characters a text is billed for: those that are sent.

    Where a dictionary may put in other words it is the larger number, since which of them is billed is not
    known (contract 9.3).
    """
    said = says(spoken)
    respelt = len(write(spoken, said).text)
    return max(respelt, len(write(spoken, {}).text)) if said else respelt


def streams(request: Request, settings: Settings) -> bool:
    """Whether the answer comes as it is made."""
    return settings.stream and rate(request) in STREAMED_RATES


def rate(request: Request) -> int:
    """Samples a second that a request asks for."""
    return int(dict(request.settings).get("sample_rate", RATE))


def audio_format(request: Request, settings: Settings) -> AudioFormat:
    """The format that a request is answered in."""
    if dict(request.settings).get("format") == "mp3":
        return "mp3"
    return "linear16" if settings.audio_format == "mp3" else settings.audio_format


def speech(
    request: Request,
    text: str,
    settings: Settings,
    *,
    codec: AudioFormat,
    streamed: bool,
    dict_id: str | None,
) -> Body:
    """
    The body that asks for one utterance.

    Args:
        text: as it is sent.
        dict_id: of the pronunciation dictionary that is to be applied.

    Raises:
        RequestRefused: what the service would refuse; nothing needs to be sent to know that.
    """
    _check(request, text, streamed=streamed)
    model, said = MODELS[request.model], dict(request.settings)
    body: Body = {
        "text": text,
        settings.language_field: said["language"],
        "speaker": sent_name(request.voice),
        "model": request.model,
        "pace": request.speed,
        "speech_sample_rate": rate(request),
        "output_audio_codec": codec,
    }
    if model.temperature:
        body["temperature"] = said.get("temperature", TEMPERATURE)
    for key, usual in model.own.items():
        if (value := said.get(key, usual)) is not None:
            body["enable_preprocessing" if key == "preprocessing" else key] = value
    if streamed and codec == "mp3":
        body["output_audio_bitrate"] = BIT_RATE
    if dict_id is not None:
        body["dict_id"] = dict_id
    return body


def _check(request: Request, text: str, *, streamed: bool) -> None:
    model = MODELS[request.model]
    limit = model.streamed_limit if streamed else model.whole_limit
    if not text:
        raise _refused("there is nothing in it that can be spoken", "text")
    if len(text) > limit:
        raise _refused(
            f"the text has {len(text)} characters and one request of {request.model} takes {limit}; divide"
            f" the sentence (it begins {text[:40]!r})",
            "text",
        )
    slowest, fastest = model.pace
    if not slowest <= request.speed <= fastest:
        raise _refused(f"speed {request.speed:g} is not from {slowest:g} to {fastest:g}", "pace")


def _refused(said: str, field: str) -> RequestRefused:
    return RequestRefused(said, provider=NAME, field=field)
