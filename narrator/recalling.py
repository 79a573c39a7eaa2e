"""A chapter that was laid out before, known again without laying it out once more.

Laying out looks at every word of a book, and a run that records one line has no use for the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from narrator.book import Pauses
from narrator.manuscript import Chapter
from narrator.stitching import scenes_of
from narrator.takes import Request, Take
from narrator.timeline import Heard, Outline


class Span(NamedTuple):
    """What cannot be told of a placement without laying its chapter out."""

    start_sample: int
    end_sample: int
    voice: str
    word_source: str


def basis_of(
    chapter: Chapter, takes: Mapping[str, Take], *, pauses: Pauses, rate: int, requests: Mapping[str, Request]
) -> str | None:
    """
    What `lay_out` makes its timeline of, hashed: the same code makes the same of the same.

    It costs a tenth of laying out, since a take is known by its seal. None where one is missing or has none.
    """
    facts: list[object] = [chapter.number, chapter.title, rate, pauses.model_dump()]
    facts.append([scene.title for scene in chapter.scenes])
    for utterance in chapter.utterances:
        take = takes.get(utterance.id)
        if take is None or not take.written_sha256:
            return None
        facts.append(
            (
                utterance.id,
                utterance.role,
                utterance.text,
                utterance.scene,
                utterance.paragraph,
                utterance.heading,
                utterance.pause_after_ms,
                # Of whole numbers, which Python hashes the same in every process.
                hash(requests[utterance.id].spoken.words),
                take.written_sha256,
            )
        )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def spans(outline: Outline) -> tuple[Span, ...]:
    """What `recall` needs of a chapter that was laid out."""
    return tuple(
        Span(heard.start_sample, heard.end_sample, heard.voice, heard.word_source)
        for heard in outline.placements
    )


def recall(
    chapter: Chapter, takes: Mapping[str, Take], spans: Sequence[Span], *, rate: int, samples: int
) -> Outline:
    """The outline of a chapter that was laid out before, of the same `basis_of`."""
    placements = tuple(
        Heard(
            utterance.id,
            utterance.role,
            span.voice,
            utterance.text,
            utterance.scene,
            utterance.paragraph,
            utterance.heading,
            takes[utterance.id].id,
            span.start_sample,
            span.end_sample,
            span.word_source,
        )
        for utterance, span in zip(chapter.utterances, spans, strict=True)
    )
    scenes = scenes_of(chapter, placements, samples)
    return Outline(chapter.number, chapter.title, rate, samples, scenes, placements)
