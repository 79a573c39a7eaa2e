from __future__ import annotations

import pytest

from narrator.errors import ConfigurationError, ProjectError, UnknownKey
from narrator.parsing.frontmatter import FrontMatter, read_front_matter


def read(text: str) -> tuple[FrontMatter, list[ProjectError]]:
    errors: list[ProjectError] = []
    return read_front_matter(text, file="a.md", line=2, errors=errors), errors


def test_every_key() -> None:
    front, errors = read('title: "The: lamp"\ndirection: +wearily\nspeed: 0.9\nsilent: yes\n')

    assert front == FrontMatter("The: lamp", "+wearily", 0.9, silent=True)
    assert errors == []


def test_nothing() -> None:
    assert read("") == (FrontMatter(), [])
    assert read("# only a comment\n") == (FrontMatter(), [])


def test_unknown_key() -> None:
    _, errors = read("title: x\ndirektion: low\n")

    assert [type(error) for error in errors] == [UnknownKey]
    assert str(errors[0]) == "a.md:3: unknown key 'direktion'; did you mean 'direction'?"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title: x\ntitle: y", 3, "already set on line 2"),
        ("speed: 9", 2, "from 0.25 to 4"),
        ("speed: fast", 2, "from 0.25 to 4"),
        ("silent: perhaps", 2, "true or false"),
        ("title: [a, b]", 2, "must be a text, not a list"),
        ("title:\n  deep: er", 3, "must be a text, not a mapping"),
        ("- a\n- b", 2, "not a list"),
        ("title: !!python/object:os.system x", 2, "the tag"),
        ("!!set\ntitle: x", 2, "the tag"),
        ("title: &a x\ndirection: *a", 2, "anchors (`&a`)"),
        ("title: *a", 2, "aliases (`*a`)"),
        ("She walked home.", 2, "is a scene break here, write `***`"),
        ("title: 'x\n", 2, "not valid YAML"),
        ("title: x\n\tspeed: 1", 3, "not valid YAML"),
        ("title: x\ny", 3, "not valid YAML"),
        ("title: \x07", 2, "U+0007"),
        ("a: x\n--- \nb: y", 3, "a second document"),
    ],
)
def test_faults(text: str, line: int, words: str) -> None:
    """Each is told with its line, and nothing in it is constructed."""
    _, errors = read(text)

    assert any(isinstance(error, ConfigurationError) for error in errors)
    assert any(words in str(error) and error.line == line for error in errors), [str(e) for e in errors]


def test_bomb() -> None:
    """Nesting and aliases stop at the first, however many there are."""
    deep = "title: " + "[" * 50_000
    laughs = "a: &a [x]\n" + "".join(f"b{n}: [*a,*a,*a,*a,*a,*a,*a,*a]\n" for n in range(5_000))

    assert "10 levels deep" in str(read(deep)[1][0])
    assert "anchors" in str(read(laughs)[1][-1])
