"""The timeline as JSON (.json): everything the other exports are made from, exact to the sample.

Keys are sorted; one line a scene and one an utterance, so that a changed line of the book is a changed
line of the file. `start_sample` and `end_sample` count samples of the chapter at `rate`, end exclusive;
those inside `take` count samples of the take at its own rate. `*_ms` are the same times, rounded once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from narrator.book import Book
from narrator.timeline import PlacedWord, Placement, ScenePlacement, Timeline, milliseconds

VERSION = 1
"""Raised when a key changes its meaning or goes; new keys may come without."""


def write_timeline_json(timeline: Timeline, book: Book, *, mp3_name: str) -> str:
    """See `Export`."""
    members = {
        "audio": _json(mp3_name),
        "book": _json({"author": book.author, "language": book.language, "title": book.title}),
        "chapter": _json({"number": timeline.number, "title": timeline.title}),
        "duration_ms": _json(timeline.duration_ms),
        "rate": _json(timeline.rate),
        "samples": _json(timeline.samples),
        "scenes": _lines(_json(_scene(scene, timeline.rate)) for scene in timeline.scenes),
        "utterances": _lines(_json(_utterance(each, timeline.rate)) for each in timeline.placements),
        "version": _json(VERSION),
    }
    return "{\n" + ",\n".join(f'"{key}": {text}' for key, text in members.items()) + "\n}\n"


def _scene(scene: ScenePlacement, rate: int) -> dict[str, object]:
    return {"title": scene.title, **_stretch(scene.start_sample, scene.end_sample, rate)}


def _utterance(placement: Placement, rate: int) -> dict[str, object]:
    return {
        "id": placement.utterance_id,
        "role": placement.role,
        "voice": placement.voice,
        "direction": placement.direction,
        "text": placement.text,
        "heading": placement.heading,
        "scene": placement.scene,
        "paragraph": placement.paragraph,
        "take": {
            "key": placement.take_key,
            "id": placement.take_id,
            "rate": placement.take_rate,
            "start_sample": placement.take_start_sample,
            "end_sample": placement.take_end_sample,
        },
        **_stretch(placement.start_sample, placement.end_sample, rate),
        "word_source": placement.word_source,
        "words": [_word(word) for word in placement.words],
    }


def _word(word: PlacedWord) -> dict[str, object]:
    confidence = {} if word.confidence is None else {"confidence": word.confidence}
    return {"text": word.text, "start_sample": word.start_sample, "end_sample": word.end_sample, **confidence}


def _stretch(start_sample: int, end_sample: int, rate: int) -> dict[str, int]:
    return {
        "start_sample": start_sample,
        "end_sample": end_sample,
        "start_ms": milliseconds(start_sample, rate),
        "end_ms": milliseconds(end_sample, rate),
    }


def _lines(items: Iterable[str]) -> str:
    lines = ",\n".join(items)
    return f"[\n{lines}\n]" if lines else "[]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
