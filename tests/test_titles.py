"""Titles and roles that hold anything: every output is there, has a safe name, and can be read back."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from mutagen.id3 import ID3

from tests.commands import QUICK, ended, left, outputs, told
from tests.exports.test_cuesheet import read as read_cue
from tests.exports.test_lrc import read as read_lrc
from tests.exports.test_srt import read as read_srt
from tests.exports.test_timeline_json import read as read_json
from tests.exports.test_vtt import read as read_vtt
from tests.studio import write_project
from tests.test_reporting import Page

TITLES = (
    "“Quotes” \"straight\" 'single' `tick`",
    r"a/b\\c/../d",
    "\U0001f600 \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "abc \u202egnp.3pm",
    "line&#10;two &NewLine; three",
    "T" * 300,
    "...",
    "!!!",
    "CON",
    "NUL.txt",
    r"\.\.",
    r"\~",
    "-rf",
    "%00 %2e%2e %s",
    r"\<script>alert(1)\</script>",
    "&lt;/title&gt;&lt;script&gt;",
    "]]>",
    r"--\>",
    "$(touch x) `id` ; true",
    "a\u0301\u0301\u0301",
    "\u200bzero\ufeff",
    "\u2028separate\u2029",
    "\x1b[31mred\x07",
    "\x01\x02\x7f\x85 bell",
    "{{ 7*7 }} {% raise %}",
    r"\#",
    "مرحبا",
    "1",
    "&#0; nul",
    "\ufffe\uffff",
    "WEBVTT",
    "NOTE x",
    r"\[00:01.00]x",
    r"\{\\an8}hi",
    "Same",
    "Same",
)
SAFE = re.compile(r"[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*\.(mp3|cue|vtt|srt|lrc|json)")
KINDS = ("cue", "json", "lrc", "mp3", "srt", "vtt")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chapter for each title."""
    text = "\n".join(f"# {title}\n\nWords {number}.\n" for number, title in enumerate(TITLES))
    folder = write_project(tmp_path_factory.mktemp("titles"), text, cast="narrator: espeak/en\n", book=QUICK)
    answer = told("book", folder, "--json")
    ended(answer, 0)
    assert answer.result["errors"] == []
    return folder


@pytest.fixture(scope="module")
def chapters(project: Path) -> Path:
    """Its chapters' files."""
    return project / "build" / "chapters"


def quoted(text: str) -> str:
    """*text* as YAML and as an attribute."""
    return json.dumps(text, ensure_ascii=False)


