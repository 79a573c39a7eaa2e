"""The application behind `narrator serve`: every stand-in, and what they have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from narrator.errors import UsageError
from narrator.providers.espeak import Espeak
from narrator.serving.bounds import Bounded, Guarded
from narrator.serving.faults import Dealer, Faults, read_faults
from narrator.serving.journal import Journal, Log
from narrator.serving.options import Options
from narrator.serving.refusals import Refused
from narrator.serving.speaking import Gone, Speaking
from narrator.serving.standins import STAND_INS, is_public, key_headers, owner, refuse_as_owner
from narrator.serving.state import State
from narrator.serving.tampering import Tampering

_WORDED = {"description": "Any other refusal, as the service words it."}
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
        state = State(options.state, "".join(each.tables for each in STAND_INS))
        opened.callback(state.close)
        log = Log(options.log) if options.log else None
        if log:
            opened.callback(log.close)
        engine = Espeak({"concurrency": options.at_once} if options.at_once else {})
        opened.callback(engine.close)
        app = _application(opened.pop_all())
    speaking = Speaking(engine, at_once=engine.concurrency, queue=options.queue)
    for each in STAND_INS:
        setattr(app.state, each.name, each.make(engine, speaking, state, options))
        # Where a service has words of its own for a wrong body, the page must not show FastAPI's.
        responses: dict[int | str, dict[str, Any]] = {"default": _WORDED} if each.invalid else {}
        for router in each.routers:
            app.include_router(router, responses=responses)
    bounds: dict[str, Any] = {
        "body_bytes": options.body_bytes,
        "idle_s": options.idle_s,
        "refuse": refuse_as_owner,
    }
    # The last one added is the first to see a request.
    if faults:
        app.add_middleware(Tampering, dealer=Dealer(faults))
    app.add_middleware(Bounded, **bounds)
    app.add_middleware(Guarded, key=options.key, key_headers=key_headers, is_public=is_public, **bounds)
    if log:
        app.add_middleware(Journal, log=log)
    return app


def _application(held: ExitStack) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with held:
            try:
                yield
            finally:
                for each in STAND_INS:
                    if each.close:
                        await each.close(getattr(app.state, each.name))

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
    return _answer(error)


async def _gone(_: Request, error: Any) -> Response:  # noqa: ARG001 - the signature is given
    return Response(status_code=_NOBODY)


async def _invalid(request: Request, error: Any) -> Response:
    stand_in = owner(request.url.path)
    if stand_in and stand_in.invalid:
        return _answer(stand_in.invalid(error.errors()))
    # Without the input, which may be large, or not even JSON.
    detail = [{key: each[key] for key in ("loc", "msg", "type")} for each in error.errors()]
    return JSONResponse({"detail": detail}, 422)


async def _failed(request: Request, error: Any) -> Response:
    path = request.url.path
    message = "No such path." if error.status_code == 404 else str(error.detail)
    refused = refuse_as_owner(error.status_code, message, path)
    refused.headers.update(error.headers or {})
    if error.status_code == 405 and (methods := sorted(set(_methods(request)))):
        # Starlette would name the methods of the first route only.
        refused.headers["Allow"] = ", ".join(methods)
    return _answer(refused)


def _methods(request: Request) -> Iterator[str]:
    """What can be done at the path of a request, by the page."""
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            yield from (method.upper() for method in operations)


async def _broken(request: Request, error: Any) -> Response:  # noqa: ARG001 - the server reports it
    return _answer(refuse_as_owner(500, "Something went wrong in the server.", request.url.path))


def _answer(refused: Refused) -> Response:
    return JSONResponse(refused.body, refused.status, refused.headers)
