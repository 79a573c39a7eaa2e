"""Recordings that say the words of a span: one utterance each, whatever stands in it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from narrator.attribution import Attribution, Passage
from narrator.casting import Cast
from narrator.errors import ManuscriptError, UnknownKey
from tests.parsing.reading import PATH, read, utterances

GO = '{.mara guide="guides/go.wav"}'


def guided(text: str) -> list[tuple[str, str, str | None]]:
    """Role, text and guide of every utterance."""
    return [(u.role, u.text, u.guide) for u in utterances(text)]


def test_a_span_with_a_guide() -> None:
    before, line, after = utterances(f'She turned. ["Go!"]{GO} And they went.')

    assert (line.role, line.text, line.guide) == ("Mara", '"Go!"', "guides/go.wav")
    assert (before.guide, after.guide) == (None, None)


@pytest.mark.parametrize(
    "attributes",
    [
        'guide="guides/go.wav"',
        "guide=guides/go.wav",
        "guide=“guides/go.wav”",
        ".mara guide=guides/go.wav",
        "guide=guides/go.wav .mara",
        'guide=" guides/go.wav "',
    ],
)
def test_ways_to_write_it(attributes: str) -> None:
    """A bare path has no quotes; an address of its own does not."""
    assert [u.guide for u in utterances(f"[Go!]{{{attributes}}}")] == ["guides/go.wav"]


def test_a_path_is_kept_as_it_is_written() -> None:
    (line,) = utterances('[Go!]{guide="./a guide/../Gö=1.WAV"}')

    assert line.guide == "./a guide/../Gö=1.WAV"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[Go. Now. Run!]{GO} Then.", ["Go. Now. Run!", None, "Then."]),
        (f"[Go!  \nNow! <br>Run!]{GO}", ["Go! Now! Run!", None]),
        (f'[Go *now*. Run, [Tom]{{say="tomm"}}. Go.]{GO}', ["Go now. Run, Tom. Go.", None]),
        (f"[No.]{GO} [No.]{GO}", ["No.", None, "No.", None]),
        (f"[No.]{GO} *[No.]{GO}*", ["No.", None, "No.", None]),
        (f"[No.]{GO} [No.]{{.mara}}", ["No.", None, "No."]),
        (f"— [Go]{GO}!", ["— Go!", None]),
        (f"# The [Lamp. Lit.]{GO} is out", ["The", "Lamp. Lit.", None, "is out"]),
        (f"- [A. B.]{GO}\n- C.", ["A. B.", None, "C."]),
        (f"> [A.\n> B.]{GO}", ["A. B.", None]),
        (f"{'Go. ' * 400}", ["Go."] * 400),
        (f"[{'Go. ' * 400}]{GO}", [("Go. " * 400).strip(), None]),
    ],
)
def test_one_recording_is_one_utterance(text: str, expected: list[str | None]) -> None:
    """It is cut nowhere and joined with nothing; here None stands for: the one before has the guide."""
    found: list[str | None] = []
    for _, said, guide in guided(text):
        found += [said, None] if guide else [said]

    assert found == expected


def test_a_script_line() -> None:
    """Role and direction are the line's; the rest of it is said without a recording."""
    first, second = utterances('MARA (low): [Go! Now!]{guide="g/1.wav"} And you.')

    assert (first.role, first.direction, first.text, first.guide) == ("Mara", "low", "Go! Now!", "g/1.wav")
    assert (second.role, second.direction, second.guide) == ("Mara", "low", None)


def test_direction_and_speed() -> None:
    (line,) = utterances('{direction="sad"}\n[Go.]{.narrator direction="+low" speed=0.9 guide="g/1.wav"}')

    assert (line.direction, line.speed, line.guide) == ("sad, low", 0.9, "g/1.wav")


def test_marks_around_the_brackets_belong_to_the_line() -> None:
    assert guided(f'"[Go. Run.]{GO}" she said.') == [
        ("Mara", '"Go. Run."', "guides/go.wav"),
        ("narrator", "she said.", None),
    ]


