"""An answer is taken when it is whole, whatever its shape; a cut, wrong or garbled one never is."""

from __future__ import annotations

import base64
import copy
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.lexicon import Entry, Lexicon, speak
from narrator.providers.hume.answers import Answered, Wanted, from_stream, from_whole
from narrator.providers.hume.times import Clocks
from narrator.takes import PhonemeTime, WordTime
from narrator.transport import BrokenAnswer
from tests.providers import contract
from tests.providers.hume import asking
from tests.providers.hume.shapes import (
    ONE,
    RATE,
    TWO,
    Object,
    Part,
    Speech,
    Timing,
    file,
    interleaved,
    part,
    stream,
    wanted,
    whole,
)

PER_MS = RATE // 1000


class Refused(Exception):
    """What an error object is turned into here."""


def refuse(found: Mapping[str, Any]) -> Exception:
    return Refused(str(found.get("message")))


def read(objects: Sequence[Object], asked: Wanted, clocks: Clocks | None = None) -> tuple[Answered, ...]:
    return from_stream(iter(objects), asked, error=refuse, clocks=clocks)


def read_one(objects: Sequence[Object], asked: Wanted) -> Answered:
    (answered,) = read(objects, asked)
    return answered


def read_whole(body: Object, asked: Wanted) -> tuple[Answered, ...]:
    return from_whole(json.dumps(body).encode(), asked, error=refuse)


def same(one: Answered, other: Answered) -> bool:
    """Whether two answers are the same in all but the clock that was found."""
    return np.array_equal(one.pcm, other.pcm) and all(
        getattr(one, name) == getattr(other, name)
        for name in ("generation_id", "request_id", "snippet_ids", "rate", "words", "phonemes", "transcript")
    )


def true_words(speech: Speech, kind: str = "word") -> list[tuple[str, int, int]]:
    """What sounds when, in samples of the generation."""
    found = []
    begun = 0
    for each in speech.parts:
        for text, begin, end, which in each.timings:
            if which == kind:
                found.append((text, (begun + begin) * PER_MS, (begun + end) * PER_MS))
        begun += each.length_ms
    return found


def prove(answered: Answered, speech: Speech) -> None:
    """To the sample."""
    assert answered.generation_id == speech.id
    assert answered.request_id == "request-1"
    assert answered.snippet_ids == tuple(f"{speech.id}-s{index}" for index in range(len(speech.parts)))
    assert answered.rate == RATE
    assert answered.pcm.dtype == np.int16
    assert np.array_equal(answered.pcm, speech.pcm())
    assert answered.words == tuple(WordTime(start, end) for _, start, end in true_words(speech))
    assert answered.phonemes == tuple(PhonemeTime(*each) for each in true_words(speech, "phoneme"))
    assert answered.transcript == speech.text.upper()


SHAPES: list[dict[str, Any]] = [
    {"audio_format": "wav", "headers": "first"},
    {"audio_format": "wav", "headers": "every"},
    {"audio_format": "wav", "headers": "none"},
    {"audio_format": "pcm"},
    {"audio_format": "pcm", "pieces": 40},
]


@pytest.mark.parametrize("speech", [ONE, TWO])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("clock", ["snippet", "utterance", "generation"])
def test_a_stream_to_the_sample(speech: Speech, shape: dict[str, Any], clock: Any) -> None:
    asked = wanted(speech.text, audio_format=shape["audio_format"])
    answered = read_one(stream(speech, clock=clock, **shape), asked)

    prove(answered, speech)
    assert answered.clock == {True: ""}.get(speech is ONE, "snippet" if clock == "snippet" else "utterance")


