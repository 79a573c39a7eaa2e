"""Finishes a drafted chapter: quotations to their speakers, paragraphs to utterances, places to ids."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from narrator.attribution import Attribution, Attributor, Passage, Quotation
from narrator.casting import Cast
from narrator.manuscript import Chapter, Mark, Notice, Scene, Utterance
from narrator.parsing.drafts import Break, Draft, Drafted, Paragraph, Pause
from narrator.parsing.source import Page
from narrator.parsing.styles import Quoted, Speech, Stretch, Style, divide, quotations
from narrator.parsing.wording import WORD, Kind

SLUG_LIMIT = 60

_APOSTROPHES = re.compile("['’ʼ]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
# Letters that Unicode does not take apart into an ASCII letter and an accent.
_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})

Making = dict[str, Any]
"""An utterance in the making: the fields of `manuscript.Utterance` that are not their defaults."""


class Finisher:
    """Finishes the chapters of one file, in order."""

    def __init__(
        self, drafted: Drafted, *, cast: Cast, attributor: Attributor, language: str, notices: list[Notice]
    ) -> None:
        self._drafted, self._page = drafted, drafted.page
        self._cast, self._attributor, self._language = cast, attributor, language
        self._notices = notices

    def finish(self, draft: Draft, number: int) -> Chapter:
        """The chapter of a draft, numbered; what its words became is added to the file's places."""
        scenes, scene_of = _scenes(draft)
        voices = _Voices(draft, scene_of, self._page, self._attributor, self._cast)
        makings: list[Making] = []
        paragraphs = 0
        for index, entry in enumerate(draft.entries):
            if isinstance(entry, Pause):
                self._pause(makings, entry.ms, entry.line)
            elif isinstance(entry, Paragraph):
                before = len(makings)
                common = {"file": self._page.path, "scene": scene_of[index], "paragraph": paragraphs}
                if entry.heading:
                    common["heading"] = True
                self._speak(entry, voices, makings, common, f"c{number:02d}-u")
                paragraphs += len(makings) > before
        return Chapter(
            number=number,
            title=draft.title,
            slug=slug_of(draft.title),
            direction=draft.direction,
            speed=draft.speed,
            file=self._page.path,
            line=draft.line,
            scenes=scenes,
            utterances=tuple(Utterance(**making) for making in makings),
        )

    def _speak(
        self, entry: Paragraph, voices: _Voices, makings: list[Making], common: Making, prefix: str
    ) -> None:
        """Add the utterances of one paragraph."""
        wording, text = entry.wording, entry.wording.text
        if not text:
            self._place_pauses(entry, makings, len(makings), [])
            return
        parts: list[tuple[int, Kind, str]] = []
        spoken: list[Stretch] = []
        labels = iter(entry.labels)
        for speech in entry.speeches:
            if entry.labels:
                parts.append((next(labels)[1], "markup", "speaker label"))
            whole = entry.heading
            for stretch in divide(wording, speech, voices.of(speech), language=self._language, whole=whole):
                if stretch.style is None:
                    parts.append((stretch.end, "skip", "no words"))
                    continue
                spoken.append(_trimmed(text, stretch))
                parts.append((stretch.end, "spoken", f"{prefix}{len(makings) + len(spoken):03d}"))
        self._drafted.placed += wording.assign(parts)
        first = len(makings)
        for index, stretch in enumerate(spoken, first + 1):
            makings.append(self._making(entry, stretch, common, f"{prefix}{index:03d}"))
        starts = [stretch.start for stretch in spoken]
        _mark(entry, spoken, starts, makings, first)
        for at in voices.unsettled(entry):
            making = makings[first + max(bisect_right(starts, at) - 1, 0)]
            making["quotations"] = making.get("quotations", 0) + 1
        self._place_pauses(entry, makings, first, spoken)

    def _making(self, entry: Paragraph, stretch: Stretch, common: Making, name: str) -> Making:
        wording, style = entry.wording, stretch.style
        start = wording.start_of(stretch.start)
        making: Making = {
            "id": name,
            "role": style.role if style else "",
            "text": wording.text[stretch.start : stretch.end],
            "line": self._page.line(start),
            "start": self._page.original(start),
            "end": self._page.original(wording.end_of(stretch.end)),
            **common,
        }
        if style and style.direction is not None:
            making["direction"] = style.direction
        if style and style.speed is not None:
            making["speed"] = style.speed
        if style and style.guide:
            making["guide"] = style.guide.path
        return making

    def _place_pauses(
        self, entry: Paragraph, makings: list[Making], first: int, spoken: list[Stretch]
    ) -> None:
        """A pause inside an utterance is a mark of it; between two, it follows the first."""
        starts = [stretch.start for stretch in spoken]
        for at, ms in entry.pauses:
            index = bisect_right(starts, at) - 1
            if index >= 0 and spoken[index].start < at < spoken[index].end:
                offset = at - spoken[index].start
                mark = Mark(kind="pause", start=offset, end=offset, value=str(ms))
                making = makings[first + index]
                making["marks"] = tuple(sorted((*making.get("marks", ()), mark), key=_mark_order))
            else:
                if index >= 0 and at <= spoken[index].start:
                    index -= 1
                self._pause(makings[: first + index + 1], ms, entry.line)

    def _pause(self, makings: list[Making], ms: int, line: int) -> None:
        if makings:
            makings[-1]["pause_after_ms"] = makings[-1].get("pause_after_ms", 0) + ms
        else:
            message = "nothing is spoken before this pause in its chapter, so it is left out"
            self._notices.append(Notice(message=message, file=self._page.path, line=line))


