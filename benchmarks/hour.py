"""How long does a book take on the embedded voice, from nothing to finished MP3s, beside the least it could?

The least is the engine alone, one line after the other, and the encoder alone on the same samples,
shared by all processors without loss: (engine + encoder) / processors. The engine's share is the CPU time
of its own processes; what narrator spends on asking it is narrator's.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.mastering import WORDS_A_MINUTE
from benchmarks.measuring import Cost, Spread, Timing, apart, children_s, cores, figure, machine, verdict
from benchmarks.options import parser
from benchmarks.writing import write_project

FULL = 60
GOAL = 1.5


class Least(NamedTuple):
    """What cannot be done without."""

    seconds: float
    """Of sound."""
    engine_s: float
    """CPU of the engine's processes."""
    encoder_s: float
    """CPU inside the encoder."""

    @property
    def wall_s(self) -> float:
        """Both, shared by all processors without loss."""
        return (self.engine_s + self.encoder_s) / cores()


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    chapters = options.chapters or max(2, round(options.size / 10))
    print(machine("espeakng-loader", "lameenc", "soundfile", "soxr", "numpy"))
    for loudness in options.loudness.split(","):
        folder = options.work / f"hour-{options.size}-{loudness}"
        write_project(folder, words=options.size * WORDS_A_MINUTE, files=chapters, loudness=loudness)
        rounds = [(apart(from_nothing, folder), apart(least, folder)) for _ in range(options.rounds)]
        _print(loudness, chapters, rounds)


def from_nothing(folder: Path) -> Cost:
    """`narrator book` without takes and without a build folder."""
    from benchmarks import stage

    for made in ("takes", "build"):
        shutil.rmtree(folder / made, ignore_errors=True)
    with Timing() as timing:
        stage.make_book(folder)
    return timing.cost


def least(folder: Path) -> Least:
    """The engine alone on every line that narrator recorded, the encoder alone on every chapter it made."""
    from benchmarks import stage
    from narrator.providers.espeak import Espeak
    from narrator.receipts import read_receipt

    with stage.prepared_project(folder) as (prepared, setting):
        requests = {line.request.key: line.request for line in prepared.plan.lines}
        before = children_s()
        engine = Espeak()
        for request in requests.values():
            engine.generate(request)
        engine.close()
        engine_s = children_s() - before
        seconds = encoder_s = 0.0
        for planned in prepared.plan.chapters:
            receipt = read_receipt(setting.build, planned.chapter.stem)
            assert receipt is not None
            timeline = stage.laid_out(planned, setting)
            alone = stage.encode_alone(timeline, setting, gain_db=receipt.details["gain_db"])
            seconds += timeline.samples / timeline.rate
            encoder_s += alone.cpu_s
    return Least(seconds, engine_s, encoder_s)


def _print(loudness: str, chapters: int, rounds: Sequence[tuple[Cost, Least]]) -> None:
    seconds = rounds[0][1].seconds
    wall = Spread.of(made.wall_s for made, _ in rounds)
    engine, encoder = (Spread.of(figures[i] for _, figures in rounds) for i in (1, 2))
    ratio = Spread.of(made.wall_s / figures.wall_s for made, figures in rounds)
    print(
        f"\nloudness: {loudness}; {figure(seconds / 60)} minutes in {chapters} chapters,"
        f" {len(rounds)} rounds; median (range)"
    )
    print(f"  narrator book         {wall} s: {figure(seconds / wall.median)} x real time")
    print(
        f"  CPU                   {Spread.of(made.cpu_s for made, _ in rounds)} s, engine included;"
        f" others took {Spread.of(made.others_s for made, _ in rounds)} s"
    )
    print(
        f"  peak memory           {Spread.of(made.peak_mib for made, _ in rounds)} MiB, engine not included"
    )
    print(f"  engine alone          {engine} s of CPU; encoder alone {encoder} s of CPU")
    print(f"  clock / least         {ratio}; {verdict(ratio.median, GOAL)}")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, name="hour", size=10, full=FULL, unit="minutes of sound", rounds=2)
    made.add_argument("--chapters", type=int, help="default: one for every 10 minutes, at least 2")
    made.add_argument("--loudness", default="none,acx", help="default %(default)s")
    return made.parse_args(words)


if __name__ == "__main__":
    main()
