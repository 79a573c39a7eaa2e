"""Supertone's endpoints for voices, its own and the account's, and for what was used (contract 3 and 7)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import AwareDatetime

from narrator.serving.journal import note
from narrator.serving.supertone import wire
from narrator.serving.supertone.clones import BYTES, Clone, checked_description, checked_name
from narrator.serving.supertone.presets import Preset
from narrator.serving.supertone.refusing import refusal, shown
from narrator.serving.supertone.routes import Here, key
from narrator.serving.supertone.usage import Breakdown, Period, Width
from narrator.serving.supertone.voices import PAGE_SIZE, page, searched_clones, searched_presets

router = APIRouter(prefix="/v1", dependencies=[Depends(key)])
PRESETS, OWN = "/voices", "/custom-voices"

_SOUNDS = ("audio/", "application/octet-stream", "application/ogg")

Size = Annotated[float, Query(description="Voices of a page, 10 to 100.")]
Token = Annotated[str | None, Query(description="Of a page; from the page before it.")]
Words = Annotated[str | None, Query(description="Words, all of which are to be found in it.")]
Values = Annotated[str | None, Query(description="One that it has, or one of several after commas.")]
StyleValues = Annotated[
    str | None, Query(description="One of several after commas, or all of several after semicolons.")
]


@router.get(PRESETS, operation_id="supertone-list-voices", responses=shown(400))
async def list_voices(
    here: Here, page_size: Size = PAGE_SIZE, next_page_token: Token = None
) -> wire.SupertoneVoices:
    """Supertone's own voices."""
    return _presets(here.voices.presets, page_size, next_page_token)


@router.get(f"{PRESETS}/search", operation_id="supertone-search-voices", responses=shown(400, 404))
async def search_voices(
    here: Here,
    name: Words = None,
    description: Words = None,
    language: Values = None,
    gender: Values = None,
    age: Values = None,
    use_case: Values = None,
    use_cases: Values = None,
    style: StyleValues = None,
    model: Values = None,
    page_size: Size = PAGE_SIZE,
    next_page_token: Token = None,
) -> wire.SupertoneVoices:
    """Those that answer to everything that is asked; none is a 404."""
    asked = {
        "name": name,
        "description": description,
        "language": language,
        "gender": gender,
        "age": age,
        "use_case": use_case,
        "use_cases": use_cases,
        "style": style,
        "model": model,
    }
    return _presets(searched_presets(here.voices.presets, asked), page_size, next_page_token)


@router.get(f"{PRESETS}/{{voice_id}}", operation_id="supertone-voice", responses=shown(404))
async def voice(voice_id: str, here: Here) -> wire.SupertoneVoice:
    """One of Supertone's own voices."""
    return _preset(here.voices.preset(voice_id))


@router.get(OWN, operation_id="supertone-list-custom-voices", responses=shown(400))
async def list_custom_voices(
    here: Here, page_size: Size = PAGE_SIZE, next_page_token: Token = None
) -> wire.SupertoneCustomVoices:
    """Voices of the account's own."""
    found = await anyio.to_thread.run_sync(here.clones.all)
    return _clones(found, page_size, next_page_token)


@router.get(f"{OWN}/search", operation_id="supertone-search-custom-voices", responses=shown(400, 404))
async def search_custom_voices(
    here: Here,
    name: Words = None,
    description: Words = None,
    page_size: Size = PAGE_SIZE,
    next_page_token: Token = None,
) -> wire.SupertoneCustomVoices:
    """Those that answer to everything that is asked; none is a 404."""
    found = await anyio.to_thread.run_sync(here.clones.all)
    asked = {"name": name, "description": description}
    return _clones(searched_clones(found, asked), page_size, next_page_token)


@router.post(f"{OWN}/cloned-voice", operation_id="supertone-clone-voice", responses=shown(400, 413, 415, 500))
async def clone_voice(
    request: Request,
    here: Here,
    files: Annotated[UploadFile, File(description="Speech: WAV, MP3, Ogg or FLAC, at most 3 MB.")],
    name: Annotated[str, Form()],
    description: Annotated[str, Form()] = "",
) -> wire.SupertoneVoiceCreated:
    """An embedded voice as high as the one in a recording, under a name."""
    checked_name(name), checked_description(description)
    kind = (files.content_type or _SOUNDS[0]).strip().lower()
    if not kind.startswith(_SOUNDS):
        raise refusal(f"files: {kind} is no sound", status=415)
    if (files.size or 0) > BYTES:
        raise refusal(f"files: the recording is larger than {BYTES} bytes", status=413)
    hertz = await here.height(files.file)
    made = await anyio.to_thread.run_sync(here.clones.create, name, description, hertz)
    note(request.scope, voice=made.name, hertz=round(hertz, 1))
    return wire.SupertoneVoiceCreated(voice_id=made.id)


