"""A project of any length, recorded, and its chapters as narrator sees them: what benchmarks work on."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lameenc
import numpy as np

from narrator.assembly import KBPS, MASTER_RATE, Setting
from narrator.audio.blocks import Samples, even_blocks
from narrator.audio.joining import stream
from narrator.audio.limiter import limit
from narrator.audio.profiles import PROFILES
from narrator.audio.rounding import rounded
from narrator.audio.tone import under_tone
from narrator.cli import main as narrator
from narrator.ledger import Ledger
from narrator.needing import needs
from narrator.planning import PlannedChapter, to_record
from narrator.preparing import Prepared, prepare
from narrator.project import open_project
from narrator.providers import Providers
from narrator.recording import Recording
from narrator.session import collecting_rarely
from narrator.stitching import lay_out
from narrator.store import TakeStore
from narrator.takes import Take
from narrator.timeline import Timeline

QUALITY = 5
"""LAME's -q, as narrator sets it."""
TOGETHER = 64
"""Blocks encoded at a time, some two minutes: so many that what comes between them costs LAME nothing."""


class Encoded(NamedTuple):
    """What the encoder alone made of a chapter."""

    frames: bytes
    cpu_s: float
    """Of this thread, inside the encoder."""


@contextmanager
def prepared_project(folder: Path) -> Iterator[tuple[Prepared, Setting]]:
    """The project as `narrator book` has it before the first request."""
    project = open_project(folder)
    store = TakeStore(project.takes)
    with collecting_rarely(), Providers() as providers:
        prepared = prepare(project, store, providers)
        setting = Setting(
            book=project.book,
            cover=project.cover,
            of=len(prepared.plan.chapters),
            rehearsal=False,
            build=project.build,
            store=store,
            stopping=threading.Event(),
        )
        yield prepared, setting


def record(folder: Path) -> int:
    """Record what is missing, as `narrator book` does, and make nothing of it; says how many takes."""
    project = open_project(folder)
    store = TakeStore(project.takes)
    with Providers() as providers, Ledger(project.takes, store=store) as ledger:
        plan = prepare(project, store, providers).plan
        lines = to_record(plan.lines, providers)
        with Recording(
            providers, store, ledger=ledger, needs=needs(plan, providers), on_take=lambda *_: None
        ) as recording:
            for chain in recording.start(lines, {}):
                chain.result()
            assert not recording.failures, recording.failures[0]
    return len(lines)


def make_book(folder: Path) -> None:
    """`narrator book`, in this process; what it says to people is kept only to explain a failure."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = narrator(["book", str(folder), "--json"])
    assert code == 0, said.getvalue()


def taken_in(planned: PlannedChapter) -> dict[str, Take]:
    """The takes of a chapter that has them all."""
    return {line.utterance.id: line.take for line in planned.lines if line.take is not None}


def laid_out(planned: PlannedChapter, setting: Setting) -> Timeline:
    """The chapter on its clock, as `narrator.assembly` lays it out."""
    requests = {line.utterance.id: line.request for line in planned.lines}
    return lay_out(
        planned.chapter,
        taken_in(planned),
        pauses=setting.book.pauses,
        rate=MASTER_RATE,
        requests=requests,
    )


def encode_alone(timeline: Timeline, setting: Setting, *, gain_db: float) -> Encoded:
    """
    lameenc fed with the samples that narrator feeds it with, and only its own time counted.

    Args:
        gain_db: what mastering gave the chapter; not used without a profile.
    """
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(MASTER_RATE)
    encoder.set_out_sample_rate(MASTER_RATE)
    encoder.set_bit_rate(KBPS)
    encoder.set_quality(QUALITY)
    frames, spent = [], 0.0
    sounds = map(rounded, _levelled(timeline, setting, gain_db))
    while together := list(islice(sounds, TOGETHER)):
        pcm = np.concatenate([sound.pcm for sound in together])
        began = time.thread_time()
        encoded = encoder.encode(pcm)
        spent += time.thread_time() - began
        frames.append(bytes(encoded))
    began = time.thread_time()
    last = encoder.flush()
    spent += time.thread_time() - began
    return Encoded(b"".join([*frames, bytes(last)]), spent)


def _levelled(timeline: Timeline, setting: Setting, gain_db: float) -> Iterator[Samples]:
    sound = stream(timeline, setting.store.pcm)
    profile = PROFILES.get(setting.book.loudness)
    if profile is None:
        return even_blocks(sound)
    limited = limit(sound, rate=timeline.rate, gain_db=gain_db, ceiling_db=profile.ceiling_db)
    return under_tone(limited, level_db=profile.tone_db)