@pytest.mark.parametrize("speech", [ONE, TWO])
@pytest.mark.parametrize("audio_format", ["wav", "pcm"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("clock", ["snippet", "generation"])
def test_an_answer_in_one_piece_to_the_sample(
    speech: Speech, audio_format: Any, header: bool, clock: Any
) -> None:
    body = whole(speech, audio_format=audio_format, header=header, clock=clock)
    (answered,) = read_whole(body, wanted(speech.text, audio_format=audio_format))

    prove(answered, speech)


@pytest.mark.parametrize("times", ["between", "after", "snippet", "both"])
@pytest.mark.parametrize("speech", [ONE, TWO])
def test_times_may_stand_anywhere(times: Any, speech: Speech) -> None:
    """Before, between or after the sound, in a complete snippet, or told twice: it is the same answer."""
    prove(read_one(stream(speech, times=times), wanted(speech.text)), speech)


def test_a_time_told_again_is_told_once() -> None:
    objects = [each for each in stream(TWO, times="both") for _ in range(1 + (each["type"] == "timestamp"))]

    prove(read_one(objects, wanted(TWO.text)), TWO)


def test_times_told_twice_from_different_clocks_are_not_mixed() -> None:
    objects = stream(TWO, clock="generation", times="both")
    for index, each in enumerate(own for own in objects if "snippet" in own):
        each["snippet"] = stream(TWO, clock="snippet", times="snippet")[3 * index + 2]["snippet"]

    prove(read_one(objects, wanted(TWO.text)), TWO)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 10), max_size=30), st.integers(2, 4))
def test_generations_are_told_apart_however_they_are_mixed(order: list[int], number: int) -> None:
    speeches = [TWO._replace(id=f"generation-{index}") for index in range(number)]
    asked = wanted(TWO.text, generations=number)
    mixed = read(interleaved([stream(speech) for speech in speeches], order), asked)

    for answered in mixed:
        prove(answered, speeches[int(answered.generation_id[-1])])
    assert len({answered.generation_id for answered in mixed}) == number
    assert all(
        same(*pair)
        for pair in zip(
            read_whole(whole(*speeches), asked), sorted(mixed, key=lambda a: a.generation_id), strict=True
        )
    )


def test_pieces_are_put_in_their_order() -> None:
    first, second, third = stream(ONE, times="none")

    assert np.array_equal(read_one([second, first, third], wanted(ONE.text)).pcm, ONE.pcm())


def test_what_may_be_left_out() -> None:
    """Contract 8.1; and a `type` that older answers did not have."""
    objects = stream(ONE)
    for each in objects:
        for name in ("audio_format", "request_id", "transcribed_text", "utterance_index", "type"):
            each.pop(name, None)
    answered = read_one(objects, wanted(ONE.text))

    assert (answered.request_id, answered.transcript) == ("", "")
    assert np.array_equal(answered.pcm, ONE.pcm())
    assert len(answered.words) == 4
    for each in objects:
        each |= {"audio_format": None, "request_id": None, "transcribed_text": None, "snippet": None}
    assert same(read_one(objects, wanted(ONE.text)), answered)


def test_what_may_be_left_out_of_an_answer_in_one_piece() -> None:
    body = whole(TWO)
    del body["request_id"]
    (generation,) = body["generations"]
    for name in ("duration", "file_size", "encoding"):
        del generation[name]
    for each in generation["snippets"][0]:
        for name in ("generation_id", "timestamps", "transcribed_text", "utterance_index", "audio"):
            del each[name]
    (answered,) = read_whole(body, wanted(TWO.text))

    assert np.array_equal(answered.pcm, TWO.pcm())
    assert (answered.words, answered.phonemes, answered.transcript) == ((), (), "")


def test_unknown_objects_are_passed_over() -> None:
    objects = [{"type": "progress", "percent": 5}, *stream(ONE), {"type": None, "new": 1}, {}]

    prove(read_one(objects, wanted(ONE.text)), ONE)


# What breaks an answer.


