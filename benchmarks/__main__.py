"""`python -m benchmarks` runs every benchmark; `python -m benchmarks NAME [OPTIONS]` runs one."""

from __future__ import annotations

import sys

from benchmarks import aligning, chains, hour, ledgering, mastering, reading, rerun, store

MODULES = {
    "reading": reading,
    "mastering": mastering,
    "rerun": rerun,
    "store": store,
    "hour": hour,
    "chains": chains,
    "ledgering": ledgering,
    "aligning": aligning,
}
BENCHMARKS = {name: module.main for name, module in MODULES.items()}


def main(words: list[str]) -> None:
    """Run what is asked for; with `--full` or other options, all of them get the same."""
    if words[:1] in (["-h"], ["--help"]):
        print(f"usage: python -m benchmarks [{' | '.join(BENCHMARKS)}] [--full] [--rounds N] [--size N]")
        for name, module in MODULES.items():
            print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
        return
    chosen = [words[0]] if words and words[0] in BENCHMARKS else list(BENCHMARKS)
    rest = words[1:] if words and words[0] in BENCHMARKS else words
    for name in chosen:
        print(f"== {name}", flush=True)
        BENCHMARKS[name](rest)
        print(flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
