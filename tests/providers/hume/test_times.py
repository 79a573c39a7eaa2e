"""Times land where they sound, whichever clock the service has; where that cannot be told there are none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.providers.hume.times import Clocks, Placed, Sounding, Timed, Told, place

RATE = 10_000
"""Ten samples a millisecond."""


def words(*spans: tuple[int, int]) -> tuple[Told, ...]:
    return tuple(Told("word", f"w{index}", begin, end) for index, (begin, end) in enumerate(spans))


def timed(length_ms: int | None, *spans: tuple[int, int], utterance: int = 0) -> Timed:
    return Timed(utterance, None if length_ms is None else length_ms * 10, words(*spans))


def placed(snippets: Sequence[Timed], total_ms: int | None = None, clocks: Clocks | None = None) -> Placed:
    length = sum(snippet.samples or 0 for snippet in snippets) if total_ms is None else total_ms * 10
    return place(snippets, samples=length, rate=RATE, clocks=clocks or Clocks())


def spans_ms(found: Placed) -> list[tuple[float, float]]:
    return [(start / 10, end / 10) for _, start, end in found.words]


def test_one_snippet_needs_no_reading() -> None:
    found = placed([timed(None, (60, 120), (150, 400))], 500)

    assert found == Placed((Sounding("w0", 600, 1200), Sounding("w1", 1500, 4000)), clock="")


# Two snippets of an utterance, one of another; words near the ends of each, so that one reading only fits.
LENGTHS = (1000, 800, 900)
SPANS = ((100, 950), (50, 700), (60, 850))
TRUE = [(100.0, 950.0), (1050.0, 1700.0), (1860.0, 2650.0)]
SHIFTS = {"snippet": (0, 0, 0), "utterance": (0, 1000, 0), "generation": (0, 1000, 1800)}


def three(clock: str) -> list[Timed]:
    return [
        timed(length, (begin + shift, end + shift), utterance=utterance)
        for length, (begin, end), shift, utterance in zip(
            LENGTHS, SPANS, SHIFTS[clock], (0, 0, 1), strict=True
        )
    ]


@pytest.mark.parametrize("clock", SHIFTS)
def test_each_clock_is_recognised(clock: str) -> None:
    found = placed(three(clock))

    assert spans_ms(found) == TRUE
    assert found.clock == clock


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(50, 400), min_size=1, max_size=5), min_size=2, max_size=5), st.data())
def test_what_fits_is_true_or_left_open(lengths: list[list[int]], data: st.DataObject) -> None:
    """Words that fill their snippets: the true reading always fits, so no other is taken in its place."""
    clock = data.draw(st.sampled_from(["snippet", "utterance", "generation"]))
    cuts = data.draw(st.lists(st.integers(0, 1), min_size=len(lengths), max_size=len(lengths)))
    snippets: list[Timed] = []
    true: list[tuple[float, float]] = []
    begun = of_utterance = utterance = 0
    for word_lengths, new in zip(lengths, cuts, strict=True):
        if new and snippets:
            utterance, of_utterance = utterance + 1, begun
        at, spans = 0, []
        for length in word_lengths:
            spans.append((at, at + length))
            true.append((float(begun + at), float(begun + at + length)))
            at += length
        shift = {"snippet": 0, "utterance": begun - of_utterance, "generation": begun}[clock]
        spans = [(begin + shift, end + shift) for begin, end in spans]
        snippets.append(timed(at, *spans, utterance=utterance))
        begun += at
    found = placed(snippets)

    assert spans_ms(found) in (true, [])
    if all(sum(each) > 220 for each in lengths):
        assert spans_ms(found) == true


def ambiguous() -> list[Timed]:
    """A snippet of 80 ms, then a word that fits whether it is counted from there or from the start."""
    return [timed(80, (0, 60)), timed(1000, (100, 700))]


def test_what_fits_twice_is_decided_by_what_was_seen_before() -> None:
    clocks = Clocks()
    assert placed(ambiguous(), clocks=clocks) == Placed()
    assert placed(three("snippet"), clocks=clocks).clock == "snippet"

    found = placed(ambiguous(), clocks=clocks)

    assert (spans_ms(found), found.clock) == ([(0, 60), (180, 780)], "snippet")


def test_with_one_utterance_two_readings_are_the_same() -> None:
    """It is then known that it is not the snippet's clock, and that is enough for the next one."""
    clocks = Clocks()
    found = placed([timed(1000, (100, 950)), timed(800, (1050, 1700))], clocks=clocks)
    assert (spans_ms(found), found.clock) == ([(100, 950), (1050, 1700)], "utterance")

    assert spans_ms(placed(ambiguous(), clocks=clocks)) == [(0, 60), (100, 700)]
    # With two utterances, which of the two it is still matters.
    other = [timed(80, (0, 60)), timed(1000, (100, 700), utterance=1)]
    assert placed(other, clocks=clocks) == Placed()


