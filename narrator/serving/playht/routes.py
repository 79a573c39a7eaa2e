"""PlayHT's endpoints: jobs, streams, files, voices, transcriptions.

A job that is asked for as events is answered 200 and not 201, because the service's own client takes nothing
else for a success there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from narrator.serving.flowing import Flow
from narrator.serving.journal import note
from narrator.serving.playht import voices, wire
from narrator.serving.playht.asking import Plan
from narrator.serving.playht.negotiating import form, wants_link
from narrator.serving.playht.refusing import Shown, failed, refusal, shown
from narrator.serving.playht.register import Job, stamp
from narrator.serving.playht.service import PlayHT, playht
from narrator.serving.playht.sounding import media_type
from narrator.serving.playht.telling import JOBS, as_events, as_json, link
from narrator.serving.playht.transcribing import transcribe
from narrator.serving.playht.working import Work
from narrator.serving.speaking import unless_gone

PATH = "/api/v2"
SDK = "/api/v4/sdk-auth"
PASSES = f"{PATH}/inference"
_PUBLIC = re.compile(r"/api/v2/(files/[^/]+|(tts/stream|inference)/[A-Za-z0-9]{18})")
_INFERENCE = ("Play3.0-mini", "PlayDialog", "PlayDialogMultilingual", "PlayDialogArabic", "PlayDialogHindi")
"""Engines under the names by which the official clients look for their addresses."""
_TRANSCRIPTIONS = f"{PATH}/transcriptions"

Here = Annotated[PlayHT, Depends(playht)]
Format = Annotated[
    str | None, Query(description="event-stream or audio-mpeg; counts for more than `accept`.")
]


def is_public(path: str) -> bool:
    """Whether a path is for whoever knows it: files, and streams that are fetched by an address."""
    return _PUBLIC.fullmatch(path) is not None


@asynccontextmanager
async def at_work(app: FastAPI) -> AsyncIterator[None]:
    """Jobs are worked on while the server runs."""
    here: PlayHT = app.state.playht
    await here.works.resume()
    try:
        yield
    finally:
        await here.works.close()


def account(
    here: Here,
    x_user_id: Annotated[
        str | None,
        Header(
            alias="X-USER-ID",
            description="Needed, any, where the server was given a key; that is in AUTHORIZATION, with"
            " `Bearer` before it or without.",
        ),
    ] = None,
) -> None:
    """The key was looked at already; here it is whose it is.

    Raises:
        Refused: 401, nobody says.
    """
    if here.keyed and not (x_user_id or "").strip():
        raise refusal("X-USER-ID: the user id is missing.", status=401)


def as_said(request: Request) -> None:
    """
    Raises:
        Refused: 415, the body does not say that it is JSON.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise refusal(f"content-type: application/json is taken, not {media[:80] or 'none'}", status=415)


router = APIRouter(prefix=PATH, dependencies=[Depends(account)], lifespan=at_work)
public = APIRouter(prefix=PATH)
sdk = APIRouter(dependencies=[Depends(account)])

_FILE: Shown = {200: {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}}
_EVENTS = {"text/event-stream": {"schema": {"type": "string"}}}
_AS_EVENTS: Shown = {200: {"description": "The same, as events.", "content": _EVENTS}}
_MPEG = {"audio/mpeg": {"schema": {"type": "string", "format": "binary"}}}
_AS_ANYTHING: Shown = {200: {"content": _EVENTS | _MPEG}}


class Sound(Response):
    """A file, in the format that was asked for."""

    media_type = None


@router.post(
    "/tts",
    operation_id="playht-create-job",
    status_code=201,
    response_model=wire.PlayHTJob,
    responses=_AS_EVENTS
    | shown(400, 401, 406, 413, 415, 429)
    | {400: {"model": wire.PlayHTError}, 500: {"model": wire.PlayHTFailure}},
    dependencies=[Depends(as_said)],
)
async def create_job(
    request: Request,
    body: wire.PlayHTJobRequest,
    here: Here,
    format: Format = None,  # noqa: A002, ARG001 - the service's name; it is read with `accept`
) -> Response:
    """Have a text spoken, and hear of it at once: as JSON, or as events until it is done."""
    wanted = form(request, able=("json", "events"))
    work, plan = await here.create(body)
    job = work.job
    _note(request, plan, job.id)
    location = {"Location": f"{JOBS}/{job.id}"}
    base = _base(request)
    if wanted == "json":
        return JSONResponse(as_json(job, base, stage="queued"), 201, location)
    answer = await _events(job, work, base)
    answer.headers.update(location | {"Content-Location": f"{JOBS}/{job.id}?format=event-stream"})
    return answer


