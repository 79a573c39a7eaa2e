"""Manuscripts as writers write them, through the door."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from narrator.attribution import Attribution, Passage
from narrator.casting import Cast, Role
from narrator.errors import DuplicateAlias, ManuscriptError, ProjectErrors, UncastRole, UnknownKey
from narrator.manuscript import Mark, Utterance
from narrator.parsing import Source, read_manuscript
from tests.parsing.reading import CAST, PATH, pieces, read, said, utterances

# Prose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A *word* and **two**.", ["A word and two."]),
        ("A [link](http://a.b 'c') here.", ["A link here."]),
        ("A <http://a.b> here.", ["A http://a.b here."]),
        ("A `code  span` here.", ["A code span here."]),
        ("`` `a` `` b", ["`a` b"]),
        ("Soft\nbreak.", ["Soft break."]),
        ("Soft  \nis hard.", ["Soft", "is hard."]),
        ("Soft\\\nis hard.", ["Soft", "is hard."]),
        ("One<br>two.", ["One", "two."]),
        ("A<!-- note -->B", ["AB"]),
        ("A <!-- note --> B", ["A B"]),
        ("A <b>bold</b> word.", ["A bold word."]),
        ("Fish &amp; chips&nbsp;&mdash; &#x201c;now&#x201d;.", ["Fish & chips — “now”."]),
        ("\\*Not\\* \\_emphasis\\_ \\[here\\].", ["*Not* _emphasis_ [here]."]),
        ("C:\\new and \\q", ["C:\\new and \\q"]),
        ("~~Not struck.~~", ["~~Not struck.~~"]),
        ("A {TODO} and {a b}.", ["A {TODO} and {a b}."]),
        ("Wide\u00a0space\u2003here.", ["Wide space here."]),
        ("- One.\n- Two.", ["One.", "Two."]),
        ("> A letter.\n>\n> Signed.", ["A letter.", "Signed."]),
        ("e\u0301t\u00e9 🎉 👩‍🚀.", ["e\u0301t\u00e9 🎉 👩‍🚀."]),
        ("\ufeff# One\r\n\r\nTwo.\rThree.\n", ["One", "Two.", "Three."]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "reason", "source"),
    [
        ("One.\n\n| a | b |\n|---|---|\n| c | d |\n\nTwo.", "table", "| a | b |\n|---|---|\n| c | d |"),
        ("One.\n\n```py\nx = 1\n```\n\nTwo.", "code", "```py\nx = 1\n```"),
        ("One.\n\n<div>\nx\n</div>\n\nTwo.", "html", "<div>\nx\n</div>"),
        ("One.\n\n<!-- x\n\ny -->\n\nTwo.", "comment", "<!-- x\n\ny -->"),
        ("One. ![x](y.png) Two.", "image", "![x](y.png)"),
        ("One. <?x y?> Two.", "html", "<?x y?>"),
        ("One.\n\n...\n\nTwo.", "no words", "..."),
        ("One.\n\n🎉\n\nTwo.", "no words", "🎉"),
        ("One.^[x *y*] Two.", "footnote", "^[x *y*]"),
        ("One.[^n] Two.\n\n[^n]: x\n\n    y", "footnote", "[^n]: x\n\n    y"),
        ("# T {.silent}\n\nOne. Two.", "silent", "T "),
    ],
)
def test_skips(text: str, reason: str, source: str) -> None:
    """What is not spoken says why, and the rest is."""
    assert said(text) == ["One.", "Two."]
    assert [piece[1:] for piece in pieces(text) if piece[0] == "skip"] == [(reason, source)]


def test_marks() -> None:
    """Emphasis and pronunciation by offset in the utterance's own text."""
    first, second = utterances('He *really* said: **no, [Siobhan]{say="shi-VAWN"}**. *Go. Now.*')[:2]

    assert first.text == "He really said: no, Siobhan."
    assert first.marks == (
        Mark(kind="emphasis", start=3, end=9),
        Mark(kind="strong", start=16, end=27),
        Mark(kind="say", start=20, end=27, value="shi-VAWN"),
    )
    assert second.marks == (Mark(kind="emphasis", start=0, end=3),)


def test_say_is_not_cut() -> None:
    """A name with a full stop in it stays one."""
    (name,) = utterances('[Prof. B. Who. Jr. Said]{say="x"} he.')

    assert name.marks[0].end == len("Prof. B. Who. Jr. Said")


# Pauses


