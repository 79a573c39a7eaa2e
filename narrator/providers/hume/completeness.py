"""Whether an answer is all that was asked for (contract 8.4): a stream has no end mark that would say so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from narrator.matching import letters, match
from narrator.providers.hume.renditions import Rendition, Snippet
from narrator.providers.hume.sound import Sound
from narrator.transport import BrokenAnswer

SHORTEST_MS_PER_LETTER = 10
"""At plain speed; six times as fast as people can follow."""
DURATION_TOLERANCE_MS = 100
ENCODED_TOLERANCE_MS = 250
"""For files whose encoder adds something before and after."""
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


def prove_sound(sound: Sound, *, text: str, speed: float) -> None:
    """There is sound, and not absurdly little of it for the text.

    Raises:
        BrokenAnswer: there is not.
    """
    if not len(sound.pcm):
        raise BrokenAnswer("no sound came")
    spoken = len(letters(without_markers(text)))
    duration_ms = len(sound.pcm) * 1000 / sound.rate
    if duration_ms < spoken * SHORTEST_MS_PER_LETTER / max(speed, 1.0):
        raise BrokenAnswer(f"{duration_ms:.0f} ms of sound came for {spoken} letters and digits")


def prove_duration(sound: Sound, duration_s: float | None) -> None:
    """The sound is as long as the service says.

    Raises:
        BrokenAnswer: it is not.
    """
    if duration_s is None:
        return
    duration_ms = len(sound.pcm) * 1000 / sound.rate
    tolerance_ms = DURATION_TOLERANCE_MS if sound.layout else ENCODED_TOLERANCE_MS
    if abs(duration_ms - duration_s * 1000) > tolerance_ms:
        raise BrokenAnswer(f"`duration` is {duration_s:g} s, and {duration_ms / 1000:g} s of sound came")


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
