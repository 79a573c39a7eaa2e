"""The application behind `narrator serve`: every stand-in, and what they have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from narrator.errors import UsageError
from narrator.providers.espeak import Espeak
from narrator.serving.bounds import Bounded, Guarded
from narrator.serving.faults import Dealer, Faults, read_faults
from narrator.serving.journal import Journal, Log
from narrator.serving.octave import conversion, routes, service, socket
from narrator.serving.octave.refusing import missing, refusal
from narrator.serving.options import Options
from narrator.serving.refusals import Refused
from narrator.serving.speaking import Gone, Speaking
from narrator.serving.state import State
from narrator.serving.tampering import Tampering

_NOBODY = 499
"""Status of what nobody hears any more, as nginx counts it."""


def create_app(options: Options) -> FastAPI:
    """
    The application, ready to be served; what it holds open it closes when it is shut down.

    Raises:
        OutputError: its state or its log cannot be written.
        ProviderError: the embedded engine is not installed.
        ProjectErrors, UsageError: the file of faults is wrong, or cannot be read.
    """
    with ExitStack() as opened:
        faults = _faults(options.faults) if options.faults else None
        state = State(options.state, service.TABLES)
        opened.callback(state.close)
        log = Log(options.log) if options.log else None
        if log:
            opened.callback(log.close)
        engine = Espeak({"concurrency": options.at_once} if options.at_once else {})
        opened.callback(engine.close)
        app = _application(opened.pop_all())
    speaking = Speaking(engine, at_once=engine.concurrency, queue=options.queue)
    app.state.octave = service.Octave(engine, speaking, state, options)
    app.include_router(routes.router)
    app.include_router(conversion.router)
    app.include_router(socket.router)
    # The last one added is the first to see a request.
    if faults:
        app.add_middleware(Tampering, dealer=Dealer(faults))
    app.add_middleware(Bounded, body_bytes=options.body_bytes, idle_s=options.idle_s)
    app.add_middleware(Guarded, key=options.key, body_bytes=options.body_bytes, idle_s=options.idle_s)
    if log:
        app.add_middleware(Journal, log=log)
    return app


def _application(held: ExitStack) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with held:
            yield

    return FastAPI(
        title="narrator serve",
        summary="Speech services over voices of your own machine",
        lifespan=lifespan,
        exception_handlers={
            Refused: _refused,
            Gone: _gone,
            RequestValidationError: _invalid,
            HTTPException: _failed,
            Exception: _broken,
        },
    )


def _faults(file: Path) -> Faults:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    return read_faults(content, file=str(file))


async def _refused(_: Request, error: Any) -> Response:
    return JSONResponse(error.body, error.status, error.headers)


async def _gone(_: Request, error: Any) -> Response:  # noqa: ARG001 - the signature is given
    return Response(status_code=_NOBODY)


async def _invalid(_: Request, error: Any) -> Response:
    """The 422 of the published page: without the input, which may be large, or not even JSON."""
    detail = [{key: each[key] for key in ("loc", "msg", "type")} for each in error.errors()]
    return JSONResponse({"detail": detail}, 422)


async def _failed(request: Request, error: Any) -> Response:
    path, headers = request.url.path, error.headers
    if error.status_code == 404:
        refused = missing("No such path.", path)
    else:
        refused = refusal(str(error.detail), status=error.status_code)
    operations = request.app.openapi()["paths"].get(path, {})
    if error.status_code == 405 and operations:
        # Starlette would name the methods of the first route only.
        headers = {"Allow": ", ".join(sorted(method.upper() for method in operations))}
    return JSONResponse(refused.body, refused.status, headers)


async def _broken(_: Request, error: Any) -> Response:  # noqa: ARG001 - the server reports it
    refused = refusal("Something went wrong in the server.", status=500)
    return JSONResponse(refused.body, refused.status)
