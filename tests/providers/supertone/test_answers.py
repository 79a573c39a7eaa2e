"""Answers of every shape, whole, cut and broken: what is kept is the sound that was made, or nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.errors import KeyMissing, OutOfCredit, ProviderError, RequestRefused
from narrator.providers.supertone.answers import Answered, duration_ms, read
from narrator.takes import Generation
from narrator.transport import BrokenAnswer, Pieces
from tests.outside import Answer, lines, said
from tests.providers.supertone.asking import HASTY, at, request
from tests.providers.supertone.sona import (
    RATE,
    STREAMING,
    Body,
    Shape,
    Sona,
    cut_off,
    in_json,
    no,
    objects,
    phonemes,
    samples,
    streamed,
    trailed,
    wav,
    whole,
)

TEXT = "Don't move, she said."
LETTERS = sum(map(str.isalnum, TEXT))
SOUND = samples(TEXT)
FILE = wav(SOUND)
TOLD = phonemes(TEXT)
BODY: Body = {
    "text": TEXT,
    "voice_settings": {"speed": 1.0},
    "include_phonemes": True,
    "model": "sona_speech_1",
}


class Given(Pieces):
    """An answer that nobody sent."""

    def __init__(
        self, pieces: Sequence[bytes], headers: Mapping[str, str] = {}, trailers: Mapping[str, str] = {}
    ) -> None:
        self._left, self._headers, self._trailers = iter(pieces), headers, trailers

    def __next__(self) -> bytes:
        return next(self._left)

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def trailers(self) -> Mapping[str, str]:
        return self._trailers


def heard(*pieces: bytes, letters: int = LETTERS, speed: float = 1.0, **rest: Any) -> Answered:
    """What is made of an answer."""
    return read(Given(pieces, **rest), letters=letters, speed=speed, keyed=True)


def rows(*values: object) -> bytes:
    """One JSON value a line."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def generated(answer: Answer, *, stream: bool = True) -> Generation:
    """What Supertone makes of one answer to a request for speech, and nothing else."""
    with Sona() as sona, closing(at(sona, stream=stream, patience=HASTY._replace(attempts=1))) as supertone:
        sona.add(sona.answer, answer)
        (made,) = supertone.generate(request(TEXT))
    return made


SHAPES: Mapping[str, bytes] = {
    "a file": FILE,
    "a file of unknown size": wav(SOUND, size=STREAMING),
    "a file that says it is empty": wav(SOUND, size=0),
    "a file whose samples begin late": wav(SOUND, notes=b"x" * 333 + b"."),
    "one object": json.dumps(in_json(FILE, TOLD)).encode(),
    "one object over several lines": json.dumps(in_json(FILE, TOLD), indent=2).encode(),
    "one object behind a mark": b"\xef\xbb\xbf" + rows(in_json(FILE, None)),
    "an object without phonemes": json.dumps({"audio_base64": base64.b64encode(FILE).decode()}).encode(),
    "lines with both": rows(*objects(FILE, TOLD, "both")),
    "lines with either": rows(*objects(FILE, TOLD, "alternating")),
    "lines with either, phonemes first": rows(
        *objects(FILE, TOLD, "alternating")[::-1][:1], in_json(FILE, None)
    ),
    "lines that end in CRLF": rows(*objects(FILE, TOLD, "both")).replace(b"\n", b"\r\n"),
    "lines with blank ones between": rows(*objects(FILE, TOLD, "both")).replace(b"\n", b"\n \n\n"),
    "lines without a last end": rows(*objects(FILE, TOLD, "both"))[:-1],
    "lines with one that holds nothing": rows(in_json(FILE, TOLD), in_json(None, None), {}),
    "lines of one field each": rows(
        *({k: v for k, v in row.items() if v is not None} for row in objects(FILE, TOLD, "alternating"))
    ),
    "many lines": rows(*objects(wav(SOUND, size=STREAMING), TOLD, "both", 40)),
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_the_sound_is_the_same_in_every_shape(body: bytes) -> None:
    answered = heard(body)

    assert answered.rate == RATE
    assert np.array_equal(answered.pcm, SOUND)


@pytest.mark.parametrize("shape", ["both", "alternating"])
@pytest.mark.parametrize("pieces", [1, 3, 20])
def test_phonemes_go_on_from_line_to_line(shape: Shape, pieces: int) -> None:
    """Their times count from the beginning of the answer, wherever its lines end."""
    answered = heard(rows(*objects(FILE, TOLD, shape, pieces)))

    assert answered.phonemes == heard(rows(in_json(FILE, TOLD))).phonemes
    assert len(answered.phonemes) == LETTERS


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_where_an_answer_is_divided_makes_no_difference(data: st.DataObject) -> None:
    body = SHAPES[data.draw(st.sampled_from(sorted(SHAPES)))]
    edges = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=9)))
    pieces = [body[start:end] for start, end in zip([0, *edges], [*edges, len(body)], strict=True)]

    assert np.array_equal(heard(*pieces).pcm, SOUND)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_lines_that_are_cut_are_never_a_whole_answer(data: st.DataObject) -> None:
    """Wherever the cut is: within a line it is no JSON, between two its phonemes or its pace betray it."""
    shape: Shape = data.draw(st.sampled_from(["both", "alternating"]))
    body = rows(*objects(FILE, TOLD, shape, 5))
    at_ = data.draw(st.integers(0, len(body) - 3))
    tolerated = 0.25 * RATE

    try:
        answered = heard(body[:at_])
    except BrokenAnswer:
        return
    # The one place that nothing betrays: behind a line, what follows is not known to be missing.
    assert body[at_ - 1 : at_] in b"\n}"
    said_s = max((each.end_sample for each in answered.phonemes), default=0)
    assert len(answered.pcm) >= said_s - tolerated


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_garbage_is_a_broken_answer(garbage: bytes, after: bool) -> None:
    body = rows(in_json(FILE, TOLD)) + b"{" + garbage if after else garbage
    try:
        answered = heard(body)
    except (BrokenAnswer, ProviderError):
        return
    assert len(answered.pcm) * 1000 / answered.rate >= LETTERS * 10


