from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import ConfigurationError, ProjectError
from narrator.settings.nodes import LIMIT_DEPTH, Scalar, Series, Table, parse


def read(content: str | bytes) -> tuple[Table | None, list[str]]:
    problems: list[ProjectError] = []
    data = content.encode() if isinstance(content, str) else content
    table = parse(data, file="a.yaml", problems=problems)
    assert all(isinstance(problem, ConfigurationError) for problem in problems)
    return table, [str(problem) for problem in problems]


def test_every_value_keeps_its_text_and_its_line() -> None:
    table, problems = read("# a comment\nyear: 2026\nlist:\n  - 'no'\n  - no\ninner: {a: 1:30}\n")

    assert problems == []
    assert table == Table(
        (
            (Scalar("year", 2), Scalar("2026", 2)),
            (Scalar("list", 3), Series((Scalar("no", 4, plain=False), Scalar("no", 5)), 4)),
            (Scalar("inner", 6), Table(((Scalar("a", 6), Scalar("1:30", 6)),), 6)),
        ),
        2,
    )


@pytest.mark.parametrize(
    "content", ["", "# only a comment\n", "---\n", "---\n...\n", "\n\n", "~", "null", "{}"]
)
def test_an_empty_file_is_an_empty_mapping(content: str) -> None:
    table, problems = read(content)

    assert table is not None
    assert (table.entries, problems) == ((), [])


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa: b\n", b"a: b\r\n", b"a: b\r", b"%YAML 1.2\n---\na: b\n...\n"]
)
def test_byte_order_mark_line_ends_and_document_marks_are_taken(content: bytes) -> None:
    table, problems = read(content)

    assert problems == []
    assert table is not None
    assert [(key.text, value) for key, value in table.entries] == [("a", Scalar("b", table.line))]


def test_lines_are_right_after_a_byte_order_mark_and_with_crlf() -> None:
    table, _ = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n\r\nc: 3\r\n")

    assert table is not None
    assert [(key.text, key.line) for key, _ in table.entries] == [("a", 1), ("b", 2), ("c", 4)]


def test_quotes_blocks_and_text_tags_say_that_a_value_is_text() -> None:
    table, _ = read("a: 1\nb: '1'\nc: \"1\"\nd: |-\n  1\ne: !!str 1\nf: ! 1\ng: !!int 1\n")

    assert table is not None
    plain = [value.plain for _, value in table.entries if isinstance(value, Scalar)]
    assert plain == [True, False, False, False, False, False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: &x 1\n", "a.yaml:1: anchors (`&x`) are not allowed; take it out"),
        ("a: 1\nb: &x {c: d}\n", "a.yaml:2: anchors (`&x`) are not allowed; take it out"),
        ("a: 1\nb: *x\n", "a.yaml:2: aliases (`*x`) are not allowed; write the value out"),
        (
            "a: !!python/name:os.system\n",
            "a.yaml:1: the tag 'tag:yaml.org,2002:python/name:os.system' is not allowed here; take it out",
        ),
        ("a: 1\nb: !secret x\n", "a.yaml:2: the tag '!secret' is not allowed here; take it out"),
        ("a: !!map [x]\n", "a.yaml:1: the tag 'tag:yaml.org,2002:map' is not allowed here; take it out"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: 'a' is already set on line 1; keep one of them"),
        ("a: {b: 1, c: 2,\n  b: 3}\n", "a.yaml:2: 'b' is already set on line 1; keep one of them"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: a second document begins here; keep one"),
        ("- a\n- b\n", "a.yaml:1: expected `key: value` lines, not a list"),
        ("\njust words\n", "a.yaml:2: expected `key: value` lines, not 'just words'"),
        ("a: 1\n? [b, c]\n: 2\n", "a.yaml:2: a key must be plain text; put quotes around it"),
        ("{[a]: 1}", "a.yaml:1: a key must be plain text; put quotes around it"),
        ('a: 1\nb: "bell \\a"\n', "a.yaml:2: the character U+0007 cannot be spoken; take it out"),
        ('a: 1\n"b\\0": 1\n', "a.yaml:2: the character U+0000 cannot be spoken; take it out"),
    ],
)
def test_what_a_settings_file_may_not_hold(content: str, message: str) -> None:
    assert read(content)[1] == [message]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: caf\xe9\n", "a.yaml:2: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "a.yaml:1: this is UTF-16; save it as UTF-8"),
        (b"a: 1\nb: x\0y\n", "a.yaml:2: the character U+0000 cannot stand here; take it out"),
        (b"a: 1\n\nb: \x1b[2J\n", "a.yaml:3: the character U+001B cannot stand here; take it out"),
    ],
)
def test_what_is_no_text_names_its_line(content: bytes, message: str) -> None:
    assert read(content) == (None, [message])


@pytest.mark.parametrize(
    ("content", "line", "hint"),
    [
        ("a: 1\nb: Mara: a life\n", 2, "put a text that holds `: ` in quotes"),
        ("a: 1\n  b: 2\n", 2, "check the indentation"),
        ("a:\n\t- b\n", 2, "indent with spaces"),
        ("a: @mara\n", 1, "put a text that begins with @, `, % or a tab in quotes"),
        ("a: [1,\n  2\nb: 3\n", 3, "begun on line 1"),
        ("a: 'x\nb: 3\n", 2, "begun on line 1"),
        ("a: {b: c", 1, "not valid YAML"),
        ("a: [1\n", 1, "not valid YAML"),
    ],
)
def test_a_slip_of_the_pen_names_its_line_and_what_to_do(content: str, line: int, hint: str) -> None:
    table, [problem] = read(content)

    assert table is None
    assert problem.startswith(f"a.yaml:{line}: not valid YAML: ")
    assert hint in problem


def test_equal_keys_keep_the_first_and_the_rest_is_read() -> None:
    table, problems = read("a: 1\na: 2\nb: 3\nb: 4\n")

    assert len(problems) == 2
    assert table is not None
    assert [(key.text, value) for key, value in table.entries] == [
        ("a", Scalar("1", 1)),
        ("b", Scalar("3", 3)),
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 400_000,
        "a: " + "[" * 400_000,
        "a:\n" + " [\n" * 100_000,
        "{a: " * 100_000,
        "".join(" " * depth + f"a{depth}:\n" for depth in range(1000)),
        "- " * 100_000,
        "? " * 100_000,
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
        "a: &a\n  b: *a\n",
        "a: &a {<<: *a}\n",
    ],
    ids=["open", "open-in", "lines", "maps", "indents", "dashes", "keys", "laughs", "itself", "merge"],
)
def test_a_bomb_is_refused_at_once(bomb: str) -> None:
    began = time.perf_counter()
    table, [problem] = read(bomb)

    assert table is None
    assert f"nested more than {LIMIT_DEPTH} levels deep" in problem or "not allowed" in problem
    assert time.perf_counter() - began < 5, "a bomb that goes off takes minutes"


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,? \n\t\\0~é\u2028\ufeff", max_size=60))
def test_anything_at_all_is_read_or_refused(content: bytes | str) -> None:
    """No file makes the reader raise; one that cannot be read has said why."""
    table, problems = read(content if isinstance(content, bytes) else content.encode())

    assert table is not None or len(problems) == 1
