"""One timeline, to the end: clicks at known samples of the takes are where every file says they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from narrator.spending import Account
from narrator.takes import Generation, Precedent, Request, Take, WordTime
from tests.studio import run, write_project
from tests.tones import Tones

TEXT = """# Clicks

The first line has six words. And then another.

[Mara speaks up here.]{.mara} The narrator answers.

***

A second scene, after a long pause.{pause=1.25} Done.
"""


def click(rate: int) -> npt.NDArray[np.float64]:
    """A short symmetric wave whose middle sample is its place."""
    reach = rate // 1000
    seconds = np.arange(-reach, reach + 1) / rate
    return np.exp(-((seconds * 3500) ** 2)) * np.cos(2 * np.pi * 2000 * seconds)


class Clicks(Tones):
    """Every word is one click, at its first sample."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,
        designed: Take | None = None,
        guide: bytes | None = None,
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """See `Provider`."""
        self.asked.append((request.spoken.text, before.take_id if before else None))
        lead, step = self.rate // 7, self.rate // 3
        count = len(request.spoken.words)
        # A hum gives the loudness profile something to measure.
        hum = 5000 * np.sin(2 * np.pi * 110 / self.rate * np.arange(2 * lead + count * step))
        pcm = hum.astype(np.int16)
        starts = [lead + index * step + 13 * index for index in range(count)]
        for start in starts:
            wave = click(self.rate) * 14000
            reach = len(wave) // 2
            pcm[start - reach : start + reach + 1] += wave.astype(np.int16)
        generation = Generation(
            pcm=pcm,
            rate=self.rate,
            words=tuple(WordTime(start, start + step // 2) for start in starts),
            word_source="service",
        )
        return (generation,)


def peak_near(samples: npt.NDArray[np.float32], where: int, rate: int) -> float:
    """Centre of the click nearest to *where*, to a fraction of a sample, by correlation."""
    wave = click(rate)
    reach, half = rate // 200, len(wave) // 2
    window = samples[where - reach - half : where + reach + half + 1].astype(np.float64)
    likeness = np.correlate(window, wave, "valid")
    top = int(likeness.argmax())
    left, middle, right = likeness[top - 1 : top + 2]
    assert middle > 0.1 * (wave @ wave), f"no click near sample {where}"
    return float(where - reach + top + 0.5 * (left - right) / (left - 2 * middle + right))


@pytest.mark.parametrize("rate", [8000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("loudness", ["none", "acx"])
def test_clicks_are_where_the_files_say(tmp_path: Path, rate: int, loudness: str) -> None:
    """In the decoded MP3 each click is within a sample of the JSON, and within a frame of the cue sheet."""
    folder = write_project(tmp_path, TEXT, book=f"loudness: {loudness}\ncredits: false\n")
    _, outcome = run(folder, Clicks(rate))
    assert outcome.errors == ()
    chapters = folder / "build" / "chapters"
    timeline = json.loads((chapters / "01-clicks.json").read_text())
    samples, master_rate = soundfile.read(chapters / "01-clicks.mp3", dtype="float32")

    assert (master_rate, len(samples)) == (timeline["rate"], timeline["samples"])
    words = [word for utterance in timeline["utterances"] for word in utterance["words"]]
    assert " ".join(word["text"] for word in words) == (
        "Clicks The first line has six words. And then another. Mara speaks up here. The narrator answers. "
        "A second scene, after a long pause. Done."
    )
    for word in words:
        assert abs(peak_near(samples, word["start_sample"], master_rate) - word["start_sample"]) <= 1.0

    marks = re.findall(r"INDEX 01 (\d+):(\d\d):(\d\d)", (chapters / "01-clicks.cue").read_text())
    frames = [(int(minutes) * 60 + int(seconds)) * 75 + int(frame) for minutes, seconds, frame in marks]
    firsts = [utterance["words"][0]["start_sample"] for utterance in timeline["utterances"]]
    assert len(frames) == len(firsts)
    for frame, first in zip(frames, firsts, strict=True):
        assert abs(frame - first * 75 / master_rate) <= 1
