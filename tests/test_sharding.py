"""Shares of a book: every line in one of them, chains whole, about the same size."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.casting import Abilities
from narrator.errors import UsageError
from narrator.planning import chains
from narrator.sharding import Shard, parse_shard, share
from tests.test_planning import plan
from tests.tones import Tones

LINES = ["No.", "Yes it is.", "A long line it was."]


class Same(Tones):
    """Answers the same each time."""

    models: Mapping[str, Abilities] = {"1": Abilities(word_times=True, directions="text", deterministic=True)}


@pytest.mark.parametrize("written", ["", "2", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4/2", "1.5/4"])
def test_what_is_no_shard_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(UsageError, match="2/4"):
        parse_shard(written)


def test_a_shard_is_which_of_how_many() -> None:
    assert parse_shard("2/4") == Shard(2, 4)


@settings(max_examples=60, deadline=None)
@given(
    scenes=st.lists(
        st.lists(st.sampled_from(["No.", "Yes it is.", "A long line it was."]), min_size=1, max_size=5),
        max_size=9,
    ),
    of=st.integers(1, 6),
    same=st.booleans(),
)
def test_shares_make_up_the_book(scenes: list[list[str]], of: int, same: bool) -> None:
    provider = Same() if same else Tones()
    planned = plan("# One\n\n" + "\n\n***\n\n".join(" ".join(scene) for scene in scenes) + "\n", provider)
    lines = list(planned.lines)

    shares = [share(lines, Shard(number, of), {"tones": provider}) for number in range(1, of + 1)]

    where = {utterance_id: number for number, part in enumerate(shares) for utterance_id in part}
    assert sum(map(len, shares)) == len(where) == len(lines)
    for chain in chains(lines):
        assert len({where[line.utterance.id] for line in chain}) == 1
    if same:
        assert len({(line.request.key, where[line.utterance.id]) for line in lines}) == len(
            {line.request.key for line in lines}
        )
    else:
        numbers = [where[line.utterance.id] for line in lines]
        assert all(first <= second for first, second in pairwise(numbers)), "in reading order"


def test_shares_are_about_the_same_size() -> None:
    text = "# One\n\n" + "\n\n***\n\n".join(f"This is scene {number:03d}." for number in range(100)) + "\n"
    provider = Tones()
    lines = list(plan(text, provider).lines)

    sizes = [len(share(lines, Shard(number, 4), {"tones": provider})) for number in range(1, 5)]

    assert max(sizes) - min(sizes) <= 2
