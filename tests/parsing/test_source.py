from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import ManuscriptError
from narrator.parsing.source import Page, Source, decode


def test_decode_keeps_mark_and_line_ends() -> None:
    """The text is the file's, character for character."""
    data = b"\xef\xbb\xbfOne\r\ntwo\rthree\n"

    assert decode("a.md", data) == Source("a.md", "\ufeffOne\r\ntwo\rthree\n")


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"one\ntwo\r\ncaf\xe9\n", 3, "0xe9"),
        (b"one\rtwo\rthr\xffee", 3, "0xff"),
        (b"\xff\xfeo\0n\0e\0", 1, "UTF-16"),
        (b"one\n\ncut short \xe2\x80", 3, "0xe2"),
        (b"surrogate \xed\xa0\x80", 1, "0xed"),
    ],
)
def test_bytes_that_are_not_utf8(data: bytes, line: int, words: str) -> None:
    """The line of the first bad byte is named, and what to do."""
    with pytest.raises(ManuscriptError, match=words) as caught:
        decode("manuscript/01.md", data)

    assert (caught.value.file, caught.value.line) == ("manuscript/01.md", line)
    assert "save the file as UTF-8" in str(caught.value)


def test_nul() -> None:
    """NUL is valid UTF-8 and still no text."""
    with pytest.raises(ManuscriptError, match=r"^a\.md:2: a NUL character"):
        decode("a.md", b"one\r\ntw\0o")


@given(st.text(alphabet="ab\r\n\ufeff€\u2028", max_size=40))
@settings(deadline=None, max_examples=200)
def test_every_character_finds_its_way_back(text: str) -> None:
    """An offset in the normalised text leads to the same character in the file."""
    page = Page(Source("a.md", text))

    for at, char in enumerate(page.text):
        original = text[page.original(at) : page.original(at + 1)]
        assert original == char or (char == "\n" and original in ("\r", "\r\n"))
        assert page.line(at) == 1 + page.text[:at].count("\n")
    assert page.original(len(page.text)) == len(text)
