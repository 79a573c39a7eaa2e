"""Octave's voice conversion: a recording in, the same recording in another voice out.

What a voice is like is measured on some seconds of speech by the embedded engine; the rest is
`narrator.audio.conversion`. Nobody says what is spoken in a recording, so its text is empty here and
there are no times of words or phonemes. Memory does not grow with the recording.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, BinaryIO, NamedTuple

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from narrator.audio.blocks import Samples
from narrator.audio.character import Character, study
from narrator.audio.conversion import convert
from narrator.audio.decoding import Recording
from narrator.providers.espeak.voices import NAME
from narrator.serving.flowing import Flow
from narrator.serving.journal import note
from narrator.serving.octave import wire
from narrator.serving.octave.asking import Plan
from narrator.serving.octave.encoding import Wrapper
from narrator.serving.octave.forms import structured
from narrator.serving.octave.packaging import Packing, json_line
from narrator.serving.octave.reading import read
from narrator.serving.octave.refusing import SPEECH, as_references, refusal
from narrator.serving.octave.routes import FILE, File, Lines, complaint, key
from narrator.serving.octave.service import Octave, octave
from narrator.serving.octave.synthesis import RATE
from narrator.serving.speaking import Speaking, unless_gone
from narrator.takes import Pcm
from narrator.takes import Request as Speech

LONGEST_S = 600
"""Seconds of a recording; Hume's own limit is said to be 180."""

RENDITION = (
    "A young woman from the north arrived with nothing but hope. She sells sea shells while the boys enjoy"
    " their noisy toys, and a quick brown fox jumps over the lazy dog near the river bank."
)
"""What a voice is measured by: every kind of sound, some ten seconds."""

_MOST_FIELDS = 100
_UNFIT = "The recording cannot be converted: {}."


class ConversionForm(BaseModel):
    """What is asked of the conversion, besides the recording."""

    strip_headers: bool = Field(
        False, description="Whether the pieces, joined, are one file, or each is its own; a file is one."
    )
    context: wire.Context | None = Field(
        None, description="What came before; its voice, where none is given."
    )
    voice: wire.VoiceRef | None = Field(None, description="Who is to be heard.")
    format: wire.Format = Field(
        wire.Format(wire.Mp3Format(type="mp3")), description="How the sound is encoded."
    )
    include_timestamp_types: list[wire.TimestampType] = Field(
        [], description="Taken and ignored: nobody says what is spoken in the recording."
    )


def _described() -> dict[str, Any]:
    """The form as the page shows it."""
    schema = ConversionForm.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs")
    recording = {
        "type": "string",
        "format": "binary",
        "description": "Speech: WAV, MP3, Ogg or FLAC, at most 10 minutes.",
    }
    schema["properties"] = {"audio": recording, **schema["properties"]}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": schema | {"required": ["audio"]}}}}}


router = APIRouter(prefix="/v0/tts/voice_conversion", dependencies=[Depends(key)])
Here = Annotated[Octave, Depends(octave)]


@router.post(
    "/json",
    operation_id="convert-voice-json",
    response_model=wire.TtsOutput,
    response_class=Lines,
    responses=as_references(SPEECH),
    openapi_extra=_described(),
)
async def convert_voice_json(request: Request, here: Here) -> Response:
    """A recording in another voice as lines of JSON, as they are made."""
    work = await _begun(request, here)
    lines = work.flow(lambda pieces: (_line(piece, work) for piece in pieces))
    first = await unless_gone(request, lambda: anext(lines))
    return Flow(first, lines, media_type=Lines.media_type, complain=complaint(work.plan.request_id))


@router.post(
    "/file",
    operation_id="convert-voice-file",
    response_class=File,
    responses=FILE,
    openapi_extra=_described(),
)
async def convert_voice_file(request: Request, here: Here) -> Response:
    """A recording in another voice as one file, as it is made."""
    work = await _begun(request, here)
    work = work._replace(packing=work.packing._replace(strip_headers=True))
    parts = work.flow(lambda pieces: (piece.audio for piece in pieces))
    return Flow(await unless_gone(request, lambda: anext(parts)), parts, media_type=File.media_type)


class _Piece(NamedTuple):
    number: int
    last: bool
    audio: bytes


