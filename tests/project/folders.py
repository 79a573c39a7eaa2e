"""Project folders, as the tests beside this write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from narrator.errors import ProjectErrors
from narrator.project import open_project

LEAST = {
    "book.yaml": "title: The Lamp\nauthor: Ada Venn\n",
    "manuscript/01.md": "# One\n\nIt was lit.\n",
}


def write(root: Path, files: Mapping[str, str | bytes] = LEAST) -> Path:
    """A project of these files."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def problems_of(root: Path) -> list[str]:
    """What a user reads when the project cannot be opened."""
    with pytest.raises(ProjectErrors) as caught:
        open_project(root)
    assert caught.value.exit_code == 3
    return str(caught.value).splitlines()