@pytest.mark.parametrize("speech", [ONE, TWO])
@pytest.mark.parametrize("number", [1, 2])
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_a_stream_that_lacks_any_piece_is_broken(speech: Speech, number: int, data: st.DataObject) -> None:
    speeches = [speech._replace(id=f"generation-{index}") for index in range(number)]
    objects = interleaved([stream(each) for each in speeches], [0, 1])
    audio = [index for index, each in enumerate(objects) if each["type"] == "audio"]
    missing = data.draw(st.sampled_from(audio))

    with pytest.raises(BrokenAnswer):
        read([*objects[:missing], *objects[missing + 1 :]], wanted(speech.text, generations=number))


def test_a_piece_missing_in_the_middle_is_noticed_by_its_number() -> None:
    """Not by half a sample that is left over: these pieces are of whole samples."""
    objects = stream(ONE, headers="every", times="none")

    with pytest.raises(BrokenAnswer, match="not whole: pieces 0, 2, the last 2"):
        read([objects[0], objects[2]], wanted(ONE.text))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_a_stream_that_ends_early_is_broken(place: int) -> None:
    """Between two snippets too, where nothing but the text can tell."""
    objects = stream(TWO, times="none")
    kept = place % len(objects)

    with pytest.raises(BrokenAnswer):
        read(objects[:kept], wanted(TWO.text))


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (
            ["Yes, I have seen it myself, many times over."],
            "Yes, I have seen it myself, many times over. No.",
        ),
        (["In nineteen eighty four, you know."], "In 1984, you know. Go."),
        (["第一章、ここから始まる。"], "第一章、ここから始まる。そして終わる。"),
        (["He ran. Then he slept for a week."], "He ran. He fell. Then he slept for a week."),
        (["Something else was said altogether here."], "The quick brown fox jumps over lazy dogs."),
        (["He ran home.", "He ran home.", "He ran home."], "He ran home."),
        ([""], "He ran home."),
    ],
)
def test_snippets_that_are_not_the_text_are_broken(said: list[str], asked: str) -> None:
    parts = tuple(Part(text, 2500) for text in said)

    with pytest.raises(BrokenAnswer, match="the snippets do not speak the text"):
        read(stream(Speech(parts)), wanted(asked))


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (["It was in nineteen eighty-four,", "she thought."], "It was in 1984, she thought."),
        (["one thousand nine hundred and eighty-four"], "1984"),
        (["“It’s", "Doctor No!”"], '"It\'s Dr. No!"'),
        (["Wait . . .", "what?"], "Wait... [pause] what?"),
        (["Wait... [long pause]", "what?"], "Wait... [LONG PAUSE] what?"),
        (["ＧＯ"], "Go."),
        (["彼は 行く。"], "彼は行く。"),
        (["um"], "?!"),
    ],
)
def test_what_is_written_otherwise_is_let_pass(said: list[str], asked: str) -> None:
    parts = tuple(Part(text, 1500) for text in said)

    assert read_one(stream(Speech(parts)), wanted(asked)).snippet_ids


@pytest.mark.parametrize("number", [0, 2])
def test_as_many_generations_as_were_asked_for(number: int) -> None:
    speeches = [ONE._replace(id=f"generation-{index}") for index in range(number)]

    with pytest.raises(BrokenAnswer, match="1 generations were asked for" if number else "empty"):
        read([each for speech in speeches for each in stream(speech)], wanted(ONE.text))
    with pytest.raises(BrokenAnswer, match="1 generations were asked for"):
        read_whole(whole(*speeches), wanted(ONE.text))
    with pytest.raises(BrokenAnswer, match="2 generations were asked for and 1 came"):
        read_whole(whole(ONE, ONE), wanted(ONE.text, generations=2))


@pytest.mark.parametrize("objects", [[], [{"type": "progress"}], stream(ONE)[:2]])
def test_no_sound_at_all_is_empty(objects: list[Object]) -> None:
    with pytest.raises(BrokenAnswer, match=r"^empty$"):
        read(objects, wanted(ONE.text))


@pytest.mark.parametrize("body", [b"", b"\n"])
def test_no_body_is_empty(body: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="the answer is empty"):
        from_whole(body, wanted(ONE.text), error=refuse)


