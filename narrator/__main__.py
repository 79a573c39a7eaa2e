"""`narrator` and `python -m narrator`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run a command, from the first moment on; gives its exit code."""
    try:
        # Here, since importing takes longer than an impatient Ctrl-C.
        from narrator.cli import main as run
    except KeyboardInterrupt:
        os.write(2, b"error: interrupted\n")
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
