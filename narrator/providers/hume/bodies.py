"""What is sent to Hume: an utterance's text as the service reads it, and the bodies of requests.

Nothing is left to a default of the service, since its defaults have changed before (contract 17.4).

Square brackets are markup to the service and text to an author: the text's own are sent as round ones,
which are read alike, and what stands between them is spoken. A pause inside the text becomes `[pause]`, or
`[long pause]` from 1 s on; one at either end is not asked for, since silence of the right length can be put
there. Emphasis is not sent: the service knows capitals for it, and reads a short word in capitals letter by
letter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from narrator.errors import RequestRefused
from narrator.providers.hume.roster import CUSTOM, reference
from narrator.providers.hume.settings import (
    DESCRIPTION_LIMIT,
    NAME,
    OCTAVE_1,
    OCTAVE_2,
    SPEED,
    TEXT_LIMIT,
    AudioFormat,
    Settings,
)
from narrator.providers.texts import UNSAID, pauses, units
from narrator.takes import Context, Precedent, Request, Spoken, Take

Body = dict[str, object]
"""A JSON object."""

LONG_PAUSE_MS = 1000
VERSIONS: Mapping[str, str] = {OCTAVE_1: "1", OCTAVE_2: "2"}
TIMES = ("word", "phoneme")

_BRACKETS = str.maketrans("[]", "()")
_RECORDINGS = (
    (b"RIFF", 0, "guide.wav", "audio/wav"),
    (b"ID3", 0, "guide.mp3", "audio/mpeg"),
    (b"OggS", 0, "guide.ogg", "audio/ogg"),
    (b"ftyp", 4, "guide.m4a", "audio/mp4"),
)
"""What a recording begins with, and from which byte on; what it is called."""


class Sent(NamedTuple):
    """An utterance's text as it is sent."""

    text: str
    words: tuple[tuple[int, int], ...]
    """The stretch of `text` that says each of the utterance's words."""
    lead_ms: int = 0
    """Silence to be put before the sound."""
    tail_ms: int = 0
    """And after it."""


def write(spoken: Spoken) -> Sent:
    """An utterance's text as the service is to read it."""
    inside, lead_ms, tail_ms = pauses(spoken)
    text, spans = "", []
    for offset, letter in enumerate(spoken.text):
        if offset in inside:
            marker = "[long pause] " if inside[offset] >= LONG_PAUSE_MS else "[pause] "
            text += marker if text.endswith(" ") else f" {marker}"
        start = len(text)
        if not letter.isspace():
            text += UNSAID.sub("", letter).translate(_BRACKETS)
        elif text and not text.endswith(" "):
            text += " "
        spans.append((start, len(text)))
    words = tuple((spans[word.spoken_start][0], spans[word.spoken_end - 1][1]) for word in spoken.words)
    return Sent(text.rstrip(), words, lead_ms, tail_ms)


def _check(request: Request, sent: Sent, *, prompt: str | None) -> None:
    """
    Refuse what the service would refuse, before anything is sent.

    Args:
        prompt: the direction or the description of a voice that goes with it, if any.

    Raises:
        RequestRefused: the text is empty or too long, or the prompt is, or the speed is out of range.
    """
    if not sent.text:
        raise _refused("there is nothing in it that can be spoken", "utterances[0].text")
    # How the service counts is not known: UTF-16 units are never fewer than characters (contract 17.3).
    if (characters := units(sent.text)) > TEXT_LIMIT:
        raise _refused(
            f"the text has {characters} characters and one utterance takes {TEXT_LIMIT}; divide the"
            f" sentence (it begins {sent.text[:40]!r})",
            "utterances[0].text",
        )
    if prompt is not None and (characters := units(prompt)) > DESCRIPTION_LIMIT:
        raise _refused(
            f"it has {characters} characters and may have {DESCRIPTION_LIMIT}; shorten it (it begins"
            f" {prompt[:40]!r})",
            "utterances[0].description",
        )
    if not SPEED[0] <= request.speed <= SPEED[1]:
        raise _refused(
            f"speed {request.speed:g} is not from {SPEED[0]:g} to {SPEED[1]:g}", "utterances[0].speed"
        )


def speech(
    request: Request, sent: Sent, settings: Settings, *, voice: str, context: Body | None = None
) -> Body:
    """
    The body that asks for one utterance in a voice.

    Args:
        voice: canonical; the request's own, or the one that was made from its description.
    """
    return _body(request, sent, settings, prompt=_direction(request), voice=voice, context=context)


def design(request: Request, sent: Sent, settings: Settings) -> Body:
    """The body that asks for one utterance in a voice made from the request's description.

    It names no voice and no context: either would bring a voice along (contract 11.1).
    """
    return _body(request, sent, settings, prompt=request.description, voice=None, context=None)


