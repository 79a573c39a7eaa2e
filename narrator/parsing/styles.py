"""Who speaks which words of a paragraph, and how: script lines, spans and quotations laid over each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from narrator.parsing.attributes import Attributes, add_direction
from narrator.parsing.quotations import find_quotations
from narrator.parsing.sentences import split_sentences
from narrator.parsing.wording import WORD, Guide, Layer, Wording


class Style(NamedTuple):
    """Who speaks, and how."""

    role: str
    direction: str | None = None
    speed: float | None = None
    settled: bool = False
    """True where the author named the role."""
    guide: Guide | None = None

    def within(self, given: Attributes) -> Style:
        """The style of words that *given* stands on, inside words of this style.

        Another role starts afresh: how one speaks says nothing of how another does.
        """
        if given.role and given.role != self.role:
            return Style(given.role, given.direction, given.speed, settled=True)
        return Style(
            self.role,
            add_direction(self.direction, given.direction),
            self.speed if given.speed is None else given.speed,
            self.settled or given.role is not None,
            self.guide,
        )

    def sounds_like(self, other: Style) -> bool:
        """True where the difference cannot be heard."""
        return self[:3] == other[:3] and self.guide == other.guide


class Speech(NamedTuple):
    """A stretch of a paragraph that one script line, or the whole paragraph, makes."""

    start: int
    end: int
    style: Style


class Stretch(NamedTuple):
    """Words that become one utterance; without a style, words that nobody speaks."""

    start: int
    end: int
    style: Style | None


class Quoted(NamedTuple):
    """A quotation in the narrator's words."""

    start: int
    end: int
    closed: bool
    speaker: Style | None
    """Where the author settled it."""


def quotations(wording: Wording, speech: Speech) -> Iterator[Quoted]:
    """The quotations of a speech that no script line settles as a whole."""
    if speech.style.settled:
        return
    for quote in find_quotations(wording.text, speech.start, speech.end):
        if not WORD.search(wording.text, quote.start, quote.end):
            continue
        outside = _style_at(wording, speech.style, quote.start)
        # Of what one recording says, a part cannot go to somebody else.
        if outside.settled or wording.guide_across(quote.start) or wording.guide_across(quote.end):
            yield Quoted(*quote, outside)
            continue
        inside = _style_at(wording, speech.style, min(quote.start + 1, quote.end - 1))
        last = _style_at(wording, speech.style, max(quote.end - 2, quote.start))
        alike = inside._replace(guide=None) == last._replace(guide=None)
        yield Quoted(*quote, inside if inside.settled and alike else None)


def divide(
    wording: Wording,
    speech: Speech,
    voiced: Sequence[tuple[int, int, Style]],
    *,
    language: str,
    whole: bool,
) -> list[Stretch]:
    """The stretches of a speech that become utterances.

    Words of one style are joined and cut at hard line breaks and where sentences end, save those
    that one recording says; what holds no letter or digit goes with its neighbour.

    Args:
        voiced: quotations that go to a speaker: start, end and the style, in order.
        whole: True for a heading, which is not cut into sentences.
    """
    text = wording.text
    if not WORD.search(text, speech.start, speech.end):
        return [Stretch(speech.start, speech.end, None)]
    keep = _whole_stretches(wording)
    stretches: list[Stretch] = []
    for start, end, style in _joined(text, _regions(wording, speech, voiced)):
        breaks = [at for at in wording.breaks if start < at < end and not style.guide]
        for first, last in pairwise((start, *breaks, end)):
            uncut = whole or style.guide
            cuts = [] if uncut else split_sentences(text, first, last, language=language, keep=keep)
            stretches += [Stretch(a, b, style) for a, b in pairwise((first, *cuts, last))]
    return _worded(text, stretches)


def _whole_stretches(wording: Wording) -> list[tuple[int, int]]:
    """What has a pronunciation of its own cannot be cut; one inside another counts once."""
    keep: list[tuple[int, int]] = []
    for stress in sorted(stress for stress in wording.stresses if stress.kind == "say"):
        if not keep or stress.start >= keep[-1][1]:
            keep.append((stress.start, stress.end))
        else:
            keep[-1] = keep[-1][0], max(keep[-1][1], stress.end)
    return keep


def _regions(
    wording: Wording, speech: Speech, voiced: Sequence[tuple[int, int, Style]]
) -> Iterator[tuple[int, int, Style]]:
    changes = wording.layers_between(speech.start, speech.end)
    if not changes and not voiced:
        yield speech.start, speech.end, _style_at(wording, speech.style, speech.start)
        return
    bounds = {speech.start, speech.end, *(at for at, _ in changes)}
    for start, end, _ in voiced:
        bounds |= {start, end}
    waiting = list(reversed(voiced))
    for start, end in pairwise(sorted(bounds)):
        while waiting and waiting[-1][1] <= start:
            waiting.pop()
        base = waiting[-1][2] if waiting and waiting[-1][0] <= start else speech.style
        yield start, end, _style_at(wording, base, start)


def _style_at(wording: Wording, base: Style, offset: int) -> Style:
    layer, chain = wording.layer_at(offset), list[Layer]()
    while layer is not None:
        chain.append(layer)
        layer = layer.outer
    for each in reversed(chain):
        base = base.within(each.given)
    return base._replace(guide=chain[0].guide) if chain and chain[0].guide else base


def _joined(text: str, regions: Iterator[tuple[int, int, Style]]) -> list[tuple[int, int, Style]]:
    """Neighbours that sound alike are one; what has no words goes with what is before it, or after."""
    joined: list[tuple[int, int, Style]] = []
    worded = False
    for start, end, style in _alike(regions):
        has_words = WORD.search(text, start, end) is not None
        if joined and (not has_words or style.sounds_like(joined[-1][2])):
            joined[-1] = joined[-1][0], end, joined[-1][2]
            worded = worded or has_words
        elif joined and not worded:
            joined[-1] = joined[-1][0], end, style
            worded = has_words
        else:
            joined.append((start, end, style))
            worded = has_words
    return joined


def _alike(regions: Iterator[tuple[int, int, Style]]) -> Iterator[tuple[int, int, Style]]:
    held: tuple[int, int, Style] | None = None
    for start, end, style in regions:
        if held and style.sounds_like(held[2]):
            held = held[0], end, held[2]
        else:
            if held:
                yield held
            held = start, end, style
    if held:
        yield held


def _worded(text: str, stretches: list[Stretch]) -> list[Stretch]:
    """Give what has no words to the stretch before it, or to the one after where there is none."""
    worded: list[Stretch] = []
    pending: int | None = None
    for stretch in stretches:
        if WORD.search(text, stretch.start, stretch.end):
            worded.append(stretch if pending is None else stretch._replace(start=pending))
            pending = None
        elif worded:
            worded[-1] = worded[-1]._replace(end=stretch.end)
        elif pending is None:
            pending = stretch.start
    return worded