def test_pauses_beside_the_words() -> None:
    before, line, _ = utterances(f"A. [{{pause=1}} Go! {{pause=2}}]{GO} B.")

    assert (before.pause_after_ms, line.pause_after_ms, line.marks) == (1000, 2000, ())


class Everything:
    """An attributor that gives every quotation to Old Tom."""

    def attribute(self, passages: Sequence[Passage], cast: Cast) -> Sequence[Attribution]:
        asked = [quote for passage in passages for quote in passage.quotations if quote.speaker is None]
        return [Attribution(cast.role("Old Tom").name, 1.0) for _ in asked]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["Go. Run."]{guide="g.wav"} he said.', ['Old Tom: "Go. Run." (g.wav)', "narrator: he said."]),
        ('"[Go. Run.]{guide="g.wav"}" he said.', ['Old Tom: "Go. Run." (g.wav)', "narrator: he said."]),
        ('"A. [Go. Run.]{guide="g.wav"}"', ['Old Tom: "A.', 'Old Tom: Go. Run." (g.wav)']),
        ('[He: "go". Then "run".]{guide="g.wav"}', ['narrator: He: "go". Then "run". (g.wav)']),
        ('"Well, [go," he. Said.]{guide="g.wav"}', ['narrator: "Well,', 'narrator: go," he. Said. (g.wav)']),
        (f'["Go." he. "Run."]{GO} B.', ['Mara: "Go." he. "Run." (guides/go.wav)', "narrator: B."]),
    ],
)
def test_attribution_takes_a_recording_whole_or_not_at_all(text: str, expected: list[str]) -> None:
    (chapter,) = read(text, attributor=Everything()).chapters

    assert [f"{u.role}: {u.text}{f' ({u.guide})' if u.guide else ''}" for u in chapter.utterances] == expected


def test_quotations_without_a_speaker_are_still_counted() -> None:
    assert [u.quotations for u in utterances('["Go."]{guide="g.wav"} he said.')] == [1, 0]
    assert [u.quotations for u in utterances(f'["Go."]{GO} he said.')] == [0, 0]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ('[a]{guide=""}', ManuscriptError, "guide is empty; name a recording, such as guides/01.wav"),
        ('[a]{guide=" "}', ManuscriptError, "guide is empty"),
        ('[a]{guide="guides\\go.wav"}', ManuscriptError, r"holds a backslash; write `/` between folders"),
        ('[...]{guide="g.wav"} b', ManuscriptError, "no words here for the recording 'g.wav' to say"),
        ('[![a](b.png)]{guide="g.wav"} b', ManuscriptError, "no words here for the recording 'g.wav'"),
        ('[a {pause=1} b]{guide="g.wav"}', ManuscriptError, "'g.wav' sets the pauses between its words"),
        (
            '[a [b]{.tom} c]{guide="g.wav"}',
            ManuscriptError,
            "no role, direction, speed or guide of their own",
        ),
        ('[a [b]{speed=2}]{guide="g.wav"}', ManuscriptError, "'g.wav', says all the words of the brackets"),
        ('[[a]{guide="h.wav"}]{guide="g.wav"}', ManuscriptError, "'g.wav', says all the words"),
        ('{guide="g.wav"}\nGo.', ManuscriptError, r'write `\[the words\]{guide="..."}`'),
        ('# T {guide="g.wav"}', ManuscriptError, "says the words in brackets"),
        ('Go {guide="g.wav"} now', ManuscriptError, r"belong to no words; write `\[the words\]"),
        ('[a]{gide="g.wav"}', UnknownKey, "did you mean 'guide'"),
    ],
)
def test_faults(text: str, kind: type[Exception], words: str) -> None:
    """Each names file and line, and what to do."""
    tom = text.replace(".tom", ".old-tom")
    with pytest.raises(kind, match=words) as caught:
        read(f"One.\n\nTwo.\n\n{tom}")

    assert str(caught.value).startswith((f"{PATH}:5: ", f"{PATH}:6: "))


def test_a_silent_heading_needs_no_recording() -> None:
    assert guided(f"# [Go]{GO} {{.silent}}\n\nA.") == [("narrator", "A.", None)]