@pytest.mark.parametrize("length_ms", [0, 100])
def test_too_little_sound_for_the_text_is_broken(length_ms: int) -> None:
    speech = Speech((Part("Don't move, she said.", length_ms),))

    with pytest.raises(BrokenAnswer, match="ms of sound came for 15 letters" if length_ms else "no sound"):
        read(stream(speech, headers="none"), wanted(speech.text))
    fast = wanted(speech.text, request=asking.request(speech.text, speed=2.0))
    if length_ms:
        assert len(read_one(stream(speech), fast).pcm) == 4800


ERRORS: list[Object] = [
    {"type": "error", "code": "E0300", "slug": "zero_credits", "message": "no"},
    {"code": "E0300", "message": "no"},
    {"slug": "zero_credits", "message": "no"},
    {"error": {"message": "x"}, "message": "no"},
    {"message": "no"},
    {"status_code": 400, "message": "no"},
    {"type": "failure", "message": "no"},
]


@pytest.mark.parametrize("found", ERRORS)
@pytest.mark.parametrize("place", [0, 3, 100])
def test_an_error_within_the_answer_is_raised(found: Object, place: int) -> None:
    """Wherever it stands: after the last piece, the answer would have been whole."""
    objects = stream(ONE)
    objects.insert(place, found)

    with pytest.raises(Refused, match="no"):
        read(objects, wanted(ONE.text))
    with pytest.raises(Refused, match="no"):
        read_whole(found, wanted(ONE.text))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"generation_id": 7}, "`generation_id`"),
        ({"generation_id": ""}, "`generation_id`"),
        ({"generation_id": "a\nb"}, "`generation_id`"),
        ({"generation_id": "\ud800"}, "`generation_id`"),
        ({"generation_id": "x" * 300}, "`generation_id`"),
        ({"generation_id": None}, "`generation_id` is missing"),
        ({"snippet_id": []}, "`snippet_id`"),
        ({"request_id": 1.5}, "`request_id`"),
        ({"chunk_index": "0"}, "`chunk_index`"),
        ({"chunk_index": True}, "`chunk_index`"),
        ({"chunk_index": -1}, "`chunk_index`"),
        ({"chunk_index": 1}, "`chunk_index` 1 comes twice"),
        ({"chunk_index": 10**4000}, "not whole"),
        ({"is_last_chunk": 1}, "`is_last_chunk`"),
        ({"is_last_chunk": True}, "not whole"),
        ({"text": None}, "`text` is missing"),
        ({"text": {}}, "`text`"),
        ({"transcribed_text": 0}, "`transcribed_text`"),
        ({"utterance_index": "0"}, "`utterance_index`"),
        ({"audio_format": 3}, "`audio_format`"),
        ({"audio_format": "opus"}, "`audio_format` changes"),
        ({"audio": None}, "`audio` is missing"),
        ({"audio": 5}, "`audio`"),
        ({"audio": "****"}, "no base64"),
        ({"audio": "abc"}, "no base64"),
        ({"audio": "QQ==QQ=="}, "no base64"),
        ({"audio": "QUFB\n"}, "no base64"),
        ({"audio": "ÄÄÄÄ"}, "no base64"),
        ({"snippet": "x"}, "`snippet`"),
        ({"snippet": {"timestamps": {}}}, "`timestamps`"),
        ({"snippet": {"timestamps": [1]}}, "`timestamps`"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(change: Object, reason: str) -> None:
    objects = stream(ONE, times="none")
    objects[0] |= change

    with pytest.raises(BrokenAnswer, match=reason):
        read(objects, wanted(ONE.text))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timestamp": None}, "`timestamp`"),
        ({"timestamp": []}, "`timestamp`"),
        ({"timestamp": {"type": "word", "text": "x"}}, "`time` is missing"),
        ({"timestamp": {"type": 1, "text": "x", "time": {"begin": 0, "end": 1}}}, "`type`"),
        ({"timestamp": {"type": "word", "text": None, "time": {"begin": 0, "end": 1}}}, "`text`"),
        ({"timestamp": {"type": "word", "text": "x", "time": {"begin": "0", "end": 1}}}, "`begin`"),
        ({"timestamp": {"type": "word", "text": "x", "time": {"begin": 0}}}, "`end` is missing"),
        ({"timestamp": {"type": "word", "text": "x", "time": {"begin": 0, "end": float("inf")}}}, "`end`"),
        ({"snippet_id": "unheard"}, "times of snippet unheard, and no sound"),
        ({"snippet_id": None}, "`snippet_id`"),
        ({"generation_id": "another"}, "no sound"),
    ],
)
def test_a_time_of_the_wrong_kind_is_named(change: Object, reason: str) -> None:
    objects = stream(ONE)
    objects[0] |= change

    with pytest.raises(BrokenAnswer, match=reason):
        read(objects, wanted(ONE.text))


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ([], {}, "`generations` is missing"),
        (["generations"], None, "`generations`"),
        (["generations", 0], 1, "`generations`"),
        (["generations", 0, "audio"], None, "`audio`"),
        (["generations", 0, "file_size"], 7, "`file_size` is 7"),
        (["generations", 0, "file_size"], "7", "`file_size`"),
        (["generations", 0, "duration"], 9.5, "9.50 s of sound were said to come"),
        (["generations", 0, "duration"], True, "`duration`"),
        (["generations", 0, "encoding"], "wav", "`encoding`"),
        (["generations", 0, "encoding", "format"], "flac", "'flac'"),
        (["generations", 0, "encoding", "sample_rate"], -1, "`sample_rate`"),
        (["generations", 0, "snippets"], {}, "`snippets`"),
        (["generations", 0, "snippets", 0], {}, "`snippets`"),
        (["generations", 0, "snippets", 0, 0], None, "`snippets`"),
        (["generations", 0, "snippets", 0, 0, "id"], None, "`id`"),
        (["generations", 0, "snippets", 0, 0, "text"], None, "`text`"),
        (["generations", 0, "snippets", 0, 0, "audio"], 1, "`audio`"),
        (["generations", 0, "snippets", 0, 0, "timestamps", 0, "time"], None, "`time`"),
        (["generations", 0, "snippets", 0], [], "they end after"),
        (["generations", 0, "snippets"], [], "do not speak"),
    ],
)
def test_a_field_of_an_answer_in_one_piece_is_named(place: list[Any], value: object, reason: str) -> None:
    body = whole(TWO)
    changed = replaced(body, place, value)

    with pytest.raises(BrokenAnswer, match=reason):
        read_whole(changed, wanted(TWO.text))


