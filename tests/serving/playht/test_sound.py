"""What is heard: who speaks, how, how fast, in which language, and in which kind of file."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from narrator.serving.likeness import VARIANTS
from narrator.serving.playht import voices
from narrator.takes import Pcm
from tests.serving.playht.asking import BRIGGS, JENNIFER, JOBS, RATE, UNLISTED, body, made, pcm, spoken
from tests.serving.running import Running

STREAM = f"{JOBS}/stream"
MINI = {"voice_engine": "Play3.0-mini"}
TWO_PARTS = "Nobody in the house would say why the lamp was lit. " * 20


@pytest.mark.parametrize("rate", [8_000, 12_345, 48_000])
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_files_are_what_they_are_called(server: Running, kind: str, rate: int) -> None:
    """At the rate that was asked for, or of mp3, which has nine, the next."""
    job, file = made(server.client, body(output_format=kind, sample_rate=rate))
    samples, found = soundfile.read(io.BytesIO(file))

    assert found == (16_000 if (kind, rate) == ("mp3", 12_345) else rate)
    assert soundfile.info(io.BytesIO(file)).format == kind.upper()
    padding_s = 0.3 if kind == "mp3" else 0.0
    assert job["output"]["duration"] == pytest.approx(len(samples) / found, abs=padding_s + 1e-9)
    assert job["output"]["url"].endswith(f"_0.{kind}")
    assert httpx.get(job["output"]["url"]).headers["content-type"] == {"mp3": "audio/mpeg"}.get(
        kind, f"audio/{kind}"
    )
    assert 2.0 < job["output"]["duration"] < 4.0


def test_mulaw_has_no_header(server: Running) -> None:
    job, file = made(server.client, body(output_format="mulaw", sample_rate=8_000))
    decoded = soundfile.read(
        io.BytesIO(file), format="RAW", subtype="ULAW", samplerate=8_000, channels=1, dtype="int16"
    )[0]
    plain = spoken(server.client, sample_rate=8_000)

    assert len(file) == job["output"]["duration"] * 8_000
    assert _likeness(decoded, plain) > 0.99


@pytest.mark.parametrize("kind", ["raw", "pcm", "wav_mulaw", "wav", "mulaw"])
def test_streams_have_more_kinds(server: Running, kind: str) -> None:
    """All of the same sound."""
    whole = pcm(made(server.client, body(**MINI))[1])
    answer = server.client.post(STREAM, json=body(**MINI, output_format=kind))
    data = answer.content

    match kind:
        case "raw":
            found = np.frombuffer(data, "<f4") * 32768
        case "pcm":
            found = np.frombuffer(data, "<i2")
        case "wav":
            assert data[:4] + data[8:12] == b"RIFFWAVE"
            found = np.frombuffer(data[44:], "<i2")
        case "wav_mulaw":
            assert soundfile.info(io.BytesIO(data)).subtype == "ULAW"
            found = pcm(data)
        case _:
            raw = {"format": "RAW", "subtype": "ULAW", "samplerate": RATE, "channels": 1}
            found = soundfile.read(io.BytesIO(data), dtype="int16", **raw)[0]
    assert len(found) == len(whole)
    assert _likeness(found, whole) > 0.99
    assert answer.headers["x-play-request-id"]


def _likeness(one: Pcm, other: Pcm) -> float:
    return float(np.corrcoef(one.astype(float), other.astype(float))[0, 1])


def test_a_stream_and_a_job_sound_alike(server: Running) -> None:
    """Parts and all."""
    assert np.array_equal(spoken(server.client, TWO_PARTS), pcm(made(server.client, body(TWO_PARTS))[1]))


def test_parts_are_divided_by_silence(server: Running) -> None:
    """As sentences are that are spoken in one go."""
    twice = spoken(server.client, TWO_PARTS)
    quiet = np.abs(twice) < 30
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet, [0]))))
    gaps_ms = [(end - start) * 1000 / RATE for start, end in zip(edges[::2], edges[1::2], strict=True)]
    between = [gap for gap in gaps_ms if gap > 200]

    assert len(between) == 19
    assert max(between) - min(between) < 60


def test_an_emotion_is_heard(server: Running) -> None:
    """Each in its way, whoever's it is said to be, and more of it with more guidance."""
    names = ("happy", "sad", "angry", "fearful", "disgust", "surprised")
    heard = {name: spoken(server.client, emotion=f"female_{name}") for name in names}
    plain = spoken(server.client)

    assert len({each.tobytes() for each in (plain, *heard.values())}) == 7
    assert len(heard["sad"]) > len(plain) > len(heard["angry"])
    assert np.abs(heard["angry"]).mean() > np.abs(plain).mean() > np.abs(heard["sad"]).mean()
    assert np.array_equal(spoken(server.client, emotion="sad"), heard["sad"])
    sadder = [len(spoken(server.client, emotion="sad", style_guidance=each)) for each in (1, 15, 30)]
    assert all(one < other for one, other in pairwise(sadder))


