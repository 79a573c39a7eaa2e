"""Server-sent events, whichever way they are cut into pieces."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.providers.playht.events import Event, events

NAMES = st.sampled_from(["generating", "completed", "ping", "error", "Nächstes"])
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)
END = st.sampled_from(["\r\n", "\n", "\r"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """A stream and its events, written as a server may write them."""
    end = draw(END)
    text, found = draw(st.sampled_from(["", "\ufeff"])), []
    for _ in range(draw(st.integers(0, 5))):
        name, data = draw(st.none() | NAMES), draw(st.lists(VALUES, max_size=3))
        rows = [f"event:{draw(st.sampled_from(['', ' ']))}{name}"] if name else []
        rows += [f"data: {each}" for each in data]
        rows += draw(st.lists(st.sampled_from([": a comment", ":", "id: 7", "retry: 10", "odd"]), max_size=2))
        text += "".join(row + end for row in rows) + end
        if data:
            found.append(Event(name or "message", "\n".join(data)))
    return (text + draw(st.sampled_from(["", "data: cut", "event: completed"]))).encode(), found


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@settings(deadline=None, max_examples=150)
@given(streams(), st.lists(st.integers(0, 1000), max_size=12), st.integers(0, 3))
def test_events_do_not_depend_on_how_they_come(
    case: tuple[bytes, list[Event]], cuts: list[int], empty: int
) -> None:
    stream, found = case
    assert list(events(pieces(stream, cuts) + [b""] * empty)) == found
    assert list(events(bytes([byte]) for byte in stream)) == found
    assert list(events([stream])) == found


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_are_events_or_none(data: bytes, cuts: list[int]) -> None:
    assert list(events(pieces(data, cuts))) == list(events([data]))


def test_an_event_is_given_as_soon_as_it_has_come() -> None:
    """Not with the next one: a job may be long."""
    for end in (b"\r\n", b"\n", b"\r"):
        came: list[str] = []

        def stream(end: bytes = end, came: list[str] = came) -> object:
            yield b"event: completed" + end + b"data: {}" + end + end
            came.append("more was asked for")
            yield b""

        found = events(stream())  # type: ignore[arg-type]
        assert next(found) == Event("completed", "{}")
        assert came == []


def test_the_recorded_shapes() -> None:
    """As they came from the service, CRLF and all."""
    text = (
        'event: generating\r\ndata: {"id":"4qiAHtediaz6i1tPbk","progress":0,"stage":"queued"}\r\n\r\n'
        "event: ping\r\ndata: 2024-02-01T10:00:00.000Z\r\n\r\n"
        'event: completed\r\ndata: {"id":"x","progress":1,"stage":"complete","url":"https://a/b.mp3",'
        '"duration":1.2053,"size":25965}\r\n\r\n'
    )
    found = list(events([text.encode()]))
    assert [event.name for event in found] == ["generating", "ping", "completed"]
    assert json.loads(found[2].data)["size"] == 25965


def test_a_line_without_end_ends_it() -> None:
    with pytest.raises(ValueError, match="without end"):
        list(events([b"data: "] + [b"x" * 65536] * 20))
