"""The package's door: what `import narrator` promises."""

from __future__ import annotations

import narrator


def test_all_is_sorted_and_true() -> None:
    assert list(narrator.__all__) == sorted(narrator.__all__)
    assert all(hasattr(narrator, name) for name in narrator.__all__)


def test_every_public_object_is_documented() -> None:
    assert all(getattr(narrator, name).__doc__ for name in narrator.__all__)
