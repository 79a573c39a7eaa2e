"""A sidecar is read as it was written, in whatever part and order; and what was changed is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator import sidecar
from narrator.errors import DamagedTake
from narrator.manuscript import Mark
from narrator.takes import Level, PhonemeTime, Request, Spoken, Take, Word, WordTime

KEYS = [b'"phonemes":', b',"rate":', b'"request":', b',"samples":', b'"words":', b',"written_sha256":"']
"""What reading looks for: as text of somebody's they must lead nowhere."""
TRICKS = st.sampled_from([*(key.decode() for key in KEYS), '","words":[[1,2]],"written_sha256":"', '\\",'])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | TRICKS
NAMES = st.tuples(TEXT, TEXT)
NUMBERS = st.integers(0, 10**9)


@st.composite
def takes(draw: st.DrawFn) -> Take:
    words = draw(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4))
    request = Request(
        provider=draw(TEXT),
        voice=draw(TEXT),
        spoken=Spoken(
            text=draw(TEXT),
            marks=tuple(
                Mark(kind="say", start=0, end=1, value=value) for value in draw(st.lists(TEXT, max_size=2))
            ),
            words=tuple(Word(start, end, start, end) for start, end in words),
        ),
        direction=draw(st.none() | TEXT),
        settings=tuple(draw(st.lists(NAMES, max_size=2))),
    )
    samples = draw(NUMBERS)
    return Take(
        id="0123456789abcdef",
        key=request.key,
        flac_bytes=draw(NUMBERS),
        flac_sha256="0" * 64,
        rate=draw(st.integers(1, 48_000)),
        samples=samples,
        request=request,
        words=tuple(WordTime(start, end) for start, end in words),
        word_source="service",
        phonemes=tuple(
            PhonemeTime(*each) for each in draw(st.lists(st.tuples(TEXT, NUMBERS, NUMBERS), max_size=3))
        ),
        ids=tuple(draw(st.lists(NAMES, max_size=3))),
        transcript=draw(TEXT),
        cost=draw(st.floats(0, 10)),
        currency=draw(TEXT),
        level=Level(peak=0.5, energy=0.0, speech_start_sample=0, speech_end_sample=samples),
        after=draw(st.none() | TEXT),
        recorded_at=draw(TEXT),
        took_ms=draw(NUMBERS),
    )


def take() -> Take:
    """One with everything in it."""
    request = Request(
        provider="espeak",
        voice="en",
        spoken=Spoken(text="Hello.", words=(Word(0, 6, 0, 6),)),
        settings=(("pitch", 50),),
    )
    return Take(
        id="0123456789abcdef",
        key=request.key,
        flac_bytes=77,
        flac_sha256="0" * 64,
        rate=22_050,
        samples=2205,
        request=request,
        words=(WordTime(100, 1900),),
        word_source="engine",
        phonemes=(PhonemeTime("h", 100, 200), PhonemeTime("ə", 200, 900)),
        ids=(("generation", "g-1"),),
        level=Level(peak=0.25, energy=10.5, speech_start_sample=90, speech_end_sample=2000),
        recorded_at="2026-11-20T10:00:00Z",
        took_ms=7,
    )


def read(content: bytes) -> Take:
    there = take()
    return sidecar.read(content, key=there.key, take_id=there.id)


