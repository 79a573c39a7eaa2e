from __future__ import annotations

import pytest

from narrator.errors import ProjectErrors, UncastRole
from narrator.parsing.labels import is_capitals
from tests.parsing.reading import pieces, read, said, utterances


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MARA: Don't move.", ["Mara: Don't move."]),
        ("Mara: Don't move.", ["Mara: Don't move."]),
        ("mara kvist: Don't move.", ["Mara: Don't move."]),
        ("THE KEEPER : Don't move.", ["Mara: Don't move."]),
        ("OLD-TOM: Don't move.", ["Old Tom: Don't move."]),
        ("**MARA:** Don't move.", ["Mara: Don't move."]),
        ("**MARA**: Don't move.", ["Mara: Don't move."]),
        ("*Mara:* Don't move.", ["Mara: Don't move."]),
        ("**MARA** (low): Don't move.", ["Mara: Don't move."]),
        ("MARA: “Don't move.”", ["Mara: “Don't move.”"]),
        ("MARA:“Don't move.”", ["Mara: “Don't move.”"]),
        ("MARA:\nDon't move.", ["Mara: Don't move."]),
        ("MARA：走るな。", ["Mara: 走るな。"]),
        ("> MARA: Don't move.", ["Mara: Don't move."]),
        ("- MARA: Don't\n  move.", ["Mara: Don't move."]),
        ("NARRATOR: Later.", ["Later."]),
        ("![a](b) <!-- c --> MARA: Go.", ["Mara: Go."]),
    ],
)
def test_script_lines(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "NOTE\\: do not move.",
        "Later: they moved.",
        "10:30 was late.",
        "http://example.com is no name.",
        "He said: MARA: go.",
        "Q: a single letter is no name.",
        "ONE TWO THREE FOUR FIVE: too many words.",
        "[MARA: go]{say=x} on.",
        "STOP! MARA: go.",
        "OLD\nTOM: go.",
        "mara\nkvist: go.",
    ],
)
def test_prose(text: str) -> None:
    """Not everything with a colon is a script line."""
    assert {utterance.role for utterance in utterances(text)} == {"narrator"}


def test_direction() -> None:
    mara = utterances("MARA (+whispering, afraid): Don't move.")[0]

    assert (mara.direction, mara.text) == ("+whispering, afraid", "Don't move.")


def test_several_in_one_paragraph() -> None:
    """Once a paragraph is a script, each of its lines may begin with a name."""
    text = "MARA: Who is it?\nOLD TOM (gruff): Me.\nWho else?\nMara: Come in."

    assert said(text) == ["Mara: Who is it?", "Old Tom: Me.", "Old Tom: Who else?", "Mara: Come in."]
    assert [(u.line, u.direction, u.paragraph) for u in utterances(text)] == [
        (1, None, 0),
        (2, "gruff", 0),
        (3, "gruff", 0),
        (4, None, 0),
    ]


def test_same_speaker_twice() -> None:
    """A new label begins a new utterance, whoever speaks."""
    assert said("MARA: So\nMARA: it begins.") == ["Mara: So", "Mara: it begins."]


def test_names_inside_prose_lines() -> None:
    """A paragraph that begins as prose stays prose."""
    assert said("She wrote:\nMARA: come.") == ["She wrote: MARA: come."]


def test_label_is_markup() -> None:
    assert pieces("MARA (low): Go.") == [("markup", "speaker label", "MARA (low): "), ("spoken", "", "Go.")]


def test_silence_on_a_line() -> None:
    """`...` has no words; the line before it is not made to say it."""
    assert said("MARA: Well?\nOLD TOM: ...\nMARA: So.") == ["Mara: Well?", "Mara: So."]


def test_role_that_is_not_cast() -> None:
    with pytest.raises(UncastRole, match=r"^manuscript/01-the-lamp\.md:3: role 'MORA'.*did you mean 'Mara'"):
        read("# One\n\nMORA: Go.")


def test_every_missing_role_once() -> None:
    """A book with an uncast role shows it once, with the others."""
    text = "JON: a\n\nJON: b\n\nPIA: c\nJON: d"
    with pytest.raises(ProjectErrors) as caught:
        read(text)

    assert [(error.line, type(error)) for error in caught.value.errors] == [(1, UncastRole), (5, UncastRole)]


def test_nothing_after_the_label() -> None:
    with pytest.raises(Exception, match=r":3: this script line has no words"):
        read("Prose.\n\nMARA (sighs):\n\nMore prose.")


@pytest.mark.parametrize(
    ("name", "capitals"),
    [
        ("MARA", True),
        ("AGENT 47", True),
        ("MRS. O'NEILL-SMITH", True),
        ("ÉLODIE", True),
        ("ΜΑΡΑ", True),
        ("Mara", False),
        ("A", False),
        ("47", False),
        ("A B C D E", False),
        ("ABCDEFGHIJ" * 5, False),
        ("麻良", False),
        ("MARA!", False),
    ],
)
def test_capitals(name: str, capitals: bool) -> None:
    assert is_capitals(name) is capitals