def test_pauses() -> None:
    """Inside an utterance a pause is a mark; between two it follows the first."""
    text = (
        "Wait {pause=0.5} for it. {pause=1} Now.{pause=2}\n\n"
        "{pause=3}\n\nThen.\n\n{pause=.25} Last.\n\n{.mara pause=1}\nYes."
    )
    found = [(u.text, u.pause_after_ms, [(m.start, m.value) for m in u.marks]) for u in utterances(text)]

    assert found == [
        ("Wait for it.", 1000, [(5, "500")]),
        ("Now.", 5000, []),
        ("Then.", 250, []),
        ("Last.", 1000, []),
        ("Yes.", None, []),
    ]


def test_pause_after_a_heading() -> None:
    heading, first = utterances("# One {pause=2}\n\nText.")

    assert (heading.pause_after_ms, first.pause_after_ms) == (2000, None)


def test_pause_with_nothing_before_it() -> None:
    """It is left out, and a notice says so."""
    manuscript = read("# One {.silent}\n\n{pause=2}\n\nText.")

    assert [str(notice) for notice in manuscript.notices] == [
        f"{PATH}:3: nothing is spoken before this pause in its chapter, so it is left out"
    ]


# Roles


def test_span() -> None:
    """The words in brackets go to the role, under its own direction."""
    text = '["Don\'t move."]{.mara direction="whispering" speed=0.9} she said. ["Go."]{.old-tom}'
    mara, narrator, tom = utterances(text)

    assert (mara.role, mara.text, mara.direction, mara.speed) == ("Mara", '"Don\'t move."', "whispering", 0.9)
    assert (narrator.role, narrator.text, narrator.direction) == ("narrator", "she said.", None)
    assert (tom.role, tom.text) == ("Old Tom", '"Go."')
    assert text[mara.start : mara.end] == '"Don\'t move."'


def test_marks_outside_a_span() -> None:
    """Quotation marks round a span belong to who speaks it, and the quotation counts as settled."""
    (before, mara, after) = utterances("He heard “[Stop!]{.mara}” and stopped.")

    assert (before.text, mara.text, after.text) == ("He heard", "“Stop!”", "and stopped.")
    assert [each.quotations for each in (before, mara, after)] == [0, 0, 0]


def test_spans_nest() -> None:
    """The nearest wins, a `+` adds, another role starts afresh."""
    text = '[a [b]{direction="+slow"} [c]{.old-tom} [d]{direction="loud"}]{.mara direction="sad"}'

    assert [(u.role, u.text, u.direction) for u in utterances(text)] == [
        ("Mara", "a", "sad"),
        ("Mara", "b", "sad, slow"),
        ("Old Tom", "c", None),
        ("Mara", "d", "loud"),
    ]


def test_same_style_is_joined() -> None:
    """Neighbours that sound alike are one utterance."""
    assert said("[Don't]{.mara} [move.]{.mara} [Now.]{.mara}") == ["Mara: Don't move.", "Mara: Now."]


def test_block_attributes() -> None:
    """A line of attributes is for the next block, be it a quote or a list with all that is in it."""
    text = (
        '{.mara direction="tired"}\nFirst.\n\nSecond.\n\n'
        '{role="Old Tom" speed=1.5}\n> Third.\n>\n> - Fourth.\n\n'
        '{direction="sad"}\n{speed=2}\nFifth.\n\nLast.'
    )

    assert [(u.role, u.text, u.direction, u.speed) for u in utterances(text)] == [
        ("Mara", "First.", "tired", None),
        ("narrator", "Second.", None, None),
        ("Old Tom", "Third.", None, 1.5),
        ("Old Tom", "Fourth.", None, 1.5),
        ("narrator", "Fifth.", "sad", 2.0),
        ("narrator", "Last.", None, None),
    ]


def test_block_direction_is_for_script_lines_too() -> None:
    """It is the line's own; a role it names gives way to the label's."""
    text = '{direction="sad"}\nMARA (+low): A.\n\n{.mara direction="sad"}\nOLD TOM: B.'

    assert [(u.role, u.direction) for u in utterances(text)] == [("Mara", "sad, low"), ("Old Tom", None)]


