"""Books recorded through a server where a fifth of everything goes wrong, and what must hold afterwards."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from narrator.store import TakeStore
from narrator.transport import Patience
from tests.octave_books import sentences, speech, stored
from tests.serving.asking import body, generations, samples, sound
from tests.serving.running import Running, running

VOICES = ("Imani Carter", "Ava Song", "Colton Rivers")
HARMLESS = {"slow", "drip"}
"""Faults that delay an answer and spoil nothing."""
SILENCE_S = 3.0
"""Longer than any line takes on a machine that is busy with other tests."""
HASTY = Patience(
    paid_attempts=8,
    first_wait_s=0.01,
    longest_wait_s=0.05,
    longest_asked_s=0.05,
    head_s=SILENCE_S,
    idle_s=SILENCE_S,
    answer_s=SILENCE_S,
)
"""Gives up on no line over a fifth of faults, and soon on a server that is silent."""

STATUSES = """
  - {kind: status, status: 429, rate: 0.015, name: crowded, headers: {Retry-After: "1"}}
  - {kind: status, status: 429, rate: 0.01, name: crowded without a hint, body: {message: Slow down.}}
  - {kind: status, status: 500, rate: 0.01, name: failed, body: {detail: Internal Server Error}}
  - {kind: status, status: 502, rate: 0.01, name: gateway, body: "<html><h1>Bad Gateway</h1></html>"}
  - {kind: status, status: 503, rate: 0.01, name: away, headers: {Retry-After: "0"}}
  - {kind: status, status: 504, rate: 0.01, name: gateway gave up}
  - {kind: status, status: 408, rate: 0.005, name: too slow}
  - {kind: status, status: 409, rate: 0.005, name: conflict}
  - {kind: status, status: 425, rate: 0.005, name: too early}
"""
SPOILT = """
  - {kind: cut, at: 0, rate: 0.01, name: cut before anything}
  - {kind: cut, at: 300, rate: 0.01, name: cut in a line}
  - {kind: cut, at: 30000, rate: 0.015, name: cut in the sound}
  - {kind: end, at: 30000, rate: 0.01, name: ended early}
  - {kind: garbage, rate: 0.01, name: garbage}
  - {kind: garbage, at: 20000, rate: 0.01, name: garbage in the sound}
  - {kind: garbage, form: base64, rate: 0.01, name: no base64}
  - {kind: garbage, form: line, after: 2, rate: 0.01, name: a broken line}
  - {kind: error_line, rate: 0.01, name: an error, body: {type: error, code: E0999, message: Overloaded.}}
  - {kind: error_line, after: 3, rate: 0.01, name: an error after some, body: {error: {message: Overloaded.}}}
  - {kind: delay, delay_ms: 200, rate: 0.01, name: slow}
  - {kind: drip, bytes: 8000, pause_ms: 2, rate: 0.01, name: drip}
"""
SILENT = """
  - {kind: hang, rate: 0.003, name: silent}
  - {kind: hang, at: 5000, rate: 0.003, name: silent in the middle}
  - {kind: endless, rate: 0.003, name: endless}
"""
"""Those for which a client needs little patience, or much time. Together with the others 21 %."""
SILENT_AT_ONCE = """
  - {kind: hang, requests: [7], name: silent}
  - {kind: hang, at: 5000, requests: [8], name: silent in the middle}
  - {kind: endless, requests: [9], name: endless}
"""
"""The same beside each other, which takes as long as one of them."""


def write_faults(file: Path, *rules: str, seed: int) -> Path:
    """A file of faults that strike requests for speech."""
    listed = "".join(rules).replace("kind:", "method: POST, kind:")
    file.write_text(f"seed: {seed}\nfaults:\n{listed}", encoding="utf-8")
    return file


def chapters(lines: int, *, scene: int, scenes: int) -> Iterator[str]:
    """So many lines, titles included, in scenes of *scene* lines and chapters of *scenes* scenes."""
    said = list(sentences(lines))
    for number, start in enumerate(range(0, lines, scene * scenes), start=1):
        title, *rest = said[start : start + scene * scenes]
        starts = [0, *range(scene - 1, len(rest), scene)]
        parts = [rest[one:other] for one, other in zip(starts, [*starts[1:], len(rest)], strict=True)]
        paragraphs = "\n\n***\n\n".join("\n\n".join(_voiced(part)) for part in parts)
        yield f"# {number}. {title}\n\n{paragraphs}\n"


def _voiced(said: list[str]) -> list[str]:
    return [f"Mara: {each}" if place % 3 == 1 else each for place, each in enumerate(said)]


def prove_paid_once(project: Path, server: Running) -> Counter[str]:
    """
    By the server's own books: no line was asked for again after a good answer, and that answer is its take.

    Returns:
        How often each fault struck.
    """
    texts = remembered(server)
    attempts: dict[str, list[dict[str, Any]]] = {}
    for line in speech(server):
        attempts.setdefault(texts[line["generations"][0]], []).append(line)
    takes = {take.request.spoken.text: take for take in stored(project)}
    assert len(takes) == len(stored(project)), "a line has more than one take"
    assert attempts.keys() == takes.keys()
    for text, (*lost, good) in attempts.items():
        assert [dict(takes[text].ids)["generation"]] == good["generations"], text
        for line in lost:
            assert line.get("fault") not in {None, *HARMLESS}, f"{text} was asked for again after {line}"
    return Counter(str(line["fault"]) for line in server.log() if "fault" in line)


def prove_sounds(project: Path) -> None:
    """Every take is, to the sample, what a server says to the same request on which nothing goes wrong."""
    store = TakeStore(project / "takes")
    with running() as server:
        for take in stored(project):
            voice = {"name": take.request.voice, "provider": "HUME_AI"}
            (answer,) = generations(server.client, body(take.request.spoken.text, voice=voice))
            said = samples(sound(answer["audio"]))
            assert np.array_equal(store.pcm(take.key, take.id), said), take.request.spoken.text


def prove_secret(key: str, *places: Path, told: str = "") -> None:
    """A key stands in no file, and in nothing that was said."""
    assert key not in told
    for place in places:
        for file in place.rglob("*"):
            if file.is_file():
                assert key.encode() not in file.read_bytes(), file


def remembered(server: Running) -> dict[str, str]:
    """The text of every generation that a server has made, answers that were lost on the way included."""
    with closing(sqlite3.connect(server.options.state / "state.sqlite")) as database:
        return dict(database.execute("SELECT id, text FROM octave_generations"))
