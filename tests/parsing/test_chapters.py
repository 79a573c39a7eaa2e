from __future__ import annotations

import pytest

from narrator.errors import ConfigurationError
from narrator.manuscript import Chapter, Scene
from narrator.parsing.drafts import title_of
from narrator.parsing.utterances import slug_of
from tests.parsing.reading import read


def chapters(text: str, *more: str) -> list[Chapter]:
    return list(read(text, *more).chapters)


def outline_of(chapter: Chapter) -> list[tuple[str, int, int]]:
    """Text, scene and paragraph of each utterance."""
    return [(u.text, u.scene, u.paragraph) for u in chapter.utterances]


def test_headings_open_chapters() -> None:
    one, two = chapters("# One *fine* day\n\nText.\n\nTwo\n===\n\nMore.")

    assert (one.number, one.title, one.slug, one.stem, one.line) == (
        *(1, "One fine day", "one-fine-day", "01-one-fine-day"),
        1,
    )
    assert (two.number, two.title, two.line) == (2, "Two", 5)
    assert [(u.text, u.heading) for u in one.utterances] == [("One fine day", True), ("Text.", False)]


def test_heading_attributes() -> None:
    """Direction and speed are the chapter's; `.silent` leaves the title unspoken."""
    spoken, silent = chapters('# One {direction="sad" speed=0.9 #anchor}\n\nA.\n\n# Two {.silent}\n\nB.')

    assert (spoken.direction, spoken.speed) == ("sad", 0.9)
    assert [(u.text, u.direction) for u in spoken.utterances] == [("One", None), ("A.", None)]
    assert [u.text for u in silent.utterances] == ["B."]


def test_silent_on_the_line_before() -> None:
    assert [u.text for u in chapters("{.silent}\n# Two\n\nB.")[0].utterances] == ["B."]


def test_a_heading_is_one_utterance() -> None:
    assert chapters("# Stop! Who goes there? Dr. Who.\n\nA.")[0].utterances[0].text == (
        "Stop! Who goes there? Dr. Who."
    )


def test_front_matter() -> None:
    """It holds for every chapter of its file; a heading's own attributes come nearer."""
    front = "---\ntitle: Not spoken\ndirection: wearily\nspeed: 0.9\nsilent: true\n---\n"
    one, two, three = chapters(
        f'{front}# One\n\nA.\n\n# Two {{direction="+low" speed=1.1}}\n\nB.', "# Three\n\nC."
    )

    assert [(c.direction, c.speed) for c in (one, two, three)] == [
        ("wearily", 0.9),
        ("wearily, low", 1.1),
        (None, None),
    ]
    assert [[u.text for u in c.utterances] for c in (one, two, three)] == [["A."], ["B."], ["Three", "C."]]


def test_front_matter_faults() -> None:
    with pytest.raises(ConfigurationError, match=r"01-the-lamp\.md:2: front matter: expected `key"):
        read("---\nShe went.\n\n---\n\nAnd came.")


def test_files_without_headings() -> None:
    """One silent chapter each, called as the front matter or the file says."""
    one, two = chapters("Text.\n\n## Part\n\nMore.", "---\ntitle: The *second*\n---\n\nText.")

    assert (one.title, one.stem) == ("The lamp", "01-the-lamp")
    assert [u.text for u in one.utterances] == ["Text.", "Part", "More."]
    assert (two.title, two.line) == ("The *second*", 1)
    assert [u.text for u in two.utterances] == ["Text."]


def test_text_before_the_first_heading() -> None:
    """It is a silent chapter of its own, unless it is nothing anybody would hear."""
    before, one = chapters("A motto.\n\n# One\n\nText.")
    assert (before.title, [u.text for u in before.utterances], one.number) == ("The lamp", ["A motto."], 2)

    (one,) = chapters("<!-- note -->\n\n***\n\n— — —\n\n# One\n\nText.")
    assert (one.number, one.title) == (1, "One")


def test_headings_in_quotes_open_nothing() -> None:
    """A letter may have a heading."""
    (one,) = chapters("# One\n\n> # Dear all\n>\n> Come.")

    assert [(u.text, u.heading) for u in one.utterances] == [
        ("One", True),
        ("Dear all", True),
        ("Come.", False),
    ]


def test_scenes() -> None:
    text = "# One\n\nA.\n\n***\n\nB.\n\n- - -\n\n## Third\n\nOne. Two.\n\n### Fourth {.silent}\n\nE.\n\n___\n"
    (chapter,) = chapters(text)

    assert chapter.scenes == (Scene(), Scene(), Scene(title="Third"), Scene(title="Fourth"))
    assert outline_of(chapter) == [
        ("One", 0, 0),
        ("A.", 0, 1),
        ("B.", 1, 2),
        ("Third", 2, 3),
        ("One.", 2, 4),
        ("Two.", 2, 4),
        ("E.", 3, 5),
    ]


def test_breaks_before_any_text() -> None:
    """They open no scene; a subheading there names the first one."""
    (chapter,) = chapters("# One\n\n***\n\n## Monday\n\n***\n\nA.\n\n***\n\n***\n\nB.")

    assert chapter.scenes == (Scene(title="Monday"), Scene(), Scene())
    assert outline_of(chapter) == [("One", 0, 0), ("Monday", 0, 1), ("A.", 1, 2), ("B.", 2, 3)]


def test_subheading_direction_is_its_own() -> None:
    (chapter,) = chapters('A.\n\n## Part {direction="grave"}\n\nB.')

    assert [(u.text, u.direction) for u in chapter.utterances] == [
        ("A.", None),
        ("Part", "grave"),
        ("B.", None),
    ]
    assert chapter.direction is None


def test_two_chapters_of_one_title() -> None:
    """Their files differ by number."""
    assert [c.stem for c in chapters("# One\n\nA.\n\n# One\n\nB.")] == ["01-one", "02-one"]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The Lamp", "the-lamp"),
        ("Don’t  Move!", "dont-move"),
        ("Straße & Ærø", "strasse-aero"),
        ("Élodie naïve", "elodie-naive"),
        ("Łódź", "lodz"),
        ("../../etc/passwd", "etc-passwd"),
        ('a\\b:c*d?e"f<g>h|i\0', "a-b-c-d-e-f-g-h-i"),
        ("麻良", "chapter"),
        ("???", "chapter"),
        ("", "chapter"),
        ("x" * 100, "x" * 60),
        ("word " * 20, "-".join(["word"] * 12)),
        ("ﬁnal ½", "final-1-2"),
        ("CON", "con"),
    ],
)
def test_slugs(title: str, slug: str) -> None:
    assert slug_of(title) == slug
    assert len(slug) <= 60


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("manuscript/02-the-lamp.md", "The lamp"),
        ("03_The_Long  Night.md", "The Long Night"),
        ("manuscript/01.md", "01"),
        ("lamp.v2.md", "Lamp.v2"),
        ("—.md", "—"),
        ("noending", "Noending"),
    ],
)
def test_titles_from_file_names(path: str, title: str) -> None:
    assert title_of(path) == title