class _Voices:
    """Who speaks the quotations of a chapter: asks the attributor once, for all of them."""

    def __init__(
        self, draft: Draft, scene_of: list[int], page: Page, attributor: Attributor, cast: Cast
    ) -> None:
        self._voiced: dict[int, list[tuple[int, int, Style]]] = {}
        self._unsettled: dict[int, list[int]] = {}
        asked: list[tuple[Paragraph, list[tuple[Speech, Quoted]]]] = []
        passages: list[Passage] = []
        for entry, scene in zip(draft.entries, scene_of, strict=True):
            if isinstance(entry, Paragraph) and not entry.heading:
                quoted = [
                    (speech, quote)
                    for speech in entry.speeches
                    for quote in quotations(entry.wording, speech)
                ]
                asked.append((entry, quoted))
                passages.append(_passage(entry, [quote for _, quote in quoted], page.path, scene))
        answers = list(attributor.attribute(passages, cast))
        expected = sum(quote.speaker is None for _, quoted in asked for _, quote in quoted)
        if len(answers) != expected:
            raise ValueError(f"the attributor gave {len(answers)} answers for {expected} quotations")
        waiting = iter(answers)
        for entry, quoted in asked:
            for speech, quote in quoted:
                self._settle(entry, speech, quote, waiting, cast)

    def _settle(
        self, entry: Paragraph, speech: Speech, quote: Quoted, answers: Iterator[Attribution], cast: Cast
    ) -> None:
        voiced = self._voiced.setdefault(id(speech), [])
        if quote.speaker is not None:
            if quote.closed:
                # The marks round a span that settles a quotation belong to the quotation.
                voiced += [
                    (quote.start, quote.start + 1, quote.speaker),
                    (quote.end - 1, quote.end, quote.speaker),
                ]
            return
        role = next(answers).role
        if role is None:
            self._unsettled.setdefault(id(entry), []).append(quote.start)
        else:
            voiced.append((quote.start, quote.end, Style(cast.role(role).name, settled=True)))

    def of(self, speech: Speech) -> list[tuple[int, int, Style]]:
        """The quotations within a speech that go to a speaker."""
        return self._voiced.get(id(speech), [])

    def unsettled(self, entry: Paragraph) -> list[int]:
        """Where the quotations of a paragraph begin that nobody was found for."""
        return self._unsettled.get(id(entry), [])


def _passage(entry: Paragraph, quoted: list[Quoted], file: str, scene: int) -> Passage:
    found = tuple(
        Quotation(quote.start, quote.end, quote.speaker.role if quote.speaker else None, quote.closed)
        for quote in quoted
    )
    spoken = tuple(
        (speech.start, speech.end, speech.style.role) for speech in entry.speeches if speech.style.settled
    )
    return Passage(entry.wording.text, file, entry.line, scene, spoken, found)


def _scenes(draft: Draft) -> tuple[tuple[Scene, ...], list[int]]:
    """The scenes of a chapter, and the scene of each entry.

    A break before the first text of a scene opens no other; the chapter's own title is no such text.
    """
    scenes, scene_of = [Scene()], []
    waiting: Scene | None = None
    fresh = True
    for entry in draft.entries:
        if isinstance(entry, Break):
            if fresh:
                scenes[-1] = Scene(title=entry.title) if entry.title else scenes[-1]
            else:
                waiting = Scene(title=entry.title or (waiting.title if waiting else None))
        elif isinstance(entry, Paragraph) and WORD.search(entry.wording.text):
            if waiting:
                scenes.append(waiting)
                waiting = None
            fresh = fresh and entry.title
        scene_of.append(len(scenes) - 1)
    return tuple(scenes), scene_of


def _trimmed(text: str, stretch: Stretch) -> Stretch:
    start, end = stretch.start, stretch.end
    return stretch._replace(start=start + (text[start] == " "), end=end - (text[end - 1] == " "))


def _mark(
    entry: Paragraph, spoken: list[Stretch], starts: list[int], makings: list[Making], first: int
) -> None:
    """Turn stresses into marks of the utterances they lie in; one that goes over several marks each."""
    marks: dict[int, list[Mark]] = {}
    for stress in entry.wording.stresses:
        index = max(bisect_right(starts, stress.start) - 1, 0)
        while index < len(spoken) and spoken[index].start < stress.end:
            stretch = spoken[index]
            start, end = max(stress.start, stretch.start), min(stress.end, stretch.end)
            words = entry.wording.text[start:end]
            if words.strip():
                start += words.startswith(" ")
                end -= words.endswith(" ")
                offsets = {"start": start - stretch.start, "end": end - stretch.start}
                mark = Mark(kind=stress.kind, value=stress.value, **offsets)
                marks.setdefault(first + index, []).append(mark)
            index += 1
    for index, found in marks.items():
        makings[index]["marks"] = tuple(sorted(found, key=_mark_order))


def _mark_order(mark: Mark) -> tuple[int, int, str]:
    return mark.start, -mark.end, mark.kind


def slug_of(title: str) -> str:
    """A title as a file name; `chapter` where nothing of it is left in ASCII."""
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", title.casefold()).translate(_LATIN))
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    slug = _NOT_SLUG.sub("-", letters).strip("-")
    if len(slug) > SLUG_LIMIT:
        cut = slug.rfind("-", 0, SLUG_LIMIT + 1)
        slug = slug[: cut if cut > 0 else SLUG_LIMIT]
    return slug or "chapter"