def test_a_service_that_contradicts_itself_is_not_believed_where_it_is_ambiguous() -> None:
    clocks = Clocks()
    placed(three("snippet"), clocks=clocks)
    assert clocks.contradictions == 0
    assert placed(three("generation"), clocks=clocks).clock == "generation"

    assert clocks.contradictions == 1
    assert placed(ambiguous(), clocks=clocks) == Placed()


def test_one_snippet_teaches_nothing() -> None:
    clocks = Clocks()
    placed([timed(None, (60, 120))], 500, clocks)

    assert placed(ambiguous(), clocks=clocks) == Placed()


@pytest.mark.parametrize(
    ("snippets", "total_ms"),
    [
        ([timed(500, (100, 650))], 500),  # a word that ends after the sound
        ([timed(500, (-150, 100))], 500),
        ([timed(500, (100, 200)), timed(500, (5000, 5100))], 1000),
        ([timed(1000, (100, 300), (1090, 1095)), timed(800, (-60, 700))], 1800),  # 150 ms back
        ([timed(1000, (100, 950)), timed(None, (50, 700))], 1800),  # a length that is not known
        ([timed(1000, (100, 950)), timed(800, (50, 700))], 1840),  # lengths that are not those of the parts
        ([timed(1000, (100, 950)), timed(800, (50, 700))], 1760),
        ([], 1000),
    ],
)
def test_times_that_fit_no_reading_are_not_used(snippets: list[Timed], total_ms: int) -> None:
    assert placed(snippets, total_ms) == Placed()


def test_small_differences_are_let_pass() -> None:
    """100 ms outside the snippet, 100 ms back, 30 ms of length."""
    found = placed([timed(1000, (-80, 300), (250, 1090)), timed(800, (950, 1890))], 1825)

    assert found.clock == "utterance"
    assert spans_ms(found) == [(0, 300), (250, 1090), (950, 1825)]


def test_repairs() -> None:
    """In order, inside the audio, none ending before it begins; a word without length lasts to the next."""
    told = (
        Told("word", "second", 100, 100),
        Told("word", "first", -50, 50),
        Told("word", "third", 300, 250),
        Told("word", " ", 310, 320),
        Told("sentence", "else", 0, 400),
        Told("word", "fourth", 900, 1080),
        Told("phoneme", "f", 0, 40),
        Told("word", "fifth", 990, 990),
    )
    found = place([Timed(0, None, told)], samples=10_000, rate=RATE, clocks=Clocks())

    assert found.words == (
        Sounding("first", 0, 500),
        Sounding("second", 1000, 3000),
        Sounding("third", 3000, 6000),
        Sounding("fourth", 9000, 10_000),
        Sounding("fifth", 9900, 10_000),
    )
    assert found.phonemes == (Sounding("f", 0, 400),)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from(["word", "phoneme"]), st.integers(-90, 590), st.integers(-(10**9), 590)),
        max_size=12,
    )
)
def test_whatever_is_told_comes_out_in_order_and_inside(told: list[tuple[str, int, int]]) -> None:
    entries = tuple(Told(kind, "x", begin, end) for kind, begin, end in told)
    found = place([Timed(0, None, entries)], samples=5000, rate=RATE, clocks=Clocks())

    assert len(found.words) + len(found.phonemes) == len(told)
    for kind in (found.words, found.phonemes):
        starts = [start for _, start, _ in kind]
        assert starts == sorted(starts)
        assert all(0 <= start <= end <= 5000 for _, start, end in kind)


def test_nothing_told_is_nothing() -> None:
    assert placed([Timed(0, 100, ()), Timed(0, 100, ())]) == Placed()