@router.get(f"{OWN}/{{voice_id}}", operation_id="supertone-custom-voice", responses=shown(404))
async def custom_voice(voice_id: str, here: Here) -> wire.SupertoneCustomVoice:
    """A voice of the account's own."""
    return _clone(await anyio.to_thread.run_sync(here.voices.clone, voice_id))


@router.patch(f"{OWN}/{{voice_id}}", operation_id="supertone-change-custom-voice", responses=shown(400, 404))
async def change_custom_voice(
    voice_id: str, body: wire.SupertoneVoiceChange, here: Here
) -> wire.SupertoneCustomVoice:
    """Call it something else."""
    changed = await anyio.to_thread.run_sync(
        lambda: here.clones.change(voice_id, name=body.name, description=body.description)
    )
    return _clone(changed)


@router.delete(
    f"{OWN}/{{voice_id}}",
    operation_id="supertone-delete-custom-voice",
    status_code=204,
    response_class=Response,
    responses=shown(404),
)
async def delete_custom_voice(voice_id: str, here: Here) -> Response:
    """Forget it."""
    await anyio.to_thread.run_sync(here.clones.delete, voice_id)
    return Response(status_code=204)


@router.get("/credits", operation_id="supertone-credits", responses=shown())
async def credit_balance() -> wire.SupertoneCredits:
    """What is left to be spent: nobody is billed here."""
    return wire.SupertoneCredits(balance=None)


@router.get(
    "/usage",
    operation_id="supertone-usage",
    response_model_exclude_unset=True,
    responses=shown(400),
)
async def usage(
    here: Here,
    start_time: Annotated[AwareDatetime, Query(description="RFC 3339.")],
    end_time: Annotated[AwareDatetime, Query(description="RFC 3339; no part of it.")],
    bucket_width: Annotated[Width, Query()] = "day",
    breakdown_type: Annotated[list[Breakdown], Query()] = [],  # noqa: B006 - FastAPI copies it
    in_brackets: Annotated[
        list[Breakdown], Query(alias="breakdown_type[]", description="The same, as some write it.")
    ] = [],  # noqa: B006
    page_size: Annotated[float, Query(description="Hours or days of a page, 1 to 20.")] = 10,
    next_page_token: Token = None,
) -> wire.SupertoneUsage:
    """Minutes spoken, hour by hour or day by day."""
    breakdown = (*breakdown_type, *in_brackets)
    period = Period(start_time, end_time, bucket_width, breakdown, page_size, next_page_token)
    return await anyio.to_thread.run_sync(here.usage.within, period)


@router.get("/voice-usage", operation_id="supertone-voice-usage", responses=shown(400))
async def voice_usage(
    here: Here,
    start_date: Annotated[date, Query(description="YYYY-MM-DD, UTC.")],
    end_date: Annotated[date, Query(description="The last day, at most 30 later.")],
) -> wire.SupertoneVoiceUsage:
    """Minutes spoken, voice by voice and day by day."""
    return await anyio.to_thread.run_sync(here.usage.by_voice, start_date, end_date)


def _presets(
    found: list[Preset] | tuple[Preset, ...], size: float, token: str | None
) -> wire.SupertoneVoices:
    some, following = page(found, size=size, token=token)
    return wire.SupertoneVoices(
        items=[_preset(each) for each in some], total=len(found), next_page_token=following
    )


def _clones(found: list[Clone], size: float, token: str | None) -> wire.SupertoneCustomVoices:
    some, following = page(found, size=size, token=token)
    return wire.SupertoneCustomVoices(
        items=[_clone(each) for each in some], total=len(found), next_page_token=following
    )


def _preset(found: Preset) -> wire.SupertoneVoice:
    return wire.SupertoneVoice(
        voice_id=found.id,
        name=found.name,
        description=found.description,
        age=found.age,
        gender=found.gender,
        use_case=found.use_cases[0],
        use_cases=list(found.use_cases),
        language=list(found.languages),
        styles=list(found.styles),
        models=list(found.models),
    )


def _clone(found: Clone) -> wire.SupertoneCustomVoice:
    return wire.SupertoneCustomVoice(voice_id=found.id, name=found.name, description=found.description)
