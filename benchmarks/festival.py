"""Takes by another engine, with its own word times: festival, where it is installed.

On Debian: `apt install festival festvox-kallpc16k festvox-us-slt-hts festvox-italp16k festvox-itapc16k
festvox-czech-dita festvox-suopuhe-lj festvox-hi-nsk`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import soundfile

from narrator.takes import Pcm


class Festival(NamedTuple):
    """One of its voices."""

    name: str
    command: str
    language: str
    encoding: str = "utf-8"


VOICES = (
    Festival("festival kal (diphones)", "voice_kal_diphone", "en"),
    Festival("festival slt (HTS)", "voice_cmu_us_slt_arctic_hts", "en"),
    Festival("festival lp (diphones)", "voice_lp_diphone", "it", "iso-8859-1"),
    Festival("festival pc (diphones)", "voice_pc_diphone", "it", "iso-8859-1"),
    Festival("festival dita (diphones)", "voice_czech_dita", "cs", "iso-8859-2"),
    Festival("festival lj (diphones)", "voice_suo_fi_lj_diphone", "fi", "iso-8859-1"),
    Festival("festival NSK (diphones)", "voice_hindi_NSK_diphone", "hi"),
)


class Reading(NamedTuple):
    """A sentence as it was read."""

    text: str
    pcm: Pcm
    rate: int
    starts_s: tuple[float, ...]
    """Of each word."""


def read(voice: Festival, sentences: Sequence[str], *, pace: float = 1.0) -> list[Reading]:
    """The sentences that the voice reads word by word as they are written; none where it is missing."""
    program = shutil.which("festival")
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "script.scm"
        script.write_bytes(_script(voice, sentences, folder, pace).encode(voice.encoding, "ignore"))
        done = subprocess.run([program, "-b", str(script)], capture_output=True, check=False)
        told = _starts(done.stdout.decode(voice.encoding, "replace"))
        readings = []
        for index, text in enumerate(sentences):
            file = folder / f"{index}.wav"
            starts = told.get(index, ())
            if file.exists() and len(starts) == len(text.split()):
                pcm, rate = soundfile.read(file, dtype="int16")
                readings.append(Reading(text, pcm, rate, starts))
        return readings


def _script(voice: Festival, sentences: Sequence[str], folder: Path, pace: float) -> str:
    lines = [f"({voice.command})", f"(Parameter.set 'Duration_Stretch {1 / pace})"]
    for index, text in enumerate(sentences):
        lines += [
            f'(set! u (Utterance Text "{text}"))',
            "(utt.synth u)",
            f'(utt.save.wave u "{folder}/{index}.wav" \'riff)',
            "(mapcar (lambda (token) (if (and (not (item.parent token)) (item.daughters token))"
            f' (format t "{index} %f\\n" (item.feat (car (item.daughters token)) "word_start"))))'
            " (utt.relation.items u 'Token))",
        ]
    return "\n".join(lines)


def _starts(told: str) -> dict[int, tuple[float, ...]]:
    starts: dict[int, tuple[float, ...]] = {}
    for line in told.splitlines():
        parts = line.split()
        if len(parts) == 2 and parts[0].isdigit():
            starts[int(parts[0])] = (*starts.get(int(parts[0]), ()), float(parts[1]))
    return starts
