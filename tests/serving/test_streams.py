"""`/v0/tts/stream/json` and `/v0/tts/stream/file`: pieces, their order, and what they are when joined."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from itertools import groupby
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from narrator.serving.octave.wire import TtsOutput
from tests.serving.asking import AVA, LINE, RATE, body, generations, lines, samples, sound
from tests.serving.running import Running, running

LONG = f"{LINE} {LINE}"


def audio(objects: list[dict[str, Any]]) -> list[bytes]:
    return [sound(each["audio"]) for each in objects if each["type"] == "audio"]


def test_lines_are_json_and_nothing_else(server: Running) -> None:
    """Bare objects, one a line, of the published shape, in ASCII."""
    answer = server.client.post("/v0/tts/stream/json", json=body("A line\u2028 with an odd end."))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content.isascii()
    assert answer.content.endswith(b"\n")
    for line in answer.content.splitlines():
        TtsOutput.model_validate_json(line)


def test_pieces_are_numbered_and_the_last_is_marked(server: Running) -> None:
    """Within each snippet, from 0; and the snippets follow each other."""
    pieces = [each for each in lines(server.client, body(LONG, LINE)) if each["type"] == "audio"]
    snippets = [list(group) for _, group in groupby(pieces, key=lambda piece: piece["snippet_id"])]

    assert len({snippet[0]["snippet_id"] for snippet in snippets}) == len(snippets) == 6
    for snippet in snippets:
        assert [piece["chunk_index"] for piece in snippet] == list(range(len(snippet)))
        assert [piece["is_last_chunk"] for piece in snippet] == [False] * (len(snippet) - 1) + [True]
        assert len({(piece["text"], piece["utterance_index"]) for piece in snippet}) == 1
    assert [snippet[0]["utterance_index"] for snippet in snippets] == [0] * 4 + [1] * 2
    assert len({piece["request_id"] for piece in pieces}) == 1


def test_instant_mode_sends_a_second_at_a_time(server: Running) -> None:
    """And nothing transcribed; it is the default."""
    pieces = lines(server.client, body(LONG, split_utterances=False))
    seconds = [len(samples(each)) / RATE for each in audio(pieces)]

    assert len(seconds) > 8
    assert all(0.6 < length < 1.5 for length in seconds)
    assert all(each["transcribed_text"] is None for each in pieces)


def test_without_instant_mode_pieces_are_larger(server: Running) -> None:
    asked = body(LONG, split_utterances=False, instant_mode=False)
    pieces = lines(server.client, asked)
    seconds = [len(samples(each)) / RATE for each in audio(pieces)]

    assert all(3 < length < 7.5 for length in seconds)
    assert all(each["transcribed_text"] == LONG for each in pieces)


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("strip", [True, False])
def test_wav(server: Running, strip: bool, instant: bool) -> None:
    """With headers every piece is a file; without, all pieces are one. The samples are those of `/v0/tts`."""
    asked = body(LONG, "Who is there?", strip_headers=strip)
    (made,) = generations(server.client, asked)
    whole = samples(sound(made["audio"]))
    pieces = audio(lines(server.client, asked | {"instant_mode": instant}))

    assert [piece[:4] == b"RIFF" for piece in pieces] == [True] + [not strip] * (len(pieces) - 1)
    joined = samples(b"".join(pieces)) if strip else np.concatenate([samples(piece) for piece in pieces])
    assert np.array_equal(joined, whole)


@pytest.mark.parametrize("strip", [True, False])
def test_pcm(server: Running, strip: bool) -> None:
    """There are no headers, so the flag makes no difference."""
    asked = body(LONG, strip_headers=strip)
    (made,) = generations(server.client, asked)
    pieces = audio(lines(server.client, asked | {"format": {"type": "pcm"}}))

    assert np.array_equal(np.frombuffer(b"".join(pieces), "<i2"), samples(sound(made["audio"])))


def test_mp3_without_headers_is_one_file(server: Running) -> None:
    """Joined pieces are, byte for byte, what one encoder makes of it all."""
    asked = body(LONG, "Who is there?", format={"type": "mp3"}, strip_headers=True)
    (made,) = generations(server.client, asked)
    pieces = audio(lines(server.client, asked))

    assert len(pieces) > 8
    assert b"".join(pieces) == sound(made["audio"])
    assert b"".join(pieces) == server.client.post("/v0/tts/stream/file", json=asked).content


def test_mp3_with_headers_is_a_file_each(server: Running) -> None:
    """Each piece decodes by itself, its own delay and padding included."""
    asked = body(LONG, format={"type": "mp3"})
    (made,) = generations(server.client, asked)
    pieces = audio(lines(server.client, asked))

    lengths = [len(samples(piece)) / RATE for piece in pieces]
    assert all(piece[:2] == b"\xff\xfb" and len(piece) % 384 == 0 for piece in pieces)
    assert made["duration"] + 0.023 * len(pieces) < sum(lengths) < made["duration"] + 0.09 * len(pieces)


def test_mp3_sounds_like_the_samples(server: Running) -> None:
    """Encoder and decoder delay it by 1105 samples and change it little."""
    asked = body(LINE, strip_headers=True)
    (plain,) = generations(server.client, asked)
    (coded,) = generations(server.client, asked | {"format": {"type": "mp3"}})
    info = soundfile.info(io.BytesIO(sound(coded["audio"])))
    own, heard = (samples(sound(each["audio"])).astype(float) for each in (plain, coded))
    delayed = heard[1105 : 1105 + len(own)]

    assert (info.samplerate, info.channels, info.format) == (RATE, 1, "MP3")
    assert np.corrcoef(own[: len(delayed)], delayed)[0, 1] > 0.99


@pytest.mark.parametrize("kind", ["wav", "mp3", "pcm"])
@pytest.mark.parametrize("strip", [True, False])
def test_snippets_of_an_answer_keep_to_the_flag_too(server: Running, kind: str, strip: bool) -> None:
    """In `/v0/tts` the pieces of a generation are its snippets."""
    asked = body(LONG, "Who is there?", format={"type": kind}, strip_headers=strip)
    (made,) = generations(server.client, asked)
    pieces = [sound(snippet["audio"]) for group in made["snippets"] for snippet in group]

    if strip or kind == "pcm":
        assert b"".join(pieces) == sound(made["audio"])
    else:
        lengths = sum(len(samples(piece)) for piece in pieces)
        padding = 0 if kind == "wav" else 0.09 * len(pieces) * RATE
        assert 0 <= lengths - made["duration"] * RATE <= padding


def test_a_header_tells_the_length_where_it_is_known(server: Running) -> None:
    """Of one utterance it is; of several, a stream begins before the last is spoken."""
    one = server.client.post("/v0/tts/stream/file", json=body(LINE, strip_headers=True)).content
    two = server.client.post("/v0/tts/stream/file", json=body(LINE, LINE, strip_headers=True)).content

    assert int.from_bytes(one[40:44], "little") == len(one) - 44
    assert two[4:8] == two[40:44] == b"\xff\xff\xff\xff"
    assert len(samples(two)) == (len(two) - 44) / 2


def test_generations_take_turns(server: Running) -> None:
    """Their pieces come in between each other and are told apart by id."""
    asked = body(LONG, num_generations=3, instant_mode=False, strip_headers=True)
    pieces = [each for each in lines(server.client, asked) if each["type"] == "audio"]
    by_id: dict[str, list[bytes]] = defaultdict(list)
    for piece in pieces:
        by_id[piece["generation_id"]].append(sound(piece["audio"]))

    assert len(by_id) == 3
    assert [piece["generation_id"] for piece in pieces[:6]] == [*by_id, *by_id]
    heard = [samples(b"".join(each)) for each in by_id.values()]
    made = generations(server.client, body(LONG, num_generations=3))
    for pcm, generation in zip(heard, made, strict=True):
        assert np.array_equal(pcm, samples(sound(generation["audio"])))


def test_times_come_right_before_the_sound_they_begin_in(server: Running) -> None:
    """So that whoever plays a piece knows its words; all are those of `/v0/tts`, in its order."""
    asked = body(LONG, "Who is there?", include_timestamp_types=["word", "phoneme"])
    (made,) = generations(server.client, asked)
    told: dict[str, list[Any]] = defaultdict(list)
    begin_ms: dict[int, float] = {0: 0.0, 1: 0.0}
    waiting: list[dict[str, Any]] = []
    utterance = 0
    for each in lines(server.client, asked):
        if each["type"] == "timestamp":
            waiting.append(each)
            told[each["snippet_id"]].append(each["timestamp"])
            continue
        utterance = each["utterance_index"]
        end_ms = begin_ms[utterance] + len(samples(sound(each["audio"]))) / RATE * 1000
        for stamp in waiting:
            assert stamp["snippet_id"] == each["snippet_id"]
            assert begin_ms[utterance] - 2 <= stamp["timestamp"]["time"]["begin"] <= end_ms + 2
        begin_ms[utterance], waiting = end_ms, []

    assert not waiting
    assert list(told.values()) == [snippet["timestamps"] for group in made["snippets"] for snippet in group]


@pytest.mark.parametrize("clock", ["snippet", "utterance", "generation"])
def test_clocks(clock: Any) -> None:
    """Times count from where the server is told to, and there they agree with the sound."""
    asked = body(LINE, LINE, include_timestamp_types=["word"])
    with running(clock=clock) as server:
        (made,) = generations(server.client, asked)
    utterances = [
        [(snippet["timestamps"], len(samples(sound(snippet["audio"]))) / RATE * 1000) for snippet in group]
        for group in made["snippets"]
    ]
    usual = [stamps[0]["time"]["begin"] for stamps, _ in utterances[0]]
    again = [stamps[0]["time"]["begin"] for stamps, _ in utterances[1]]
    before = utterances[0][0][1]
    whole = sum(length for _, length in utterances[0])

    if clock == "snippet":
        assert usual == pytest.approx([0, 0], abs=1)
        assert again == usual
    elif clock == "utterance":
        assert usual == pytest.approx([0, before], abs=1)
        assert again == usual
    else:
        assert usual == pytest.approx([0, before], abs=1)
        assert again == pytest.approx([whole, whole + before], abs=2)


def test_a_file_as_it_is_made(server: Running) -> None:
    """The same bytes as the pieces of the lines, one after the other."""
    for strip in (True, False):
        asked = body(LONG, "Who is there?", strip_headers=strip)
        answer = server.client.post("/v0/tts/stream/file", json=asked)

        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.content == b"".join(audio(lines(server.client, asked)))


def test_what_cannot_be_said_in_the_middle_ends_the_stream_with_a_line(server: Running) -> None:
    """Before the first sound it is a refusal; after it, only a line can tell, and half a file breaks off."""
    unsayable = "ᏣᎳᎩ"  # the engine cannot read Cherokee
    first = server.client.post("/v0/tts/stream/json", json=body(unsayable))
    later = server.client.post("/v0/tts/stream/json", json=body("Who is there?", unsayable))

    with pytest.raises(httpx.RemoteProtocolError):
        server.client.post("/v0/tts/stream/file", json=body("Who is there?", unsayable))
    assert (first.status_code, later.status_code) == (400, 200)
    *sounds, last = [json.loads(line) for line in later.content.splitlines()]
    assert all(each["type"] == "audio" for each in sounds)
    assert last["type"] == "error"
    assert last["request_id"] == sounds[0]["request_id"]


def test_the_voice_is_heard_before_the_last_utterance_is_spoken() -> None:
    """An utterance is sent when it is spoken, and who goes away stops the rest."""
    asked = body(*[LONG] * 100, voice=AVA)
    with running(at_once=1, queue=0) as server:
        with server.client.stream("POST", "/v0/tts/stream/json", json=asked) as answer:
            assert next(answer.iter_lines())
        # There is room for one request only, so this is answered only if that one has been given up.
        for _ in range(200):
            again = server.client.post("/v0/tts", json=body("Who is there?"))
            if again.status_code == 200:
                break
        assert again.status_code == 200


def test_who_goes_away_is_not_spoken_for() -> None:
    """An answer that nobody waits for is given up between two utterances, and its place is free again."""
    with running(at_once=1, queue=0, logged=True, characters=100_000) as server:
        with pytest.raises(httpx.ReadTimeout):
            server.client.post("/v0/tts", json=body(*[LONG] * 400), timeout=httpx.Timeout(30, read=0.5))
        while not (ended := [line for line in server.log() if line["path"] == "/v0/tts"]):
            server.client.get("/v0/tts/voices", params={"provider": "HUME_AI", "page_size": 1})
        again = server.client.post("/v0/tts", json=body("Who is there?"))

    assert [line["status"] for line in ended] == [499]
    assert again.status_code == 200
