"""A chapter as one stream: as long as the timeline says, every sound where it says, no clicks of its own."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.audio.blocks import Samples
from narrator.audio.joining import FADE_MS, stream
from narrator.book import Pauses
from narrator.errors import DamagedTake
from narrator.manuscript import Chapter, Scene, Utterance
from narrator.stitching import MARGIN_AFTER_MS, MARGIN_BEFORE_MS, lay_out
from narrator.store import TakeStore
from narrator.takes import Generation, Pcm, Request, Spoken, Take
from narrator.timeline import Placement, Timeline, samples

MASTER = 44100
RATES = [8000, 11025, 16000, 22050, 22051, 24000, 32000, 44100, 48000]
PAUSES = Pauses()

Played = tuple[Timeline, Callable[[str, str], Pcm]]


def placed(
    pcm: Pcm, rate: int, *, at: int = 0, number: int = 1, used: tuple[int, int] | None = None
) -> Placement:
    start, end = used or (0, len(pcm))
    return Placement(
        utterance_id=f"c01-u{number:03d}",
        role="narrator",
        voice="espeak/en",
        text="",
        direction=None,
        scene=0,
        paragraph=0,
        heading=False,
        take_key="ab" * 32,
        take_id=f"{number:016x}",
        take_rate=rate,
        take_start_sample=start,
        take_end_sample=end,
        start_sample=at,
        end_sample=at + (2 * (end - start) * MASTER + rate) // (2 * rate),
        words=(),
        word_source="engine",
    )


def chapter_of(*takes: tuple[Pcm, int], pause: int = 1000, used: tuple[int, int] | None = None) -> Played:
    """The takes one after the other, each with its rate, with *pause* samples before, between and after."""
    placements: list[Placement] = []
    by_id: dict[str, Pcm] = {}
    clock = pause
    for number, (pcm, rate) in enumerate(takes, 1):
        placements.append(placed(pcm, rate, at=clock, number=number, used=used))
        by_id[placements[-1].take_id] = pcm
        clock = placements[-1].end_sample + pause
    timeline = Timeline(
        number=1, title="", rate=MASTER, samples=clock, scenes=(), placements=tuple(placements)
    )
    return timeline, lambda _, take_id: by_id[take_id]


def heard(played: Played) -> Samples:
    blocks = list(stream(*played))
    assert all(block.dtype == np.float32 for block in blocks)
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def sine(rate: int, *, hz: float = 997.0, seconds: float = 1.0, phase: float = 0.0, peak: int = 32767) -> Pcm:
    time = np.arange(int(rate * seconds)) / rate
    wave: Pcm = np.rint(np.sin(2 * np.pi * hz * time + phase) * peak).astype(np.int16)
    return wave


@pytest.mark.parametrize("rate", RATES)
def test_every_click_sounds_where_the_clock_says(rate: int) -> None:
    """A train of clicks, 137 ms apart, found within one sample at the end of a chapter of takes."""
    pcm = np.zeros(2 * rate, np.int16)
    clicks = np.arange(rate // 20, 2 * rate - rate // 20, rate * 137 // 1000)
    pcm[clicks] = 30_000
    played = chapter_of(*[(pcm, rate)] * 3, used=(7, 2 * rate - 5))
    sound = heard(played)
    for placement in played[0].placements:
        for click in clicks:
            expected = placement.start_sample + (click - 7) * MASTER / rate
            nearby = round(expected) - 200
            found = nearby + int(np.argmax(np.abs(sound[nearby : nearby + 400])))
            assert abs(found - expected) <= 1


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_phase_and_level(rate: int) -> None:
    """So the resampler adds no delay, not even a part of a sample."""
    played = chapter_of((sine(rate), rate))
    start = played[0].placements[0].start_sample
    edge = MASTER // 50
    time = np.arange(MASTER) / MASTER
    expected = np.sin(2 * np.pi * 997 * time) * 32767 / 32768
    inside = slice(start + edge, start + MASTER - edge)
    assert np.max(np.abs(heard(played)[inside] - expected[edge:-edge])) < 1e-3


def test_at_the_masters_own_rate_samples_are_untouched() -> None:
    """Bit for bit, but for the fades."""
    pcm = np.random.default_rng(1).integers(-32768, 32767, 50_000, np.int16)
    played = chapter_of((pcm, MASTER))
    start, fade = played[0].placements[0].start_sample, samples(FADE_MS, MASTER)
    sound = heard(played)[start : start + 50_000]
    assert np.array_equal(sound[fade:-fade] * 32768, pcm[fade:-fade])
    assert sound[0] == 0
    assert np.all(np.abs(sound[:fade] * 32768) <= np.abs(pcm[:fade].astype(np.int32)))


@pytest.mark.parametrize("rate", RATES)
def test_pauses_are_digital_silence(rate: int) -> None:
    played = chapter_of((sine(rate), rate), (sine(rate), rate))
    sound = heard(played)
    first, second = played[0].placements
    for pause in (sound[: first.start_sample], sound[first.end_sample : second.start_sample], sound[-1000:]):
        assert len(pause) == 1000
        assert not pause.any()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("phase", [0.0, np.pi / 2])
def test_a_take_cut_at_full_level_makes_no_click(rate: int, phase: float) -> None:
    """No step is larger than those of the tone itself."""
    played = chapter_of((sine(rate, phase=phase, seconds=0.3), rate))
    own_steps = 2 * np.pi * 997 / MASTER
    assert np.max(np.abs(np.diff(heard(played)))) < own_steps * 1.01


@pytest.mark.parametrize("rate", RATES)
def test_a_constant_level_fades(rate: int) -> None:
    """The worst case: an offset the take carries from its first sample to its last."""
    played = chapter_of((np.full(rate // 2, 32767, np.int16), rate))
    fade = FADE_MS * MASTER / 1000
    assert np.max(np.abs(np.diff(heard(played)))) < 1.1 * np.pi / 2 / fade


def test_fades_stay_in_the_margins() -> None:
    """What stitching keeps around speech is longer than a fade, so speech is never faded."""
    assert min(MARGIN_BEFORE_MS, MARGIN_AFTER_MS) > FADE_MS


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from([*RATES, 1, 47_999])), max_size=6),
    st.sampled_from([0, 1, 999, 1 << 14, 1 << 15, 100_001]),
)
def test_the_stream_is_exactly_as_long_as_the_timeline(lengths: list[tuple[int, int]], pause: int) -> None:
    played = chapter_of(
        *[(np.full(length if rate > 1 else length % 4, 9000, np.int16), rate) for length, rate in lengths],
        pause=pause,
    )
    assert len(heard(played)) == played[0].samples


@pytest.mark.parametrize(("rate", "length"), [(12000, 60), (24000, 120), (24000, 1000), (48000, 240)])
def test_a_resampler_that_gives_one_sample_too_few_shifts_nothing(rate: int, length: int) -> None:
    """soxr rounds its own way; the next take starts where it should all the same."""
    click = np.zeros(1000, np.int16)
    click[500] = 32767
    played = chapter_of((np.full(length, 100, np.int16), rate), (click, MASTER))
    sound = heard(played)
    assert len(sound) == played[0].samples
    assert np.argmax(sound) == played[0].placements[1].start_sample + 500


@pytest.mark.parametrize("by", [-3, -1, 1, 3])
def test_the_timeline_decides_how_long_a_take_is(by: int) -> None:
    timeline, pcm = chapter_of((sine(22050), 22050))
    (one,) = timeline.placements
    longer = one.model_copy(update={"end_sample": one.end_sample + by})
    assert len(heard((timeline.model_copy(update={"placements": (longer,)}), pcm))) == timeline.samples


def test_the_same_takes_give_the_same_samples() -> None:
    played = chapter_of((sine(22050), 22050), (sine(24000), 24000), (sine(22050), 22050))
    assert heard(played).tobytes() == heard(played).tobytes()


def test_a_take_sounds_the_same_whatever_came_before() -> None:
    """Nothing of one take rings on in the next."""
    alone = chapter_of((sine(22050), 22050))
    after = chapter_of((sine(22050, hz=5000), 22050), (sine(22050), 22050))
    assert np.array_equal(heard(alone)[1000:-1000], heard(after)[-1000 - MASTER : -1000])


def test_chapters_stream_beside_each_other() -> None:
    plays = [chapter_of(*[(sine(rate, hz=hz), rate)] * 4) for rate, hz in [(22050, 400.0), (24000, 700.0)]]
    expected = [heard(played) for played in plays]
    found: dict[int, Samples] = {}
    gate = threading.Barrier(2)

    def work(number: int) -> None:
        gate.wait()
        found[number] = heard(plays[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(2):
        assert np.array_equal(found[number], expected[number])


def peak_memory(played: Played) -> int:
    tracemalloc.start()
    try:
        for _ in stream(*played):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_a_take() -> None:
    """Ten minutes at once need no more than ten seconds, beside the take itself."""
    assert peak_memory(chapter_of((np.zeros(600 * 24000, np.int16), 24000))) < 3 << 20


def test_memory_does_not_grow_with_the_chapter() -> None:
    """One take of 4 MB at a time is held, never two."""
    long = 2 << 20
    timeline, _ = chapter_of(*[(np.zeros(long, np.int16), 44100)] * 4)
    assert peak_memory((timeline, lambda *_: np.zeros(long, np.int16))) < (4 + 3) << 20


def test_a_take_that_is_too_short_is_refused() -> None:
    timeline, _ = chapter_of((sine(22050), 22050))
    with pytest.raises(
        DamagedTake, match=r"take 0000000000000001 .*it has 22049 samples where 22050 are used"
    ):
        list(stream(timeline, lambda *_: sine(22050)[:-1]))


def test_a_chapter_without_takes_is_silence() -> None:
    sound = heard(chapter_of(pause=100_000))
    assert len(sound) == 100_000
    assert not sound.any()


def test_clicks_through_store_layout_and_stream(tmp_path: Path) -> None:
    """The whole way: put, found again, trimmed, joined; each click where the timeline's words say."""
    store = TakeStore(tmp_path / "takes")
    takes: dict[str, Take] = {}
    lines: list[Utterance] = []
    clicks: Mapping[str, int] = {"c01-u001": 3000, "c01-u002": 9000, "c01-u003": 15_000}
    for number, (line_id, click) in enumerate(clicks.items()):
        pcm = np.zeros(20_000 + 777 * number, np.int16)
        pcm[click : click + 3000] = sine(22050, hz=300, peak=9000)[:3000]
        pcm[click] = 32767
        request = Request(provider="tones", voice="low", spoken=Spoken(text=line_id))
        answer = Generation(pcm=pcm, rate=22050, words=(), word_source="service")
        takes[line_id] = store.put(
            request, answer, took_ms=1, recorded_at="2026-11-20T10:00:00Z", durable=False
        )
        lines.append(
            Utterance(
                id=line_id,
                role="narrator",
                text="Click.",
                file="a.md",
                line=1,
                start=0,
                end=6,
                scene=0,
                paragraph=number,
            )
        )
    chapter = Chapter(
        number=1, title="A", slug="a", file="a.md", line=1, scenes=(Scene(),), utterances=tuple(lines)
    )
    timeline = lay_out(chapter, takes, pauses=PAUSES)
    sound = heard((timeline, store.pcm))
    assert len(sound) == timeline.samples
    margin = samples(MARGIN_BEFORE_MS, 22050)
    for placement in timeline.placements:
        assert placement.take_start_sample == clicks[placement.utterance_id] - margin
        found = placement.start_sample + int(np.argmax(sound[placement.start_sample : placement.end_sample]))
        assert abs(found - (placement.start_sample + 2 * margin)) <= 1
