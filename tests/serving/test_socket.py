"""The WebSocket: text in as it is written, speech out as it is spoken."""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pytest
from hume import AsyncHumeClient, HumeClient
from hume.environment import HumeClientEnvironment
from hume.tts import PostedUtteranceVoiceWithName, PublishTts, SnippetAudioChunk, TimestampMessage
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from narrator.serving.octave.gathering import MOST, Gathering
from tests.serving.asking import AVA, RATE, body, generations, samples, sound
from tests.serving.running import Running, running

PATH = "/v0/tts/stream/input"
TOLD = {"no_binary": "true", "format_type": "wav", "strip_headers": "true", "version": "2"}
ONE, TWO = "The lamp was out.", "Nobody had seen her go."


@contextmanager
def opened(server: Running, **query: str) -> Iterator[ClientConnection]:
    parameters = urllib.parse.urlencode(TOLD | query)
    with connect(f"{server.base_url.replace('http', 'ws')}{PATH}?{parameters}") as socket:
        yield socket


def say(socket: ClientConnection, text: str | None = None, **more: Any) -> None:
    socket.send(json.dumps({"text": text, **more}))


def heard(socket: ClientConnection) -> list[dict[str, Any]]:
    """Everything until the server closes it, well."""
    found = [json.loads(message) for message in socket]
    assert socket.close_code == 1000
    return found


def spoken(server: Running, *messages: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    """What is told about some messages, the last of which closes."""
    with opened(server, **query) as socket:
        for message in messages:
            socket.send(json.dumps(message))
        say(socket, close=True)
        return heard(socket)


def audio(told: list[dict[str, Any]]) -> bytes:
    return b"".join(sound(each["audio"]) for each in told if each["type"] == "audio")


def texts(told: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in told if each["type"] == "audio" and each["is_last_chunk"]]


def test_what_is_said_is_what_a_request_would_have_said(server: Running) -> None:
    told = spoken(server, {"text": ONE, "voice": AVA})
    (made,) = generations(server.client, body(ONE))

    assert np.array_equal(samples(audio(told)), samples(sound(made["audio"])))
    assert texts(told) == [ONE]


def test_text_is_gathered_until_there_are_sentences(server: Running) -> None:
    """Letter by letter comes to the same as all at once."""
    whole = f"{ONE} {TWO} And then"
    at_once = spoken(server, {"text": whole, "voice": AVA})
    letters = [{"text": letter} for letter in whole[1:]]
    slowly = spoken(server, {"text": whole[0], "voice": AVA}, *letters)

    assert texts(slowly) == [ONE, TWO, "And then"]
    assert " ".join(texts(at_once)) == whole
    assert len(samples(audio(slowly))) == pytest.approx(len(samples(audio(at_once))), rel=0.15)


def test_a_sentence_is_spoken_when_the_next_one_begins(server: Running) -> None:
    with opened(server) as socket:
        say(socket, ONE, voice=AVA)
        say(socket, " N")
        first = json.loads(socket.recv(timeout=10))
        say(socket, "ext", flush=True)
        second = json.loads(socket.recv(timeout=10))
        say(socket, close=True)
        rest = heard(socket)

    assert (first["text"], second["text"]) == (ONE, "Next")
    assert (first["utterance_index"], second["utterance_index"]) == (0, 1)
    assert all(each["text"] == "Next" for each in rest)


def test_a_flush_speaks_what_is_there_and_the_connection_goes_on(server: Running) -> None:
    with opened(server) as socket:
        say(socket, "Half a", voice=AVA)
        say(socket, flush=True)
        assert json.loads(socket.recv(timeout=10))["text"] == "Half a"
        say(socket, flush=True)  # there is nothing, and nothing is said
        say(socket, "sentence", flush=True)
        assert json.loads(socket.recv(timeout=10))["text"] == "sentence"


def test_a_connection_is_one_generation_that_can_be_gone_on_from(server: Running) -> None:
    told = spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA}, {"text": "More.", "flush": True})
    (generation,) = {each["generation_id"] for each in told}

    (made,) = generations(server.client, body(voice=None, context={"generation_id": generation}))
    again = spoken(server, {"text": ONE}, context_generation_id=generation)

    assert len({each["request_id"] for each in told}) == 1
    assert made["generation_id"] != generation
    own = spoken(server, {"text": ONE, "voice": AVA})
    assert np.array_equal(samples(audio(again)), samples(audio(own)))


