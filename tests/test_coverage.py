"""The proof of coverage, made to fail on purpose in every way it must notice."""

from __future__ import annotations

import html.entities
from collections.abc import Callable

import pytest
from markdown_it.common.entities import entities

from narrator.casting import Cast, Role
from narrator.coverage import SHOWN, Coverage, decoded, prove
from narrator.manuscript import Manuscript, Piece, SourceFile, Utterance
from narrator.parsing import Source, read_manuscript

CAST = Cast(roles=(Role(name="narrator"), Role(name="Mara")))
TEXT = """\
# The lamp {.silent}

It was *late* &amp; dark. The keeper slept.

MARA (low): Wake up.

<!-- a note -->

["Now."]{.mara} she said.
"""
SOURCE = Source("manuscript/01.md", TEXT)


@pytest.fixture
def whole() -> Manuscript:
    return read_manuscript([SOURCE], cast=CAST)


def with_pieces(manuscript: Manuscript, pieces: list[Piece]) -> Manuscript:
    return manuscript.model_copy(update={"files": (SourceFile(path=SOURCE.path, pieces=tuple(pieces)),)})


def with_utterances(manuscript: Manuscript, utterances: list[Utterance]) -> Manuscript:
    chapter = manuscript.chapters[0].model_copy(update={"utterances": tuple(utterances)})
    return manuscript.model_copy(update={"chapters": (chapter,)})


def change(
    manuscript: Manuscript, where: Callable[[Piece], bool], to: Callable[[Piece], list[Piece]]
) -> Coverage:
    """The proof, with some pieces changed."""
    pieces = manuscript.files[0].pieces
    assert any(where(piece) for piece in pieces)
    changed = [new for piece in pieces for new in (to(piece) if where(piece) else [piece])]
    return prove(with_pieces(manuscript, changed), [SOURCE])


def losses(coverage: Coverage) -> list[tuple[int, str]]:
    assert not coverage.complete
    return [(loss.line, loss.text) for loss in coverage.missing]


def test_complete(whole: Manuscript) -> None:
    coverage = prove(whole, [SOURCE])

    assert coverage.complete
    assert coverage.missing == ()
    assert (coverage.files, coverage.characters) == (1, len(TEXT))
    assert coverage.skipped == (("comment", 15), ("silent", 9))
    assert coverage.spoken + coverage.markup + 15 + 9 == len(TEXT)
    assert coverage.spoken == len('It was late &amp; dark. The keeper slept.Wake up."Now." she said.')


def test_utterance_dropped(whole: Manuscript) -> None:
    """A piece that says it is spoken, by nobody."""
    for dropped in whole.chapters[0].utterances:
        left = [utterance for utterance in whole.chapters[0].utterances if utterance is not dropped]
        coverage = prove(with_utterances(whole, left), [SOURCE])

        assert losses(coverage)[0][0] == dropped.line
        assert all(f"no utterance {dropped.id}" in loss.reason for loss in coverage.missing)


def test_utterance_twice(whole: Manuscript) -> None:
    utterances = [*whole.chapters[0].utterances, whole.chapters[0].utterances[0].model_copy()]

    assert "two utterances are called c01-u001" in str(
        prove(with_utterances(whole, utterances), [SOURCE]).missing
    )


@pytest.mark.parametrize(
    "text", ["The keeper.", "The keeper slept. Twice.", "the keeper slept.", "The keeper  slept."]
)
def test_utterance_changed(whole: Manuscript, text: str) -> None:
    """An utterance says what its pieces spell, to the letter."""
    changed = [
        u.model_copy(update={"text": text}) if u.id == "c01-u002" else u for u in whole.chapters[0].utterances
    ]
    coverage = prove(with_utterances(whole, changed), [SOURCE])

    assert losses(coverage) == [(3, "The keeper slept.")]
    assert str(coverage.missing[0]).startswith("manuscript/01.md:3: utterance c01-u002 says ")


def test_each_piece_dropped(whole: Manuscript) -> None:
    """Whichever it is, white space included."""
    for dropped in whole.files[0].pieces:
        coverage = change(whole, lambda piece, dropped=dropped: piece is dropped, lambda _: [])  # type: ignore[misc]

        assert any(loss.reason == "in no piece" and loss.text == dropped.source for loss in coverage.missing)


def test_piece_shortened(whole: Manuscript) -> None:
    """What was cut off is in no piece, and the utterance no longer says what its pieces spell."""
    coverage = change(
        whole,
        lambda piece: "keeper" in piece.source,
        lambda piece: [piece._replace(end=piece.end - 3, source=piece.source[:-3])],
    )

    assert losses(coverage) == [(3, "pt."), (3, "The keeper sle")]


def test_piece_with_other_words(whole: Manuscript) -> None:
    """Its source must be what the file says at its place."""
    coverage = change(
        whole, lambda piece: piece.source == "late", lambda piece: [piece._replace(source="soon")]
    )

    assert "the piece is not what the file says" in [loss.reason for loss in coverage.missing]


def test_piece_twice(whole: Manuscript) -> None:
    coverage = change(whole, lambda piece: piece.source == "late", lambda piece: [piece, piece])

    assert (3, "late") in losses(coverage)
    assert "in two pieces" in [loss.reason for loss in coverage.missing]


DETAILS = [
    *("white space", "emphasis", "attributes", "speaker label", "link target", "link definition", "html tag"),
    *(
        "front matter",
        "list number",
        "footnote mark",
        "footnote label",
        "unread",
        "something new",
        "space entity",
    ),
]


