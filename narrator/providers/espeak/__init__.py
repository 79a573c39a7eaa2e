"""The embedded voice: espeak-ng from its wheel, in processes of its own. No key, no download, no cost.

The same request gives the same samples, on every run. Voices are named by their files or languages
(`espeak/en-us`, `espeak/gmw/en-US`, with a variant `espeak/es+f3`); a role's settings are `SETTINGS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np

from narrator.casting import Abilities, Choice, Role, ServiceStatus, Setting, Voice
from narrator.errors import ConfigurationError, ProviderError, UnknownKey
from narrator.providers.espeak import ssml
from narrator.providers.espeak.process import Answer, Engines, Order
from narrator.providers.espeak.prosody import Prosody, understand
from narrator.providers.espeak.rehearsal import hand_out
from narrator.providers.espeak.times import Event, Heard, hear_words, is_voiced, phoneme_times
from narrator.providers.espeak.voices import NAME, find_engine, read_catalogue
from narrator.spending import Account, Bill, Outcome
from narrator.takes import Generation, PhonemeTime, Precedent, Request, Spoken, Take, WordTime
from narrator.timeline import samples as to_samples

RENDITION = 1
"""Part of the model's name, and so of every take key. Raise it when directions, marks or defaults come
to sound different."""


class Bounds(NamedTuple):
    """What a setting may be: whole numbers from `low` to `high`."""

    usual: int
    low: int
    high: int


SETTINGS: Mapping[str, Bounds] = {
    "rate": Bounds(160, 80, 450),  # words a minute
    "pitch": Bounds(50, 0, 99),  # 80 to 172 Hz for a man's voice
    "range": Bounds(50, 0, 100),  # how far the melody moves: 0 is a monotone
    "volume": Bounds(50, 5, 100),  # from 60 on some voices overload when they stress a word
    "word_gap": Bounds(0, 0, 50),  # between words, in units of 10 ms
}


_NAMELESS = {"@-": "ə", ";": "ʲ"}
"""Phonemes that the engine has no IPA for."""


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


TEXT_LIMIT = 20_000
MOST_ENGINES = 64


class Espeak:
    """The embedded voice as a provider. Its one setting in book.yaml is `concurrency`."""

    name: ClassVar[str] = NAME
    status: ClassVar[ServiceStatus] = ServiceStatus()
    abilities: ClassVar[Abilities] = Abilities(
        word_times=True,
        phonemes=True,
        directions="prosody",
        marks=frozenset({"emphasis", "strong", "pause"}),
        text_limit=TEXT_LIMIT,
        speed=(0.5, 2.8),
        deterministic=True,
    )
    answers = 1
    requests = 0

    def __init__(self, settings: Mapping[str, Setting] | None = None) -> None:
        """
        Raises:
            ProviderError: the engine is not installed.
            ConfigurationError: a setting that is not one, or out of range.
        """
        self.concurrency = _concurrency(settings or {})
        installed = find_engine()
        self.model: str = f"espeakng-loader {installed.version}/{RENDITION}"
        self.models: Mapping[str, Abilities] = {self.model: self.abilities}
        self._catalogue = read_catalogue(installed.folder / "espeak-ng-data")
        self._engines = Engines(installed.folder, limit=self.concurrency)

    def voices(self) -> tuple[Voice, ...]:
        """Every language's own voice; and, on one of them, each variant."""
        return self._catalogue.voices()

    def choose(self, voice: str | None, settings: Mapping[str, Setting]) -> Choice:
        """Check a voice's name and a role's settings; give the voice's file and every setting."""
        chosen = self._catalogue.find(voice or "")
        for key in settings:
            if key not in SETTINGS:
                raise UnknownKey(key, SETTINGS, file="cast.yaml")
        checked = tuple(
            (key, _checked(key, settings.get(key, bounds.usual), bounds))
            for key, bounds in sorted(SETTINGS.items())
        )
        return Choice(chosen, checked, (self.model,))

    def understood(self, direction: str) -> bool:
        """Whether the direction holds a word of `prosody`."""
        return understand(direction) is not None

    def characters(self, request: Request) -> int:
        """Those that are spoken; they cost nothing."""
        return len(request.spoken.text)

    def rehearse(self, roles: tuple[Role, ...], language: str) -> dict[str, tuple[str, dict[str, Setting]]]:
        """The plain voice of the language for the narrator, variants of it for the others."""
        rehearsed = {}
        for name, part in hand_out(role.name for role in roles).items():
            voice = f"{language}+{part.variant}" if part.variant else language
            choice = self.choose(voice, part.settings)
            rehearsed[name] = (choice.voice, dict(choice.settings))
        return rehearsed

    def generate(
        self,
        request: Request,
        *,
        before: Precedent | None = None,  # noqa: ARG002 - it knows no context
        designed: Take | None = None,  # noqa: ARG002 - and designs no voices
        guide: bytes | None = None,  # noqa: ARG002 - nor does it follow a recording
        account: Account | None = None,
    ) -> tuple[Generation, ...]:
        """Speak one utterance."""
        attempt = None if account is None else account.send(Bill(self.characters(request), 0, "USD"))
        try:
            generation = self._speak(request)
        except BaseException as error:
            if attempt is not None:
                outcome: Outcome = "refused" if isinstance(error, ProviderError) else "broken"
                attempt.ended(outcome, reason=str(error) or type(error).__name__)
            raise
        if attempt is not None:
            attempt.ended("answered")
        return (generation,)

    def generate_in_ipa(self, request: Request) -> Generation:
        """The same, its phonemes in IPA and not in the engine's mnemonics. It speaks twice for that."""
        return self._speak(request, ipa=True)

    def _speak(self, request: Request, *, ipa: bool = False) -> Generation:
        spoken = request.spoken
        if len(spoken.text) > TEXT_LIMIT:
            raise ProviderError(
                f"an utterance of {len(spoken.text)} characters (it begins {spoken.text[:40]!r}) is longer "
                f"than the {TEXT_LIMIT} it takes; divide the sentence",
                provider=NAME,
            )
        order, source = self._order(request)
        answer = self._engines.ask(order)
        generation = _generation(spoken, source, answer)
        if not ipa:
            return generation
        symbols = _in_ipa(answer, self._engines.ask(order._replace(ipa=True)))
        phonemes = zip(generation.phonemes, symbols, strict=True)
        return replace(
            generation, phonemes=tuple(phoneme._replace(symbol=symbol) for phoneme, symbol in phonemes)
        )

    def stop(self) -> None:
        """Nothing to do: an utterance takes some milliseconds."""

    def close(self) -> None:
        """End the engine's processes."""
        self._engines.close()

    def _order(self, request: Request) -> tuple[Order, ssml.Source]:
        asked: dict[str, int] = {key: bounds.usual for key, bounds in SETTINGS.items()}
        asked |= {key: int(value) for key, value in request.settings}
        prosody = (understand(request.direction) if request.direction else None) or Prosody()
        volume = _within("volume", asked["volume"] * prosody.volume)
        source = ssml.write(request.spoken, volume=volume)
        order = Order(
            voice=self._whispering(request.voice).encode() if prosody.whisper else request.voice.encode(),
            rate=_within("rate", asked["rate"] * request.speed * prosody.rate),
            pitch=_within("pitch", asked["pitch"] + prosody.pitch),
            range=_within("range", asked["range"] + prosody.range),
            volume=volume,
            word_gap=asked["word_gap"],
            text=source.text.encode(),
            phonemes_allowed=source.phonemes_allowed,
        )
        return order, source

    def _whispering(self, voice: str) -> str:
        language = voice.partition("+")[0]
        return f"{language}+{'whisperf' if self._catalogue.gender(voice) == 'female' else 'whisper'}"