@pytest.mark.parametrize("format_", ["wav", "pcm", "mp3"])
@pytest.mark.parametrize("strip", ["true", "false"])
def test_headers_mean_what_they_mean_in_streams(server: Running, format_: str, strip: str) -> None:
    """Stripped, everything joined is one file; else every piece is one."""
    told = spoken(
        server,
        {"text": f"{ONE} {TWO}", "voice": AVA, "flush": True},
        {"text": TWO},
        format_type=format_,
        strip_headers=strip,
    )
    length = len(
        samples(audio(spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA, "flush": True}, {"text": TWO})))
    )

    pieces = [sound(each["audio"]) for each in told if each["type"] == "audio"]
    assert len(pieces) > 2
    if format_ == "pcm":
        assert sum(map(len, pieces)) == 2 * length
    elif format_ == "wav" and strip == "true":
        assert [piece.startswith(b"RIFF") for piece in pieces] == [True] + [False] * (len(pieces) - 1)
        assert len(samples(b"".join(pieces))) == length
    elif format_ == "wav":
        assert sum(len(samples(piece)) for piece in pieces) == length
    else:
        assert len(samples(b"".join(pieces))) == pytest.approx(length, abs=1152 * (len(pieces) + 4) * 3)
    assert all(len(piece) < 2**19 for piece in pieces)


def test_sound_comes_in_binary_frames_unless_they_are_unwanted(server: Running) -> None:
    with opened(server, no_binary="false", include_timestamp_types="word") as socket:
        say(socket, ONE, voice=AVA, close=True)
        messages = list(socket)

    frames = [message for message in messages if isinstance(message, bytes)]
    told = [json.loads(message) for message in messages if isinstance(message, str)]
    assert len(samples(b"".join(frames))) == len(samples(audio(spoken(server, {"text": ONE, "voice": AVA}))))
    assert [each["timestamp"]["text"] for each in told] == ["The", "lamp", "was", "out"]


@pytest.mark.parametrize(
    "query",
    [
        "include_timestamp_types=word&include_timestamp_types=phoneme",
        "include_timestamp_types[0]=word&include_timestamp_types[1]=phoneme",
        "include_timestamp_types%5B0%5D=word&include_timestamp_types%5B1%5D=phoneme&fernSdkLanguage=x",
    ],
)
def test_times_are_asked_for_in_every_way_that_clients_have(server: Running, query: str) -> None:
    url = f"{server.base_url.replace('http', 'ws')}{PATH}?version=2&no_binary=True&{query}"
    with connect(url) as socket:
        say(socket, f"{ONE} {TWO}", voice=AVA, close=True)
        told = heard(socket)

    stamps = [each["timestamp"] for each in told if each["type"] == "timestamp"]
    assert {stamp["type"] for stamp in stamps} == {"word", "phoneme"}
    words = [stamp for stamp in stamps if stamp["type"] == "word"]
    assert [word["text"] for word in words] == f"{ONE} {TWO}".replace(".", "").split()
    begins = [word["time"]["begin"] for word in words]
    assert begins == sorted(begins)


@pytest.mark.parametrize(
    ("clock", "shifted"), [("utterance", False), ("snippet", False), ("generation", True)]
)
def test_the_clock_is_the_one_that_was_chosen(clock: str, shifted: bool) -> None:
    """That of a generation goes on from one utterance of the connection to the next."""
    with running(clock=clock) as server:
        messages = ({"text": ONE, "voice": AVA, "flush": True}, {"text": ONE})
        told = spoken(server, *messages, include_timestamp_types="word")
    begins = [each["timestamp"]["time"]["begin"] for each in told if each["type"] == "timestamp"]
    length_ms = len(samples(audio(told))) / 2 / RATE * 1000

    expected = [begin + (length_ms if shifted else 0) for begin in begins[:4]]
    assert begins[4:] == pytest.approx(expected, abs=1)


def test_silence_stands_where_a_flush_ends(server: Running) -> None:
    plain = samples(audio(spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA})))
    held = samples(audio(spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA, "trailing_silence": 1.5})))

    assert len(held) - len(plain) == 1.5 * RATE
    assert not held[-RATE:].any()