def one_line(text: str) -> bool:
    """Whether nothing in *text* ends a line or commands a terminal."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def test_every_output_is_there_under_a_safe_name(chapters: Path) -> None:
    """Lower-case letters, digits and hyphens: fit for every file system, every URL and every shell."""
    names = sorted(path.name for path in chapters.iterdir())

    assert [name for name in names if not SAFE.fullmatch(name)] == []
    assert all(len(name) <= 80 for name in names)
    assert len({name.casefold() for name in names}) == len(names) == len(TITLES) * len(KINDS)
    for number in range(1, len(TITLES) + 1):
        assert sorted(path.suffix[1:] for path in chapters.glob(f"{number:02d}-*")) == list(KINDS)


def test_every_text_output_reads_back(chapters: Path) -> None:
    """With readers written from the specifications; each has the two utterances of its chapter."""
    for path in chapters.glob("*.json"):
        found = read_json(path.read_text(encoding="utf-8"))
        sheet = read_cue(path.with_suffix(".cue").read_text(encoding="utf-8"))
        said = [utterance["text"] for utterance in found["utterances"]]

        assert len(sheet.tracks) == len(said), path
        assert read_srt(path.with_suffix(".srt").read_text(encoding="utf-8"))
        assert read_vtt(path.with_suffix(".vtt").read_text(encoding="utf-8"))
        assert read_lrc(path.with_suffix(".lrc").read_text(encoding="utf-8"))
        assert said[-1] == f"Words {found['chapter']['number'] - 1}."
        for kind in ("cue", "lrc"):
            for line in path.with_suffix(f".{kind}").read_text(encoding="utf-8").split("\n"):
                assert one_line(line), (path.name, kind, line)


def test_every_tag_reads_back(chapters: Path) -> None:
    for path in chapters.glob("*.mp3"):
        tags = ID3(path)  # type: ignore[no-untyped-call]  # mutagen has no types
        number = int(path.name.partition("-")[0])
        assert str(tags["TRCK"]) == f"{number}/{len(TITLES)}"
        texts = [str(text) for name in tags for text in getattr(tags[name], "text", ())]
        assert [text for text in texts if not one_line(text)] == []
        assert str(tags["TALB"]) == "A Book"


def test_the_report_is_sound_and_nothing_in_it_runs(project: Path) -> None:
    page = Page((project / "build" / "report.html").read_text(encoding="utf-8"))
    report = json.loads((project / "build" / "report.json").read_text(encoding="utf-8"))

    assert len(page.spoken()) == sum(chapter["utterances"] for chapter in report["chapters"])
    assert len(report["chapters"]) == len(TITLES)


def test_nothing_commands_the_terminal(project: Path) -> None:
    """What a manuscript holds is shown to people with its control characters as escapes."""
    checked, made = told("check", project), told("chapter", project, "23")

    for line in (checked.out + checked.err + made.err).split("\n"):
        assert one_line(line), line
        assert "\u202e" not in line
    assert "\\x1b[31mred\\x07" in checked.out
    assert "\\x1b[31mred\\x07" in made.err


def test_a_title_without_letters_leads_to_a_name_all_the_same(chapters: Path) -> None:
    assert (chapters / "07-chapter.mp3").exists()
    assert (chapters / "08-chapter.mp3").exists()
    assert sorted(path.name for path in chapters.glob("*-same.mp3")) == ["35-same.mp3", "36-same.mp3"]


ROLES = (
    "../../etc/passwd",
    "con",
    "a/b",
    "<b>bold</b>",
    "__proto__",
    "r\\o",
    "O'Brien",
    'Q"uote',
    "ROLE-->X",
    "1984",
    "-x",
    "A, B",
    "R" * 200,
    "مريم",
    "\U0001f600",
)


def test_roles_are_labels_and_never_paths(tmp_path: Path) -> None:
    cast = "".join(f"{quoted(role)}: espeak/en+f{number % 4 + 1}\n" for number, role in enumerate(ROLES))
    text = "# One\n\n" + "".join(
        f"[Words {number}.]{{role={quoted(role)}}}\n\n" for number, role in enumerate(ROLES)
    )
    folder = write_project(tmp_path / "project", text, cast=cast, book=QUICK)

    ended(told("book", folder), 0)

    chapters = folder / "build" / "chapters"
    found = read_json((chapters / "01-one.json").read_text(encoding="utf-8"))
    assert [utterance["role"] for utterance in found["utterances"]] == ["narrator", *ROLES]
    assert len(read_cue((chapters / "01-one.cue").read_text(encoding="utf-8")).tracks) == len(ROLES) + 1
    assert len(read_vtt((chapters / "01-one.vtt").read_text(encoding="utf-8"))) >= len(ROLES) + 1
    assert len(read_srt((chapters / "01-one.srt").read_text(encoding="utf-8"))) >= len(ROLES) + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]
    assert all(SAFE.fullmatch(path.name) for path in chapters.iterdir())


def test_facts_of_the_book_that_hold_anything(tmp_path: Path) -> None:
    """Titles with line ends and quotes, in the credits too; what no text can hold is refused by line."""
    facts = {"title": 'A "Book"\n: x', "author": "<b>\U0001f600 & Co</b> \u202e", "series": "{{ x }} # y"}
    folder = write_project(tmp_path, "# One\n\nHi.\n", cast="narrator: espeak/en\n")
    (folder / "book.yaml").write_text(
        "".join(f"{name}: {quoted(fact)}\n" for name, fact in facts.items()) + "loudness: none\n",
        encoding="utf-8",
    )

    ended(told("book", folder), 0)

    for path in (folder / "build" / "chapters").glob("*.cue"):
        assert read_cue(path.read_text(encoding="utf-8")).tracks
        tags = ID3(path.with_suffix(".mp3"))  # type: ignore[no-untyped-call]
        assert str(tags["TALB"]) == 'A "Book" : x'
    assert len(outputs(folder)) == 3 * len(KINDS) + 2
    assert left(folder, "takes")
