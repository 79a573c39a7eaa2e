"""What several tests of the ledger begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.shelf import record


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Takes of three lines, one of them asked for twice in vain, and their ledger."""
    return record(tmp_path / "takes")
