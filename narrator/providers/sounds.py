"""The sound of an answer: bytes to samples, and whether it can be all that was asked for.

A sound says itself what it is, whatever it is called. Few services say where an answer ends or which text it
speaks, so a whole one is told from a cut one by the length that the service names, where it names one, and by
a pace that nobody speaks at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from narrator.audio import mpeg, packed
from narrator.audio.measuring import measure
from narrator.audio.riff import Layout, known_rate, to_pcm, unwrap
from narrator.takes import Generation, Pcm, PhonemeTime, WordTime
from narrator.timeline import samples
from narrator.transport import BrokenAnswer

SHORTEST_MS = 80
"""At plain speed, of any text with a letter or a digit in it."""
SHORTEST_MS_PER_LETTER = 10
"""At plain speed; six times as fast as people can follow."""
BARE_OFFSET, BARE_POWER, BARE_LIKENESS = 0.25, 0.16, 0.3
"""Of samples on a scale of 1: how far from 0 their mean is at most; and from which mean square on (speech at
its loudest has a tenth of that) each must be how much like the one before it (speech: 0.9)."""
_LOOKED_AT, _LEAST_LOOKED_AT = 1 << 18, 1 << 10
_WAVE = b"RIFF"


class Sound(NamedTuple):
    """Samples and how fast they go by."""

    pcm: Pcm
    rate: int
    layout: Layout | None = None
    """As it came; None where it came encoded, with something before and after the sound."""

    @property
    def duration_ms(self) -> float:
        """Of all of it."""
        return len(self.pcm) * 1000 / self.rate


def decode(pieces: Sequence[bytes], *, rate: int | None = None, mp3: bool = False) -> Sound:
    """
    The sound that pieces make when they are joined: WAV, with headers in any of them, MP3, FLAC or Ogg.

    Args:
        rate: samples a second of what has no header, which is then 16 bit, mono, little endian; None where
            only a file will do.
        mp3: whether what has no header is MP3, for so it is labelled.

    Raises:
        BrokenAnswer: there is none, it cannot be decoded, or is cut within a sample.
    """
    if not any(pieces):
        raise BrokenAnswer("no sound came")
    try:
        wave = unwrap(pieces)
        if wave.layout is not None:
            return Sound(to_pcm(wave.data, wave.layout), wave.layout.rate, wave.layout)
        if packed.recognise(wave.data):
            return Sound(*packed.decode(wave.data))
        if wave.data.startswith(_WAVE):
            raise ValueError("a WAV file that is damaged")
        if mp3 or mpeg.recognise(wave.data):
            return Sound(*mpeg.decode(wave.data))
        if rate is None:
            raise ValueError("it is no WAV, MP3, FLAC or Ogg file")
        layout = Layout(known_rate(rate))
        pcm = to_pcm(wave.data, layout)
        prove_bare(pcm)
        return Sound(pcm, rate, layout)
    except ValueError as exc:
        raise BrokenAnswer(f"the sound cannot be used: {exc}") from exc


def is_file(beginning: bytes) -> bool:
    """Whether it begins as a file of sound does, and not as bare samples do."""
    return beginning.startswith(_WAVE) or packed.recognise(beginning) or mpeg.recognise(beginning)


def prove_bare(pcm: Pcm) -> None:
    """
    Bytes that came without a header are samples: not a packed file of a kind that nobody knows here, which
    would be noise from end to end, as loud as can be; nor text.

    Raises:
        ValueError: they are not.
    """
    values = pcm[:_LOOKED_AT].astype(np.float32) / 32768
    if len(values) < _LEAST_LOOKED_AT:
        return
    loud = float(np.mean(values**2))
    offset = float(values.mean())
    alike = float(np.mean(values[1:] * values[:-1])) / loud if loud else 1.0
    if abs(offset) > BARE_OFFSET or (loud > BARE_POWER and abs(alike) < BARE_LIKENESS):
        raise ValueError("it is no file that is known here, and no samples")


def prove_sound(sound: Sound, *, letters: int, speed: float) -> None:
    """
    There is sound, and not absurdly little of it for the text.

    Args:
        letters: letters and digits of the text; where there are none, silence will do.
        speed: that was asked for.

    Raises:
        BrokenAnswer: there is not.
    """
    if not len(sound.pcm):
        raise BrokenAnswer("no sound came")
    if not letters:
        return
    if sound.duration_ms < max(SHORTEST_MS, letters * SHORTEST_MS_PER_LETTER) / max(speed, 1.0):
        raise BrokenAnswer(f"{sound.duration_ms:.0f} ms of sound came for {letters} letters and digits")
    if not measure(sound.pcm, sound.rate).speech_end_sample:
        raise BrokenAnswer(f"silence came for {letters} letters and digits")


def prove_length(
    sound: Sound, said_s: float | None, *, shorter_ms: float, longer_ms: float = math.inf
) -> None:
    """
    The sound is as long as the service says.

    Args:
        said_s: None where it says nothing.
        shorter_ms: by which it may be shorter than that.
        longer_ms: and longer.

    Raises:
        BrokenAnswer: it is not.
    """
    if said_s is None:
        return
    if not -shorter_ms <= sound.duration_ms - said_s * 1000 <= longer_ms:
        raise BrokenAnswer(
            f"{said_s:.2f} s of sound were said to come, and {sound.duration_ms / 1000:.2f} s came"
        )


def with_silence(answer: Generation, *, lead_ms: int, tail_ms: int) -> Generation:
    """An answer with silence before and after it, and its times moved along."""
    lead, tail = samples(lead_ms, answer.rate), samples(tail_ms, answer.rate)
    if not lead and not tail:
        return answer
    return replace(
        answer,
        pcm=np.pad(answer.pcm, (lead, tail)),
        words=tuple(WordTime(start + lead, end + lead) for start, end in answer.words),
        phonemes=tuple(PhonemeTime(each, start + lead, end + lead) for each, start, end in answer.phonemes),
    )
