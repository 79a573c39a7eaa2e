from __future__ import annotations

import pytest

from narrator.errors import ManuscriptError, ProjectError, UncastRole, UnknownKey
from narrator.parsing.attributes import SPAN, Attributes, Reader, add_direction, find_attributes
from tests.parsing.reading import CAST


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{.mara direction="low" speed=0.9}', {"class": "mara", "direction": "low", "speed": "0.9"}),
        ("{pause=1.5}", {"pause": "1.5"}),
        ("{pause=.5}", {"pause": ".5"}),
        ('{direction="speed=0.9 and } more"}', None),
        ('{direction="speed=0.9 of hers"}', {"direction": "speed=0.9 of hers"}),
        ("{direction=“very low”}", {"direction": "very low"}),
        ('{say="a\\"b"}', {"say": 'a\\"b'}),
        ("{#anchor .a .b}", {"id": "anchor", "class": "a b"}),
        ("{}", None),
        ("{TODO}", None),
        ("{a b}", None),
        ("{.a", None),
        ("{.a {b}", None),
    ],
)
def test_grammar(text: str, found: dict[str, str] | None) -> None:
    """What is not attributes is text."""
    assert find_attributes(text, 0, len(text)) == (None if found is None else (len(text), found))


def test_bound() -> None:
    """Nothing beyond the end is read."""
    assert find_attributes("{.mara}", 0, 6) is None


def check(found: dict[str, str]) -> tuple[Attributes, list[ProjectError]]:
    errors: list[ProjectError] = []
    return Reader(CAST, errors).read(found, allowed=SPAN, file="a.md", line=7), errors


def test_values() -> None:
    given, errors = check({"class": "OLD-tom", "direction": 'a \\"b\\"', "speed": "1.25", "id": "x"})

    assert given == Attributes(role="Old Tom", direction='a "b"', speed=1.25)
    assert errors == []


def test_role_as_a_key() -> None:
    """For names that a class cannot spell."""
    assert check({"role": "the keeper"})[0].role == "Mara"


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        ({"class": "mora"}, UncastRole, "did you mean 'Mara'"),
        ({"directoin": "low"}, UnknownKey, "did you mean 'direction'"),
        ({"pause": "1"}, UnknownKey, "unknown key 'pause'"),
        ({"speed": "0.2"}, ManuscriptError, "speed=0.2 is not a number from 0.25 to 4"),
        ({"speed": "nan"}, ManuscriptError, "speed=nan"),
        ({"speed": "fast"}, ManuscriptError, "speed=fast"),
        ({"say": " "}, ManuscriptError, "say is empty"),
    ],
)
def test_faults(found: dict[str, str], kind: type[ProjectError], words: str) -> None:
    """Each names the file, the line and the remedy."""
    _, errors = check(found)

    assert [type(error) for error in errors] == [kind]
    assert str(errors[0]).startswith("a.md:7: ")
    assert words in str(errors[0])


@pytest.mark.parametrize(
    ("outer", "inner", "result"),
    [
        (None, None, None),
        ("sad", None, "sad"),
        ("sad", "angry", "angry"),
        ("sad", "+slow", "sad, slow"),
        ("+sad", "+slow", "+sad, slow"),
        (None, "+slow", "+slow"),
        ("sad", "", ""),
    ],
)
def test_directions_add_up(outer: str | None, inner: str | None, result: str | None) -> None:
    assert add_direction(outer, inner) == result
