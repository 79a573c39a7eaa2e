"""How near to the truth are the word times of a take that came without any, and what do they cost?

Takes whose word times are known, by engines other than the one they are held against: festival's voices
where they are installed, and other voices of the embedded engine, in eight languages. Beside each, what two
simpler ways make of the same takes: the sound shared out by characters (`pacing`), and the rendition's own
times scaled to the take. Then sentences that the aligner was not tuned on, voices under worse conditions,
and speed and memory on a long take.

An error is the distance of a word's start from where its engine put it.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from benchmarks import festival
from benchmarks.aligning_lines import KEPT
from benchmarks.festival import Festival, Reading
from benchmarks.measuring import apart, figure, machine, peak_mib, verdict
from benchmarks.options import parser
from benchmarks.sentences import SENTENCES
from benchmarks.writing import Author
from narrator.aligning import Rendition, align
from narrator.audio.measuring import measure
from narrator.pacing import share_out
from narrator.providers.espeak import SETTINGS, Espeak
from narrator.takes import Generation, Pcm, Request, Spoken, Word, WordTime

FULL = 60
MEDIAN_MS, WORST_MS, FAR_SHARE, NOISY_MS = 12, 45, 0.8, 90
"""Goals: the median, the 95th percentile, words beyond 100 ms in percent; the percentile in noise."""
SPEED = 150
MEMORY_MIB = 300e6 / 2**20
LONG_MINUTES = 20
OTHERS = (("+f3", {"rate": 140, "pitch": 65}), ("+m3", {"rate": 190, "pitch": 35}))
"""Variants of the embedded engine's voices that speak."""

Errors = npt.NDArray[np.float64]
"""Milliseconds, of each word."""


class Method(NamedTuple):
    """A way to find word times."""

    name: str
    find: Callable[[Reading, Rendition], Sequence[WordTime]]


def by_alignment(reading: Reading, rendition: Rendition) -> Sequence[WordTime]:
    """What is measured here."""
    return align(reading.pcm, reading.rate, rendition).words


def by_characters(reading: Reading, _: Rendition) -> Sequence[WordTime]:
    """The take's sound shared out among its words."""
    spoken, level = _spoken(reading.text), measure(reading.pcm, reading.rate)
    return share_out(
        spoken, spoken.words, start=level.speech_start_sample, end=level.speech_end_sample, rate=reading.rate
    )


def by_scaling(reading: Reading, rendition: Rendition) -> Sequence[WordTime]:
    """The rendition's own times, stretched to the take's length."""
    here, there = measure(reading.pcm, reading.rate), measure(rendition.pcm, rendition.rate)
    edges = (here.speech_start_sample, here.speech_end_sample)
    told = (there.speech_start_sample, there.speech_end_sample)
    return [WordTime(*(round(float(np.interp(at, told, edges))) for at in word)) for word in rendition.words]


METHODS = (
    Method("aligned", by_alignment),
    Method("by characters", by_characters),
    Method("durations scaled", by_scaling),
)


class Engine:
    """The embedded engine as reader and as what takes are held against."""

    def __init__(self) -> None:
        self._espeak = Espeak({"concurrency": 1})

    def close(self) -> None:
        """End its process."""
        self._espeak.close()

    def say(self, text: str, voice: str, settings: dict[str, int]) -> Generation:
        """One sentence."""
        chosen = self._espeak.choose(voice, dict(settings))
        request = Request(
            provider="espeak",
            model=self._espeak.model,
            voice=chosen.voice,
            settings=chosen.settings,
            spoken=_spoken(text),
        )
        return self._espeak.generate(request)[0]

    def read(self, text: str, voice: str, settings: dict[str, int]) -> Reading:
        """A take whose times are known."""
        said = self.say(text, voice, settings)
        return Reading(text, said.pcm, said.rate, tuple(word.start_sample / said.rate for word in said.words))

    def render(self, reading: Reading, language: str) -> Rendition:
        """The language's own voice, about as fast as the take."""
        voice, bounds = "en-us" if language == "en" else language, SETTINGS["rate"]
        level = measure(reading.pcm, reading.rate)
        wanted_s = (level.speech_end_sample - level.speech_start_sample) / reading.rate
        plain = self.say(reading.text, voice, {})
        pace = bounds.usual * len(plain.pcm) / plain.rate / max(wanted_s, 0.1)
        said = self.say(reading.text, voice, {"rate": round(min(max(pace, bounds.low), bounds.high))})
        return Rendition(said.pcm, said.rate, said.words, said.phonemes)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(words)
    print(machine("numpy"))
    engine = Engine()
    try:
        for language in SENTENCES:
            for voice, readings in _voices(engine, language, options.size):
                _print(language, voice, [(reading, engine.render(reading, language)) for reading in readings])
        kept = KEPT if options.size >= FULL else KEPT[: options.size]
        for festive in (voice for voice in festival.VOICES if voice.language == "en"):
            if readings := festival.read(festive, kept):
                pairs = [(reading, engine.render(reading, "en")) for reading in readings]
                _print("en", f"{festive.name}, sentences that nothing was tried on", pairs)
        for condition, language, readings in _conditions(engine, options.size):
            goal = NOISY_MS if condition.startswith("white noise at 20") else None
            pairs = [(reading, engine.render(reading, language)) for reading in readings]
            _print_method(f"{condition:<44}", _errors(METHODS[0], pairs), goal=goal)
    finally:
        engine.close()
    for minutes in (LONG_MINUTES / 4, LONG_MINUTES) if options.size >= FULL else (1.0, 4.0):
        _print_long(minutes, *apart(long_take, minutes))


