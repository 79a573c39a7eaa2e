"""The reader finds the same objects however the bytes come, and says so when they are none."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.providers.hume.stream import objects
from narrator.transport import BrokenAnswer

Object = dict[str, Any]

TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["\u2028", "\u2029\x85", "\x0b\x0c", "data: x", "[DONE]", "\\", '"', "\ufeff", "😀"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=6)


def read(data: bytes, places: Sequence[int] = ()) -> list[Object]:
    """The objects of *data*, which comes in pieces cut at these places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return list(map(dict, objects(iter([data[start:end] for start, end in itertools.pairwise(edges)]))))


def written(found: Object, *, ascii_only: bool = False) -> str:
    return json.dumps(found, ensure_ascii=ascii_only)


@st.composite
def framed(draw: st.DrawFn) -> tuple[list[Object], bytes]:
    """Objects, and bytes that hold them in one of the framings that a server might choose, or in several."""
    found = draw(OBJECTS)
    text = draw(st.sampled_from(["", "\ufeff"]))
    noise = st.sampled_from(["", "\n\n", "\n: ping\n", "\n:\nevent: x\n", "\nid: 7\nretry: 10\n", "\nid\n"])
    for each in found:
        text += draw(noise)
        line = written(each, ascii_only=draw(st.booleans()))
        match draw(st.sampled_from(["line", "same line", "data", "data in two lines"])):
            case "line":
                text += f"{line}\n"
            case "same line":
                text += f" {line}\t"
            case "data":
                text += f"\n{draw(st.sampled_from(['data: ', 'data:']))}{line}\n\n"
            case "data in two lines":
                text += f"\nevent: audio\ndata: {line[:1]}\ndata: {line[1:]}\n\n"
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    end = ["", "\n", "[DONE]", "\n[DONE]\n{", "\ndata: [DONE]\n\nrubbish", "\ndata:[DONE]"]
    return found, (text + draw(st.sampled_from(end))).encode()


@settings(deadline=None, max_examples=100)
@given(framed(), st.lists(st.integers(0, 10**6), max_size=8))
def test_any_framing_in_any_pieces(sent: tuple[list[Object], bytes], places: list[int]) -> None:
    """Lines, an event stream or both; line ends of either kind; cut anywhere, within a character too."""
    found, data = sent

    assert read(data, places) == found
    assert read(data, range(len(data))) == found


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=80) | OBJECTS.map(lambda each: json.dumps(each).encode()), st.integers(0, 10**6))
def test_any_bytes_are_objects_or_a_broken_answer(data: bytes, place: int) -> None:
    def outcome(places: Sequence[int]) -> list[Object] | str:
        try:
            return read(data, places)
        except BrokenAnswer as broken:
            return broken.reason

    assert outcome([place]) == outcome([]) == outcome(range(len(data)))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"\r\n\r\n \n", []),
        (b"\xef\xbb\xbf", []),
        (b'{"a":1}\r\n{"b":2}\r\n', [{"a": 1}, {"b": 2}]),
        (b'{"a":1}', [{"a": 1}]),  # the last line has no end
        (b'{"a":1}{"b":2} {"c":3}\n', [{"a": 1}, {"b": 2}, {"c": 3}]),
        (b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]', [{"a": 1}, {"b": 2}]),  # no blank lines
        (b'data: {"a":\ndata: 1}\n: ping\ndata:\n\n', [{"a": 1}]),
        (b'data: {"a":1}\n{"b":2}\n\ndata\n\n', [{"a": 1}, {"b": 2}]),
        (b'{"a":1}\n[DONE]\n{"b":2}\n', [{"a": 1}]),
        (b'{"a":1}[DONE]', [{"a": 1}]),
        (b'{"t":"a\xe2\x80\xa8b\xc2\x85c"}\n', [{"t": "a\u2028b\x85c"}]),
    ],
)
def test_lines(data: bytes, found: list[Object]) -> None:
    assert read(data) == found


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}\n{"b"',
        b'{"a":1}\nrubbish\n',
        b"<html>",
        b"[1]",
        b'"text"',
        b"null",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b'{"a":"\xe2\x80',
        b'{"a":1,}',
        b'data: {"a":1}x\n\n',
        b'\n\xef\xbb\xbf{"a":1}',  # the mark belongs to the very start
        b'{"a":' * 200_000,
        b"[" * 200_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_object_breaks_the_answer(data: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        read(data)


def test_objects_come_as_soon_as_their_line_is_complete() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"a":1}\n{"b"'
        seen.append("first asked for more")
        yield b":2}\n[DONE]\n"
        pytest.fail("nothing is asked for after the end")

    seen: list[object] = []
    seen.extend(objects(pieces()))

    assert seen == [{"a": 1}, "first asked for more", {"b": 2}]


def test_what_came_before_the_fault_is_read() -> None:
    """So that an error object is heard though the connection breaks in the middle of the next line."""
    reader = objects(iter([b'{"type":"error"}\n{"a']))

    assert next(reader) == {"type": "error"}


def test_a_line_of_any_length_takes_time_in_proportion() -> None:
    """16 MB in pieces of 100 bytes: joined at each piece, they would take minutes."""
    line = b'{"audio":"' + b"A" * 16_000_000 + b'"}\n'
    began = time.process_time()
    (found,) = objects(line[start : start + 100] for start in range(0, len(line), 100))

    assert len(str(found["audio"])) == 16_000_000
    assert time.process_time() - began < 5