def test_voice_and_manner_hold_until_they_are_changed(server: Running) -> None:
    """What was gathered before a change is spoken as it was meant."""
    him = {"name": "espeak/en-us+m1", "provider": "HUME_AI"}
    told = spoken(
        server, {"text": ONE, "voice": AVA}, {"text": ONE, "voice": him}, {"text": ONE, "speed": 1.5}
    )
    lengths = []
    for index in range(3):
        pieces = [each for each in told if each["utterance_index"] == index]
        lengths.append(sum(len(sound(each["audio"])) for each in pieces))

    (his,) = generations(server.client, body(ONE, voice=him))
    assert texts(told) == [ONE] * 3
    assert lengths[1] == pytest.approx(len(sound(his["audio"])), abs=44)
    assert lengths[2] == pytest.approx(lengths[1] / 1.5, rel=0.15)


def test_a_voice_is_designed_and_stays(server: Running) -> None:
    """With version 1, from a description; the next words have the same one."""
    described = {"text": ONE, "description": "an old woman with a warm voice"}
    told = spoken(
        server, described, {"flush": True}, {"text": TWO, "flush": True}, {"text": ONE}, version="1"
    )

    lengths = []
    for index in range(3):
        pieces = [each for each in told if each["utterance_index"] == index]
        lengths.append(sum(len(sound(each["audio"])) for each in pieces))
    assert lengths[0] - 44 == lengths[2]
    assert texts(told) == [ONE, TWO, ONE]


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ("not json", "E0100", "not JSON"),
        (b"\xff\xfe", "E0100", "not JSON"),
        ("[" * 100_000, "E0100", "not JSON"),
        ("[]", "E0101", "Input should be"),
        ('{"text": 5}', "E0101", "text"),
        (json.dumps({"text": "x" * 5001}), "E0101", "text"),
        ('{"speed": 9}', "E0101", "speed"),
        ('{"voice": {"id": "a", "name": "b"}}', "E0101", "voice"),
        (json.dumps({"text": ONE, "flush": True}), "E0400", "requires a voice"),
        (json.dumps({"text": ONE, "voice": {"name": "Nobody"}, "flush": True}), "E0404", "Nobody"),
        (
            json.dumps({"text": ONE, "voice": AVA, "description": "sad", "flush": True}),
            "E0400",
            "Octave 2 does not support the 'description' parameter",
        ),
    ],
)
def test_a_mistake_is_answered_and_the_connection_goes_on(
    server: Running, message: str | bytes, code: str, said: str
) -> None:
    with opened(server) as socket:
        socket.send(message)
        error = json.loads(socket.recv(timeout=10))
        say(socket, "Well.", voice=AVA, description="", close=True)
        after = heard(socket)

    assert (error["type"], error["code"]) == ("error", code)
    assert said in error["message"]
    assert {*error} == {"type", "code", "slug", "message", "request_id"}
    assert texts(after)[-1] == "Well."


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"version": "3"}, "version"),
        ({"format_type": "ogg"}, "format_type"),
        ({"instant_mode": "perhaps"}, "instant_mode"),
        ({"include_timestamp_types": "syllable"}, "include_timestamp_types"),
        ({"context_generation_id": "x"}, "context_generation_id"),
    ],
)
def test_a_wrong_query_is_refused_at_the_handshake(
    server: Running, query: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(server, **query):
        pass

    assert refused.value.response.status_code == 422
    (detail,) = json.loads(refused.value.response.body or b"")["detail"]
    assert detail["loc"][:2] == ["query", field]


def test_an_unknown_context_is_refused_as_elsewhere(server: Running) -> None:
    (error,) = spoken(server, {"text": ONE, "voice": AVA}, context_generation_id=str(uuid.uuid4()))

    assert error["type"] == "error"
    assert "does not exist" in error["message"]


def test_instant_mode_needs_a_voice(server: Running) -> None:
    (error,) = spoken(server, {"text": ONE, "description": "a man"}, version="1", instant_mode="true")
    told = spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA}, instant_mode="true")
    patient = spoken(server, {"text": f"{ONE} {TWO}", "voice": AVA}, instant_mode="false")

    assert "Instant mode requires a voice" in error["message"]
    assert all(each["transcribed_text"] is None for each in told)
    assert [each["transcribed_text"] for each in patient if each["is_last_chunk"]] == [ONE, TWO]


def test_who_says_nothing_is_let_go() -> None:
    with running(socket_idle_s=0.2) as server, opened(server) as socket:
        say(socket, "Half a sentence", voice=AVA)
        (error,) = heard(socket)

    assert error["slug"] == "inactivity_timeout"


