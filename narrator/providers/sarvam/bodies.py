"""What is sent to Sarvam: an utterance's text as the service reads it, and the bodies of requests.

Nothing is left to a default of the service: what is documented as such differs from page to page and between
its two endpoints (contract 5.4). The service knows no marks: a line break makes it pause, and so does an
ellipsis (contract 9.2), so a pause inside the text becomes the one, or from 1 s on both. One at either end is
not asked for, since silence of the right length can be put there. Emphasis is not sent.
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
from narrator.providers.texts import UNSAID, Sent, pauses
from narrator.takes import Request, Spoken

Body = dict[str, object]
"""A JSON object."""

LONG_PAUSE_MS = 1000
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
        respelt: stretches in whose place something else is sent; no two overlap.
    """
    inside, lead_ms, tail_ms = pauses(spoken)
    instead = {mark.start: (mark.end, said) for mark, said in respelt.items()}
    text, reached = "", 0
    for offset, letter in enumerate(spoken.text):
        if offset in inside:
            text = f"{text.rstrip()}{' ...' if inside[offset] >= LONG_PAUSE_MS else ''}\n"
        if offset < reached:
            continue
        if offset in instead:
            reached, said = instead[offset]
            text += UNSAID.sub("", said)
        elif not letter.isspace():
            text += UNSAID.sub("", letter)
        elif text and not text[-1].isspace():
            text += " "
    return Sent(text.rstrip(), lead_ms, tail_ms)


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
