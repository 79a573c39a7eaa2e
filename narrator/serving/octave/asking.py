"""What a request asks for, once it is known to be possible: the rules that bodies alone do not show.

The rules are those of contract 5.4. Where it is not known how Hume refuses, the answer is a 400 whose message
says what is wrong.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from narrator.serving.octave import design
from narrator.serving.octave.generations import Generations, Remembered
from narrator.serving.octave.reading import Reading, read
from narrator.serving.octave.refusing import refusal
from narrator.serving.octave.voices import Voices
from narrator.serving.octave.wire import (
    ContextGenerationId,
    ContextUtterances,
    OctaveBodyArgs,
    OctaveVersion,
    TimestampType,
    Utterance,
)
from narrator.serving.speaking import Speaker

_A_SECOND = 15
"""Characters that take a second to speak, about."""
_SHORTEST = 20
"""Characters that an utterance counts for at least."""


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance, ready to be spoken."""

    index: int
    reading: Reading
    voice: str
    """Name of the voice; `""` for one made from a description."""
    speakers: tuple[Speaker, ...]
    """One for each generation; a voice that is being designed is tried out in several."""
    direction: str | None
    speed: float
    silence_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A request, ready to be spoken."""

    request_id: str
    version: OctaveVersion
    lines: tuple[Line, ...]
    generation_ids: tuple[str, ...]
    kinds: frozenset[TimestampType]
    """What times are told of."""
    characters: int
    """Of text, in one generation."""

    def remembered(self) -> list[Remembered]:
        """What is to be known of its generations."""
        last = self.lines[-1]
        text = last.reading.spoken.text
        return [
            Remembered(id_, self.version, last.voice, speaker, text)
            for id_, speaker in zip(self.generation_ids, last.speakers, strict=True)
        ]


def plan(
    body: OctaveBodyArgs,
    *,
    voices: Voices,
    generations: Generations,
    characters: int,
    instant: bool = False,
    count: int | None = None,
) -> Plan:
    """
    Make a request ready. It reads what is remembered, so it blocks.

    Args:
        characters: the most that one request may have spoken.
        instant: whether it is to be answered in instant mode.
        count: how many generations, if not as many as it asks for.

    Raises:
        Refused: it cannot be met.
    """
    count = count or body.num_generations
    if (cost := sum(map(_cost, body.utterances)) * count) > characters:
        raise refusal(
            f"The request comes to {cost} characters, all generations, short utterances and silence counted;"
            f" {characters} can be spoken at once. Divide it."
        )
    before = _before(body, generations)
    version = body.version or _fitting(body, before)
    _check_version(body, version, before)
    _check_instant(body, instant, before)
    return Plan(
        # Like Hume's: a uuid, and digits behind it.
        request_id=f"{uuid.uuid4()}-{secrets.randbelow(10**6)}",
        version=version,
        lines=tuple(_lines(body, version, before, voices, count)),
        generation_ids=tuple(str(uuid.uuid4()) for _ in range(count)),
        kinds=frozenset(body.include_timestamp_types) if version is OctaveVersion.TWO else frozenset(),
        characters=sum(len(utterance.text) for utterance in body.utterances),
    )


def _cost(utterance: Utterance) -> int:
    """An utterance in characters: what it takes to speak and hold it."""
    return max(len(utterance.text), _SHORTEST) + round(utterance.trailing_silence * _A_SECOND)


def _lines(
    body: OctaveBodyArgs, version: OctaveVersion, before: Remembered | None, voices: Voices, count: int
) -> Iterator[Line]:
    voice, speakers = _carried(body, before, voices, count)
    for index, utterance in enumerate(body.utterances):
        direction = utterance.description or None
        if utterance.voice is not None:
            found = voices.find(utterance.voice)
            voice, speakers = found.name, (found.speaker,) * count
        elif not speakers:
            if version is OctaveVersion.TWO:
                raise refusal("Octave 2 requires a voice; specify one for the first utterance.")
            described = [each.description for each in (*_earlier(body), utterance) if each.description]
            prompt = described[-1] if described else utterance.text
            speakers = tuple(design.invent(prompt, take) for take in range(count))
            direction = None  # it is what the voice is like
        language = speakers[0].voice.partition("+")[0].rpartition("/")[2]
        yield Line(
            index=index,
            reading=read(utterance.text, language=language, split=body.split_utterances),
            voice=voice,
            speakers=speakers,
            direction=direction,
            speed=utterance.speed,
            silence_s=utterance.trailing_silence,
        )


def _before(body: OctaveBodyArgs, generations: Generations) -> Remembered | None:
    """The generation that the request goes on from."""
    context = body.context.root if body.context else None
    if not isinstance(context, ContextGenerationId):
        return None
    found = generations.recall(str(context.generation_id))
    if found is None:
        raise refusal(
            f"The context generation (ID: {context.generation_id}) does not exist or is not accessible.",
            details={"parameter": "context.generation_id"},
        )
    return found


def _earlier(body: OctaveBodyArgs) -> list[Utterance]:
    context = body.context.root if body.context else None
    return context.utterances if isinstance(context, ContextUtterances) else []


def _fitting(body: OctaveBodyArgs, before: Remembered | None) -> OctaveVersion:
    """Version 1 where only that will do: to act, or to invent a voice."""
    everything = [*_earlier(body), *body.utterances]
    acted = any(each.description for each in everything)
    voiced = before is not None or any(each.voice for each in [*_earlier(body), body.utterances[0]])
    return OctaveVersion.TWO if voiced and not acted else OctaveVersion.ONE


def _check_version(body: OctaveBodyArgs, version: OctaveVersion, before: Remembered | None) -> None:
    described = any(each.description for each in [*_earlier(body), *body.utterances])
    if version is OctaveVersion.TWO and described:
        raise refusal("Octave 2 does not support the 'description' parameter")
    if version is OctaveVersion.ONE and before is not None and before.version is OctaveVersion.TWO:
        raise refusal(
            f"Octave 1 cannot continue from the context generation (ID: {before.id}),"
            " which was made with Octave 2.",
            details={"parameter": "context.generation_id"},
        )


def _check_instant(body: OctaveBodyArgs, instant: bool, before: Remembered | None) -> None:
    if not instant:
        return
    if body.num_generations != 1:
        raise refusal("Instant mode makes a single generation; set num_generations to 1.")
    if body.utterances[0].voice is None and before is None and not any(e.voice for e in _earlier(body)):
        raise refusal("Instant mode requires a voice; specify one, or set instant_mode to false.")


def _carried(
    body: OctaveBodyArgs, before: Remembered | None, voices: Voices, count: int
) -> tuple[str, tuple[Speaker, ...]]:
    """The voice that a first utterance without one speaks with: nobody's, if its context has none."""
    if before is not None:
        return before.voice, (before.speaker,) * count
    named = [each.voice for each in _earlier(body) if each.voice]
    if not named:
        return "", ()
    found = [voices.find(each) for each in named][-1]
    return found.name, (found.speaker,) * count