@router.get(
    "/tts/{job_id}",
    operation_id="playht-read-job",
    response_model=wire.PlayHTJob,
    responses=_AS_ANYTHING | shown(401, 404, 406, 500),
)
async def read_job(
    request: Request,
    job_id: str,
    here: Here,
    format: Format = None,  # noqa: A002, ARG001 - see above
) -> Response:
    """A job: how it is, how it goes on until it is done, or its sound when it is done."""
    wanted = form(request, able=("json", "events", "audio"))
    note(request.scope, job=job_id)
    job, work = await here.find(job_id)
    if wanted == "json":
        return JSONResponse(as_json(job, _base(request), stage=work.told[-1].stage if work else None))
    if wanted == "events":
        return await _events(job, work, _base(request))
    if (job.body.output_format or "mp3") != "mp3":
        raise refusal("The job does not make an mp3.", status=406)
    if work:
        job = await unless_gone(request, work.ended)
    return await _file(here, job.file or "", job.reason)


@router.post(
    "/tts/stream",
    operation_id="playht-stream",
    response_class=Sound,
    responses=_FILE
    | {201: {"description": "Where it is to be had, once.", "model": wire.PlayHTLink}}
    | shown(400, 401, 406, 413, 415, 429, 500),
    dependencies=[Depends(as_said)],
)
async def stream_speech(request: Request, body: wire.PlayHTStreamRequest, here: Here) -> Response:
    """Speech as bytes; or, for who takes JSON, where to fetch it once."""
    plan = await here.plan(body)
    _note(request, plan)
    if not wants_link(request):
        return await _stream(request, here, plan)
    if plan.format not in ("mp3", "mulaw"):
        raise refusal("output_format: only mp3 and mulaw are to be had by an address", status=406)
    link_id = await anyio.to_thread.run_sync(here.register.link, body)
    href = f"{_base(request)}{JOBS}/stream/{link_id}?format=audio-mpeg"
    return JSONResponse(link(href, "audio/mpeg", "item", "Speech, to be fetched once."), 201)


@public.get(
    "/tts/stream/{link_id}",
    operation_id="playht-fetch-stream",
    response_class=Sound,
    responses=_FILE | shown(400, 404, 429, 500),
)
async def fetch_stream(request: Request, link_id: str, here: Here) -> Response:
    """Speech that was asked for before; it can be fetched once."""
    body = await anyio.to_thread.run_sync(here.register.follow, link_id)
    if body is None:
        raise refusal("There is no such stream, or it was fetched already.", status=404)
    plan = await here.plan(body)
    _note(request, plan)
    return await _stream(request, here, plan)


@sdk.post(SDK, operation_id="playht-hand-out-addresses", responses=shown(401))
async def hand_out(request: Request, here: Here) -> dict[str, dict[str, str] | str]:
    """Addresses at which the official clients have streams without a key, for a day."""
    pass_id, ends_ms = await anyio.to_thread.run_sync(here.register.hand_out)
    address = {"http_streaming_url": f"{_base(request)}{PASSES}/{pass_id}"}
    return {**dict.fromkeys(_INFERENCE, address), "expires_at": stamp(ends_ms)}


@public.post(
    "/inference/{pass_id}",
    operation_id="playht-stream-at-address",
    response_class=Sound,
    responses=_FILE | shown(400, 404, 413, 415, 429, 500),
    dependencies=[Depends(as_said)],
)
async def stream_at_address(
    request: Request, pass_id: str, body: wire.PlayHTStreamRequest, here: Here
) -> Response:
    """Speech as bytes, at an address that was handed out."""
    if not await anyio.to_thread.run_sync(here.register.knows, pass_id):
        raise refusal("There is no such address, or not any more.", status=404)
    plan = await here.plan(body)
    _note(request, plan)
    return await _stream(request, here, plan)


