"""Word times for a take that came without them: it is held against a rendition of the same text by the
embedded voice, whose word times are known (decision 13). Values in, values out; numpy alone."""

from __future__ import annotations

from narrator.aligning.words import VERSION, Aligned, Path, Rendition, align

__all__ = ["VERSION", "Aligned", "Path", "Rendition", "align"]
