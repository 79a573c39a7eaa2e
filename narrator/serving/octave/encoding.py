"""Octave's sound as pieces of files: 48 kHz, mono, 16 bits or 128 kbit/s.

`strip_headers` has one meaning (contract 10.3): false makes every piece of sound a file of its own, true
makes the pieces of a generation one file when they are joined. Raw samples have no headers.
"""

from __future__ import annotations

import lameenc
import numpy as np

from narrator.serving.encoding import mp3_encoder, wav_header
from narrator.serving.octave.synthesis import RATE
from narrator.serving.octave.wire import FormatType
from narrator.takes import Pcm

Buffer = bytes | memoryview


class Wrapper:
    """The encoder of one generation: sound in, pieces of files out."""

    def __init__(self, format_: FormatType, *, strip_headers: bool, samples: int | None = None) -> None:
        """
        Args:
            samples: of the whole generation, for the header of a file that has only one; None where
                that is not known yet.
        """
        self._format, self._strip, self._samples = format_, strip_headers, samples
        self._begun = False
        self._encoder = _encoder() if format_ is FormatType.MP3 and strip_headers else None

    def wrap(self, pcm: Pcm, *, last: bool) -> bytes:
        """The next piece of the generation, encoded.

        Args:
            last: whether the generation ends with it.
        """
        return b"".join(self.parts(pcm, last=last))

    def parts(self, pcm: Pcm, *, last: bool) -> list[Buffer]:
        """The same in parts that follow each other; samples are not copied for it."""
        first, self._begun = not self._begun, True
        if self._format is FormatType.MP3:
            encoder = self._encoder or _encoder()
            encoded = bytes(encoder.encode(pcm))
            return [encoded, bytes(encoder.flush())] if last or not self._strip else [encoded]
        data = np.ascontiguousarray(pcm, "<i2").data.cast("B")
        if self._format is FormatType.PCM or (self._strip and not first):
            return [data]
        return [wav_header(self._samples if self._strip else len(pcm), RATE), data]


def _encoder() -> lameenc.Encoder:
    return mp3_encoder(RATE)
