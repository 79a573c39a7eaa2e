"""The command line: arguments in, exit codes out. The only place that prints an error."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from typer.exceptions import Abort, Exit, TyperException

from narrator.cli.app import app
from narrator.cli.output import say_error
from narrator.errors import Interrupted, NarratorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code (design section 4)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug, json = "--debug" in words, "--json" in words
    words = [word for word in words if word != "--debug"]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(words, prog_name="narrator", standalone_mode=False)
    except Exit as exc:
        return exc.exit_code
    except TyperException as exc:
        say_error(exc.format_message(), json=json)
        return 2
    except (KeyboardInterrupt, Abort):
        say_error("interrupted", json=json)
        return Interrupted.exit_code
    except NarratorError as exc:
        if debug:
            raise
        say_error(str(exc), json=json)
        return exc.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:
        if debug:
            raise
        say_error(
            f"unexpected {type(exc).__name__}: {exc} (run again with --debug to see where)",
            json=json,
        )
        return 1
    return code if isinstance(code, int) else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
