"""Does recording through a slow service take longer than the service does, and what does a request cost?

A server answers each request after a fixed time. The least that a book of so many scenes can take is known:
scenes are asked for beside each other, lines of a scene one after another. The CPU of a request is compared
with that of the official SDK, which reads the same stream and leaves the audio as text.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measuring import Cost, Spread, Timing, apart, figure, machine, verdict
from benchmarks.options import parser

if TYPE_CHECKING:
    from narrator.ledger import Ledger

SCENES, LINES = 40, 25
LATENCY_MS = 200
LIMIT = 10
GOAL_WALL, GOAL_CPU = 1.05, 1.0
SDK_REQUESTS = 200
TEXT = "Line {} of scene {} is about as long as lines are in a book that people read aloud."


class Recorded(NamedTuple):
    """A book recorded through the slow server."""

    cost: Cost
    takes: int
    served: dict[str, int]


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    lines = options.size
    print(machine("httpx", "hume"))
    ideal = -(-SCENES // LIMIT) * lines * LATENCY_MS / 1000
    print(
        f"{SCENES} scenes of {lines} lines, {LATENCY_MS} ms a request, {LIMIT} at once:"
        f" the least is {figure(ideal)} s; {options.rounds} rounds"
    )
    walls, costs = [], []
    for _ in range(options.rounds):
        made = apart(record, options.work / "chains", lines)
        assert made.takes == made.served["requests"] == SCENES * lines
        assert made.served["at_once"] == LIMIT
        walls.append(made.cost.wall_s / ideal)
        costs.append(made.cost.cpu_s * 1000 / made.takes)
    wall = Spread.of(walls)
    print(f"  recorded and stored / least: {wall}; {verdict(wall.median, GOAL_WALL)}")
    print(f"  CPU of a line, FLAC and store included: {Spread.of(costs)} ms")
    asked = max(20, min(SDK_REQUESTS, SCENES * lines))
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(apart(_ask_ours, asked) * 1000 / asked)
        theirs.append(apart(_ask_sdk, asked) * 1000 / asked)
    print(f"  CPU of a request, read, decoded and checked: {Spread.of(ours)} ms")
    print(f"  CPU of a request in the official SDK, audio left in base64: {Spread.of(theirs)} ms")
    ratio = Spread.of(mine / other for mine, other in zip(ours, theirs, strict=True))
    print(f"  narrator / official SDK: {ratio}; {verdict(ratio.median, GOAL_CPU)}")


@contextmanager
def _server(latency_ms: float) -> Iterator[tuple[str, dict[str, int]]]:
    """The server's address; once it has ended, also what it served."""
    served: dict[str, int] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.latency", str(latency_ms)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}", served
        finally:
            process.stdin.write("\n")
            process.stdin.flush()
            served |= json.loads(process.stdout.readline())


def record(folder: Path, lines: int, *, kind: type[Ledger] | None = None) -> Recorded:
    """A book of so many lines a scene, recorded through the slow server; *kind* of ledger: the real one."""
    from narrator.ledger import Ledger
    from narrator.needing import needs
    from narrator.planning import to_record
    from narrator.preparing import prepare
    from narrator.project import open_project
    from narrator.providers import Providers
    from narrator.recording import Recording
    from narrator.store import TakeStore
    from narrator.takes import Take

    with _server(LATENCY_MS) as (address, served):
        project = open_project(_write(folder, address, lines))
        store = TakeStore(project.takes)
        taken: dict[str, Take] = {}
        opened = (kind or Ledger)(project.takes, store=store)
        with Providers(project.book.providers) as providers, opened as ledger:
            plan = prepare(project, store, providers).plan
            asked = to_record(plan.lines, providers)
            with (
                Timing() as timing,
                Recording(
                    providers,
                    store,
                    ledger=ledger,
                    needs=needs(plan, providers),
                    on_take=lambda line, take: taken.update({line.utterance.id: take}),
                ) as recording,
            ):
                for chain in recording.start(asked, taken):
                    chain.result()
            assert not recording.failures, recording.failures[0]
    rmtree(folder)
    return Recorded(timing.cost, len(taken), served)


def _write(folder: Path, address: str, lines: int) -> Path:
    rmtree(folder, ignore_errors=True)
    (folder / "manuscript").mkdir(parents=True)
    scenes = [" ".join(TEXT.format(line, scene) for line in range(lines)) for scene in range(SCENES)]
    (folder / "manuscript" / "01.md").write_text(
        "# The Book {.silent}\n\n" + "\n\n***\n\n".join(scenes), encoding="utf-8"
    )
    (folder / "cast.yaml").write_text("narrator: hume/Ava Song\n", encoding="utf-8")
    (folder / "book.yaml").write_text(
        "title: A Book\nauthor: Nobody\ncredits: false\n"
        f"providers: {{hume: {{base_url: '{address}', version: 2, concurrency: {LIMIT}}}}}\n",
        encoding="utf-8",
    )
    return folder


def _ask_ours(count: int) -> float:
    """CPU seconds of so many requests, one after another."""
    from narrator.lexicon import Lexicon, speak
    from narrator.manuscript import Utterance
    from narrator.providers.hume import Hume
    from narrator.takes import Request

    def request(number: int) -> Request:
        text = TEXT.format(number, 0)
        line = Utterance(
            id="c01-u001",
            role="narrator",
            text=text,
            file="",
            line=1,
            start=0,
            end=len(text),
            scene=0,
            paragraph=0,
        )
        spoken = speak(line, Lexicon(), provider="hume")
        return Request(provider="hume", model="octave-2", voice="Ava Song", spoken=spoken)

    with _server(0) as (address, _):
        hume = Hume({"base_url": address})
        requests = [request(number) for number in range(count + 1)]
        hume.generate(requests.pop())  # connected, and everything imported
        with Timing() as timing:
            for each in requests:
                (generation,) = hume.generate(each)
                assert len(generation.words) == len(each.spoken.words)
        hume.close()
    return timing.cost.cpu_s


def _ask_sdk(count: int) -> float:
    """CPU seconds of so many requests through the official SDK, one after another."""
    from hume import HumeClient
    from hume.tts import FormatWav, PostedUtterance, PostedUtteranceVoiceWithName

    with _server(0) as (address, _):
        client = HumeClient(api_key="none", base_url=address)

        def ask(number: int) -> int:
            said = PostedUtterance(
                text=TEXT.format(number, 0),
                voice=PostedUtteranceVoiceWithName(name="Ava Song", provider="HUME_AI"),
            )
            answer = client.tts.synthesize_json_streaming(
                utterances=[said],
                version="2",
                format=FormatWav(),
                include_timestamp_types=["word", "phoneme"],
                num_generations=1,
                split_utterances=False,
                strip_headers=True,
                instant_mode=False,
            )
            return sum(1 for _ in answer)

        assert ask(count) > len(TEXT.split())
        with Timing() as timing:
            for number in range(count):
                ask(number)
    return timing.cost.cpu_s


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, name="chains", size=3, full=LINES, unit="lines in a scene", rounds=3)
    return made.parse_args(words)


if __name__ == "__main__":
    main()
