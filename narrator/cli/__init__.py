"""The command line: arguments in, exit codes out. The only place that prints an error."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from types import FrameType

from typer.exceptions import Abort, Exit, TyperException
from typer.main import get_command

from narrator.cli.app import app
from narrator.cli.output import close_stdout, say, say_error
from narrator.errors import Interrupted, NarratorError
from narrator.pipeline import MASTERING
from narrator.recording import RECORDING


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code (design section 4)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug, json = "--debug" in words, "--json" in words
    words = [word for word in words if word != "--debug"]
    signal.signal(signal.SIGTERM, _interrupt)
    _fill_standard_places()
    try:
        code = _command()(words, prog_name="narrator", standalone_mode=False)
    except Exit as exc:
        return exc.exit_code
    except TyperException as exc:
        if not words:  # the message is the help
            for line in exc.format_message().split("\n"):
                say(line)
        else:
            say_error(exc.format_message(), json=json)
        return 2
    except (KeyboardInterrupt, Abort):
        say_error("interrupted", json=json)
        return Interrupted.exit_code
    except NarratorError as exc:
        if debug:
            raise
        say_error(str(exc), json=json)
        if isinstance(exc, Interrupted):
            _leave_threads(exc.exit_code)
        return exc.exit_code
    except BrokenPipeError:
        close_stdout()  # whoever read it has gone; there is nobody to tell
        return 1
    except Exception as exc:
        if debug:
            raise
        say_error(
            f"unexpected {type(exc).__name__}: {exc} (run again with --debug to see where)",
            json=json,
        )
        return 1
    if code == Interrupted.exit_code:  # which is how typer takes Ctrl-C outside the pipeline
        say_error("interrupted", json=json)
    return code if isinstance(code, int) else 0


@cache
def _command() -> Callable[..., object]:
    """What takes the arguments apart. It is long in the making, from the signatures of all the commands."""
    return get_command(app)


def _fill_standard_places() -> None:
    """Where a standard stream is closed, a file of ours would take its place and get what libraries print."""
    while (place := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(place)


def _leave_threads(code: int) -> None:
    """End now where requests were given up: Python would wait for their threads, they for a service."""
    if any(thread.name.startswith((RECORDING, MASTERING)) for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, AttributeError):
                stream.flush()
        os._exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
