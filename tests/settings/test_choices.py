"""choices.yaml: what it may say, and that what is written is read back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.choices import Choices, ChosenTake
from narrator.errors import ProjectError
from narrator.settings import Settings, parse, read_choices, write_choices
from tests.settings.reading import said

KEY, OTHER = "1f" * 32, "2e" * 32
TAKE = "0123456789abcdef"


def read(text: str) -> tuple[Choices, list[str]]:
    problems: list[ProjectError] = []
    table = parse(text.encode(), file="choices.yaml", problems=problems)
    assert table is not None, problems
    choices = read_choices(Settings(table, file="choices.yaml", problems=problems))
    return choices, said(problems)


def test_no_choices() -> None:
    assert read("") == (Choices(), [])
    assert read(write_choices(Choices())) == (Choices(), [])


def test_a_choice_and_all_that_it_may_say() -> None:
    text = (
        f"choices:\n- {{line: c03-u014, text: 1984, key: {KEY}, take: {TAKE}}}\n"
        f"- line: c03-u020\n  text: Yes.\n  key: {KEY}\n  take: {TAKE}\n"
        f"  recorded_as: {OTHER}\n  after: {OTHER}\n  nth: 2\n"
    )

    first, second = read(text)[0].chosen

    assert (first.line, first.text, first.key, first.take) == ("c03-u014", "1984", KEY, TAKE)
    assert first.lies_under == KEY
    assert (second.lies_under, second.after, second.nth) == (OTHER, OTHER, 2)


def test_labels_are_for_people_and_may_be_missing() -> None:
    choices, problems = read(f"choices:\n- {{key: {KEY}, take: {TAKE}}}\n")

    assert choices.chosen == (ChosenTake(line="", text="", key=KEY, take=TAKE),)
    assert problems == []


def test_everything_that_is_wrong_is_told_with_its_line() -> None:
    text = (
        f"choices:\n- line: a\n  key: {KEY}\n- just text\n- {{key: {KEY[1:]}, take: {TAKE}}}\n"
        f"- {{key: {KEY}, take: {TAKE.upper()}}}\n- {{key: {KEY}, take: {TAKE}, nth: 0}}\n"
        f"- {{key: {KEY}, take: {TAKE}, tkae: x}}\nother: 1\n"
    )

    problems = sorted(read(text)[1])

    assert [problem.split(" ")[0] for problem in problems] == [
        f"choices.yaml:{line}:" for line in (2, 4, 5, 6, 7, 8, 9)
    ]
    assert "a choice needs `key` and `take`" in problems[0]
    assert "`narrator takes`" in problems[2]
    assert "did you mean 'take'" in problems[5]


def test_what_is_no_list_is_told() -> None:
    assert read("choices: {a: b}\n")[1] == ["choices.yaml:1: `choices` must be a list, not a mapping"]


HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
CHOSEN = st.builds(
    ChosenTake,
    # What a label may hold is said by `pinning`, which writes them.
    line=st.text("c0123456789-u", max_size=12),
    text=st.text(
        st.characters(
            min_codepoint=32,
            exclude_categories=["Cc", "Cs", "Zl", "Zp"],
            exclude_characters="\ufeff\ufffe\uffff",
        ),
        max_size=40,
    ).map(lambda text: " ".join(text.split())),
    key=HEX,
    take=st.text("0123456789abcdef", min_size=16, max_size=16),
    recorded_as=st.none() | HEX,
    after=st.none() | HEX,
    nth=st.none() | st.integers(1, 1000),
)


ONE_A_PLACE = st.lists(CHOSEN, max_size=5, unique_by=lambda each: (each.key, each.after, each.nth)).map(tuple)


@settings(max_examples=80, deadline=None)
@given(choices=st.builds(Choices, chosen=ONE_A_PLACE))
def test_what_is_written_is_read_back(choices: Choices) -> None:
    assert read(write_choices(choices)) == (choices, [])


def test_two_entries_for_one_line_are_an_error_with_both_lines() -> None:
    """As a merge of two people's choices leaves them; the same said twice is no harm."""
    entry = f"- {{line: c03-u014, text: Yes., key: {KEY}, take: {TAKE}}}\n"
    other = entry.replace(TAKE, TAKE[::-1])

    twice, none = read(f"choices:\n{entry}{entry}")
    _, problems = read(f"choices:\n{entry}{other}")

    assert (len(twice.chosen), none) == (1, [])
    assert problems == [
        "choices.yaml:3: this chooses another take for the line that the entry on line 2 is for;"
        " take one of the two out"
    ]
