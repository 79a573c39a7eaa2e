"""What is refused, how, and to whom."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.playht.asking import JENNIFER, JOBS, body, created, made
from tests.serving.running import Running, running

STREAM = f"{JOBS}/stream"
VOICES = "/api/v2/voices"
AHMAD = "s3://voice-cloning-zero-shot/uLCIZjJAz3iMqA5cK4ObF/ahmad-arabic/manifest.json"
MINI = {"voice_engine": "Play3.0-mini"}
ONE = {"voice_engine": "PlayHT1.0", "voice": "larry"}
DIALOG = {"voice_engine": "PlayDialog"}
TURBO = {"voice_engine": "PlayDialog-turbo", "voice": "Atlas-PlayAI"}


def error(answer: httpx.Response) -> str:
    """The message of an ordinary error, which says nothing else."""
    told = answer.json()
    assert set(told) == {"error_message", "error_id"}
    return str(told["error_message"])


@pytest.mark.parametrize("path", [JOBS, STREAM])
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 2_001}, "2000"),
        ({"text": "x" * 20_001} | MINI, "20000"),
        ({"text": "x" * 2_001} | ONE, "2000"),
        ({"voice": None}, "voice"),
        ({"voice": "nobody"}, "'nobody' was not found"),
        ({"voice": "s3://who"}, "voice"),
        ({"voice": "larry"}, "cannot be used with the engine PlayHT2.0"),
        ({"voice_engine": "PlayHT1.0"}, "cannot be used with the engine PlayHT1.0"),
        ({"voice": AHMAD}, "cannot be used with the engine PlayHT2.0"),
        ({"voice_engine": "PlayHT3.0"}, "voice_engine"),
        ({"quality": "best"}, "quality"),
        ({"output_format": "aac"}, "output_format"),
        ({"speed": 0.09}, "speed"),
        ({"speed": 5.01}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"sample_rate": 7_999}, "sample_rate"),
        ({"sample_rate": 48_001}, "sample_rate"),
        ({"seed": -1}, "seed"),
        ({"temperature": 2.1}, "temperature"),
        ({"emotion": "female_bored"}, "emotion"),
        ({"emotion": "female_sad"} | MINI, "emotion: not supported by Play3.0-mini"),
        ({"emotion": "male_sad"} | ONE, "emotion: not supported by PlayHT1.0"),
        ({"voice_guidance": 0.9}, "voice_guidance"),
        ({"voice_guidance": 3} | MINI, "voice_guidance: not supported"),
        ({"style_guidance": 31}, "style_guidance"),
        ({"style_guidance": 3} | ONE, "style_guidance: not supported"),
        ({"text_guidance": 2.5}, "text_guidance"),
        ({"text_guidance": 1.5} | ONE, "text_guidance: not supported"),
        ({"language": "german"}, "language: 'german' is not spoken by PlayHT2.0"),
        ({"language": "klingon"} | MINI, "language"),
        ({"language": "de"} | MINI, "language"),
    ],
)
def test_what_cannot_be_is_refused(server: Running, path: str, asked: dict[str, Any], named: str) -> None:
    """At once, whether a job or a stream is asked for."""
    whole = {"output_format": "mp3"} | asked
    answer = server.client.post(path, json=body() | whole)

    assert answer.status_code == 400
    assert named in error(answer)


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        (JOBS, {"voice_engine": "PlayHT2.0-turbo"}, "voice_engine"),
        (JOBS, DIALOG, "voice_engine"),
        (JOBS, {"output_format": "raw"}, "output_format"),
        (STREAM, ONE | {"output_format": "wav"}, "PlayHT1.0 streams mp3, mulaw"),
        (STREAM, {"output_format": "pcm"}, "output_format"),
        (STREAM, {"voice_2": JENNIFER}, "voice_2: not supported"),
        (STREAM, MINI | {"turn_prefix": "A:"}, "turn_prefix: not supported"),
        (STREAM, DIALOG | {"text": "A:B:", "turn_prefix": "A:", "turn_prefix_2": "B:"}, "text"),
        (STREAM, TURBO | {"seed": 1}, "seed: not supported"),
        (STREAM, TURBO | {"sample_rate": 24_000}, "sample_rate: not supported"),
        (STREAM, TURBO | {"voice": JENNIFER}, "voice"),
        (STREAM, TURBO | {"voice": "larry-PlayAI"}, "voice"),
        (STREAM, TURBO | {"language": "german"}, "language"),
    ],
)
def test_jobs_and_streams_have_engines_of_their_own(
    server: Running, path: str, asked: dict[str, Any], named: str
) -> None:
    answer = server.client.post(path, json=body() | asked)

    assert answer.status_code == 400
    assert named in error(answer)


def test_the_longest_texts_are_taken(server: Running) -> None:
    created(server.client, body("x " * 1_000))
    # 20,000 characters with hardly anything to say.
    created(server.client, body("Go." + " " * 19_994 + "Go.", **MINI))
    assert server.client.post(STREAM, json=body("Go." + "." * 1_997)).status_code == 200


def test_nulls_are_as_nothing(server: Running) -> None:
    """And what is not known is not looked at."""
    unsaid = ("seed", "temperature", "emotion", "voice_guidance", "style_guidance", "text_guidance")
    nothing: dict[str, Any] = dict.fromkeys(unsaid)
    asked = body(**nothing, voice_engine=None, speed=None, sample_rate=None, narrator=1)

    assert made(server.client, asked)[1] == made(server.client, body())[1]


def test_bodies_that_are_none(server: Running) -> None:
    for path in (JOBS, STREAM, "/api/v2/transcriptions"):
        for content in (b"{", b"[]", b'"x"', b"", b"null"):
            answer = sent(server, path, content)
            assert answer.status_code == 400, content
            assert error(answer)
        half = sent(server, path, b'{"text": "\\ud800", "voice": "x", "tts_job_id": "\\udfff"}')
        assert "half a character" in error(half)
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = server.client.post(path, content=b"text=x", headers={"content-type": kind})
            assert (answer.status_code, kind in error(answer)) == (415, True)
        assert server.client.post(path, content=b"{}").status_code == 415


def sent(server: Running, path: str, content: bytes) -> httpx.Response:
    return server.client.post(path, content=content, headers={"content-type": "application/json"})


def test_what_is_not_there(server: Running) -> None:
    for path in ("/api/v2/x", f"{JOBS}/{'a' * 18}", f"{STREAM}/{'a' * 18}", f"{JOBS}/batches"):
        answer = server.client.get(path)
        assert answer.status_code == 404
        assert error(answer)
    wrong = server.client.delete(JOBS)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_no_more_than_the_server_bears() -> None:
    """A body that is too large; and texts, where it is asked to bear less than the service did."""
    with running(body_bytes=1_000, characters=500) as server:
        large = server.client.post(JOBS, json=body("x" * 1_001))
        long = server.client.post(JOBS, json=body("x" * 501))

    assert (large.status_code, bool(error(large))) == (413, True)
    assert (long.status_code, "500 at most" in error(long)) == (400, True)


def test_too_many_are_told_in_a_bare_string() -> None:
    """As the service does it: neither of the other shapes."""
    long = body("Nobody in the house would say why. " * 57, sample_rate=48_000)
    with running(at_once=1, queue=0) as server:
        # It keeps its place until it is read.
        with server.client.stream("POST", STREAM, json=long) as streaming:
            answer = httpx.post(f"{server.base_url}{STREAM}", json=body("Go."))
            assert streaming.status_code == 200
        job, _ = made(server.client, body("Go."))

    assert answer.status_code == 429
    assert isinstance(answer.json(), str)
    assert answer.headers["retry-after"] == "1"
    assert job["status"] == "complete"


def test_a_key_and_a_user_id() -> None:
    """With Bearer or bare; files and streams by an address are for whoever has the address."""
    with running(key="open sesame") as server, httpx.Client(base_url=server.base_url, timeout=30) as client:
        user = {"X-USER-ID": "ali"}
        for headers in ({}, user, user | {"AUTHORIZATION": "Bearer wrong"}, user | {"AUTHORIZATION": "no"}):
            answer = client.get(VOICES, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "key" in error(answer)
        without = client.get(VOICES, headers={"AUTHORIZATION": "Bearer open sesame"})
        assert (without.status_code, "X-USER-ID" in error(without)) == (401, True)
        for given in ("Bearer open sesame", "open sesame", "bearer open sesame"):
            client.headers = httpx.Headers(user | {"AUTHORIZATION": given, "accept": "*/*"})
            assert client.get(VOICES).status_code == 200
        job, file = made(client, body())
        href = client.post(
            STREAM, json=body(output_format="mp3"), headers={"accept": "application/json"}
        ).json()["href"]
        assert httpx.get(job["output"]["url"]).content == file  # `made` does so too
        assert httpx.get(href).status_code == 200
        for path in (f"{JOBS}/{job['id']}", JOBS, f"{STREAM}/x/y", "/api/v2/files", "/api/v2/files/a/b"):
            assert httpx.get(server.base_url + path).status_code == 401
        assert httpx.post(server.base_url + STREAM, json=body()).status_code == 401


def test_addresses_are_handed_out_for_a_day(tmp_path: Path) -> None:
    """To who has the key, for whoever has the address."""
    with running(key="open sesame", state=tmp_path) as server:
        addresses = f"{server.base_url}/api/v4/sdk-auth"
        headers = {"AUTHORIZATION": "Bearer open sesame", "X-USER-ID": "ali"}
        assert httpx.post(addresses).status_code == 401
        told = httpx.post(addresses, headers=headers).json()
        address = told["Play3.0-mini"]["http_streaming_url"]
        asked = body("Go.", **MINI)
        answers = [httpx.post(address, json=asked), httpx.post(f"{address[:-18]}{'a' * 18}", json=asked)]
        warm = httpx.options(address)
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as database, database:
            database.execute("UPDATE playht_passes SET created_ms = created_ms - 24 * 3600 * 1000")
        answers.append(httpx.post(address, json=asked))

    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert warm.status_code == 204
    assert datetime.now(UTC) < datetime.fromisoformat(told["expires_at"]) < datetime.now(UTC) + timedelta(1)


def test_without_a_key_anybody_may(server: Running) -> None:
    assert server.client.get(VOICES, headers={"AUTHORIZATION": "whatever"}).status_code == 200