def test_seeds_are_takes(server: Running) -> None:
    """The same one gives the same; no temperature, no difference."""
    takes = [spoken(server.client, seed=seed) for seed in (0, 1, 2)]

    assert len({take.tobytes() for take in takes}) == 3
    assert np.array_equal(takes[1], spoken(server.client, seed=1))
    assert np.array_equal(spoken(server.client, seed=1, temperature=0), spoken(server.client))
    far, near = (len(spoken(server.client, seed=5, temperature=each)) for each in (2, 0.1))
    plain = len(spoken(server.client))
    assert abs(far - plain) > abs(near - plain)


@pytest.mark.parametrize(("speed", "factor"), [(0.5, 2), (0.8, 1.25), (2, 0.5)])
def test_speed(server: Running, speed: float, factor: float) -> None:
    assert len(spoken(server.client, speed=speed)) == pytest.approx(
        len(spoken(server.client)) * factor, rel=0.12
    )


def test_every_voice_is_somebody_else(server: Running) -> None:
    """Those that are listed, and others; each of the gender that the list gives."""
    listed = server.client.get("/api/v2/voices").json()
    heard = {each["id"]: voices.likeness(each["id"]) for each in listed}
    heard[UNLISTED] = voices.likeness(UNLISTED)

    assert len(listed) > 30
    assert len(set(heard.values())) == len(listed) + 1
    for each in listed:
        gender = each["gender"].title()
        assert heard[each["id"]].variant in VARIANTS[gender, "Adult"]
    for one, other in ((JENNIFER, BRIGGS), (JENNIFER, UNLISTED)):
        assert not np.array_equal(spoken(server.client, voice=one), spoken(server.client, voice=other))


def test_voices_are_listed_as_the_service_did(server: Running) -> None:
    listed = server.client.get("/api/v2/voices").json()
    jennifer = next(each for each in listed if each["id"] == JENNIFER)

    assert jennifer == {
        "id": JENNIFER,
        "name": "Jennifer",
        "sample": None,
        "accent": "american",
        "age": "adult",
        "gender": "female",
        "language": "English (US)",
        "language_code": "en-US",
        "loudness": "neutral",
        "style": None,
        "tempo": "neutral",
        "texture": None,
        "is_cloned": False,
        "voice_engine": "PlayHT2.0",
    }
    assert {each["voice_engine"] for each in listed} == {"PlayHT1.0", "PlayHT2.0", "Play3.0-mini"}
    assert server.client.get("/api/v2/cloned-voices").json() == []


def test_every_listed_voice_can_be_asked_for(server: Running) -> None:
    for each in server.client.get("/api/v2/voices").json():
        engine = each["voice_engine"]
        kind = {"output_format": "mulaw"} if engine == "PlayHT1.0" else {}
        assert len(spoken(server.client, "Go.", voice=each["id"], voice_engine=engine, **kind))


@pytest.mark.parametrize("language", sorted(voices.FILES))
def test_languages(server: Running, language: str) -> None:
    """All that the engine knows, none as English."""
    found = spoken(server.client, "7.", **MINI, language=language)
    english = spoken(server.client, "7.", **MINI)

    assert len(found) > RATE // 10
    assert np.array_equal(found, english) == (language == "english")


def test_a_dialogue_has_two_speakers(server: Running) -> None:
    """PlayDialog's turns, by what they begin with."""
    dialogue: dict[str, Any] = {"voice_engine": "PlayDialog", "turn_prefix": "A:", "turn_prefix_2": "B:"}
    both = spoken(server.client, "A: Go home. B: Not yet.", voice_2=BRIGGS, **dialogue)
    first = spoken(server.client, "Go home.")
    second = spoken(server.client, "Not yet.", voice=BRIGGS)

    assert np.array_equal(both[: len(first)], first)
    assert np.array_equal(both[-len(second) :], second)


def test_a_stream_can_be_fetched_by_an_address_once(server: Running) -> None:
    as_json = {"accept": "application/json"}
    told = server.client.post(STREAM, json=body(output_format="mp3"), headers=as_json)
    link = told.json()

    assert told.status_code == 201
    assert (link["method"], link["contentType"], link["rel"]) == ("GET", "audio/mpeg", "item")
    assert link["href"].endswith("?format=audio-mpeg")
    fetched = httpx.get(link["href"])
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "audio/mpeg")
    assert fetched.content == server.client.post(STREAM, json=body(output_format="mp3")).content
    assert httpx.get(link["href"]).status_code == 404
    assert server.client.post(STREAM, json=body(), headers=as_json).status_code == 406


def test_what_holds_nothing_to_say_is_short(server: Running) -> None:
    assert 0 < len(spoken(server.client, "…")) < RATE
