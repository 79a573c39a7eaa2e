"""Octave's endpoints over HTTP: speech and voices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from narrator.serving.flowing import Flow
from narrator.serving.journal import note
from narrator.serving.octave import wire
from narrator.serving.octave.asking import Plan
from narrator.serving.octave.library import Entry
from narrator.serving.octave.packaging import (
    answer,
    json_line,
    pack,
    stream_file,
    stream_lines,
    whole_file,
)
from narrator.serving.octave.refusing import (
    SPEECH,
    VOICES,
    as_models,
    as_references,
    in_band,
    unwelcome,
)
from narrator.serving.octave.service import Octave, octave
from narrator.serving.refusals import Refused, Shown
from narrator.serving.speaking import unless_gone


def key(
    x_hume_api_key: Annotated[
        str | None,
        Header(
            alias="X-Hume-Api-Key",
            description="Needed where the server was given one; `Bearer` and queries do too.",
        ),
    ] = None,
) -> None:
    """Only so that the page shows it: whoever guards the server has looked at it already."""


router = APIRouter(prefix="/v0/tts", dependencies=[Depends(key)])
Here = Annotated[Octave, Depends(octave)]

FILE: Shown = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    **as_references(SPEECH),
}
"""What an endpoint for files answers."""


class Lines(JSONResponse):
    """Lines of JSON, under the name that the published page gives them."""

    media_type = "text/event-stream"


class File(Response):
    """Sound."""

    media_type = "application/octet-stream"


@router.post(
    "", operation_id="synthesize-json", response_model=wire.OctaveResponse, responses=as_models(SPEECH)
)
async def synthesize_json(request: Request, body: wire.OctaveBodyArgs, here: Here) -> Response:
    """Speech and everything about it as one JSON object."""
    plan = await here.plan(body)
    _note(request, body, plan)
    packing = here.packing(plan, body)
    packed = await unless_gone(request, lambda: here.all(plan, lambda voiced: pack(voiced, packing)))
    return StreamingResponse(answer(packed, packing), media_type="application/json")


@router.post("/file", operation_id="synthesize-file", response_class=File, responses=FILE)
async def synthesize_file(request: Request, body: wire.OctaveBodyArgs, here: Here) -> Response:
    """Speech as one file: of one generation, however many were asked for."""
    plan = await here.plan(body, count=1)
    _note(request, body, plan)
    packing = here.packing(plan, body)
    return File(
        await unless_gone(request, lambda: here.all(plan, lambda voiced: whole_file(voiced, packing)))
    )


@router.post(
    "/stream/json",
    operation_id="synthesize-json-streaming",
    response_model=wire.TtsOutput,
    response_class=Lines,
    responses=as_references(SPEECH),
)
async def synthesize_json_streaming(
    request: Request, body: wire.OctaveBodyArgsStream, here: Here
) -> Response:
    """Speech and its times as lines of JSON, as they are made."""
    plan = await here.plan(body, instant=body.instant_mode)
    _note(request, body, plan)
    packing = here.packing(plan, body, instant=body.instant_mode)
    count = len(plan.lines)
    lines = here.each(plan, lambda voiced: stream_lines(voiced, packing, utterances=count))
    first = await unless_gone(request, lambda: anext(lines))
    return Flow(first, lines, media_type=Lines.media_type, complain=complaint(plan.request_id))


@router.post("/stream/file", operation_id="synthesize-file-streaming", response_class=File, responses=FILE)
async def synthesize_file_streaming(
    request: Request, body: wire.OctaveBodyArgsStream, here: Here
) -> Response:
    """Speech as it is made: of one generation, however many were asked for."""
    plan = await here.plan(body, instant=body.instant_mode, count=1)
    _note(request, body, plan)
    packing = here.packing(plan, body, instant=body.instant_mode)
    count = len(plan.lines)
    parts = here.each(plan, lambda voiced: stream_file(voiced, packing, utterances=count))
    first = await unless_gone(request, lambda: anext(parts))
    return Flow(first, parts, media_type=File.media_type)


def complaint(request_id: str) -> Callable[[Refused], bytes]:
    """The line that ends a stream of lines which cannot go on."""
    return lambda refused: json_line(in_band(str(refused.body["message"]), request_id))


@router.get(
    "/voices",
    operation_id="list-tts-voices",
    response_model_exclude_none=True,
    responses=as_models(VOICES),
)
async def list_voices(
    here: Here,
    provider: Annotated[wire.VoiceProvider, Query(description="Whose voices.")],
    page_number: Annotated[int, Query(ge=0, description="From 0.")] = 0,
    page_size: Annotated[int, Query(ge=1, le=100)] = 10,
    ascending_order: Annotated[bool | None, Query(description="Saved voices the oldest first.")] = None,
    name: Annotated[str | None, Query(description="Part of a name; case does not count.")] = None,
    filter_tag: Annotated[list[str] | None, Query(description="`TAG:VALUE`; all must be there.")] = None,
) -> wire.ReturnPagedVoices:
    """The voices of the library, or those saved here."""
    tags = [_tag(each) for each in filter_tag or ()]
    found = await anyio.to_thread.run_sync(
        lambda: here.voices.listed(provider, tags=tags, ascending=bool(ascending_order))
    )
    if name:
        found = [entry for entry in found if name.casefold() in entry.name.casefold()]
    start = page_number * page_size
    return wire.ReturnPagedVoices(
        page_number=page_number,
        page_size=page_size,
        total_pages=-(-len(found) // page_size),
        voices_page=[_voice(entry) for entry in found[start : start + page_size]],
    )


@router.post(
    "/voices",
    operation_id="create-tts-voice",
    response_model_exclude_none=True,
    responses=as_models(VOICES),
)
async def save_voice(here: Here, body: wire.PostedVoice) -> wire.ReturnVoice:
    """Keep the voice of a generation under a name."""
    saved = await anyio.to_thread.run_sync(here.voices.save, str(body.generation_id), body.name)
    return _voice(saved)


@router.delete(
    "/voices", operation_id="delete-tts-voice", response_class=Response, responses=as_references(VOICES)
)
async def delete_voice(here: Here, name: Annotated[str, Query(min_length=1)]) -> Response:
    """Forget a voice that was saved."""
    await anyio.to_thread.run_sync(here.voices.delete, name)
    return Response()


def _tag(text: str) -> tuple[str, str]:
    kind, colon, value = text.partition(":")
    if not colon:
        raise unwelcome(f"filter_tag {text!r} is not of the form TAG:VALUE.", code="filter_tag_invalid")
    return kind, value


def _voice(entry: Entry) -> wire.ReturnVoice:
    tags: dict[str, list[str]] = {}
    for kind, value in entry.tags:
        tags.setdefault(kind, []).append(value)
    return wire.ReturnVoice(
        id=entry.id,
        name=entry.name,
        provider=entry.provider,
        compatible_octave_models=list(wire.OctaveVersion),  # the embedded engine speaks for both
        tags=tags or None,
    )


def _note(request: Request, body: wire.OctaveBodyArgs, plan: Plan) -> None:
    note(
        request.scope,
        version=plan.version.value,
        voice=plan.lines[0].voice,
        context=body.context.model_dump(mode="json", exclude_unset=True) if body.context else None,
        generations=list(plan.generation_ids),
        characters=plan.characters * len(plan.generation_ids),
    )
