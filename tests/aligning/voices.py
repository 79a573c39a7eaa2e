"""Takes whose word times are known, and renditions to hold them against: both by the embedded engine."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from narrator.aligning import Aligned, Rendition
from narrator.providers.espeak import Espeak
from narrator.takes import Generation, Pcm, Request, Spoken, Word, WordTime

TEXT = (
    "The keeper of the lighthouse counted the boats every evening, and every evening one was missing. "
    "Nobody in the village could say when the clock had stopped, or why it had never been mended."
)


def speak(engine: Espeak, text: str, voice: str, **settings: int) -> Generation:
    """One text by one voice."""
    chosen = engine.choose(voice, dict(settings))
    words = tuple(Word(*found.span(), *found.span()) for found in re.finditer(r"\S+", text))
    request = Request(
        provider="espeak",
        model=engine.model,
        voice=chosen.voice,
        settings=chosen.settings,
        spoken=Spoken(text=text, words=words),
    )
    return engine.generate(request)[0]


def rendition(said: Generation) -> Rendition:
    """As the aligner takes it."""
    return Rendition(said.pcm, said.rate, said.words, said.phonemes)


def errors_ms(found: Aligned, words: Sequence[WordTime], rate: int) -> npt.NDArray[np.float64]:
    """How far each start and each end is from the truth."""
    distances = np.array(found.words).reshape(-1) - np.array(words).reshape(-1)
    return np.asarray(np.abs(distances) * (1000 / rate))


def noisy(pcm: Pcm, snr_db: float) -> Pcm:
    """With white noise."""
    level = np.sqrt(np.mean(np.square(pcm, dtype=np.float64))) * 10 ** (-snr_db / 20)
    noise = np.random.default_rng(3).standard_normal(len(pcm)) * level
    return np.asarray(np.clip(pcm + noise, -32768, 32767), np.int16)
