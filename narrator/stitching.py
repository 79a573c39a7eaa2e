"""Takes and pauses put on a chapter's clock, in whole samples at the master's rate.

Every sample of a take is brought to that clock by one rule, `_at_rate`: times the ratio of the
rates, halves up. Nothing is ever added up in any other unit, so no error grows along a chapter.

A take without word times has its sound shared out among its words (`pacing`): here and never in the
store, and the placement says that they are estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from narrator.book import Pauses
from narrator.errors import MissingTake
from narrator.manuscript import Chapter, Utterance
from narrator.pacing import share_out
from narrator.takes import Request, Take, Word, WordTime
from narrator.timeline import Heard, PlacedWord, Placement, ScenePlacement, Timeline, samples

MARGIN_BEFORE_MS = 10
"""Kept of a take before its sound begins: the soft onset of a breath or a consonant, and room to fade in."""
MARGIN_AFTER_MS = 30
"""Kept after its sound ends: voices die away more slowly than they set in."""


def lay_out(
    chapter: Chapter,
    takes: Mapping[str, Take],
    *,
    pauses: Pauses,
    rate: int = 44_100,
    requests: Mapping[str, Request] | None = None,
) -> Timeline:
    """Put a chapter's takes on one clock.

    Args:
        takes: the take of each utterance, by utterance id.
        rate: samples a second of the master.
        requests: what is asked for each utterance now, by utterance id; by default what its take was
            recorded for. They differ in the words as written where one take serves two spellings.

    Raises:
        MissingTake: names every utterance without a take.
    """
    if missing := [utterance.id for utterance in chapter.utterances if utterance.id not in takes]:
        raise MissingTake(missing, chapter=chapter.title)
    placements = []
    clock = samples(pauses.chapter_head_ms, rate)
    for utterance, pause_ms in _with_pauses(chapter.utterances, pauses):
        take = takes[utterance.id]
        request = (requests or {}).get(utterance.id, take.request)
        placements.append(_place(utterance, take, request, at=clock, rate=rate))
        clock = placements[-1].end_sample + samples(pause_ms, rate)
    if not placements:
        clock += samples(pauses.chapter_tail_ms, rate)
    return Timeline(
        number=chapter.number,
        title=chapter.title,
        rate=rate,
        samples=clock,
        scenes=scenes_of(chapter, placements, clock),
        placements=tuple(placements),
    )


def pause_after(utterance: Utterance, following: Utterance | None, pauses: Pauses) -> int:
    """Milliseconds of silence between *utterance* and *following*, None being the end of the chapter.

    A pause that the manuscript asks for replaces that of the boundary; at the end of a chapter it
    can only lengthen it, since shops ask for quiet there.
    """
    asked = utterance.pause_after_ms
    if following is None:
        return max(pauses.chapter_tail_ms, asked or 0)
    if asked is not None:
        return asked
    if utterance.scene != following.scene:
        return pauses.scene_ms
    crossed = []
    if utterance.paragraph != following.paragraph or utterance.heading or following.heading:
        crossed.append(pauses.paragraph_ms)
    if utterance.role != following.role:
        crossed.append(pauses.speaker_ms)
    return max(crossed, default=pauses.sentence_ms)


def silence_ms(chapter: Chapter, pauses: Pauses) -> int:
    """Milliseconds of a chapter in which nobody speaks: its pauses, head and tail."""
    between = sum(pause_ms for _, pause_ms in _with_pauses(chapter.utterances, pauses))
    return pauses.chapter_head_ms + (between if chapter.utterances else pauses.chapter_tail_ms)


def _with_pauses(utterances: Sequence[Utterance], pauses: Pauses) -> Iterator[tuple[Utterance, int]]:
    for utterance, following in pairwise((*utterances, None)):
        if utterance is not None:
            yield utterance, pause_after(utterance, following, pauses)


def _place(utterance: Utterance, take: Take, request: Request, *, at: int, rate: int) -> Placement:
    words = request.spoken.words if _fit(request.spoken.words, utterance.text) else ()
    estimated = bool(words) and not take.words
    times = _estimated(words, take) if estimated else _times(words, take)
    start, end = used(take)

    def on_clock(sample: int) -> int:
        return at + _at_rate(min(max(sample, start), end) - start, take.rate, rate)

    return Placement(
        utterance_id=utterance.id,
        role=utterance.role,
        voice=f"{take.request.provider}/{take.request.voice}",
        text=utterance.text,
        direction=take.request.direction,
        scene=utterance.scene,
        paragraph=utterance.paragraph,
        heading=utterance.heading,
        take_key=take.key,
        take_id=take.id,
        take_rate=take.rate,
        take_start_sample=start,
        take_end_sample=end,
        start_sample=at,
        end_sample=on_clock(end),
        words=tuple(
            PlacedWord(utterance.text[word.start : word.end], on_clock(begins), on_clock(ends), confidence)
            for word, (begins, ends), confidence in zip(
                words, _in_order(times), _confidences(words, take), strict=False
            )
        ),
        word_source="estimated" if estimated else take.word_source,
    )


def used(take: Take) -> tuple[int, int]:
    """The part of a take that is used: its sound with a margin, and every word whole.

    So the pause that is heard is the pause that was asked for. A take without sound is used whole. From one
    sample to before another, at the take's own rate.
    """
    start, end = take.level.speech_start_sample, take.level.speech_end_sample
    if start == end:
        return 0, take.samples
    start = min([start - samples(MARGIN_BEFORE_MS, take.rate), *(word.start_sample for word in take.words)])
    end = max([end + samples(MARGIN_AFTER_MS, take.rate), *(word.end_sample for word in take.words)])
    return max(0, start), min(end, take.samples)


def _at_rate(length: int, take_rate: int, rate: int) -> int:
    return (2 * length * rate + take_rate) // (2 * take_rate)


def _fit(words: Sequence[Word], text: str) -> bool:
    """Whether *words* are words of *text*, rather than of another spelling of what is spoken."""
    edges = {-1, len(text), *(i for i, character in enumerate(text) if character == " ")}
    return all(word.start - 1 in edges and word.end in edges for word in words)


def _times(words: Sequence[Word], take: Take) -> Sequence[WordTime]:
    """When each of *words* sounds, found through the spoken text, which the words recorded share."""
    recorded = take.request.spoken.words
    if words == recorded or not take.words:
        return take.words
    said = list(zip(recorded, take.words, strict=True))
    times = []
    for word in words:
        first = next((pair for pair in said if pair[0].spoken_end > word.spoken_start), said[-1])
        last = next((pair for pair in reversed(said) if pair[0].spoken_start < word.spoken_end), said[0])
        times.append(WordTime(_within(*first, word.spoken_start), _within(*last, word.spoken_end)))
    return times


def _confidences(words: Sequence[Word], take: Take) -> Sequence[int | None]:
    """How sure the time of each of *words* is, where alignment found it and they are those recorded."""
    found = take.alignment.confidences if take.alignment and take.words else ()
    if len(found) != len(words) or words != take.request.spoken.words:
        return [None] * len(words)
    return found


def _estimated(words: Sequence[Word], take: Take) -> Sequence[WordTime]:
    """Of a take without word times: its sound, or all of it where it has none, shared out among *words*."""
    start, end = take.level.speech_start_sample, take.level.speech_end_sample
    if start == end:
        start, end = 0, take.samples
    request = take.request
    return share_out(request.spoken, words, start=start, end=end, rate=take.rate, speed=request.speed)


def _within(word: Word, time: WordTime, offset: int) -> int:
    """The sample at *offset* in the spoken text, which lies in *word* or beside it."""
    letters = max(1, word.spoken_end - word.spoken_start)
    said = min(max(offset - word.spoken_start, 0), letters)
    return time.start_sample + (time.end_sample - time.start_sample) * said // letters


def _in_order(times: Sequence[WordTime]) -> Iterator[WordTime]:
    """Each word ends before the next begins, and none begins before the one before it.

    Where two overlap, the first is cut: people notice when a word begins.
    """
    starts = list(accumulate((time.start_sample for time in times), max))
    limits = [*starts[1:], *(time.end_sample for time in times[-1:])]
    for start, time, limit in zip(starts, times, limits, strict=True):
        yield WordTime(start, max(start, min(time.end_sample, limit)))


def scenes_of(
    chapter: Chapter, placements: Sequence[Placement | Heard], end: int
) -> tuple[ScenePlacement, ...]:
    """A scene without utterances is not heard and has no place; without any, the chapter is one scene."""
    first: dict[int, int] = {}
    for placement in placements:
        first.setdefault(placement.scene, placement.start_sample)
    starts = [0, *list(first.values())[1:], end]
    titles = [chapter.scenes[index].title for index in first] or [None]
    alone = chapter.title if len(titles) == 1 else None
    return tuple(
        ScenePlacement(title=title or alone or f"Scene {number}", start_sample=start, end_sample=following)
        for number, (title, (start, following)) in enumerate(zip(titles, pairwise(starts), strict=True), 1)
    )
