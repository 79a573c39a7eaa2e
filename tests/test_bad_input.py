"""What is wrong with the text or the settings: refused by place and with a way out, and nothing lost."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.commands import CAST, QUICK, ended, left, told
from tests.studio import write_project

ONE = "manuscript/01.md"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished book of one chapter."""
    folder = write_project(
        tmp_path_factory.mktemp("finished") / "book", "# One\n\nHello.\n\nMARA: Hi.\n", cast=CAST, book=QUICK
    )
    assert told("book", folder).code == 0
    return folder


@pytest.fixture
def book(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "book")


def refuses(book: Path, files: dict[str, bytes | None], *said: str) -> None:
    """With *files* in place of the good ones the book is refused and left alone; without them all is well."""
    good = {name: (book / name).read_bytes() if (book / name).exists() else None for name in files}
    before = left(book)
    write(book, files)

    ended(told("book", book), 3, *said)
    assert left(book) == before

    write(book, good)
    assert "nothing to do" in told("book", book).err
    assert left(book) == before


def write(book: Path, files: dict[str, bytes | None]) -> None:
    for name, data in files.items():
        if data is None:
            (book / name).unlink(missing_ok=True)
        else:
            (book / name).parent.mkdir(exist_ok=True)
            (book / name).write_bytes(data)


EMPTY = {
    "no file": (None, "manuscript: there is no .md file in this folder; the text goes there"),
    "no byte": (b"", f"{ONE}: nothing is written here; write"),
    "a byte order mark": (b"\xef\xbb\xbf", f"{ONE}: nothing is written here; write"),
    "white space": (b" \n\n\t\n\xc2\xa0\xe3\x80\x80\n", f"{ONE}:1: nothing is spoken in chapter 1"),
    "front matter": (b"---\ntitle: One\n---\n", f"{ONE}: nothing is written here; write"),
    "front matter to the last byte": (b"---\ntitle: One\n---", f"{ONE}: nothing is written here; write"),
    "comments": (b"<!-- a -->\n\n<!-- b -->\n", f"{ONE}: nothing is written here; write"),
    "a silent title": (b"# One {.silent}\n\n***\n", f"{ONE}:1: nothing is spoken in chapter 1, 'One'; write"),
    "a chapter of code": (
        b"# One\n\nHi.\n\n# Two {.silent}\n\n```\ncode\n```\n",
        f"{ONE}:5: nothing is spoken in chapter 2, 'Two'; write",
    ),
    "a chapter of emoji": (
        "# One {.silent}\n\n\U0001f600 ❤️\n".encode(),
        f"{ONE}:1: nothing is spoken in chapter 1, 'One'; write",
    ),
}


@pytest.mark.parametrize("what", EMPTY)
def test_nothing_to_say(book: Path, what: str) -> None:
    data, said = EMPTY[what]

    refuses(book, {ONE: data}, said)


BYTES = {
    "Latin-1": (b"# One\n\nA caf\xe9.\n", f"{ONE}:3: byte 0xe9 is not valid UTF-8; save the file as UTF-8"),
    "Latin-1 after old line ends": (b"# One\r\rA caf\xe9.\r", f"{ONE}:3: byte 0xe9 is not valid UTF-8"),
    "UTF-16": (
        "# One\n\nHi.\n".encode("utf-16"),
        f"{ONE}:1: byte 0xff is not valid UTF-8 (it looks",
    ),
    "half a character": (b"# One\n\nA \xed\xa0\x80.\n", f"{ONE}:3: byte 0xed is not valid UTF-8"),
    "cut in a character": (b"# One\n\nA \xe2\x80", f"{ONE}:3: byte 0xe2 is not valid UTF-8"),
    "NUL": (b"# One\r\n\r\nA\0b.\n", f"{ONE}:3: a NUL character stands here"),
    "NUL in a title": (b"# O\0ne\n\nHi.\n", f"{ONE}:1: a NUL character stands here"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), f"{ONE}:1: byte 0x89 is not valid UTF-8"),
}


@pytest.mark.parametrize("what", BYTES)
def test_bytes_that_are_no_text(book: Path, what: str) -> None:
    data, said = BYTES[what]

    refuses(book, {ONE: data}, said)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_kind_of_line_end_is_the_same_book(book: Path, end: str, mark: bytes) -> None:
    """With and without a byte order mark: the same takes, the same coverage, lines counted alike."""
    text = (book / ONE).read_bytes().decode()
    (book / ONE).write_bytes(mark + text.replace("\n", end).encode())

    made = told("book", book, "--json").result
    (book / ONE).write_bytes(mark + f"{text}\nMARRA: Hm.\n".replace("\n", end).encode())

    assert (made["recorded"], made["reused"], made["errors"]) == (0, 3, [])
    ended(told("check", book), 3, f"{ONE}:7: role 'MARRA'", "did you mean 'Mara'?")


