"""Octave over a WebSocket (`/v0/tts/stream/input`): text in as it is written, speech out as it is spoken.

Text is gathered. A sentence is spoken as soon as the next one has begun, and all that is there when the
client says `flush` or `close`, or changes the voice or how it speaks. Voice, description, speed and trailing
silence hold until they are changed; the silence stands where a flush ends, not after each sentence. What
is spoken on one connection is one generation, each stretch of it an utterance.

What the published pages leave open is decided thus: without `no_binary` sound comes in binary frames and
times as text; a mistake is answered by an object of `type` `error`, and the connection goes on.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import UUID4, BaseModel, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from narrator.serving.journal import note
from narrator.serving.octave import wire
from narrator.serving.octave.forms import structured
from narrator.serving.octave.gathering import Gathering
from narrator.serving.octave.packaging import Packing, stream_objects
from narrator.serving.octave.service import Octave, octave
from narrator.serving.octave.synthesis import RATE, Voiced
from narrator.serving.refusals import Refused
from narrator.timeline import milliseconds

router = APIRouter(prefix="/v0/tts")

_SLUGS = {400: "request_refused", 404: "not_found", 429: "too_many_requests", 500: "synthesis_failed"}


class Settings(BaseModel):
    """The query of a connection; what it does not know is ignored."""

    context_generation_id: UUID4 | None = None
    format_type: wire.FormatType = wire.FormatType.MP3
    include_timestamp_types: list[wire.TimestampType] = []
    instant_mode: bool | None = None
    """Where it is not given, pieces are as short as in instant mode, but a voice may be designed."""
    no_binary: bool = False
    strip_headers: bool = False
    temperature: float | None = None
    version: wire.OctaveVersion | None = None


class PublishTts(BaseModel):
    """A message of a client; every field may be left out, or null."""

    text: str | None = Field(default=None, max_length=5000)
    voice: wire.VoiceRef | None = None
    description: str | None = Field(default=None, max_length=1000)
    speed: float | None = Field(default=None, ge=0.25, le=3)
    trailing_silence: float | None = Field(default=None, ge=0, le=5)
    flush: bool | None = None
    close: bool | None = None


class _Manner(NamedTuple):
    """Who speaks, and how, until it is changed."""

    voice: wire.VoiceRef | None = None
    description: str | None = None
    speed: float = 1
    trailing_silence: float = 0

    def changed(self, message: PublishTts) -> _Manner:
        given = {name: getattr(message, name) for name in self._fields}
        return self._replace(**{name: value for name, value in given.items() if value is not None})


@router.websocket("/stream/input")
async def stream_input(websocket: WebSocket, here: Annotated[Octave, Depends(octave)]) -> None:
    """Speak what a client writes, as it writes it."""
    try:
        settings = Settings.model_validate(structured(websocket.query_params.multi_items()))
    except ValidationError as error:
        detail = [
            {"loc": ["query", *each["loc"]], "msg": each["msg"], "type": each["type"]}
            for each in error.errors()
        ]
        await websocket.send_denial_response(JSONResponse({"detail": detail}, 422))
        return
    await websocket.accept()
    session = _Session(websocket, here, settings)
    try:
        await session.run()
    except WebSocketDisconnect:
        pass  # and what it had not flushed goes with it
    finally:
        session.note()


class _Session:
    """One connection."""

    def __init__(self, websocket: WebSocket, here: Octave, settings: Settings) -> None:
        self._websocket, self._here, self._settings = websocket, here, settings
        self._request_id = f"{uuid.uuid4()}-{secrets.randbelow(10**6)}"
        self._generation_id = str(uuid.uuid4())
        self._gathering = Gathering()
        self._manner = _Manner()
        self._language = "en"
        self._utterances = self._samples = self._characters = 0
        self._voice, self._version = "", ""
        self._waiting: deque[Voiced] = deque()
        self._flow: Iterator[list[dict[str, Any]]] | None = None

    async def run(self) -> None:
        """
        Raises:
            WebSocketDisconnect: the client went away.
        """
        going = True
        while going:
            try:
                async with asyncio.timeout(self._here.socket_idle_s):
                    received = await self._websocket.receive()
            except TimeoutError:
                await self._say_error("E0408", "inactivity_timeout", "Nothing was asked for too long.")
                break
            if received["type"] == "websocket.disconnect":
                return
            going = await self._heed(received.get("text") or received.get("bytes") or "")
        await self._websocket.close(1000)

    def note(self) -> None:
        """Tell the journal."""
        context = self._settings.context_generation_id
        note(
            self._websocket.scope,
            version=self._version,
            voice=self._voice,
            context={"generation_id": str(context)} if context else None,
            generations=[self._generation_id] if self._utterances else [],
            characters=self._characters,
        )

    async def _heed(self, received: str | bytes) -> bool:
        """Do what a message asks for; False where it is the last one."""
        try:
            message = PublishTts.model_validate(json.loads(received))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            await self._say_error("E0101", "invalid_structure", f"{where}: {first['msg']}".lstrip(": "))
            return True
        except (ValueError, RecursionError):
            await self._say_error("E0100", "invalid_json", "The message is not JSON.")
            return True
        manner = self._manner.changed(message)
        if manner != self._manner:
            await self._speak(self._gathering.everything(self._language), flushed=True)
            self._manner = manner
        self._gathering.add(message.text or "")
        if message.flush or message.close:
            await self._speak(self._gathering.everything(self._language), flushed=True)
        else:
            await self._speak(self._gathering.sentences(self._language), flushed=False)
        return not message.close

    async def _speak(self, texts: list[str], *, flushed: bool) -> None:
        for number, text in enumerate(texts, 1):
            silence_s = self._manner.trailing_silence if flushed and number == len(texts) else 0
            try:
                await self._utter(text, silence_s=silence_s)
            except Refused as refused:
                slug = _SLUGS.get(refused.status, "request_refused")
                await self._say_error(f"E0{refused.status}", slug, str(refused.body["message"]))

    async def _utter(self, text: str, *, silence_s: float) -> None:
        body = self._body(text, silence_s)
        plan = await self._here.plan(body, instant=self._settings.instant_mode is True)
        line = replace(plan.lines[0], index=self._utterances)
        plan = replace(
            plan, request_id=self._request_id, generation_ids=(self._generation_id,), lines=(line,)
        )
        packing = self._here.packing(plan, body, instant=self._settings.instant_mode is not False)
        async with aclosing(self._here.each(plan, lambda voiced: self._objects(voiced, packing))) as spoken:
            async for objects in spoken:
                for each in objects:
                    await self._send(each)
        self._language = line.speakers[0].voice.partition("+")[0].rpartition("/")[2]
        self._voice, self._version = line.voice, plan.version.value
        self._characters += len(text)
        self._utterances += 1

    def _body(self, text: str, silence_s: float) -> wire.OctaveBodyArgs:
        """
        The utterance as a request of its own. The voice carries over from the one before, as it would there.
        """
        before = self._settings.context_generation_id
        if self._utterances:
            before = None if self._manner.voice else uuid.UUID(self._generation_id)
        return wire.OctaveBodyArgs.model_validate(
            {
                "utterances": [{**self._manner._asdict(), "text": text, "trailing_silence": silence_s}],
                "context": {"generation_id": before} if before else None,
                "format": {"type": self._settings.format_type.value},
                "include_timestamp_types": self._settings.include_timestamp_types,
                "strip_headers": self._settings.strip_headers,
                "version": self._settings.version,
            }
        )

    def _objects(self, voiced: Iterator[Voiced], packing: Packing) -> Iterator[list[dict[str, Any]]]:
        """What is sent of an utterance, as objects. It blocks."""
        for (snippets,) in voiced:
            starts_ms = milliseconds(self._samples, RATE)
            self._samples += sum(len(snippet.pcm) for snippet in snippets)
            placed = tuple(replace(snippet, utterance_starts_ms=starts_ms) for snippet in snippets)
            if packing.format is wire.FormatType.MP3:
                # An encoder keeps some milliseconds back, which a client that flushes waits for.
                yield from stream_objects([(placed,)], packing, utterances=1)
                continue
            self._waiting.append((placed,))
            if self._flow is None:
                self._flow = stream_objects(self._taken(), packing, utterances=0)  # nobody knows how many
            yield next(self._flow)

    def _taken(self) -> Iterator[Voiced]:
        while True:
            yield self._waiting.popleft()

    async def _send(self, told: dict[str, Any]) -> None:
        if told["type"] == "audio" and not self._settings.no_binary:
            await self._websocket.send_bytes(base64.b64decode(told["audio"]))
        else:
            await self._websocket.send_text(json.dumps(told, separators=(",", ":")))

    async def _say_error(self, code: str, slug: str, message: str) -> None:
        await self._send(
            {
                "type": "error",
                "code": code,
                "slug": slug,
                "message": message,
                "request_id": self._request_id,
            }
        )
