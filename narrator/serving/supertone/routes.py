"""Supertone's endpoints for speech (contract 3 to 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response

from narrator.serving.encoding import MEDIA
from narrator.serving.flowing import TRAILERS, Flow
from narrator.serving.journal import note
from narrator.serving.speaking import unless_gone
from narrator.serving.supertone import wire
from narrator.serving.supertone.asking import Plan
from narrator.serving.supertone.refusing import Shown, shown
from narrator.serving.supertone.service import Supertone, supertone

LENGTH = "X-Audio-Length"
"""Seconds of sound."""


def key(
    x_sup_api_key: Annotated[
        str | None,
        Header(description="Needed where the server was given one; `Authorization: Bearer` does too."),
    ] = None,
) -> None:
    """Only so that the page shows it: whoever guards the server has looked at it already."""


router = APIRouter(prefix="/v1", dependencies=[Depends(key)])
Here = Annotated[Supertone, Depends(supertone)]

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_SOUND = dict.fromkeys((MEDIA["wav"], MEDIA["mp3"]), _BYTES)
_NDJSON = "application/x-ndjson"
_PHONEMES = {"schema": {"$ref": "#/components/schemas/SupertoneSpeechWithPhonemes"}}
_LENGTH: Shown = {200: {"headers": {LENGTH: {"schema": {"type": "number"}, "description": "Seconds."}}}}


class Sound(Response):
    """A file, or JSON."""

    media_type = None


@router.post(
    "/text-to-speech/{voice_id}",
    operation_id="supertone-speech",
    response_class=Sound,
    responses=shown(400, 404, 500)
    | {200: {"model": wire.SupertoneSpeechWithPhonemes, "content": _SOUND, **_LENGTH[200]}}
    | {400: {"model": wire.SupertoneError}},
)
async def speech(request: Request, voice_id: str, body: wire.SupertoneSpeech, here: Here) -> Response:
    """Speech in one piece: a file, or JSON with its phonemes."""
    plan = await here.plan(voice_id, body)
    _note(request, plan)
    answer, seconds = await unless_gone(request, lambda: here.answer(plan))
    media_type = JSONResponse.media_type if plan.in_json else MEDIA[plan.codec]
    return Response(answer, media_type=media_type, headers={LENGTH: repr(seconds)})


@router.post(
    "/text-to-speech/{voice_id}/stream",
    operation_id="supertone-stream",
    response_class=Sound,
    responses=shown(400, 404, 500) | {200: {"content": {**_SOUND, _NDJSON: _PHONEMES}}},
)
async def stream_speech(request: Request, voice_id: str, body: wire.SupertoneSpeech, here: Here) -> Response:
    """Speech in pieces, as they are made; its length comes after them, where HTTP is 1.1."""
    plan = await here.plan_stream(voice_id, body)
    _note(request, plan)
    trail = _trailing(request)
    pieces = here.stream(plan, lambda seconds: trail(LENGTH, repr(seconds)) if trail else None)
    first = await unless_gone(request, lambda: anext(pieces))
    flow = Flow(first, pieces, media_type=_NDJSON if plan.in_json else MEDIA[plan.codec])
    flow.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
    if trail:
        flow.headers["Trailer"] = LENGTH
    return flow


@router.post("/predict-duration/{voice_id}", operation_id="supertone-predict", responses=shown(400, 404, 500))
async def predict(
    request: Request, voice_id: str, body: wire.SupertonePrediction, here: Here
) -> wire.SupertoneDuration:
    """How long speech would last, to the sample."""
    plan = await here.plan(voice_id, body)
    _note(request, plan)
    return wire.SupertoneDuration(duration=await unless_gone(request, lambda: here.predict(plan)))


def _trailing(request: Request) -> Callable[[str, str], None] | None:
    """How to send a trailer; None where there is no way."""
    if request.scope["http_version"] != "1.1":
        return None
    found: Callable[[str, str], None] | None = request.scope.get("extensions", {}).get(TRAILERS)
    return found


def _note(request: Request, plan: Plan) -> None:
    note(
        request.scope,
        model=plan.model,
        voice=plan.who.name,
        style=plan.style,
        language=plan.language,
        codec=plan.codec,
        phonemes=plan.phonemes,
        characters=plan.characters,
    )
