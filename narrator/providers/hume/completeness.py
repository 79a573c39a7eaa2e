"""Whether an answer is all that was asked for (contract 8.4): a stream has no end mark that would say so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from narrator.matching import letters, match
from narrator.providers.hume.renditions import Rendition, Snippet
from narrator.transport import BrokenAnswer

_MARKER = re.compile(r"\[(?:long )?pause\]", re.IGNORECASE)


def without_markers(text: str) -> str:
    """A text without the pauses that were asked for in it; everything else stays where it is."""
    return _MARKER.sub(lambda marker: " " * len(marker.group()), text)


def prove_generations(renditions: Sequence[Rendition], *, wanted: int) -> None:
    """As many generations as were asked for, all different.

    Raises:
        BrokenAnswer: there are not.
    """
    found = len({rendition.generation_id for rendition in renditions})
    if found != wanted or found != len(renditions):
        raise BrokenAnswer(f"{wanted} generations were asked for and {found} came")


def prove_spoken(snippets: Sequence[Snippet], text: str) -> None:
    """The snippets speak the one utterance that was asked for, from its beginning to its end.

    Raises:
        BrokenAnswer: they do not.
    """
    # Whether the one that was asked for is counted from 0 or after those of the context is not known.
    if len({snippet.utterance for snippet in snippets} - {None}) > 1:
        raise BrokenAnswer("`utterance_index` is of several utterances where one was asked for")
    asked = without_markers(text)
    said = without_markers(" ".join(snippet.text for snippet in snippets))
    if reason := _difference(asked, said):
        raise BrokenAnswer(f"the snippets do not speak the text: {reason}")


def _difference(asked: str, said: str) -> str:
    """How what is said differs from what was asked, or `""`.

    That the texts of snippets are the text's parts is likely and not promised: what is written otherwise is
    let pass within bounds. What is left out is not, for a stream that was cut between two snippets looks so.
    """
    ours, theirs = letters(asked), letters(said)
    if ours == theirs:
        return ""
    if ours.startswith(theirs):
        return f"they end after {said[-40:]!r}"
    lost = sum(number for letter, number in (Counter(ours) - Counter(theirs)).items() if letter.isalpha())
    added, digits = len(theirs) - len(ours), sum(map(str.isdigit, ours))
    if lost > max(6, len(ours) // 5) or added > 12 + 12 * digits + len(ours) // 4:
        return f"they say {said[:40]!r}"
    words = [word for word in asked.split() if letters(word)]
    times = match(words, [(word, 0, 0) for word in said.split()]).times
    if missing := [word for word, time in zip(words, times, strict=True) if time is None]:
        return f"they leave out {' '.join(missing)[:40]!r}"
    return ""