def test_narrator_by_name() -> None:
    """The narrator can be given words as any role, with no entry in the cast."""
    cast = Cast(roles=(Role(name="Mara"),))
    chapter = read("{.mara}\nOne [two]{.narrator} three.", cast=cast).chapters[0]

    assert [u.role for u in chapter.utterances] == ["Mara", "narrator", "Mara"]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("[a]{.mora}", UncastRole, "did you mean 'Mara'"),
        ('[a]{directon="x"}', UnknownKey, "did you mean 'direction'"),
        ('[a]{guise="x"}', UnknownKey, "did you mean 'guide'"),
        ("[a]{pause=1}", UnknownKey, "unknown key 'pause'"),
        ("a {pasue=1} b", UnknownKey, "did you mean 'pause'"),
        ("a {.mara} b", ManuscriptError, r"write `\[the words\]"),
        ("a {pause=61} b", ManuscriptError, "pause=61 is not a number from 0 to 60"),
        ("a {pause=-1} b", ManuscriptError, "pause=-1"),
        ("{.mara}\n\n***\n\nb", ManuscriptError, "belong to no text"),
        ("> {.mara}\n\nb", ManuscriptError, "belong to no text"),
        ("b\n\n{.mara}", ManuscriptError, "belong to no text"),
        ("{.silent}\nb", ManuscriptError, "only a heading can be silent"),
        ("[a]{speed=5}", ManuscriptError, "speed=5 is not a number from 0.25 to 4"),
        ("## b {.silnet}", UnknownKey, "did you mean '.silent'"),
        ("a <!-- b", ManuscriptError, "comment opens here"),
        ("```\na", ManuscriptError, "never closed"),
        ("#\n\na", ManuscriptError, "no title"),
    ],
)
def test_faults(text: str, kind: type[Exception], words: str) -> None:
    """Each names file and line, and what to do."""
    with pytest.raises(kind, match=words) as caught:
        read(f"One.\n\nTwo.\n\n{text}")

    assert str(caught.value).startswith((f"{PATH}:5: ", f"{PATH}:7: "))


def test_faults_are_told_together() -> None:
    with pytest.raises(ProjectErrors) as caught:
        read("[a]{.mora}\n\n[b]{speed=9}", "# Two\n\nJON: c")

    assert [(error.file, error.line) for error in caught.value.errors] == [
        (PATH, 1),
        (PATH, 3),
        ("manuscript/02.md", 3),
    ]


def test_two_roles_of_one_name() -> None:
    cast = Cast(roles=(Role(name="Mara"), Role(name="Tom", aliases=("mara",))))

    with pytest.raises(DuplicateAlias):
        read("Text.", cast=cast)


# Quotations


def test_unattributed_quotations_are_counted() -> None:
    """The narrator reads them, unbroken, and each is counted where it begins."""
    text = (
        "“Stop!” she said. “Don't. Move.” He did not: “why?”\n\n"
        "“And so it went on.\n\n“And on.”\n\n['a']{.mara}"
    )

    assert [(u.text, u.quotations) for u in utterances(text)] == [
        ("“Stop!” she said.", 1),
        ("“Don't.", 1),
        ("Move.”", 0),
        ("He did not: “why?”", 1),
        ("“And so it went on.", 1),
        ("“And on.”", 1),
        ("'a'", 0),
    ]


class Maras:
    """Gives every quotation with a name in it to Mara, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Passage] = []

    def attribute(self, passages: Sequence[Passage], cast: Cast) -> Sequence[Attribution]:
        self.shown += passages
        assert cast is CAST
        return [
            Attribution("Mara" if "Mara" in passage.text else None, 0.9)
            for passage in passages
            for quotation in passage.quotations
            if quotation.speaker is None
        ]


def test_attributor() -> None:
    """A quotation it finds the speaker of becomes that role's utterances, marks included."""
    text = (
        "# “One”\n\n“Go. *Now*,” said Mara. {pause=1} “Or stay.”\n\n***\n\n“Who?”\n\n"
        "[“Me,”]{.old-tom} Tom said.\n\nMARA: “No.”"
    )
    attributor = Maras()
    (chapter,) = read(text, attributor=attributor).chapters

    assert [(u.role, u.text, u.quotations, u.pause_after_ms) for u in chapter.utterances[1:]] == [
        ("Mara", "“Go.", 0, None),
        ("Mara", "Now,”", 0, None),
        ("narrator", "said Mara.", 0, 1000),
        ("Mara", "“Or stay.”", 0, None),
        ("narrator", "“Who?”", 1, None),
        ("Old Tom", "“Me,”", 0, None),
        ("narrator", "Tom said.", 0, None),
        ("Mara", "“No.”", 0, None),
    ]
    first, second, third, fourth = attributor.shown
    assert [passage.scene for passage in attributor.shown] == [0, 1, 1, 1]
    assert [first.text[q.start : q.end] for q in first.quotations] == ["“Go. Now,”", "“Or stay.”"]
    assert [q.speaker for q in (*second.quotations, *third.quotations)] == [None, "Old Tom"]
    assert (fourth.quotations, fourth.spoken) == ((), ((6, 11, "Mara"),))


def test_attributor_that_miscounts() -> None:
    """Answers that do not match the questions are a fault of the program, not a loss of text."""

    class Silent:
        def attribute(self, passages: Sequence[Passage], cast: Cast) -> Sequence[Attribution]:
            return []

    with pytest.raises(ValueError, match="0 answers for 1"):
        read("“Go.”", attributor=Silent())


