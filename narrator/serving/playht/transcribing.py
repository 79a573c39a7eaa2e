"""Words or sentences of a job and when they sound, as captions or as JSON (contract 11).

The service recognised what it had spoken; here the times are the engine's own, and the words those that were
asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from narrator.serving.playht.sounding import Timed

Transcription = str | dict[str, object]


def transcribe(words: Sequence[Timed], *, form: str, level: str) -> Transcription:
    """
    Words as they are wanted.

    Args:
        form: SRT, VTT, VRT (the service's name for that) or JSON.
        level: WORD or SENTENCE.
    """
    said = _disjoint(words if level == "WORD" else _sentences(words))
    if form == "JSON":
        return {
            "segments": [
                {"id": number, "start": each.start_ms / 1000, "end": each.end_ms / 1000, "text": each.text}
                for number, each in enumerate(said)
            ]
        }
    if form == "SRT":
        return "".join(
            f"{number}\n{_clock(each.start_ms, ',')} --> {_clock(each.end_ms, ',')}\n{each.text}\n\n"
            for number, each in enumerate(said, start=1)
        )
    cues = (
        f"{_clock(each.start_ms, '.')} --> {_clock(each.end_ms, '.')}\n{_escaped(each.text)}\n\n"
        for each in said
    )
    return "WEBVTT\n\n" + "".join(cues)


def _sentences(words: Sequence[Timed]) -> list[Timed]:
    found: list[Timed] = []
    begun = False
    for word in words:
        if begun:
            found[-1] = Timed(f"{found[-1].text} {word.text}", found[-1].start_ms, word.end_ms)
        else:
            found.append(word)
        begun = word.text.rstrip("'\"”’)]")[-1:] not in tuple(".!?…。！？")
    return found


def _disjoint(said: Sequence[Timed]) -> list[Timed]:
    """None of them longer than until the next begins."""
    if not said:
        return []
    ends = [min(each.end_ms, following.start_ms) for each, following in pairwise(said)]
    return [each._replace(end_ms=end) for each, end in zip(said, (*ends, said[-1].end_ms), strict=True)]


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
