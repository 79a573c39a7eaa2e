"""schemathesis tries our own OpenAPI page out: no request brings the server down, every answer conforms."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.serving.running import Running, running

ROOT = Path(__file__).parents[2]
OCTAVE = "/v0/"
"""Paths that are tried out."""
LEFT_OUT = (
    # Rules between fields, and which voices there are, are more than a page can say: such a request is
    # refused with a 400 or 404 although its schema has nothing against it.
    "positive_data_acceptance",
    # "3" is taken for 3 and true for 1, as every service does that is made with FastAPI.
    "negative_data_rejection",
)
QUICK = ("--phases", "fuzzing", "-n", "2", "--generation-deterministic")


def tried_out(server: Running, folder: Path, arguments: Sequence[str], *, patience_s: int) -> None:
    """Until the command has nothing against it."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.base_url}/openapi.json"]
    settings = ["--checks", "all", "--exclude-checks", ",".join(LEFT_OUT), "--continue-on-failure"]
    settings += ["--include-path-regex", f"^{OCTAVE}"]
    done = subprocess.run(
        [*command, *settings, *arguments],
        cwd=folder,  # where it leaves what it finds
        env={
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.serving.insider",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check_reached(server: Running) -> None:
    """Every operation of the page was asked, and has answered with what it is there for."""
    page = server.client.get("/openapi.json").json()["paths"]
    operations = {
        (method.upper(), path)
        for path, methods in page.items()
        if path.startswith(OCTAVE)
        for method in methods
    }
    log = server.log()

    assert operations
    assert {(line["method"], line["path"]) for line in log if line["status"] == 200} >= operations
    assert not [line for line in log if line["status"] >= 500]


def test_the_page_is_kept(tmp_path: Path) -> None:
    """For a few requests of any kind, always the same ones."""
    with running(logged=True) as server:
        tried_out(server, tmp_path, QUICK, patience_s=120)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_page_is_kept_for_long(tmp_path: Path, seed: int) -> None:
    """At the edges of every field, and for many requests of any kind."""
    with running(logged=True) as server:
        tried_out(server, tmp_path, ["-n", "150", "--seed", str(seed)], patience_s=1800)
        check_reached(server)
