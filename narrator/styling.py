"""Which of a service's ways of speaking a direction asks for: by the words in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

Styles = tuple[tuple[str, str], ...]
"""(words of directions, the service's name for what they ask)."""


def style_of(direction: str, *mappings: Styles) -> str | None:
    """
    The service's name for what *direction* asks, or None where nothing of it is known.

    Words are found whole and in any case. A direction may also be the service's own name for a style. Of
    several that are found, the longest words count, then those that stand first.

    Args:
        mappings: the first in which something is found decides.
    """
    folded = _folded(direction)
    for mapping in mappings:
        names = {style: style for _, style in mapping}
        known = {**{_folded(name): name for name in names}, **{_folded(words): to for words, to in mapping}}
        found = [
            (len(words), -match.start(), style)
            for words, style in known.items()
            if words and (match := _alone(words).search(folded))
        ]
        if found:
            return max(found)[2]
    return None


def style_names(*mappings: Styles) -> Iterable[str]:
    """The services' names, each once, in order."""
    return dict.fromkeys(style for mapping in mappings for _, style in mapping)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@cache
def _alone(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
