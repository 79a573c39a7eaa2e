"""A plain text, spoken by the embedded engine: for services that take text and no more."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from narrator.errors import ProviderError
from narrator.manuscript import Mark
from narrator.serving.encoding import resampled
from narrator.serving.speaking import Speaker, Speaking, is_broken
from narrator.takes import Generation, Pcm, Request, Spoken, Word

BEAT_S = 0.25
"""What is heard of a text that has nothing to be said in it: dots, a dash."""

_RUN = re.compile(r"\S+")
_BREAK = re.compile(r"\s*\n\s*")


class Unsayable(Exception):
    """The engine did not speak."""

    def __init__(self, reason: str, *, broken: bool) -> None:
        """
        Args:
            broken: whether that is its own fault and not the text's.
        """
        self.broken = broken
        super().__init__(reason)


def spoken(text: str, *, break_ms: int = 0) -> Spoken:
    """
    A text made ready: white space is single spaces, words are runs with a letter or a digit.

    Args:
        break_ms: silence where a line ends.
    """
    said, marks = "", []
    for line in _BREAK.split(text.strip()):
        if said and line:
            said += " "
            if break_ms:
                marks.append(Mark(kind="pause", start=len(said), end=len(said), value=str(break_ms)))
        said += " ".join(line.split())
    words = tuple(Word(*run.span(), *run.span()) for run in _RUN.finditer(said) if _is_word(run.group()))
    return Spoken(text=said, marks=tuple(marks), words=words)


def say(
    speaking: Speaking,
    speaker: Speaker,
    said: Spoken,
    *,
    speed: float = 1.0,
    direction: str | None = None,
    ipa: bool = False,
) -> Generation:
    """
    Have somebody say it; blocks, so from inside a turn.

    Args:
        speed: factor of the pace; the engine has 0.5 to 2.8, and stays there beyond.
        direction: how, in words; those that it knows are heeded.
        ipa: whether to name phonemes in IPA, which takes twice as long.

    Raises:
        Unsayable: it did not.
    """
    request = Request(
        provider="espeak",
        voice=speaker.voice,
        spoken=said,
        direction=direction,
        speed=speed,
        settings=speaker.settings,
    )
    try:
        return speaking.speak(request, ipa=ipa)
    except ProviderError as error:
        raise Unsayable(str(error), broken=is_broken(error)) from error


def sound(generation: Generation, rate: int) -> Pcm:
    """What is heard of it, at another rate; never nothing."""
    if not len(generation.phonemes):
        return np.zeros(round(BEAT_S * rate), np.int16)
    return resampled(generation.pcm, generation.rate, rate)


def _is_word(run: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in run)
