"""What does it cost to stitch takes and to encode chapters, over encoding alone?

A book of takes in chapters, recorded once by the embedded voice through narrator's own store. Then:

1. Chapter by chapter, in turn: `assemble` (lay out, decode and check the takes, join, resample, level,
   encode, check, tag, write every format) and lameenc alone with the same settings on the same samples.
   That they are the same is proved: the frames that come out must be those of the MP3.
2. `narrator book` on the whole, its takes on hand and its build folder empty, in a process of its own:
   time on the clock, CPU, memory.
3. The first chapter the way pydub does it: AudioSegments added up and exported through ffmpeg.

Once with `loudness: none`, once with `acx`, whose files are decoded again and measured.
"""

from __future__ import annotations

import argparse
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measuring import Cost, Spread, Timing, apart, cores, cpu_s, figure, machine, verdict
from benchmarks.options import parser
from benchmarks.writing import write_project

if TYPE_CHECKING:
    from narrator.timeline import Placement, Timeline

FULL = 600
GOALS = {"none": 1.15, "acx": 1.6}
WALL_GOAL = 0.55
MEMORY_GOAL_MIB = 250e6 / 2**20
WORDS_A_MINUTE = 183
"""Of the embedded voice, pauses included."""


class Pair(NamedTuple):
    """A chapter, with the CPU seconds of narrator and of the encoder alone."""

    minutes: float
    narrator_s: float
    encoder_s: float


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    chapters = options.chapters or max(2, round(options.size / 20))
    folder = options.work / f"mastering-{options.size}-{chapters}"
    print(machine("lameenc", "soundfile", "soxr", "numpy", "pydub"))
    for loudness in options.loudness.split(","):
        write_project(folder, words=options.size * WORDS_A_MINUTE, files=chapters, loudness=loudness)
        apart(_record, folder)
        pairs = apart(compare, folder)
        _print_pairs(loudness, pairs)
        for _ in range(options.rounds):
            _print_whole(apart(whole, folder), sum(pair.encoder_s for pair in pairs))
    if shutil.which("ffmpeg"):
        _print_pydub(apart(pydub_alone, folder), pairs[0])
    else:
        print("pydub: left out, it needs ffmpeg on this machine")


def compare(folder: Path) -> list[Pair]:
    """Every chapter by narrator and by the encoder alone, in turn."""
    from benchmarks import stage
    from narrator.assembly import assemble

    _clear(folder)
    pairs = []
    with stage.prepared_project(folder) as (prepared, setting):
        for track, planned in enumerate(prepared.plan.chapters, start=1):
            began = cpu_s()
            made = assemble(planned, stage.taken_in(planned), track, setting)
            narrator_s = cpu_s() - began
            assert made.master is not None
            timeline = stage.laid_out(planned, setting)
            alone = stage.encode_alone(timeline, setting, gain_db=made.master.gain_db)
            mp3 = (setting.build / "chapters" / f"{planned.chapter.stem}.mp3").read_bytes()
            assert mp3.endswith(alone.frames), "the encoder alone was not fed with the same samples"
            pairs.append(Pair(timeline.duration_ms / 60_000, narrator_s, alone.cpu_s))
    return pairs


def whole(folder: Path) -> Cost:
    """`narrator book` with every take on hand and nothing made."""
    from benchmarks import stage

    _clear(folder)
    with Timing() as timing:
        stage.make_book(folder)
    return timing.cost


def pydub_alone(folder: Path) -> Cost:
    """The first chapter joined by `+=` and exported; its takes come decoded from the store, as a gift."""
    from benchmarks import stage

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pydub imports audioop
        from pydub import AudioSegment
    with stage.prepared_project(folder) as (prepared, setting):
        timeline = stage.laid_out(prepared.plan.chapters[0], setting)
        with Timing() as timing:
            chapter = AudioSegment.silent(0, frame_rate=timeline.rate)
            for pause_ms, placement in _pauses(timeline):
                pcm = setting.store.pcm(placement.take_key, placement.take_id)
                take = AudioSegment(pcm.tobytes(), frame_rate=placement.take_rate, sample_width=2, channels=1)
                chapter += AudioSegment.silent(pause_ms, frame_rate=timeline.rate)
                chapter += take.set_frame_rate(timeline.rate)
            chapter.export(folder / "pydub.mp3", format="mp3", bitrate="192k").close()
    return timing.cost


def _pauses(timeline: Timeline) -> Iterator[tuple[int, Placement]]:
    end = 0
    for placement in timeline.placements:
        yield round((placement.start_sample - end) * 1000 / timeline.rate), placement
        end = placement.end_sample


def _record(folder: Path) -> int:
    from benchmarks import stage

    return stage.record(folder)


def _clear(folder: Path) -> None:
    shutil.rmtree(folder / "build", ignore_errors=True)


def _print_pairs(loudness: str, pairs: Sequence[Pair]) -> None:
    minutes = sum(pair.minutes for pair in pairs)
    ratio = Spread.of(pair.narrator_s / pair.encoder_s for pair in pairs)
    pace = Spread.of(pair.encoder_s / pair.minutes * 60 for pair in pairs)
    print(
        f"\nloudness: {loudness}; {len(pairs)} chapters, {figure(minutes)} minutes; median (range) by chapter"
    )
    print(f"  encoder alone           {pace} s of CPU an hour of sound")
    print(f"  narrator / encoder      {ratio} x the CPU; {verdict(ratio.median, GOALS[loudness])}")


def _print_whole(cost: Cost, encoder_s: float) -> None:
    shared = cost.wall_s / cost.cpu_s
    print(
        f"  narrator book           {figure(cost.wall_s)} s on the clock, {figure(cost.cpu_s)} s of CPU on"
        f" {cores()} cores (others took {figure(cost.others_s)} s); {figure(cost.cpu_s / encoder_s)} x the"
        " encoder's CPU"
    )
    print(f"  clock / CPU             {figure(shared)}; {verdict(shared, WALL_GOAL)}")
    print(
        f"  peak memory             {figure(cost.peak_mib)} MiB;"
        f" goal <= 250 MB: {'met' if cost.peak_mib <= MEMORY_GOAL_MIB else 'MISSED'}"
    )


def _print_pydub(cost: Cost, first: Pair) -> None:
    print(
        f"\npydub, the first chapter  {figure(cost.cpu_s)} s of CPU, ffmpeg's included,"
        f" {figure(cost.cpu_s / first.encoder_s)} x lameenc's; {figure(cost.wall_s)} s on the clock;"
        f" peak {figure(cost.peak_mib)} MiB without ffmpeg"
    )


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, name="mastering", size=60, full=FULL, unit="minutes of sound", rounds=1)
    made.add_argument("--chapters", type=int, help="default: one for every 20 minutes, at least 2")
    made.add_argument("--loudness", default="none,acx", help="default %(default)s")
    return made.parse_args(words)


if __name__ == "__main__":
    main()