def _concurrency(settings: Mapping[str, Setting]) -> int:
    for key in settings:
        if key != "concurrency":
            raise UnknownKey(key, ["concurrency"])
    asked = settings.get("concurrency", _cores())
    if isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= MOST_ENGINES:
        raise ConfigurationError(
            f"concurrency: {asked!r} is not a whole number from 1 to {MOST_ENGINES}", key="concurrency"
        )
    return asked


def _checked(key: str, value: Setting, bounds: Bounds) -> int:
    number = not isinstance(value, bool | str) and float(value).is_integer()
    if not number or not bounds.low <= int(value) <= bounds.high:
        raise ConfigurationError(
            f"{key}: {value!r} is not a whole number from {bounds.low} to {bounds.high}", file="cast.yaml"
        )
    return int(value)


def _within(key: str, value: float) -> int:
    bounds = SETTINGS[key]
    return min(max(round(value), bounds.low), bounds.high)


def _generation(spoken: Spoken, source: ssml.Source, answer: Answer) -> Generation:
    pcm = np.frombuffer(answer.pcm, dtype=np.int16)
    last = len(source.offsets) - 1
    events = [
        Event(mnemonic, source.offsets[min(max(position, 0), last)] if source.offsets else 0, sample)
        for mnemonic, position, sample in answer.events
    ]
    stretches = [(word.spoken_start, word.spoken_end) for word in spoken.words]
    heard = hear_words(spoken.text, stretches, events, samples=len(pcm))
    _prove_spoken(spoken, heard, events)
    phonemes = phoneme_times(events, samples=len(pcm))
    lead, tail = to_samples(source.lead_ms, answer.rate), to_samples(source.tail_ms, answer.rate)
    if lead or tail:
        pcm = np.concatenate((np.zeros(lead, np.int16), pcm, np.zeros(tail, np.int16)))
    return Generation(
        pcm=pcm,
        rate=answer.rate,
        words=tuple(WordTime(start + lead, end + lead) for (start, end), _ in heard),
        word_source="engine",
        phonemes=tuple(PhonemeTime(symbol, start + lead, end + lead) for symbol, start, end in phonemes),
        characters=len(spoken.text),
    )


def _in_ipa(answer: Answer, written: Answer) -> Iterator[str]:
    """What each phoneme of an answer is called in another of the same order, where names are in IPA."""
    for (mnemonic, position, sample), (name, _, _) in zip(answer.events, written.events, strict=True):
        if is_voiced(Event(mnemonic, position, sample)):
            # A longer name is cut at 8 bytes; the shortest schwa and a soft sign have none.
            yield name.removesuffix("\N{REPLACEMENT CHARACTER}") or _NAMELESS.get(mnemonic, mnemonic)


def _prove_spoken(spoken: Spoken, heard: Sequence[Heard], events: Sequence[Event]) -> None:
    """What the engine cannot read it leaves out without a word; a book must not lose text that way."""
    for word, (_, sounds) in zip(spoken.words, heard, strict=True):
        around = spoken.text[max(word.spoken_start - 1, 0) : word.spoken_end + 1]
        # Not so a part of a word, where a respelling has fewer words than were written.
        if not sounds and around.strip() == (left_out := spoken.text[word.spoken_start : word.spoken_end]):
            raise ProviderError(
                f"the engine leaves out {left_out!r} in {spoken.text[:60]!r}; "
                "give it a `say`, or divide the sentence",
                provider=NAME,
            )
    begun = [event.offset for event in events if not event.mnemonic]
    for mark in spoken.marks:
        if mark.kind == "say" and not any(mark.start <= offset < mark.end for offset in begun):
            written = spoken.text[mark.start : mark.end]
            raise ProviderError(f"the engine cannot say {mark.value!r} for {written!r}", provider=NAME)