@pytest.mark.parametrize("detail", DETAILS)
def test_words_called_markup(whole: Manuscript, detail: str) -> None:
    """Even where the utterance is gone with them, the words are found."""
    words = "The keeper slept."
    left = [utterance for utterance in whole.chapters[0].utterances if utterance.text != words]
    coverage = change(
        with_utterances(whole, left),
        lambda piece: piece.source.strip() == words,
        lambda piece: [piece._replace(kind="markup", detail=detail)],
    )

    assert losses(coverage) == [(3, words)]


REASONS = ["no words", "comment", "table", "code", "image", "html", "footnote", "silent", "because", ""]


@pytest.mark.parametrize("reason", REASONS)
def test_words_called_a_skip(whole: Manuscript, reason: str) -> None:
    words = "The keeper slept."
    left = [utterance for utterance in whole.chapters[0].utterances if utterance.text != words]
    coverage = change(
        with_utterances(whole, left),
        lambda piece: piece.source.strip() == words,
        lambda piece: [piece._replace(kind="skip", detail=reason)],
    )

    assert losses(coverage) == [(3, words)]


def test_two_comments_with_words_between() -> None:
    """A skip is one comment, not from the first to the last."""
    source = Source("a.md", "One. <!-- a --> Two. <!-- b -->\n")
    manuscript = read_manuscript([source], cast=CAST)
    first, *_ = manuscript.files[0].pieces
    start = source.text.index("<!--")
    pieces = (first, Piece(start, len(source.text) - 1, "skip", "comment", source.text[start:-1]))
    chapter = manuscript.chapters[0]
    lost = manuscript.model_copy(
        update={
            "files": (
                SourceFile(path="a.md", pieces=(*pieces, Piece(31, 32, "markup", "white space", "\n"))),
            ),
            "chapters": (chapter.model_copy(update={"utterances": chapter.utterances[:1]}),),
        }
    )

    assert [loss.reason for loss in prove(lost, [source]).missing] == ["skipped as comment, which it is not"]


def test_label_that_is_none(whole: Manuscript) -> None:
    """A label ends with a colon and is short."""
    text = "It went on and on, and " * 8 + "then: nothing."
    source, end = Source("a.md", text), text.index("nothing")
    spoken = (
        whole.chapters[0].utterances[0].model_copy(update={"text": "nothing.", "file": "a.md", "id": "x"})
    )
    pieces = (
        Piece(0, end, "markup", "speaker label", text[:end]),
        Piece(end, len(text), "spoken", "x", text[end:]),
    )
    chapter = whole.chapters[0].model_copy(update={"utterances": (spoken,)})
    files = (SourceFile(path="a.md", pieces=pieces),)
    lost = whole.model_copy(update={"chapters": (chapter,), "files": files})

    assert [loss.reason for loss in prove(lost, [source]).missing] == ["this is no speaker label"]


def test_silent_heading_over_two_lines() -> None:
    """However lines end, an underlined title is one."""
    source = Source("a.md", "{.silent}\r\nThe keeper\r\nof the lamp\r\n===\r\n\r\nText.\r\n")

    assert prove(read_manuscript([source], cast=CAST), [source]).skipped == (("silent", 23),)


def test_file_that_was_not_read(whole: Manuscript) -> None:
    coverage = prove(whole, [SOURCE, Source("manuscript/02.md", "\r\n\nMore.\n")])

    assert losses(coverage) == [(1, "\r\n\nMore.\n")]
    assert coverage.missing[0].file == "manuscript/02.md"


def test_credits_need_no_source(whole: Manuscript) -> None:
    """Utterances of files nobody asked about are left alone."""
    credit = whole.chapters[0].utterances[0].model_copy(update={"file": "credits", "id": "c00-u001"})
    utterances = [credit, *whole.chapters[0].utterances]

    assert prove(with_utterances(whole, utterances), [SOURCE]).complete


def test_long_losses_are_shown_in_part() -> None:
    source = Source("a.md", "word " * 1000)
    manuscript = read_manuscript([source], cast=CAST)
    lost = manuscript.model_copy(update={"files": ()})

    assert [len(loss.text) for loss in prove(lost, [source]).missing[:1]] == [SHOWN]


def test_lines_of_losses() -> None:
    """Lines are counted over every kind of line end."""
    text = "One.\r\n\r\nTwo.\r\rThree.\n\nFour."
    source = Source("a.md", text)
    manuscript = read_manuscript([source], cast=CAST)
    left = manuscript.chapters[0].model_copy(update={"utterances": manuscript.chapters[0].utterances[:1]})
    coverage = prove(manuscript.model_copy(update={"chapters": (left,)}), [source])

    assert [(loss.line, loss.text.strip()) for loss in coverage.missing] == [
        (3, "Two."),
        (5, "Three."),
        (7, "Four."),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("a \\* b \\q \\\\ \\", "a * b \\q \\ \\"),
        ("&amp;&lt;&nbsp;&hellip;", "&<\u00a0…"),
        ("&#65;&#x41;&#X1F600;", "AA😀"),
        ("&copy &nope; &; &#;", "&copy &nope; &; &#;"),
        ("&#0;&#128;&#xD800;&#x110000;", "\ufffd" * 4),
        ("\\&amp;", "&amp;"),
    ],
)
def test_decoding(source: str, text: str) -> None:
    assert decoded(source) == text


def test_entities_are_the_same_everywhere() -> None:
    """What Markdown knows by name, the proof knows too, and nothing else."""
    ours = {name[:-1]: value for name, value in html.entities.html5.items() if name.endswith(";")}

    assert dict(entities) == ours
