"""Jobs: made, followed, read, kept over the end of the server, and forgotten."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from narrator.providers.espeak import Espeak
from narrator.serving.playht import register, service
from narrator.serving.playht.register import Register
from narrator.serving.playht.sounding import Timed
from narrator.serving.playht.telling import as_events
from narrator.serving.playht.wire import PlayHTJobRequest
from narrator.serving.playht.working import Told, Work, Works
from narrator.serving.speaking import Speaking
from narrator.serving.state import State
from tests.serving.playht.asking import (
    BRIGGS,
    JENNIFER,
    JOBS,
    LINE,
    RATE,
    body,
    created,
    events,
    followed,
    made,
    pcm,
    stages,
)
from tests.serving.running import PATIENCE_S, Running, running

EVENTS = {"accept": "text/event-stream"}
LONG = f"{LINE} " * 55
"""1,980 characters, which are spoken in parts."""
STAGES = ["queued", "active", "preload", "generate", "postprocessing", "complete"]


def test_a_job_is_told_of_in_events_from_beginning_to_end(server: Running) -> None:
    answer = server.client.post(JOBS, json=body(LONG), headers=EVENTS)
    told = events(answer)
    job_id = answer.headers["location"].removeprefix(f"{JOBS}/")

    assert answer.headers["content-location"] == f"{JOBS}/{job_id}?format=event-stream"
    assert stages(told) == STAGES
    generating = [json.loads(data) for name, data in told if name == "generating"]
    assert {each["id"] for each in generating} == {job_id}
    progress = [each["progress"] for each in generating]
    assert progress == sorted(progress)
    assert (progress[0], "stage_progress" in generating[0]) == (0, False)
    speaking = [each["stage_progress"] for each in generating if each["stage"] == "generate"]
    assert speaking == sorted(set(speaking))
    assert len(speaking) > 3
    assert (speaking[0], speaking[-1]) == (0, 1)
    name, data = told[-1]
    completed = json.loads(data)
    assert (name, completed["progress"]) == ("completed", 1)
    job = server.client.get(f"{JOBS}/{job_id}").json()
    assert job["output"] == {each: completed[each] for each in ("duration", "size", "url")}


def _asked() -> PlayHTJobRequest:
    return PlayHTJobRequest.model_validate({"text": "x", "voice": "larry"})


def test_a_ping_is_no_json(server: Running) -> None:
    told = events(server.client.post(JOBS, json=body(), headers=EVENTS))
    pings = [data for name, data in told if name == "ping"]

    assert pings
    with pytest.raises(json.JSONDecodeError):
        json.loads(pings[0])


def test_who_waits_long_hears_pings() -> None:
    """And everything that has been told so far, once."""

    async def told() -> list[bytes]:
        job = register.Job("a" * 18, 0, _asked(), "queued", None, None, 0, 0)
        work = Work(job)
        work.tell(Told("queued", 0))
        following = as_events(job, work, "", ping_s=0.001)
        found = [await anext(following) for _ in range(4)]
        work.tell(Told("active", 0.01))
        while b"ping" in (each := await anext(following)):
            pass
        work.end(job._replace(status="error", reason="no"))
        return [*found, each, *[rest async for rest in following if b"ping" not in rest]]

    queued, *pings, active, error = asyncio.run(told())

    assert b'"stage": "queued"' in queued
    assert all(each.startswith(b"event: ping\r\n") for each in pings)
    assert b'"stage": "active"' in active
    assert error.startswith(b"event: error\r\n")


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.4, */*;q=0.1"])
def test_who_takes_anything_gets_json(server: Running, accept: str | None) -> None:
    """An answer at once; then `output` is null until it is all there."""
    request = server.client.build_request("POST", JOBS, json=body(LONG[:700]))
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = server.client.send(request)
    job = answer.json()

    assert answer.status_code == 201
    assert (job["output"], job["status"]) == (None, "queued")
    seen = ["queued"]
    while job["output"] is None:
        job = server.client.get(answer.headers["location"]).json()
        seen.append(job["status"])
    assert set(seen) <= set(STAGES)
    assert [STAGES.index(each) for each in seen] == sorted(STAGES.index(each) for each in seen)
    assert job["status"] == "complete"


def test_the_query_wins_over_the_header(server: Running) -> None:
    asked = {"params": {"format": "event-stream"}, "headers": {"accept": "application/json"}}
    told = events(server.client.post(JOBS, json=body(), **asked))  # type: ignore[arg-type]

    assert told[-1][0] == "completed"
    assert server.client.post(f"{JOBS}?format=audio-mpeg", json=body()).status_code == 406
    assert server.client.post(JOBS, json=body(), headers={"accept": "text/html"}).status_code == 406


def test_what_is_said_of_a_job_is_true(server: Running) -> None:
    """Its length to the sample, its size to the byte, what was asked and what was not."""
    job, file = made(server.client, body(seed=0, emotion="female_sad", sample_rate=44_100))
    output = job["output"]

    assert output["size"] == len(file)
    assert output["duration"] == len(pcm(file)) / 44_100
    assert output["url"] == f"{server.base_url}/api/v2/files/{job['id']}_0.wav"
    assert len(job["id"]) == 18
    assert job["id"].isalnum()
    assert job["created"].endswith("Z")
    assert job["input"] == {
        "text": LINE,
        "voice": JENNIFER,
        "quality": "medium",
        "output_format": "wav",
        "speed": 1,
        "sample_rate": 44_100,
        "seed": 0,
        "temperature": None,
        "voice_engine": "PlayHT2.0",
        "emotion": "female_sad",
        "voice_guidance": None,
        "style_guidance": None,
    }
    (link, *_) = job["_links"]
    assert (link["rel"], link["href"]) == ("self", f"{server.base_url}{JOBS}/{job['id']}")
    assert server.client.get(link["href"]).json() == job


def test_sound_is_had_from_the_job_itself_if_it_is_mp3(server: Running) -> None:
    """As soon as it is there."""
    mp3, wav = (created(server.client, body(LONG, output_format=each))["id"] for each in ("mp3", "wav"))
    mpeg = {"accept": "audio/mpeg"}
    answer = server.client.get(f"{JOBS}/{mp3}", headers=mpeg)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    job = server.client.get(f"{JOBS}/{mp3}").json()
    assert answer.content == httpx.get(job["output"]["url"]).content
    assert server.client.get(f"{JOBS}/{mp3}?format=audio-mpeg", headers=EVENTS).content == answer.content
    assert server.client.get(f"{JOBS}/{wav}", headers=mpeg).status_code == 406


def test_a_job_that_has_ended_is_told_of_at_once(server: Running) -> None:
    job, _ = made(server.client, body())

    assert [name for name, _ in followed(server.client, job["id"])] == ["completed"]


def test_many_jobs_at_once(server: Running) -> None:
    """Each comes to what it comes to alone."""
    texts = [f"Number {number}. {LINE}" for number in range(6)]
    alone = [made(server.client, body(text))[1] for text in texts]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda text: made(server.client, body(text))[1], texts))

    assert together == alone
    assert len(set(alone)) == 6


def test_there_is_an_end_to_what_is_begun(tmp_path: Path) -> None:
    """What is left when the work is given up is as it was."""

    async def left(found: Register, speaking: Speaking) -> list[register.Job]:
        works = Works(found, speaking, at_once=1, most=100, unfinished=2)
        full = []
        for _ in range(2):
            works.begin(found.create(_asked()))
            full.append(works.full)
        assert full == [False, True]
        await works.close()
        return found.unfinished()

    with closing(State(tmp_path, service.TABLES)) as state, closing(Espeak()) as engine:
        jobs = asyncio.run(left(Register(state, tmp_path), Speaking(engine, at_once=1, queue=1)))
    assert [job.status for job in jobs] == ["queued", "queued"]


def test_a_job_that_comes_to_nothing_says_so(tmp_path: Path) -> None:
    """Here because its file cannot be written."""
    (tmp_path / "playht").write_text("in the way", encoding="utf-8")
    with running(state=tmp_path) as server:
        told = events(server.client.post(JOBS, json=body(output_format="mp3"), headers=EVENTS))
        name, data = told[-1]
        job_id = json.loads(data)["id"]
        job = server.client.get(f"{JOBS}/{job_id}").json()
        sound = server.client.get(f"{JOBS}/{job_id}?format=audio-mpeg")

    assert (name, json.loads(data)["error_message"]) == ("error", "The file cannot be written.")
    assert (job["status"], job["output"]) == ("error", None)
    assert job["error_message"] == "The file cannot be written."
    assert (sound.status_code, set(sound.json())) == (500, {"message", "error"})


def test_jobs_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    """What was being worked on and what had not been begun is worked on by the next one, unasked."""
    arguments = ["serve", "--port", "0", "--concurrency", "1", "--state", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "narrator", *arguments], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout
        address = killed.stdout.readline().strip()
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            long = body(LONG * 3, voice_engine="Play3.0-mini", voice=BRIGGS, sample_rate=8_000)
            jobs = [created(client, each) for each in (long, body())]
        killed.send_signal(signal.SIGKILL)
    ids = [job["id"] for job in jobs]
    assert _ended(tmp_path) == dict.fromkeys(ids)

    with running(state=tmp_path) as server:
        second = httpx.get(f"{server.base_url}{JOBS}/{ids[1]}", headers=EVENTS, timeout=PATIENCE_S)
        first = followed(server.client, ids[0])
        assert [events(second)[-1][0], first[-1][0]] == ["completed"] * 2
        for job in jobs:
            again = server.client.get(f"{JOBS}/{job['id']}").json()
            assert {each: again[each] for each in ("id", "created", "input")} == {
                each: job[each] for each in ("id", "created", "input")
            }
        _, file = made(server.client, body())
        assert httpx.get(again["output"]["url"]).content == file


def _ended(folder: Path) -> dict[str, str | None]:
    """The file of every job, as it is on disk."""
    with closing(sqlite3.connect(folder / "state.sqlite")) as database:
        return dict(database.execute("SELECT id, file FROM playht_jobs"))


def test_a_job_is_forgotten_after_two_days_and_its_file_after_thirty(tmp_path: Path) -> None:
    with running(state=tmp_path) as server:
        job, file = made(server.client, body(output_format="mp3"))
        url, place = job["output"]["url"], f"{JOBS}/{job['id']}"
        _age(tmp_path, hours=47.9)
        assert server.client.get(place).json()["output"] == job["output"]
        _age(tmp_path, hours=0.2)
        for query in ("", "?format=event-stream", "?format=audio-mpeg"):
            assert server.client.get(place + query).status_code == 404
        assert server.client.post("/api/v2/transcriptions", json={"tts_job_id": job["id"]}).status_code == 404
        assert httpx.get(url).content == file
        _age(tmp_path, hours=29 * 24)
        assert httpx.get(url).status_code == 404


def _age(folder: Path, *, hours: float) -> None:
    with closing(sqlite3.connect(folder / "state.sqlite")) as database, database:
        database.execute("UPDATE playht_jobs SET created_ms = created_ms - ?", (int(hours * 3600_000),))


def test_old_files_make_room(tmp_path: Path) -> None:
    """Those that are too old, and the oldest of those that are too many."""
    asked = _asked()
    with closing(State(tmp_path, service.TABLES)) as state:
        first = Register(state, tmp_path / "files")
        names = []
        for _ in range(4):
            job = first.create(asked)
            done = first.complete(job, [b"x" * 100], extension="wav", duration_s=1, words=[Timed("x", 0, 1)])
            names.append(done.file or "")
        _age(tmp_path, hours=1)
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as database, database:
            database.execute("UPDATE playht_jobs SET created_ms = 0 WHERE number = 4")
        Register(state, tmp_path / "files", bytes_kept=350).create(asked)

        kept = [bool(first.path(name)) for name in names]
        on_disk = {path.name for path in (tmp_path / "files").iterdir()}
    assert kept == [False, True, True, False]
    assert on_disk == set(names[1:3])


@pytest.mark.parametrize("name", ["x", "..%2Fstate.sqlite", "../state.sqlite", f"{'a' * 18}_0.wav", "%00"])
def test_only_files_of_jobs_are_given_out(server: Running, name: str) -> None:
    assert server.client.get(f"/api/v2/files/{name}").status_code == 404


def test_the_log_names_job_engine_and_voice() -> None:
    with running(logged=True) as server:
        job, file = made(server.client, body())
        line = server.log()[0]

    assert len(pcm(file)) > RATE
    assert line["job"] == job["id"]
    assert (line["engine"], line["voice"], line["codec"]) == ("PlayHT2.0", JENNIFER, "wav")
    assert line["characters"] == len(LINE)
