"""What tests of several files share."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.runs import Runs


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: some tests wait for something most of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection(session: pytest.Session) -> None:
    """Of several workers each begins to import elsewhere, so that what one has compiled the others find."""
    worker: dict[str, object] | None = getattr(session.config, "workerinput", None)
    root = session.config.rootpath
    if worker is None or {root / path for path in session.config.args} != {root / "tests"}:
        return
    files = sorted((root / "tests").rglob("test_*.py"))
    first = len(files) * int(str(worker["workerid"]).removeprefix("gw")) // int(str(worker["workercount"]))
    for file in (*files[first:], *files[:first]):
        with suppress(Exception, pytest.skip.Exception):  # which collecting it says as well
            importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))


def pytest_configure(config: pytest.Config) -> None:
    """Thousands of tests are held to the end: looking for garbage among them takes a tenth of the time."""
    gc.set_threshold(50_000)


@pytest.fixture(scope="session")
def imported() -> Iterator[Runs]:
    """A process that has imported narrator, for `runs`."""
    with Runs() as started:
        yield started


@pytest.fixture
def runs(imported: Runs) -> Iterator[Runs]:
    """Processes that begin at once, and that do not outlive the test."""
    yield imported
    imported.end()