@public.options("/inference/{pass_id}", include_in_schema=False)
async def warm_up(pass_id: str) -> Response:  # noqa: ARG001 - nothing is looked at
    """The official clients connect with this, so that the first stream comes sooner."""
    return Response(status_code=204)


@public.get(
    "/files/{name}",
    operation_id="playht-read-file",
    response_class=Sound,
    responses=_FILE | shown(404),
)
async def read_file(name: str, here: Here) -> Response:
    """The file that a job has come to; no key is needed."""
    return await _file(here, name)


@router.get("/voices", operation_id="playht-list-voices", responses=shown(401))
async def list_voices() -> list[wire.PlayHTVoice]:
    """The service's voices."""
    return voices.listed()


@router.get("/cloned-voices", operation_id="playht-list-clones", responses=shown(401))
async def list_clones() -> list[wire.PlayHTClone]:
    """Voices that were cloned: none, since none can be."""
    return []


@router.post(
    "/transcriptions",
    operation_id="playht-transcribe",
    status_code=201,
    response_model=wire.PlayHTTranscription,
    responses=shown(400, 401, 404, 413, 415),
    dependencies=[Depends(as_said)],
)
async def create_transcription(
    request: Request, body: wire.PlayHTTranscriptionRequest, here: Here
) -> Response:
    """When the words or sentences of a job sound; at once, since the engine knows."""
    await _completed(here, body.tts_job_id)
    await anyio.to_thread.run_sync(here.register.transcribe, body)
    told = await _transcription(here, body.tts_job_id, _base(request))
    return JSONResponse(told, 201, {"Location": f"{_TRANSCRIPTIONS}/{body.tts_job_id}"})


@router.get(
    "/transcriptions/{job_id}",
    operation_id="playht-read-transcription",
    response_model=wire.PlayHTTranscription,
    responses=shown(400, 401, 404),
)
async def read_transcription(request: Request, job_id: str, here: Here) -> Response:
    """The same again; its id is the job's."""
    await _completed(here, job_id)
    return JSONResponse(await _transcription(here, job_id, _base(request)))


async def _events(job: Job, work: Work | None, base: str) -> Flow:
    events = as_events(job, work, base)
    first = await anext(events)
    flow = Flow(first, events, media_type="text/event-stream")
    flow.headers["Cache-Control"] = "no-cache"
    return flow


async def _stream(request: Request, here: PlayHT, plan: Plan) -> Response:
    pieces = here.stream(plan)
    first = await unless_gone(request, lambda: anext(pieces))
    flow = Flow(first, pieces, media_type=media_type(plan.format))
    flow.headers["x-play-request-id"] = str(uuid.uuid4())
    return flow


async def _file(here: PlayHT, name: str, reason: str | None = None) -> Response:
    if reason is not None:
        raise failed(reason)
    path = await anyio.to_thread.run_sync(here.register.path, name)
    if path is None:
        raise refusal("There is no such file.", status=404)
    extension = name.rpartition(".")[2]
    return FileResponse(path, media_type=media_type(extension))  # type: ignore[arg-type]  # one of a job's


async def _completed(here: PlayHT, job_id: str) -> None:
    """
    Raises:
        Refused: 404; or it is not complete.
    """
    job, _ = await here.find(job_id)
    if job.status != "complete":
        raise refusal("The job is not complete.")


async def _transcription(here: PlayHT, job_id: str, base: str) -> dict[str, object]:
    found = await anyio.to_thread.run_sync(here.register.transcription, job_id)
    if found is None:
        raise refusal("There is no such transcription.", status=404)
    wanted, created_ms = found
    words = await anyio.to_thread.run_sync(here.register.words, job_id)
    return {
        "id": job_id,
        "webhook_url": wanted.webhook_url,
        "format": wanted.format,
        "timestamp_level": wanted.timestamp_level,
        "status": "complete",
        "transcription": transcribe(words, form=wanted.format, level=wanted.timestamp_level),
        "started_at": stamp(created_ms),
        "completed_at": stamp(created_ms),
        "_links": [link(f"{base}{_TRANSCRIPTIONS}/{job_id}", "application/json", "self", "This one.")],
    }


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _note(request: Request, plan: Plan, job_id: str | None = None) -> None:
    note(
        request.scope,
        job=job_id,
        engine=plan.engine,
        voice=plan.voice,
        codec=plan.format,
        characters=plan.characters,
    )
