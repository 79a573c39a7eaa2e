"""A chapter's waveform, coarse enough for a picture."""

from __future__ import annotations

from narrator.takes import Pcm

STRETCHES = 1000


class Waveform:
    """The largest sample of each of 1000 equal stretches, taken from a stream of known length."""

    def __init__(self, samples: int) -> None:
        """
        Args:
            samples: length of the whole; one that has fewer than 1000 has a stretch for each.
        """
        count = min(STRETCHES, samples)
        self._ends = [(i + 1) * samples // count for i in range(count)]
        self._peaks = [0] * count
        self._samples = 0
        self._current = 0

    def feed(self, pcm: Pcm) -> None:
        """Look at the next samples; any beyond the length announced are not looked at."""
        done = 0
        while done < len(pcm) and self._current < len(self._ends):
            part = pcm[done : done + self._ends[self._current] - self._samples]
            peak = max(int(part.max()), -int(part.min()))
            self._peaks[self._current] = max(self._peaks[self._current], peak)
            done += len(part)
            self._samples += len(part)
            if self._samples == self._ends[self._current]:
                self._current += 1

    def result(self) -> tuple[int, ...]:
        """The peaks, full scale being 255."""
        return tuple((peak * 255 + 16384) // 32768 for peak in self._peaks)