def _voices(engine: Engine, language: str, size: int) -> Iterator[tuple[str, list[Reading]]]:
    sentences = _sentences(language, size)
    for voice in festival.VOICES:
        if voice.language == language:
            readings = festival.read(voice, sentences)
            if readings:
                yield voice.name, readings
            else:
                print(f"{language}  {voice.name}: left out, it is not installed")
    for variant, settings in OTHERS:
        name = ("en-gb" if language == "en" else language) + variant
        yield f"espeak {name}", [engine.read(text, name, dict(settings)) for text in sentences]


def _conditions(engine: Engine, size: int) -> Iterator[tuple[str, str, list[Reading]]]:
    sentences = _sentences("en", size)
    voices = {
        voice.name: festival.read(voice, sentences) for voice in festival.VOICES if voice.language == "en"
    }
    voices["espeak en-gb+f3"] = [engine.read(text, "en-gb+f3", {"pitch": 65}) for text in sentences]
    print("\nconditions, English")
    for name, readings in voices.items():
        for condition, change in CHANGES.items():
            if readings:
                yield f"{condition}, {name}", "en", [change(reading) for reading in readings]
    for pace in (0.6, 0.8, 1.25, 1.6):
        rate = round(SETTINGS["rate"].usual * pace)
        yield (
            f"at {pace} x, espeak en-gb+f3",
            "en",
            [engine.read(text, "en-gb+f3", {"rate": rate}) for text in sentences],
        )
        if kal := festival.read(_KAL, sentences, pace=pace):
            yield f"at {pace} x, {_KAL.name}", "en", kal


_KAL: Festival = festival.VOICES[0]


def noisy(reading: Reading, snr_db: float) -> Reading:
    """With white noise."""
    random = np.random.default_rng(len(reading.pcm))
    power = np.mean(np.square(reading.pcm, dtype=np.float64))
    noise = random.standard_normal(len(reading.pcm)) * np.sqrt(power * 10 ** (-snr_db / 10))
    return reading._replace(pcm=_rounded(reading.pcm + noise))