BROKEN: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "a page": (b"<html><b>Welcome</b></html>", "Welcome"),
    "a list": (b"[]", "a list in place of an object"),
    "text": (b'"yes"', "text .* in place of an object"),
    "not a number": (b'{"audio_base64": NaN}', "no JSON"),
    "half a line": (rows(in_json(FILE, TOLD))[:-9], "no JSON, or is cut"),
    "half a letter": (b'{"audio_base64": "\xff"}', "no JSON"),
    "no sound": (rows(in_json(None, TOLD)), "no sound"),
    "an empty sound": (rows(in_json(b"", TOLD)), "no sound"),
    "no base64": (rows({"audio_base64": "????"}), "no base64"),
    "sound that is no text": (rows({"audio_base64": 4}), "in place of text"),
    "no file": (b"\1\0\2\0" * 9000, "it is no WAV, MP3, FLAC or Ogg file"),
    "another kind of file": (b"OggS" + b"\0" * 9000, "cannot be used"),
    "a header alone": (wav(SOUND[:0]), "no sound|without samples"),
    "a header that is cut": (FILE[:30], "header"),
    "half a sample": (FILE + b"\1", "whole number of samples"),
    "silence": (wav(np.zeros_like(SOUND)), "silence"),
    "next to nothing": (wav(SOUND[: RATE // 10]), "100 ms of sound came for 15 letters"),
    "phonemes and half of their sound": (rows(in_json(wav(SOUND[: len(SOUND) // 2]), TOLD)), "said to come"),
    "lines of which the last is missing": (
        rows(in_json(FILE[: 44 + len(SOUND)], None), in_json(None, TOLD)),
        "said to come",
    ),
    "an error": (no(500, "try again").body, "try again"),  # type: ignore[dict-item]  # bytes, as said() makes
    "an error without a status": (rows({"status": "error", "message": "sorry"}), "sorry"),
}


@pytest.mark.parametrize(("body", "match"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_used_is_broken(body: bytes, match: str) -> None:
    with pytest.raises(BrokenAnswer, match=match):
        heard(body)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"message": "no credits", "statusCode": 402}, OutOfCredit),
        ({"message": ["text is wrong"], "status_code": 400}, RequestRefused),
        ({"message": "who are you?", "statusCode": 401}, ProviderError),
    ],
)
def test_an_error_among_the_lines_is_what_it_says(message: object, kind: type[ProviderError]) -> None:
    """Where sound came before it, that may have been billed."""
    row = {"status": "error", "message": message}
    with pytest.raises(kind) as before:
        heard(rows(row))
    with pytest.raises(kind) as after:
        heard(rows(*objects(FILE, TOLD, "both")[:1], row))

    assert (before.value.begun, after.value.begun) == (False, True)


def test_without_a_key_an_error_asks_for_one() -> None:
    body = rows({"message": {"message": "who?", "statusCode": 401}})
    with pytest.raises(KeyMissing):
        read(Given([body]), letters=LETTERS, speed=1.0, keyed=False)


@pytest.mark.parametrize("where", ["headers", "trailers"])
@pytest.mark.parametrize(
    ("said_s", "whole_"),
    [("1.0", True), ("1.02", True), ("1.099", True), ("1.2", False), ("30", False), ("", True), ("x", True)],
)
def test_the_length_that_is_said_is_held_against_the_sound(where: str, said_s: str, whole_: bool) -> None:
    """The sound here is 1 s long."""
    second = wav(SOUND[:RATE])
    given_: dict[str, Any] = {where: {"x-audio-length": said_s}}
    if whole_:
        assert len(heard(second, **given_).pcm) == RATE
    else:
        with pytest.raises(BrokenAnswer, match=r"said to come, and 1\.00 s came"):
            heard(second, **given_)


UNUSABLE: Mapping[str, object] = {
    "null": None,
    "text": "h ɐ",
    "no lists": {"symbols": "h", "start_times_seconds": 0, "durations_seconds": 1},
    "lists of several lengths": {**TOLD, "symbols": ["h"]},
    "a list missing": {"symbols": ["h"], "start_times_seconds": [0]},
    "times that go back": {
        "symbols": ["a", "b"],
        "start_times_seconds": [0.5, 0.1],
        "durations_seconds": [0.1, 0.1],
    },
    "no times": {"symbols": ["a"], "start_times_seconds": ["0"], "durations_seconds": [True]},
    "times before the beginning": {"symbols": ["a"], "start_times_seconds": [-1], "durations_seconds": [0.1]},
}


@pytest.mark.parametrize("told", UNUSABLE.values(), ids=UNUSABLE)
def test_phonemes_that_make_no_sense_are_left_out(told: object) -> None:
    """The sound is what was asked for, and it is there."""
    body = rows({"audio_base64": base64.b64encode(FILE).decode(), "phonemes": told})
    answered = heard(body)

    assert np.array_equal(answered.pcm, SOUND)
    assert answered.phonemes == ()


def test_phonemes_stay_inside_the_sound() -> None:
    told = {"symbols": ["a", "iʌ"], "start_times_seconds": [0, 0.98], "durations_seconds": [0.5, 0.15]}
    answered = heard(rows(in_json(wav(SOUND[:RATE]), told)))

    assert [(each.symbol, each.start_sample, each.end_sample) for each in answered.phonemes] == [
        ("a", 0, RATE // 2),
        ("iʌ", round(0.98 * RATE), RATE),
    ]


def test_sound_of_another_kind_than_it_should_be_is_read_all_the_same() -> None:
    """8 bit, 8 kHz, in two channels: no fact about the sound is documented."""
    eight = np.repeat((SOUND[:8000] // 256 + 128).astype(np.uint8), 2)
    header = bytearray(wav(np.zeros(0, np.int16), rate=8000))
    header[22:24], header[32:36], header[40:44] = b"\2\0", b"\2\0\10\0", len(eight).to_bytes(4, "little")
    answered = heard(bytes(header) + eight.tobytes())

    assert (answered.rate, len(answered.pcm)) == (8000, 8000)


@pytest.mark.parametrize("body", [b"3.5", b'{"duration": null}', b'{"duration": 1e9}', b"", b"{"])
def test_a_duration_that_is_none(body: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        duration_ms(Given([body]))


# Over the wire


@pytest.mark.parametrize("size", [0, 1, 500, 20_000])
@pytest.mark.parametrize(
    "answer", [whole(BODY), streamed(BODY), streamed({**BODY, "include_phonemes": False})]
)
def test_an_answer_that_breaks_off_is_never_kept(answer: Answer, size: int) -> None:
    with pytest.raises(ProviderError, match="failed"):
        generated(cut_off(answer, size))


def test_a_trailer_tells_that_sound_is_missing() -> None:
    """The body came to its proper end; only what is said after it is at odds with it."""
    file = wav(SOUND, size=STREAMING)
    pieces = [file[:10_044], file[10_044:30_044], file[30_044:]]
    exact = str(len(SOUND) / RATE)

    assert np.array_equal(generated(trailed(pieces, {"X-Audio-Length": exact})).pcm, SOUND)
    with pytest.raises(ProviderError, match=r"1\.00 s of sound were said to come"):
        generated(trailed(pieces[:2], {"Date": "today", "X-Audio-Length": exact}))


def test_a_header_tells_that_sound_is_missing() -> None:
    short = said(in_json(wav(SOUND[:-4000]), None), headers={"X-Audio-Length": str(len(SOUND) / RATE)})
    with pytest.raises(ProviderError, match="said to come"):
        generated(short, stream=False)


def test_lines_that_come_one_by_one() -> None:
    made = generated(lines(*objects(FILE, TOLD, "alternating")))
    assert np.array_equal(made.pcm, SOUND)
