"""Which take serves which line: choices, neighbours, numbers, and what happens when lines move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.choices import ChosenTake
from narrator.choosing import Place, choose, settle
from narrator.takes import Level, Request, Spoken, Take


def request(text: str) -> Request:
    return Request(provider="p", voice="v", spoken=Spoken(text=text))


def key(text: str) -> str:
    return request(text).key


def take(text: str, number: int, *, after: Take | None = None, nth: int = 1, second: int = 0) -> Take:
    """A take of a text; *number* is its id."""
    return Take(
        id=f"{number:016x}",
        key=key(text),
        flac_bytes=1,
        flac_sha256="",
        rate=8000,
        samples=1,
        request=request(text),
        words=(),
        word_source="estimated",
        level=Level(peak=0, energy=0, speech_start_sample=0, speech_end_sample=1),
        after=after.id if after else None,
        nth=nth,
        recorded_at=f"2026-01-01T00:00:{second:02d}Z",
        took_ms=0,
    )


def places(*texts: str, deterministic: bool = False) -> list[Place]:
    """A chapter of one chain."""
    return [
        Place(key(text), deterministic, at - 1 if at else None, key(texts[at - 1]) if at else None)
        for at, text in enumerate(texts)
    ]


def choice(text: str, chosen: Take, *, after: str | None = None, nth: int | None = None) -> ChosenTake:
    return ChosenTake(
        line="c01-u001",
        text=text,
        key=key(text),
        take=chosen.id,
        recorded_as=None if chosen.key == key(text) else chosen.key,
        after=key(after) if after is not None else None,
        nth=nth,
    )


def served(
    wanted: Sequence[Place], stored: Sequence[Take], chosen: Sequence[ChosenTake] = ()
) -> list[str | None]:
    """The id of the take of each place, as a number."""
    by_key: dict[str, tuple[Take, ...]] = {}
    for each in stored:
        by_key[each.key] = (*by_key.get(each.key, ()), each)
    return [
        f"{int(each.take.id, 16)}" if each.take else None
        for each in choose(wanted, chosen, lambda name: by_key.get(name, ()))
    ]


def test_a_line_without_a_choice_has_the_take_recorded_first() -> None:
    assert served(places("a"), [take("a", 1), take("a", 2)]) == ["1"]


def test_a_choice_comes_first() -> None:
    first, second = take("a", 1), take("a", 2)

    assert served(places("a"), [first, second], [choice("a", second)]) == ["2"]


def test_of_two_choices_for_a_line_the_later_counts() -> None:
    first, second = take("a", 1), take("a", 2)

    assert served(places("a"), [first, second], [choice("a", second), choice("a", first)]) == ["1"]


def test_a_choice_of_a_take_that_is_gone_rests() -> None:
    assert served(places("a"), [take("a", 1)], [choice("a", take("a", 2))]) == ["1"]


def test_a_chosen_take_may_lie_under_another_key() -> None:
    whispered = take("a, whispered", 9)

    assert served(places("a"), [take("a", 1), whispered], [choice("a", whispered)]) == ["9"]


def test_a_choice_rests_while_its_line_asks_otherwise() -> None:
    stored = [take("a", 1), take("a", 2), take("b", 3)]
    chosen = [choice("a", stored[1])]

    assert served(places("b"), stored, chosen) == ["3"]
    assert served(places("a"), stored, chosen) == ["2"]


def test_identical_lines_have_a_take_each() -> None:
    stored = [take("a", 1), take("a", 2, nth=2)]

    assert served(places("a", "b", "a"), stored) == ["1", None, "2"]


def test_identical_lines_share_the_take_of_an_engine_that_answers_the_same_each_time() -> None:
    stored = [take("a", 1), take("a", 2)]

    assert served(places("a", "b", "a", deterministic=True), stored) == ["1", None, "1"]


def test_a_choice_for_one_of_identical_lines_on_such_an_engine_is_for_that_one() -> None:
    stored = [take("a", 1), take("a, loud", 2)]
    chosen = [choice("a", stored[1], after="b")]

    assert served(places("a", "b", "a", deterministic=True), stored, chosen) == ["1", None, "2"]


def test_identical_lines_are_told_apart_by_the_line_before() -> None:
    stored = [take("a", 1), take("a", 2), take("a", 3)]

    assert served(places("a", "b", "a"), stored, [choice("a", stored[2], after="b")])[2] == "3"


def test_lines_that_nothing_tells_apart_are_numbered() -> None:
    stored = [take("a", number) for number in (1, 2, 3)]
    chosen = [choice("a", stored[2], after="b", nth=2)]

    assert served(places("b", "a", "b", "a"), stored, chosen) == [None, "1", None, "3"]


def test_a_number_beyond_those_there_are_counts_for_whichever_is_free() -> None:
    stored = [take("a", number) for number in (1, 2)]
    chosen = [choice("a", stored[1], after="b", nth=2)]

    assert served(places("b", "a"), stored, chosen) == [None, "2"]


def test_choices_without_numbers_count_in_order() -> None:
    stored = [take("a", number) for number in (1, 2, 3, 4)]
    chosen = [choice("a", stored[3], after="b"), choice("a", stored[2], after="b")]

    assert served(places("b", "a", "b", "a"), stored, chosen) == [None, "4", None, "3"]


def test_a_choice_follows_its_line_when_the_line_before_is_edited() -> None:
    stored = [take("a", 1), take("a", 2)]

    assert served(places("c", "a"), stored, [choice("a", stored[1], after="b")]) == [None, "2"]


def test_two_scenes_change_places_and_each_line_keeps_its_take() -> None:
    b, c = take("b", 1), take("c", 2)
    stored = [b, c, take("a", 3, after=b), take("a", 4, after=c, nth=2)]

    assert served([*places("b", "a"), *_later(places("c", "a"), 2)], stored) == ["1", "3", "2", "4"]
    assert served([*places("c", "a"), *_later(places("b", "a"), 2)], stored) == ["2", "4", "1", "3"]


def test_a_pickup_of_the_line_before_changes_nothing() -> None:
    """The lines after it were recorded after its former take, which is still a take of that line."""
    b, again = take("b", 1), take("b", 2)
    c = take("c", 5)
    stored = [b, again, c, take("a", 3, after=b), take("a", 4, after=c, nth=2)]
    both = [*places("b", "a"), *_later(places("c", "a"), 2)]

    assert served(both, stored, [choice("b", again)]) == ["2", "3", "5", "4"]


def test_what_was_recorded_after_a_chosen_take_goes_with_it() -> None:
    b, again = take("b", 1), take("b", 2)
    stored = [b, again, take("a", 3, after=b), take("a", 4, after=again)]

    assert served(places("b", "a"), stored) == ["1", "3"]
    assert served(places("b", "a"), stored, [choice("b", again)]) == ["2", "4"]


TEXTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, counts=st.lists(st.integers(0, 4), min_size=3, max_size=3), data=st.data())
def test_no_take_serves_two_lines_and_none_is_left_while_a_line_wants_it(
    texts: list[str], counts: list[int], data: st.DataObject
) -> None:
    wanted = places(*texts)
    stored: list[Take] = []
    for text, count in zip("abc", counts, strict=True):
        for _ in range(count):
            after = data.draw(st.sampled_from([None, *stored])) if stored else None
            nth = data.draw(st.integers(1, 4))
            stored.append(take(text, len(stored) + 1, after=after, nth=nth, second=len(stored)))

    found = served(wanted, stored)

    given_ = [each for each in found if each is not None]
    assert len(given_) == len(set(given_))
    for text, count in zip("abc", counts, strict=True):
        asking = [at for at, each in enumerate(texts) if each == text]
        assert sum(found[at] is not None for at in asking) == min(count, len(asking))


@settings(max_examples=60, deadline=None)
@given(
    texts=TEXTS,
    entries=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["", *"abc"]), st.none() | st.integers(1, 3)),
        max_size=8,
    ),
)
def test_a_choice_counts_for_one_line_at_most_and_only_for_its_own_words(
    texts: list[str], entries: list[tuple[str, str, int | None]]
) -> None:
    wanted = places(*texts)
    chosen = [
        choice(text, take(text, at), after=after or None, nth=nth)
        for at, (text, after, nth) in enumerate(entries)
    ]

    settled: Mapping[int, ChosenTake] = settle(wanted, chosen)

    assert len({id(each) for each in settled.values()}) == len(settled)
    assert all(wanted[index].key == each.key for index, each in settled.items())


def _later(chapter: list[Place], by: int) -> list[Place]:
    return [
        place._replace(before=place.before + by if place.before is not None else None) for place in chapter
    ]
