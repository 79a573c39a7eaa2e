"""Sarvam's endpoints: speech, and pronunciation dictionaries.

Reading a dictionary takes its id in the path, changing and deleting one in the query (contract 3).
"""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, File, Header, Query, Request, UploadFile
from fastapi.responses import Response

from narrator.serving.encoding import MEDIA
from narrator.serving.flowing import Flow
from narrator.serving.journal import note
from narrator.serving.refusals import Shown
from narrator.serving.sarvam import wire
from narrator.serving.sarvam.asking import Plan
from narrator.serving.sarvam.dictionaries import BYTES, read_file
from narrator.serving.sarvam.refusing import refusal, shown
from narrator.serving.sarvam.service import Sarvam, sarvam
from narrator.serving.speaking import unless_gone

PATH = "/text-to-speech"
DICTIONARIES = "/pronunciation-dictionary"


def key(
    api_subscription_key: Annotated[
        str | None,
        Header(
            alias="api-subscription-key",
            description="Needed where the server was given one; `Bearer` does too.",
        ),
    ] = None,
) -> None:
    """Only so that the page shows it: whoever guards the server has looked at it already."""


router = APIRouter(prefix=PATH, dependencies=[Depends(key)])
mistaken = APIRouter(include_in_schema=False)
MISTAKEN = tuple(f"/v1{PATH}{rest}" for rest in ("", "/stream", DICTIONARIES))
"""Where these are looked for by mistake: other endpoints of Sarvam's are there."""
Here = Annotated[Sarvam, Depends(sarvam)]
Id = Annotated[str, Query(min_length=1, description="Of the dictionary.")]
Upload = Annotated[UploadFile, File(description="`application/json`, under a name that ends in .json.")]

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_SOUND: Shown = {200: {"content": dict.fromkeys(sorted(set(MEDIA.values())), _BYTES)}}
_ANY = ["GET", "POST", "PUT", "DELETE"]


class Sound(Response):
    """A file, in the codec that was asked for."""

    media_type = None


@router.post(
    "/stream",
    operation_id="sarvam-stream",
    response_class=Sound,
    responses=_SOUND | shown(400, 403, 404, 429),
)
async def stream_speech(request: Request, body: wire.SarvamStreamRequest, here: Here) -> Response:
    """Speech as bytes, as they are made."""
    plan = await here.plan_stream(body)
    _note(request, plan)
    pieces = here.stream(plan)
    first = await unless_gone(request, lambda: anext(pieces))
    return Flow(first, pieces, media_type=MEDIA[plan.codec])


@router.post(
    "",
    operation_id="sarvam-speech",
    response_model=wire.SarvamSpeechResponse,
    responses=shown(400, 403, 404, 429) | {400: {"model": wire.SarvamErrorMessage}},
)
async def speech(request: Request, body: wire.SarvamSpeechRequest, here: Here) -> Response:
    """Speech in one piece, in JSON."""
    plan = await here.plan_answer(body)
    _note(request, plan)
    answer = await unless_gone(request, lambda: here.answer(plan))
    return Response(answer, media_type="application/json")


@router.get(DICTIONARIES, operation_id="sarvam-list-dictionaries", responses=shown(400, 403))
async def list_dictionaries(here: Here) -> wire.SarvamDictionaryList:
    """The ids of all dictionaries."""
    ids = await anyio.to_thread.run_sync(here.dictionaries.ids)
    return wire.SarvamDictionaryList(dictionary_count=len(ids), dictionaries=ids)


@router.post(DICTIONARIES, operation_id="sarvam-create-dictionary", responses=shown(400, 403, 413))
async def create_dictionary(request: Request, file: Upload, here: Here) -> wire.SarvamDictionaryCreated:
    """Keep a new dictionary."""
    pronunciations = await _read(file)
    dict_id = await anyio.to_thread.run_sync(here.dictionaries.create, pronunciations)
    note(request.scope, dictionary=dict_id)
    return wire.SarvamDictionaryCreated(dictionary_id=dict_id)


@router.put(DICTIONARIES, operation_id="sarvam-update-dictionary", responses=shown(400, 403, 404, 413))
async def update_dictionary(
    request: Request, dict_id: Id, file: Upload, here: Here
) -> wire.SarvamDictionaryUpdated:
    """Add words to a dictionary, or change them; those that the file does not name stay."""
    note(request.scope, dictionary=dict_id)
    pronunciations = await _read(file)
    merged = await anyio.to_thread.run_sync(here.dictionaries.add, dict_id, pronunciations)
    return wire.SarvamDictionaryUpdated(dictionary_id=dict_id, updated_pronunciations=merged)


@router.delete(DICTIONARIES, operation_id="sarvam-delete-dictionary", responses=shown(400, 403, 404))
async def delete_dictionary(request: Request, dict_id: Id, here: Here) -> wire.SarvamDictionaryDeleted:
    """Forget a dictionary."""
    note(request.scope, dictionary=dict_id)
    await anyio.to_thread.run_sync(here.dictionaries.delete, dict_id)
    return wire.SarvamDictionaryDeleted(success=True, message=f"Dictionary '{dict_id}' deleted successfully")


@router.get(
    DICTIONARIES + "/{dict_id}", operation_id="sarvam-read-dictionary", responses=shown(400, 403, 404)
)
async def read_dictionary(request: Request, dict_id: str, here: Here) -> wire.SarvamDictionaryContent:
    """What is in a dictionary."""
    note(request.scope, dictionary=dict_id)
    found = await anyio.to_thread.run_sync(here.dictionaries.read, dict_id)
    return wire.SarvamDictionaryContent(pronunciations=found)


@mistaken.api_route(MISTAKEN[0], methods=_ANY)
@mistaken.api_route(MISTAKEN[1], methods=_ANY)
@mistaken.api_route(MISTAKEN[2], methods=_ANY)
async def not_here() -> Response:
    """
    Raises:
        Refused: always.
    """
    raise refusal(f"No such path; there is no /v1 before {PATH}.", status=404)


async def _read(file: UploadFile) -> wire.Pronunciations:
    if not (file.filename or "").lower().endswith(".json"):
        raise refusal("file: only files named *.json are taken")
    if (file.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise refusal(f"file: the part must be of type application/json, not {file.content_type or 'none'}")
    return read_file(await file.read(BYTES + 1))


def _note(request: Request, plan: Plan) -> None:
    note(
        request.scope,
        model=plan.model,
        voice=plan.voice,
        language=plan.language,
        codec=plan.codec,
        characters=plan.characters,
        dictionary=plan.dict_id,
    )
