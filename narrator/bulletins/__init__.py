"""A run as CI reads it: one small module a format, all of one shape, `(Bulletin) -> str`."""

from __future__ import annotations

from narrator.bulletins.base import Bulletin, doubts, of_error, of_production, strictly
from narrator.bulletins.junit import as_junit
from narrator.bulletins.markdown import as_markdown

__all__ = ["Bulletin", "as_junit", "as_markdown", "doubts", "of_error", "of_production", "strictly"]