def changed(content: bytes, **changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(content) | changes
    return told


def resealed(told: dict[str, Any]) -> bytes:
    """Sealed as narrator would, whatever it says: a forgery."""
    told.pop("written_sha256", None)
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return text[:-1] + b',"written_sha256":"' + hashlib.sha256(text).hexdigest().encode() + b'"}'


@settings(deadline=None, max_examples=60)
@given(takes())
def test_what_was_written_is_read(written: Take) -> None:
    """Each part as it was, whichever is asked for first; also where texts look like the file's own keys."""
    content, sealed = sidecar.write(written)
    assert replace(sealed, written_sha256="") == written
    for first in (field.name for field in fields(Take)):
        found = sidecar.read(content, key=written.key, take_id=written.id)
        assert getattr(found, first) == getattr(sealed, first)
        assert found == sealed


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_byte_can_be_another_unnoticed(data: st.DataObject) -> None:
    """One byte changed, put in or left out is damage, or at worst white space between the same words."""
    content, sealed = sidecar.write(take())
    at = data.draw(st.integers(0, len(content) - 1))
    middle = data.draw(st.binary(max_size=2))
    spoiled = content[:at] + middle + content[at + 1 :]
    try:
        found = read(spoiled)
    except DamagedTake:
        return
    assert found == sealed
    assert json.loads(spoiled) == json.loads(content)


def test_a_seal_never_changes() -> None:
    """There are as many as takes in every store there is."""
    content, sealed = sidecar.write(take())
    assert sealed.written_sha256 == "28839d9d1b834372d29d156dd644db7b35469da4a9d6da62d83091a0fcebac42"
    assert json.loads(content)["written_sha256"] == sealed.written_sha256
    assert hashlib.sha256(content).hexdigest().startswith("fe3fe989b866de4a")


def test_one_from_before_there_were_seals() -> None:
    content, sealed = sidecar.write(take())
    told = json.loads(content)
    del told["written_sha256"]
    found = read(json.dumps(told).encode())
    assert found == take()
    assert found.written_sha256 == ""
    assert sealed == replace(take(), written_sha256=sealed.written_sha256)


@pytest.mark.parametrize("indent", [None, 2])
def test_one_that_somebody_formatted(indent: int | None) -> None:
    """The same in other white space and another order is the same take."""
    content, sealed = sidecar.write(take())
    told = dict(reversed(json.loads(content).items()))
    assert read(json.dumps(told, indent=indent).encode()) == sealed


def test_a_copy_with_something_else_is_an_ordinary_take() -> None:
    content, sealed = sidecar.write(take())
    other = replace(read(content), took_ms=8)
    assert other != sealed
    assert sidecar.write(other)[1].written_sha256 != sealed.written_sha256
    assert hash(read(content)) == hash(sealed)


NOT_WRITTEN, OTHER = "its sidecar is not what was written", "its sidecar holds another request"
CONTRADICTION, UNPARSED = "its sidecar contradicts itself", "its sidecar does not parse"
CHANGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "word": ({"words": [[101, 1900]]}, NOT_WRITTEN, ""),
    "cost": ({"cost": 1.0}, NOT_WRITTEN, ""),
    "level": (
        {"level": {"peak": 0.25, "energy": 10.5, "speech_start_sample": 9, "speech_end_sample": 9999}},
        CONTRADICTION,
        CONTRADICTION,
    ),
    "rate": ({"rate": 0}, CONTRADICTION, CONTRADICTION),
    "no number": ({"samples": "many"}, UNPARSED, UNPARSED),
    "of a later narrator": ({"colour": "red"}, UNPARSED, UNPARSED),
    "later still": ({"zone": "red"}, UNPARSED, UNPARSED),
    "too many words": ({"words": [[1, 2], [3, 4]]}, CONTRADICTION, CONTRADICTION),
    "words of another kind": ({"words": ["Hello"]}, UNPARSED, UNPARSED),
    "phonemes of another kind": ({"phonemes": {}}, UNPARSED, UNPARSED),
    "request of another kind": ({"request": []}, UNPARSED, UNPARSED),
    "seal": ({"written_sha256": "0" * 64}, NOT_WRITTEN, ""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_sidecar_that_was_changed(what: str) -> None:
    """It says what is wrong, and where nothing else is, that it is not what was written."""
    content, _ = sidecar.write(take())
    changes, reason, _ = CHANGES[what]
    with pytest.raises(DamagedTake, match=reason):
        read(json.dumps(changed(content, **changes)).encode())


@pytest.mark.parametrize("what", CHANGES)
def test_a_forged_seal_makes_nothing_usable(what: str) -> None:
    """Projects come from anywhere: what cannot be used is refused, at the latest when it is asked for."""
    content, _ = sidecar.write(take())
    changes, _, reason = CHANGES[what]
    forged = resealed(changed(content, **changes))

    def use() -> list[object]:
        found = read(forged)
        return [getattr(found, field.name) for field in fields(Take)]

    if not reason:
        assert len(use()) == len(fields(Take))
        return
    with pytest.raises(DamagedTake, match=reason):
        use()


def test_a_forged_request() -> None:
    content, _ = sidecar.write(take())
    told = json.loads(content)
    forged = resealed(changed(content, request=told["request"] | {"voice": "de"}))
    with pytest.raises(DamagedTake, match=OTHER):
        _ = read(forged).request


LACKING: list[Callable[[dict[str, Any]], object]] = [
    lambda told: told.pop("words"),
    lambda told: told.pop("request"),
    lambda told: told.pop("rate"),
    lambda told: told.pop("id"),
]


@pytest.mark.parametrize("lose", LACKING)
def test_a_forgery_that_lacks_something(lose: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads(sidecar.write(take())[0])
    lose(told)
    with pytest.raises(DamagedTake, match=UNPARSED):
        read(resealed(told))


@pytest.mark.parametrize("part", ["id", "key"])
def test_the_sidecar_of_another_take(part: str) -> None:
    there = take()
    place = {"key": there.key, "take_id": there.id} | {"take_id" if part == "id" else part: "f" * 16}
    with pytest.raises(DamagedTake, match="its sidecar is that of take"):
        sidecar.read(sidecar.write(there)[0], **place)