def listening(request: Request, sent: Sent, settings: Settings, *, audio_format: AudioFormat) -> Body:
    """The body that asks for one utterance as an audio file and nothing else."""
    single = settings._replace(generations=1)
    if request.description is not None:
        body = design(request, sent, single)
    else:
        body = speech(request, sent, single, voice=request.voice)
    body.pop("include_timestamp_types", None)
    return body | {"format": {"type": audio_format}}


def conversion(request: Request, settings: Settings, *, voice: str, context: Body | None) -> dict[str, str]:
    """The form that asks for a recording in another voice (contract 3.1).

    A field that is an object is sent as JSON text, as the service's own client sends it.
    """
    form = {
        "voice": json.dumps(reference(voice)),
        "format": json.dumps({"type": audio_format(request, settings)}),
        "strip_headers": "true",
    }
    if context is not None:
        form["context"] = json.dumps(context)
    if request.model == OCTAVE_2:
        form |= {f"include_timestamp_types[{place}]": kind for place, kind in enumerate(TIMES)}
    return form


def guide_file(recording: bytes) -> tuple[str, bytes, str]:
    """
    A recording as a part of the form: a name, the bytes, the media type.

    Raises:
        RequestRefused: it is in none of the formats that the service takes.
    """
    for mark, place, name, kind in _RECORDINGS:
        if recording[place : place + len(mark)] == mark:
            return name, recording, kind
    if recording[:1] == b"\xff" and recording[1:2] >= b"\xe0":  # MPEG audio without a tag before it
        return "guide.mp3", recording, "audio/mpeg"
    raise _refused("it is not a recording in WAV, MP3, M4A or OGG", "audio")


def audio_format(request: Request, settings: Settings) -> AudioFormat:
    """The format that a request is answered in."""
    if dict(request.settings).get("format") == "mp3":
        return "mp3"
    return "wav" if settings.audio_format == "mp3" else settings.audio_format


def contexts(before: Precedent | None, request: Request, *, voice: str) -> list[tuple[Context, Body | None]]:
    """
    What can be said of the line before, the best first; the last is always to say nothing.

    Octave 1 cannot go on from what Octave 2 said (contract 11.3), and whose model a converted recording is
    is not known, so those are named by their text.

    Args:
        voice: canonical, of the line itself; it reads the line before where that has no voice of Hume's.
    """
    found: list[tuple[Context, Body | None]] = []
    if before is not None and (generation := _continued(before, request)):
        found.append(("id", {"generation_id": generation}))
    if before is not None and (text := write(before.request.spoken).text):
        found.append(("text", {"utterances": [_said(before, text, request, voice)]}))
    return [*found, ("none", None)]


def voice_of(take: Take | Precedent) -> str | None:
    """The voice that a take in a designed voice knows to have been kept, in its canonical form."""
    kept = dict(take.ids).get("voice")
    return f"{CUSTOM}{kept}" if kept else None


def _continued(before: Precedent, request: Request) -> str | None:
    """The id by which a request can go on from the line before, if it can."""
    asked = before.request
    if asked.provider != NAME or asked.guide is not None:
        return None
    if asked.model != request.model and request.model == OCTAVE_1:
        return None
    return dict(before.ids).get("generation")


def _said(before: Precedent, text: str, request: Request, voice: str) -> Body:
    asked = before.request
    own = asked.voice if asked.provider == NAME else ""
    if not own and asked.provider == NAME:
        own = voice_of(before) or ""
    said: Body = {"text": text[:TEXT_LIMIT], "voice": reference(own or voice)}
    if request.model == OCTAVE_1 and asked.direction and len(asked.direction) <= DESCRIPTION_LIMIT:
        said["description"] = asked.direction
    return said


def _direction(request: Request) -> str | None:
    return request.direction if request.model == OCTAVE_1 else None


def _body(
    request: Request,
    sent: Sent,
    settings: Settings,
    *,
    prompt: str | None,
    voice: str | None,
    context: Body | None,
) -> Body:
    _check(request, sent, prompt=prompt)
    own = dict(request.settings)
    utterance: Body = {"text": sent.text, "speed": request.speed, "trailing_silence": 0}
    if voice is not None:
        utterance["voice"] = reference(voice)
    if prompt is not None:
        utterance["description"] = prompt
    body: Body = {
        "version": VERSIONS[request.model],
        "utterances": [utterance],
        "format": {"type": audio_format(request, settings)},
        "num_generations": settings.generations,
        "split_utterances": own.get("split_utterances") is True,
        "strip_headers": True,
    }
    if "temperature" in own:
        body["temperature"] = own["temperature"]
    if context is not None:
        body["context"] = context
    if request.model == OCTAVE_2:
        body["include_timestamp_types"] = list(TIMES)
    if settings.stream:  # endpoints that answer in one piece do not know it
        body["instant_mode"] = False
    return body


def _refused(said: str, field: str) -> RequestRefused:
    return RequestRefused(said, provider=NAME, field=field)
