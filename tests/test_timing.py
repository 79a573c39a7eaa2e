"""Takes that came without word times get them once, and are told apart from takes of something else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from narrator.casting import Setting
from narrator.manuscript import Mark
from narrator.providers import Providers
from narrator.providers.espeak import Espeak
from narrator.store import TakeStore
from narrator.takes import Generation, Pcm, PhonemeTime, Request, Spoken, Take, WordTime
from narrator.timing import Timing, plain
from tests.aligning.cutting import LINES, OTHERS, request, say, spoken, without

VOICE = OTHERS[0]


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    with Providers() as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(providers: Providers) -> Espeak:
    found = providers["espeak"]
    assert isinstance(found, Espeak)
    return found


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    return TakeStore(tmp_path / "takes")


@pytest.fixture
def timing(store: TakeStore, providers: Providers) -> Timing:
    return Timing(store, providers, language="en-US")


def put(
    store: TakeStore,
    text: str | Spoken,
    pcm: Pcm,
    *,
    words: tuple[WordTime, ...] = (),
    phonemes: tuple[PhonemeTime, ...] = (),
    settings: tuple[tuple[str, Setting], ...] = (),
) -> Take:
    """A take of a service that tells no word times."""
    asked = Request(
        provider="mute",
        voice="v",
        spoken=spoken(text) if isinstance(text, str) else text,
        settings=settings,
    )
    answer = Generation(
        pcm=pcm,
        rate=22050,
        words=words,
        word_source="service" if words else "estimated",
        phonemes=phonemes,
    )
    return store.put(asked, answer, took_ms=5, recorded_at="2026-11-20T10:00:00Z")


def off_ms(found: Take, true: tuple[WordTime, ...]) -> list[float]:
    return sorted(
        abs(a.start_sample - b.start_sample) / 22.05 for a, b in zip(found.words, true, strict=True)
    )


def test_words_get_their_times(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    """Of another voice, with another accent, at another pace than the one it is compared with."""
    errors: list[float] = []
    for text in LINES[:4]:
        said = say(engine, text, *VOICE)
        found = timing.of(put(store, text, said.pcm))
        assert found.word_source == "aligned"
        assert found.alignment is not None
        assert (found.alignment.by, found.alignment.holds, found.alignment.doubts) == ("rendition", True, ())
        assert len(found.alignment.confidences) == len(found.words)
        errors += off_ms(found, said.words)
    errors.sort()
    assert errors[len(errors) // 2] <= 15
    assert errors[len(errors) * 95 // 100] <= 80


def test_what_was_found_is_kept_and_found_once(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    text = LINES[2]
    take = put(store, text, say(engine, text, *VOICE).pcm)
    found = timing.of(take)
    (kept,) = TakeStore(store.folder).takes(take.key)
    assert kept == found
    written = store.path(take.key, take.id).with_suffix(".json").stat()
    assert timing.of(found) is found
    assert timing.of(take) == found
    assert store.path(take.key, take.id).with_suffix(".json").stat() == written


def test_several_threads_find_the_same(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    takes = [put(store, text, say(engine, text, *VOICE).pcm) for text in LINES[:3]]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(timing.of, takes * 4))
    assert found[:3] * 4 == found
    assert all(take.word_source == "aligned" for take in found)


def test_a_take_with_times_and_one_without_words_are_left_alone(
    store: TakeStore, timing: Timing, engine: Espeak
) -> None:
    said = say(engine, LINES[0], *VOICE)
    timed = put(store, LINES[0], said.pcm, words=said.words)
    assert timing.of(timed) is timed
    wordless = put(store, "* * *", said.pcm)
    assert timing.of(wordless) is wordless


def test_a_take_of_something_else_gets_no_times(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    noise = np.random.default_rng(3).normal(0, 2000, 60_000).astype(np.int16)
    others = (say(engine, LINES[5], *VOICE).pcm, noise, np.zeros(90_000, np.int16), np.zeros(0, np.int16))
    for pcm in others:
        found = timing.of(put(store, LINES[0], pcm))
        assert (found.word_source, found.words) == ("estimated", ())
        assert found.alignment is not None
        assert (found.alignment.holds, found.alignment.confidences) == (False, ())
        assert timing.of(found) is found


@pytest.mark.parametrize("samples", [1, 7, 400, 3000])
def test_a_scrap_of_sound_is_no_error(store: TakeStore, timing: Timing, samples: int) -> None:
    scrap = np.random.default_rng(samples).normal(0, 9000, samples).astype(np.int16)
    found = timing.of(put(store, LINES[0], scrap))
    assert found.word_source == "estimated"


def test_dropped_words_are_told(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    found = timing.of(put(store, LINES[4], without(say(engine, LINES[4], *VOICE), 6, 9)))
    assert found.alignment is not None
    assert found.alignment.holds
    (doubt,) = found.alignment.doubts
    assert (doubt.kind, doubt.first, doubt.last) == ("missing", 6, 9)


def test_the_phonemes_of_a_service_come_first(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    said = engine.generate_in_ipa(request(engine, LINES[3], *VOICE))
    found = timing.of(put(store, LINES[3], said.pcm, phonemes=said.phonemes))
    assert found.alignment is not None
    assert (found.alignment.by, found.alignment.holds, found.alignment.doubts) == ("phonemes", True, ())
    starts = {phoneme.start_sample for phoneme in said.phonemes}
    assert all(word.start_sample in starts for word in found.words)


def test_phonemes_of_something_else_are_passed_over(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    said = say(engine, LINES[3], *VOICE)
    other = engine.generate_in_ipa(request(engine, LINES[1], *VOICE))
    found = timing.of(put(store, LINES[3], said.pcm, phonemes=other.phonemes))
    assert found.alignment is not None
    assert (found.alignment.by, found.alignment.holds) == ("rendition", True)
    assert off_ms(found, said.words)[len(said.words) // 2] <= 15


SPANISH = "El farero subió despacio la escalera, y desde arriba contó las barcas que volvían."


@pytest.mark.parametrize("language", ["es", "es-MX", "Spanish"])
def test_the_language_of_a_request_comes_before_the_book_s(
    store: TakeStore, timing: Timing, engine: Espeak, language: str
) -> None:
    said = say(engine, SPANISH, "roa/es+f2", 150)
    found = timing.of(put(store, SPANISH, said.pcm, settings=(("language", language),)))
    assert found.word_source == "aligned"
    assert off_ms(found, said.words)[len(said.words) // 2] <= 15


def test_a_language_that_nobody_here_speaks_leaves_the_take_alone(
    store: TakeStore, providers: Providers, engine: Espeak
) -> None:
    take = put(store, LINES[0], say(engine, LINES[0], *VOICE).pcm)
    assert Timing(store, providers, language="zzx").of(take) == take


def test_damaged_audio_leaves_the_take_alone(store: TakeStore, timing: Timing, engine: Espeak) -> None:
    take = put(store, LINES[0], say(engine, LINES[0], *VOICE).pcm)
    path = store.path(take.key, take.id)
    path.write_bytes(path.read_bytes()[:-40] + bytes(40))
    assert timing.of(take) == take


def test_numbers_and_abbreviations_get_the_time_of_what_is_said(
    store: TakeStore, timing: Timing, engine: Espeak
) -> None:
    text = "In 1894, Dr. Hale paid $27 for the boat, and St. Mark's gave 3 more."
    said = say(engine, text, *VOICE)
    found = timing.of(put(store, text, said.pcm))
    assert len(found.words) == len(text.split())
    assert off_ms(found, said.words)[-2] <= 120
    year = found.words[1]
    assert year.end_sample - year.start_sample > 22050 // 2


def test_what_a_dictionary_says_is_put_in_its_place() -> None:
    """Words keep their numbers; pauses and emphasis are not for comparison; the engine's phonemes stay."""
    text = "Siobhan met Saoirse by the lough."
    marks = (
        Mark(kind="say", start=0, end=7, value="dictionary:shi vawn"),
        Mark(kind="emphasis", start=8, end=11),
        Mark(kind="say", start=12, end=19, value="dictionary:seer-sha"),
        Mark(kind="pause", start=20, end=20, value="700"),
        Mark(kind="say", start=27, end=32, value="espeak:l'Q#x"),
    )
    made = plain(spoken(text).model_copy(update={"marks": marks}))
    assert made.text == "shi vawn met seer-sha by the lough."
    told = [made.text[word.spoken_start : word.spoken_end] for word in made.words]
    assert told == ["shi vawn", "met", "seer-sha", "by", "the", "lough."]
    (mark,) = made.marks
    assert made.text[mark.start : mark.end] == "lough"


def test_a_take_spoken_with_a_dictionary_holds_its_text(
    store: TakeStore, timing: Timing, engine: Espeak
) -> None:
    text = "Then Siobhan carried the empty basket down to the grey water."
    mark = Mark(kind="say", start=5, end=12, value="dictionary:Shivawn")
    said = say(engine, text.replace("Siobhan", "Shivawn"), *VOICE)
    found = timing.of(put(store, spoken(text).model_copy(update={"marks": (mark,)}), said.pcm))
    assert found.alignment is not None
    assert (found.alignment.holds, found.alignment.doubts) == (True, ())
    assert off_ms(found, said.words)[len(said.words) // 2] <= 15