# Footnotes


NOTED = (
    "One.[^a] Two.^[Inline *note*. More.]\n\nThree.[^a]\n\n[^b]: Nobody.\n\n[^a]: First note.[^c]\n\n"
    "    - Its list.\n\n    MARA: no label here.\n\n[^c]: Note on a note.\n"
)


def test_footnotes_skipped() -> None:
    assert said(NOTED) == ["One.", "Two.", "Three."]


def test_footnotes_read() -> None:
    """Each once, by the narrator, after the paragraph that first refers to it."""
    expected = ["One.", "Two.", "First note.", "Its list.", "MARA: no label here.", "Note on a note."]

    assert said(NOTED, footnotes="read") == [*expected, "Inline note.", "More.", "Three."]


def test_footnote_notices() -> None:
    """What a writer mistyped is said, and nothing else."""
    text = "One.[^a] Two[^x] and [^y].\n\n[^a]: A.\n\n[^a]: Again.\n\n[^b]: Nobody."
    manuscript = read(text, footnotes="read")

    assert sorted(str(notice).removeprefix(f"{PATH}:") for notice in manuscript.notices) == [
        "1: [^x] is no footnote of this file, so it is read as text",
        "1: [^y] is no footnote of this file, so it is read as text",
        "5: footnote [^a] is defined twice; this one is not used",
        "7: footnote [^b] is referred to nowhere and is not spoken",
    ]


def test_unused_link_definition() -> None:
    """It might be text that looks like one, so it is said."""
    manuscript = read("A [used] one.\n\n[used]: http://a.b\n[not]: http://c.d")

    assert [str(notice) for notice in manuscript.notices] == [
        f"{PATH}:4: no link uses this definition, so it is not spoken; write `\\[` if it is text"
    ]


# The whole


def test_places() -> None:
    """Line and span of an utterance are those of the file as it is, mark and CRLF included."""
    text = "\ufeff# One\r\n\r\nFirst *one.* Second\r\nline &amp; end.\r\n"
    found = utterances(text)

    assert [(u.id, u.line, text[u.start : u.end]) for u in found] == [
        ("c01-u001", 1, "One"),
        ("c01-u002", 3, "First *one."),
        ("c01-u003", 3, "Second\r\nline &amp; end."),
    ]


def test_ids() -> None:
    """Chapter and utterance count on through the files."""
    manuscript = read("# One\n\nA.\n\n# Two\n\nB.", "# Three\n\nC.", first_number=9)

    assert [u.id for c in manuscript.chapters for u in c.utterances] == [
        *("c09-u001", "c09-u002"),
        *("c10-u001", "c10-u002"),
        *("c11-u001", "c11-u002"),
    ]


def test_many_utterances() -> None:
    """Ids grow beyond three digits."""
    found = utterances("Go.\n\n" * 1001)

    assert (found[0].id, found[-1].id, found[-1].paragraph) == ("c01-u001", "c01-u1001", 1000)


def test_empty_manuscript() -> None:
    with pytest.raises(ManuscriptError, match="write it into manuscript/"):
        read_manuscript([], cast=CAST)


@pytest.mark.parametrize("text", ["", "\ufeff", " \n\n", "<!-- later -->", "***", "...", "![a](b)"])
def test_empty_file(text: str) -> None:
    with pytest.raises(ManuscriptError, match=rf"^{PATH}(:1)?: nothing is (written|spoken)"):
        read_manuscript([Source(PATH, text)], cast=CAST)


def test_silent_chapter() -> None:
    with pytest.raises(ManuscriptError, match=r":5: nothing is spoken in chapter 2, 'Two'"):
        read("# One\n\nText.\n\n# Two {.silent}\n\n<!-- later -->\n\n# Three")


def test_nul_in_a_source() -> None:
    """However a source was made."""
    with pytest.raises(ManuscriptError, match="NUL"):
        read_manuscript([Source(PATH, "a\0b")], cast=CAST)


def test_one_megabyte_on_one_line() -> None:
    """It is cut into sentences like any text."""
    sentence = f"She said{' that it was late and later' * 20}, and *left*. "
    found = utterances(sentence * 1800)

    assert len(sentence) * 1800 > 1_000_000
    assert len(found) == 1800
    assert {utterance.text for utterance in found} == {sentence.replace("*", "").strip()}


def test_result_is_what_it_was_before() -> None:
    """Reading twice gives the same."""

    def everything() -> list[Utterance]:
        return utterances(NOTED, footnotes="read")

    assert everything() == everything()
