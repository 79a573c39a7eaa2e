"""Word times for takes that came without them: found once, and kept with the take.

The embedded voice speaks what the take was asked to say, at the take's pace, and the take is held against
that: by the phonemes that its service gave, where it gave any, or else by ear. A take that plainly holds
something else gets no times from it.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from narrator.aligning import VERSION, Rendition, align
from narrator.aligning.doubts import look, sounding_ms
from narrator.aligning.phonemes import place
from narrator.errors import DamagedTake, ProviderError, UnknownVoice
from narrator.lexicon import DICTIONARY, EMBEDDED, PHONEMES
from narrator.providers.base import Provider
from narrator.providers.espeak import SETTINGS, Espeak
from narrator.store import TakeStore
from narrator.takes import LANGUAGE, Alignment, Pcm, Request, Spoken, Take, WordSource, WordTime

_TRUSTED = 0.6
"""Of the phonemes that a service gave, so many must be those of the text, for times to be taken from them."""


class Timing:
    """Finds the word times of takes. Safe to use from several threads."""

    def __init__(self, store: TakeStore, providers: Mapping[str, Provider], *, language: str) -> None:
        """
        Args:
            store: where the takes are, and where what is found is kept.
            providers: the embedded voice is taken from them.
            language: of the book, BCP 47; a request's own setting `language` comes first.
        """
        self._store = store
        self._providers = providers
        self._language = language
        self._lock = threading.Lock()
        self._at_work: dict[tuple[str, str], tuple[threading.Lock, int]] = {}

    def of(self, take: Take) -> Take:
        """
        The take with word times, and with what was found out about its audio; the same take where there is
        nothing to find out: it has times, no words, no audio any more, or a language nobody here speaks.

        Raises:
            OutputError: it cannot be read or written.
        """
        if not _wanting(take):
            return take
        with self._alone(take):
            # Another thread may just have done it.
            kept = next((kept for kept in self._store.takes(take.key) if kept.id == take.id), take)
            return self._timed(take) if _wanting(kept) else kept

    @contextmanager
    def _alone(self, take: Take) -> Iterator[None]:
        """One thread a take; a lock is there for as long as somebody wants it."""
        name = (take.key, take.id)
        with self._lock:
            lock, users = self._at_work.get(name, (threading.Lock(), 0))
            self._at_work[name] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                _, users = self._at_work.pop(name)
                if users > 1:
                    self._at_work[name] = lock, users - 1

    def _timed(self, take: Take) -> Take:
        try:
            pcm = self._store.pcm(take.key, take.id, known=take)
            engine = self._providers[EMBEDDED]
            voice = self._voice(take, engine) if isinstance(engine, Espeak) else None
            if not isinstance(engine, Espeak) or voice is None:
                return take
            rendition = _render(take, pcm, engine, voice)
        except (DamagedTake, ProviderError):
            return take  # whoever needs its audio says so; what the engine cannot say, it cannot find
        return self._held_against(take, pcm, rendition)

    def _voice(self, take: Take, engine: Espeak) -> str | None:
        """The embedded voice for the language that the take is in, if there is one."""
        own = dict(take.request.settings).get(LANGUAGE)
        language = own if isinstance(own, str) and own else self._language
        try:
            return engine.choose(language, {}).voice
        except UnknownVoice:
            # Some services have names for languages ("hindi") and not tags.
            wanted = language.casefold()
            named = (v.name for v in engine.voices() if v.description.partition(" (")[0].casefold() == wanted)
            return next(named, None)

    def _held_against(self, take: Take, pcm: Pcm, rendition: Rendition) -> Take:
        placed = place(take.phonemes, rendition.phonemes, rendition.words) if take.phonemes else None
        by_phonemes = placed is not None and placed.share >= _TRUSTED
        aligned = align(pcm, take.rate, rendition) if len(pcm) else None
        if aligned is None:
            return self._keep(take, Alignment(by="rendition", version=VERSION, holds=False))
        words = placed.words if placed and by_phonemes else aligned.words
        verdict = look(pcm, take.rate, rendition, words)
        alignment = Alignment(
            by="phonemes" if by_phonemes else "rendition",
            version=VERSION,
            holds=verdict.holds,
            confidences=(placed.confidences if placed and by_phonemes else aligned.confidences)
            if verdict.holds
            else (),
            doubts=verdict.doubts,
        )
        return self._keep(take, alignment, words=words if verdict.holds else ())

    def _keep(self, take: Take, alignment: Alignment, *, words: tuple[WordTime, ...] = ()) -> Take:
        source: WordSource = "aligned" if words else "estimated"
        return self._store.amend(take, words=words, word_source=source, alignment=alignment)


def _wanting(take: Take) -> bool:
    """Whether it has words whose times nobody has looked for."""
    return bool(take.request.spoken.words) and not take.words and take.alignment is None


def _render(take: Take, pcm: Pcm, engine: Espeak, voice: str) -> Rendition:
    """What the take was to say, at the pace at which it says something.

    Raises:
        ProviderError: the engine cannot say it.
    """
    spoken = plain(take.request.spoken)

    def asked(rate: int) -> Request:
        settings = engine.choose(voice, {"rate": rate}).settings
        return Request(provider=EMBEDDED, model=engine.model, voice=voice, spoken=spoken, settings=settings)

    usual, low, high = SETTINGS["rate"]
    first = engine.generate(asked(usual))[0]
    pace = sounding_ms(first.pcm, first.rate) / max(sounding_ms(pcm, take.rate), 1)
    request = asked(min(max(round(usual * pace), low), high))
    found = engine.generate_in_ipa(request) if take.phonemes else engine.generate(request)[0]
    return Rendition(found.pcm, found.rate, found.words, found.phonemes)


def plain(spoken: Spoken) -> Spoken:
    """A text as the embedded voice is to say it for comparison: the words alone, as they were to be said.

    What a pronunciation dictionary says is put in their place. Phonemes of the engine's own stay.
    """
    changes = [
        (mark.start, mark.end, " ".join(mark.value.removeprefix(DICTIONARY).split()))
        for mark in spoken.marks
        if mark.kind == "say" and mark.value.startswith(DICTIONARY)
    ]
    parts: list[str] = []
    edges, places = [0], [0]
    for start, end, said in sorted(changes):
        parts += (spoken.text[edges[-1] : start], said)
        places += (places[-1] + start - edges[-1], places[-1] + start - edges[-1] + len(said))
        edges += (start, end)
    parts.append(spoken.text[edges[-1] :])
    words = tuple(
        word._replace(
            spoken_start=_moved(word.spoken_start, edges, places),
            spoken_end=_moved(word.spoken_end, edges, places),
        )
        for word in spoken.words
    )
    kept = tuple(
        mark.model_copy(
            update={"start": _moved(mark.start, edges, places), "end": _moved(mark.end, edges, places)}
        )
        for mark in spoken.marks
        if mark.kind == "say" and mark.value.startswith(PHONEMES)
    )
    return Spoken(text="".join(parts), marks=kept, words=words)


def _moved(offset: int, edges: list[int], places: list[int]) -> int:
    """An offset in the text before its changes, in the text after them; inside a change, in proportion."""
    index = bisect_right(edges, offset) - 1
    if index % 2 == 0:
        return places[index] + offset - edges[index]
    start, end = edges[index : index + 2]
    return places[index] + (offset - start) * (places[index + 1] - places[index]) // max(end - start, 1)
