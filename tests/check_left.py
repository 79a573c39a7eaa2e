"""Check what `narrator book` left in a project: python -m tests.check_left PROJECT.

Part of CI: the book is played to its end by libsndfile, its tags are read by mutagen, its times are held
against each other, and a second run must do nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from mutagen.id3 import ID3

FORMATS = ("mp3", "cue", "vtt", "srt", "lrc", "json")


def narrator(*arguments: str) -> dict[str, Any]:
    """What a command prints with `--json`; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "narrator", *arguments, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def check_chapter(mp3: Path) -> float:
    """One chapter's files; gives its length in seconds."""
    for suffix in FORMATS:
        path = mp3.with_suffix(f".{suffix}")
        assert path.stat().st_size > 0, f"{path} is empty"
    timeline = json.loads(mp3.with_suffix(".json").read_text(encoding="utf-8"))
    samples, rate = soundfile.read(mp3, dtype="float32")
    assert (rate, len(samples)) == (timeline["rate"], timeline["samples"]), (
        f"{mp3} is not as long as its timeline"
    )
    rms = 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    peak = 20 * np.log10(np.abs(samples).max())
    assert -23 <= rms <= -18, f"{mp3}: RMS {rms:.2f} dB"
    assert peak <= -3, f"{mp3}: peak {peak:.2f} dB"
    tags = ID3(mp3)  # type: ignore[no-untyped-call]
    scenes, covers = tags.getall("CHAP"), tags.getall("APIC")  # type: ignore[no-untyped-call]
    assert tags["TIT2"].text == [timeline["chapter"]["title"]]
    assert len(scenes) == len(timeline["scenes"])
    assert covers, f"{mp3} has no cover"
    end = 0
    for utterance in timeline["utterances"]:
        assert end <= utterance["start_sample"] < utterance["end_sample"] <= timeline["samples"]
        end = utterance["end_sample"]
        spoken = samples[utterance["start_sample"] : end]
        assert np.abs(spoken).max() > 0.01, f"{mp3}: {utterance['id']} is silent"
        for word in utterance["words"]:
            assert utterance["start_sample"] <= word["start_sample"] <= word["end_sample"] <= end
    tracks = re.findall(r"TRACK (\d\d) AUDIO", mp3.with_suffix(".cue").read_text(encoding="utf-8"))
    assert tracks == [f"{number:02d}" for number in range(1, len(tracks) + 1)]
    return float(len(samples) / rate)


def check(project: Path) -> None:
    """Everything in a project's build folder."""
    plan = narrator("check", str(project))
    assert plan["coverage"]["complete"]
    assert plan["to_record"] == 0
    again = narrator("book", str(project))
    assert (again["recorded"], again["requests"], again["errors"]) == (0, 0, [])
    assert all(chapter["unchanged"] for chapter in again["chapters"])
    assert len(again["chapters"]) == len(plan["chapters"])
    seconds = sum(check_chapter(Path(chapter["mp3"])) for chapter in again["chapters"])
    assert abs(seconds - again["seconds"]) < 0.01
    assert (project / "build" / "report.html").stat().st_size > 0
    length = f"{seconds / 60:.1f} minutes"
    print(f"{project}: {len(again['chapters'])} chapters, {length}: all checks passed")  # noqa: T201 - a command


if __name__ == "__main__":
    check(Path(sys.argv[1]))
