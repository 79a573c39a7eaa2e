"""The verb for the stand-in services."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from narrator import serving
from narrator.cli.output import say, say_error, tell, warn
from narrator.serving import Options
from narrator.serving.options import Clock, PhonemeLines


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; one that other machines reach needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8900,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="NARRATOR_SERVE_KEY",
            help="The key that clients must send; any will do without.",
            show_default=False,
        ),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Which requests go wrong, and how.", show_default=False),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where generation ids and saved voices are kept; ~/.local/state by default.",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Gets a JSON line for every request.", show_default=False),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Requests spoken at once; a core each by default.", show_default=False
        ),
    ] = None,
    clock: Annotated[
        Clock, typer.Option(help="What the times of words count from: the start of which of these.")
    ] = "utterance",
    phoneme_lines: Annotated[
        PhonemeLines,
        typer.Option(help="What a line of Supertone's streams holds: sound or phonemes by turns, or both."),
    ] = "alternating",
) -> int:
    """Answer as the services do, over the embedded voice; prints its address. Ctrl-C ends it."""
    given: dict[str, Any] = {} if state is None else {"state": state}
    options = Options(
        host=host,
        port=port,
        key=key,
        faults=faults,
        log=log,
        at_once=concurrency,
        clock=clock,
        phoneme_lines=phoneme_lines,
        **given,
    )
    failures = _Failures()
    log_of_server = logging.getLogger("uvicorn.error")
    log_of_server.addHandler(failures)
    try:
        serving.serve(options, announce=_announce)
    finally:
        log_of_server.removeHandler(failures)
    return 0


def _announce(address: str) -> None:
    tell(address)
    say(f"It answers as {', '.join(serving.services())}; {address}/openapi.json says what. Ctrl-C ends it.")


class _Failures(logging.Handler):
    """What the server has to say about itself, in a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            warn([record.getMessage().strip()])
            return
        place = traceback.extract_tb(error.__traceback__)[-1]
        say_error(f"unexpected {type(error).__name__}: {error} ({place.filename}:{place.lineno})", json=False)