SETTINGS = {
    "book.yaml": (
        "titel: x",
        "book.yaml:5: unknown key 'titel'; did you mean 'title'?",
    ),
    "pauses": ("pauses: {sentense: 1}", "book.yaml:5: unknown key 'sentense'; did you mean 'sentence'?"),
    "credits": ("credits: {openning: true}", "book.yaml:5: unknown key 'openning'; did you mean 'opening'?"),
    "budget": ("budget: {ammount: 1}", "book.yaml:5: unknown key 'ammount'; did you mean 'amount'?"),
    "a format": ("formats: [mp4]", "book.yaml:5: unknown format 'mp4'; did you mean 'mp3'?"),
    "loudness": ("loudness: acxx", "did you mean 'acx'?"),
    "a number": ("year: soon", "book.yaml:5: `year` must be"),
    "a language": ("language: Klingonese, I think", "book.yaml:5: `language` must be a BCP 47 tag"),
    "a language nobody speaks here": ("language: tlh", "espeak has no voice for 'tlh', the book's language"),
    "two of one key": ("isbn: 1\nisbn: 2", "book.yaml:6: 'isbn' is already set on line 5; keep one of them"),
    "a second document": ("---\ntitle: x", "book.yaml:5: a second document begins here; keep one"),
    "an object": ("series: !!python/object/apply:os.system ['false']", "book.yaml:5: the tag"),
    "an anchor": (
        "series: &a [x]\nisbn: [*a, *a]",
        "book.yaml:5: anchors (`&a`) are not allowed; take it",
    ),
    "an alias bomb": (
        "series: &a [x, x]\nisbn: &b [*a, *a, *a]\nauthor2: &c [*b, *b, *b]",
        "book.yaml:5: anchors (`&a`) are not allowed",
    ),
    "a merge": ("<<: {title: x}", "book.yaml:5: unknown key '<<'"),
    "depth": ("series: " + "[" * 50_000, "book.yaml:5: nested more than 10 levels deep"),
    "no YAML": ("series: [", "book.yaml:5: not valid YAML"),
    "a tab": ("\tseries: x", "book.yaml:5: not valid YAML"),
    "NUL": ("subtitle: a\0b", "book.yaml:5: the character U+0000 cannot stand here; take it out"),
    "NUL in quotes": ('subtitle: "a\\0b"', "book.yaml:5: the character U+0000 cannot be spoken; take it out"),
    "a terminal command in quotes": ('subtitle: "\\e[2J"', "book.yaml:5: the character U+001B cannot"),
    "a key": (
        "providers: {hume: {api_key: x}}",
        "book.yaml:5: `api_key` does not belong here; keys",
    ),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_book_yaml(book: Path, what: str) -> None:
    added, said = SETTINGS[what]
    settings = f"title: A Book\nauthor: An Author\n\n\n{added}\n"
    narrators = CAST if what != "a language nobody speaks here" else "Mara: espeak/en+f2\n"

    refuses(book, {"book.yaml": settings.encode(), "cast.yaml": narrators.encode()}, said)


CASTS = {
    "an unknown key": (
        "narrator: {voise: espeak/en}",
        "cast.yaml:1: unknown key 'voise'; did you mean 'voice'?",
    ),
    "an unknown voice": ("Mara: espeak/en-gbb", "cast.yaml:1: unknown voice 'espeak/en-gbb'; did you mean"),
    "an unknown provider": ("Mara: parrot/A", "cast.yaml:1: unknown voice 'parrot/A'; this version records"),
    "an unknown setting": (
        "Mara: {voice: espeak/en, settings: {ptch: 3}}",
        "cast.yaml:1: unknown key 'ptch'; did you mean 'pitch'?",
    ),
    "a setting out of range": (
        "Mara: {voice: espeak/en, settings: {pitch: 300}}",
        "cast.yaml:1: pitch: 300 is not a whole number from 0 to 99",
    ),
    "a role without a voice": ("Mara: {speed: 1}", "cast.yaml:1: role 'Mara' has no voice; add one"),
    "one name for two": (
        "A: {voice: espeak/en, aliases: [X]}\nB: {voice: espeak/en, aliases: [x]}",
        "cast.yaml:2: 'x' names both 'A' and 'B'; keep it on one of them",
    ),
    "a path as a voice": ("Mara: espeak/../../etc/passwd", "cast.yaml:1: unknown voice"),
    "a list": ("[narrator]", "cast.yaml:1: expected `key: value` lines, not a list"),
    "an alias": ("A: &x {voice: espeak/en}\nB: *x", "cast.yaml:1: anchors (`&x`) are not allowed"),
}


@pytest.mark.parametrize("what", CASTS)
def test_cast_yaml(book: Path, what: str) -> None:
    text, said = CASTS[what]

    refuses(book, {"cast.yaml": text.encode()}, said)


def test_lexicon_yaml(book: Path) -> None:
    text = b"Siobhan: shi-VAWN\nHello: {espeek: '[[h@l@U]]'}\n"

    refuses(book, {"lexicon.yaml": text}, "lexicon.yaml:2: unknown key 'espeek'; did you mean 'espeak'?")


MARKS = {
    "front matter": (
        "---\ndirektion: x\n---\n\nHi.\n",
        f"{ONE}:2: unknown key 'direktion'; did you mean 'direction'?",
    ),
    "front matter with a tag": ("---\ntitle: !!set {}\n---\n\nHi.\n", f"{ONE}:2: "),
    "front matter with a bomb": ("---\ntitle: &a [x]\n---\n\nHi.\n", f"{ONE}:2: "),
    "a span": ("# One\n\n[Hi.]{spede=1}\n", f"{ONE}:3: unknown key 'spede'; did you mean 'speed'?"),
    "a speed": ("# One\n\n[Hi.]{speed=nan}\n", f"{ONE}:3: speed=nan is not a number from 0.25 to 4"),
    "a role": ("# One\n\n[Hi.]{.marra}\n", f"{ONE}:3: role 'marra'"),
    "a comment": ("# One\n\nHi. <!-- never closed\n", f"{ONE}:3: a comment opens here"),
    "code": ("# One\n\n```\nHi.\n", f"{ONE}:3: a block of code opens here"),
}


@pytest.mark.parametrize("what", MARKS)
def test_marks_in_the_text(book: Path, what: str) -> None:
    text, said = MARKS[what]

    refuses(book, {ONE: text.encode()}, said)


def test_everything_that_is_wrong_is_said_at_once(book: Path) -> None:
    """In the order of the files; with `--json` the same lines are the one thing on stdout."""
    (book / "book.yaml").write_text("titel: x\nauthor: y\n")
    (book / "cast.yaml").write_text("narrator: {voise: x}\n")

    answer = told("book", book, "--json")

    ended(answer, 3, "book.yaml:1: unknown key 'titel'", "cast.yaml:1: unknown key 'voise'")
    assert [f"error: {line}" for line in answer.result["errors"]] == answer.err.splitlines()


LONG = {
    "words": ("word " * 200_000, 0, "1,001 utterances"),
    "no space": (
        "x" * 1_000_000,
        0,
        f"{ONE}:3: espeak takes 20,000 characters in one go, and 1 line is cut inside a word for it",
    ),
    "stars": ("*" * 1_000_000, 0, "coverage complete"),
}
MORE_LONG = {
    "sentences": ("Some words here. " * 60_000, 0, "60,001 utterances"),
    "quotes": ('"' * 1_000_000, 0, "1,000,000 no words"),
    "open brackets": ("[" * 1_000_000, 0, "1,000,000 no words"),
    "half links": ("[a]( " * 200_000, 0, "coverage complete"),
    "spans": ("[x]{.mara} " * 90_000, 0, "coverage complete"),
    "tags": ("<a " * 330_000, 0, "coverage complete"),
    "comments": ("x" + "<!--" * 250_000, 3, f"{ONE}:3: a comment opens here"),
    "backslashes": ("\\" * 1_000_000, 0, "1,000,000 no words"),
    "code marks": ("".join("`" * (n % 50 + 1) + "a " for n in range(40_000)), 0, "coverage complete"),
    "labels": ("A:" * 500_000, 0, "coverage complete"),
}


@pytest.mark.parametrize("what", LONG)
def test_a_megabyte_on_one_line(book: Path, what: str) -> None:
    read_quickly(book, *LONG[what])


@pytest.mark.soak
@pytest.mark.parametrize("what", MORE_LONG)
def test_a_megabyte_made_to_be_slow(book: Path, what: str) -> None:
    """What parsers are known to read in quadratic time."""
    read_quickly(book, *MORE_LONG[what])


def read_quickly(book: Path, line: str, code: int, said: str) -> None:
    (book / ONE).write_text(f"# One\n\n{line}\n")
    before, began = left(book), time.monotonic()

    answer = told("check", book)

    assert time.monotonic() - began < 60
    assert answer.code == code
    ended(answer, code, said)
    assert left(book) == before


DEEP = {
    "quotes": (">" * 5_000 + " deep", 3, f"{ONE}:3: "),
    "lists": ("- " * 5_000 + "deep", 3, f"{ONE}:3: "),
    "brackets": ("[" * 5_000 + "deep" + "]" * 5_000, 0, "10,007 spoken"),
    "spans": ("[" * 5_000 + "deep" + "]{.mara}" * 5_000, 3, f"{ONE}:3: brackets stand more than 40 deep"),
    "emphasis": ("*_" * 2_500 + "deep" + "_*" * 2_500, 0, "coverage complete"),
    "tags": ("<b>" * 5_000 + "deep" + "</b>" * 5_000, 0, "35,005 markup"),
    "footnotes": ("A" + "^[" * 5_000 + "deep" + "]" * 5_000, 0, "15,004 footnote"),
}


@pytest.mark.parametrize("what", DEEP)
def test_five_thousand_levels(book: Path, what: str) -> None:
    line, code, said = DEEP[what]
    (book / ONE).write_text(f"# One\n\n{line}\n")
    before = left(book)

    answer = told("check", book)

    ended(answer, code, said)
    assert left(book) == before
