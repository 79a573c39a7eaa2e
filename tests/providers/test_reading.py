"""Answers as JSON, or as text where sound should be."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.providers.reading import begins_as_text, object_or_empty, objects, opening, whole
from narrator.transport import BrokenAnswer

OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5)), max_size=4)


@settings(deadline=None, max_examples=50)
@given(OBJECTS, st.sampled_from(["", "\n", " \r\n\t", "\n\n"]), st.booleans())
def test_objects_are_read_however_they_are_spaced(
    found: list[dict[str, object]], space: str, marked: bool
) -> None:
    body = space.join(json.dumps(each) for each in found).encode()

    assert list(objects((b"\xef\xbb\xbf" if marked else b"") + body + space.encode())) == found


@pytest.mark.parametrize("body", [b'{"a": 1}', b'\xef\xbb\xbf{\n  "a": 1\n}\n', b'{"a":\r\n1}\r\n'])
def test_a_whole_answer_may_have_many_lines(body: bytes) -> None:
    assert whole([body]) == {"a": 1}
    assert whole(body[at : at + 1] for at in range(len(body))) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a":1} {"b":2}', "2 JSON objects"),
        (b"[{}]", "a list in place of an object"),
        (b"{", "no JSON"),
        (b'{"a": NaN}', "no JSON"),
        (b'{"a": "\xff"}', "no JSON, or is cut$"),
        (b"[" * 200_000, "no JSON, or is cut$"),
        (b"<html><b>Bad</b> gateway</html>", "Bad gateway"),
    ],
)
def test_a_whole_answer_is_one_object(body: bytes, reason: str) -> None:
    with pytest.raises(BrokenAnswer, match=reason):
        whole([body])


@pytest.mark.parametrize(
    ("body", "found"),
    [(b'{"a": 1}', {"a": 1}), ('{"a": 1}', {"a": 1}), (b"[]", {}), (b"", {}), (b"{", {}), (b"\xff", {})],
)
def test_what_may_be_an_object(body: bytes | str, found: dict[str, int]) -> None:
    assert object_or_empty(body) == found


def test_an_opening_is_no_longer_than_it_must_be() -> None:
    """What follows is still to come; blanks tell nothing."""

    def pieces() -> Iterator[bytes]:
        yield from (b"", b" \n", b"ab", b"cd", b"ef")

    coming = pieces()
    assert opening(coming) == b" \nab"
    assert list(coming) == [b"cd", b"ef"]
    assert opening(pieces(), least=3) == b" \nabcd"
    assert opening(pieces(), least=100) == b" \nabcdef"
    assert opening(iter([b" ", b"\n"])) == b" \n"
    assert opening(iter([])) == b""


def test_text_is_told_from_files_of_sound() -> None:
    for text in (b"{}", b" [1]", b'"no"', b"\n<html>", b"\xef\xbb\xbf{"):
        assert begins_as_text(text)
    for file in (b"RIFF\0\0\0\0WAVE", b"ID3\4", b"\xff\xfb\x90", b"fLaC", b"OggS", b""):
        assert not begins_as_text(file)