def echoing(reading: Reading) -> Reading:
    """In a bare room: two reflections, and a tail of half a second."""
    random = np.random.default_rng(1)
    tail = random.standard_normal(reading.rate // 2) * np.exp(
        -np.arange(reading.rate // 2) / (reading.rate / 14)
    )
    room = 0.03 * tail
    room[0] = 1.0
    room[reading.rate * 40 // 1000] += 0.3
    room[reading.rate * 67 // 1000] += 0.2
    size = len(reading.pcm) + len(room)
    heard = np.fft.irfft(np.fft.rfft(reading.pcm, size) * np.fft.rfft(room, size), size)
    return reading._replace(pcm=_rounded(heard[: len(reading.pcm)]))


def moved(reading: Reading, factor: float) -> Reading:
    """Played faster or slower: pitch and resonances with it."""
    pcm = soxr.resample(reading.pcm, reading.rate * factor, reading.rate)
    return reading._replace(pcm=pcm, starts_s=tuple(start / factor for start in reading.starts_s))


def paused(reading: Reading) -> Reading:
    """With a pause of 0.6 s before every fifth word."""
    parts, starts, last = [], list(reading.starts_s), 0
    for word in range(5, len(starts), 5):
        at = round(reading.starts_s[word] * reading.rate)
        parts += [reading.pcm[last:at], np.zeros(reading.rate * 6 // 10, np.int16)]
        starts[word:] = [start + 0.6 for start in starts[word:]]
        last = at
    return reading._replace(pcm=np.concatenate([*parts, reading.pcm[last:]]), starts_s=tuple(starts))


def late(reading: Reading) -> Reading:
    """After two seconds of silence."""
    silence = np.zeros(2 * reading.rate, np.int16)
    starts = tuple(start + 2 for start in reading.starts_s)
    return reading._replace(pcm=np.concatenate((silence, reading.pcm)), starts_s=starts)


def clipped(reading: Reading) -> Reading:
    """Far too loud."""
    loud = np.percentile(np.abs(reading.pcm.astype(np.int32)), 95)
    return reading._replace(pcm=_rounded(reading.pcm * (32768 / loud)))


CHANGES: dict[str, Callable[[Reading], Reading]] = {
    "white noise at 20 dB": lambda reading: noisy(reading, 20),
    "white noise at 10 dB": lambda reading: noisy(reading, 10),
    "echo": echoing,
    "played 1.15 x": lambda reading: moved(reading, 1.15),
    "played 0.87 x": lambda reading: moved(reading, 0.87),
    "added pauses": paused,
    "after silence": late,
    "clipped": clipped,
}


def long_take(minutes: float) -> tuple[float, float, float, Errors]:
    """Seconds of sound, of CPU, MiB that aligning added, errors: a take far longer than any utterance."""
    engine, author = Engine(), Author(5)
    takes: list[Generation] = []
    told: list[Generation] = []
    while sum(len(take.pcm) / take.rate for take in takes) < minutes * 60:
        text = re.sub(r"[*\[\]]|\{[^}]*\}", "", author.sentence("narrator"))
        takes.append(engine.say(text, "en-gb+f3", {"rate": 150, "pitch": 65}))
        told.append(engine.say(text, "en-us", {}))
    engine.close()
    pcm, words = _joined(takes)
    rendered, known = _joined(told)
    rate = takes[0].rate
    align(pcm[:rate], rate, Rendition(rendered[:rate], rate, known[:3]))
    before, began = peak_mib(), time.process_time()
    found = align(pcm, rate, Rendition(rendered, rate, known))
    cpu_s = time.process_time() - began
    errors = np.array([a.start_sample - b.start_sample for a, b in zip(found.words, words, strict=True)])
    return len(pcm) / rate, cpu_s, peak_mib() - before, errors * 1000 / rate


def _joined(takes: Sequence[Generation]) -> tuple[Pcm, tuple[WordTime, ...]]:
    words: list[WordTime] = []
    at = 0
    for take in takes:
        words += [WordTime(start + at, end + at) for start, end in take.words]
        at += len(take.pcm)
    return np.concatenate([take.pcm for take in takes]), tuple(words)


def _errors(method: Method, pairs: Sequence[tuple[Reading, Rendition]]) -> Errors:
    found = []
    for reading, rendition in pairs:
        times = method.find(reading, rendition)
        found += [
            word.start_sample * 1000 / reading.rate - start * 1000
            for word, start in zip(times, reading.starts_s, strict=True)
        ]
    return np.array(found)


def _print(language: str, voice: str, pairs: Sequence[tuple[Reading, Rendition]]) -> None:
    words = sum(len(reading.starts_s) for reading, _ in pairs)
    print(f"\n{language}  {voice}, {words} words")
    for method in METHODS:
        began = time.process_time()
        errors = _errors(method, pairs)
        pace = sum(len(r.pcm) / r.rate for r, _ in pairs) / max(time.process_time() - began, 1e-6)
        _print_method(f"  {method.name:<18}{figure(pace):>8} x real time", errors, goal=None)
        if method.find is by_alignment:
            off = np.abs(errors)
            held = (np.median(off), MEDIAN_MS), (np.percentile(off, 95), WORST_MS)
            verdicts = [verdict(float(value), goal) for value, goal in held]
            far = verdict(100 * float(np.mean(off > 100)), FAR_SHARE)
            print(f"    median: {verdicts[0]}; p95: {verdicts[1]}; beyond 100 ms: {far}")


def _print_method(label: str, errors: Errors, *, goal: float | None) -> None:
    off = np.abs(errors)
    worst = float(np.percentile(off, 95))
    told = f"; {verdict(worst, goal)}" if goal else ""
    print(
        f"{label}  median {np.median(off):6.1f} ms  p95 {worst:6.1f} ms"
        f"  beyond 100 ms {100 * np.mean(off > 100):5.2f} %{told}"
    )


def _print_long(minutes: float, sound_s: float, cpu_s: float, added_mib: float, errors: Errors) -> None:
    print(f"\none take of {minutes:g} minutes")
    _print_method(f"  {sound_s / cpu_s:.0f} x real time (CPU)", errors, goal=None)
    met = "met" if sound_s / cpu_s >= SPEED else "MISSED"
    print(f"  goal >= {SPEED} x: {met}; memory added {added_mib:.0f} MiB, {verdict(added_mib, MEMORY_MIB)}")


def _sentences(language: str, size: int) -> list[str]:
    """As many as are asked for, as far as there are any; English has no end."""
    known = list(SENTENCES[language])
    author = Author(11)
    while language == "en" and len(known) < size:
        text = author.sentence("narrator")
        if re.fullmatch(r"[A-Za-z ,;.?!]+", text):
            known.append(text)
    return known[:size]


def _spoken(text: str) -> Spoken:
    words = tuple(Word(*found.span(), *found.span()) for found in re.finditer(r"\S+", text))
    return Spoken(text=text, words=words)


def _rounded(sound: npt.NDArray[np.float64]) -> Pcm:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    return parser(
        __doc__, name="aligning", size=12, full=FULL, unit="sentences for each voice", rounds=1
    ).parse_args(words)


if __name__ == "__main__":
    main()