def test_a_key_is_asked_for_here_too_and_the_journal_knows_what_was_said() -> None:
    with running(key="sesame", logged=True) as server:
        with pytest.raises(InvalidStatus) as refused, opened(server):
            pass
        with opened(server, api_key="sesame") as socket:
            say(socket, ONE, voice=AVA, close=True)
            told = heard(socket)
        lines = [line for line in server.log() if line["method"] == "WS"]
        logged = json.dumps(server.log())

    assert refused.value.response.status_code == 401
    assert [line["status"] for line in lines] == [401, 101]
    assert lines[1]["generations"] == [told[0]["generation_id"]]
    assert lines[1]["characters"] == len(ONE)
    assert lines[1]["voice"] == "Ava Song"
    assert "sesame" not in logged


def test_a_client_that_leaves_takes_its_words_along(server: Running) -> None:
    with opened(server) as socket:
        say(socket, f"{ONE} {TWO}", voice=AVA)

    assert server.client.get("/v0/tts/voices", params={"provider": "HUME_AI"}).status_code == 200


# The official SDK


def environment(server: Running) -> HumeClientEnvironment:
    url = server.base_url
    return HumeClientEnvironment(base=url, evi=url, tts=url.replace("http", "ws") + "/v0/tts", stream=url)


DATED = pytest.mark.filterwarnings("ignore::DeprecationWarning:hume", "ignore::DeprecationWarning:websockets")
"""What the SDK asks of `websockets` is on its way out there."""
VOICE = PostedUtteranceVoiceWithName(name="Ava Song", provider="HUME_AI")


@DATED
def test_the_official_client_is_served(server: Running) -> None:
    with httpx.Client() as connections:
        client = HumeClient(api_key="any", environment=environment(server), httpx_client=connections)
        with client.tts.stream_input.connect(
            no_binary=True,
            strip_headers=True,
            instant_mode=True,
            version="2",
            format_type="wav",
            include_timestamp_types=["word"],
            api_key="any",
        ) as socket:
            socket.send_publish(PublishTts(text=ONE, voice=VOICE))
            socket.send_publish(PublishTts(flush=True))
            first = socket.recv()
            socket.send_publish(PublishTts(text=TWO, close=True))
            told = [first, *socket]

    chunks = [each for each in told if isinstance(each, SnippetAudioChunk)]
    words = [each.timestamp.text for each in told if isinstance(each, TimestampMessage)]
    assert samples(b"".join(base64.b64decode(chunk.audio) for chunk in chunks)).any()
    assert words == f"{ONE} {TWO}".replace(".", "").split()


@DATED
def test_so_is_its_asynchronous_sister(server: Running) -> None:
    async def talk() -> list[object]:
        async with httpx.AsyncClient() as connections:
            client = AsyncHumeClient(api_key="any", environment=environment(server), httpx_client=connections)
            async with client.tts.stream_input.connect(format_type="pcm", version="2") as socket:
                await socket.send_publish(PublishTts(text=ONE, voice=VOICE, close=True))
                return [each async for each in socket]

    told = asyncio.run(talk())

    assert told
    assert all(isinstance(each, bytes) for each in told)


# Gathering


@given(st.lists(st.text("ab .!? \n", max_size=40)), st.integers(0, 50))
def test_nothing_that_was_gathered_is_lost(pieces: list[str], when: int) -> None:
    """However it comes, and whenever it is looked at, every letter is spoken once and in its order."""
    gathering, found = Gathering(), []
    for number, piece in enumerate(pieces):
        gathering.add(piece)
        if number % 3 == when % 3:
            found += gathering.sentences("en")
    found += gathering.everything("en")

    assert "".join("".join(found).split()) == "".join("".join(pieces).split())
    assert all(text.strip() == text and text for text in found)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["One day.", "Two days."], "One day. Two days."),
        (["One da", "y."], "One day."),
        (["U.", "S. troops"], "U.S. troops"),
        (["3.", "5 miles"], "3.5 miles"),
        (["He said “No.”", "She did not."], "He said “No.” She did not."),
    ],
)
def test_sentences_are_kept_apart_and_words_together(pieces: list[str], whole: str) -> None:
    gathering = Gathering()
    for piece in pieces:
        gathering.add(piece)

    assert gathering.everything("en") == [whole]


def test_what_never_ends_is_spoken_in_parts() -> None:
    gathering = Gathering()
    gathering.add("word " * 2000)

    parts = gathering.everything("en")

    assert len(parts) > 3
    assert all(len(part) <= MOST for part in parts)
    assert " ".join(parts).split() == ["word"] * 2000
