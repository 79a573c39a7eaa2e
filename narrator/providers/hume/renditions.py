"""The service's objects as generations, snippets and pieces of audio, each whole (contract 7, 8, 9.5).

Objects of different generations come interleaved, times before, between or after the sound they belong to.
Nothing is taken for granted: a field is of the type it must have, or the answer is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from narrator.errors import ProviderError
from narrator.providers import fields
from narrator.providers.fields import Found
from narrator.providers.hume.times import Told
from narrator.transport import BrokenAnswer

Refuse = Callable[[Mapping[str, Any]], Exception]
"""Turns an error object of the service into what is to be raised."""

_ERROR_FIELDS = frozenset({"code", "slug", "error", "message", "status_code"})
_Times = dict[tuple[str, str, int], Told]
"""By kind, text and begin: a snippet has each of them once, however often it is told."""


class Snippet(NamedTuple):
    """The part of a generation that speaks one piece of the text."""

    id: str
    utterance: int | None
    """Index in the request; None where the service does not say."""
    text: str
    transcript: str
    pieces: tuple[bytes, ...]
    """Its own audio; none where it came with that of the generation only."""
    told: tuple[Told, ...]
    """In the order of their arrival, each once."""


class Rendition(NamedTuple):
    """One generation as it came: complete in its parts, its audio still encoded."""

    generation_id: str
    request_id: str
    audio_format: str | None
    """As labelled."""
    pieces: tuple[bytes, ...]
    """All of its audio, in the order in which it sounds."""
    snippets: tuple[Snippet, ...]
    """In the order in which they sound."""
    rate: int | None = None
    """Samples a second, as labelled."""
    duration_s: float | None = None
    """As labelled."""


def gather(objects: Iterable[Found], *, error: Refuse, text_known: bool) -> tuple[Rendition, ...]:
    """Generations from the objects of a stream, in the order of their first sound.

    Args:
        text_known: whether snippets must say which text they speak.

    Raises:
        BrokenAnswer: no sound came (`empty`), a snippet is not whole, or a field is not what it must be.
        Exception: what *error* makes of an error object.
    """
    growing: dict[str, dict[str, _Growing]] = {}
    request_id = ""
    times: dict[tuple[str | None, str], _Times] = {}
    for found in objects:
        kind = found.get("type")
        if kind == "audio" or (kind is None and "audio" in found):
            snippets = growing.setdefault(fields.identifier(found, "generation_id"), {})
            snippet_id = fields.identifier(found, "snippet_id")
            if snippet_id not in snippets:
                snippets[snippet_id] = _Growing(fields.count_or_none(found, "utterance_index"))
            snippets[snippet_id].add(found, text_known=text_known)
            request_id = fields.identifier_or_none(found, "request_id") or request_id
        elif kind == "timestamp" or (kind is None and "timestamp" in found):
            whose = fields.identifier_or_none(found, "generation_id"), fields.identifier(found, "snippet_id")
            _tell(times.setdefault(whose, {}), fields.nested(found, "timestamp"))
        elif kind == "error" or ("audio" not in found and not _ERROR_FIELDS.isdisjoint(found)):
            refused = error(found)
            if isinstance(refused, ProviderError):
                refused.begun = bool(growing or times)
            raise refused
        # Anything else is of a later version of the service, and of no use here.
    if not growing:
        raise BrokenAnswer("empty")
    renditions = tuple(
        _finished(generation_id, request_id, snippets, times) for generation_id, snippets in growing.items()
    )
    if times:
        raise BrokenAnswer(f"there are times of snippet {next(iter(times))[1]}, and no sound")
    return renditions


def unpack(found: Found, *, error: Refuse, text_known: bool) -> tuple[Rendition, ...]:
    """Generations from an answer in one piece, in its own order.

    Raises:
        BrokenAnswer: a field is not what it must be.
        Exception: what *error* makes of an error object.
    """
    if found.get("type") == "error" or ("generations" not in found and not _ERROR_FIELDS.isdisjoint(found)):
        raise error(found)
    request_id = fields.identifier_or_none(found, "request_id") or ""
    return tuple(
        _unpacked(fields.as_object(each, "generations"), request_id, text_known=text_known)
        for each in fields.as_list(found.get("generations"), "generations")
    )


def _unpacked(found: Found, request_id: str, *, text_known: bool) -> Rendition:
    audio = fields.audio(found, "audio")
    size = fields.count_or_none(found, "file_size")
    if size not in (None, len(audio)):
        raise BrokenAnswer(f"`file_size` is {size}, and {len(audio)} bytes of audio came")
    encoding = fields.nested_or_none(found, "encoding") or {}
    groups = [fields.as_list(group, "snippets") for group in fields.listed(found, "snippets")]
    alone = sum(map(len, groups)) == 1
    return Rendition(
        generation_id=fields.identifier(found, "generation_id"),
        request_id=request_id,
        audio_format=fields.text_or_none(encoding, "format"),
        pieces=(audio,),
        snippets=tuple(
            _snippet(fields.as_object(each, "snippets"), index, alone=alone, text_known=text_known)
            for index, group in enumerate(groups)
            for each in group
        ),
        rate=fields.count_or_none(encoding, "sample_rate"),
        duration_s=fields.number_or_none(found, "duration"),
    )


def _snippet(found: Found, group: int, *, alone: bool, text_known: bool) -> Snippet:
    """
    Args:
        group: index of the group it stands in, which is that of its utterance.
        alone: whether it is the only one, so that its own audio is that of the generation.
    """
    times: _Times = {}
    for each in fields.listed(found, "timestamps"):
        _tell(times, fields.as_object(each, "timestamps"))
    utterance = fields.count_or_none(found, "utterance_index")
    own = fields.text_or_none(found, "audio")
    return Snippet(
        id=fields.identifier(found, "id"),
        utterance=group if utterance is None else utterance,
        text=fields.text(found, "text") if text_known else fields.text_or_none(found, "text") or "",
        transcript=fields.text_or_none(found, "transcribed_text") or "",
        pieces=() if alone or own is None else (fields.audio(found, "audio"),),
        told=tuple(times.values()),
    )


@dataclass(slots=True)
class _Growing:
    """A snippet whose pieces are still coming."""

    utterance: int | None
    texts: dict[str, None] = field(default_factory=dict)
    transcript: str = ""
    pieces: dict[int, bytes] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    """Of the pieces, those that are said to be the last."""
    audio_formats: set[str] = field(default_factory=set)
    times: _Times = field(default_factory=dict)
    """Out of complete snippets that came along with pieces."""

    def add(self, found: Found, *, text_known: bool) -> None:
        """Take in one piece."""
        index = fields.count(found, "chunk_index")
        if index in self.pieces:
            raise BrokenAnswer(f"`chunk_index` {index} comes twice in a snippet")
        self.pieces[index] = fields.audio(found, "audio")
        if fields.flag(found, "is_last_chunk"):
            self.ends.append(index)
        # The same on every piece; if it were the text of the piece, all of them would make the snippet's.
        text = fields.text(found, "text") if text_known else fields.text_or_none(found, "text")
        if text:
            self.texts[text] = None
        self.transcript = fields.text_or_none(found, "transcribed_text") or self.transcript
        if label := fields.text_or_none(found, "audio_format"):
            self.audio_formats.add(label)
        # Its audio is that of the pieces once more (contract 8.1).
        complete = fields.nested_or_none(found, "snippet") or {}
        self.transcript = fields.text_or_none(complete, "transcribed_text") or self.transcript
        for each in fields.listed(complete, "timestamps"):
            _tell(self.times, fields.as_object(each, "timestamps"))

    def finish(self, snippet_id: str, told: _Times) -> Snippet:
        """The snippet, whole."""
        indices = sorted(self.pieces)
        if indices[-1] != len(indices) - 1 or self.ends != [indices[-1]]:
            raise BrokenAnswer(
                f"snippet {snippet_id} is not whole: pieces {_few(indices)}, the last {_few(self.ends)}"
            )
        return Snippet(
            id=snippet_id,
            utterance=self.utterance,
            text=" ".join(self.texts),
            transcript=self.transcript,
            pieces=tuple(self.pieces[index] for index in indices),
            told=tuple(_merged(told, self.times).values()),
        )


def _finished(
    generation_id: str,
    request_id: str,
    growing: Mapping[str, _Growing],
    times: dict[tuple[str | None, str], _Times],
) -> Rendition:
    """A generation; the times of its snippets are taken out of *times*."""
    snippets = []
    for snippet_id, grown in growing.items():
        told = times.pop((None, snippet_id), {}) | times.pop((generation_id, snippet_id), {})
        snippets.append(grown.finish(snippet_id, told))
    labels = set().union(*(grown.audio_formats for grown in growing.values()))
    if len(labels) > 1:
        raise BrokenAnswer("`audio_format` changes within a generation")
    return Rendition(
        generation_id=generation_id,
        request_id=request_id,
        audio_format=next(iter(labels), None),
        pieces=tuple(piece for snippet in snippets for piece in snippet.pieces),
        snippets=tuple(snippets),
    )


def _tell(times: _Times, found: Found) -> None:
    """Note one time, unless it is known."""
    span = fields.nested(found, "time")
    told = Told(
        fields.text(found, "type"),
        fields.text(found, "text"),
        fields.milliseconds(span, "begin"),
        fields.milliseconds(span, "end"),
    )
    times.setdefault((told.kind, told.text, told.begin_ms), told)


def _merged(told: _Times, listed: _Times) -> _Times:
    """Times told one by one, and those of a complete snippet, which repeats them.

    Where they have nothing in common they count from different places: then the longer list stands alone.
    """
    if told and listed and told.keys().isdisjoint(listed):
        return told if len(told) >= len(listed) else listed
    return told | listed


def _few(indices: list[int]) -> str:
    shown = ", ".join(map(str, indices[:8]))
    return f"{shown}, ... ({len(indices)})" if len(indices) > 8 else shown or "none"
