from __future__ import annotations

import pytest

from narrator.parsing.quotations import find_quotations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Stop,” she said. “Now.”", ["“Stop,”", "“Now.”"]),
        ('"Stop," she said. "Now."', ['"Stop,"', '"Now."']),
        ("„Halt“, rief sie. „Jetzt!“", ["„Halt“", "„Jetzt!“"]),
        ("„Stój”, zawołała.", ["„Stój”"]),
        ("»Halt«, rief sie.", ["»Halt«"]),
        ("« Halte ! » cria-t-elle.", ["« Halte ! »"]),
        ("«Alto», gritó. «Ya».", ["«Alto»", "«Ya»"]),
        ("”Stanna”, ropade hon.", ["”Stanna”"]),
        ("»Seis», hän huusi.", ["»Seis»"]),
        ("「止まれ」と言った。『今』", ["「止まれ」", "『今』"]),
        ("‘Stop,’ she said. ‘Don’t move.’", ["‘Stop,’", "‘Don’t move.’"]),
        ("'Stop,' she said. 'Don't move.'", ["'Stop,'", "'Don't move.'"]),
        ("“He said ‘no’ to me,” she said.", ["“He said ‘no’ to me,”"]),
        ("‘He said “no” to me,’ she said.", ["‘He said “no” to me,’"]),
        ("“It goes on", ["“It goes on"]),
        ("(“Stop!”)", ["“Stop!”"]),
        ("—“Stop!”", ["“Stop!”"]),
    ],
)
def test_marks(text: str, expected: list[str]) -> None:
    found = [text[quote.start : quote.end] for quote in find_quotations(text, 0, len(text))]

    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "Don't. It's the boys' dog, isn't it?",
        "the boys’ hats and the girls’ coats",
        "’Tis late, and ’twas dark.",
        "'Tis late, said the others.",
        "Rock 'n' roll, in the '90s.",
        "He was 6' 2\" tall.",
        "'s Avonds ging hij naar huis.",
        "no marks at all",
        'the word"in the middle',
    ],
)
def test_apostrophes_and_inches(text: str) -> None:
    assert list(find_quotations(text, 0, len(text))) == []


def test_speech_that_goes_on() -> None:
    """A quotation that the paragraph does not close ends with it, and says so."""
    (quote,) = find_quotations("He said: “And then", 0, 18)

    assert quote == (9, 18, False)


def test_bounds() -> None:
    """Only marks between the bounds count."""
    text = "“one” “two” “three”"

    assert [text[q.start : q.end] for q in find_quotations(text, 6, 11)] == ["“two”"]


def test_many_single_marks() -> None:
    """Thousands of marks that never close take no time that grows with their square."""
    text = "'a " * 50_000

    assert list(find_quotations(text, 0, len(text))) == []
