"""The options that every benchmark has."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(
    about: str | None, *, name: str, size: int, full: int, unit: str, rounds: int
) -> argparse.ArgumentParser:
    """Size, rounds, and where the projects are kept between runs."""
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--size", type=int, default=size, help=f"{unit} (default {size:,}; the goals speak of {full:,})"
    )
    made.add_argument(
        "--full", dest="size", action="store_const", const=full, help=f"the same as --size {full}"
    )
    made.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    made.add_argument(
        "--work",
        type=Path,
        default=Path(__file__).parent / "work",
        help="where projects and takes are kept between runs (default %(default)s)",
    )
    return made