def replaced(found: Any, place: Sequence[Any], value: object) -> Any:
    """A copy with the value at one place replaced."""
    if not place:
        return value
    changed = copy.copy(found)
    changed[place[0]] = replaced(found[place[0]], place[1:], value)
    return changed


def places(found: Any) -> list[list[Any]]:
    """The way to every value within a value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(found, dict):
        inner = list(found.items())
    elif isinstance(found, list):
        inner = list(enumerate(found))
    return [[], *([name, *rest] for name, each in inner for rest in places(each))]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "UklGRg==", "QQ==", "word", "mp3", "error", "audio"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["audio", "type", "time", "message", "text"]), inner, max_size=2)
    ),
    max_leaves=4,
)
SMALL = Speech((part("Don't move.", ms_per_letter=12), part("Go on.", ms_per_letter=12)))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_anything_anywhere_is_an_answer_or_a_broken_one(data: st.DataObject) -> None:
    """No value in any field of the wire raises anything else."""
    streamed = data.draw(st.booleans())
    sent: Any = stream(SMALL, times="both", pieces=2) if streamed else whole(SMALL)
    for _ in range(data.draw(st.integers(1, 2))):
        sent = replaced(sent, data.draw(st.sampled_from(places(sent))), data.draw(ANYTHING))
    asked = wanted(SMALL.text, text_known=data.draw(st.booleans()))
    objects = [each for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []
    try:
        found = read(objects, asked) if streamed else read_whole(sent, asked)
    except (BrokenAnswer, Refused):
        return
    for answered in found:
        assert len(answered.words) in (0, 4)
        json.dumps([answered.generation_id, answered.snippet_ids, answered.transcript, answered.phonemes])
        for start, end in (*answered.words, *(each[1:] for each in answered.phonemes)):
            assert 0 <= start <= end <= len(answered.pcm)
        answered.transcript.encode()


# Sound.


@pytest.mark.parametrize("rate", [24_000, 44_000, 44_100])
def test_a_header_is_believed_about_the_rate(rate: int) -> None:
    """Against what `encoding` says; times come in samples of that rate."""
    body = whole(ONE)
    (generation,) = body["generations"]
    audio = file(ONE.pcm(rate), rate)
    generation |= {"audio": base64.b64encode(audio).decode(), "file_size": len(audio)}
    (answered,) = read_whole(body, wanted(ONE.text))

    assert answered.rate == rate
    assert np.array_equal(answered.pcm, ONE.pcm(rate))
    assert answered.words[1].end_sample == 530 * rate // 1000


def test_a_label_is_believed_about_samples_without_a_header() -> None:
    body = whole(ONE, audio_format="pcm")
    (generation,) = body["generations"]
    data = ONE.pcm(24_000).tobytes()
    generation |= {"audio": base64.b64encode(data).decode(), "file_size": len(data)}
    generation["encoding"]["sample_rate"] = 24_000
    (answered,) = read_whole(body, wanted(ONE.text, audio_format="pcm"))

    assert answered.rate == 24_000
    generation["encoding"]["sample_rate"] = 48_000
    with pytest.raises(BrokenAnswer, match="said to come"):
        read_whole(body, wanted(ONE.text, audio_format="pcm"))


@pytest.mark.parametrize("audio_format", ["wav", "pcm"])
def test_half_a_sample_is_broken(audio_format: Any) -> None:
    objects = stream(ONE, audio_format=audio_format, times="none")
    objects[-1]["audio"] = base64.b64encode(base64.b64decode(objects[-1]["audio"])[:-1]).decode()

    with pytest.raises(BrokenAnswer, match="no whole number of samples"):
        read(objects, wanted(ONE.text, audio_format=audio_format))


def test_a_format_that_nobody_asked_for_is_broken() -> None:
    objects = [each | {"audio_format": "opus"} for each in stream(ONE)]

    with pytest.raises(BrokenAnswer, match="'opus'"):
        read(objects, wanted(ONE.text))


@pytest.mark.parametrize("size", [0, 36, 2**31, 2**32 - 1])
def test_sizes_in_headers_are_not_believed(size: int) -> None:
    objects = stream(TWO, times="none", pieces=2)
    data = bytearray(base64.b64decode(objects[0]["audio"]))
    data[4:8] = data[40:44] = size.to_bytes(4, "little")
    objects[0]["audio"] = base64.b64encode(data).decode()

    assert np.array_equal(read_one(objects, wanted(TWO.text)).pcm, TWO.pcm())


def test_stereo_becomes_mono() -> None:
    held = io.BytesIO()
    pcm = ONE.pcm()
    soundfile.write(held, np.stack([pcm, -(pcm // 2)], axis=1), RATE, format="WAV", subtype="PCM_16")
    objects = stream(ONE, times="none", pieces=1)
    objects[0]["audio"] = base64.b64encode(held.getvalue()).decode()
    answered = read_one(objects, wanted(ONE.text))

    assert np.abs(answered.pcm - (pcm / 1.0 - pcm // 2) / 2).max() <= 1


def tone(length_ms: int, rate: int = RATE) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A click in the middle of a quiet tone: what was moved shows."""
    sound = 0.02 * np.sin(np.arange(length_ms * rate // 1000) * 2 * np.pi * 220 / rate)
    sound[len(sound) // 2] = 0.9
    return sound


def mp3(sound: np.ndarray[Any, np.dtype[np.float64]], rate: int = RATE) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, sound, rate, format="MP3")
    return held.getvalue()


def as_mp3(speech: Speech, pieces: Sequence[bytes]) -> list[Object]:
    objects = stream(speech, times="none", pieces=len(pieces))
    for each, piece in zip(objects, pieces, strict=True):
        each |= {"audio": base64.b64encode(piece).decode(), "audio_format": "mp3"}
    return objects


@pytest.mark.parametrize("label", ["mp3", None, "wav"])
def test_mp3_is_joined_and_decoded_where_it_sounds(label: str | None) -> None:
    """Whatever it is called: taken for samples it would be noise."""
    sound = tone(1500)
    data = mp3(sound)
    objects = [
        each | {"audio_format": label} for each in as_mp3(ONE, [data[:1001], data[1001:1002], data[1002:]])
    ]
    answered = read_one(objects, wanted(ONE.text, audio_format="wav"))

    assert len(answered.pcm) == len(sound)
    assert int(np.abs(answered.pcm.astype(int)).argmax()) == len(sound) // 2


def test_mp3_of_which_every_piece_is_a_file() -> None:
    first, second = tone(700), tone(800)
    answered = read_one(as_mp3(ONE, [mp3(first), mp3(second)]), wanted(ONE.text))

    assert len(answered.pcm) == len(first) + len(second)


@pytest.mark.parametrize("data", [b"rubbish " * 500, b"fLaC" + bytes(500), b"OggS" + bytes(500)])
@pytest.mark.parametrize("label", ["mp3", "wav"])
def test_files_of_another_kind_are_broken(data: bytes, label: str) -> None:
    """Not played as noise; rubbish that claims to be samples cannot be told from them."""
    if (label, data[:1]) == ("wav", b"r"):
        data = b"RIFF    WAVE" + data
    objects = [each | {"audio_format": label} for each in as_mp3(ONE, [data])]

    with pytest.raises(BrokenAnswer, match="the sound cannot be used"):
        read(objects, wanted(ONE.text))


# Words.


def heard_as(*told: tuple[str, int, int], length_ms: int = 4000, text: str) -> list[Object]:
    return stream(Speech((Part(text, length_ms, tuple(Timing(*each) for each in told)),)), times="after")


def words_ms(answered: Answered) -> list[tuple[int, int]]:
    return [(start // PER_MS, end // PER_MS) for start, end in answered.words]


def test_words_as_the_service_writes_them_find_those_of_the_text() -> None:
    """Punctuation apart, numbers spelled out, pauses told as words, a word left out."""
    text = 'He said: "In 1984, [pause] I was well-known."'
    told = [
        ("He", 0, 100), ("said", 100, 300), (":", 300, 300), ("in", 400, 500), ("nineteen", 500, 800),
        ("eighty", 800, 1000), ("four", 1000, 1200), ("[pause]", 1200, 1600), ("I", 1600, 1700),
        ("well", 1900, 2100), ("known", 2100, 2400),
    ]  # fmt: skip
    words = ((0, 2), (3, 8), (9, 12), (13, 18), (27, 28), (29, 32), (33, 45))
    answered = read_one(heard_as(*told, text=text), wanted(text, words=words))

    assert words_ms(answered) == [
        (0, 100), (100, 300), (400, 500), (500, 1200), (1600, 1700), (1700, 1900), (1900, 2400),
    ]  # fmt: skip


def test_too_few_words_found_are_no_times() -> None:
    text = "One two three four five."
    told = [("one", 0, 500), ("two", 500, 900), ("apples", 900, 1500), ("pears", 1500, 2000)]
    answered = read_one(heard_as(*told, text=text), wanted(text))

    assert answered.words == ()


def test_no_times_where_none_were_asked_for() -> None:
    answered = read_one(stream(TWO), wanted(TWO.text, times=False))

    assert (answered.words, answered.phonemes, answered.clock) == ((), (), "")


def test_words_of_a_respelling_are_found_through_the_text() -> None:
    """`MS` is said as two words, and what is written as three as two."""
    lexicon = Lexicon(
        entries=(("MS", Entry(say="manuscript draft")), ("New York City", Entry(say="the Bigapple")))
    )
    spoken = speak(
        contract.utterance("The MS in New York City burned."),
        lexicon,
        provider="hume",
    )
    assert spoken.text == "The manuscript draft in the Bigapple burned."
    asked = wanted(
        spoken.text,
        request=asking.request("x").model_copy(update={"spoken": spoken}),
        words=tuple((word.spoken_start, word.spoken_end) for word in spoken.words),
    )
    told = [(word, 100 * index, 100 * index + 100) for index, word in enumerate(spoken.text.split())]
    the, ms, inside, new, york, city, burned = words_ms(read_one(heard_as(*told, text=spoken.text), asked))

    assert (the, ms, inside, burned) == ((0, 100), (100, 300), (300, 400), (600, 700))
    assert new[0] == 400
    assert new[0] < new[1] <= york[0] < york[1] <= city[0] < city[1] == 600


def test_a_run_learns_the_clock_from_an_answer_that_shows_it() -> None:
    short = Speech((Part("A", 80, (Timing("A", 0, 60),)), Part("cat sat there", 1000, ())))
    short = Speech(
        (short.parts[0], short.parts[1]._replace(timings=part("cat sat there", ms_per_letter=45).timings))
    )
    clocks = Clocks()
    (before,) = read(stream(short), wanted(short.text), clocks)
    read(stream(TWO), wanted(TWO.text), clocks)
    (after,) = read(stream(short), wanted(short.text), clocks)

    assert (before.words, before.clock) == ((), "")
    assert after.clock == "snippet"
    assert [(each.start_sample, each.end_sample) for each in after.words] == [
        (start, end) for _, start, end in true_words(short)
    ]


def test_mp3_in_several_snippets_gives_no_times() -> None:
    """How long each snippet is cannot be told to the millisecond."""
    objects = stream(TWO, pieces=1)
    audio = [each for each in objects if each["type"] == "audio"]
    for each, said in zip(audio, TWO.parts, strict=True):
        each |= {"audio": base64.b64encode(mp3(tone(said.length_ms))).decode(), "audio_format": "mp3"}
    answered = read_one(objects, wanted(TWO.text, audio_format="mp3"))

    assert answered.words == ()
    assert len(answered.pcm) == len(TWO.pcm())


def test_a_converted_recording_says_its_own_words() -> None:
    """Its snippets need not have a text, nor that of the line."""
    objects = stream(TWO)
    for each in objects:
        each.pop("text", None)
    answered = read_one(objects, wanted("Go! Go! Go!", text_known=False))

    assert np.array_equal(answered.pcm, TWO.pcm())
    assert answered.words == ()
    assert len(answered.phonemes) == len(true_words(TWO, "phoneme"))


def test_half_characters_do_not_reach_a_file() -> None:
    objects = stream(ONE)
    objects[1]["timestamp"]["text"] = "\ud800"
    objects[-1]["transcribed_text"] = "a \udfff b"
    answered = read_one(objects, wanted(ONE.text))

    assert answered.transcript == "a ? b"
    assert answered.phonemes[0].symbol == "?"


def test_an_utterance_may_be_counted_after_those_of_the_context() -> None:
    """Nobody documents it: any one index will do, two of them will not."""
    objects = stream(TWO, times="none")
    for each in objects:
        each["utterance_index"] = 1
    assert read(objects, wanted(TWO.text))

    first = objects[0]["snippet_id"]
    for each in objects:
        each["utterance_index"] = 0 if each["snippet_id"] == first else 1
    with pytest.raises(BrokenAnswer, match="several utterances"):
        read(objects, wanted(TWO.text))