class _Work(NamedTuple):
    """One conversion."""

    here: Octave
    plan: Plan
    packing: Packing
    snippet_id: str
    file: BinaryIO

    async def flow(self, make: Callable[[Iterator[_Piece]], Iterator[bytes]]) -> AsyncGenerator[bytes, None]:
        """
        What *make* makes of the pieces, each made in a turn of its own; then the recording is let go.

        Raises:
            Refused: the recording is none; or too many are waiting.
        """
        line = self.plan.lines[0]
        silent = replace(line, reading=read("", language="en", split=False))
        remembered = replace(self.plan, lines=(silent,))
        try:
            async with aclosing(self.here.each(remembered, lambda _: make(_pieces(self)))) as parts:
                async for part in parts:
                    yield part
        finally:
            self.file.close()


async def _begun(request: Request, here: Octave) -> _Work:
    form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    try:
        audio = form.get("audio")
        asked = _asked(form, audio)
        if asked.voice is None and not _has_voice(asked.context):
            raise refusal("Voice conversion requires a voice; specify one.", details={"parameter": "voice"})
        body = wire.OctaveBodyArgs.model_validate(
            {
                "utterances": [{"text": RENDITION, "voice": asked.voice}],
                "context": asked.context,
                "format": asked.format,
                "strip_headers": asked.strip_headers,
                "split_utterances": False,
            }
        )
        plan = await here.plan(body)
    except BaseException:
        await form.close()
        raise
    note(
        request.scope,
        version=plan.version.value,
        voice=plan.lines[0].voice,
        context=asked.context.model_dump(mode="json", exclude_unset=True) if asked.context else None,
        generations=list(plan.generation_ids),
        characters=0,
    )
    assert isinstance(audio, UploadFile)  # noqa: S101  or it had been refused
    return _Work(here, plan, here.packing(plan, body), str(uuid.uuid4()), audio.file)


def _asked(form: FormData, audio: object) -> ConversionForm:
    """
    Raises:
        RequestValidationError: it is not as it must be.
    """
    errors: list[dict[str, Any]] = []
    if not isinstance(audio, UploadFile):
        said = ("Field required", "missing") if audio is None else ("A file is expected", "file_type")
        errors.append({"loc": ("body", "audio"), "msg": said[0], "type": said[1]})
    fields = [(key, value) for key, value in form.multi_items() if isinstance(value, str)]
    try:
        asked = ConversionForm.model_validate(structured(fields))
    except ValidationError as error:
        errors += [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
    if errors:
        raise RequestValidationError(errors)
    return asked


def _has_voice(context: wire.Context | None) -> bool:
    if context is None:
        return False
    before = context.root
    return isinstance(before, wire.ContextGenerationId) or any(each.voice for each in before.utterances)


def _pieces(work: _Work) -> Iterator[_Piece]:
    """The recording in the other voice, encoded piece by piece. It blocks."""
    try:
        recording = Recording(work.file, longest_s=LONGEST_S)
        length = _Length()
        source = study(length.counted(recording.blocks(RATE)), RATE)
    except ValueError as error:
        raise refusal(_UNFIT.format(error), details={"parameter": "audio"}) from None
    if not length.samples:
        raise refusal(_UNFIT.format("there is no sound in it"), details={"parameter": "audio"})
    target = _character(work.plan, work.here.speaking)
    packing = work.packing
    wrapper = Wrapper(packing.format, strip_headers=packing.strip_headers, samples=length.samples)
    left = length.samples
    blocks = convert(recording.blocks(RATE), RATE, source=source, target=target)
    for number, block in enumerate(blocks):
        left -= len(block)
        yield _Piece(number, not left, wrapper.wrap(_pcm(block), last=not left))


class _Length:
    """How long a stream was."""

    samples = 0

    def counted(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self.samples += len(block)
            yield block


def _character(plan: Plan, speaking: Speaking) -> Character:
    """What the wanted voice is like."""
    line = plan.lines[0]
    who = line.speakers[0]
    speech = Speech(provider=NAME, voice=who.voice, spoken=line.reading.spoken, settings=who.settings)
    made = speaking.speak(speech)
    return study([np.asarray(made.pcm / 32768, np.float32)], made.rate).character


def _pcm(block: Samples) -> Pcm:
    rounded: Pcm = np.rint(block * np.float32(32767)).astype(np.int16)
    return rounded


def _line(piece: _Piece, work: _Work) -> bytes:
    (generation,) = work.plan.generation_ids
    return json_line(
        {
            "type": "audio",
            "generation_id": generation,
            "request_id": work.plan.request_id,
            "audio": base64.b64encode(piece.audio).decode(),
            "audio_format": work.packing.format.value,
            "chunk_index": piece.number,
            "is_last_chunk": piece.last,
            "snippet_id": work.snippet_id,
            "text": "",
            "transcribed_text": None,
            "utterance_index": 0,
        }
    )
